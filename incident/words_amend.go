package incident

import (
	"fmt"
	"time"
)

// amended says what somebody said of other entries, and whom they asked for help.
func (w Wording) amended(e Event, s *Sentence) {
	switch e.Kind {
	case KindObjection:
		s.Did = fmt.Sprintf("objected to decision %d", e.Count)
	case KindHidden:
		s.Did = fmt.Sprintf("hid entry %d", e.Of)
		if e.Reason == wordsOnly {
			s.Did = fmt.Sprintf("hid the words of entry %d", e.Of)
		}
	case KindRetimed:
		s.Did = fmt.Sprintf("set the time of entry %d", e.Of)
		if !e.Time.IsZero() {
			s.Did += " to " + w.instant(e)
		}
	case KindWithdrawn:
		s.Did = fmt.Sprintf("took the mark off entry %d", e.Of)
		if e.By == Bot {
			s.Did = fmt.Sprintf("found, after an outage, that nobody marks entry %d any more", e.Of)
		}
	case KindHelp:
		s.Did = "asked for help"
		if whom := w.asked(e); whom != "" {
			s.Did = "asked " + whom + " for help"
		}
	}
}

// asked is whom a page by hand asks: the words that were used for them, and who that is.
func (w Wording) asked(e Event) string {
	var people []string
	for _, a := range e.Calls {
		people = append(people, w.actor(a))
	}
	list := and(people)
	switch {
	case e.Target == "":
		return list
	case list == "":
		return w.text(e.Target)
	default:
		return w.text(e.Target) + " (" + list + ")"
	}
}

// instant is the time that was set, with its day where that is not the day on which it
// was set.
func (w Wording) instant(e Event) string {
	return w.moment(e.Time, e.At)
}

// moment is an instant that somebody named at another one.
func (w Wording) moment(t, at time.Time) string {
	if w.Time != nil {
		return w.Time(t)
	}
	t, at = t.UTC(), at.UTC()
	if t.YearDay() == at.YearDay() && t.Year() == at.Year() {
		return t.Format("15:04 UTC")
	}
	return t.Format("2 Jan 15:04 UTC")
}

// marked says a message that was marked for the timeline: whoever wrote it comes first,
// and what stays in Slack is named.
func (w Wording) marked(e Event, s Sentence) Sentence {
	marker := s.By
	if e.Person != "" && e.Person != e.By {
		s.By = w.actor(e.Person)
		s.Did = "wrote (marked by " + marker + ")"
	} else {
		s.Did = "wrote"
	}
	if e.Mark.ReadBack {
		s.Did += " (read back after an outage)"
	}
	for _, f := range e.Mark.Files {
		text := "[file " + f.Name + ", kept in Slack"
		if f.Link != "" {
			text += ": " + f.Link
		}
		s.Wrote = append(s.Wrote, text+"]")
	}
	return s
}
