package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Declaration is what somebody, or an alert, says when an incident is opened.
type Declaration struct {
	Title    string
	Severity Severity // zero: DefaultSeverity
	Service  string   // roster service ID; may be empty
	Symptom  Symptom
	Function string // the business function that is hit; may be empty

	Reporter  Actor     // whose words made somebody declare it; may be empty
	ServiceBy ServiceBy // how Service was chosen, where nobody named it
	Details   string    // what else was said; becomes the first note
	Private   bool
	Test      bool
	Alert     string // dedup key, when an alert opened it
	Says      string // what its sender says besides the title; its first sentence goes with every page
	Runbook   string // the alert's own, an address of the web; empty: the service's holds

	// NoChannel: it gets a channel only when somebody wants one. Whatever its
	// severity, somebody is asked.
	NoChannel bool
}

// Declare opens incident number n. A title that is too long is cut, and the
// whole of it becomes the first note, so that nothing that was typed is lost.
func Declare(n int, d Declaration, by Actor, now time.Time) (Change, error) {
	title, whole := CleanTitle(d.Title)
	if title == "" {
		return Change{}, Refuse("Say in a few words what customers cannot do, as in: declare checkout is slow.",
			"An incident needs a title.")
	}
	assumed := d.Severity == 0
	if assumed {
		d.Severity = DefaultSeverity
	}
	function, _ := CleanTitle(d.Function)
	d.Private = d.Private || d.Symptom == Security
	c := begin(Incident{Number: n}, by, now)
	c.add(Event{Kind: KindDeclared, Title: title, Severity: d.Severity, Assumed: assumed, Service: d.Service,
		ServiceBy: d.ServiceBy, Symptom: d.Symptom, Function: function, Person: d.Reporter,
		Private: d.Private, Test: d.Test, Alert: d.Alert, NoChannel: d.NoChannel,
		Says: beside(title, FirstSentence(d.Says)), Runbook: WebAddress(d.Runbook)})
	if d.NoChannel {
		c.do(StartPaging, RefreshAnnounce)
	} else {
		c.do(StartPaging, OpenChannel, Invite)
	}
	if whole != "" {
		c.add(Event{Kind: KindNote, Text: whole})
	}
	if details := CleanText(d.Details); details != "" {
		c.add(Event{Kind: KindNote, Text: details})
	}
	return c.change(), nil
}

// beside returns what says more than the title does.
func beside(title, says string) string {
	if strings.EqualFold(strings.TrimRight(says, ".!?… "), strings.TrimRight(title, ".!?… ")) {
		return ""
	}
	return says
}

// Acknowledge says that by is on it. The first to acknowledge holds command
// and responds until somebody else takes either role. A second person is told
// who was first.
func (i Incident) Acknowledge(by Actor, now time.Time) (Change, error) {
	if !i.Status.Active() {
		return Change{}, i.over("there is nothing to acknowledge")
	}
	if i.Acked() {
		r := Refuse("To help, say so in its channel.", "%s is already acknowledged by {who} ({when}).", i.Name())
		if i.AcknowledgedBy == by {
			r = Refuse("", "You have acknowledged %s already ({when}).", i.Name())
		}
		r.Who, r.When = i.AcknowledgedBy, i.Since
		return Change{}, r
	}
	c := begin(i, by, now)
	c.take()
	c.refresh()
	return c.change(), nil
}

// AcknowledgeToo says that somebody who was paged has answered while another is on it:
// nothing changes, but nobody may say afterwards that they did not answer.
func (i Incident) AcknowledgeToo(by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.add(Event{Kind: KindAnsweredToo})
	return c.change()
}

// Investigate says that the quickest relief is being looked for, again or still. Of what
// was mitigated that takes a reason: everybody was told that it is over.
func (i Incident) Investigate(by Actor, text string, now time.Time) (Change, error) {
	return i.goesOn(Event{Kind: KindInvestigate, Text: text}, by, now)
}

// Mitigating says that relief is being applied. Of what was mitigated that takes a
// reason, as for [Incident.Investigate].
func (i Incident) Mitigating(by Actor, text string, now time.Time) (Change, error) {
	return i.goesOn(Event{Kind: KindMitigating, Text: text}, by, now)
}

// goesOn says that work goes on. What asked whether a mitigation holds asks no longer.
func (i Incident) goesOn(e Event, by Actor, now time.Time) (Change, error) {
	if i.Status == Mitigated && CleanText(e.Text) == "" {
		return Change{}, Refuse("As in: status "+string(e.Kind)+" errors are rising again.",
			"Say what came back; everybody was told that %s is mitigated.", i.Name())
	}
	c, err := i.worked(e, by, now)
	if err != nil {
		return Change{}, err
	}
	if i.Status == Mitigated {
		c.do(CloseAsks)
	}
	return c.change(), nil
}

// Resolve says that all is stable and the work of the incident is over. The
// post-mortem is drafted from the timeline.
func (i Incident) Resolve(by Actor, text string, now time.Time) (Change, error) {
	c, err := i.moved(Event{Kind: KindResolved, Text: text}, by, now)
	if err != nil {
		return Change{}, err
	}
	c.do(StopPaging, CloseAsks, DraftPostmortem)
	return c.change(), nil
}

// Close says that nothing is left but follow-ups.
func (i Incident) Close(by Actor, text string, now time.Time) (Change, error) {
	if i.Status.Active() {
		return Change{}, Refuse("Resolve it first.", "%s is still %s.", i.Name(), i.Status)
	}
	c, err := i.moved(Event{Kind: KindClosed, Text: text}, by, now)
	if err != nil {
		return Change{}, err
	}
	return c.change(), nil
}

// MayClose says what stands against closing it, whatever is missing; nil: nothing does.
func (i Incident) MayClose() error {
	_, err := i.Close(Bot, "", i.Updated)
	return err
}

// Reopen says that the trouble is back: impact counts again from now. Whoever
// was watching it stays on it; somebody with a role in it who reopens it is on
// it; otherwise the responders have gone, and the owner is paged again.
func (i Incident) Reopen(by Actor, reason string, now time.Time) (Change, error) {
	if CleanText(reason) == "" {
		return Change{}, Refuse("Say what came back, as in: reopen errors are rising again.",
			"A reason is needed to reopen %s.", i.Name())
	}
	c, err := i.moved(Event{Kind: KindReopened, Text: reason}, by, now)
	if err != nil {
		return Change{}, err
	}
	c.do(CloseAsks)
	if !c.i.Acked() {
		c.do(StartPaging)
	}
	return c.change(), nil
}

// Cancel says that it was no incident.
func (i Incident) Cancel(by Actor, text string, now time.Time) (Change, error) {
	c, err := i.moved(Event{Kind: KindCancelled, Text: text}, by, now)
	if err != nil {
		return Change{}, err
	}
	c.nothingTemporary("It was no incident.")
	c.do(StopPaging, CloseAsks)
	return c.change(), nil
}

// Merge says that the incident is part of another one, and why.
func (i Incident) Merge(into Incident, reason string, by Actor, now time.Time) (Change, error) {
	if into.Number == i.Number {
		return Change{}, Refuse("Name the other incident.", "%s cannot be part of itself.", i.Name())
	}
	c, err := i.moved(Event{Kind: KindMerged, Into: into.Number, Private: into.Private, Text: reason}, by, now)
	if err != nil {
		return Change{}, err
	}
	c.do(StopPaging, CloseAsks)
	return c.change(), nil
}

// Note adds what somebody saw, did or decided. Notes are welcome in every
// status but merged, long after the incident too.
func (i Incident) Note(kind NoteKind, text string, by Actor, now time.Time) (Change, error) {
	text = CleanText(text)
	if text == "" {
		return Change{}, Refuse("Write what you saw or did after the word, as in: note error rate is falling.",
			"The note is empty.")
	}
	if i.Status == Merged {
		return Change{}, i.over("notes belong there")
	}
	if kind == "" {
		kind, text = ParseNote(text)
		if word := emptyKind(text); kind == "" && word != "" {
			return Change{}, Refuse("As in: note "+word+": error rate is at 12 %.", "Nothing stands behind “%s:”.", word)
		}
	}
	if text == "" {
		return Change{}, Refuse(fmt.Sprintf("Write it behind the colon, as in: note %s: %s.", kind, noteExamples[kind]),
			"The note is empty: nothing stands behind “%s:”.", kind)
	}
	c := begin(i, by, now)
	seq := c.add(Event{Kind: KindNote, Note: kind, Text: text})
	if kind == Update { // it is for those who wait, here and in the announcement
		c.say(seq)
		c.do(RefreshAnnounce)
	}
	c.do(RefreshCard, RefreshNotes)
	return c.change(), nil
}

// noteExamples are what a note of each kind may look like.
var noteExamples = map[NoteKind]string{
	What: "card payments fail", Where: "only with provider B", HowNote: "the pool is empty after each deploy", When: "since 14:05, with release 431",
}

// SetSeverity changes how bad it is. Raising it pages whoever the new level
// needs; lowering it takes no page back, but what waits to become urgent may not
// become it any more.
func (i Incident) SetSeverity(s Severity, reason string, by Actor, now time.Time) (Change, error) {
	if s < Sev1 || s > Sev4 {
		return Change{}, Refuse("Use sev 1, 2, 3 or 4; 1 is the worst.", "There is no severity %d.", int(s))
	}
	if i.Status == Cancelled || i.Status == Merged {
		return Change{}, i.over("its severity stays as it was")
	}
	if s == i.Severity {
		return Change{}, Refuse("", "%s is already %s.", i.Name(), s)
	}
	c := begin(i, by, now)
	seq := c.add(Event{Kind: KindSeverity, Severity: s, Text: CleanText(reason)})
	switch {
	case !i.Status.Active():
	case s < i.Severity:
		c.do(RaisePaging)
	default:
		c.do(LowerPaging)
	}
	c.say(seq)
	c.refresh()
	return c.change(), nil
}

// Rename changes the title. The channel keeps its name, so that links and
// memories of it stay right.
func (i Incident) Rename(title string, by Actor, now time.Time) (Change, error) {
	short, whole := CleanTitle(title)
	if short == "" {
		return Change{}, Refuse("Write it after the word, as in: rename checkout is down.", "The new title is empty.")
	}
	if short == i.Title {
		return Change{}, Refuse("", "That is already the title of %s.", i.Name())
	}
	c := begin(i, by, now)
	c.add(Event{Kind: KindTitle, Title: short})
	if whole != "" {
		c.add(Event{Kind: KindNote, Text: whole})
		c.do(RefreshNotes)
	}
	c.refresh()
	return c.change(), nil
}

// Lapse says that the acknowledgement is not enough, because nothing was heard
// since or because more people are wanted: somebody is looked for again, until
// anybody acknowledges. Whoever was on it stays, with their roles.
func (i Incident) Lapse(by Actor, text string, now time.Time) Change {
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindLapsed, Text: text}))
	c.do(CloseAsks)
	c.refresh()
	return c.change()
}

// Fires says what of an alert that fires concerns the incident to which it belongs.
type Fires struct {
	Title    string // the alert's own
	Alerts   int    // how many the incident has now, with those that are over
	Again    int    // how often it has fired; 0: it has joined now
	Ask      string // why somebody is asked because of it; empty: nobody is
	Withdraw bool   // what was over, and offered to be resolved, is not over any more
	Told     bool   // it is worth an entry of the timeline though nobody is asked
}

// AlertFires records that another alert fires for the incident, or one of its alerts
// again. Where people are to look at it, the channel is told; one that had been
// mitigated is investigated again.
func (i Incident) AlertFires(f Fires, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	if f.Ask != "" || f.Withdraw || f.Told {
		e := Event{Kind: KindAlertJoined, Count: f.Alerts, Text: CleanText(f.Title), Reason: f.Ask}
		if f.Again > 0 {
			e.Kind, e.Alert, e.Count = KindAlert, i.Alert, f.Again
		}
		seq := c.add(e)
		if f.Ask != "" {
			c.say(seq)
		}
	}
	if f.Ask != "" && i.Status == Mitigated {
		c.say(c.add(Event{Kind: KindInvestigate, Text: CleanText(f.Ask)}))
		c.refresh()
	}
	if len(c.events) > 0 { // of those that are only counted the alerts' own message tells
		c.do(RefreshCard)
	}
	return c.change()
}

// AlertCleared records that all alerts are over, as their senders say. People resolve
// incidents, senders do not: it is said in the channel with a button, if offer is set.
func (i Incident) AlertCleared(text string, offer bool, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	if offer {
		c.say(c.add(Event{Kind: KindAlertOver, Alert: i.Alert, Text: CleanText(text)}))
	}
	c.do(RefreshCard)
	return c.change()
}

// Record appends events that the program reports, such as a page that went out
// or a channel that stands. Of those only a page changes what the summary shows:
// a remark that refreshed it would, where the summary itself is the trouble,
// lead to the next remark for ever.
func (i Incident) Record(now time.Time, events ...Event) Change {
	c := begin(i, Bot, now)
	for _, e := range events {
		c.add(e)
		if e.Kind == KindPaged || e.Kind == KindExhausted {
			c.do(RefreshCard)
		}
	}
	return c.change()
}

// worked is moved for what shows that somebody works on it: a person who does
// it while nobody is on it has taken it, and nobody else need be woken.
func (i Incident) worked(e Event, by Actor, now time.Time) (*building, error) {
	if err := i.may(e.Kind); err != nil {
		return nil, err
	}
	c := begin(i, by, now)
	if by.Human() && !i.Acked() {
		c.take()
	}
	c.move(e)
	return c, nil
}

// moved begins the change to another status, if the rules allow it.
func (i Incident) moved(e Event, by Actor, now time.Time) (*building, error) {
	if err := i.may(e.Kind); err != nil {
		return nil, err
	}
	c := begin(i, by, now)
	c.move(e)
	return c, nil
}

// leads says to which status each kind of event leads, and from where. The
// statuses are those of practice everywhere; skipping forward is allowed.
var leads = map[Kind]struct {
	to   Status
	from []Status
	verb string
}{
	KindInvestigate: {Investigating, []Status{Declared, Mitigating, Mitigated}, "investigated"},
	KindMitigating:  {Mitigating, []Status{Declared, Investigating, Mitigated}, "mitigated"},
	KindMitigated:   {Mitigated, []Status{Declared, Investigating, Mitigating}, "mitigated"},
	KindResolved:    {Resolved, []Status{Declared, Investigating, Mitigating, Mitigated}, "resolved"},
	KindClosed:      {Closed, []Status{Resolved}, "closed"},
	KindReopened:    {Investigating, []Status{Mitigated, Resolved, Closed, Cancelled, Merged}, "reopened"},
	KindCancelled:   {Cancelled, []Status{Declared, Investigating, Mitigating, Mitigated}, "cancelled"},
	KindMerged:      {Merged, []Status{Declared, Investigating, Mitigating, Mitigated}, "merged"},
}

// may refuses a move that the statuses do not allow, with the next step.
func (i Incident) may(k Kind) error {
	lead := leads[k]
	if slices.Contains(lead.from, i.Status) {
		return nil
	}
	switch {
	case k == KindReopened && i.Status.Active():
		return Refuse("", "%s is still open (%s), so it cannot be reopened.", i.Name(), i.Status)
	case k == KindMerged && i.Status == Merged:
		return Refuse("Reopen it first, with a reason.", "%s is already a part of %s.", i.Name(), i.Whole())
	case i.Status == lead.to:
		return Refuse("", "%s is already %s.", i.Name(), i.Status)
	default:
		return i.over("it cannot be " + lead.verb)
	}
}

// over is the refusal of something that an incident which has ended cannot do.
func (i Incident) over(so string) *Refusal {
	switch i.Status {
	case Merged:
		return Refuse("Go on there, or reopen this one with a reason.", "%s is part of %s; %s.", i.Name(), i.Whole(), so)
	default:
		return Refuse("If the trouble is back: reopen, with a reason.", "%s is %s; %s.", i.Name(), i.Status, so)
	}
}

// StatusWord reads a status as people type it.
func StatusWord(s string) (Status, bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "investigating", "investigate", "identified", "looking":
		return Investigating, true
	case "mitigating", "fixing":
		return Mitigating, true
	case "mitigated", "mitigate", "monitoring", "watching", "stable":
		return Mitigated, true
	case "resolved", "resolve", "done", "fixed":
		return Resolved, true
	case "closed", "close":
		return Closed, true
	case "cancelled", "canceled", "cancel":
		return Cancelled, true
	default:
		return "", false
	}
}
