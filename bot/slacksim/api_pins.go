package slacksim

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

const (
	maxPins          = 100
	maxReactionKinds = 23 // per user and message
	maxEmojiKinds    = 50 // per message
)

// pinMethods are the calls about pins and reactions.
func pinMethods() map[string]*method {
	pin := []string{"channel"}
	gone := map[string]string{"channel": "channel_not_found", "name": "invalid_name"}
	item := []string{"name"}
	return map[string]*method{
		"pins.add":         {scopes: anyOf("pins:write"), tier: tier2, required: pin, absent: gone, run: (*call).pinsAdd},
		"pins.remove":      {scopes: anyOf("pins:write"), tier: tier2, required: pin, absent: gone, run: (*call).pinsRemove},
		"pins.list":        {scopes: anyOf("pins:read"), tier: tier2, noJSON: true, required: pin, absent: gone, run: (*call).pinsList},
		"reactions.add":    {scopes: anyOf("reactions:write"), tier: tier3, required: item, absent: gone, run: (*call).reactionsAdd},
		"reactions.remove": {scopes: anyOf("reactions:write"), tier: tier2, required: item, absent: gone, run: (*call).reactionsRemove},
		"reactions.get":    {scopes: anyOf("reactions:read"), tier: tier3, noJSON: true, run: (*call).reactionsGet},
	}
}

// item is the message that channel and timestamp name.
func (c *call) item() (*channel, *Message, *apiError) {
	if !c.has("timestamp") {
		return nil, nil, fail("no_item_specified")
	}
	ch, err := c.room("channel")
	if err != nil {
		return nil, nil, err
	}
	m, err := c.message(ch, "timestamp")
	return ch, m, err
}

func (c *call) pinsAdd() (object, *apiError) {
	ch, m, err := c.item()
	switch {
	case err != nil:
		return nil, err
	case !ch.isMember(c.user):
		return nil, fail("not_in_channel")
	case m.Subtype == "tombstone" || isSystem(m):
		return nil, fail("not_pinnable")
	case ch.pinned(m.TS):
		return nil, fail("already_pinned")
	case len(ch.Pins) >= maxPins:
		return nil, fail("too_many_pins")
	}
	c.pin(ch, m, c.user)
	return nil, nil
}

// isSystem tells the messages that Slack wrote about the channel.
func isSystem(m *Message) bool {
	return strings.HasPrefix(m.Subtype, "channel_") || strings.HasPrefix(m.Subtype, "group_")
}

func (c *channel) pinned(ts string) bool {
	return slices.ContainsFunc(c.Pins, func(p Pin) bool { return p.TS == ts })
}

func (w *Workspace) pin(c *channel, m *Message, by string) {
	c.Pins = append(c.Pins, Pin{TS: m.TS, Created: unix(w.now()), CreatedBy: by})
	m.PinnedTo = append(m.PinnedTo, c.ID)
	w.changed()
	w.emit("pin_added", c, w.pinEvent(c, m, by))
}

func (w *Workspace) unpin(c *channel, m *Message, by string) {
	c.Pins = slices.DeleteFunc(c.Pins, func(p Pin) bool { return p.TS == m.TS })
	m.PinnedTo = slices.DeleteFunc(m.PinnedTo, func(id string) bool { return id == c.ID })
	w.changed()
	o := w.pinEvent(c, m, by)
	o["has_pins"] = len(c.Pins) > 0
	w.emit("pin_removed", c, o)
}

func (w *Workspace) pinEvent(c *channel, m *Message, by string) object {
	return object{"user": by, "channel_id": c.ID, "item_user": m.User, "pin_count": len(c.Pins),
		"pinned_info": object{"channel": c.ID, "pinned_by": by, "pinned_ts": unix(w.now())},
		"item":        object{"type": "message", "created": unix(w.now()), "created_by": by, "channel": c.ID, "message": w.linked(c, m)}}
}

// linked is a message with its permalink.
func (w *Workspace) linked(c *channel, m *Message) Message {
	x := m.clone()
	x.Permalink, x.Metadata = w.permalink(c, m), nil
	return x
}

func (c *call) pinsRemove() (object, *apiError) {
	ch, m, err := c.item()
	switch {
	case err != nil:
		return nil, err
	case !ch.isMember(c.user):
		return nil, fail("not_in_channel")
	case !ch.pinned(m.TS):
		return nil, fail("no_pin")
	}
	c.unpin(ch, m, c.user)
	return nil, nil
}

func (c *call) pinsList() (object, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, err
	}
	items := []object{}
	for _, p := range slices.Backward(ch.Pins) {
		items = append(items, object{"type": "message", "channel": ch.ID, "created": p.Created,
			"created_by": p.CreatedBy, "message": c.linked(ch, ch.at(p.TS))})
	}
	return object{"items": items}, nil
}

var reactionName = pattern.New(`^[a-z0-9_+'-]+(::skin-tone-[2-6])?$`)

func (c *call) reactionsAdd() (object, *apiError) {
	ch, m, err := c.item()
	if err != nil {
		return nil, err
	}
	if !ch.isMember(c.user) {
		return nil, fail("no_access")
	}
	if code := c.react(ch, m, c.user, strings.Trim(c.str("name"), ":")); code != "" {
		return nil, fail(code)
	}
	return nil, nil
}

// react puts an emoji on a message; the answer is Slack's error code or "".
func (w *Workspace) react(c *channel, m *Message, user, name string) string {
	switch {
	case c.IsArchived:
		return "is_archived"
	case !reactionName.MatchString(name):
		return "invalid_name"
	case m.Subtype == "tombstone":
		return "not_reactable"
	}
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	mine := 0
	for _, r := range m.Reactions {
		if slices.Contains(r.Users, user) {
			mine++
		}
	}
	switch {
	case i >= 0 && slices.Contains(m.Reactions[i].Users, user):
		return "already_reacted"
	case i < 0 && len(m.Reactions) >= maxEmojiKinds:
		return "too_many_emoji"
	case mine >= maxReactionKinds:
		return "too_many_reactions"
	case i < 0:
		m.Reactions = append(m.Reactions, Reaction{Name: name})
		i = len(m.Reactions) - 1
	}
	r := &m.Reactions[i]
	r.Users = append(r.Users, user)
	r.Count = len(r.Users)
	w.changed()
	w.emit("reaction_added", c, reactionEvent(c, m, user, name))
	return ""
}

func (w *Workspace) unreact(c *channel, m *Message, user, name string) string {
	i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
	if i < 0 || !slices.Contains(m.Reactions[i].Users, user) {
		return "no_reaction"
	}
	r := &m.Reactions[i]
	r.Users = slices.DeleteFunc(r.Users, func(u string) bool { return u == user })
	r.Count = len(r.Users)
	if r.Count == 0 {
		m.Reactions = slices.Delete(m.Reactions, i, i+1)
	}
	w.changed()
	w.emit("reaction_removed", c, reactionEvent(c, m, user, name))
	return ""
}

func reactionEvent(c *channel, m *Message, user, name string) object {
	return object{"user": user, "reaction": name, "item_user": m.User,
		"item": object{"type": "message", "channel": c.ID, "ts": m.TS}}
}

func (c *call) reactionsRemove() (object, *apiError) {
	ch, m, err := c.item()
	if err != nil {
		return nil, err
	}
	if !ch.isMember(c.user) {
		return nil, fail("no_access")
	}
	name := strings.Trim(c.str("name"), ":")
	if !reactionName.MatchString(name) {
		return nil, fail("invalid_name")
	}
	if code := c.unreact(ch, m, c.user, name); code != "" {
		return nil, fail(code)
	}
	return nil, nil
}

func (c *call) reactionsGet() (object, *apiError) {
	ch, m, err := c.item()
	if err != nil {
		return nil, err
	}
	return object{"type": "message", "channel": ch.ID, "message": c.linked(ch, m)}, nil
}
