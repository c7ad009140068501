package incident

import (
	"slices"
	"time"
)

// building is a change while it is being put together.
type building struct {
	i       Incident
	by      Actor
	now     time.Time
	events  []Event
	effects []Effect
}

func begin(i Incident, by Actor, now time.Time) *building {
	return &building{i: i, by: by, now: now}
}

// add appends e as the next event and applies it. It returns the event's number.
// A clock that was set back does not turn the timeline around.
func (b *building) add(e Event) int {
	e.Seq, e.At, e.By = b.i.Events+1, b.now, b.by
	if e.At.Before(b.i.Updated) {
		e.At = b.i.Updated
	}
	b.i = b.i.apply(e)
	b.events = append(b.events, e)
	return e.Seq
}

// take makes the actor the one who is on it.
func (b *building) take() {
	b.say(b.add(Event{Kind: KindAcknowledged}))
	if kind, _ := b.by.Split(); kind == "alert" { // a sender says that somebody is on it, not who
		b.do(StopPaging, CloseAsks)
		return
	}
	if b.i.Holder(Commander) == "" {
		b.add(Event{Kind: KindRole, Role: Commander, Person: b.by})
	}
	if !slices.ContainsFunc(b.i.Roles, func(h Holding) bool { return h.Role == Responder && h.Who == b.by }) {
		b.add(Event{Kind: KindRole, Role: Responder, Person: b.by})
	}
	b.do(StopPaging, CloseAsks, Invite)
}

// move appends the event that changes the status, and tells it.
func (b *building) move(e Event) {
	e.Text = CleanText(e.Text)
	b.say(b.add(e))
	b.refresh()
}

func (b *building) do(kinds ...EffectKind) {
	for _, k := range kinds {
		b.effects = append(b.effects, Effect{Kind: k})
	}
}

// say tells the event with that number in the channel.
func (b *building) say(seq int) {
	b.effects = append(b.effects, Effect{Kind: Say, Seq: seq})
}

// refresh makes everything that shows the incident's state show the new one.
func (b *building) refresh() { b.do(RefreshCard, RefreshTopic, RefreshAnnounce) }

func (b *building) change() Change {
	return Change{Incident: b.i, Events: b.events, Effects: b.effects}
}
