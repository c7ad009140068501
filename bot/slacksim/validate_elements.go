package slacksim

import (
	"encoding/json"
	"math/big"
	"net/url"
	"reflect"
	"slices"
)

// element is an interactive element: it has an action_id besides its own fields.
func element(fields ...field) shape {
	return shape{fields: append([]field{{"action_id", str(0, 255)}}, fields...)}
}

// checkedBy adds rules that concern several fields at once.
func (s shape) checkedBy(also ...func(*checker, string, object)) shape {
	s.also = func(c *checker, at string, o object) {
		for _, f := range also {
			f(c, at, o)
		}
	}
	return s
}

var (
	confirmField     = field{"confirm", one("confirm")}
	focusField       = field{"focus_on_load", boolean()}
	placeholderField = field{"placeholder", plain(150)}
	dispatchField    = field{"dispatch_action_config", one("dispatch config")}
	optionsField     = field{"options", list(1, 100, one("option"))}
	groupsField      = field{"option_groups", list(1, 100, one("option group"))}
	queryField       = field{"min_query_length", integer(0, 0)}
	manyField        = field{"max_selected_items", integer(1, 0)}
	filterField      = field{"filter", one("conversation filter")}
	visibleField     = field{"visible_to_user_ids", list(0, 10, str(1, 0))}
	styleField       = field{"style", oneOf("primary", "danger")}
	labelField       = field{"accessibility_label", str(0, 75)}
	ids              = list(0, 0, str(1, 0))
)

// elementShapes are the block elements (Slack: reference/block-kit/block-elements).
var elementShapes = map[string]shape{
	"button": element(field{"text", need(plain(75))}, field{"value", str(0, 2000)}, field{"url", str(0, 3000)},
		styleField, confirmField, labelField, visibleField,
		field{"agent_prompt", str(0, 0)}, field{"agent_prompt_display", str(0, 0)}),
	"workflow_button": element(field{"text", need(plain(75))}, field{"workflow", need(one("workflow"))},
		styleField, labelField),
	"icon_button": element(field{"icon", need(str(1, 255))}, field{"text", need(plain(75))}, field{"value", str(0, 2000)},
		confirmField, labelField, visibleField),
	"feedback_buttons": element(field{"positive_button", need(one("feedback button"))},
		field{"negative_button", need(one("feedback button"))}),
	"overflow": element(field{"options", need(list(1, 5, one("linked option")))}, confirmField),
	"checkboxes": element(field{"options", need(list(1, 10, one("formatted option")))},
		field{"initial_options", list(1, 10, one("formatted option"))}, confirmField, focusField, visibleField,
	).checkedBy(initialAmongOptions),
	"radio_buttons": element(field{"options", need(list(1, 10, one("formatted option")))},
		field{"initial_option", one("formatted option")}, confirmField, focusField,
	).checkedBy(initialAmongOptions),

	"datepicker": element(field{"initial_date", matching(datePattern, 0)}, placeholderField, confirmField, focusField),
	"timepicker": element(field{"initial_time", matching(timePattern, 0)}, placeholderField, confirmField, focusField,
		field{"timezone", str(1, 0)}),
	"datetimepicker": element(field{"initial_date_time", integer(1_000_000_000, 9_999_999_999)}, confirmField, focusField),

	"static_select": element(optionsField, groupsField, field{"initial_option", one("option")},
		placeholderField, confirmField, focusField,
	).checkedBy(exactlyOneOf("options", "option_groups"), initialAmongOptions),
	"external_select": element(field{"initial_option", one("option")}, queryField, placeholderField, confirmField, focusField),
	"users_select":    element(field{"initial_user", str(1, 0)}, placeholderField, confirmField, focusField),
	"conversations_select": element(field{"initial_conversation", str(1, 0)},
		field{"default_to_current_conversation", boolean()}, field{"response_url_enabled", boolean()},
		filterField, placeholderField, confirmField, focusField),
	"channels_select": element(field{"initial_channel", str(1, 0)}, field{"response_url_enabled", boolean()},
		placeholderField, confirmField, focusField),

	"multi_static_select": element(optionsField, groupsField, field{"initial_options", list(1, 100, one("option"))},
		manyField, placeholderField, confirmField, focusField,
	).checkedBy(exactlyOneOf("options", "option_groups"), initialAmongOptions),
	"multi_external_select": element(field{"initial_options", list(1, 100, one("option"))}, queryField, manyField,
		placeholderField, confirmField, focusField),
	"multi_users_select": element(field{"initial_users", ids}, manyField, placeholderField, confirmField, focusField),
	"multi_conversations_select": element(field{"initial_conversations", ids},
		field{"default_to_current_conversation", boolean()}, filterField, manyField,
		placeholderField, confirmField, focusField),
	"multi_channels_select": element(field{"initial_channels", ids}, manyField, placeholderField, confirmField, focusField),

	"plain_text_input": element(field{"initial_value", str(0, 3000)}, field{"multiline", boolean()},
		field{"min_length", integer(0, 3000)}, field{"max_length", integer(1, 3000)},
		placeholderField, dispatchField, focusField,
	).checkedBy(inOrder("min_length", "max_length")),
	"email_text_input": element(field{"initial_value", str(0, 3000)}, placeholderField, dispatchField, focusField),
	"url_text_input":   element(field{"initial_value", str(0, 3000)}, placeholderField, dispatchField, focusField),
	"number_input": element(field{"is_decimal_allowed", need(boolean())}, field{"initial_value", matching(decimal, 0)},
		field{"min_value", matching(decimal, 0)}, field{"max_value", matching(decimal, 0)},
		placeholderField, dispatchField, focusField,
	).checkedBy(inOrder("min_value", "max_value"), inOrder("min_value", "initial_value"), inOrder("initial_value", "max_value")),
	"rich_text_input": element(field{"initial_value", typed("rich text")}, field{"min_lines", integer(1, 100)},
		field{"max_lines", integer(1, 100)}, placeholderField, dispatchField, focusField,
	).checkedBy(inOrder("min_lines", "max_lines")),
	"file_input": element(field{"filetypes", list(1, 0, str(1, 0))}, field{"max_files", integer(1, 10)}),

	"image": {fields: imageFields, also: checkImage},
}

// imageFields are common to the image element and the image block.
var imageFields = []field{
	{"image_url", str(1, 3000)}, {"slack_file", one("slack file")}, {"alt_text", need(str(1, 2000))},
}

// checkImage: Slack fetches image_url while it takes the message. Whether an address answers is not ours to try, but one
// that is no web address never does.
func checkImage(c *checker, at string, o object) {
	exactlyOneOf("image_url", "slack_file")(c, at, o)
	s, ok := o["image_url"].(string)
	if !ok {
		return
	}
	if u, err := url.Parse(s); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		c.report(at+"/image_url", "downloading image failed")
	}
}

// initialAmongOptions: what is chosen at first must equal one of the options in every field
// (Slack: "must be one of the provided options").
func initialAmongOptions(c *checker, at string, o object) {
	offered, _ := o["options"].([]any)
	groups, _ := o["option_groups"].([]any)
	for _, g := range groups {
		if group, ok := g.(object); ok {
			more, _ := group["options"].([]any)
			offered = append(slices.Clip(offered), more...)
		}
	}
	isOffered := func(v any) bool {
		return slices.ContainsFunc(offered, func(o any) bool { return reflect.DeepEqual(o, v) })
	}
	if v, ok := o["initial_option"].(object); ok && !isOffered(v) {
		c.report(at+"/initial_option", "must be one of the provided options")
	}
	chosen, _ := o["initial_options"].([]any)
	if slices.ContainsFunc(chosen, func(v any) bool { return !isOffered(v) }) {
		c.report(at+"/initial_options", "must be one of the provided options")
	}
}

// inOrder: the number in field low must not exceed the one in field high, whether they are written as numbers or strings.
func inOrder(low, high string) func(*checker, string, object) {
	return func(c *checker, at string, o object) {
		l, lok := rational(o[low])
		h, hok := rational(o[high])
		if lok && hok && l.Cmp(h) > 0 {
			c.report(at+"/"+low, "`%s` must not be greater than `%s`", low, high)
		}
	}
}

// rational reads plain decimals only: an exponent in a hostile payload could ask for gigabytes of digits.
func rational(v any) (*big.Rat, bool) {
	s, ok := v.(string)
	if n, isNumber := v.(json.Number); isNumber {
		s, ok = n.String(), true
	}
	if !ok || len(s) > 100 || !decimal.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// valueAboveZero is the rule of a pie's slices.
func valueAboveZero(c *checker, at string, o object) {
	if n, ok := o["value"].(json.Number); ok {
		if f, err := n.Float64(); err == nil && f <= 0 {
			c.report(at+"/value", "must be greater than 0")
		}
	}
}
