package bot

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// api calls a Web API method with the bot's token, as an admin's script would.
func (r *rig) api(method string, args url.Values) {
	r.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.line.Dial(ctx) }}}
	q, err := http.NewRequest(http.MethodPost, "http://slack.test/api/"+method, strings.NewReader(args.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Authorization", "Bearer "+r.sim.BotToken())
	resp, err := client.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out struct {
		OK    bool
		Error string
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || !out.OK {
		r.t.Fatalf("%s %v = %+v, %v; want ok", method, args, out, err)
	}
}

func (r *rig) group(handle string) slacksim.UserGroup {
	r.t.Helper()
	groups := r.sim.State().Groups
	i := slices.IndexFunc(groups, func(g slacksim.UserGroup) bool { return g.Handle == handle })
	if i < 0 {
		r.t.Fatalf("no user group %q", handle)
	}
	return groups[i]
}

func updates(r *rig) int {
	n := 0
	for _, c := range r.sim.Calls(0) {
		if c.Method == "usergroups.users.update" {
			n++
		}
	}
	return n
}

var groupRoster = strings.NewReplacer("lead: cleo}", "lead: cleo, slack_group: payments-oncall}",
	"time_zone: UTC\n", "time_zone: UTC\n    overrides: [{set: [], start: 2000-01-05T00:00:00Z, end: 2000-01-06T00:00:00Z}]\n").Replace(rosterText)

// TestUserGroup keeps a group equal to who is on call over a hand-over, calls only
// when it differs, never empties it, and says once that it is stale.
func TestUserGroup(t *testing.T) {
	t.Parallel()
	longLife(t)
	opt := calm("team-payments")
	opt.Manifest = manifest(t)
	inBubble(t, opt, func(r *rig) {
		r.api("usergroups.create", url.Values{"name": {"Payments on call"}, "handle": {"payments-oncall"}})
		r.apply(groupRoster)
		if g := r.group("payments-oncall"); !slices.Equal(g.Users, []string{"U0ADA"}) {
			t.Fatalf("members = %v, want ada", g.Users)
		}
		r.pass(24 * time.Hour)
		if n := updates(r); n != 1 {
			t.Errorf("%d updates within a quiet day, want the first one", n)
		}
		r.pass(33*time.Hour + time.Second) // just over Monday 09:00
		if g := r.group("payments-oncall"); !slices.Equal(g.Users, []string{"U0BOB"}) {
			t.Errorf("members after the hand-over = %v, want bob", g.Users)
		}
		r.api("usergroups.users.update", url.Values{"usergroup": {r.group("payments-oncall").ID}, "users": {"U0EVE"}})
		r.pass(20 * time.Minute)
		if g := r.group("payments-oncall"); !slices.Equal(g.Users, []string{"U0BOB"}) {
			t.Errorf("members after somebody else changed them = %v, want bob again", g.Users)
		}
		r.seek(r.channel("team-payments").Messages, "Somebody else changes @payments-oncall too.")
		r.pass(3 * 24 * time.Hour) // over a Wednesday with nobody
		if n := count(r.channel("team-payments").Messages, "Nobody is on call, so @payments-oncall keeps the people who were on call last."); n != 1 {
			t.Errorf("it was said %d times that nobody is on call, want once:%s", n, list(r.channel("team-payments").Messages))
		}
		if g, n := r.group("payments-oncall"), updates(r); !slices.Equal(g.Users, []string{"U0BOB"}) || n != 4 {
			t.Errorf("members = %v after %d updates, want bob kept after three of ours and one of somebody else", g.Users, n)
		}
		r.noErrors()
	})
}

// TestUserGroupsRefused has a workspace without user groups, and one whose admins
// keep them: it is said at most once a day, and paging goes on.
func TestUserGroupsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		opt  slacksim.Options
		want string
	}{
		{"free plan", slacksim.Options{Plan: slacksim.Free}, "plan has no user groups (plan_upgrade_required)"},
		{"admins only", slacksim.Options{AdminsOnlyGroups: true}, "There is no user group @payments-oncall"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, tt.opt, func(r *rig) {
				r.apply(groupRoster)
				r.pass(36 * time.Hour)
				told := count(r.channel("incidents").Messages, tt.want)
				if told == 0 || told > 2 {
					t.Errorf("it was said %d times within 36 hours, want at most once a day:%s", told, list(r.channel("incidents").Messages))
				}
				r.command("eve", "general", "declare checkout is down")
				r.pass(time.Minute)
				r.seek(r.dm("U0ADA"), "checkout is down")
			})
		})
	}
}

// TestGroupsNotAllowed has a group that only admins change.
func TestGroupsNotAllowed(t *testing.T) {
	t.Parallel()
	inBubble(t, calm(), func(r *rig) {
		r.api("usergroups.create", url.Values{"name": {"Payments on call"}, "handle": {"payments-oncall"}})
		if err := r.sim.Fault(slacksim.Fault{Method: "usergroups.users.update", Error: "permission_denied"}); err != nil {
			t.Fatal(err)
		}
		r.apply(groupRoster)
		r.pass(12 * time.Hour)
		if n := count(r.channel("incidents").Messages, "only admins change user groups; an admin can allow it for everybody (permission_denied)"); n != 1 {
			t.Errorf("it was said %d times, want once:%s", n, list(r.channel("incidents").Messages))
		}
		if n := updates(r); n > 2 {
			t.Errorf("%d tries within half a day, want one a day", n)
		}
	})
}

// TestGapAlarm tells of gaps ahead once, and of today's on the day, in working
// hours; a gap of every week is told once for all.
func TestGapAlarm(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.apply(strings.Replace(rosterText, "time_zone: UTC\n", "time_zone: UTC\n    overrides: [{set: [], start: 2000-01-13T10:00:00Z, end: 2000-01-13T12:00:00Z, reason: move}]\n", 1))
		r.pass(2 * 24 * time.Hour) // Saturday and Sunday
		if n := count(r.channel("team-payments").Messages, "Nobody is on call:"); n != 0 {
			t.Errorf("gaps were told %d times at the weekend, want not at all", n)
		}
		r.pass(9*time.Hour + 31*time.Minute)
		m := r.seek(r.channel("team-payments").Messages, "Nobody is on call:")
		if at := postedAt(m); at.Weekday() != time.Monday || at.Hour() != 9 {
			t.Errorf("told at %s, want Monday 09:30", at)
		}
		r.pass(9 * 24 * time.Hour)
		if n := count(r.channel("team-payments").Messages, "Nobody is on call:"); n != 1 {
			t.Errorf("told %d times until the day before, want once", n)
		}
		r.stop()
		r.start()
		r.pass(24 * time.Hour)
		if n := count(r.channel("team-payments").Messages, "Nobody is on call:"); n != 2 {
			t.Errorf("told %d times, want once more on its day:%s", n, list(r.channel("team-payments").Messages))
		}
		r.noErrors()
	})
}

// TestOfficeHours has a rotation that is closed at night and at weekends: that is
// told once and does not nag.
func TestOfficeHours(t *testing.T) {
	t.Parallel()
	longLife(t)
	inBubble(t, calm("team-payments"), func(r *rig) {
		office := `{id: weekly, people: [ada, bob], start: 1999-11-01T09:00, every: {weeks: 1}, windows: [{days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00"}]}`
		r.apply(strings.Replace(rosterText, "{id: weekly, people: [ada, bob], start: 1999-12-27T09:00, every: {weeks: 1}}", office, 1))
		r.pass(9 * 24 * time.Hour)
		if n := count(r.channel("team-payments").Messages, "Nobody is on call:"); n != 1 {
			t.Errorf("the gaps of every week were told on %d days, want on one", n)
		}
	})
}

// TestDeactivatedInGroup has two people on call, one of whom has left Slack: the
// other one is in the group all the same.
func TestDeactivatedInGroup(t *testing.T) {
	t.Parallel()
	inBubble(t, calm("team-payments"), func(r *rig) {
		r.api("usergroups.create", url.Values{"name": {"Payments on call"}, "handle": {"payments-oncall"}})
		if err := r.sim.ChangePerson("bob", func(u *slacksim.User) { u.Deleted = true }); err != nil {
			t.Fatal(err)
		}
		r.apply(strings.Replace(groupRoster, "people: [ada, bob], start", "people: [[ada, bob]], start", 1))
		r.pass(time.Hour)
		if g := r.group("payments-oncall"); !slices.Equal(g.Users, []string{"U0ADA"}) {
			t.Errorf("members = %v, want ada", g.Users)
		}
		if n := count(r.channel("team-payments").Messages, "may not be in a group: bob."); n != 1 {
			t.Errorf("it was said %d times that bob is not in it, want once:%s", n, list(r.channel("team-payments").Messages))
		}
	})
}
