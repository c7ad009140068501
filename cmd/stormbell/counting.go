package main

import (
	"cmp"
	"sync/atomic"
	"time"

	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/storage"
)

// The parts of the program tell what happens in their own words, and know nothing of
// metrics. Here their words become numbers.

func countingCommits(m *web.Metrics) func(storage.Commit) {
	return func(c storage.Commit) { m.Commit(c.Took, c.Updates, c.Err) }
}

func countingMilestones(m *web.Metrics) func(desk.Milestone) {
	return func(e desk.Milestone) {
		switch severity := e.Severity.String(); e.Reached {
		case desk.WasDeclared:
			m.Declared(severity, e.Source)
		case desk.WasNotified:
			m.Notified(severity, e.After)
		case desk.WasAcknowledged:
			m.Acknowledged(severity, e.After)
		case desk.WasUnanswered:
			m.Unanswered(severity)
		}
	}
}

func countingJobs(m *web.Metrics) func(ledger.Job, string, time.Duration) {
	return func(j ledger.Job, outcome string, age time.Duration) {
		m.Job(string(j.Kind), outcome, age)
		if j.Asks() && outcome == "done" {
			m.Delivered(cmp.Or(j.Via, "slack"), age)
		}
	}
}

// vitals is how the program is, for those who run it: how much waits in the outbox, and
// whether the store's file is sound.
type vitals struct {
	unread  atomic.Bool // records of the store are still to be read for the first time
	damaged atomic.Bool // and some cannot be
	backlog atomic.Pointer[[dispatch.Priorities]dispatch.Backlog]
}

// countingBacklog remembers what waits, and counts it.
func (v *vitals) countingBacklog(m *web.Metrics) func([dispatch.Priorities]dispatch.Backlog) {
	return func(all [dispatch.Priorities]dispatch.Backlog) {
		v.backlog.Store(&all)
		for priority, b := range all {
			m.Waiting(priority, b.Jobs, b.Oldest)
		}
	}
}

// health says how the parts are that Slack does not see.
func (v *vitals) health(vias []string, out func() []string) func() chat.Health {
	return func() chat.Health {
		h := chat.Health{Methods: vias, Out: out(), Damaged: v.damaged.Load()}
		all := v.backlog.Load()
		if all == nil {
			return h
		}
		for _, b := range all {
			h.Jobs += b.Jobs
			if b.Jobs > 0 && !b.Oldest.IsZero() && (h.Oldest.IsZero() || b.Oldest.Before(h.Oldest)) {
				h.Oldest = b.Oldest
			}
		}
		return h
	}
}
