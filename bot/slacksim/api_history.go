package slacksim

import "slices"

// historyMethods are the calls that read messages.
func historyMethods() map[string]*method {
	gone := map[string]string{"channel": "channel_not_found", "ts": "thread_not_found"}
	return map[string]*method{
		"conversations.history": {scopes: historyRule(), tier: tier3, required: []string{"channel"}, absent: gone, run: (*call).roomHistory},
		"conversations.replies": {scopes: historyRule(), tier: tier3, noJSON: true, required: []string{"channel", "ts"}, absent: gone, run: (*call).roomReplies},
	}
}

// span is the time window that oldest, latest and inclusive describe.
type span struct {
	oldest, latest int64
	inclusive      bool
}

func (c *call) span() (span, *apiError) {
	s := span{oldest: -1, latest: 1 << 62, inclusive: c.yes("inclusive")}
	var ok bool
	if c.has("oldest") {
		if s.oldest, ok = parseTS(c.str("oldest")); !ok {
			return s, fail("invalid_ts_oldest")
		}
	}
	if c.has("latest") {
		if s.latest, ok = parseTS(c.str("latest")); !ok {
			return s, fail("invalid_ts_latest")
		}
	}
	return s, nil
}

func (s span) holds(ts string) bool {
	t, _ := parseTS(ts)
	if s.inclusive && (t == s.oldest || t == s.latest) {
		return true
	}
	return t > s.oldest && t < s.latest
}

// readable is a channel whose messages the bot may read.
func (c *call) readable() (*channel, *apiError) {
	ch, err := c.room("channel")
	if err != nil {
		return nil, err
	}
	if !ch.isMember(c.user) {
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

func (c *call) roomHistory() (object, *apiError) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	s, err := c.span()
	if err != nil {
		return nil, err
	}
	var fit []*Message
	for _, m := range slices.Backward(ch.msgs) {
		reply := m.ThreadTS != "" && m.ThreadTS != m.TS && m.Subtype != "thread_broadcast"
		if !reply && s.holds(m.TS) {
			fit = append(fit, m)
		}
	}
	part, next, err := pageMessages(c, fit, pageRule{limit: 100, most: 999})
	if err != nil {
		return nil, err
	}
	o := object{"messages": c.shown(part), "has_more": next != "", "pin_count": len(ch.Pins),
		"channel_actions_ts": nil, "channel_actions_count": 0}
	if next != "" {
		o["response_metadata"] = object{"next_cursor": next}
	}
	if c.has("latest") {
		o["latest"] = c.str("latest")
	}
	return o, nil
}

func (c *call) roomReplies() (object, *apiError) {
	ch, err := c.readable()
	if err != nil {
		return nil, err
	}
	s, err := c.span()
	if err != nil {
		return nil, err
	}
	root := ch.at(c.str("ts"))
	if root == nil {
		return nil, fail("thread_not_found")
	}
	if root.ThreadTS != "" && root.ThreadTS != root.TS {
		root = ch.at(root.ThreadTS) // any message of a thread names it
	}
	fit := []*Message{root}
	for _, m := range ch.replies(root.TS) {
		if s.holds(m.TS) {
			fit = append(fit, m)
		}
	}
	part, next, err := pageMessages(c, fit, pageRule{limit: 1000, most: 1000})
	if err != nil {
		return nil, err
	}
	o := object{"messages": c.shown(part), "has_more": next != ""}
	if next != "" {
		o["response_metadata"] = object{"next_cursor": next}
	}
	return o, nil
}

// shown is how messages read back: metadata only when asked for.
func (c *call) shown(ms []*Message) []Message {
	out := []Message{}
	for _, m := range ms {
		x := m.clone()
		if !c.yes("include_all_metadata") {
			x.Metadata = nil
		}
		out = append(out, x)
	}
	return out
}
