package desk

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// regularly is what is looked at again and again, and how long it takes at most.
var regularly = map[string]time.Duration{
	archiveName: archiveEvery, "tidy": tidyEvery, nightsName: 48 * time.Hour, weekName: 8 * 24 * time.Hour, monthName: 35 * 24 * time.Hour, "weekly": 8 * 24 * time.Hour,
	"sweep": time.Hour, "handover": 31 * 24 * time.Hour, "gaps": 48 * time.Hour, "groups": 24 * time.Hour, "forget": 30 * 24 * time.Hour,
}

// comeInTime looks whether all of that is looked at in time.
func (x *fixture) comeInTime(what string) {
	x.t.Helper()
	err := x.led.View(background(), func(tx *storage.Tx) error {
		for name, within := range regularly {
			at, ok, err := ledger.DueIn(tx, name)
			if err != nil {
				return err
			}
			if !ok || at.After(time.Now().Add(within+time.Minute)) {
				x.t.Errorf("%s: %s is looked at %s (%t), want within %s", what, name, at, ok, within)
			}
		}
		return nil
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestClockFarAheadOnce: what comes again and again was planned while the clock was years
// ahead. It is planned anew, when the clock is set back and with the next start.
func TestClockFarAheadOnce(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(x *fixture){
		"at the start": func(x *fixture) {
			err := x.led.Update(background(), ledger.Request{}, func(t *ledger.Tx) error {
				for name := range regularly {
					if err := t.Wake(name, t.Now.Add(3*year)); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				x.t.Fatal(err)
			}
			x.reopen()
		},
		"when it is set back": func(x *fixture) {
			set, pass, _ := x.setClock()
			pass(2 * time.Second)
			set(3 * year)
			pass(10 * time.Second)
			err := x.led.Update(background(), ledger.Request{}, func(t *ledger.Tx) error { // as of a roster with hand-overs
				return t.Save("handover", map[string]any{"v": 1, "through": t.Now})
			})
			if err != nil {
				x.t.Fatal(err)
			}
			set(-3 * year)
			pass(2 * time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			withArchive(t, 1, func(x *fixture) {
				x.told.Weekly = Weekly{Day: time.Friday, Clock: "13:30"}
				x.reopen()
				set(x)
				x.comeInTime(name)
				if name == "at the start" {
					return
				}
				var from struct{ Through time.Time }
				x.view(func(key string, value []byte) {
					if key == "handover" {
						if err := json.Unmarshal(value, &from); err != nil {
							x.t.Error(err)
						}
					}
				})
				if from.Through.IsZero() || from.Through.After(time.Now()) {
					x.t.Errorf("hand-overs are told from %s on", from.Through)
				}
			})
		})
	}
}
