package incident

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyAct draws something that can be done to an incident, with any text.
func anyAct(t *rapid.T) func(Incident, time.Time) (Change, error) {
	by := rapid.SampledFrom([]Actor{ada, bob, eve, "admin:ops"}).Draw(t, "by")
	who := rapid.SampledFrom([]Actor{ada, bob, eve}).Draw(t, "who")
	text := rapid.SampledFrom([]string{"", "rollback", "fixed it", "what: 500s", "\u202ex", strings.Repeat("&", 4000)}).Draw(t, "text")
	sev := Severity(rapid.IntRange(0, 5).Draw(t, "sev"))
	role := rapid.SampledFrom([]Role{Commander, Responder, Communicator, Shadow}).Draw(t, "role")
	service := rapid.SampledFrom([]string{"checkout", "edge", ""}).Draw(t, "service")
	choices := []func(Incident, time.Time) (Change, error){
		func(i Incident, now time.Time) (Change, error) { return i.Acknowledge(by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Investigate(by, text, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Mitigating(by, text, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Mitigate(by, text, "payments", now) },
		func(i Incident, now time.Time) (Change, error) { return i.Resolve(by, text, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Close(by, text, now) },
		func(i Incident, now time.Time) (Change, error) {
			return i.CloseBy(Record{Missed: []Promise{PromiseAck}}, "anyway "+text, by, now)
		},
		func(i Incident, now time.Time) (Change, error) { return i.Review(who, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Waive(text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.AcceptMiss(text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.NeedsNoFollowUp(text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Reopen(by, text, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Cancel(by, text, now) },
		func(i Incident, now time.Time) (Change, error) {
			return i.Merge(Incident{Number: 3}, "the same", by, now)
		},
		func(i Incident, now time.Time) (Change, error) { return i.Note("", text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.SetSeverity(sev, text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Rename(text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Reroute(service, text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.TakeRole(role, who, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.PressCommand(by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.AcceptOffer(i.Offer.Seq, who, now) },
		func(i Incident, now time.Time) (Change, error) { return i.DeclineOffer(i.Offer.Seq, who, now) },
		func(i Incident, now time.Time) (Change, error) { return i.LapseOffer(now), nil },
		func(i Incident, now time.Time) (Change, error) { return i.DropRole(role, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Inform(text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Repeat(text, by, now) },
		func(i Incident, now time.Time) (Change, error) { return i.Publish(text, by, now) },
		func(i Incident, now time.Time) (Change, error) {
			return i.AlertFires(Fires{Title: text, Again: 2, Told: true}, mon, now), nil
		},
		func(i Incident, now time.Time) (Change, error) { return i.AlertCleared(text, true, mon, now), nil },
		func(i Incident, now time.Time) (Change, error) { return i.Lapse(Bot, "No sign of life.", now), nil },
		func(i Incident, now time.Time) (Change, error) {
			return i.Record(now, Event{Kind: KindPaged, Person: who, Via: "slack"}, Event{Kind: KindChannel, Channel: "C1"}), nil
		},
		func(i Incident, now time.Time) (Change, error) { return i.Record(now, Event{Kind: KindExhausted}), nil },
	}
	return rapid.SampledFrom(choices).Draw(t, "act")
}

// TestAnyLife does anything in any order, also while the clock jumps about: the
// stored state is the fold of the timeline, and no earlier value ever changes.
func TestAnyLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		c, err := Declare(7, Declaration{Title: "Checkout is slow", Service: "checkout", Severity: Sev3}, eve, now)
		if err != nil {
			t.Fatal(err)
		}
		i, timeline := c.Incident, c.Events
		var kept []Incident
		var asJSON []string
		for range rapid.IntRange(1, 25).Draw(t, "acts") {
			kept, asJSON = append(kept, i), append(asJSON, written(t, i))
			now = now.Add(time.Duration(rapid.IntRange(-60, 600).Draw(t, "seconds")) * time.Second)
			c, err := anyAct(t)(i, now)
			if err != nil {
				refusedWell(t, c, err)
				continue
			}
			i, timeline = c.Incident, append(timeline, c.Events...)
			legal(t, i, c)
		}
		folded, err := Fold(7, timeline)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(folded, i); diff != "" {
			t.Fatalf("the state differs from the fold of its timeline (-fold +state):\n%s", diff)
		}
		for n, old := range kept {
			if got := written(t, old); got != asJSON[n] {
				t.Fatalf("an act changed an earlier value:\n was %s\n is  %s", asJSON[n], got)
			}
		}
	})
}

func written(t *rapid.T, i Incident) string {
	b, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refusedWell checks that a refusal changes nothing and says something.
func refusedWell(t *rapid.T, c Change, err error) {
	var r *Refusal
	if !errors.As(err, &r) || r.Why == "" {
		t.Fatalf("error %v, want a refusal in words", err)
	}
	if len(c.Events)+len(c.Effects) > 0 || c.Incident.Number != 0 {
		t.Fatalf("a refusal (%v) came with a change: %+v", err, c)
	}
}

// legal checks what holds for every incident after every change.
func legal(t *rapid.T, i Incident, c Change) {
	if (i.AcknowledgedBy == "") != i.Since.IsZero() {
		t.Fatalf("on it %q since %s", i.AcknowledgedBy, i.Since)
	}
	if n := len(i.Impact); n == 0 || i.Impact[n-1].End.IsZero() != i.Status.Hurting() {
		t.Fatalf("status %s, impact %v", i.Status, i.Impact)
	}
	for n, v := range i.Impact {
		if n > 0 && v.Start.Before(i.Impact[n-1].End) || !v.End.IsZero() && v.End.Before(v.Start) {
			t.Fatalf("impact is not in order: %v", i.Impact)
		}
	}
	if i.Highest > i.Severity {
		t.Fatalf("severity %s, highest %s", i.Severity, i.Highest)
	}
	seen := map[Role]bool{}
	for _, h := range i.Roles {
		if seen[h.Role] && !h.Role.Shared() {
			t.Fatalf("two hold the role %s: %v", h.Role, i.Roles)
		}
		seen[h.Role] = true
	}
	if i.Offer.Open() && (!i.Status.Active() || i.Has(Commander, i.Offer.Person)) {
		t.Fatalf("status %s, commander %s, and an offer: %+v", i.Status, i.Holder(Commander), i.Offer)
	}
	if (i.Status == Merged) != (i.MergedInto != 0) {
		t.Fatalf("status %s, merged into %d", i.Status, i.MergedInto)
	}
	for _, e := range c.Events {
		if utf8.RuneCountInString(e.Text) > MaxText || strings.ContainsFunc(e.Text, hostile) {
			t.Fatalf("event %+v holds text that is not clean", e)
		}
	}
	if slices.ContainsFunc(c.Effects, func(e Effect) bool { return e.Kind == Say && (e.Seq < 1 || e.Seq > i.Events) }) {
		t.Fatalf("an effect tells an event that is not there: %v", c.Effects)
	}
}

// hostile reports whether a character must never reach a reader.
func hostile(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}
