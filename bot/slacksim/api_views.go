package slacksim

import "encoding/json"

// viewMethods are the calls about modals and the Home tab.
func viewMethods() map[string]*method {
	view := []string{"view"}
	opened := []string{"trigger_id", "view"}
	return map[string]*method{
		"views.open":    {tier: tier4, required: opened, run: (*call).viewsOpen},
		"views.push":    {tier: tier4, required: opened, run: (*call).viewsPush},
		"views.update":  {tier: tier4, required: view, run: (*call).viewsUpdate},
		"views.publish": {tier: tier4, required: []string{"user_id", "view"}, run: (*call).viewsPublish},
	}
}

func (c *call) viewsOpen() (object, *apiError) {
	t, err := c.fresh(c.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	v, err := c.modal(t.user)
	if err != nil {
		return nil, err
	}
	t.used = true
	c.openRoot(v)
	return object{"view": c.viewJSON(v)}, nil
}

func (c *call) viewsPush() (object, *apiError) {
	t, err := c.fresh(c.str("trigger_id"))
	if err != nil {
		return nil, err
	}
	if t.view == "" || c.views[t.view] == nil {
		return nil, fail("not_found")
	}
	v, err := c.modal(t.user)
	if err != nil {
		return nil, err
	}
	if err := c.pushView(v); err != nil {
		return nil, err
	}
	t.used = true
	return object{"view": c.viewJSON(v)}, nil
}

// modal is the call's view as a new modal of user.
func (c *call) modal(user string) (*View, *apiError) {
	v, err := c.draftView(json.RawMessage(c.str("view")), nil)
	if err != nil {
		return nil, err
	}
	if v.Type != "modal" {
		return nil, badArgument("unsupported type: " + v.Type + " [json-pointer:/view/type]")
	}
	v.User = user
	return v, nil
}

func (c *call) viewsUpdate() (object, *apiError) {
	old := c.views[c.str("view_id")]
	for _, v := range c.views {
		if !c.has("view_id") && c.has("external_id") && v.ExternalID == c.str("external_id") {
			old = v
		}
	}
	switch {
	case !c.has("view_id") && !c.has("external_id"):
		return nil, badArgument("missing required field: view_id")
	case old == nil:
		return nil, fail("not_found")
	case c.has("hash") && c.str("hash") != old.Hash:
		return nil, fail("hash_conflict")
	}
	v, err := c.draftView(json.RawMessage(c.str("view")), old)
	if err != nil {
		return nil, err
	}
	if v.Type != old.Type {
		return nil, badArgument("unsupported type: " + v.Type + " [json-pointer:/view/type]")
	}
	*old = *v
	return object{"view": c.viewJSON(old)}, nil
}

func (c *call) viewsPublish() (object, *apiError) {
	id := c.str("user_id")
	old := c.homes[id]
	switch {
	case !c.manifest.HomeTab:
		return nil, fail("not_enabled")
	case c.users[id] == nil:
		return nil, badArgument("invalid `user_id` [json-pointer:/user_id]")
	case c.has("hash") && old != nil && c.str("hash") != old.Hash:
		return nil, fail("hash_conflict")
	}
	v, err := c.draftView(json.RawMessage(c.str("view")), old)
	if err != nil {
		return nil, err
	}
	if v.Type != "home" {
		return nil, badArgument("unsupported type: " + v.Type + " [json-pointer:/view/type]")
	}
	v.User = id
	if old != nil {
		*old = *v
		v = old
	}
	c.homes[id], c.views[v.ID] = v, v
	return object{"view": c.viewJSON(v)}, nil
}
