package slacksim

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
)

var inlineMarkup = regexp.MustCompile(`<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>`)

// richText is the block that Slack's client sends along with typed text.
func (w *Workspace) richText(text string) json.RawMessage {
	var elements []obj
	rest := text
	for rest != "" {
		loc := inlineMarkup.FindStringSubmatchIndex(rest)
		if loc == nil {
			break
		}
		elements = appendText(elements, rest[:loc[0]])
		elements = append(elements, inline(inlineMarkup.FindStringSubmatch(rest[loc[0]:loc[1]])))
		rest = rest[loc[1]:]
	}
	elements = appendText(elements, rest)
	if elements == nil {
		elements = []obj{}
	}
	return mustJSON([]obj{{"type": "rich_text", "block_id": w.secret(5),
		"elements": []obj{{"type": "rich_text_section", "elements": elements}}}})
}

func appendText(elements []obj, text string) []obj {
	if text == "" {
		return elements
	}
	return append(elements, obj{"type": "text", "text": html.UnescapeString(text)})
}

// inline turns one <…> into a rich text element.
func inline(m []string) obj {
	sigil, target, label := m[1], m[2], m[3]
	switch {
	case sigil == "@":
		return obj{"type": "user", "user_id": target}
	case sigil == "#":
		return obj{"type": "channel", "channel_id": target}
	case sigil == "!" && strings.HasPrefix(target, "subteam^"):
		return obj{"type": "usergroup", "usergroup_id": strings.TrimPrefix(target, "subteam^")}
	case sigil == "!":
		return obj{"type": "broadcast", "range": target}
	}
	o := obj{"type": "link", "url": html.UnescapeString(target)}
	if label != "" {
		o["text"] = html.UnescapeString(label)
	}
	return o
}
