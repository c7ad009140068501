package slacksim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// unfurlMethods is the call that adds previews to links of the app's domains.
func unfurlMethods() map[string]*method {
	return map[string]*method{
		"chat.unfurl": {scopes: anyOf("links:write"), tier: tier3, run: (*call).chatUnfurl},
	}
}

var linkInText = pattern.New(`<(https?://[^|>]+)(?:\|[^>]*)?>`)

// claimed lists the links in a text that belong to the app's domains.
func (w *Workspace) claimed(text string) []object {
	var out []object
	for _, m := range linkInText.FindAllStringSubmatch(text, -1) {
		u, err := url.Parse(m[1])
		if err != nil {
			continue
		}
		for _, domain := range w.domains {
			if u.Hostname() == domain || strings.HasSuffix(u.Hostname(), "."+domain) {
				out = append(out, object{"domain": domain, "url": m[1]})
				break
			}
		}
	}
	return out
}

// shareLinks tells the app of its links in a person's message, also where the
// bot is not: Slack does so for every channel.
func (w *Workspace) shareLinks(c *channel, m *Message) {
	links := w.claimed(m.Text)
	if len(links) == 0 || m.BotID != "" {
		return
	}
	fields := object{"channel": c.ID, "user": m.User, "message_ts": m.TS, "links": links,
		"is_bot_user_member": c.isMember(w.botUser), "source": "conversations_history",
		"unfurl_id": c.ID + "-" + m.TS, "event_ts": w.eventTS()}
	if m.ThreadTS != "" {
		fields["thread_ts"] = m.ThreadTS
	}
	w.emit("link_shared", nil, fields)
}

func (c *call) chatUnfurl() (object, *apiError) {
	ch, m, err := c.unfurled()
	if err != nil {
		return nil, err
	}
	if !c.has("unfurls") {
		return nil, fail("missing_unfurls")
	}
	var unfurls map[string]json.RawMessage
	if json.Unmarshal([]byte(c.str("unfurls")), &unfurls) != nil || len(unfurls) == 0 {
		return nil, fail("invalid_unfurls_format")
	}
	claimed := c.claimed(m.Text)
	var list []any
	if len(m.Attachments) > 0 {
		decodeNumbers(m.Attachments, &list)
	}
	for link, raw := range unfurls {
		var o object
		if decodeNumbers(raw, &o) != nil {
			return nil, fail("cannot_parse_attachment")
		}
		if !slices.ContainsFunc(claimed, func(l object) bool { return l["url"] == link }) {
			return nil, fail("cannot_unfurl_url")
		}
		if len(CheckAttachments(mustJSON([]object{o}))) > 0 {
			return nil, fail("cannot_parse_attachment")
		}
		o["from_url"], o["app_unfurl_url"], o["is_app_unfurl"] = link, link, true
		list = append(list, o)
	}
	next := m.clone()
	next.Attachments = c.keepAttachments(mustJSON(list))
	edited := m.Edited
	c.change(ch, m, next, m.User)
	m.Edited = edited // a preview is no edit
	return nil, nil
}

// unfurled is the message that channel and ts, or unfurl_id and source, name.
func (c *call) unfurled() (*channel, *Message, *apiError) {
	id, ts := c.str("channel"), c.str("ts")
	if c.has("unfurl_id") || c.has("source") {
		switch {
		case !c.has("unfurl_id"):
			return nil, nil, fail("missing_unfurl_id")
		case !c.has("source"):
			return nil, nil, fail("missing_source")
		case c.str("source") != "conversations_history":
			return nil, nil, fail("invalid_source")
		}
		var ok bool
		if id, ts, ok = strings.Cut(c.str("unfurl_id"), "-"); !ok {
			return nil, nil, fail("invalid_unfurl_id")
		}
	}
	switch ch := c.channels[id]; {
	case id == "":
		return nil, nil, fail("missing_channel")
	case ts == "":
		return nil, nil, fail("missing_ts")
	case ch == nil:
		return nil, nil, fail("cannot_find_channel")
	case ch.at(ts) == nil:
		return nil, nil, fail("cannot_find_message")
	default:
		return ch, ch.at(ts), nil
	}
}
