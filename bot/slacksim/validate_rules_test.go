package slacksim

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestRules: everything that is not a plain limit. The words marked (seen) were observed from Slack.
func TestRules(t *testing.T) {
	at := "/blocks/0/elements/0"
	for _, c := range []struct {
		name    string
		payload any
		want    Problem
	}{
		{"unknown block (seen)", l{m{"type": "sektion"}}, Problem{"unsupported type: sektion", "/blocks/0/type"}},
		{"no type", l{m{"text": mrkdwn("x")}}, Problem{"missing required field: type", "/blocks/0"}},
		{"type is a number", l{m{"type": 1}}, Problem{"must provide a string", "/blocks/0/type"}},
		{"text is a string (seen)", l{m{"type": "section", "text": "x"}}, Problem{"must provide an object", "/blocks/0/text"}},
		{"section of nothing (seen)", l{m{"type": "section"}}, Problem{"must define either `text` or `fields`", "/blocks/0"}},
		{"no fields", l{m{"type": "section", "fields": l{}}}, Problem{"must provide at least 1 items", "/blocks/0/fields"}},
		{"emoji in mrkdwn (seen)", l{m{"type": "section", "text": with(mrkdwn("x"), m{"emoji": true})}},
			Problem{"invalid additional property: emoji", "/blocks/0/text"}},
		{"unknown key", l{with(section("x"), m{"colour": "red"})}, Problem{"invalid additional property: colour", "/blocks/0"}},
		{"mrkdwn in a header", l{m{"type": "header", "text": mrkdwn("x")}}, Problem{"must be a valid enum value", "/blocks/0/text/type"}},
		{"mrkdwn on a button", actions(with(button, m{"text": mrkdwn("x")})), Problem{"must be a valid enum value", at + "/text/type"}},
		{"button without text (seen)", actions(m{"type": "button"}), Problem{"missing required field: text", at}},
		{"button style", actions(with(button, m{"style": "green"})), Problem{"must be a valid enum value", at + "/style"}},
		{"style null (seen)", actions(with(button, m{}), m{"type": "button", "text": plainText("x"), "style": json.RawMessage("null")}),
			Problem{"must provide a string", "/blocks/0/elements/1/style"}},
		{"block_id on an element (seen)", actions(with(button, m{"block_id": "b"})), Problem{"invalid additional property: block_id", at}},
		{"no elements", actions(), Problem{"must provide at least 1 items", "/blocks/0/elements"}},
		{"text input among actions", actions(m{"type": "plain_text_input"}), Problem{"unsupported type: plain_text_input", at + "/type"}},
		{"image among actions", actions(picture), Problem{"unsupported type: image", at + "/type"}},
		{"datetimepicker beside a section", accessory(m{"type": "datetimepicker"}), Problem{"unsupported type: datetimepicker", "/blocks/0/accessory/type"}},
		{"button in a context", l{m{"type": "context", "elements": l{button}}}, Problem{"unsupported type: button", at + "/type"}},
		{"image in an input", input(picture), Problem{"unsupported type: image", "/view/blocks/0/element/type"}},
		{"input without element (seen)", modal(m{"type": "input", "label": plainText("x")}), Problem{"missing required field: element", "/view/blocks/0"}},
		{"same action_id (seen)", actions(with(button, m{"action_id": "x"}), with(button, m{"action_id": "x"})),
			Problem{"`action_id` \"x\" already exists", "/blocks/0/elements/1/action_id"}},
		{"same block_id", l{m{"type": "divider", "block_id": "x"}, m{"type": "divider", "block_id": "x"}},
			Problem{"`block_id` \"x\" already exists", "/blocks/1/block_id"}},
		{"second table", l{table(), section("x"), table()}, Problem{OnlyOneTable, "/blocks/2"}},
		{"empty cell", l{m{"type": "table", "rows": l{l{m{"type": "raw_text", "text": ""}}}}}, Problem{"must be more than 0 characters", "/blocks/0/rows/0/0/text"}},
		{"number without value (seen)", l{m{"type": "table", "rows": l{l{m{"type": "raw_number"}}}}}, Problem{"missing required field: value", "/blocks/0/rows/0/0"}},
		{"ragged data table", l{with(figures, m{"rows": l{l{raw, raw}, l{raw}}})}, Problem{"must have as many cells as the first row", "/blocks/0/rows/1"}},
		{"initial option not offered (seen)", actions(with(menu, m{"initial_option": option("a", "b")})),
			Problem{"must be one of the provided options", at + "/initial_option"}},
		{"initial options not offered (seen)", actions(m{"type": "checkboxes", "options": l{option("a", "a")}, "initial_options": l{option("a", "a"), option("c", "c")}}),
			Problem{"must be one of the provided options", at + "/initial_options"}},
		{"no initial options (seen)", actions(m{"type": "multi_static_select", "options": l{option("a", "a")}, "initial_options": l{}}),
			Problem{"must provide at least 1 items", at + "/initial_options"}},
		{"url in a select's option (seen)", actions(m{"type": "static_select", "options": l{with(option("a", "a"), m{"url": "https://e.com"})}}),
			Problem{"invalid additional property: url", at + "/options/0"}},
		{"mrkdwn in a select's option", actions(m{"type": "static_select", "options": l{m{"text": mrkdwn("a"), "value": "a"}}}),
			Problem{"must be a valid enum value", at + "/options/0/text/type"}},
		{"select without options", actions(m{"type": "static_select"}), Problem{"missing required field: options", at}},
		{"no items to select", actions(m{"type": "multi_users_select", "max_selected_items": 0}), Problem{"must be greater than 1", at + "/max_selected_items"}},
		{"empty filter", actions(m{"type": "conversations_select", "filter": m{}}),
			Problem{"must define at least one of `include`, `exclude_external_shared_channels` or `exclude_bot_users`", at + "/filter"}},
		{"response_url in a message", actions(m{"type": "conversations_select", "response_url_enabled": true}),
			Problem{"only allowed in `input` blocks of modals", at + "/response_url_enabled"}},
		{"date", actions(m{"type": "datepicker", "initial_date": "22.11.2026"}), Problem{`input must match regex pattern: ^\d{4}-\d{2}-\d{2}$`, at + "/initial_date"}},
		{"time", actions(m{"type": "timepicker", "initial_time": "24:00"}), Problem{`input must match regex pattern: ^([01]\d|2[0-3]):[0-5]\d$`, at + "/initial_time"}},
		{"instant in milliseconds", actions(m{"type": "datetimepicker", "initial_date_time": 1_628_633_830_000}), Problem{"must be less than 9999999999", at + "/initial_date_time"}},
		{"instant with a fraction", actions(m{"type": "datetimepicker", "initial_date_time": 1628633830.5}), Problem{"must provide an integer", at + "/initial_date_time"}},
		{"number input undecided", input(m{"type": "number_input"}), Problem{"missing required field: is_decimal_allowed", "/view/blocks/0/element"}},
		{"number outside its range", input(m{"type": "number_input", "is_decimal_allowed": true, "initial_value": "0.5", "min_value": "1"}),
			Problem{"`min_value` must not be greater than `initial_value`", "/view/blocks/0/element/min_value"}},
		{"lengths upside down", input(m{"type": "plain_text_input", "min_length": 5, "max_length": 4}),
			Problem{"`min_length` must not be greater than `max_length`", "/view/blocks/0/element/min_length"}},
		{"two in focus", modal(focused(), focused()), Problem{"only one element can be focused on load", "/view/blocks/1/element/focus_on_load"}},
		{"files in a message", l{input(m{"type": "file_input"})["blocks"].(l)[0]}, Problem{"unsupported type: file_input", "/blocks/0/element/type"}},
		{"image of two sources", l{with(picture, m{"slack_file": m{"id": "F012345678"}})}, Problem{"must define either `image_url` or `slack_file`", "/blocks/0"}},
		{"image of no source (seen)", l{m{"type": "image", "alt_text": "x"}}, Problem{"missing required field: image_url", "/blocks/0"}},
		{"image that no web has (seen)", l{with(picture, m{"image_url": "/a.png"})}, Problem{"downloading image failed", "/blocks/0/image_url"}},
		{"file ID (seen)", l{m{"type": "image", "alt_text": "x", "slack_file": m{"id": "F1"}}}, Problem{`input must match regex pattern: ^[F][A-Z0-9]{8,}$`, "/blocks/0/slack_file/id"}},
		{"list in a list", l{m{"type": "rich_text", "elements": l{m{"type": "rich_text_list", "style": "bullet", "elements": l{m{"type": "rich_text_list"}}}}}},
			Problem{"unsupported type: rich_text_list", "/blocks/0/elements/0/elements/0/type"}},
		{"rich text of no characters", l{m{"type": "rich_text", "elements": l{m{"type": "rich_text_section", "elements": l{m{"type": "text", "text": ""}}}}}},
			Problem{"must be more than 0 characters", "/blocks/0/elements/0/elements/0/text"}},
		{"slice of nothing", slicesOf(m{"label": "a", "value": 0}), Problem{"must be greater than 0", "/blocks/0/chart/segments/0/value"}},
		{"empty card", l{m{"type": "card"}}, Problem{"must define at least one of `hero_image`, `title`, `body` or `actions`", "/blocks/0"}},
		{"icon without name (seen)", card(m{"slack_icon": m{"type": "icon"}}), Problem{"missing required field: name", "/blocks/0/slack_icon"}},
		{"table in a modal (seen of others)", modal(table()), Problem{"unsupported type: table", "/view/blocks/0/type"}},
		{"no submit (seen)", with(modal(section("x"), focused()), m{"submit": nil}), Problem{"must define `submit` to use an `input` block in modals", "/view/blocks/1/input"}},
		{"no title (seen)", with(modal(section("x")), m{"title": nil}), Problem{"missing required field: title", "/view"}},
		{"title on a home tab", with(m{"type": "home", "blocks": l{section("x")}}, m{"title": plainText("x")}), Problem{"invalid additional property: title", "/view"}},
		{"unknown view key (seen)", with(modal(section("x")), m{"submit_disabled": true}), Problem{"invalid additional property: submit_disabled", "/view"}},
		{"unknown view", m{"type": "drawer"}, Problem{"unsupported type: drawer", "/view/type"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantProblem(t, c.payload, c.want) })
	}
}

func table() m { return m{"type": "table", "rows": l{l{raw}}} }

func focused() m {
	return m{"type": "input", "label": plainText("x"), "element": m{"type": "plain_text_input", "focus_on_load": true}}
}

// TestAllowed: what looks like a breach and is none.
func TestAllowed(t *testing.T) {
	for name, payload := range map[string]any{
		"same action_id in two blocks":    l{actions(with(button, m{"action_id": "x"}))[0], actions(with(button, m{"action_id": "x"}))[0]},
		"markdown's block_id is ignored":  l{m{"type": "markdown", "text": "a", "block_id": "x"}, m{"type": "markdown", "text": "b", "block_id": "x"}},
		"empty ids":                       l{actions(with(button, m{"action_id": ""}), with(button, m{"action_id": ""}))[0]},
		"input in a message":              l{input(m{"type": "plain_text_input"})["blocks"].(l)[0]},
		"home tab without title":          m{"type": "home", "blocks": l{section("x")}},
		"home tab input without submit":   m{"type": "home", "blocks": l{focused()}},
		"column settings skipped":         l{m{"type": "table", "rows": l{l{raw, raw}}, "column_settings": l{json.RawMessage("null"), m{"align": "center"}}}},
		"fewer settings than columns":     l{m{"type": "table", "rows": l{l{raw, raw}}, "column_settings": l{m{"is_wrapped": true}}}},
		"initial option from a group":     actions(m{"type": "static_select", "option_groups": l{m{"label": plainText("g"), "options": l{option("a", "a")}}}, "initial_option": option("a", "a")}),
		"response_url in a modal's input": input(m{"type": "channels_select", "response_url_enabled": true}),
		"formatted checkbox":              actions(m{"type": "checkboxes", "options": l{m{"text": mrkdwn("*a*"), "value": "a"}}}),
		"every select as an accessory":    accessory(m{"type": "multi_conversations_select", "filter": m{"include": l{"public"}}}),
		"verbatim":                        l{m{"type": "section", "text": with(mrkdwn("x"), m{"verbatim": true})}},
		"negative numbers in order":       input(m{"type": "number_input", "is_decimal_allowed": true, "min_value": "-2", "max_value": "-1.5"}),
		"rich text of every kind":         l{everyRichText()},
	} {
		t.Run(name, func(t *testing.T) { wantValid(t, payload) })
	}
}

func everyRichText() m {
	text := m{"type": "text", "text": "x", "style": m{"bold": true, "italic": true, "strike": true, "code": true}}
	line := l{text, m{"type": "link", "url": "https://e.com", "text": "e"}, m{"type": "emoji", "name": "fire", "unicode": "1f525"},
		m{"type": "user", "user_id": "U1"}, m{"type": "usergroup", "usergroup_id": "S1"}, m{"type": "channel", "channel_id": "C1"},
		m{"type": "broadcast", "range": "here"}, m{"type": "color", "value": "#ff0000"}, m{"type": "team", "team_id": "T1"},
		m{"type": "date", "timestamp": 1628633830, "format": "{date}", "fallback": "then"}}
	return m{"type": "rich_text", "elements": l{
		m{"type": "rich_text_section", "elements": line},
		m{"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": l{m{"type": "rich_text_section", "elements": line}}},
		m{"type": "rich_text_quote", "elements": line},
		m{"type": "rich_text_preformatted", "elements": l{text}},
	}}
}

// TestViewSaysFirstThatNothingMatched: the order of the messages is what people search for.
func TestViewSaysFirstThatNothingMatched(t *testing.T) {
	ps := validate(t, with(modal(section("x")), m{"private_metadata": long(3001)}))
	want := "[failed to match all allowed schemas [json-pointer:/view] must be less than 3001 characters [json-pointer:/view/private_metadata]]"
	if got := fmt.Sprint(ps); got != want {
		t.Errorf("ValidateView(private_metadata of 3,001 characters)\n got  %s\n want %s", got, want)
	}
	for _, in := range []string{``, `null`, `[]`, `"x"`, `{`} {
		if ps := ValidateView(json.RawMessage(in)); len(ps) == 0 || ps[0].Pointer != "/view" {
			t.Errorf("ValidateView(%s) = %v, want a problem at /view", in, ps)
		}
	}
}

func TestCheckAttachments(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{l{}, "[]"},
		{l{m{"text": "old style", "color": "#ff0000"}}, "[]"},
		{l{m{"blocks": l{section("x")}}}, "[]"},
		{times(100, same(m{"text": "x"})), "[]"},
		{times(101, same(m{"text": "x"})), "[no more than 100 items allowed [json-pointer:/attachments]]"},
		{m{}, "[must provide an array [json-pointer:/attachments]]"},
		{l{1}, "[must provide an object [json-pointer:/attachments/0]]"},
		{l{m{"blocks": m{}}}, "[must provide an array [json-pointer:/attachments/0/blocks]]"},
		{l{m{}, m{"blocks": l{m{"type": "section"}}}}, "[must define either `text` or `fields` [json-pointer:/attachments/1/blocks/0]]"},
	} {
		if got := fmt.Sprint(CheckAttachments(asJSON(t, c.in))); got != c.want {
			t.Errorf("CheckAttachments(%.200s)\n got  %s\n want %s", asJSON(t, c.in), got, c.want)
		}
	}
	if ps := CheckAttachments(nil); ps != nil {
		t.Errorf("CheckAttachments(nil) = %v, want none", ps)
	}
}

func TestContentLength(t *testing.T) {
	for _, c := range []struct {
		name string
		in   any
		want int
	}{
		{"nothing", nil, 0},
		{"section and fields", l{m{"type": "section", "text": mrkdwn("12345"), "fields": l{mrkdwn("12"), mrkdwn("3")}}}, 8},
		{"emoji are one character each", l{section("🔥🔥")}, 2},
		{"header and divider cost more", l{m{"type": "header", "text": plainText("12")}, m{"type": "divider"}}, 227},
		{"button, but not its dialog", actions(with(button, m{"confirm": confirmBase})), 5},
		{"placeholder, but not the options", actions(with(menu, m{"placeholder": plainText("123")})), 3},
		{"table", l{m{"type": "table", "rows": l{l{raw, rich}}}}, 2},
		{"markdown", l{m{"type": "markdown", "text": "1234"}}, 4},
	} {
		if got := ContentLength(asJSON(t, c.in)); got != c.want {
			t.Errorf("%s: ContentLength(%s) = %d, want %d", c.name, asJSON(t, c.in), got, c.want)
		}
	}
	if got := ContentLength(json.RawMessage(`[{"text"`)); got != 0 {
		t.Errorf("ContentLength(broken JSON) = %d, want 0", got)
	}
}

// FuzzValidate: no payload makes the validator panic, and it says the same twice.
func FuzzValidate(f *testing.F) {
	for _, c := range limits() {
		f.Add([]byte(asJSON(f, c.build(1+c.max%40))))
	}
	for _, c := range refused {
		f.Add([]byte(asJSON(f, c.payload)))
	}
	f.Add([]byte(`[{"type":"table","rows":[1,[2,[3]],null],"column_settings":[[]]}]`))
	f.Add([]byte(`{"type":"modal","blocks":{"0":1}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		first, format := ValidateBlocks(in)
		again, formatAgain := ValidateBlocks(in)
		if fmt.Sprint(first, format) != fmt.Sprint(again, formatAgain) {
			t.Errorf("ValidateBlocks(%s) = %v, %t, then %v, %t", in, first, format, again, formatAgain)
		}
		ValidateView(in)
		CheckAttachments(in)
		ValidateManifest(in)
		if n := ContentLength(in); n < 0 {
			t.Errorf("ContentLength(%s) = %d", in, n)
		}
	})
}
