package slacksim

import (
	"slices"
	"strings"
	"unicode"
)

// visibility says of what kind a new channel is: private, a DM, a group DM;
// none of them is public.
type visibility struct{ private, im, mpim bool }

const (
	kindPublic = iota
	kindPrivate
	kindMPIM
	kindIM
)

func (c *channel) kind() int {
	switch {
	case c.IsIM:
		return kindIM
	case c.IsMPIM:
		return kindMPIM
	case c.IsPrivate:
		return kindPrivate
	}
	return kindPublic
}

func (c *channel) isMember(user string) bool { return slices.Contains(c.Members, user) }

// addChannel makes a channel whose members the caller fills in.
func (w *Workspace) addChannel(name, creator string, v visibility) *channel {
	prefix := "C"
	if v.im {
		prefix = "D"
	}
	c := &channel{Channel: Channel{
		ID: w.id(prefix), Name: name, Creator: creator, Created: unix(w.now()), Updated: w.now().UnixMilli(),
		IsPrivate: v.private, IsIM: v.im, IsMPIM: v.mpim,
	}}
	w.channels[c.ID] = c
	w.rooms = append(w.rooms, c.ID)
	return c
}

// channelNamed finds a channel by name, archived ones too: they keep theirs.
func (w *Workspace) channelNamed(name string) *channel {
	for _, id := range w.rooms {
		if c := w.channels[id]; !c.IsIM && c.Name == name {
			return c
		}
	}
	return nil
}

// find looks a channel up by ID, #name or name for a person; a handle (@ada or
// a user ID) is the DM between them, made when missing. What the person may
// not see is not there.
func (w *Workspace) find(as, where string) *channel {
	c := w.channels[where]
	if c == nil {
		c = w.channelNamed(strings.TrimPrefix(where, "#"))
	}
	if c == nil && !strings.HasPrefix(where, "#") {
		if u := w.person(where); u != nil {
			c = w.openDM(as, u.ID)
		}
	}
	if c == nil || !w.sees(as, c) {
		return nil
	}
	return c
}

// sees tells whether a user knows of a channel: public ones for everyone but
// guests, others for members.
func (w *Workspace) sees(user string, c *channel) bool {
	if c.isMember(user) {
		return true
	}
	return c.kind() == kindPublic && !w.users[user].Guest
}

// openDM finds or makes the DM between two users.
func (w *Workspace) openDM(a, b string) *channel {
	for _, id := range w.rooms {
		if c := w.channels[id]; c.IsIM && sameMembers(c.Members, []string{a, b}) {
			return c
		}
	}
	c := w.addChannel("", a, visibility{im: true})
	c.Members = []string{a, b}
	return c
}

// nameProblem is Slack's verdict on a channel name, "" when it is fine
// (Slack: conversations.create).
func nameProblem(name string) string {
	if name == "" {
		return "invalid_name_required"
	}
	if len([]rune(name)) > 80 {
		return "invalid_name_maxlength"
	}
	letters := false
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			letters = true
		case r == '-', r == '_':
		case r > 127 && strings.ToLower(string(r)) == string(r) && unicode.IsLetter(r):
			letters = true // other scripts' letters are allowed as long as they have no case or the lower one
		default:
			return "invalid_name_specials"
		}
	}
	if !letters {
		return "invalid_name_punctuation"
	}
	return ""
}

// join makes user a member and tells everyone; inviter may be empty. A user
// who is a member already stays one, silently.
func (w *Workspace) join(c *channel, user, inviter string) {
	if c.isMember(user) {
		return
	}
	c.Members = append(c.Members, user)
	w.touch(c)
	if !c.IsIM && !c.IsMPIM {
		w.system(c, &Message{User: user, Subtype: prefixed(c, "join"), Inviter: inviter,
			Text: "<@" + user + "> has joined the channel"})
	}
	fields := object{"user": user, "channel": c.ID, "channel_type": c.letter(), "team": w.teamID}
	if inviter != "" {
		fields["inviter"] = inviter
	}
	w.emit("member_joined_channel", c, fields)
}

// leave takes user out; by is who did it, the user itself when it left.
func (w *Workspace) leave(c *channel, user, by string) {
	i := slices.Index(c.Members, user)
	if i < 0 {
		return
	}
	w.system(c, &Message{User: user, Subtype: prefixed(c, "leave"), Text: "<@" + user + "> has left the channel"})
	// The bot hears of its own leaving although it is outside by then.
	w.emit("member_left_channel", c, object{"user": user, "channel": c.ID, "channel_type": c.letter(), "team": w.teamID})
	if user == w.botUser {
		w.emit(prefixed(c, "left"), c, object{"channel": c.ID, "actor_id": by})
	}
	c.Members = slices.Delete(c.Members, i, i+1)
	w.touch(c)
}

func (w *Workspace) touch(c *channel) {
	c.Updated = w.now().UnixMilli()
	w.changed()
}

// letter is how events name the kind of a channel: C or G.
func (c *channel) letter() string {
	if c.IsPrivate {
		return "G"
	}
	return "C"
}

// prefixed is the name of an event or a subtype: channel_join, group_join.
func prefixed(c *channel, what string) string {
	if c.IsPrivate {
		return "group_" + what
	}
	return "channel_" + what
}

// typeName is channel_type in message events.
func (c *channel) typeName() string {
	return [...]string{kindPublic: "channel", kindPrivate: "group", kindMPIM: "mpim", kindIM: "im"}[c.kind()]
}

// system writes a message that Slack itself writes about the channel.
func (w *Workspace) system(c *channel, m *Message) {
	w.post(c, m)
}

// channelJSON is the conversation object as the bot sees it.
func (w *Workspace) channelJSON(c *channel) object {
	if c.IsIM {
		return w.dmJSON(c)
	}
	previous := c.PreviousNames
	if previous == nil {
		previous = []string{}
	}
	return object{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "created": c.Created, "creator": c.Creator,
		"is_channel": !c.IsPrivate && !c.IsMPIM, "is_group": c.IsPrivate && !c.IsMPIM, "is_im": false, "is_mpim": c.IsMPIM,
		"is_private": c.IsPrivate || c.IsMPIM, "is_archived": c.IsArchived, "is_general": c.IsGeneral,
		"is_member": c.isMember(w.botUser), "is_shared": false, "is_org_shared": false, "is_ext_shared": false,
		"is_pending_ext_shared": false, "pending_shared": []string{}, "pending_connected_team_ids": []string{},
		"unlinked": 0, "context_team_id": w.teamID, "updated": c.Updated,
		"shared_team_ids": []string{w.teamID}, "previous_names": previous,
		"topic": c.Topic, "purpose": c.Purpose,
	}
}

func (w *Workspace) dmJSON(c *channel) object {
	other := w.otherSide(c, w.botUser)
	return object{
		"id": c.ID, "created": c.Created, "is_im": true, "is_archived": false, "is_org_shared": false,
		"context_team_id": w.teamID, "updated": c.Updated, "user": other,
		"is_user_deleted": w.users[other] != nil && w.users[other].Deleted, "priority": 0,
	}
}

// otherSide is the other member of a DM.
func (w *Workspace) otherSide(c *channel, user string) string {
	for _, m := range c.Members {
		if m != user {
			return m
		}
	}
	return user
}
