package slacksim

import "fmt"

// CreateGroup makes a user group with nobody in it; its handle is without the @.
// It returns the ID.
func (a *Actor) CreateGroup(name, handle string) (string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, err := a.self()
	if err != nil {
		return "", err
	}
	c := &call{Workspace: a.w, user: u.ID}
	refused := c.groupPlan()
	if a.w.opts.AdminsOnlyGroups && !u.IsAdmin {
		refused = fail("permission_denied")
	}
	g := &UserGroup{ID: a.w.id("S"), Name: name, Handle: handle, Created: unix(a.w.now()), Updated: unix(a.w.now()),
		CreatedBy: u.ID, UpdatedBy: u.ID}
	if refused == nil {
		refused = c.addGroup(g)
	}
	if refused != nil {
		return "", fmt.Errorf("user group @%s: %s", handle, refused.code)
	}
	return g.ID, nil
}
