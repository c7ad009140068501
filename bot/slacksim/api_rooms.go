package slacksim

import "strings"

// roomMethods are the calls about conversations themselves.
func roomMethods() map[string]*method {
	channel := []string{"channel"}
	gone := map[string]string{"channel": "channel_not_found"}
	return map[string]*method{
		"conversations.create": {scopes: manageRule(), tier: tier2, required: []string{"name"},
			absent: map[string]string{"name": "invalid_name_required"}, run: (*call).roomCreate},
		"conversations.info":       {scopes: readRule(), tier: tier3, noJSON: true, required: channel, absent: gone, run: (*call).roomInfo},
		"conversations.list":       {scopes: readRule(), tier: tier2, noJSON: true, run: (*call).roomList},
		"conversations.open":       {scopes: anyOf("im:write", "mpim:write"), tier: tier3, run: (*call).roomOpen},
		"conversations.close":      {scopes: manageRule(), tier: tier2, required: channel, absent: gone, run: (*call).roomClose},
		"conversations.setTopic":   {scopes: topicRule(), tier: tier2, required: channel, absent: gone, run: (*call).roomTopic},
		"conversations.setPurpose": {scopes: topicRule(), tier: tier2, required: channel, absent: gone, run: (*call).roomPurpose},
		"conversations.rename": {scopes: manageRule(), tier: tier2, required: []string{"channel", "name"},
			absent: map[string]string{"channel": "channel_not_found", "name": "invalid_name_required"}, run: (*call).roomRename},
		"conversations.archive":   {scopes: manageRule(), tier: tier2, required: channel, absent: gone, run: (*call).roomArchive},
		"conversations.unarchive": {scopes: manageRule(), tier: tier2, required: channel, absent: gone, run: (*call).roomUnarchive},
	}
}

func (c *call) roomCreate() (object, *apiError) {
	private := c.yes("is_private")
	kind := kindPublic
	if private {
		kind = kindPrivate
	}
	if err := c.needs(strings.Fields(c.m.scopes.byKind[kind])); err != nil {
		return nil, err
	}
	name := c.str("name")
	if code := nameProblem(name); code != "" {
		return nil, fail(code)
	}
	if c.channelNamed(name) != nil {
		return nil, fail("name_taken")
	}
	ch := c.addChannel(name, c.user, visibility{private: private})
	c.join(ch, c.user, "")
	c.emit("channel_created", nil, object{"channel": object{"id": ch.ID, "name": name, "created": ch.Created,
		"creator": c.user, "is_channel": true}})
	return object{"channel": c.channelJSON(ch)}, nil
}

func (c *call) roomInfo() (object, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, err
	}
	o := c.channelJSON(ch)
	if c.yes("include_num_members") {
		o["num_members"] = len(ch.Members)
	}
	if ch.isMember(c.user) {
		o["last_read"] = "0000000000.000000"
	}
	if ch.CanvasID != "" {
		o["properties"] = object{"tabs": []object{{"id": "Ct" + ch.CanvasID, "type": "channel_canvas", "label": "", "data": object{"file_id": ch.CanvasID}}}}
	}
	return object{"channel": o}, nil
}

func (c *call) roomList() (object, *apiError) {
	return c.listRooms(func(ch *channel) bool { return c.sees(c.user, ch) })
}

// listRooms pages through the conversations of the asked types that fit.
func (c *call) listRooms(fits func(*channel) bool) (object, *apiError) {
	types := c.list("types")
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	names := map[string]int{"public_channel": kindPublic, "private_channel": kindPrivate, "mpim": kindMPIM, "im": kindIM}
	wanted := map[int]bool{}
	for _, t := range types {
		kind, ok := names[t]
		if !ok {
			return nil, fail("invalid_types")
		}
		if err := c.needs(strings.Fields(c.m.scopes.byKind[kind])); err != nil {
			return nil, err
		}
		wanted[kind] = true
	}
	var fit []*channel
	for _, id := range c.rooms {
		ch := c.channels[id]
		if wanted[ch.kind()] && fits(ch) && !(ch.IsArchived && c.yes("exclude_archived")) {
			fit = append(fit, ch)
		}
	}
	part, next, err := page(c, fit, pageRule{limit: 100, most: 999})
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, ch := range part {
		o := c.channelJSON(ch)
		switch {
		case strings.HasPrefix(c.http.URL.Path, "/api/users."):
			delete(o, "is_member")
		case !ch.IsIM:
			o["num_members"] = len(ch.Members)
		}
		out = append(out, o)
	}
	return object{"channels": out, "response_metadata": object{"next_cursor": next}}, nil
}

func (c *call) roomOpen() (object, *apiError) {
	if c.has("channel") {
		ch := c.channels[c.str("channel")]
		if ch == nil || !(ch.IsIM || ch.IsMPIM) || !ch.isMember(c.user) {
			return nil, fail("channel_not_found")
		}
		return c.opened(ch, "already_open"), nil
	}
	ids := c.list("users")
	switch {
	case len(ids) == 0:
		return nil, fail("users_list_not_supplied")
	case len(ids) > 8:
		return nil, fail("too_many_users")
	}
	for _, id := range ids {
		switch u := c.users[id]; {
		case u == nil:
			return nil, fail("user_not_found")
		case u.Deleted:
			return nil, fail("user_disabled")
		case u.ID == c.user && len(ids) == 1:
			return nil, fail("not_enough_users")
		}
	}
	return c.openWith(ids)
}

func (c *call) openWith(ids []string) (object, *apiError) {
	scope := "im:write"
	if len(ids) > 1 {
		scope = "mpim:write"
	}
	if err := c.needs([]string{scope}); err != nil {
		return nil, err
	}
	before := len(c.rooms)
	var ch *channel
	if len(ids) == 1 {
		ch = c.openDM(c.user, ids[0])
	} else {
		ch = c.openGroup(append([]string{c.user}, ids...))
	}
	if len(c.rooms) == before {
		return c.opened(ch, "already_open"), nil
	}
	return c.opened(ch, ""), nil
}

func (c *call) opened(ch *channel, note string) object {
	o := object{"channel": object{"id": ch.ID}}
	if c.yes("return_im") {
		o["channel"] = c.channelJSON(ch)
	}
	if note != "" {
		o["no_op"], o[note] = true, true
	}
	return o
}

// openGroup finds or makes the group DM of exactly these users.
func (w *Workspace) openGroup(ids []string) *channel {
	for _, id := range w.rooms {
		if ch := w.channels[id]; ch.IsMPIM && sameMembers(ch.Members, ids) {
			return ch
		}
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = w.users[id].Name
	}
	ch := w.addChannel("mpdm-"+strings.Join(names, "--")+"-1", ids[0], visibility{mpim: true})
	ch.Members = ids
	return ch
}

func (c *call) roomClose() (object, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, err
	}
	if !ch.IsIM && !ch.IsMPIM {
		return nil, fail("method_not_supported_for_channel_type")
	}
	return object{"no_op": true, "already_closed": false}, nil
}

func (c *call) roomTopic() (object, *apiError) {
	ch, err := c.noteRoom("topic")
	if err != nil {
		return nil, err
	}
	c.setTopic(ch, c.user, c.str("topic"))
	return object{"channel": c.channelJSON(ch)}, nil
}

func (c *call) roomPurpose() (object, *apiError) {
	ch, err := c.noteRoom("purpose")
	if err != nil {
		return nil, err
	}
	c.setPurpose(ch, c.user, c.str("purpose"))
	return object{"channel": c.channelJSON(ch)}, nil
}

func (c *call) noteRoom(arg string) (*channel, *apiError) {
	if _, ok := c.args[arg]; !ok {
		return nil, badArgument("missing required field: " + arg)
	}
	ch, err := c.ownRoom("channel")
	if err != nil {
		return nil, err
	}
	if ch.IsIM {
		return nil, fail("method_not_supported_for_channel_type")
	}
	if len([]rune(c.str(arg))) > 250 {
		return nil, fail("too_long")
	}
	return ch, nil
}

func (w *Workspace) setTopic(c *channel, user, text string) {
	c.Topic = Note{Value: w.readBack(text), Creator: user, LastSet: unix(w.now())}
	w.touch(c)
	w.system(c, &Message{User: user, Subtype: prefixed(c, "topic"), Topic: c.Topic.Value,
		Text: "<@" + user + "> set the channel topic: " + c.Topic.Value})
}

func (w *Workspace) setPurpose(c *channel, user, text string) {
	c.Purpose = Note{Value: w.readBack(text), Creator: user, LastSet: unix(w.now())}
	w.touch(c)
	w.system(c, &Message{User: user, Subtype: prefixed(c, "purpose"), Purpose: c.Purpose.Value,
		Text: "<@" + user + "> set the channel description: " + c.Purpose.Value})
}

func (c *call) roomRename() (object, *apiError) {
	ch, err := c.ownRoom("channel")
	if err != nil {
		return nil, err
	}
	name := c.str("name")
	if ch.IsIM || ch.IsMPIM {
		return nil, fail("method_not_supported_for_channel_type")
	}
	if ch.Creator != c.user {
		return nil, fail("not_authorized")
	}
	if code := nameProblem(name); code != "" {
		return nil, fail(code)
	}
	if other := c.channelNamed(name); other != nil && other != ch {
		return nil, fail("name_taken")
	}
	c.rename(ch, c.user, name)
	return object{"channel": c.channelJSON(ch)}, nil
}

func (w *Workspace) rename(c *channel, user, name string) {
	old := c.Name
	if old == name {
		return
	}
	c.PreviousNames = append([]string{old}, c.PreviousNames...)
	c.Name = name
	w.touch(c)
	w.system(c, &Message{User: user, Subtype: prefixed(c, "name"), Name: name, OldName: old,
		Text: "<@" + user + "> has renamed the channel from \"" + old + "\" to \"" + name + "\""})
	w.emit(prefixed(c, "rename"), c, object{"channel": object{"id": c.ID, "name": name, "name_normalized": name,
		"created": c.Created, "is_channel": !c.IsPrivate, "is_mpim": false}})
}

func (c *call) roomArchive() (object, *apiError) {
	ch, err := c.room("channel")
	switch {
	case err != nil:
		return nil, err
	case ch.IsIM || ch.IsMPIM:
		return nil, fail("method_not_supported_for_channel_type")
	case ch.IsArchived:
		return nil, fail("already_archived")
	case ch.IsGeneral:
		return nil, fail("cant_archive_general")
	case !ch.isMember(c.user):
		return nil, fail("not_in_channel")
	}
	c.archive(ch, c.user)
	return nil, nil
}

func (w *Workspace) archive(c *channel, user string) {
	w.system(c, &Message{User: user, Subtype: prefixed(c, "archive"), Text: "<@" + user + "> archived the channel"})
	c.IsArchived = true
	w.touch(c)
	w.emit(prefixed(c, "archive"), c, object{"channel": c.ID, "user": user, "is_moved": 0})
}

func (c *call) roomUnarchive() (object, *apiError) {
	ch, err := c.room("channel")
	switch {
	case err != nil:
		return nil, err
	case ch.IsIM || ch.IsMPIM:
		return nil, fail("method_not_supported_for_channel_type")
	case !ch.IsArchived:
		return nil, fail("not_archived")
	case c.opts.NoUnarchive:
		return nil, fail("not_in_channel")
	}
	c.unarchive(ch, c.user)
	return nil, nil
}

func (w *Workspace) unarchive(c *channel, user string) {
	c.IsArchived = false
	w.touch(c)
	w.system(c, &Message{User: user, Subtype: prefixed(c, "unarchive"), Text: "<@" + user + "> un-archived the channel"})
	w.emit(prefixed(c, "unarchive"), c, object{"channel": c.ID, "user": user})
}
