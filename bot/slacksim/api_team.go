package slacksim

import "time"

// teamMethods are the calls about the app, its tokens and the workspace.
func teamMethods() map[string]*method {
	return map[string]*method{
		"auth.test":             {tier: special, run: (*call).authTest},
		"apps.connections.open": {token: appToken, tier: tier3, postOnly: true, run: (*call).connectionsOpen},
		"team.info":             {scopes: anyOf("team:read"), tier: tier3, run: (*call).teamInfo},
		"bots.info":             {scopes: anyOf("users:read"), tier: tier3, noJSON: true, run: (*call).botsInfo},
		"emoji.list":            {scopes: anyOf("emoji:read"), tier: tier2, noJSON: true, run: (*call).emojiList},
		"dnd.info":              {scopes: anyOf("dnd:read"), tier: tier3, noJSON: true, run: (*call).dndInfo},
		"dnd.teamInfo":          {scopes: anyOf("dnd:read"), tier: tier2, noJSON: true, required: []string{"users"}, run: (*call).dndTeamInfo},
		"blocks.validate":       {token: noToken, tier: special, run: (*call).blocksValidate},
	}
}

func (c *call) authTest() (object, *apiError) {
	return object{
		"url": c.site(), "team": c.opts.Team, "user": c.users[c.user].Name,
		"team_id": c.teamID, "user_id": c.user, "bot_id": c.botID, "is_enterprise_install": false,
	}, nil
}

func (c *call) connectionsOpen() (object, *apiError) {
	if !c.manifest.SocketMode {
		return nil, fail("forbidden_team")
	}
	id := c.uuid()
	c.tickets.put(id, &ticket{issued: c.now()}, func(t *ticket) bool { return c.now().Sub(t.issued) > 2*ticketLife })
	return object{"url": socketURL(c.http, id, c.appID)}, nil
}

func (c *call) teamInfo() (object, *apiError) {
	if c.has("team") && c.str("team") != c.teamID {
		return nil, fail("team_not_found")
	}
	return object{"team": object{
		"id": c.teamID, "name": c.opts.Team, "domain": c.domain, "url": c.site(),
		"email_domain": c.domain + ".example", "icon": object{"image_default": true}, "avatar_base_url": "https://ca.slack-edge.com/",
		"is_verified": false,
	}}, nil
}

func (c *call) botsInfo() (object, *apiError) {
	if c.has("bot") && c.str("bot") != c.botID {
		return nil, fail("bot_not_found")
	}
	return object{"bot": object{
		"id": c.botID, "deleted": false, "name": c.users[c.botUser].RealName, "updated": unix(c.users[c.botUser].updated),
		"app_id": c.appID, "user_id": c.botUser,
		"icons": botIcons(),
	}}, nil
}

func botIcons() object {
	const at = "https://a.slack-edge.com/80588/img/plugins/app/bot_"
	return object{"image_36": at + "36.png", "image_48": at + "48.png", "image_72": at + "72.png"}
}

func (c *call) emojiList() (object, *apiError) {
	return object{"emoji": object{}, "cache_ts": c.eventTS(), "categories_version": "5"}, nil
}

func (c *call) dndInfo() (object, *apiError) {
	u := c.users[c.user]
	if c.has("user") {
		u = c.users[c.str("user")]
	}
	if u == nil {
		return nil, fail("user_not_found")
	}
	o := c.dnd(u)
	if u.ID == c.user {
		o["snooze_enabled"], o["snooze_endtime"], o["snooze_remaining"], o["snooze_is_indefinite"] = false, 0, 0, false
	}
	return o, nil
}

func (c *call) dnd(u *user) object {
	on := !u.dndFrom.IsZero() || !u.dndTo.IsZero()
	o := object{"dnd_enabled": on, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
	if on {
		o["next_dnd_start_ts"], o["next_dnd_end_ts"] = unixOr(u.dndFrom, 1), unixOr(u.dndTo, 1)
	}
	return o
}

func unixOr(t time.Time, absent int64) int64 {
	if t.IsZero() {
		return absent
	}
	return unix(t)
}

func (c *call) dndTeamInfo() (object, *apiError) {
	ids := c.list("users")
	if len(ids) > 50 {
		return nil, fail("too_many_users")
	}
	users := object{}
	for _, id := range ids {
		if u := c.users[id]; u != nil {
			users[id] = c.dnd(u)
		}
	}
	return object{"users": users}, nil
}
