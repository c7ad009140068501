package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// diskAlert is an alert of checkout with labels.
func diskAlert(key string) alert.Alert {
	return alert.Alert{Key: key, Status: alert.Firing, Title: "Disk full at " + key, Severity: alert.Sev2, Service: "checkout", Source: "event",
		Labels: []alert.KV{{Key: "alertname", Value: "DiskFull"}, {Key: "instance", Value: key}}}
}

// showing returns the messages that show the words.
func showing(where []slacksim.Message, words string) (found []slacksim.Message) {
	for _, m := range where {
		if shows(m, words) {
			found = append(found, m)
		}
	}
	return found
}

// TestSilenceFromSlack silences an alert, restarts the bot while it is held back, and
// lets the silence end: whoever is on call is paged.
func TestSilenceFromSlack(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		seen := r.command("ada", "general", "silence alertname=DiskFull instance=db-7 for 2h disk swap")
		if !strings.Contains(seen.Text, "{alertname: DiskFull, instance: db-7}") || !strings.Contains(seen.Text, "(s1)") {
			t.Fatalf("ada sees %q, want what is silenced, and s1", seen.Text)
		}
		r.pass(10 * time.Second)
		if got := showing(r.channel("incidents").Messages, "Silence of"); len(got) != 0 {
			t.Errorf("announced before it held anything back:%s", list(got))
		}
		taken, err := r.alert(r.t.Context(), diskAlert("db-7"))
		if err != nil || taken.Result != alert.Suppressed {
			t.Fatalf("taken %+v (%v), want suppressed", taken, err)
		}
		r.pass(10 * time.Second)
		line := r.find(r.channel("incidents").Messages, "Silence of")
		if !shows(line, "disk swap") || !shows(line, "U0ADA") {
			t.Errorf("the line does not say who and why: %s", line.Text)
		}
		if len(r.dm("U0ADA")) != 0 {
			t.Errorf("ada is paged although it is silenced:%s", list(r.dm("U0ADA")))
		}
		r.stop()
		r.start()
		if seen := r.command("bob", "general", "silences"); !shows(slacksim.Message{Text: seen.Text, Blocks: seen.Blocks}, "1 alert held back so far") {
			t.Errorf("bob sees %s %s, want what was held back", seen.Text, seen.Blocks)
		}
		r.pass(2 * time.Hour)
		if got := r.dm("U0ADA"); len(showing(got, "Disk full at db-7")) == 0 {
			t.Errorf("nobody is paged for the alert that still fires; ada has%s", list(got))
		}
		over := showing(r.channel("incidents").Messages, "Silence of")
		if len(over) != 1 || over[0].TS != line.TS || !shows(over[0], "is over") || !shows(over[0], "INC-1") {
			t.Errorf("the line is not the same one, edited, with what came of it:%s", list(over))
		}
		if i, _ := r.fold(1); i.Service != "checkout" || i.Title != "Disk full at db-7" {
			t.Errorf("opened %+v", i)
		}
	})
}

// TestMaintenanceFromSlack puts a service in maintenance while one of its incidents is
// open: its channel and its card say so, and a sev1 that a person declares pages.
func TestMaintenanceFromSlack(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("eve", "general", "declare checkout is slow sev3 service:checkout")
		r.pass(20 * time.Second)
		r.command("ada", "general", "maintenance checkout 2h database upgrade")
		r.pass(20 * time.Second)
		i, _ := r.fold(1)
		var name string
		for _, c := range r.sim.State().Channels {
			if c.ID == i.Channel {
				name = c.Name
			}
		}
		messages := r.channel(name).Messages
		r.find(messages, "Maintenance of Checkout until")
		card := r.find(messages, ":no_bell: Maintenance until")
		if !shows(card, "database upgrade") {
			t.Errorf("the card does not say why: %s", card.Blocks)
		}
		r.find(r.channel("incidents").Messages, "Maintenance of Checkout")
		if taken, err := r.alert(r.t.Context(), diskAlert("db-7")); err != nil || taken.Result != alert.Suppressed {
			t.Errorf("taken %+v (%v), want suppressed", taken, err)
		}
		r.command("eve", "general", "declare nobody can pay sev1 service:checkout")
		r.pass(20 * time.Second)
		r.find(r.dm("U0ADA"), "nobody can pay")
		if got := showing(r.dm("U0ADA"), "Disk full"); len(got) != 0 {
			t.Errorf("paged for what is held back:%s", list(got))
		}
		seen := r.command("bob", "general", "silences")
		if _, err := r.sim.As("bob").Press(slacksim.Press{Channel: "general", TS: seen.TS, ActionID: "end_quiet"}); err != nil {
			t.Fatalf("press End now: %v", err)
		}
		r.pass(20 * time.Second)
		if told := r.whispers("bob"); !strings.Contains(told, "Maintenance of Checkout is over") {
			t.Errorf("bob was told %s", told)
		}
		line := r.find(r.channel("incidents").Messages, "is over since")
		if !shows(line, "ended by <@U0BOB>") || !shows(line, "1 still fires") {
			t.Errorf("the line does not say by whom, and what still fires: %s", line.Text)
		}
		if got := showing(r.channel(name).Messages, ":no_bell:"); len(got) != 0 {
			t.Errorf("a card still shows the maintenance:%s", list(got))
		}
	})
}

// TestSilenceForms fills the forms in, wrong at first.
func TestSilenceForms(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("ada", "general", "silence")
		v := r.view("U0ADA")
		fill := func(match, end, begin string) map[string]map[string]any {
			return map[string]map[string]any{"match": {"value": match}, "end": {"value": end}, "begin": {"value": begin}, "reason": {"value": "disk swap"}}
		}
		for block, values := range map[string]map[string]map[string]any{
			"match": fill("DiskFull", "2h", ""),
			"end":   fill("alertname=DiskFull", "soon", ""),
			"begin": fill("alertname=DiskFull", "2h", "later"),
		} {
			if result := r.submit("ada", v, values); result.Closed || result.Errors[block] == "" {
				t.Errorf("%v: %+v, want an error at %s", values, result, block)
			}
		}
		if result := r.submit("ada", v, fill("alertname=DiskFull", "31d", "")); !strings.Contains(result.Errors["end"], "30 days") {
			t.Errorf("31 days: %+v, want a refusal at the end", result)
		}
		if result := r.submit("ada", v, fill("alertname=DiskFull\ninstance=/db-.*/\n", "2h", "")); !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		if taken, _ := r.alert(r.t.Context(), diskAlert("db-7")); taken.Result != alert.Suppressed {
			t.Errorf("taken %+v, want suppressed", taken)
		}
		if taken, _ := r.alert(r.t.Context(), diskAlert("web-1")); taken.Result != alert.Opened {
			t.Errorf("taken %+v, want opened", taken)
		}
		r.command("ada", "general", "maintenance")
		if result := r.submit("ada", r.view("U0ADA"), map[string]map[string]any{"service": {"value": "search"}, "end": {"value": "14:00"}}); !result.Closed {
			t.Fatalf("Submit() = %+v, want closed", result)
		}
		list, err := r.alerts.Quiets(r.t.Context(), false)
		if err != nil || len(list) != 2 || list[1].Service != "search" || list[1].Until.Hour() != 14 {
			t.Errorf("made %+v (%v), want the maintenance of search until 14:00", list, err)
		}
		// From the message about the alerts, the form is filled in with the worst.
		r.pass(20 * time.Second)
		i, _ := r.fold(1)
		m := slacksim.Message{}
		for _, c := range r.sim.State().Channels {
			if c.ID == i.Channel {
				if found := showing(c.Messages, "Silence…"); len(found) > 0 {
					m = found[0]
				}
			}
		}
		if m.TS == "" { // one alert needs no message about it
			if _, err := r.alert(r.t.Context(), diskAlert("web-2")); err != nil {
				t.Fatal(err)
			}
			r.pass(20 * time.Second)
			for _, c := range r.sim.State().Channels {
				if c.ID == i.Channel {
					m = r.find(c.Messages, "Silence…")
				}
			}
		}
		r.press("ada", i.Channel, m, "Silence…")
		if v := r.view("U0ADA"); !strings.Contains(string(v.Blocks), `alertname=DiskFull\nservice=checkout`) {
			t.Errorf("the form is not filled in: %s", v.Blocks)
		}
	})
}

// TestSilenceTwice taps twice: one silence is made, so that ending it ends it. Ended and
// made anew, or made for longer, it is another one.
func TestSilenceTwice(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		count := func() int {
			t.Helper()
			list, err := r.alerts.Quiets(r.t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		for _, words := range []string{"silence alertname=DiskFull for 2h disk swap", "maintenance checkout for 2h disk swap"} {
			before := count()
			first := r.command("ada", "general", words)
			r.pass(2 * time.Second)
			if again := r.command("ada", "general", words); again.Text != first.Text {
				t.Errorf("the second time ada sees %q, the first time %q", again.Text, first.Text)
			}
			if n := count() - before; n != 1 {
				t.Errorf("%s, typed twice, made %d", words, n)
			}
		}
		r.command("ada", "general", "silence alertname=DiskFull for 3h disk swap")
		r.command("bob", "general", "silence alertname=DiskFull for 2h disk swap")
		if n := count(); n != 4 {
			t.Errorf("a longer one and somebody else's: %d in all, want 4", n)
		}
		if _, err := r.alerts.EndQuiet(r.t.Context(), desk.Caller{Actor: incident.Person("ada")}, "s1"); err != nil {
			t.Fatal(err)
		}
		r.command("ada", "general", "silence alertname=DiskFull for 2h disk swap")
		if n := count(); n != 4 {
			t.Errorf("ended and made anew: %d, want 4", n)
		}
	})
}

// TestGuestSilencesNothing: whoever may only read opens no form, makes no silence by one
// that they had, and ends none.
func TestGuestSilencesNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{People: []slacksim.Person{{ID: "U0GUS", Name: "gus", RealName: "Gus Fry", Guest: true}}}, func(r *rig) {
		for _, key := range []string{"db-7", "db-8"} {
			if _, err := r.alert(r.t.Context(), diskAlert(key)); err != nil {
				t.Fatal(err)
			}
		}
		r.pass(20 * time.Second)
		i, _ := r.fold(1)
		if err := r.sim.As("ada").Invite(i.Channel, "gus"); err != nil {
			t.Fatal(err)
		}
		r.pass(5 * time.Second)
		for _, c := range r.sim.State().Channels {
			if c.ID == i.Channel {
				r.press("gus", c.ID, r.find(c.Messages, "Silence…"), "Silence…")
			}
		}
		if views := r.sim.State().Views["U0GUS"]; len(views) != 0 {
			t.Errorf("a guest has the form: %+v", views)
		}
		gus := desk.Caller{Actor: "slack:U0GUS"}
		made, err := r.alerts.Maintain(r.t.Context(), desk.Caller{Actor: incident.Person("ada")}, "checkout", time.Time{}, time.Now().Add(time.Hour), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.alerts.EndQuiet(r.t.Context(), gus, made.ID); err == nil {
			t.Error("a guest has ended it")
		}
		if q, err := r.alerts.Maintain(r.t.Context(), gus, "search", time.Time{}, time.Now().Add(time.Hour), ""); err == nil {
			t.Errorf("a guest has made %+v", q)
		}
	})
}

// TestSilenceRefusals keeps what was typed, and says what to write instead.
func TestSilenceRefusals(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		for typed, want := range map[string]string{
			"silence alertname=DiskFull":            "Say for how long",
			"silence DiskFull for 2h":               "Say which alerts",
			"maintenance chekout for 2h":            "Did you mean checkout?",
			"maintenance checkout for 31d":          "more than 30 days",
			"silense alertname=DiskFull for 2h":     "Did you mean `/incident silence`?",
			"mute alertname=DiskFull until 25:00":   "Say for how long",
			"maintenance checkout until 2001-01-01": "Say for how long",
		} {
			seen := r.command("ada", "general", typed)
			if !strings.Contains(seen.Text, want) || !shows(slacksim.Message{Blocks: seen.Blocks}, strings.Fields(typed)[1]) {
				t.Errorf("%s: %q %s, want %q and what was typed", typed, seen.Text, seen.Blocks, want)
			}
		}
		if list, err := r.alerts.Quiets(r.t.Context(), true); err != nil || len(list) != 0 {
			t.Errorf("made all the same: %v (%v)", list, err)
		}
	})
}

// TestQuietLineAfterACrash loses the record of the line that was posted: the next
// process finds the line, and makes no second one.
func TestQuietLineAfterACrash(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.command("ada", "general", "maintenance checkout 2h database upgrade")
		r.command("ada", "general", "maintenance search 2h new index")
		r.pass(10 * time.Second)
		r.stop()
		engine, err := bolt.Open(r.path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		db := storage.New(engine)
		if err := db.Update(r.t.Context(), func(tx *storage.Tx) error {
			for _, id := range []string{"m1", "m2"} {
				record, err := storage.Load[map[string]any](tx, "maintenance/"+id)
				if err != nil {
					return err
				}
				if record["message"] == nil {
					t.Errorf("%s has no message on record", id)
				}
				delete(record, "message")
				if err := storage.Save(tx, "maintenance/"+id, record); err != nil {
					return err
				}
			}
			for n, target := range []string{"maintenance/m2", "maintenance/m1"} {
				j := ledger.Job{V: 1, Number: 900 + n, Kind: ledger.Quiet, Target: target, Created: time.Now()}
				if err := storage.Save(tx, j.Key(), j); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		r.start()
		r.pass(10 * time.Second)
		for key, what := range map[string]string{"maintenance/m1": "Maintenance of Checkout", "maintenance/m2": "Maintenance of Search"} {
			got := showing(r.channel("incidents").Messages, what)
			_, shown, err := r.alerts.QuietByKey(r.t.Context(), key)
			if err != nil || len(got) != 1 || got[0].TS != shown.TS {
				t.Errorf("%s is on record as %v (%v); want the one line about it:%s", what, shown, err, list(got))
			}
		}
	})
}
