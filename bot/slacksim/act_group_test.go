package slacksim

import "testing"

func TestCreateGroup(t *testing.T) {
	for name, c := range map[string]struct {
		options      Options
		who, handle  string
		err          string
		groupsByThen int
	}{
		"anybody":                      {Options{}, "ben", "oncall", "", 1},
		"an admin where only they may": {Options{AdminsOnlyGroups: true}, "ada", "oncall", "", 1},
		"others where only admins may": {Options{AdminsOnlyGroups: true}, "ben", "oncall", "user group @oncall: permission_denied", 0},
		"the free plan":                {Options{Plan: Free}, "ada", "oncall", "user group @oncall: plan_upgrade_required", 0},
		"a handle of Slack's":          {Options{}, "ada", "here", "user group @here: forbidden_handle", 0},
		"nobody":                       {Options{}, "zoe", "oncall", `user "zoe": user_not_found`, 0},
	} {
		c.options.People = []Person{{Name: "ada", IsAdmin: true}, {Name: "ben"}}
		w, err := New(c.options)
		if err != nil {
			t.Fatal(err)
		}
		id, err := w.As(c.who).CreateGroup("On call", c.handle)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if groups := w.State().Groups; got != c.err || len(groups) != c.groupsByThen || (id == "") != (c.err != "") {
			t.Errorf("%s: CreateGroup(%q) by %s = %q, error %q, then %d groups; want the error %q and %d", name, c.handle, c.who, id, got, len(groups), c.err, c.groupsByThen)
		}
		w.Close()
	}
}
