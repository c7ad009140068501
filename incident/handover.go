package incident

import (
	"slices"
	"time"
)

// Handover is what somebody who is to take command must know, from the record.
type Handover struct {
	Doing     []Event // tasks, and what is being applied, the latest last
	Decisions []Event // and the objections to them
	MaySleep  []Actor // who was paged and has no part in it at present
}

// handoverMost is how many entries of a kind a brief has.
const handoverMost = 5

// HandoverOf reads a brief from a timeline. Of people it names as free to sleep those
// who were paged, hold no role and did nothing within the last half hour.
func (i Incident) HandoverOf(events []Event, now time.Time) Handover {
	var h Handover
	for _, e := range Readable(events) {
		switch {
		case e.Kind == KindMitigating && e.Text != "", e.Kind == KindNote && e.Note == Task:
			h.Doing = append(h.Doing, e)
		case e.Kind == KindFollowUp && i.asked(e):
			e.Text = e.FollowUp.Title
			h.Doing = append(h.Doing, e)
		case e.Kind == KindNote && (e.Note == Decision || e.Note == "objection"):
			h.Decisions = append(h.Decisions, e)
		}
	}
	h.Doing = h.Doing[max(0, len(h.Doing)-handoverMost):]
	h.Decisions = h.Decisions[max(0, len(h.Decisions)-handoverMost):]
	for _, a := range i.Called {
		busy := i.holds(a) || a == i.AcknowledgedBy || now.Sub(Heard(events, a)) < 30*time.Minute
		if !busy && !slices.Contains(h.MaySleep, a) {
			h.MaySleep = append(h.MaySleep, a)
		}
	}
	return h
}

// asked reports whether an event opens a task that is still to be done.
func (i Incident) asked(e Event) bool {
	f, ok := i.FollowUp(e.FollowUp.ID)
	return ok && f.Kind == TaskKind && f.Open()
}

// Checklist is what a role asks of whoever takes it, in the order in which it is done.
func (r Role) Checklist() []string {
	switch r {
	case Commander:
		return []string{"Say “I have command”", "What do customers see?", "What would stop the harm now, quickest and safest?",
			"Who does it, and is back in how many minutes?", "Objections?", "When is the next update?"}
	case Responder:
		return []string{"Note what you see", "Note where it is", "Say what you are about to do", "Note the result", "Ask for help after 15 min"}
	case Communicator:
		return []string{"Who is affected, and since when?", "What works instead?", "What are we doing?", "When is the next update?"}
	case Shadow:
		return []string{"Keep your questions for later", "Note one thing to try next time"}
	default:
		return nil
	}
}
