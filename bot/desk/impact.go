package desk

import (
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Impact is what somebody says of the impact, with times as they were typed. What is
// empty stays as it is.
type Impact struct {
	Since    string // when it began
	Until    string // when it was over
	None     bool   // nobody was hit
	Function string
	Hit      *incident.Hit
	Seen     incident.Seen // who saw it first
}

// Said reports whether it says anything.
func (m Impact) Said() bool {
	return m.Since != "" || m.Until != "" || m.None || m.Function != "" || m.Hit != nil || m.Seen != ""
}

// setImpact decides what somebody says of the impact.
func (w *work) setImpact(a Act) (incident.Change, error) {
	i, m := w.inc, a.Impact
	if !m.Said() {
		return incident.Change{}, refusal("As in: impact since 14:05, impact until 14:40, impact seen customers, or impact none.", "Say what is known of the impact.")
	}
	s := incident.ImpactSaid{None: m.None, Function: m.Function, Hit: m.Hit, Seen: m.Seen, Text: a.Text}
	var err error
	if s.Since, err = w.typed(m.Since, i.Declared, a.Zone); err != nil {
		return incident.Change{}, err
	}
	if s.Until, err = w.typed(m.Until, i.Updated, a.Zone); err != nil {
		return incident.Change{}, err
	}
	events, err := timeline(w.Tx.Tx, i.Number)
	if err != nil {
		return incident.Change{}, err
	}
	s.Over = incident.OverSince(events)
	return i.SetImpact(s, w.caller.Actor, w.Now)
}

// typed reads a time that somebody typed for something near an instant; zero where
// nothing was typed. A nil zone is the business's.
func (w *work) typed(text string, near time.Time, zone *time.Location) (time.Time, error) {
	if strings.TrimSpace(text) == "" {
		return time.Time{}, nil
	}
	if zone == nil {
		zone = w.d.opt.Zone
	}
	at, ok := incident.ParseWhen(text, near, w.Now, zone)
	if !ok {
		return at, refusal("Use the hour and the minute, as in 14:05, or with the day, as in 2026-11-29 14:05.", "“%s” is no time that has been.", text)
	}
	return at, nil
}
