package desk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// tidied ends the incidents long ago, lets them be tidied for so long, and returns
// what is left of the keys with these prefixes, and what was complained of.
func (x *fixture) tidied(d time.Duration, prefixes ...string) (left []string, complaints []error) {
	x.t.Helper()
	time.Sleep(keepTidied + 25*time.Hour)
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		if err := x.led.Tick(background(), time.Now()); err != nil {
			complaints = append(complaints, err)
		}
	}
	x.view(func(key string, _ []byte) {
		for _, p := range prefixes {
			if strings.HasPrefix(key, p) {
				left = append(left, key)
			}
		}
	})
	return left, complaints
}

// TestTidyOfALargeIncident: what is more than one transaction holds is removed in
// several.
func TestTidyOfALargeIncident(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.spoilt = true
		t := x.t
		n := x.declare(incident.Declaration{}).Number
		x.deliver()
		const many = 300
		for from := 0; from < many; from += 50 {
			_, err := x.Desk.act(background(), byBot, n, func(w *work) error {
				for k := from; k < from+50; k++ {
					a := incident.SlackUser(fmt.Sprintf("U%04d", k))
					w.inc.Involved = append(w.inc.Involved, a)
					if err := w.Save(slackDigestKey(a), slackDigestRecord{V: 1}); err != nil {
						return err
					}
					p := Prompt{V: 1, Message: ledger.Message{Channel: "D1", TS: ledger.Number(k)}, Person: a}
					if err := w.Save(promptKey(n, p.Message), p); err != nil {
						return err
					}
				}
				return saveIncident(w.Tx.Tx, w.inc)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		x.act(eve, n, Act{Verb: Cancel, Text: "it was none"})
		x.deliver()
		left, complaints := x.tidied(time.Minute, "gather/", "ask/", "page/")
		if len(left) > 0 || len(complaints) > 0 {
			t.Errorf("%d records are left (%.3q), complaints: %v; want nothing", len(left), left, complaints)
		}
	})
}

// TestTidyGoesOn: an incident that cannot be read holds up no other, and is not looked
// at every second.
func TestTidyGoesOn(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.spoilt = true
		t := x.t
		for range 3 {
			n := x.declare(incident.Declaration{}).Number
			x.deliver()
			x.act(eve, n, Act{Verb: Cancel, Text: "it was none"})
			x.deliver()
		}
		err := x.led.Update(background(), ledger.Request{}, func(tx *ledger.Tx) error { return tx.Put(artifactsKey(2), []byte("{")) })
		if err != nil {
			t.Fatal(err)
		}
		left, complaints := x.tidied(10*time.Minute, "page/")
		if len(left) != 1 || left[0] != escalationKey(2) || len(complaints) != 1 || !strings.Contains(complaints[0].Error(), "tidy INC-2") {
			t.Errorf("left: %v, complaints: %v; want the damaged one, and one complaint in ten minutes that names it", left, complaints)
		}
	})
}

// TestTidyOfMarksAlone: marks are removed of incidents, too, that nobody was paged for, or
// that were tidied before; whatever their archive files are like.
func TestTidyOfMarksAlone(t *testing.T) {
	inBubble(t, func(x *fixture) {
		n := x.declare(incident.Declaration{}).Number
		x.deliver()
		x.act(eve, n, Act{Verb: Cancel, Text: "it was none"})
		x.deliver()
		if left, complaints := x.tidied(time.Minute, "page/", "ask/", "mark/"); len(left) > 0 || len(complaints) > 0 {
			x.t.Fatalf("left: %q, complaints: %v", left, complaints)
		}
		m := ledger.Message{Channel: "C1", TS: "1700000000.000001"}
		if _, err := x.Unmark(background(), Caller{Actor: eve}, n, m, "pin", time.Now()); err != nil {
			x.t.Fatal(err)
		}
		if left, complaints := x.tidied(time.Minute, "mark/"); len(left) > 0 || len(complaints) > 0 {
			x.t.Errorf("left: %q, complaints: %v", left, complaints)
		}
	})
}
