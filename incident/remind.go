package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reminders come when an update is due, and again after these times.
var remindAgain = []time.Duration{10 * time.Minute, 30 * time.Minute}

// RemindersMost is how many reminders one person gets within an hour, of all incidents
// together.
const RemindersMost = 3

// quietBeforeDue is how soon before the due instant a reminder must have been to stand
// for the one at that instant: nobody is rung twice within a few minutes for the same.
const quietBeforeDue = 10 * time.Minute

// Reminder returns when whoever can post an update is reminded of it next, after the
// instant last: when a fifth of its time is left, when it is due, ten and thirty
// minutes later, and then once for each step. Zero: not at all.
func (d Deadline) Reminder(t Targets, last time.Time) time.Time {
	if !d.Runs() {
		return time.Time{}
	}
	at := []time.Time{d.Warn(t)}
	if d.Late {
		at = []time.Time{d.Missed}
		for _, later := range remindAgain {
			if d.Silent.Equal(d.Missed) { // whoever let that pass knows
				at = append(at, t.after(d.Missed, later))
			}
		}
	}
	at = append(at, d.Due)
	for _, x := range slices.SortedFunc(slices.Values(at), time.Time.Compare) {
		if x.After(last) {
			return x
		}
	}
	return time.Time{}
}

// Rings reports whether a reminder at an instant is to be heard, or only brings the one
// up to date that was heard at the instant rung: at the due instant the reminder that
// came shortly before is enough.
func (d Deadline) Rings(rung, at time.Time) bool {
	return !(d.Late && rung.Before(d.Missed) && d.Missed.Sub(rung) < quietBeforeDue && at.Sub(d.Missed) < remindAgain[0])
}

// Room returns when somebody who was reminded at those instants may be reminded again:
// now, or when the hour has room.
func Room(rung []time.Time, now time.Time) time.Time {
	var recent []time.Time
	for _, at := range rung {
		if now.Sub(at) < time.Hour {
			recent = append(recent, at)
		}
	}
	if len(recent) < RemindersMost {
		return now
	}
	return recent[len(recent)-RemindersMost].Add(time.Hour)
}

// FairAfter is how long a reminder waits before it may go ahead of those of something
// worse, which happens once within that time: otherwise a few bad incidents that nobody
// tells of would take all the room there ever is.
const FairAfter = time.Hour

// Waiting is a reminder that is due, and for which the hour of its person had no room.
type Waiting struct {
	Severity Severity
	Since    time.Time // when it was due first
}

// NextOf returns which of several reminders of one person goes first when there is room
// for one: of the worst the one that has waited longest. Where fair, it is one of
// something less bad that has waited for an hour, if there is one; it says so.
func NextOf(list []Waiting, fair bool, now time.Time) (n int, fairly bool) {
	if len(list) == 0 {
		return -1, false
	}
	best, aside := 0, -1
	worst := slices.MinFunc(list, func(a, b Waiting) int { return cmp.Compare(a.Severity, b.Severity) }).Severity
	for k, x := range list {
		if x.Severity < list[best].Severity || x.Severity == list[best].Severity && x.Since.Before(list[best].Since) {
			best = k
		}
		if fair && x.Severity > worst && now.Sub(x.Since) >= FairAfter && (aside < 0 || x.Since.Before(list[aside].Since)) {
			aside = k
		}
	}
	if aside >= 0 {
		return aside, true
	}
	return best, false
}

// Informs returns who can post an update: the communicator, else the commander, else
// who responds or has acknowledged; empty where nobody can.
func (i Incident) Informs() Actor {
	who, _ := i.InformsAs()
	return who
}

// InformsAs returns who can post an update, and by which role: whoever has acknowledged
// and has none counts as a responder.
func (i Incident) InformsAs() (Actor, Role) {
	for _, r := range []Role{Communicator, Commander, Responder} {
		if h := i.Holder(r); h.Human() {
			return h, r
		}
	}
	if i.AcknowledgedBy.Human() {
		return i.AcknowledgedBy, Responder
	}
	return "", ""
}

// Heard returns when somebody was last heard of in a timeline: anything that they did,
// or the instant at which they took the role.
func Heard(events []Event, who Actor) time.Time {
	var at time.Time
	for _, e := range events {
		if e.By == who || e.Kind == KindRole && e.Person == who {
			at = e.At
		}
	}
	return at
}

// Worked returns when people last noted or did something that shows how it goes, from
// the acknowledgement on.
func Worked(events []Event) time.Time {
	var at time.Time
	for _, e := range events {
		switch e.Kind {
		case KindAcknowledged, KindNote, KindInvestigate, KindMitigating, KindMitigated, KindPublic, KindReopened, KindService:
			if e.By.Human() {
				at = e.At
			}
		}
	}
	return at
}

// Draft is an update as the record gives it, for somebody to post or to change: what is
// affected, how long, what is being done, and when more is said. It names nobody and no
// cause. step is how long the next update takes at most.
func (i Incident) Draft(service string, step time.Duration, now time.Time) string {
	var b strings.Builder
	if service != "" {
		b.WriteString(service + ": ")
	}
	b.WriteString(strings.TrimRight(i.Title, ".") + ". " + i.affected(now) + " ")
	switch i.Status {
	case Declared:
		b.WriteString("People are being called.")
	case Mitigating:
		b.WriteString("A remedy is being applied.")
	default:
		b.WriteString("We are looking for the quickest relief.")
	}
	if step > 0 {
		b.WriteString(" Next update within " + Minutes(step) + ".")
	}
	return CleanText(b.String())
}

// affected says who is hit, and for how long.
func (i Incident) affected(now time.Time) string {
	if i.ImpactNone() {
		return "Nobody is affected."
	}
	h := i.Hit
	h.Source = ""
	who := or(h.Words(), "customers")
	if len(h.Who) > 0 && h.Count > 0 {
		who += ","
	}
	return Capital(who) + " have been affected for " + Minutes(i.Hurting(now)) + "."
}

// Minutes says a duration as people do, to the minute: "7 min", "1 h 5 min".
func Minutes(d time.Duration) string {
	m := max(1, int(d.Round(time.Minute)/time.Minute))
	switch {
	case m < 60:
		return fmt.Sprintf("%d min", m)
	case m%60 == 0:
		return fmt.Sprintf("%d h", m/60)
	default:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	}
}

// Repeat posts the last update again, because nothing has changed: last is its text.
func (i Incident) Repeat(last string, by Actor, now time.Time) (Change, error) {
	if last == "" {
		return Change{}, Refuse("Write it after the word, as in: update card payments fail, transfers work.",
			"There is no update of %s yet that could be repeated.", i.Name())
	}
	return i.inform(Event{Kind: KindNote, Note: Update, Text: last, Same: true}, by, now)
}

// Inform gives those inside with an interest words of their own.
func (i Incident) Inform(text string, by Actor, now time.Time) (Change, error) {
	return i.inform(Event{Kind: KindNote, Note: Update, Text: text}, by, now)
}

// Publish records words for the public. They are never mixed with those for
// stakeholders: neither is a draft of the other.
func (i Incident) Publish(text string, by Actor, now time.Time) (Change, error) {
	return i.inform(Event{Kind: KindPublic, Text: text}, by, now)
}

func (i Incident) inform(e Event, by Actor, now time.Time) (Change, error) {
	if e.Text = CleanText(e.Text); e.Text == "" {
		return Change{}, Refuse("Write it after the word, as in: public card payments fail, transfers work.", "There are no words.")
	}
	if i.Status == Merged || i.Status == Cancelled {
		return Change{}, i.over("an update belongs there")
	}
	c := begin(i, by, now)
	c.say(c.add(e))
	c.do(RefreshAnnounce, RefreshCard)
	return c.change(), nil
}
