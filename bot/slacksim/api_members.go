package slacksim

// memberMethods are the calls about who is in a conversation.
func memberMethods() map[string]*method {
	channel := []string{"channel"}
	gone := map[string]string{"channel": "channel_not_found"}
	return map[string]*method{
		"conversations.invite": {scopes: inviteRule(), tier: tier3, required: []string{"channel", "users"},
			absent: map[string]string{"channel": "channel_not_found", "users": "no_user"}, run: (*call).roomInvite},
		"conversations.kick": {scopes: manageRule(), tier: tier3, required: []string{"channel", "user"},
			absent: map[string]string{"channel": "channel_not_found", "user": "user_not_found"}, run: (*call).roomKick},
		"conversations.join":    {scopes: anyOf("channels:join"), tier: tier3, required: channel, absent: gone, run: (*call).roomJoin},
		"conversations.leave":   {scopes: manageRule(), tier: tier3, required: channel, absent: gone, run: (*call).roomLeave},
		"conversations.members": {scopes: readRule(), tier: tier4, noJSON: true, required: channel, absent: gone, run: (*call).roomMembers},
	}
}

// maxInvites is the smaller of two documented figures for one call.
const maxInvites = 100

func (c *call) roomInvite() (object, *apiError) {
	ch, err := c.ownRoom("channel")
	if err != nil {
		return nil, err
	}
	if ch.IsIM || ch.IsMPIM {
		return nil, fail("method_not_supported_for_channel_type")
	}
	ids := c.list("users")
	if len(ids) == 0 {
		return nil, fail("no_user")
	}
	if len(ids) > maxInvites {
		return nil, badArgument("no more than 100 items allowed [json-pointer:/users]")
	}
	var valid []string
	var errs []object
	first := ""
	for _, id := range ids {
		code := c.inviteProblem(ch, id)
		if code == "" {
			valid = append(valid, id)
			errs = append(errs, object{"user": id, "ok": true})
			continue
		}
		if first == "" {
			first = code
		}
		errs = append(errs, object{"user": id, "ok": false, "error": code})
	}
	if first != "" && (!c.yes("force") || len(valid) == 0) {
		return nil, &apiError{code: first, extra: refusals(ids, errs)}
	}
	for _, id := range valid {
		c.join(ch, id, c.user)
	}
	o := object{"channel": c.channelJSON(ch)}
	if first != "" {
		for k, v := range refusals(ids, errs) {
			o[k] = v
		}
	}
	return o, nil
}

// refusals is errors[] of an invitation of several; for one the code says all.
func refusals(ids []string, errs []object) object {
	if len(ids) == 1 {
		return nil
	}
	var bad []object
	for _, e := range errs {
		if e["ok"] == false {
			bad = append(bad, e)
		}
	}
	return object{"errors": bad}
}

func (c *call) inviteProblem(ch *channel, id string) string {
	u := c.users[id]
	switch {
	case u == nil || u.Deleted:
		return "user_not_found"
	case id == c.user:
		return "cant_invite_self"
	case ch.isMember(id):
		return "already_in_channel"
	case u.IsBot && u.ID != c.botUser:
		return "cant_invite"
	}
	return ""
}

func (c *call) roomKick() (object, *apiError) {
	ch, err := c.room("channel")
	id := c.str("user")
	switch {
	case err != nil:
		return nil, err
	case ch.IsIM || ch.IsMPIM:
		return nil, fail("method_not_supported_for_channel_type")
	case ch.IsArchived:
		return nil, fail("is_archived")
	case c.users[id] == nil:
		return nil, fail("user_not_found")
	case id == c.user:
		return nil, fail("cant_kick_self")
	case ch.IsGeneral:
		return nil, fail("cant_kick_from_general")
	case !ch.isMember(c.user) || !ch.isMember(id):
		return nil, fail("not_in_channel")
	}
	c.leave(ch, id, c.user)
	return object{"errors": object{}}, nil
}

func (c *call) roomJoin() (object, *apiError) {
	ch, err := c.room("channel")
	switch {
	case err != nil:
		return nil, err
	case ch.kind() != kindPublic:
		return nil, fail("method_not_supported_for_channel_type")
	case ch.IsArchived:
		return nil, fail("is_archived")
	}
	if ch.isMember(c.user) {
		return object{"channel": c.channelJSON(ch), "warning": "already_in_channel"}, nil
	}
	c.join(ch, c.user, "")
	return object{"channel": c.channelJSON(ch)}, nil
}

func (c *call) roomLeave() (object, *apiError) {
	ch, err := c.room("channel")
	switch {
	case err != nil:
		return nil, err
	case ch.IsIM:
		return nil, fail("method_not_supported_for_channel_type")
	case ch.IsArchived:
		return nil, fail("is_archived")
	case ch.IsGeneral:
		return nil, fail("cant_leave_general")
	case !ch.isMember(c.user):
		return object{"not_in_channel": true}, nil
	case ch.IsPrivate && len(ch.Members) == 1:
		return nil, fail("last_member")
	}
	c.leave(ch, c.user, c.user)
	return nil, nil
}

func (c *call) roomMembers() (object, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, err
	}
	ids, next, err := page(c, ch.Members, pageRule{limit: 100, most: 1000})
	if err != nil {
		return nil, err
	}
	return object{"members": append([]string{}, ids...), "response_metadata": object{"next_cursor": next}}, nil
}
