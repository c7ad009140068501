package desk

import (
	"fmt"
	"slices"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident/escalation"
)

// world answers the escalation's questions from the roster that holds.
func (w *work) world() escalation.World {
	world := escalation.FromRoster(w.who.Roster, w.who.Methods)
	world.Turn = w.turn
	world.Reports = func(via string) bool { return slices.Contains(w.d.opt.Reports, via) }
	return world
}

// turn draws the next number of a round-robin step.
func (w *work) turn(policy string, step int) int {
	mine, _ := w.Count(fmt.Sprintf("turn/%s/%s", policy, ledger.Number(step))) // a failure fails the transaction by itself
	return mine
}
