package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestExportFromSlack opens a follow-up by the button of the list and by words, shows
// where it is from then on, and answers words that mean nothing.
func TestExportFromSlack(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("")
		room := r.channel("inc-1-checkout-fails-for-here").ID
		seen := r.command("bob", room, "followups")
		if got := unescaped(string(seen.Blocks)); strings.Count(got, "Open in GitHub") != 1 || strings.Contains(got, "confirm") {
			t.Fatalf("the list shows %s, want one button", got)
		}
		r.click("bob", seen, "followup_export_0", "INC-1-F1 platform")
		if told := r.whispers("bob"); !strings.Contains(told, "INC-1-F1 is being opened in GitHub.") {
			t.Errorf("bob was told %s", told)
		}
		r.pass(10 * time.Second)
		if f := r.followUp("INC-1-F1"); f.Export.Key != "octo/app#1" {
			t.Fatalf("it is %+v", f)
		}
		r.answers("ada", room, "followups", "In GitHub: <https://github.test/octo/app/issues/1|octo/app#1>", "Decided against")
		if got := r.answered("ada", room, "followups"); strings.Contains(got, "Open in GitHub") {
			t.Errorf("it is offered again: %s", got)
		}
		r.click("bob", seen, "followup_export_0", "INC-1-F1 platform") // the list that is still on the screen
		if told := r.whispers("bob"); !strings.Contains(told, "INC-1-F1 is in GitHub already") {
			t.Errorf("bob was told %s", told)
		}
		r.answers("ada", room, "task count the pools @bob", "INC-1-F2 is open", "Open in GitHub")
		r.answers("ada", room, "export F2 jira", `There is no tracker "jira" for INC-1-F2`, "There are: platform")
		r.answers("ada", "general", "export F2", "Say which follow-up")
		r.answers("ada", "general", "export INC-1-F9", "There is no follow-up INC-1-F9")
		r.answers("ada", room, "export F2 to GitHub", "INC-1-F2 is being opened in GitHub")
		r.pass(10 * time.Second)
		if n := g.count(); n != 2 {
			t.Errorf("%d issues, want two", n)
		}
	})
}

// TestExportPrivateFromSlack asks before a title of a private incident is shown, and
// offers nothing to somebody who may not see it.
func TestExportPrivateFromSlack(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		r.start()
		r.fixed("private")
		room := r.channel("inc-1-checkout-fails-for-here").ID
		seen := r.command("ada", room, "followups")
		if got := unescaped(string(seen.Blocks)); !strings.Contains(got, "Show its title there?") {
			t.Errorf("the list shows %s, want a question", got)
		}
		r.answers("eve", "general", "export INC-1-F1", "There is no INC-1")
		r.click("ada", seen, "followup_export_0", "INC-1-F1 platform")
		r.pass(10 * time.Second)
		if i := g.is(1); i == nil || strings.Contains(i.Body, "INC-1") || strings.Contains(i.Title+i.Body, "checkout") {
			t.Errorf("the issue is %+v", i)
		}
	})
}

// TestExportTeams offers only the trackers of a follow-up's team, and none where there
// is none.
func TestExportTeams(t *testing.T) {
	t.Parallel()
	withGitHub(t, func(r *rig, g *gitHub) {
		g.teams = []string{"others"}
		r.start()
		r.fixed("")
		room := r.channel("inc-1-checkout-fails-for-here").ID
		if got := r.answered("ada", room, "followups"); strings.Contains(got, "Open in") {
			t.Errorf("the list shows %s, want no button", got)
		}
		r.answers("ada", room, "export F1", "No tracker takes the follow-ups of team payments")
		r.stop()
		g.teams, g.gone = nil, true
		r.start()
		r.answers("ada", room, "export F1", "There is no tracker to open INC-1-F1 in", "trackers in the configuration")
		if f := r.followUp("INC-1-F1"); f.Export != (incident.Export{}) {
			t.Errorf("it is %+v", f)
		}
	})
}
