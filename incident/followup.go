package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FollowUp is work that outlives the incident.
type FollowUp struct {
	ID    string    `json:"id"` // INC-12-F1
	Kind  string    `json:"kind"`
	Title string    `json:"title"`
	Team  string    `json:"team,omitempty"`  // roster team ID
	Owner Actor     `json:"owner,omitempty"` // the person who does it; empty: the team
	Due   time.Time `json:"due,omitzero"`

	Opened  time.Time     `json:"opened,omitzero"` // zero in those that versions until November 2026 opened
	State   FollowUpState `json:"state,omitempty"`
	Outcome string        `json:"outcome,omitempty"` // done: a link or a sentence; dropped: why
	Ended   time.Time     `json:"ended,omitzero"`
	EndedBy Actor         `json:"ended_by,omitempty"`
	Export  Export        `json:"export,omitzero"`  // the issue in which it is worked on; zero: none
	Raised  string        `json:"raised,omitempty"` // why it matters more than others; empty: it does not
}

// FollowUpState is how a follow-up stands. Empty is open.
type FollowUpState string

// The states in which nothing is left to do.
const (
	Done    FollowUpState = "done"
	Dropped FollowUpState = "dropped" // decided against
)

// The kinds of follow-ups.
const (
	PermanentFix = "permanent_fix" // replaces what mitigated it
	TaskKind     = "task"          // what somebody asked for
)

// Open reports whether it is still to be done.
func (f FollowUp) Open() bool { return f.State == "" }

// Overdue reports whether its date is over.
func (f FollowUp) Overdue(now time.Time) bool {
	return f.Open() && !f.Due.IsZero() && now.After(f.Due)
}

func (f *FollowUp) end(s FollowUpState, outcome string, by Actor, now time.Time) {
	f.State, f.Outcome, f.EndedBy, f.Ended = s, outcome, by, now
}

// ParseFollowUp reads the name of a follow-up, as in INC-4-F1, inc4f1 or INC-4/F1, and
// returns its incident.
func ParseFollowUp(s string) (id string, incident int, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	name, number, found := cutLast(s, "f")
	n, isIncident := ParseName(strings.TrimRight(name, "-/_ "))
	if !found || !isIncident || !strings.HasPrefix(s, "inc") || len(number) == 0 || len(number) > 6 || strings.Trim(number, "0123456789") != "" {
		return "", 0, false
	}
	k, _ := strconv.Atoi(number) // of at most six digits: cannot fail
	return FollowUpName(n, k), n, k > 0
}

func cutLast(s, sep string) (before, after string, found bool) {
	n := strings.LastIndex(s, sep)
	if n < 0 {
		return s, "", false
	}
	return s[:n], s[n+len(sep):], true
}

// FollowUpName is the name of follow-up k of incident n.
func FollowUpName(n, k int) string { return fmt.Sprintf("%s-F%d", Name(n), k) }

// FollowUp returns the follow-up of that name.
func (i Incident) FollowUp(id string) (FollowUp, bool) {
	n := slices.IndexFunc(i.FollowUps, func(f FollowUp) bool { return f.ID == id })
	if n < 0 {
		return FollowUp{}, false
	}
	return i.FollowUps[n], true
}

func (i *Incident) setFollowUp(f FollowUp) {
	i.FollowUps = slices.Clone(i.FollowUps)
	for n := range i.FollowUps {
		if i.FollowUps[n].ID == f.ID {
			i.FollowUps[n] = f
		}
	}
}

func (b *building) openFollowUp(f FollowUp) {
	f.ID, f.Opened = FollowUpName(b.i.Number, len(b.i.FollowUps)+1), b.now
	b.add(Event{Kind: KindFollowUp, FollowUp: &f})
}

// OpenFollowUp adds something to do after the incident. Its team and its date are those
// of the follow-up, or else as the severity demands.
func (i Incident) OpenFollowUp(f FollowUp, by Actor, now time.Time) (Change, error) {
	title, whole := CleanTitle(f.Title)
	if title == "" {
		return Change{}, Refuse("As in: task load the provider's roots weekly @ada due:2026-12-24.", "Say what is to be done.")
	}
	if i.Status == Merged {
		return Change{}, i.over("what is to be done belongs there")
	}
	f.Title = title
	if f.Kind == "" {
		f.Kind = TaskKind
	}
	if f.Due.IsZero() {
		f.Due = now.AddDate(0, 0, fixDays(i.Highest))
	}
	c := begin(i, by, now)
	c.openFollowUp(f)
	if whole != "" {
		c.add(Event{Kind: KindNote, Text: whole})
	}
	c.say(c.i.Events)
	c.do(RefreshCard)
	return c.change(), nil
}

// openOne returns a follow-up that is still to be done.
func (i Incident) openOne(id string) (FollowUp, error) {
	f, ok := i.FollowUp(id)
	switch {
	case !ok:
		return f, Refuse("`followups all` shows those that there are.", "There is no follow-up %s.", id)
	case !f.Open():
		r := Refuse("", "%s is already %s, by {who} ({when}).", id, f.StateWords())
		r.Who, r.When = f.EndedBy, f.Ended
		return f, r
	}
	return f, nil
}

// StateWords say how a follow-up stands.
func (f FollowUp) StateWords() string {
	switch f.State {
	case "":
		return "open"
	case Dropped:
		return "decided against"
	default:
		return string(f.State)
	}
}

// FinishFollowUp says that a follow-up is done. It takes a link or a sentence to know
// later what was done.
func (i Incident) FinishFollowUp(id, how string, by Actor, now time.Time) (Change, error) {
	f, err := i.openOne(id)
	if err != nil {
		return Change{}, err
	}
	if how = CleanText(how); how == "" {
		return Change{}, Refuse("As in: done "+id+" https://git.example/change/431, or: done "+id+" the pool has a limit now.",
			"Say with a link or a sentence what was done; %s stays open.", id)
	}
	f.end(Done, how, by, now)
	return i.changeFollowUp(Event{Kind: KindFollowUpDone, FollowUp: &f, Text: how}, by, now), nil
}

// DropFollowUp says that a follow-up was decided against, which counts as done.
func (i Incident) DropFollowUp(id, why string, by Actor, now time.Time) (Change, error) {
	f, err := i.openOne(id)
	if err != nil {
		return Change{}, err
	}
	if why = CleanText(why); why == "" {
		return Change{}, Refuse("As in: drop "+id+" the old provider is switched off in March.",
			"Say what spoke against it; %s stays open.", id)
	}
	f.end(Dropped, why, by, now)
	return i.changeFollowUp(Event{Kind: KindFollowUpDropped, FollowUp: &f, Text: why}, by, now), nil
}

// DateFollowUp gives a follow-up a date; where it has one, another, with the reason.
func (i Incident) DateFollowUp(id string, due time.Time, why string, by Actor, now time.Time) (Change, error) {
	f, err := i.openOne(id)
	if err != nil {
		return Change{}, err
	}
	why = CleanText(why)
	switch {
	case !due.After(now):
		return Change{}, Refuse("As in 2027-01-31.", "The new date of %s must be in the future.", id)
	case why == "" && !f.Due.IsZero():
		return Change{}, Refuse("", "Say what changed; %s keeps its date.", id)
	}
	f.Due = due
	return i.changeFollowUp(Event{Kind: KindFollowUpDate, FollowUp: &f, Text: why}, by, now), nil
}

// GiveFollowUp gives a follow-up to a person, or to a team when who is empty.
func (i Incident) GiveFollowUp(id string, who Actor, team string, by Actor, now time.Time) (Change, error) {
	f, err := i.openOne(id)
	if err != nil {
		return Change{}, err
	}
	if who != "" {
		f.Owner = who
	} else {
		f.Owner, f.Team = "", team
	}
	return i.changeFollowUp(Event{Kind: KindFollowUpOwner, FollowUp: &f}, by, now), nil
}

func (i Incident) changeFollowUp(e Event, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.say(c.add(e))
	c.do(RefreshCard)
	return c.change()
}

// followUpChange says what became of a follow-up.
func (w Wording) followUpChange(e Event) (did string, texts []string) {
	f := e.FollowUp
	if f == nil {
		return "changed a follow-up", wrote(e.Text)
	}
	id := w.text(f.ID)
	switch e.Kind {
	case KindFollowUpDone:
		did = "finished " + id
	case KindFollowUpDropped:
		did = "decided against " + id
	case KindFollowUpAgain:
		did = "opened " + id + " again"
	case KindFollowUpDate:
		did = "moved " + id + " to " + w.date(f.Due)
	case KindFollowUpOwner:
		did = "gave " + id + " to "
		if f.Owner != "" {
			did += w.actor(f.Owner)
		} else {
			did += "team " + w.text(f.Team)
		}
	case KindFollowUpExport:
		return "opened " + id + " in " + w.text(or(f.Export.Provider, "a tracker")), wrote(f.Title, f.Export.Named())
	case KindFollowUpTitle:
		return "renamed " + id, wrote(f.Title)
	default:
		did = "raised the priority of " + id
	}
	return did, wrote(f.Title, e.Text)
}
