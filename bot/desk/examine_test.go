package desk

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// TestExamineFindsWhatIsWrong does to a store, one thing at a time, what no version does,
// and looks that it is found, where it is, and nothing else.
func TestExamineFindsWhatIsWrong(t *testing.T) {
	change := func(key, from, to string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error {
			b, err := tx.Get(key)
			if err == nil && !bytes.Contains(b, []byte(from)) {
				err = errors.New(key + " has no " + from + ": " + string(b))
			}
			return errors.Join(err, tx.Put(key, bytes.Replace(b, []byte(from), []byte(to), 1)))
		}
	}
	put := func(key, value string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error { return tx.Put(key, []byte(value)) }
	}
	remove := func(key string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error {
			_, err := tx.Get(key)
			return errors.Join(err, tx.Delete(key))
		}
	}
	late := func(name string) func(*storage.Tx) error {
		return func(tx *storage.Tx) error {
			at, ok, err := ledger.DueIn(tx, name)
			if err == nil && !ok {
				err = errors.New(name + " is not planned")
			}
			return errors.Join(err, storage.Save(tx, "wake/"+name, map[string]any{"v": 1, "due": at.Add(time.Hour)}))
		}
	}
	for _, tt := range []struct {
		name      string
		spoil     func(*storage.Tx) error
		key, what string
	}{
		{"a hole in a timeline", remove("event/000001/000002"), "event/000001/000002", "missing"},
		{"an event that cannot be read", put("event/000001/000002", "{"), "event/000001/000002", "no JSON"},
		{"the last event is gone", withoutLastEvent, "event/000003/", "The end of the timeline is missing"},
		{"a state that its timeline does not make", change("incident/000001", `"severity":1`, `"severity":3`), "incident/000001", "severity"},
		{"an incident without its state", remove("incident/000002"), "event/000002/000001", "There is no INC-2"},
		{"an open incident is not listed", remove("open/000001"), "open/000001", "is open"},
		{"a closed incident is listed", put("open/000003", ""), "open/000003", "not open"},
		{"a channel leads nowhere", remove("channel/C0INC"), "channel/C0INC", "lead to INC-1"},
		{"a part is not listed", remove("part/000001/000002"), "part/000001/000002", "a part of INC-1"},
		{"a part that is none", put("part/000001/000003", ""), "part/000001/000003", "no part of INC-1"},
		{"an escalation sleeps", remove("wake/escalation/000001"), "wake/escalation/000001", "goes on at"},
		{"an escalation is looked at too late", late("escalation/000001"), "wake/escalation/000001", "and nothing looks at it before 20"},
		{"a promise is looked at too late", late("promise/000001"), "wake/promise/000001", "What is promised of INC-1 is due at"},
		{"a promise sleeps", remove("wake/promise/000001"), "wake/promise/000001", "and nothing looks at it then"},
		{"an escalation of nothing", put("page/000009", `{"v":1}`), "page/000009", "There is no INC-9"},
		{"a key of no version", put("nonsense/1", `{}`), "nonsense/1", "called so"},
		{"a record that is none", put("workspace", `{"v":`), "workspace", "no JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(x *fixture) {
				x.declare(incident.Declaration{Severity: incident.Sev1})
				x.done(jobOf(x.t, x.led.Take(), ledger.Channel), Outcome{Channel: "C0INC", ChannelName: "inc-1"})
				x.declare(incident.Declaration{Severity: incident.Sev2})
				x.declare(incident.Declaration{Severity: incident.Sev4})
				x.act(eve, 2, Act{Verb: Merge, Into: 1})
				x.act(eve, 3, Act{Verb: Resolve, How: "rollback"})
				if _, err := x.Do(background(), byBot, 1, Act{Verb: Note, Text: "x"}); err != nil {
					x.t.Fatal(err)
				}
				x.examine()
				x.spoilt = true
				if err := x.led.Update(background(), ledger.Request{}, func(tx *ledger.Tx) error { return tt.spoil(tx.Tx) }); err != nil {
					x.t.Fatal(err)
				}
				var found Examined
				err := x.db.View(background(), func(tx *storage.Tx) (err error) {
					found, err = Examine(tx, func() error { return nil })
					return err
				})
				if err != nil {
					x.t.Fatal(err)
				}
				hit := false
				for _, f := range found.Faults {
					hit = hit || strings.HasPrefix(f.Key, tt.key) && strings.Contains(f.What, tt.what) && f.Mend != ""
				}
				if !hit {
					x.t.Errorf("found %+v, want %s: %s", found.Faults, tt.key, tt.what)
				}
			})
		})
	}
}

// withoutLastEvent takes the newest event of INC-3 away.
func withoutLastEvent(tx *storage.Tx) error {
	var last string
	for key := range tx.Scan(eventPrefix(3)) {
		last = key
	}
	return tx.Delete(last)
}

// TestExamineSaysItOnce: what cannot be read is one fault, with the one thing that would put it
// right, and what only a copy has is not promised to be computed.
func TestExamineSaysItOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(*storage.Tx) error
		want  Fault
	}{
		{"a state", func(tx *storage.Tx) error { return tx.Put("incident/000003", []byte("{")) },
			Fault{"incident/000003", "It is no JSON.", mendState}},
		{"an entry", func(tx *storage.Tx) error { return tx.Put("event/000003/000001", []byte("{")) },
			Fault{"event/000003/000001", "It is no JSON.", mendLost}},
		{"the last entry is gone", withoutLastEvent,
			Fault{"event/000003/000002", "The end of the timeline is missing: it has 1 entry, and the state was made from 2.", mendLost}},
		{"the state is behind", func(tx *storage.Tx) error {
			i, err := loadIncident(tx, 3)
			i.Events--
			return errors.Join(err, saveIncident(tx, i))
		}, Fault{"incident/000003", "The timeline has 2 entries, and the state was made from 1.", mendState}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(x *fixture) {
				for range 3 {
					x.declare(incident.Declaration{Severity: incident.Sev4})
				}
				if _, err := x.Do(background(), byBot, 3, Act{Verb: Note, Text: "x"}); err != nil {
					x.t.Fatal(err)
				}
				x.spoilt = true
				if err := x.led.Update(background(), ledger.Request{}, func(tx *ledger.Tx) error { return tt.spoil(tx.Tx) }); err != nil {
					x.t.Fatal(err)
				}
				var found Examined
				err := x.db.View(background(), func(tx *storage.Tx) (err error) {
					found, err = Examine(tx, func() error { return nil })
					return err
				})
				if err != nil {
					x.t.Fatal(err)
				}
				if len(found.Faults) != 1 || found.Faults[0] != tt.want {
					x.t.Errorf("found %+v, want %+v alone", found.Faults, tt.want)
				}
			})
		})
	}
}
