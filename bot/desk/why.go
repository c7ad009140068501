package desk

import (
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// rule says by which rule of the person a message goes out.
func rule(s escalation.Notification) string {
	when := "at once"
	if s.After > 0 {
		when = "after " + rotation.DurationText(s.After)
	}
	switch s.Reason {
	case escalation.ByRule:
		return s.Via + " " + when
	case escalation.ByDefault:
		return "no rules, so every contact method at once"
	case escalation.ByFailure:
		return s.Via + ", earlier because another contact method failed"
	default:
		return ""
	}
}

// skipped says whom a step named and did not page, and who sleeps.
func (w *work) skipped(e escalation.Entry) []incident.Skipped {
	var list []incident.Skipped
	for _, s := range e.Skipped {
		skip := incident.Skipped{Target: s.Target, Why: string(s.Why)}
		if s.Why == escalation.OutsideHours && e.Kind == escalation.Waits {
			skip.Until = e.Until
		}
		if s.Person != "" {
			skip.Person = incident.Person(s.Person)
		}
		list = append(list, skip)
	}
	if e.Urgency != escalation.Low {
		return list
	}
	for _, c := range e.People {
		if until := rotation.Daytime().Next(w.who.Roster.Location(c.Person), e.At); until.After(e.At) {
			list = append(list, incident.Skipped{Person: incident.Person(c.Person), Why: "quiet_hours", Until: until.UTC()})
		}
	}
	return list
}

// Why explains the pages of an incident as viewer may see it: each step with
// whom it named, each page with its rule and what became of it, and what is
// still to come.
func (d *Desk) Why(ctx context.Context, viewer incident.Actor, n int) (escalation.Explanation, error) {
	i, events, err := d.Timeline(ctx, viewer, n)
	if err != nil {
		return escalation.Explanation{}, err
	}
	var r escalationRecord
	err = d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, err = storage.Load[escalationRecord](tx, escalationKey(n))
		return err
	})
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return escalation.Explanation{}, err
	}
	return escalation.Explain(i, events, r.Page), nil
}

// Words is how an explanation is written: a time, and everything else.
type Words struct {
	Time func(time.Time) string
	Text func(string) string // nil: as it is
}

func (w Words) text(s string) string {
	if w.Text == nil {
		return s
	}
	return w.Text(s)
}

// WhyWords says an explanation in plain lines, one for each step and page.
func (d *Desk) WhyWords(x escalation.Explanation, w Words) []string {
	var lines []string
	if x.Policy != "" {
		line := w.text("Policy " + x.Policy + ", urgency " + string(x.Urgency))
		if !x.RaiseAt.IsZero() {
			line += ", high from " + w.Time(x.RaiseAt) + ", when the support hours begin"
		}
		lines = append(lines, line+"; now "+string(x.State)+".")
	}
	for _, s := range x.Steps {
		lines = append(lines, w.Time(s.At)+" "+w.text(s.Words))
		for _, k := range s.Skipped {
			if line := d.whySkipped(k, w); line != "" {
				lines = append(lines, "    "+line)
			}
		}
		for _, p := range s.Pages {
			lines = append(lines, "    "+w.Time(p.At)+" "+w.text(d.whyPage(p)))
		}
	}
	for _, p := range x.Coming {
		lines = append(lines, w.Time(p.At)+" next: "+w.text(d.oncall.Current().DisplayName(p.Person))+" by "+p.Via)
	}
	return lines
}

func (d *Desk) whySkipped(k incident.Skipped, w Words) string {
	name, target := "", w.text(k.Target)
	if k.Person != "" {
		name = w.text(d.oncall.Current().DisplayName(k.Person))
	}
	switch k.Why {
	case string(escalation.NobodyOnCall):
		return target + ": nobody was on call"
	case string(escalation.NoWay):
		return name + " was not paged: the roster does not say how to reach them"
	case string(escalation.NotTheirTurn):
		return name + " was not paged: it was somebody else's turn"
	case string(escalation.OutsideHours):
		if k.Until.IsZero() {
			return target + " was not paged: outside the hours of the step"
		}
		return target + " is paged at " + w.Time(k.Until) + ", when the hours of the step begin"
	case "quiet_hours":
		return name + " is asleep and is paged at " + w.Time(k.Until)
	default:
		return ""
	}
}

func (d *Desk) whyPage(p escalation.ExplainedPage) string {
	who := p.Target
	if p.Person != "" {
		who = d.oncall.Current().DisplayName(p.Person)
	}
	line := who + " by " + p.Via
	if p.Rule != "" {
		line += " (" + p.Rule + ")"
	}
	if p.Because != "" {
		line += ", as " + p.Because
	}
	line += ": " + string(p.Result)
	if !p.ResultAt.IsZero() && p.ResultAt.Sub(p.At) >= time.Second {
		line += " after " + p.ResultAt.Sub(p.At).Round(time.Second).String()
	}
	if p.Cause != "" {
		line += ", " + p.Cause
	}
	return line
}
