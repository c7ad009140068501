package escalation

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/rotation"
)

// vector is one case of testdata/vectors.json.
type vector struct {
	ID, Note string
	Policy   struct {
		Steps []struct {
			Targets    []vectorTarget
			TimeoutS   int  `json:"timeout_s"`
			RoundRobin bool `json:"round_robin"`
		}
		Repeat      int
		Fallback    []vectorTarget
		AckTimeoutS int `json:"ack_timeout_s"`
	}
	Users map[string]struct {
		High, Low []pair
		Contacts  []string
	}
	Events []struct {
		AtS     int `json:"at_s"`
		Type    string
		By, To  string
		ForS    int `json:"for_s"`
		Urgency Urgency
	}
	UntilS       int               `json:"until_s"`
	OnCall       map[string][]duty `json:"on_call"`
	Counter      int               `json:"round_robin_counter"`
	ProviderDown []struct {
		Via   string
		FromS int `json:"from_s"`
		ToS   int `json:"to_s"`
	} `json:"provider_down"`
	Expect struct {
		Sent  []row
		Steps []row
		State State
	}
}

type vectorTarget struct{ Type, ID string }

// pair is [delay in seconds, way].
type pair rotation.Rule

func (p *pair) UnmarshalJSON(b []byte) error {
	var seconds int
	if err := json.Unmarshal(b, &[]any{&seconds, &p.Via}); err != nil {
		return err
	}
	p.After = time.Duration(seconds) * time.Second
	return nil
}

// duty is [from, to, people] in seconds.
type duty struct {
	from, to int
	people   []string
}

func (d *duty) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&d.from, &d.to, &d.people})
}

// row is one expected line, as its JSON text.
type row string

func (r *row) UnmarshalJSON(b []byte) error {
	var v []any
	err := json.Unmarshal(b, &v)
	*r = row(fmt.Sprint(v))
	return err
}

// origin is when every test's page opens.
var origin = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return origin.Add(time.Duration(seconds) * time.Second) }

func targets(in []vectorTarget) []rotation.Target {
	kinds := map[string]rotation.TargetKind{"user": rotation.TargetPerson, "schedule": rotation.TargetRotation,
		"team": rotation.TargetTeam, "channel": rotation.TargetChannel}
	var out []rotation.Target
	for _, t := range in {
		out = append(out, rotation.Target{Kind: kinds[t.Type], ID: t.ID})
	}
	return out
}

func (v *vector) policy() rotation.Policy {
	p := rotation.Policy{ID: v.ID, Repeat: v.Policy.Repeat, LastResort: targets(v.Policy.Fallback),
		AcknowledgeTimeout: time.Duration(v.Policy.AckTimeoutS) * time.Second}
	for _, s := range v.Policy.Steps {
		p.Steps = append(p.Steps, rotation.Step{Notify: targets(s.Targets), RoundRobin: s.RoundRobin,
			Wait: time.Duration(s.TimeoutS) * time.Second})
	}
	return p
}

func (v *vector) world() World {
	return World{
		OnCall: func(id string, now time.Time) []string {
			s := int(now.Sub(origin) / time.Second)
			for _, d := range v.OnCall[id] {
				if d.from <= s && s < d.to {
					return d.people
				}
			}
			return nil
		},
		Rules: func(person string, u Urgency) []rotation.Rule {
			list := v.Users[person].High
			if u == Low {
				list = v.Users[person].Low
			}
			var rules []rotation.Rule
			for _, p := range list {
				rules = append(rules, rotation.Rule(p))
			}
			return rules
		},
		Ways: func(person string) []string { return v.Users[person].Contacts },
		Turn: func(string, int) int { return v.Counter },
	}
}

func (v *vector) down(via string, now time.Time) bool {
	s := int(now.Sub(origin) / time.Second)
	for _, d := range v.ProviderDown {
		if d.Via == via && d.FromS <= s && s < d.ToS {
			return true
		}
	}
	return false
}

func loadVectors(t testing.TB) []vector {
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatalf("testdata/vectors.json: %v", err)
	}
	if len(file.Cases) < 20 {
		t.Fatalf("testdata/vectors.json has %d cases, want at least 20", len(file.Cases))
	}
	return file.Cases
}

// settle steps p at now until nothing more is due, lets down decide which sends
// fail, and returns the outcome without those.
func settle(p Escalation, w World, now time.Time, down func(via string, now time.Time) bool) (Escalation, Outcome) {
	var all Outcome
	for {
		due, ok := p.Due()
		if !ok || due.After(now) {
			return p, all
		}
		var out Outcome
		p, out = p.Step(w, now)
		all.Log = append(all.Log, out.Log...)
		for _, s := range out.Notifications {
			if down != nil && down(s.Via, now) {
				p = p.Failed(s.Key, now)
				continue
			}
			p = p.Accepted(s.Key, now)
			all.Notifications = append(all.Notifications, s)
		}
	}
}

func TestVectors(t *testing.T) {
	for _, v := range loadVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			p, out := v.run(t)
			if got, want := sentRows(out.Notifications), v.Expect.Sent; !cmp.Equal(got, want) {
				t.Errorf("%s\nsent (-want +got):\n%s", v.Note, cmp.Diff(want, got))
			}
			if got, want := stepRows(out.Log), v.Expect.Steps; !cmp.Equal(got, want) {
				t.Errorf("%s\nsteps (-want +got):\n%s", v.Note, cmp.Diff(want, got))
			}
			if p.State != v.Expect.State {
				t.Errorf("%s\nstate %q, want %q", v.Note, p.State, v.Expect.State)
			}
		})
	}
}

// run plays the case, second by second as far as things are due.
func (v *vector) run(t *testing.T) (Escalation, Outcome) {
	var p Escalation
	var all Outcome
	until := func(s int) {
		for now, ok := p.Due(); ok && !now.After(at(s)); now, ok = p.Due() {
			var out Outcome
			p, out = settle(p, v.world(), now, v.down)
			all.Notifications, all.Log = append(all.Notifications, out.Notifications...), append(all.Log, out.Log...)
		}
	}
	for _, e := range v.Events {
		var err error
		until(e.AtS - 1)
		switch e.Type {
		case "trigger":
			p = New(Open{ID: v.ID, Policy: v.policy(), Urgency: e.Urgency, Now: at(e.AtS)})
		case "ack":
			p, err = p.Ack(e.By, at(e.AtS))
		case "unack":
			p, err = p.Unack(at(e.AtS))
		case "progress":
			p = p.Progress(at(e.AtS))
		case "snooze":
			p, err = p.Snooze(at(e.AtS+e.ForS), at(e.AtS))
		case "reassign":
			p, err = p.Reassign(e.To, at(e.AtS))
		case "urgency":
			p = p.Raise(at(e.AtS))
		case "resolve":
			p = p.Resolve()
		default:
			t.Fatalf("unknown event %q", e.Type)
		}
		if err != nil {
			t.Fatalf("%s at %d s: %v", e.Type, e.AtS, err)
		}
	}
	until(v.UntilS)
	return p, all
}

func sentRows(sends []Notification) []row {
	var rows []row
	sends = slices.Clone(sends)
	slices.SortStableFunc(sends, func(a, b Notification) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Person+a.Channel+" "+a.Via, b.Person+b.Channel+" "+b.Via)
	})
	for _, s := range sends {
		rows = append(rows, row(fmt.Sprint([]any{s.At.Sub(origin).Seconds(), s.Person + s.Channel, s.Via})))
	}
	return rows
}

func stepRows(log []Entry) []row {
	var rows []row
	for _, e := range log {
		if e.Kind != Ran {
			continue
		}
		people := []any{}
		for _, c := range e.People {
			people = append(people, c.Person)
		}
		rows = append(rows, row(fmt.Sprint([]any{e.At.Sub(origin).Seconds(), e.Pass, e.Step, people})))
	}
	return rows
}
