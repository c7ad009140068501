package slacksim

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// groupMethods are the calls about user groups: a paid plan's, and a bot's
// only where the workspace lets everyone edit them.
func groupMethods() map[string]*method {
	read, write := anyOf("usergroups:read"), anyOf("usergroups:write")
	one := []string{"usergroup"}
	miss := map[string]string{"usergroup": "missing_argument", "users": "no_users_provided", "name": "missing_subteam_name"}
	return map[string]*method{
		"usergroups.list":       {scopes: read, tier: tier2, noJSON: true, run: (*call).groupsList},
		"usergroups.users.list": {scopes: read, tier: tier2, noJSON: true, required: one, absent: miss, run: (*call).groupUsers},
		"usergroups.create":     {scopes: write, tier: tier2, required: []string{"name"}, absent: miss, run: (*call).groupCreate},
		"usergroups.update":     {scopes: write, tier: tier2, required: one, absent: miss, run: (*call).groupUpdate},
		"usergroups.enable":     {scopes: write, tier: tier2, required: one, absent: miss, run: (*call).groupEnable},
		"usergroups.disable":    {scopes: write, tier: tier2, required: one, absent: miss, run: (*call).groupDisable},
		"usergroups.users.update": {scopes: write, tier: tier2, required: []string{"usergroup", "users"},
			absent: miss, run: (*call).groupSetUsers},
	}
}

var groupHandle = pattern.New(`^[a-z0-9][a-z0-9._-]{0,20}$`)

func (c *call) groupPlan() *apiError {
	if c.opts.Plan == Free {
		return fail("plan_upgrade_required")
	}
	return nil
}

// mayEdit says whether a bot token may change user groups here.
func (c *call) mayEdit() *apiError {
	if err := c.groupPlan(); err != nil {
		return err
	}
	if c.opts.AdminsOnlyGroups {
		return fail("permission_denied")
	}
	return nil
}

// group is the call's user group.
func (c *call) group() (*UserGroup, *apiError) {
	for _, g := range c.groups {
		if g.ID == c.str("usergroup") {
			return g, nil
		}
	}
	return nil, fail("no_such_subteam")
}

func (w *Workspace) groupNamed(handle string) *UserGroup {
	for _, g := range w.groups {
		if g.Handle == handle && g.Deleted == 0 {
			return g
		}
	}
	return nil
}

func (c *call) groupJSON(g *UserGroup) object {
	o := object{"id": g.ID, "team_id": c.teamID, "is_usergroup": true, "is_subteam": true, "name": g.Name, "handle": g.Handle,
		"description": g.Description, "is_external": false, "date_create": g.Created, "date_update": g.Updated,
		"date_delete": g.Deleted, "auto_type": nil, "auto_provision": false, "enterprise_subteam_id": "",
		"created_by": g.CreatedBy, "updated_by": g.UpdatedBy, "deleted_by": nil, "user_count": len(g.Users),
		"prefs": object{"channels": append([]string{}, g.Channels...), "groups": []string{}}, "channel_count": len(g.Channels)}
	if c.yes("include_users") {
		o["users"] = append([]string{}, g.Users...)
	}
	return o
}

func (c *call) groupsList() (object, *apiError) {
	if err := c.groupPlan(); err != nil {
		return nil, err
	}
	list := []object{}
	for _, g := range c.groups {
		if g.Deleted == 0 || c.yes("include_disabled") {
			list = append(list, c.groupJSON(g))
		}
	}
	return object{"usergroups": list}, nil
}

func (c *call) groupUsers() (object, *apiError) {
	if err := c.groupPlan(); err != nil {
		return nil, err
	}
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return object{"users": append([]string{}, g.Users...)}, nil
}

func (c *call) groupCreate() (object, *apiError) {
	if err := c.mayEdit(); err != nil {
		return nil, err
	}
	handle := c.str("handle")
	if handle == "" {
		handle = slug(c.str("name"))
	}
	g := &UserGroup{ID: c.id("S"), Name: c.str("name"), Handle: handle, Description: c.str("description"),
		Channels: c.list("channels"), Created: unix(c.now()), Updated: unix(c.now()), CreatedBy: c.user, UpdatedBy: c.user}
	if err := c.addGroup(g); err != nil {
		return nil, err
	}
	return object{"usergroup": c.groupJSON(g)}, nil
}

// addGroup puts a new group into the workspace.
func (c *call) addGroup(g *UserGroup) *apiError {
	if err := c.groupProblem(g); err != nil {
		return err
	}
	c.Workspace.groups = append(c.groups, g)
	c.emit("subteam_created", nil, object{"subteam": c.groupJSON(g)})
	c.changed()
	return nil
}

// groupProblem judges a group's texts and channels.
func (c *call) groupProblem(g *UserGroup) *apiError {
	switch {
	case len([]rune(g.Name)) > 255:
		return fail("name_too_long")
	case len([]rune(g.Description)) > 140:
		return fail("description_too_long")
	case !groupHandle.MatchString(g.Handle):
		return fail("bad_handle")
	case slices.Contains([]string{"here", "channel", "everyone", "group"}, g.Handle):
		return fail("forbidden_handle")
	}
	for _, other := range c.groups {
		switch {
		case other == g:
		case other.Handle == g.Handle:
			return fail("handle_already_exists")
		case strings.EqualFold(other.Name, g.Name):
			return fail("name_already_exists")
		}
	}
	if c.person(g.Handle) != nil {
		return fail("handle_already_exists")
	}
	for _, id := range g.Channels {
		if ch := c.channels[id]; ch == nil || !c.sees(c.user, ch) {
			return fail("invalid_channel_provided")
		}
	}
	return nil
}

func (c *call) groupUpdate() (object, *apiError) {
	if err := c.mayEdit(); err != nil {
		return nil, err
	}
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	before := *g
	for arg, field := range map[string]*string{"name": &g.Name, "handle": &g.Handle, "description": &g.Description} {
		if c.has(arg) {
			*field = c.str(arg)
		}
	}
	if c.has("channels") {
		g.Channels = c.list("channels")
	}
	if err := c.groupProblem(g); err != nil {
		*g = before
		return nil, err
	}
	return c.groupChanged(g), nil
}

func (c *call) groupChanged(g *UserGroup) object {
	g.Updated, g.UpdatedBy = unix(c.now()), c.user
	c.emit("subteam_updated", nil, object{"subteam": c.groupJSON(g)})
	return object{"usergroup": c.groupJSON(g)}
}

func (c *call) groupEnable() (object, *apiError) { return c.groupSwitch(0) }

func (c *call) groupDisable() (object, *apiError) { return c.groupSwitch(unix(c.now())) }

func (c *call) groupSwitch(deleted int64) (object, *apiError) {
	if err := c.mayEdit(); err != nil {
		return nil, err
	}
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	g.Deleted = deleted
	return c.groupChanged(g), nil
}

func (c *call) groupSetUsers() (object, *apiError) {
	if err := c.mayEdit(); err != nil {
		return nil, err
	}
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	ids := c.list("users")
	if len(ids) == 0 {
		return nil, fail("no_users_provided")
	}
	for _, id := range ids {
		if u := c.users[id]; u == nil || u.Deleted || u.IsBot {
			return nil, fail("invalid_users")
		}
	}
	before, since := g.Users, g.Updated
	g.Users = ids
	g.Updated, g.UpdatedBy = unix(c.now()), c.user
	c.emit("subteam_members_changed", nil, object{"subteam_id": g.ID, "team_id": c.teamID,
		"date_previous_update": since, "date_update": g.Updated,
		"added_users": without(ids, before), "added_users_count": len(without(ids, before)),
		"removed_users": without(before, ids), "removed_users_count": len(without(before, ids))})
	o := c.groupJSON(g)
	o["users"] = append([]string{}, ids...)
	return object{"usergroup": o}, nil
}

// without is what of a is not in b.
func without(a, b []string) []string {
	out := []string{}
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}
