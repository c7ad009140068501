package bot

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// withGitHub is a rig with a repository at GitHub, before its start.
func withGitHub(t *testing.T, f func(*rig, *gitHub)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, slacksim.Options{})
		r.github = newGitHub()
		defer r.close()
		f(r, r.github)
	})
}

// fixed declares an incident and mitigates it by a rollback, which leaves INC-1-F1.
func (r *rig) fixed(options string) {
	r.t.Helper()
	r.command("ada", "general", "declare checkout *fails* for @here sev2 "+options)
	r.pass(5 * time.Second)
	r.command("ada", "general", "mitigate INC-1 rollback")
	r.pass(5 * time.Second)
}

// export asks for a follow-up to be opened at a tracker.
func (r *rig) export(who incident.Actor, id string) desk.Answer {
	r.t.Helper()
	a, err := r.desk.Export(r.t.Context(), desk.Caller{Actor: who}, id, "")
	if err != nil {
		r.t.Fatalf("Export(%s) = %v", id, err)
	}
	return a
}

func (r *rig) followUp(id string) incident.FollowUp {
	r.t.Helper()
	_, n, _ := incident.ParseFollowUp(id)
	i, _ := r.fold(n)
	f, ok := i.FollowUp(id)
	if !ok {
		r.t.Fatalf("there is no %s", id)
	}
	return f
}

// TestExport opens a follow-up at GitHub when somebody asks, once, and finishes it when
// the issue is closed there.
func TestExport(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		r.pass(time.Hour)
		if n := g.count(); n != 0 {
			t.Fatalf("%d issues though nobody asked", n)
		}
		first, second := r.export("person:ada", "inc1f1"), r.export("person:bob", "INC-1-F1")
		if first.Notes[0] != "INC-1-F1 is being opened in GitHub." || second.Notes[0] != "INC-1-F1 is being opened in GitHub already." {
			t.Errorf("the answers are %v and %v", first.Notes, second.Notes)
		}
		r.pass(10 * time.Second)
		i := g.is(1)
		if i == nil || g.count() != 1 {
			t.Fatalf("%d issues, want one", g.count())
		}
		if i.Title != "Replace the rollback with a permanent fix" || !strings.Contains(i.Body, `INC-1-F1, the permanent fix of INC-1: checkout \*fails\*`) ||
			strings.Contains(i.Body, "@here") || !strings.Contains(i.Body, "Owned by team Payments, due ") {
			t.Errorf("the issue is %q\n%s", i.Title, i.Body)
		}
		f := r.followUp("INC-1-F1")
		if f.Export.Key != "octo/app#1" || f.Export.URL != i.URL || !f.Open() {
			t.Errorf("the follow-up is %+v", f)
		}
		channel := r.channel("inc-1-checkout-fails-for-here").Messages
		if m := r.find(channel, "opened INC-1-F1 in GitHub"); !strings.Contains(m.Text, "octo/app#1") {
			t.Errorf("the channel is told %q", m.Text)
		}
		if _, err := r.desk.Export(r.t.Context(), desk.Caller{Actor: "person:ada"}, "INC-1-F1", ""); err == nil || !strings.Contains(err.Error(), i.URL) {
			t.Errorf("Export() again = %v, want where it is", err)
		}
		r.pass(time.Hour)
		if !r.followUp("INC-1-F1").Open() {
			t.Fatal("it is over, though the issue is open")
		}
		g.do(func() { g.issues[0].State, g.issues[0].Reason = "closed", "completed" })
		r.pass(11 * time.Minute)
		if f := r.followUp("INC-1-F1"); f.State != incident.Done || f.Outcome != i.URL || f.EndedBy != incident.Bot {
			t.Errorf("after the issue was closed it is %+v", f)
		}
		g.mu.Lock()
		calls := len(g.calls)
		g.mu.Unlock()
		r.pass(24 * time.Hour)
		if g.mu.Lock(); len(g.calls) > calls+1 {
			t.Errorf("GitHub was asked %d times more, though nothing is open there", len(g.calls)-calls)
		}
		g.mu.Unlock()
	})
}

// TestExportNotPlanned decides against what was closed so at GitHub, also of an incident
// that is closed, whose channel hears nothing of it.
func TestExportNotPlanned(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		r.command("ada", "general", "resolve INC-1 done")
		r.pass(time.Minute)
		r.command("ada", r.channel("inc-1-checkout-fails-for-here").ID, "close anyway it is known")
		r.pass(time.Minute)
		before := len(r.channel("inc-1-checkout-fails-for-here").Messages)
		r.export("person:ada", "INC-1-F1")
		r.pass(10 * time.Second)
		r.find(r.dm("U0ADA"), "INC-1-F1 is open in GitHub: octo/app#1")
		g.do(func() { g.issues[0].State, g.issues[0].Reason = "closed", "not_planned" })
		r.pass(11 * time.Minute)
		if f := r.followUp("INC-1-F1"); f.State != incident.Dropped || f.Outcome != "Closed in GitHub as not planned: "+g.is(1).URL {
			t.Errorf("it is %+v", f)
		}
		if after := len(r.channel("inc-1-checkout-fails-for-here").Messages); after != before {
			t.Errorf("the channel of a closed incident was told %d things", after-before)
		}
	})
}

// TestExportKilled kills the bot when the issue stands and nobody has heard of it: the
// next process finds it and opens no other.
func TestExportKilled(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		g.do(func() {
			g.after = func() {
				g.fault = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
				panic(http.ErrAbortHandler) // the answer never comes
			}
		})
		r.export("person:ada", "INC-1-F1")
		r.pass(5 * time.Second)
		r.stop()
		g.do(func() { g.after, g.fault = nil, nil })
		r.start()
		r.pass(3 * time.Minute)
		if f := r.followUp("INC-1-F1"); g.count() != 1 || f.Export.Key != "octo/app#1" {
			t.Errorf("%d issues; the follow-up is %+v", g.count(), f)
		}
	})
}

// TestExportFails tells whoever asked what only an operator can mend, without a secret,
// and tries again what passes by itself.
func TestExportFails(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		g.fails(http.StatusUnauthorized, "", "")
		r.export("person:ada", "INC-1-F1")
		r.pass(10 * time.Second)
		m := r.find(r.dm("U0ADA"), "Could not open INC-1-F1 in GitHub: the token is not accepted")
		if strings.Contains(m.Text, "ghp_") {
			t.Errorf("it shows the token: %s", m.Text)
		}
		g.fails(http.StatusForbidden, "Retry-After", "600")
		r.export("person:ada", "INC-1-F1") // may be asked again
		r.pass(9 * time.Minute)
		g.do(func() {
			if n := len(g.calls); n > 3 {
				t.Errorf("asked %d times within the limit's ten minutes: %v", n, g.calls)
			}
			g.fault = nil
		})
		r.pass(2 * time.Minute)
		if f := r.followUp("INC-1-F1"); f.Export.Key != "octo/app#1" || g.count() != 1 {
			t.Errorf("after the limit the follow-up is %+v", f)
		}
	})
}

// TestExportAlways opens permanent fixes by themselves where that is configured, ten
// minutes later: what was corrected meanwhile leaves nothing behind. Private incidents
// and drills go nowhere.
func TestExportAlways(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, options, then string
		want                int
	}{
		{"plain", "", "", 1},
		{"corrected", "", "mitigate INC-1 fix", 0},
		{"private", "private", "", 0},
		{"drill", "drill", "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			withGitHub(t, func(r *rig, g *gitHub) {
				g.always = true
				r.start()
				r.fixed(test.options)
				if test.then != "" {
					r.command("ada", "general", test.then)
				}
				r.pass(9 * time.Minute)
				if n := g.count(); n != 0 {
					t.Fatalf("%d issues at once", n)
				}
				r.pass(5 * time.Minute)
				if n := g.count(); n != test.want {
					t.Errorf("%d issues, want %d", n, test.want)
				}
			})
		})
	}
}

// TestExportPrivate opens a follow-up of a private incident only when somebody who may
// see it says so, and shows no more than its title.
func TestExportPrivate(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("private")
		if _, err := r.desk.Export(r.t.Context(), desk.Caller{Actor: "person:eve"}, "INC-1-F1", ""); err == nil || !strings.Contains(err.Error(), "There is no INC-1") {
			t.Errorf("Export() by somebody who may not see it = %v", err)
		}
		r.export("person:ada", "INC-1-F1")
		r.pass(10 * time.Second)
		i := g.is(1)
		if i == nil || i.Title != "Replace the rollback with a permanent fix" || !strings.HasPrefix(i.Body, "<!-- stormbell ") || strings.Contains(i.Body, "INC-1") {
			t.Errorf("the issue is %+v", i)
		}
	})
}

// TestExportGone forgets an issue that has not been found for a day, says so, and asks
// a tracker that fails less and less often.
func TestExportGone(t *testing.T) {
	t.Parallel()
	longLife(t)
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		r.export("person:ada", "INC-1-F1")
		r.pass(10 * time.Second)
		g.fails(http.StatusBadGateway, "", "")
		g.do(func() { g.calls = nil })
		r.pass(24 * time.Hour)
		g.do(func() {
			if n := len(g.calls); n < 6 || n > 12 {
				t.Errorf("asked %d times in a day without an answer", n)
			}
		})
		r.find(r.channel("incidents").Messages, "The tracker platform does not say what is closed there")
		g.fails(http.StatusNotFound, "", "") // the token sees the repository no more
		r.pass(72 * time.Hour)
		if _, events := r.fold(1); strings.Contains(texts(events), "has not been found") {
			t.Error("it is forgotten since the token sees nothing")
		}
		g.do(func() { g.fault, g.issues[0].deleted = nil, true })
		r.pass(20 * time.Hour)
		if _, events := r.fold(1); strings.Contains(texts(events), "has not been found") {
			t.Error("it is forgotten before a day is over")
		}
		r.pass(12 * time.Hour)
		if _, events := r.fold(1); strings.Count(texts(events), "The issue octo/app#1 of INC-1-F1 has not been found for a day") != 1 {
			t.Errorf("the timeline says\n%s", texts(events))
		}
		if !r.followUp("INC-1-F1").Open() {
			t.Error("it is over though nobody has said so")
		}
	})
}

func texts(events []incident.Event) string {
	var b strings.Builder
	for _, e := range events {
		b.WriteString(e.Text + "\n")
	}
	return b.String()
}

// TestExportRestarted goes on asking after the tracker was taken out of the
// configuration and put in again.
func TestExportRestarted(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		r.export("person:ada", "INC-1-F1")
		r.pass(10 * time.Second)
		r.stop()
		g.gone = true
		r.start()
		r.pass(2 * time.Hour)
		r.stop()
		g.gone = false
		g.do(func() { g.issues[0].State = "closed" })
		r.start()
		r.pass(15 * time.Minute)
		if f := r.followUp("INC-1-F1"); f.State != incident.Done {
			t.Errorf("it is %+v", f)
		}
	})
}

// TestExportAgain takes an issue that was closed while its follow-up was opened again
// for old: it is done when the issue was opened and closed once more.
func TestExportAgain(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		r.export("person:ada", "INC-1-F1")
		r.pass(10 * time.Second)
		r.command("ada", "general", "mitigate INC-1 fix") // nothing is left to do
		r.pass(time.Minute)
		g.do(func() { g.issues[0].State = "closed" })
		r.command("ada", "general", "mitigate INC-1 rollback") // or is there
		r.pass(time.Hour)
		if f := r.followUp("INC-1-F1"); !f.Open() {
			t.Fatalf("it is %+v", f)
		}
		g.do(func() { g.issues[0].State = "open" })
		r.pass(time.Hour)
		g.do(func() { g.issues[0].State = "closed" })
		r.pass(15 * time.Minute)
		if f := r.followUp("INC-1-F1"); f.State != incident.Done {
			t.Errorf("it is %+v", f)
		}
	})
}
