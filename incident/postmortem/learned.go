package postmortem

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// The sections below are for people. The record offers facts and questions; it
// never answers. Neither "why" nor "who" occurs in a question: the one asks for
// a defence, the other for somebody to defend himself.

// factors asks for the conditions that were needed together. What the record
// holds becomes a question, not an answer.
func (f *facts) factors(d Document) Section {
	s := Section{ID: "factors", Title: "Contributing factors", Source: People}
	if f.writable() && !f.answered("factors") {
		s.Lines = []string{"At least two, as conditions: several were needed together."}
	}
	s.Questions = []Question{
		{ID: "factors", Text: "Which conditions were needed for this to happen?", Hint: "one on each line"},
		{ID: "factors_length", Text: "Which conditions made it last as long as it did?"},
	}
	if f.answered("factors") {
		return s // what the record offers is a question no more
	}
	for _, fact := range f.offered(d) {
		s.Lines = append(s.Lines, "From the timeline: "+fact+". Was that a factor?")
	}
	return s
}

// maxOffers keeps what the record offers readable, however long the incident was.
const maxOffers = 6

// offered are facts of the record that may have been factors.
func (f *facts) offered(d Document) []string {
	var list []string
	for _, e := range f.events {
		at := "at " + f.clock.at(e.At) + " "
		switch {
		case e.Kind == incident.KindService && e.Was != "":
			list = append(list, at+"the incident was moved to "+or(f.service(e.Service), "no service"))
		case e.Kind == incident.KindReopened:
			list = append(list, at+"the trouble was back")
		case e.Kind == incident.KindExhausted:
			list = append(list, at+"nobody had answered any step of the escalation")
		}
		if len(list) == maxOffers {
			return list
		}
	}
	if n := lost(d.Pages); n > 0 {
		list = append(list, incident.Count(n, "notification", "notifications")+" did not get through")
	}
	return list
}

func lost(pages []Page) int {
	n := 0
	for _, p := range pages {
		if p.Lost {
			n++
		}
	}
	return n
}

// result says a promise with what was used of it.
func result(p Promise) string {
	used := ofHours(p.Used, p.Hours)
	switch p.What {
	case "acknowledge":
		return fmt.Sprintf("somebody was on it after %s; the agreement says %s", used, p.Target)
	case "restore":
		return fmt.Sprintf("customers were fine again after %s; the agreement says %s", used, p.Target)
	default:
		return fmt.Sprintf("the longest time between two updates was %s; the agreement says %s", used, p.Target)
	}
}

func (f *facts) wentWell(d Document) Section {
	s := Section{ID: "went_well", Title: "What went well", Source: People}
	add := func(fact string) { s.Lines = append(s.Lines, "From the timeline: "+fact+".") }
	said := Span(-1)
	for _, p := range d.Promises {
		if p.State == Met && f.hurt() {
			add(result(p))
			if p.What == "acknowledge" {
				said = p.Used
			}
		}
	}
	for _, p := range d.Pages {
		if !p.Answered.IsZero() {
			if p.Delay == said {
				break // that somebody was on it then is said already
			}
			add("the notification to " + p.To + " was answered after " + p.Delay.String())
			break
		}
	}
	s.Questions = []Question{{ID: "went_better", Text: "What went better than last time?"}, {ID: "helped", Text: "What helped, and can be kept?"}}
	return s
}

func (f *facts) wentHard(d Document) Section {
	s := Section{ID: "went_badly", Title: "What made it hard", Source: People}
	add := func(fact string) { s.Lines = append(s.Lines, "From the timeline: "+fact+".") }
	for _, p := range d.Promises {
		if p.State == Missed && f.hurt() {
			add(result(p))
		}
	}
	unanswered := 0
	for _, p := range d.Pages {
		if p.Answered.IsZero() {
			unanswered++
		}
	}
	if unanswered > 0 {
		add(fmt.Sprintf("%d of %s had no answer", unanswered, incident.Count(len(d.Pages), "notification", "notifications")))
	}
	if n := f.i.Reroutes; n > 0 {
		add("it was moved to another service " + times(n))
	}
	s.Questions = []Question{{ID: "harder", Text: "What was harder than it needed to be?"}}
	return s
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}

func lucky() Section {
	return Section{ID: "lucky", Title: "Where we were lucky", Source: People,
		Questions: []Question{{ID: "lucky", Text: "Where were we lucky?", Hint: "what kept it from being worse belongs here"}}}
}

// nowAndLater is the hand-over of the mitigation: what was changed, how it is undone, and
// what replaces it.
func (f *facts) nowAndLater() Section {
	s := Section{ID: "now_later", Title: "Now and later", Source: Both}
	r := f.i.ReliefOf(f.events)
	at := f.list()
	for _, n := range r.Changed {
		switch n.Kind {
		case incident.KindMitigating, incident.KindMitigated, incident.KindHowCorrected:
			x := item(f.said[n.Seq], at)
			if n.Kind == incident.KindMitigated && n.Text == "" {
				x.Text += f.before(n.Seq)
			}
			s.List = append(s.List, x)
		}
	}
	for _, undo := range r.Undo {
		s.Lines = append(s.Lines, "To undo it: "+f.cast.clean(undo))
	}
	for _, u := range f.i.FollowUps {
		if u.Kind == incident.PermanentFix {
			line := f.fixWords(u, ": "+f.cast.clean(u.Title))
			if u.Outcome != "" {
				line += " " + f.cast.clean(u.Outcome)
			}
			s.Lines = append(s.Lines, line)
		}
	}
	if len(r.Temporary) == 0 {
		if len(s.List) > 0 && len(s.Lines) > 0 && f.i.How != incident.Fix {
			s.Lines = append(s.Lines, "This is what helped until then:")
		}
		return s
	}
	if len(s.List) > 0 {
		s.Lines = append(s.Lines, "Until then this stays in place, and is temporary:")
	}
	s.Questions = []Question{{ID: "enough", Text: "Is that enough until the permanent fix is done?"}}
	if len(r.Undo) == 0 {
		s.Questions = append([]Question{{ID: "undo", Text: "What is temporary now, and how is it undone?"}}, s.Questions...)
	}
	return s
}

// before is what was noted or decided last before a mitigation, and after the one before it,
// as a line of its own: where nobody said with it what was changed, that is what the record
// has. Empty: nothing was.
func (f *facts) before(seq int) string {
	said := ""
	for _, n := range incident.Shown(f.entries) {
		switch {
		case n.Seq >= seq:
			return said
		case n.Kind == incident.KindMitigated:
			said = ""
		case n.Kind == incident.KindNote && n.By.Human() && n.Note == incident.Decision:
			said = "\nDecided before: " + f.said[n.Seq].Text
		case n.Kind == incident.KindNote && n.By.Human() && n.Note == "":
			said = "\nNoted before: " + f.said[n.Seq].Text
		}
	}
	return said
}

func (f *facts) followUps() Section {
	s := Section{ID: "action_items", Title: "Follow-ups", Source: Both}
	if len(f.i.FollowUps) > 0 {
		s.Table = &Table{Head: []string{"Name", "Kind", "What", "Team", "Due", "State"}}
	}
	for _, u := range f.i.FollowUps {
		due := "no date"
		if !u.Due.IsZero() {
			due = f.clock.date(u.Due)
		}
		s.Table.Rows = append(s.Table.Rows, []string{
			plain(u.ID), plain(u.KindWords()), f.cast.clean(u.Title), f.ownerOf(u), due, f.followUpState(u),
		})
	}
	for _, e := range incident.Readable(f.events) {
		if e.Kind == incident.KindNoFollowUps && len(f.i.FollowUps) == 0 {
			s.Lines = append(s.Lines, "None is needed: "+f.cast.clean(e.Text))
		}
	}
	s.Questions = []Question{{ID: "accept", Text: "What do we accept as it is, and for which reason?"}}
	return s
}

// ownerOf is who does a follow-up: the team, or a person by what they were.
func (f *facts) ownerOf(u incident.FollowUp) string {
	switch {
	case u.Owner != "":
		return f.cast.label(u.Owner)
	case u.Team != "":
		return f.team(u.Team)
	default:
		return "no team"
	}
}

func (f *facts) followUpState(u incident.FollowUp) string {
	s := u.StateWords()
	if u.Overdue(f.i.Updated) {
		s = "overdue"
	}
	if !u.Ended.IsZero() {
		s += " on " + f.clock.date(u.Ended)
	}
	if u.Outcome != "" {
		s += ": " + f.cast.clean(u.Outcome)
	}
	return s
}

func lessons() Section {
	return Section{ID: "lessons", Title: "Lessons", Source: People, Questions: []Question{
		{ID: "first_week", Text: "What would help someone in their first week?"},
		{ID: Cue, Text: "What made you look there?", Hint: "for someone experienced: the cue that is in no runbook"},
	}}
}

// The questions whose answers are used besides the document.
const (
	Cue   = "cue"   // what made somebody look at the right place: it is shown when the service has its next incident
	Cause = "cause" // in plain words: without it nothing is published
)

// openWords are the four kinds of notes as what nobody has written.
var openWords = map[incident.NoteKind]string{
	incident.What: "what was seen first", incident.Where: "where it was", incident.HowNote: "how it comes about", incident.When: "when it started",
}

// either lists things of which none is there.
func either(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return strings.Join(list, "")
}

// openQuestions lists which of the four kinds of notes nobody has written.
func (f *facts) openQuestions() Section {
	s := Section{ID: "open", Title: "Open questions", Source: People}
	var open []string
	for _, q := range incident.Open(f.entries) {
		switch {
		case f.answered("note_"+string(q.Kind)) || !f.writable():
		case q.Kind == incident.When && !f.began().IsZero():
			open = append(open, "what else happened when it began")
		default:
			open = append(open, openWords[q.Kind])
		}
	}
	if len(open) > 0 {
		s.Lines = []string{"Nobody has written yet " + either(open) + "."}
	}
	s.Questions = []Question{{ID: "open", Text: "What is still not understood?"}}
	return s
}

// cause is what those with an interest read, and who was told when.
func (f *facts) cause(d Document) Section {
	s := Section{ID: "cause", Title: "Cause in plain words", Source: Both, Questions: []Question{
		{ID: Cause, Text: "What came together, in up to three sentences that a customer understands?"},
	}}
	at := f.list()
	for _, e := range f.events {
		if e.Kind != incident.KindSent {
			continue
		}
		text := f.told(e) + fmt.Sprintf(", version %d", e.Count)
		if e.Text != "" {
			text = "could not be sent to " + text
		}
		s.List = append(s.List, Item{Lead: at(e.At), Text: text})
	}
	switch {
	case len(s.List) > 0 || d.Whole != "":
	case f.i.Private || f.i.Test:
		s.Lines = []string{"It is sent to nobody: it is for the people involved."}
	case f.i.Outcome != "":
		s.Lines = []string{"It is sent to nobody: no customer was affected."}
	case f.i.Waived != "":
		s.Lines = []string{"It is sent to nobody: no post-mortem is written."}
	case len(f.ctx.Told) > 0:
		s.Lines = []string{"It is sent to " + incident.FirstOf(f.ctx.Told, 12) + whenPublished}
	default:
		s.Lines = []string{"The service names nobody who is to be told" + whenPublished}
	}
	return s
}

// whenPublished ends what a draft says about whoever is told. A published document is read
// afterwards.
const whenPublished = " when it is published."

func published(lines []string) []string {
	lines = slices.Clone(lines)
	for n, l := range lines {
		if before, ok := strings.CutSuffix(l, whenPublished); ok {
			lines[n] = strings.Replace(before, "It is sent to", "This version goes to", 1) + "."
		}
	}
	return lines
}
