package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// TestPage is a test of every way by which a person is paged.
type TestPage struct {
	ID      string         `json:"id"`
	Person  incident.Actor `json:"person"`
	At      time.Time      `json:"at"`
	Methods []TriedMethod  `json:"ways"`
}

// TriedMethod is one way of a [TestPage] and what came of it.
type TriedMethod struct {
	Via    string        `json:"via"`
	Result string        `json:"result,omitempty"` // accepted, delivered, seen or failed; empty while it is under way
	Cause  string        `json:"cause,omitempty"`  // of a failure
	After  time.Duration `json:"after,omitempty"`  // how long it took
}

// Over reports whether nothing is under way any more.
func (t TestPage) Over() bool {
	return !slices.ContainsFunc(t.Methods, func(w TriedMethod) bool { return w.Result == "" })
}

// Words says what came of it, one line for each way.
func (t TestPage) Words() []string {
	var lines []string
	for _, w := range t.Methods {
		line := w.Via + ": " + cmp.Or(w.Result, "under way")
		if w.After > 0 {
			line += " after " + w.After.Round(100*time.Millisecond).String()
		}
		if w.Cause != "" {
			line += ", " + w.Cause
		}
		lines = append(lines, line)
	}
	return lines
}

// testPageRecord is a tryout as it is stored.
type testPageRecord struct {
	V int `json:"v"`
	TestPage
}

func testPageKey(id string) string { return "tryout/" + id }

// keepTryout is how long a tryout can be asked for.
const keepTryout = 24 * time.Hour

// TestPages sends a person a test by each of their ways, and tells them in Slack
// which arrived.
func (d *Desk) TestPages(ctx context.Context, c Caller, person incident.Actor) (TestPage, error) {
	var t TestPage
	_, err := d.act(ctx, c, 0, func(w *work) error {
		kind, id := person.Split()
		ways := w.who.Methods(id)
		if kind != "person" || len(ways) == 0 {
			return refusal("Ask for a name with slack, email or phone to be put there.", "The roster does not say how %s is reached.", w.who.DisplayName(person))
		}
		name := make([]byte, 6)
		rand.Read(name)
		t = TestPage{ID: hex.EncodeToString(name), Person: person, At: w.Now}
		for _, via := range ways {
			t.Methods = append(t.Methods, TriedMethod{Via: via})
			if _, err := w.AddApart(ledger.Job{Kind: ledger.TestPage, Person: string(person), Via: via, Target: t.ID}); err != nil {
				return err
			}
		}
		return errors.Join(w.Save(testPageKey(t.ID), testPageRecord{1, t}), w.Wake(testPageKey(t.ID), w.Now.Add(keepTryout)))
	})
	return t, err
}

// TestPageOf returns a test page as it stands.
func (d *Desk) TestPageOf(ctx context.Context, id string) (TestPage, error) {
	var r testPageRecord
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, err = storage.Load[testPageRecord](tx, testPageKey(id))
		return err
	})
	if errors.Is(err, storage.ErrNotFound) {
		return TestPage{}, refusal("A test is remembered for a day.", "There is no test %s.", incident.Quoted(id))
	}
	return r.TestPage, err
}

// tried records what came of one way. With the last one the person is told.
func (w *work) tried(j ledger.Job, o Outcome) error {
	r, ok, err := ledger.Load[testPageRecord](w.Tx.Tx, testPageKey(j.Target))
	if err != nil || !ok {
		return err
	}
	for k := range r.Methods {
		if way := &r.Methods[k]; way.Via == j.Via {
			way.Result, way.Cause, way.After = cmp.Or(string(o.Level), "accepted"), o.Failed, w.Now.Sub(r.At)
			if o.Failed != "" {
				way.Result = "failed"
			}
		}
	}
	if err := w.Save(testPageKey(j.Target), r); err != nil || !r.Over() {
		return err
	}
	text := "Your test of " + w.clock(r.At) + ":\n" + strings.Join(r.Words(), "\n")
	_, err = w.AddApart(ledger.Job{Kind: ledger.Alarm, Person: string(r.Person), Text: text})
	return err
}

// forgetTestPage removes a test page that is old.
func (d *Desk) forgetTestPage(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		return errors.Join(t.Sleep(name), t.Delete(name)) // its record is called the same
	})
}
