package desk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// world answers the escalation's questions from the roster that holds.
func (w *work) world() escalation.World {
	world := escalation.FromRoster(w.who.roster, w.ways)
	world.Turn = w.turn
	world.Reports = func(via string) bool { return slices.Contains(w.d.opt.Reports, via) }
	return world
}

// ways returns every way a person can be reached by, the most direct first. Who
// is known to Slack only by mail address is looked up when they are paged.
func (w *work) ways(person string) []string {
	p, ok := w.who.roster.Person(person)
	if !ok {
		return nil
	}
	var ways []string
	if w.who.slack(person) != "" || p.Email != "" {
		ways = append(ways, "slack")
	}
	for _, via := range w.d.opt.Vias {
		if p.HasAddress(via) {
			ways = append(ways, via)
		}
	}
	return ways
}

// turn draws the next number of a round-robin step.
func (w *work) turn(policy string, step int) int {
	key := fmt.Sprintf("turn/%s/%s", policy, number(step))
	r, err := storage.Load[turnRecord](w.tx, key)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return 0 // the transaction fails by itself
	}
	mine := r.Count
	r.V, r.Count = 1, mine+1
	_ = storage.Save(w.tx, key, r) // likewise
	return mine
}
