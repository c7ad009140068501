package incident

import (
	"fmt"
	"slices"
	"time"
)

// Kind says what happened. A kind is never renamed: old timelines are read for ever.
type Kind string

// The kinds of events. The fields of [Event] that each one fills beside Seq,
// At, By and Kind stand behind it.
const (
	KindDeclared        Kind = "declared"             // Title, Severity, Assumed, Service, ServiceBy, Symptom, Function, Private, Test, Alert, Says, Runbook, Person (whose words made By declare it), Text
	KindAcknowledged    Kind = "acknowledged"         //
	KindAnsweredToo     Kind = "acknowledged_too"     // somebody who was paged answered while another is on it
	KindDrill           Kind = "drill"                // Test: it is a drill from now on, or is none
	KindInvestigate     Kind = "investigating"        // Text
	KindMitigating      Kind = "mitigating"           // Text
	KindMitigated       Kind = "mitigated"            // How, Assumed (nobody said how), Text, Undo
	KindResolved        Kind = "resolved"             // Text; How and Assumed where it was never mitigated
	KindClosed          Kind = "closed"               // Text, Left
	KindReopened        Kind = "reopened"             // Text
	KindCancelled       Kind = "cancelled"            // Text, Reason: the outcome, where it was another than that it was no incident
	KindMerged          Kind = "merged"               // Into, Private (that one is), Text
	KindNote            Kind = "note"                 // Note, Text
	KindSeverity        Kind = "severity"             // Severity, Text
	KindTitle           Kind = "title"                // Title
	KindService         Kind = "service"              // Service, Was, Text
	KindRole            Kind = "role"                 // Role, Person
	KindOffered         Kind = "role_offered"         // Role, Person: the role moves when that person takes it
	KindFollowUp        Kind = "follow_up"            // FollowUp
	KindChannel         Kind = "channel"              // Channel, ChannelName
	KindAlert           Kind = "alert"                // Alert, Count, Text: the alert fired again
	KindAlertJoined     Kind = "alert_joined"         // Count, Text, Reason: another alert fires; Count is how many there are
	KindAlertOver       Kind = "alert_over"           // Alert, Text: the sender says it is over
	KindRelated         Kind = "related"              // Into, Text: another incident, which may be the same
	KindPaged           Kind = "paged"                // Person or Target, Via, Pass, Step, Rule, Reason, Text
	KindPageFailed      Kind = "page_failed"          // Person or Target, Via, Text
	KindReceipt         Kind = "receipt"              // Person, Via, Pass, Step, Reason (delivered or seen), Text
	KindStep            Kind = "escalation_step"      // Pass, Step, Calls, Skipped, Text; Person and Via where a page was not confirmed
	KindExhausted       Kind = "escalation_ended"     // Calls, Text
	KindLapsed          Kind = "ack_lapsed"           // Text: why somebody is looked for again
	KindGivenBack       Kind = "given_back"           // Text: the acknowledgement was taken back
	KindRemark          Kind = "remark"               // Calls, Text: something the program has to say
	KindPartJoined      Kind = "part_joined"          // Into, People, Calls, Impact, Text: Into is a part of this one now
	KindAdmitted        Kind = "admitted"             // Person: By, or somebody, let them into what they could not see
	KindLeft            Kind = "left"                 // Person: who was admitted is not in the channel any more
	KindImpact          Kind = "impact"               // Impact (all of it; none: nobody was hit), Hit, Seen, Function, Text: what somebody knows of the impact
	KindObjection       Kind = "objection"            // Of (the decision), Count (which one that is), Text
	KindHidden          Kind = "entry_hidden"         // Of, Reason (words: only what was written in it), Text: that entry is shown no longer
	KindRetimed         Kind = "entry_retimed"        // Of, Time, Text: when that entry really was
	KindWithdrawn       Kind = "mark_withdrawn"       // Of: nobody marks that message any more
	KindHelp            Kind = "help_asked"           // Calls, Target, Text: somebody pages people by hand
	KindMissed          Kind = "promise_missed"       // Promise, Due: nothing was heard by then; Assumed: the agreement allows more
	KindPublic          Kind = "public_update"        // Text: words for the public, apart from those for stakeholders
	KindReviewer        Kind = "postmortem_owner"     // Person: who writes the post-mortem
	KindWaived          Kind = "postmortem_waived"    // Text: why nobody does
	KindAnswered        Kind = "postmortem_answer"    // Question, Text (none: it is taken back), Of: the answer of the same person before it
	KindInReview        Kind = "postmortem_review"    // Text: others are asked to read the draft
	KindPublished       Kind = "postmortem_published" // Count (the version), Sum, Text: from the second on, what it corrects
	KindSent            Kind = "postmortem_sent"      // Count (the version), Person or Target, Text: why it could not be sent; none: it was
	KindMissAccepted    Kind = "miss_accepted"        // Text: why it is accepted that a promise was missed
	KindNoFollowUps     Kind = "no_follow_ups"        // Text: why none is needed
	KindOfferEnded      Kind = "offer_ended"          // Role, Person, Reason (declined, lapsed or replaced)
	KindRoleLeft        Kind = "role_left"            // Role, Person: that person does not hold it any more
	KindSilent          Kind = "command_silent"       // Person, Calls: the commander was not heard of; who is paged because of it
	KindHowCorrected    Kind = "mitigation_corrected" // How, Assumed (still nobody said how), Text, Undo
	KindWatched         Kind = "watch_ended"          // the watch time after mitigation is over
	KindWatchMore       Kind = "watch_extended"       // Due: it is watched until then
	KindFollowUpDone    Kind = "follow_up_done"       // FollowUp as it is then, as in all that follow; Text: a link or a sentence
	KindFollowUpDropped Kind = "follow_up_dropped"    // FollowUp, Text: why it was decided against
	KindFollowUpAgain   Kind = "follow_up_reopened"   // FollowUp, Text
	KindFollowUpDate    Kind = "follow_up_date"       // FollowUp, Text: why it has another date
	KindFollowUpOwner   Kind = "follow_up_owner"      // FollowUp
	KindFollowUpExport  Kind = "follow_up_exported"   // FollowUp: it is at a tracker
	KindFollowUpTitle   Kind = "follow_up_title"      // FollowUp
	KindFollowUpRaised  Kind = "follow_up_raised"     // FollowUp, Text: why it matters more
)

// Event is one entry of a timeline. Events are append-only and numbered from 1
// without holes within an incident; a correction is another event.
type Event struct {
	Seq  int       `json:"seq"`
	At   time.Time `json:"at"`
	By   Actor     `json:"by"`
	Kind Kind      `json:"kind"`
	Text string    `json:"text,omitempty"`

	Through Through `json:"through,omitempty"` // how By acted, where that was not in person

	Title       string     `json:"title,omitempty"`
	Severity    Severity   `json:"severity,omitempty"`
	Assumed     bool       `json:"assumed,omitempty"` // nobody said the severity, or how it was mitigated; or the agreement does not say it
	Service     string     `json:"service,omitempty"`
	ServiceBy   ServiceBy  `json:"service_by,omitempty"` // how the service was chosen, where nobody named it
	Was         string     `json:"was,omitempty"`        // the service that it was given away from; empty: none, or an old event
	Symptom     Symptom    `json:"symptom,omitempty"`
	Function    string     `json:"function,omitempty"` // the business function, as the roster or somebody calls it
	Private     bool       `json:"private,omitempty"`
	Test        bool       `json:"test,omitempty"`
	NoChannel   bool       `json:"no_channel,omitempty"` // it gets a channel only when somebody wants one
	Note        NoteKind   `json:"note,omitempty"`
	How         How        `json:"how,omitempty"`
	Role        Role       `json:"role,omitempty"`
	Person      Actor      `json:"person,omitempty"`
	Target      string     `json:"target,omitempty"`  // kind:id of a target that is no person
	Calls       []Actor    `json:"calls,omitempty"`   // whom it decided to page
	Skipped     []Skipped  `json:"skipped,omitempty"` // whom it named and did not page, or not yet
	Rule        string     `json:"rule,omitempty"`    // of the person, by which the page was sent
	Via         string     `json:"via,omitempty"`
	Pass        int        `json:"pass,omitempty"`
	Step        int        `json:"step,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	Channel     string     `json:"channel,omitempty"`
	ChannelName string     `json:"channel_name,omitempty"`
	Alert       string     `json:"alert,omitempty"`
	Says        string     `json:"says,omitempty"`    // the first sentence of the alert's sender
	Runbook     string     `json:"runbook,omitempty"` // the alert's own
	Count       int        `json:"count,omitempty"`
	Into        int        `json:"into,omitempty"`
	FollowUp    *FollowUp  `json:"follow_up,omitempty"`
	Left        []Item     `json:"left,omitempty"`   // what was missing when it was closed all the same
	Undo        string     `json:"undo,omitempty"`   // how what mitigated it is undone
	People      []Actor    `json:"people,omitempty"` // who worked on a part that joins
	Impact      []Interval `json:"impact,omitempty"` // when it hurt
	Hit         *Hit       `json:"hit,omitempty"`
	Seen        Seen       `json:"seen,omitempty"` // who saw it first
	From        int        `json:"from,omitempty"` // a note: of the part in which it was written
	Noted       time.Time  `json:"noted,omitzero"` // and when
	Promise     Promise    `json:"promise,omitempty"`
	Due         time.Time  `json:"due,omitzero"`       // of a promise; of an offer: when it lapses
	Same        bool       `json:"same,omitempty"`     // an update that says that nothing has changed
	Also        bool       `json:"also,omitempty"`     // the role is held beside those who have it
	Of          int        `json:"of,omitempty"`       // Seq of the entry that it is about
	Time        time.Time  `json:"time,omitzero"`      // when it was, where that is not when it was entered
	Question    string     `json:"question,omitempty"` // of the post-mortem, by its ID
	Sum         string     `json:"sum,omitempty"`      // the SHA-256 of a text, in hexadecimal
	Mark        *Mark      `json:"mark,omitempty"`     // of a note: the message that it was taken from; Person wrote it
}

// Mark is a message in a channel that somebody marked for the timeline.
type Mark struct {
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	Files    []File `json:"files,omitempty"`
	ReadBack bool   `json:"read_back,omitempty"` // it was found afterwards: the mark was set while Slack could not be heard
}

// File is a file of a marked message.
type File struct {
	ID   string `json:"id,omitempty"` // in Slack
	Name string `json:"name"`
	Link string `json:"link,omitempty"`
	Type string `json:"type,omitempty"` // its media type
	Size int    `json:"size,omitempty"` // bytes
}

// Whole names the incident of which an event says that this one is a part, unless
// that is private.
func (e Event) Whole() string { return whole(e.Into, e.Private) }

// Skipped is somebody or something that a step names and does not page, or not
// yet.
type Skipped struct {
	Target string    `json:"target,omitempty"` // kind:id, as the roster writes it
	Person Actor     `json:"person,omitempty"` // empty when the target meant nobody
	Why    string    `json:"why"`              // nobody_on_call, no_way, not_turn, quiet_hours or outside_hours
	Until  time.Time `json:"until,omitzero"`   // when the person is paged, or the step asks; zero: not known, or not this time
}

// Fold rebuilds an incident from its whole timeline. It refuses a timeline
// that does not begin with a declaration or has a hole in its numbers.
func Fold(number int, events []Event) (Incident, error) {
	if len(events) == 0 || events[0].Kind != KindDeclared {
		return Incident{}, fmt.Errorf("read timeline of %s: it does not begin with a declaration", Name(number))
	}
	i := Incident{Number: number}
	for n, e := range events {
		if e.Seq != n+1 {
			return Incident{}, fmt.Errorf("read timeline of %s: event %d where %d was expected", Name(number), e.Seq, n+1)
		}
		i = i.apply(e)
	}
	return i, nil
}

// apply returns the incident after e. It is the only place where state changes,
// so the stored state and the fold of the timeline cannot differ.
func (i Incident) apply(e Event) Incident {
	i.Events, i.Updated = e.Seq, e.At
	i.involve(e.By)
	for _, a := range e.Calls {
		if !slices.Contains(i.Called, a) {
			i.Called = append(slices.Clip(i.Called), a)
		}
	}
	switch e.Kind {
	case KindDeclared:
		i.Title, i.Severity, i.Highest, i.Service = e.Title, e.Severity, e.Severity, e.Service
		i.Assumed, i.ServiceBy = e.Assumed, e.ServiceBy
		i.Symptom, i.Function = e.Symptom, e.Function
		i.Private, i.Test, i.Alert = e.Private, e.Test, e.Alert
		i.NoChannel = e.NoChannel
		i.Says, i.Runbook = e.Says, e.Runbook
		i.Status, i.Declared, i.DeclaredBy = Declared, e.At, e.By
		i.involve(e.Person)
		i.startImpact(e.At)
	case KindDrill:
		i.Test, i.Exhausted = e.Test, false
	case KindAcknowledged:
		i.AcknowledgedBy, i.Since, i.Asking, i.Exhausted = e.By, e.At, false, false
		i.Acknowledged = first(i.Acknowledged, e.At)
		if i.Status == Declared {
			i.Status = Investigating
		}
	case KindInvestigate:
		i.hurtsAgain(e.At)
		i.Status = Investigating
	case KindMitigating:
		i.hurtsAgain(e.At)
		i.Status = Mitigating
	case KindMitigated:
		i.Status, i.How, i.HowAssumed, i.Mitigated = Mitigated, e.How, e.Assumed, first(i.Mitigated, e.At)
		i.endImpact(e.At)
	case KindHowCorrected:
		i.How, i.HowAssumed = e.How, e.Assumed
	case KindResolved:
		if e.How != "" {
			i.How, i.HowAssumed, i.Mitigated = e.How, e.Assumed, first(i.Mitigated, e.At)
		}
		i.Status, i.Resolved, i.Asking, i.Exhausted = Resolved, e.At, false, false
		i.endImpact(e.At)
	case KindClosed:
		i.Status, i.Closed = Closed, e.At
	case KindReviewer:
		i.Reviewer, i.Waived = e.Person, ""
		i.involve(e.Person)
	case KindAnswered:
		i.Postmortem.Answers++
		i.Postmortem.Since++
	case KindInReview:
		i.Postmortem.Reviewed = e.At
	case KindPublished:
		i.Postmortem.Version, i.Postmortem.Published, i.Postmortem.Sum, i.Postmortem.Since = e.Count, e.At, e.Sum, 0
	case KindWaived:
		i.Reviewer, i.Waived = "", e.Text
	case KindReopened:
		switch {
		case i.Status == Mitigated && i.Acked():
			// it was being watched by somebody, who still is there
		case e.By.Human() && i.holds(e.By):
			i.AcknowledgedBy, i.Since = e.By, e.At
		default:
			i.AcknowledgedBy, i.Since = "", time.Time{}
		}
		i.Status, i.MergedInto, i.MergedPrivate, i.Asking = Investigating, 0, false, false
		i.Outcome = ""
		i.startImpact(e.At)
	case KindCancelled:
		i.Status, i.Asking, i.Exhausted = Cancelled, false, false
		i.endImpact(e.At)
		if i.Outcome = Outcome(e.Reason); i.Outcome != "" {
			i.Impact = nil // nobody was hurt
		}
	case KindMerged:
		i.Status, i.Asking, i.Exhausted = Merged, false, false
		i.MergedInto, i.MergedPrivate = e.Into, e.Private
		i.endImpact(e.At)
	case KindSeverity:
		i.Severity, i.Assumed = e.Severity, false
		i.Highest = min(i.Highest, e.Severity)
	case KindTitle:
		i.Title = e.Title
	case KindService:
		if e.Was != "" {
			i.Reroutes++
			i.Called = nil // nothing is asked of them any more
		}
		i.Service, i.AcknowledgedBy, i.Since, i.Asking = e.Service, "", time.Time{}, false
		i.ServiceBy = ""
		if i.Status == Investigating {
			i.Status = Declared
		}
	case KindRole:
		i.hold(Holding{Role: e.Role, Who: e.Person, From: e.At}, e.Also)
		i.involve(e.Person)
		i.offerOver(e)
	case KindRoleLeft:
		i.drop(e.Role, e.Person)
	case KindOffered:
		i.involve(e.Person)
		i.offer(e)
	case KindOfferEnded:
		i.offerOver(e)
	case KindGivenBack:
		i.AcknowledgedBy, i.Since, i.Asking = "", time.Time{}, false
	case KindLapsed:
		i.Asking = i.AcknowledgedBy != "" && i.Status.Active()
	case KindFollowUp:
		i.FollowUps = append(slices.Clip(i.FollowUps), *e.FollowUp)
	case KindFollowUpDone, KindFollowUpDropped, KindFollowUpAgain, KindFollowUpDate, KindFollowUpOwner, KindFollowUpExport, KindFollowUpTitle, KindFollowUpRaised:
		i.setFollowUp(*e.FollowUp)
	case KindChannel:
		i.Channel, i.ChannelName, i.NoChannel = e.Channel, e.ChannelName, false
	case KindAlert, KindAlertJoined:
		i.AlertOver = false
	case KindAlertOver:
		i.AlertOver = true
	case KindPaged, KindPageFailed:
		i.involve(e.Person)
	case KindPartJoined:
		for _, a := range e.People {
			i.involve(a)
		}
		i.Impact = union(i.Impact, e.Impact)
	case KindImpact:
		i.Impact, i.ImpactBy, i.Hit, i.Seen = e.Impact, e.By, Hit{}, e.Seen
		i.Function = or(e.Function, i.Function)
		if e.Hit != nil {
			i.Hit = *e.Hit
		}
	case KindAdmitted:
		i.admit(e.Person)
	case KindLeft:
		i.dismiss(e.Person)
	case KindExhausted:
		i.Exhausted = true
	case KindRelated:
		if e.By.Human() {
			i.relate(e.Into)
		}
	case KindNote, KindReceipt, KindStep, KindRemark, KindObjection, KindHidden, KindRetimed, KindWithdrawn, KindHelp,
		KindMissed, KindPublic, KindSilent, KindWatched, KindWatchMore, KindMissAccepted, KindNoFollowUps, KindSent:
		// They are for the reader of the timeline; the state does not change.
	}
	if !i.Status.Active() {
		i.Offer = Offer{}
	}
	return i
}

// involve, hold, startImpact and endImpact copy what they change: the Incident
// that apply was called on shares its slices with the one it returns.

func (i *Incident) involve(a Actor) {
	if kind, _ := a.Split(); (kind == "person" || kind == "slack") && !slices.Contains(i.Involved, a) {
		i.Involved = append(slices.Clip(i.Involved), a)
	}
}

// holds reports whether somebody has a role.
func (i Incident) holds(who Actor) bool {
	return slices.ContainsFunc(i.Roles, func(h Holding) bool { return h.Who == who })
}

func (i *Incident) hold(h Holding, also bool) {
	kept := make([]Holding, 0, len(i.Roles)+1)
	for _, r := range i.Roles {
		// Several people may respond; every other role has one holder, unless the
		// event says that it is held beside others.
		if r.Role != h.Role || (h.Role == Responder || also) && r.Who != h.Who {
			kept = append(kept, r)
		}
	}
	i.Roles = append(kept, h)
}

func (i *Incident) startImpact(at time.Time) {
	if n := len(i.Impact); n == 0 || !i.Impact[n-1].End.IsZero() {
		i.Impact = append(slices.Clip(i.Impact), Interval{Start: at})
	}
}

// hurtsAgain counts the impact again of what was mitigated. What goes on without having
// been stopped hurts as before, and nobody where somebody said so.
func (i *Incident) hurtsAgain(at time.Time) {
	if i.Status == Mitigated {
		i.startImpact(at)
	}
}

func (i *Incident) endImpact(at time.Time) {
	if n := len(i.Impact); n > 0 && i.Impact[n-1].End.IsZero() {
		i.Impact = slices.Clone(i.Impact)
		i.Impact[n-1].End = at
	}
}

func first(old, new time.Time) time.Time {
	if old.IsZero() {
		return new
	}
	return old
}
