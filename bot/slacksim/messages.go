package slacksim

import (
	"encoding/json"
	"slices"
	"strings"
)

const (
	maxText       = 40000 // characters; longer ones are cut off
	maxUpdateText = 4000
	maxMetadata   = 16 << 10
	maxAttached   = 100
)

// at finds a message by its ts.
func (c *channel) at(ts string) *Message {
	want, ok := parseTS(ts)
	if !ok {
		return nil
	}
	i, found := slices.BinarySearchFunc(c.msgs, want, func(m *Message, t int64) int {
		have, _ := parseTS(m.TS)
		return int(have - t)
	})
	if !found {
		return nil
	}
	return c.msgs[i]
}

// post writes m into c: it gets a ts, counts in its thread, and is told to
// the app.
func (w *Workspace) post(c *channel, m *Message) {
	m.Type, m.TS = "message", w.nextTS()
	if m.Team == "" && m.Subtype == "" {
		m.Team = w.teamID
	}
	if root := c.at(m.ThreadTS); root != nil && m.ThreadTS != "" {
		root.ThreadTS = root.TS
		root.ReplyCount++
		root.LatestReply = m.TS
		m.ParentUser = root.User
		if !slices.Contains(root.ReplyUsers, m.User) {
			root.ReplyUsers = append(root.ReplyUsers, m.User)
			root.ReplyUsersCount++
		}
	}
	c.msgs = append(c.msgs, m)
	w.changed()
	if w.hearsMessages(c) {
		w.emitMessage(c, toObj(m))
	}
	w.shareLinks(c, m)
	if m.Subtype == "" && m.User != w.botUser && strings.Contains(m.Text, "<@"+w.botUser+">") && !c.IsIM {
		fields := toObj(m)
		fields["channel"], fields["event_ts"] = c.ID, m.TS
		w.emit("app_mention", c, fields)
	}
}

// compose reads a message's content out of a call's arguments and judges it
// (Slack: chat.postMessage).
func (w *Workspace) compose(a args) (*Message, *apiError) {
	m := &Message{Text: a.str("text")}
	if a.has("markdown_text") {
		if a.has("text") || a.has("blocks") {
			return nil, fail("markdown_text_conflict")
		}
		if len([]rune(a.str("markdown_text"))) > 12000 {
			return nil, fail("msg_too_long")
		}
		m.Text = a.str("markdown_text")
	}
	if err := w.composeBlocks(a, m); err != nil {
		return nil, err
	}
	if err := composeMetadata(a, m); err != nil {
		return nil, err
	}
	if m.Text == "" && m.Blocks == nil && m.Attachments == nil {
		return nil, fail("no_text")
	}
	if r := []rune(m.Text); len(r) > maxText {
		m.Text = string(r[:maxText])
	}
	m.Text = w.readBack(m.Text)
	return m, nil
}

func (w *Workspace) composeBlocks(a args, m *Message) *apiError {
	if raw := json.RawMessage(a.str("blocks")); len(raw) > 0 && string(raw) != "[]" {
		problems, format := ValidateBlocks(raw)
		if format {
			return fail("invalid_blocks_format")
		}
		if len(problems) > 0 {
			return blockRefusal("invalid_blocks", problems)
		}
		if ContentLength(raw) > w.opts.MaxContent {
			return fail("msg_blocks_too_long")
		}
		m.Blocks = w.keepBlocks(raw)
	}
	raw := json.RawMessage(a.str("attachments"))
	if len(raw) == 0 || string(raw) == "[]" {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return fail("invalid_attachments")
	}
	if len(list) > maxAttached {
		return fail("too_many_attachments")
	}
	if problems := CheckAttachments(raw); len(problems) > 0 {
		return blockRefusal("invalid_attachments", problems)
	}
	m.Attachments = w.keepAttachments(raw)
	return nil
}

func composeMetadata(a args, m *Message) *apiError {
	if !a.has("metadata") {
		return nil
	}
	raw := a.str("metadata")
	if len(raw) > maxMetadata {
		return fail("metadata_too_large")
	}
	var md struct {
		EventType    string          `json:"event_type"`
		EventPayload json.RawMessage `json:"event_payload"`
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &md) != nil || json.Unmarshal([]byte(raw), &fields) != nil {
		return fail("invalid_metadata_format")
	}
	if len(fields) == 0 {
		return nil // {} takes metadata away on update
	}
	var payload map[string]json.RawMessage
	if md.EventType == "" || json.Unmarshal(md.EventPayload, &payload) != nil || payload == nil {
		return fail("invalid_metadata_format")
	}
	m.Metadata = &Metadata{EventType: md.EventType, EventPayload: md.EventPayload}
	return nil
}

// blockRefusal is how chat.* reports invalid blocks: the problems under
// errors, and once more with [ERROR] in response_metadata.
func blockRefusal(code string, problems []Problem) *apiError {
	var plain, marked []string
	for _, p := range problems {
		plain = append(plain, p.String())
		marked = append(marked, "[ERROR] "+p.String())
	}
	return &apiError{code: code, messages: marked, extra: object{"errors": plain}}
}

// signBot makes m the bot's message.
func (w *Workspace) signBot(m *Message, a args) {
	m.BotID, m.AppID, m.Team = w.botID, w.appID, w.teamID
	m.BotProfile = w.botProfile()
	if !a.has("username") && !a.has("icon_emoji") && !a.has("icon_url") {
		m.User = w.botUser
		return
	}
	m.Subtype, m.Username = "bot_message", a.str("username")
	if m.Username == "" {
		m.Username = w.users[w.botUser].RealName
	}
	switch {
	case a.has("icon_emoji"):
		m.Icons = mustJSON(object{"emoji": a.str("icon_emoji")})
	case a.has("icon_url"):
		m.Icons = mustJSON(object{"image_64": a.str("icon_url")})
	}
}

func (w *Workspace) botProfile() json.RawMessage {
	return mustJSON(object{"id": w.botID, "deleted": false, "name": w.users[w.botUser].RealName,
		"updated": unix(w.users[w.botUser].updated), "app_id": w.appID, "team_id": w.teamID, "icons": botIcons()})
}

// change replaces a message's content and tells the app of both versions.
func (w *Workspace) change(c *channel, m *Message, next Message, by string) {
	before := toObj(m.clone())
	m.Text, m.Blocks, m.Attachments, m.Metadata = next.Text, next.Blocks, next.Attachments, next.Metadata
	m.Edited = &Edited{User: by, TS: w.eventTS()}
	w.changed()
	w.emitMessage(c, object{"subtype": "message_changed", "hidden": true, "ts": w.nextTS(),
		"message": toObj(m), "previous_message": before})
}

// remove takes a message away. A thread's root that has replies leaves a
// tombstone behind, as in Slack.
func (w *Workspace) remove(c *channel, m *Message) {
	before := toObj(m.clone())
	i := slices.Index(c.msgs, m)
	if m.ReplyCount > 0 {
		*m = Message{Type: "message", Subtype: "tombstone", Text: "This message was deleted.", User: slackbot,
			TS: m.TS, ThreadTS: m.ThreadTS, ReplyCount: m.ReplyCount, ReplyUsers: m.ReplyUsers,
			ReplyUsersCount: m.ReplyUsersCount, LatestReply: m.LatestReply}
	} else {
		c.msgs = slices.Delete(c.msgs, i, i+1)
		w.unthread(c, m)
	}
	c.Pins = slices.DeleteFunc(c.Pins, func(p Pin) bool { return p.TS == m.TS })
	w.changed()
	w.emitMessage(c, object{"subtype": "message_deleted", "hidden": true, "ts": w.nextTS(),
		"deleted_ts": before["ts"], "previous_message": before})
}

// unthread takes a deleted reply out of its root's counts.
func (w *Workspace) unthread(c *channel, m *Message) {
	root := c.at(m.ThreadTS)
	if root == nil || root == m {
		return
	}
	root.ReplyCount, root.ReplyUsers, root.LatestReply = 0, nil, ""
	for _, r := range c.replies(root.TS) {
		root.ReplyCount++
		root.LatestReply = r.TS
		if !slices.Contains(root.ReplyUsers, r.User) {
			root.ReplyUsers = append(root.ReplyUsers, r.User)
		}
	}
	root.ReplyUsersCount = len(root.ReplyUsers)
	if root.ReplyCount == 0 {
		root.ThreadTS = ""
	}
}

// replies are the messages in the thread of root, without the root.
func (c *channel) replies(root string) []*Message {
	var out []*Message
	for _, m := range c.msgs {
		if m.ThreadTS == root && m.TS != root {
			out = append(out, m)
		}
	}
	return out
}

// site is the workspace's address as Slack would have it.
func (w *Workspace) site() string { return "https://" + w.domain + ".slack.com/" }

func (w *Workspace) permalink(c *channel, m *Message) string {
	link := w.site() + "archives/" + c.ID + "/p" + strings.ReplaceAll(m.TS, ".", "")
	if m.ThreadTS != "" && m.ThreadTS != m.TS {
		link += "?thread_ts=" + m.ThreadTS + "&cid=" + c.ID
	}
	return link
}
