package escalation

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// Ring is one person being paged: the ways still to be tried, and what became
// of those that were.
type Ring struct {
	Person     string    `json:"person"`
	Targets    []string  `json:"targets,omitempty"` // what named the person, as the roster writes it
	Pass       int       `json:"pass"`
	Rung       int       `json:"step"`
	LastResort bool      `json:"last_resort,omitempty"`
	Pending    []Pending `json:"pending,omitempty"` // in the order of their instants
	Spare      []string  `json:"spare,omitempty"`   // verified ways that no rule names, for when the rules fail
	Receipts   []Receipt `json:"receipts,omitempty"`
}

// Pending is one way that will be tried.
type Pending struct {
	Via    string        `json:"via"`
	At     time.Time     `json:"at"`
	After  time.Duration `json:"after"` // the delay that the person's rule says
	Reason Reason        `json:"reason"`
}

// Receipt is what is known of one send.
type Receipt struct {
	Key     string    `json:"key"`
	Via     string    `json:"via"`
	Level   Level     `json:"level"`
	Reports bool      `json:"reports,omitempty"` // this way says when it has delivered
	Until   time.Time `json:"until,omitzero"`    // without a better level by then it has failed
}

// Level is how far a send has come. Only an answer, which is [Escalation.Ack], stops
// a person's rules; a provider's yes is not a delivery.
type Level string

// The levels of a receipt.
const (
	Handed    Level = "handed"    // given to the outbox
	Accepted  Level = "accepted"  // the provider took it
	Delivered Level = "delivered" // it reached the device
	Failed    Level = "failed"    // refused, or not heard of in time
)

// ring returns the person's rules running from the given instant.
func (w *World) ring(person string, u Urgency, at time.Time) Ring {
	rules, ways := w.rules(person, u), w.ways(person)
	reason := ByRule
	if len(rules) == 0 { // P15: no rules for the urgency: every verified way at once
		reason = ByDefault
		for _, via := range ways {
			rules = append(rules, rotation.Rule{Via: via})
		}
	}
	r := Ring{Person: person}
	for _, rule := range rules {
		rule.After = max(rule.After, 0)
		r.Pending = append(r.Pending, Pending{Via: rule.Via, At: at.Add(rule.After), After: rule.After, Reason: reason})
		ways = slices.DeleteFunc(ways, func(via string) bool { return via == rule.Via })
	}
	slices.SortStableFunc(r.Pending, func(a, b Pending) int { return a.At.Compare(b.At) })
	if len(ways) > 0 {
		r.Spare = ways
	}
	return r
}

// due returns when the ring next does something, the zero time when it is over.
func (r *Ring) due() time.Time {
	var at time.Time
	if len(r.Pending) > 0 {
		at = r.Pending[0].At
	}
	for i := range r.Receipts {
		at = earlier(at, r.Receipts[i].Until)
	}
	return at
}

// fail brings the next way forward to now because one has failed: the next
// rule, or where none is left a verified way that no rule names. Two failures
// bring two ways forward.
func (r *Ring) fail(now time.Time) {
	for i := range r.Pending {
		next := &r.Pending[i]
		if next.Reason == ByFailure && !next.At.After(now) {
			continue // already brought forward by another failure
		}
		if next.At.After(now) {
			next.At = now
		}
		next.Reason = ByFailure
		return
	}
	if len(r.Spare) > 0 {
		r.Pending = append(r.Pending, Pending{Via: r.Spare[0], At: now, Reason: ByFailure})
		r.Spare = tail(r.Spare)
	}
}

// lost reports whether every way to the person has failed.
func (r *Ring) lost() bool {
	working := func(s Receipt) bool { return s.Level != Failed }
	return len(r.Pending) == 0 && len(r.Spare) == 0 && !slices.ContainsFunc(r.Receipts, working)
}

// tail drops the first. Nothing left is nil, as it comes back from the store.
func tail[T any](list []T) []T {
	if len(list) <= 1 {
		return nil
	}
	return list[1:]
}

// clone returns a ring that shares nothing that is written to.
func (r Ring) clone() Ring {
	r.Pending = slices.Clone(r.Pending)
	r.Receipts = slices.Clone(r.Receipts)
	return r
}

// Accepted records that the provider took the send with that key. Where the way
// reports deliveries the report is awaited for a minute; without it the
// person's next rule fires. Call it for every send that was taken: one that is
// neither accepted nor failed within 20 s counts as failed. An unknown key, for
// instance of a send from before an acknowledgement, changes nothing.
func (p Escalation) Accepted(key string, now time.Time) Escalation {
	return p.receipt(key, func(s *Receipt) {
		if s.Level == Delivered {
			return // the report overtook the answer
		}
		s.Level, s.Until = Accepted, time.Time{}
		if s.Reports {
			s.Until = instant(now).Add(deliveryWithin)
		}
	})
}

// Delivered records that the send with that key reached the person's device.
func (p Escalation) Delivered(key string) Escalation {
	return p.receipt(key, func(s *Receipt) { s.Level, s.Until = Delivered, time.Time{} })
}

// Failed records that the send with that key will not arrive, and brings the
// person's next way forward to now. When nobody of the running step can be
// reached any more the step ends now. The [Escalation.Step] that follows sends.
func (p Escalation) Failed(key string, now time.Time) Escalation {
	p = p.clone()
	i, j := p.find(key)
	if i < 0 || p.Rings[i].Receipts[j].Level == Failed {
		return p
	}
	p.fail(i, j, instant(now))
	return p
}

// fail marks one receipt of an owned page as failed.
func (p *Escalation) fail(i, j int, now time.Time) {
	r := &p.Rings[i]
	r.Receipts[j].Level, r.Receipts[j].Until = Failed, time.Time{}
	r.fail(now)
	if p.Running && p.unreachable() && (p.Wake.IsZero() || p.Wake.After(now)) {
		p.Wake = now
	}
}

// unreachable reports whether the step has people and all of them are lost.
func (p *Escalation) unreachable() bool {
	for _, person := range p.People {
		i := slices.IndexFunc(p.Rings, func(r Ring) bool { return r.Person == person })
		if i < 0 || !p.Rings[i].lost() {
			return false
		}
	}
	return len(p.People) > 0
}

func (p Escalation) receipt(key string, change func(*Receipt)) Escalation {
	p = p.clone()
	if i, j := p.find(key); i >= 0 {
		change(&p.Rings[i].Receipts[j])
	}
	return p
}

// find returns the indexes of a receipt, -1 when there is none with that key.
func (p *Escalation) find(key string) (ring, receipt int) {
	for i := range p.Rings {
		for j := range p.Rings[i].Receipts {
			if p.Rings[i].Receipts[j].Key == key {
				return i, j
			}
		}
	}
	return -1, -1
}

// clone returns an escalation whose rings and turns may be written to.
func (p Escalation) clone() Escalation {
	p.Rings = slices.Clone(p.Rings)
	for i := range p.Rings {
		p.Rings[i] = p.Rings[i].clone()
	}
	if p.Turns != nil {
		turns := make(map[int]int, len(p.Turns)+1)
		for step, turn := range p.Turns {
			turns[step] = turn
		}
		p.Turns = turns
	}
	return p
}
