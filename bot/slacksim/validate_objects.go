package slacksim

import "github.com/stormbell/stormbell/pattern"

// Patterns that Slack shows in its own messages, or that follow from the documented form of a value.
var (
	fileIDPattern = pattern.New(`^[F][A-Z0-9]{8,}$`)
	datePattern   = pattern.New(`^\d{4}-\d{2}-\d{2}$`)
	timePattern   = pattern.New(`^([01]\d|2[0-3]):[0-5]\d$`)
	decimal       = pattern.New(`^-?\d+(\.\d+)?$`)
)

// textShapes are the two text objects; their length depends on where they stand, so "text" is added by the rule.
var textShapes = map[string]shape{
	"plain_text": {fields: []field{{"emoji", boolean()}}},
	"mrkdwn":     {fields: []field{{"verbatim", boolean()}}},
}

// objectShapes are the composition objects and other parts without a "type" of their own
// (Slack: reference/block-kit/composition-objects).
var objectShapes = map[string]shape{
	"confirm": {fields: []field{
		{"title", need(plain(100))}, {"text", need(text(300))}, {"confirm", need(plain(30))},
		{"deny", need(plain(30))}, {"style", oneOf("primary", "danger")},
	}},
	"option": {fields: []field{
		{"text", need(plain(75))}, {"value", need(str(0, 150))}, {"description", plain(75)},
	}},
	// Checkboxes and radio buttons alone may format the text of an option.
	"formatted option": {fields: []field{
		{"text", need(text(75))}, {"value", need(str(0, 150))}, {"description", text(75)},
	}},
	// An overflow menu alone may link from an option.
	"linked option": {fields: []field{
		{"text", need(plain(75))}, {"value", str(0, 150)}, {"description", plain(75)}, {"url", str(1, 3000)},
	}},
	"option group": {fields: []field{
		{"label", need(plain(75))}, {"options", need(list(1, 100, one("option")))},
	}},
	"conversation filter": {fields: []field{
		{"include", list(1, 4, oneOf("im", "mpim", "private", "public"))},
		{"exclude_external_shared_channels", boolean()}, {"exclude_bot_users", boolean()},
	}, also: filterSaysSomething},
	"dispatch config": {fields: []field{
		{"trigger_actions_on", list(1, 2, oneOf("on_enter_pressed", "on_character_entered"))},
	}},
	"slack file": {fields: []field{
		{"id", matching(fileIDPattern, 0)}, {"url", str(1, 3000)},
	}, also: exactlyOneOf("id", "url")},
	"workflow": {fields: []field{{"trigger", need(one("trigger"))}}},
	"trigger": {fields: []field{
		{"url", need(str(1, 3000))}, {"customizable_input_parameters", list(0, 0, one("parameter"))},
	}},
	"parameter":       {fields: []field{{"name", need(str(1, 0))}, {"value", need(rule{})}}},
	"feedback button": {fields: feedbackButton},
	"slack icon": {fields: []field{
		{"type", need(oneOf("icon"))}, {"name", need(str(1, 255))},
	}},
	"column": {fields: []field{{"align", oneOf("left", "center", "right")}, {"is_wrapped", boolean()}}},
	"segment": {fields: []field{
		{"label", need(str(1, 20))}, {"value", need(number())},
	}, also: valueAboveZero},
	"series": {fields: []field{
		{"name", need(str(1, 20))}, {"data", need(list(1, 20, one("point")))},
	}},
	"point": {fields: []field{{"label", need(str(1, 20))}, {"value", need(number())}}},
	"axes": {fields: []field{
		{"categories", need(list(1, 20, str(1, 20)))}, {"x_label", str(0, 50)}, {"y_label", str(0, 50)},
	}},
	"url source": {fields: []field{
		{"type", need(oneOf("url"))}, {"url", need(str(1, 3000))}, {"text", need(str(1, 0))},
	}},
	"style": {open: true, fields: []field{
		{"bold", boolean()}, {"italic", boolean()}, {"strike", boolean()}, {"code", boolean()},
		{"underline", boolean()}, {"highlight", boolean()}, {"client_highlight", boolean()}, {"unlink", boolean()},
	}},
}

var feedbackButton = []field{
	{"text", need(plain(75))}, {"value", need(str(0, 2000))}, {"accessibility_label", str(0, 75)},
}

func filterSaysSomething(c *checker, at string, o object) {
	if len(o) == 0 {
		c.report(at, "must define at least one of `include`, `exclude_external_shared_channels` or `exclude_bot_users`")
	}
}

// exactlyOneOf is the rule of two fields that say the same thing in different ways. With neither, Slack names the first.
func exactlyOneOf(first, second string) func(*checker, string, object) {
	return func(c *checker, at string, o object) {
		_, a := o[first]
		_, b := o[second]
		switch {
		case a && b:
			c.report(at, "must define either `%s` or `%s`", first, second)
		case !a && !b:
			c.report(at, "missing required field: %s", first)
		}
	}
}
