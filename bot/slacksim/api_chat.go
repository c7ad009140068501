package slacksim

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// chatMethods are the calls that write messages.
func chatMethods() map[string]*method {
	write := anyOf("chat:write")
	channel := []string{"channel"}
	gone := map[string]string{"channel": "channel_not_found"}
	return map[string]*method{
		"chat.postMessage": {scopes: write, tier: 60, perRoom: true, required: channel, absent: gone, run: (*call).chatPost},
		"chat.update": {scopes: write, tier: tier3, required: []string{"channel", "ts"},
			absent: map[string]string{"channel": "channel_not_found", "ts": "message_not_found"}, run: (*call).chatUpdate},
		"chat.delete": {scopes: write, tier: tier3, required: []string{"channel", "ts"},
			absent: map[string]string{"channel": "channel_not_found", "ts": "message_not_found"}, run: (*call).chatDelete},
		"chat.postEphemeral": {scopes: write, tier: tier4, required: []string{"channel", "user"},
			absent: map[string]string{"channel": "channel_not_found", "user": "user_not_in_channel"}, run: (*call).chatEphemeral},
		"chat.getPermalink": {tier: special, noJSON: true, required: []string{"channel", "message_ts"},
			absent: map[string]string{"channel": "channel_not_found", "message_ts": "message_not_found"}, run: (*call).chatPermalink},
		"chat.scheduleMessage": {scopes: write, tier: tier3, required: []string{"channel", "post_at"}, absent: gone, run: (*call).chatSchedule},
		"chat.deleteScheduledMessage": {scopes: write, tier: tier3, required: []string{"channel", "scheduled_message_id"},
			absent: map[string]string{"scheduled_message_id": "invalid_scheduled_message_id"}, run: (*call).chatUnschedule},
		"chat.scheduledMessages.list": {tier: tier3, run: (*call).chatScheduled},
	}
}

// target is the channel that a message goes to: an ID, a name, or a user, whose
// DM is opened.
func (c *call) target() (*channel, *apiError) {
	where := c.str("channel")
	ch := c.channels[where]
	if ch == nil && c.users[where] != nil {
		if where == c.user {
			return nil, fail("channel_not_found")
		}
		if c.users[where].Deleted {
			return nil, fail("user_disabled")
		}
		ch = c.openDM(c.user, where)
	}
	if ch == nil {
		ch = c.channelNamed(strings.TrimPrefix(where, "#"))
	}
	switch {
	case ch == nil || !c.sees(c.user, ch):
		return nil, fail("channel_not_found")
	case ch.IsArchived:
		return nil, fail("is_archived")
	case !ch.isMember(c.user) && !c.scopes["chat:write.public"]:
		return nil, fail("not_in_channel")
	case ch.IsIM && !c.manifest.MessagesTab:
		return nil, fail("messages_tab_disabled")
	}
	return ch, nil
}

func (c *call) chatPost() (object, *apiError) {
	ch, err := c.target()
	if err != nil {
		return nil, err
	}
	m, err := c.compose(c.args)
	if err != nil {
		return nil, err
	}
	if err := c.customised(); err != nil {
		return nil, err
	}
	if err := c.intoThread(ch, m); err != nil {
		return nil, err
	}
	c.signBot(m, c.args)
	if c.yes("reply_broadcast") && m.ThreadTS != "" {
		m.Subtype = "thread_broadcast"
	}
	c.post(ch, m)
	o := object{"channel": ch.ID, "ts": m.TS, "message": m.clone()}
	if len([]rune(c.str("text"))) > maxText {
		o["warning"] = "message_truncated"
	}
	return o, nil
}

func (c *call) customised() *apiError {
	if c.has("username") || c.has("icon_emoji") || c.has("icon_url") {
		return c.needs([]string{"chat:write.customize"})
	}
	return nil
}

// intoThread makes m a reply to the thread_ts argument.
func (c *call) intoThread(ch *channel, m *Message) *apiError {
	ts := c.str("thread_ts")
	if ts == "" {
		return nil
	}
	root := ch.at(ts)
	if root == nil {
		return fail("thread_not_found")
	}
	if root.ThreadTS != "" && root.ThreadTS != root.TS {
		return fail("cannot_reply_to_message")
	}
	m.ThreadTS = root.TS
	return nil
}

func (c *call) chatUpdate() (object, *apiError) {
	ch, m, err := c.ownMessage("cant_update_message")
	if err != nil {
		return nil, err
	}
	if at, _ := parseTS(m.TS); c.opts.EditWindow > 0 && c.now().UnixMicro()-at >= c.opts.EditWindow.Microseconds() {
		return nil, fail("edit_window_closed")
	}
	if len([]rune(c.str("text"))) > maxUpdateText {
		return nil, fail("msg_too_long")
	}
	next, err := c.compose(c.args)
	if err != nil {
		return nil, err
	}
	if _, given := c.args["metadata"]; !given {
		next.Metadata = m.Metadata
	}
	if !c.has("text") {
		next.Text = m.Text
	}
	c.change(ch, m, *next, c.user)
	shown := toObj(m)
	delete(shown, "ts") // it stands outside, and only there
	return object{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": shown}, nil
}

func (c *call) chatDelete() (object, *apiError) {
	ch, m, err := c.ownMessage("cant_delete_message")
	if err != nil {
		return nil, err
	}
	c.remove(ch, m)
	return object{"channel": ch.ID, "ts": c.str("ts")}, nil
}

// ownMessage is the bot's own message that channel and ts name.
func (c *call) ownMessage(foreign string) (*channel, *Message, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, nil, err
	}
	m := ch.at(c.str("ts"))
	switch {
	case m == nil || m.Subtype == "tombstone":
		return nil, nil, fail("message_not_found")
	case ch.IsArchived:
		return nil, nil, fail("is_archived")
	case m.BotID != c.botID:
		return nil, nil, fail(foreign)
	}
	return ch, m, nil
}

func (c *call) chatEphemeral() (object, *apiError) {
	ch, err := c.target()
	if err != nil {
		return nil, err
	}
	if !ch.isMember(c.user) {
		return nil, fail("not_in_channel")
	}
	if !ch.isMember(c.str("user")) {
		return nil, fail("user_not_in_channel")
	}
	m, err := c.compose(c.args)
	if err != nil {
		return nil, err
	}
	if err := c.intoThread(ch, m); err != nil {
		return nil, err
	}
	c.signBot(m, c.args)
	return object{"message_ts": c.whisper(ch, c.str("user"), m)}, nil
}

// whisper shows a message to one user only.
func (w *Workspace) whisper(c *channel, user string, m *Message) string {
	m.Type, m.TS = "message", w.nextTS()
	w.whispers[user] = append(w.whispers[user], &Ephemeral{Channel: c.ID, Message: *m})
	w.changed()
	return m.TS
}

// whisperAt finds a user's ephemeral message by channel and ts.
func (w *Workspace) whisperAt(user, channel, ts string) *Ephemeral {
	for _, e := range w.whispers[user] {
		if e.Channel == channel && e.TS == ts {
			return e
		}
	}
	return nil
}

func (w *Workspace) unwhisper(user string, e *Ephemeral) {
	w.whispers[user] = slices.DeleteFunc(w.whispers[user], func(x *Ephemeral) bool { return x == e })
	w.changed()
}

func (c *call) chatPermalink() (object, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, err
	}
	m := ch.at(c.str("message_ts"))
	if m == nil {
		return nil, fail("message_not_found")
	}
	return object{"channel": ch.ID, "permalink": c.permalink(ch, m)}, nil
}

// scheduled is a message that waits for its time.
type scheduled struct {
	id, channel string
	at          int64
	message     *Message
	created     int64
	timer       *appointment
}

const maxAhead = 120 * 24 * time.Hour

func (c *call) chatSchedule() (object, *apiError) {
	ch, err := c.target()
	if err != nil {
		return nil, err
	}
	at, ok := c.number("post_at", 0)
	if !ok {
		return nil, fail("invalid_time")
	}
	wait := time.Unix(int64(at), 0).Sub(c.now())
	switch {
	case wait <= 0:
		return nil, fail("time_in_past")
	case wait > maxAhead:
		return nil, fail("time_too_far")
	}
	m, err := c.compose(c.args)
	if err != nil {
		return nil, err
	}
	if err := c.intoThread(ch, m); err != nil {
		return nil, err
	}
	c.signBot(m, c.args)
	s := &scheduled{id: c.id("Q"), channel: ch.ID, at: int64(at), message: m, created: unix(c.now())}
	c.plan(ch, s)
	return object{"channel": ch.ID, "scheduled_message_id": s.id, "post_at": at, "message": m.clone()}, nil
}

// plan posts s in its channel when its time has come.
func (w *Workspace) plan(ch *channel, s *scheduled) {
	w.planned[s.id] = s
	s.timer = w.agenda.after(time.Unix(s.at, 0).Sub(w.now()), func() {
		delete(w.planned, s.id)
		if !ch.IsArchived {
			w.post(ch, s.message)
		}
	})
}

func (c *call) chatUnschedule() (object, *apiError) {
	s := c.planned[c.str("scheduled_message_id")]
	if s == nil || s.channel != c.str("channel") {
		return nil, fail("invalid_scheduled_message_id")
	}
	c.agenda.cancel(s.timer)
	delete(c.planned, s.id)
	return nil, nil
}

func (c *call) chatScheduled() (object, *apiError) {
	list := []object{}
	for _, s := range c.planned {
		if !c.has("channel") || s.channel == c.str("channel") {
			list = append(list, object{"id": s.id, "channel_id": s.channel, "post_at": s.at,
				"date_created": s.created, "text": s.message.Text})
		}
	}
	slices.SortFunc(list, func(a, b object) int { return compareIDs(a["id"].(string), b["id"].(string)) })
	return object{"scheduled_messages": list, "response_metadata": object{"next_cursor": ""}}, nil
}

// blocksValidate is the public validator: exactly one of blocks, view, message.
func (c *call) blocksValidate() (object, *apiError) {
	var problems []Problem
	code, given := "", 0
	for _, arg := range []string{"blocks", "view", "message"} {
		if !c.has(arg) {
			continue
		}
		given++
		code = "invalid_" + arg
		raw := json.RawMessage(c.str(arg))
		switch arg {
		case "blocks":
			problems, _ = ValidateBlocks(raw)
		case "view":
			problems = ValidateView(raw)
		case "message":
			var m struct{ Blocks json.RawMessage }
			if json.Unmarshal(raw, &m) != nil {
				return nil, fail(code)
			}
			problems, _ = ValidateBlocks(m.Blocks)
		}
	}
	if given != 1 {
		return nil, fail("invalid_arguments")
	}
	if len(problems) == 0 {
		return nil, nil
	}
	var errs []object
	for _, p := range problems {
		errs = append(errs, object{"pointer": p.Pointer, "code": "failed_constraint", "message": p.Message})
	}
	return nil, &apiError{code: code, extra: object{"errors": errs}}
}
