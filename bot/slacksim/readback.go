package slacksim

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// keepBlocks is what Slack stores: the blocks with missing IDs filled in and
// defaults of text objects written out.
func (w *Workspace) keepBlocks(raw json.RawMessage) json.RawMessage {
	var blocks []any
	if decodeNumbers(raw, &blocks) != nil {
		return raw // validated before: cannot happen, and harmless
	}
	for _, b := range blocks {
		w.settleBlock(b)
	}
	return mustJSON(blocks)
}

func (w *Workspace) keepAttachments(raw json.RawMessage) json.RawMessage {
	var list []object
	if decodeNumbers(raw, &list) != nil {
		return raw
	}
	for i, a := range list {
		a["id"] = i + 1
		if blocks, ok := a["blocks"].([]any); ok {
			for _, b := range blocks {
				w.settleBlock(b)
			}
		}
		if _, ok := a["fallback"]; !ok {
			a["fallback"] = "[no preview available]"
		}
	}
	return mustJSON(list)
}

func (w *Workspace) settleBlock(b any) {
	o, ok := b.(object)
	if !ok {
		return
	}
	if id, _ := o["block_id"].(string); id == "" {
		o["block_id"] = w.secret(5)
	}
	for _, el := range elementsOfBlock(o) {
		if id, _ := el["action_id"].(string); id == "" && needsActionID(el) {
			el["action_id"] = w.secret(5)
		}
	}
	w.settleTexts(o)
}

// needsActionID tells interactive elements from images and texts.
func needsActionID(el object) bool {
	switch el["type"] {
	case "image", "mrkdwn", "plain_text", nil:
		return false
	}
	return !strings.HasPrefix(el["type"].(string), "rich_text_")
}

func (w *Workspace) settleTexts(v any) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			w.settleTexts(e)
		}
	case object:
		text, isText := x["text"].(string)
		switch {
		case x["type"] == "mrkdwn" && isText:
			x["text"] = w.readBack(text)
			setDefault(x, "verbatim", false)
		case x["type"] == "plain_text" && isText:
			setDefault(x, "emoji", true)
		default:
			for _, e := range x {
				w.settleTexts(e)
			}
		}
	}
}

func setDefault(o object, key string, value any) {
	if _, ok := o[key]; !ok {
		o[key] = value
	}
}

func decodeNumbers(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(into)
}

var (
	entity   = pattern.New(`^&(?:amp|lt|gt);`)
	angle    = pattern.New(`^<(?:[@#][A-Z0-9]+(?:\|[^<>]*)?|!(?:here|channel|everyone|subteam\^|date\^)[^<>]*|(?:https?|mailto|tel|slack):[^<>\s|]+(?:\|[^<>]*)?)>`)
	bareLink = pattern.New(`^https?://[\p{L}\p{N}](?:[^\s<>|]*[^\s<>|.,;:!?)'"*_~` + "`" + `])?`) // a host, so that no entity is taken for one
)

// readBack is how mrkdwn text reads after Slack took it in: bare URLs in angle
// brackets, stray special characters as entities, emoji by their names. What
// is markup already stays (Slack: "Formatting message text").
func (w *Workspace) readBack(text string) string {
	return linked(text, func(rest string) (string, int) {
		if name, n := emojiAt(rest); n > 0 {
			return ":" + name + ":", n
		}
		switch rest[0] {
		case '&':
			return "&amp;", 1
		case '<':
			return "&lt;", 1
		case '>': // at a line's start it is a quote, and reads back just so
			return "&gt;", 1
		}
		return rest[:1], 1
	})
}

// linked copies text, leaves markup alone and puts bare URLs in angle
// brackets; plain says what becomes of the rest, given all of it from the
// place reached, and how many bytes it took.
func linked(text string, plain func(rest string) (out string, n int)) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		rest := text[i:]
		if n := markupLen(rest); n > 0 {
			b.WriteString(rest[:n])
			i += n
			continue
		}
		if link := bareLink.FindString(rest); link != "" {
			b.WriteString("<" + link + ">")
			i += len(link)
			continue
		}
		out, n := plain(rest)
		b.WriteString(out)
		i += n
	}
	return b.String()
}

// outsideMarkup applies change to what of the text is not in angle brackets.
func outsideMarkup(text string, change func(string) string) string {
	var b strings.Builder
	from := 0
	for _, loc := range inlineMarkup.FindAllStringIndex(text, -1) {
		b.WriteString(change(text[from:loc[0]]) + text[loc[0]:loc[1]])
		from = loc[1]
	}
	return b.String() + change(text[from:])
}

func markupLen(s string) int {
	switch s[0] {
	case '&':
		return len(entity.FindString(s))
	case '<':
		return len(angle.FindString(s))
	}
	return 0
}

// emojiNames are the emoji that alerting people type, by Slack's names; others
// read back as they are.
var emojiNames = map[string]string{
	"🔥": "fire", "🚨": "rotating_light", "✅": "white_check_mark", "❌": "x", "⚠️": "warning", "👀": "eyes",
	"👍": "+1", "👎": "-1", "🎉": "tada", "🚀": "rocket", "📟": "pager", "📞": "telephone_receiver",
	"🔴": "red_circle", "🟠": "large_orange_circle", "🟡": "large_yellow_circle", "🟢": "large_green_circle",
	"🔵": "large_blue_circle", "⏰": "alarm_clock", "📌": "pushpin", "🧯": "fire_extinguisher", "🔔": "bell",
	"🔕": "no_bell", "💥": "boom", "🙏": "pray", "🤖": "robot_face", "📝": "memo", "🔒": "lock", "❗": "exclamation",
	"❓": "question", "😀": "grinning", "😅": "sweat_smile", "🙂": "slightly_smiling_face", "👋": "wave",
	"🛠️": "hammer_and_wrench", "📈": "chart_with_upwards_trend", "📉": "chart_with_downwards_trend", "🐛": "bug",
	"🧪": "test_tube", "⏳": "hourglass_flowing_sand", "⌛": "hourglass", "🏁": "checkered_flag", "🆘": "sos",
	"ℹ️": "information_source", "➡️": "arrow_right", "⬆️": "arrow_up", "⬇️": "arrow_down", "👥": "busts_in_silhouette",
	"📣": "mega", "📢": "loudspeaker", "🧵": "thread", "📎": "paperclip", "🔗": "link", "☎️": "phone",
}

// emojiAt names the emoji at the start of s and says how many bytes it is.
func emojiAt(s string) (name string, n int) {
	if s[0] < 0x80 {
		return "", 0
	}
	for n := min(8, len(s)); n >= 3; n-- {
		if name, ok := emojiNames[s[:n]]; ok {
			return name, n
		}
	}
	return "", 0
}
