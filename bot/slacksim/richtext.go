package slacksim

import (
	"encoding/json"
	"html"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

var inlineMarkup = pattern.New(`<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>`)

// richText is the block that Slack's client sends along with typed text.
func (w *Workspace) richText(text string) json.RawMessage {
	var elements []object
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
		elements = []object{}
	}
	return mustJSON([]object{{"type": "rich_text", "block_id": w.secret(5),
		"elements": []object{{"type": "rich_text_section", "elements": elements}}}})
}

func appendText(elements []object, text string) []object {
	if text == "" {
		return elements
	}
	return append(elements, object{"type": "text", "text": html.UnescapeString(text)})
}

// inline turns one <…> into a rich text element.
func inline(m []string) object {
	sigil, target, label := m[1], m[2], m[3]
	switch {
	case sigil == "@":
		return object{"type": "user", "user_id": target}
	case sigil == "#":
		return object{"type": "channel", "channel_id": target}
	case sigil == "!" && strings.HasPrefix(target, "subteam^"):
		return object{"type": "usergroup", "usergroup_id": strings.TrimPrefix(target, "subteam^")}
	case sigil == "!":
		return object{"type": "broadcast", "range": target}
	}
	o := object{"type": "link", "url": html.UnescapeString(target)}
	if label != "" {
		o["text"] = html.UnescapeString(label)
	}
	return o
}
