package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestAccess reads who may do what, as a list and as words with commas, and names the
// nearest where somebody has mistyped.
func TestAccess(t *testing.T) {
	const head = "slack: {app_token: xapp-1-A-2-b, bot_token: xoxb-1-2-c}\naccess:\n"
	tests := []struct {
		yaml string
		want string // of the problem; empty: none
	}{
		{"  manage: [involved, team:sre, 'group:@oncall', 'channel:#war-room', person:ada]\n", ""},
		{"  declare: everybody\n", ""},
		{"  declare: team:sre, person:ada\n", ""},
		{"  manage: [involvd]\n", "access.manage[0]: \"involvd\" is nobody who can have a right; did you mean involved?"},
		{"  manage:\n    - involved\n    - teem:sre\n", ":5: access.manage[1]: \"teem:sre\" is nobody who can have a right; did you mean team:sre?"},
		{"  manage: ['team:']\n", "names nobody"},
		{"  declare: [involved]\n", "access.declare[0]: involved says nothing there"},
		{"  mange: [involved]\n", "did you mean access.manage?"},
		{"  manage: [7]\n", "needs text"},
		{"  roster: {team: sre}\n", "needs one value"},
	}
	for _, test := range tests {
		file := filepath.Join(t.TempDir(), "stormbell.yaml")
		if err := os.WriteFile(file, []byte(head+test.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file, nil)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.yaml, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want %q", test.yaml, err, test.want)
		}
	}
	c, err := Load("", []string{"STORMBELL_SLACK_APP_TOKEN=xapp-1-A-2-b", "STORMBELL_SLACK_BOT_TOKEN=xoxb-1-2-c", "STORMBELL_ACCESS_MANAGE=involved, team:sre"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[incident.Right][]string{incident.ManageRight: {"involved", "team:sre"}}
	if diff := cmp.Diff(want, c.Access.Rights()); diff != "" {
		t.Errorf("Rights() (-want +got):\n%s", diff)
	}
}

// TestAccessStrangers names whom the roster does not know, with the nearest.
func TestAccessStrangers(t *testing.T) {
	r := &rotation.Roster{People: []rotation.Person{{ID: "ada"}}, Teams: []rotation.Team{{ID: "payments"}}}
	a := Access{Manage: []string{"involved", "team:payment", "person:ada", "person:U0123456", "person:zzz", "group:payment"}}
	got := a.Strangers(r).Error()
	want := "access.manage[1]: the roster has no team payment; did you mean team:payments?\naccess.manage[4]: the roster has no person zzz; use an ID of the roster"
	if got != want {
		t.Errorf("Strangers() = %s\nwant %s", got, want)
	}
}
