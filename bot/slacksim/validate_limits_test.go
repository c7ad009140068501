package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// limit is one figure of Slack's: a payload of size n is fine up to max, and one more is refused at the pointer.
type limit struct {
	name    string // as in the reference data where it has the figure
	max     int
	pointer string
	build   func(n int) any
}

// limits follow the table in Slack's reference/block-kit; names with a "+" are not in the reference data.
func limits() []limit {
	return append(append(blockLimits(), elementLimits()...), newerLimits()...)
}

func blockLimits() []limit {
	return []limit{
		{"text.max_length", 3000, "/blocks/0/text/text", func(n int) any { return l{section(long(n))} }},
		{"section.text.max_length", 3000, "/blocks/0/text/text", func(n int) any { return l{section(strings.Repeat("🔥", n))} }},
		{"section.fields.max_items", 10, "/blocks/0/fields", func(n int) any {
			return l{m{"type": "section", "fields": times(n, same(mrkdwn("x")))}}
		}},
		{"section.fields.item_max_length", 2000, "/blocks/0/fields/0/text", func(n int) any {
			return l{m{"type": "section", "fields": l{mrkdwn(long(n))}}}
		}},
		{"block_id.max_length", 255, "/blocks/0/block_id", func(n int) any { return l{m{"type": "divider", "block_id": long(n)}} }},
		{"header.text.max_length", 150, "/blocks/0/text/text", func(n int) any {
			return l{m{"type": "header", "text": plainText(long(n))}}
		}},
		{"+header.level", 4, "/blocks/0/level", func(n int) any {
			return l{m{"type": "header", "text": plainText("x"), "level": n}}
		}},
		{"context.elements.max_items", 10, "/blocks/0/elements", func(n int) any {
			return l{m{"type": "context", "elements": times(n, same(mrkdwn("x")))}}
		}},
		{"+context text", 3000, "/blocks/0/elements/0/text", func(n int) any {
			return l{m{"type": "context", "elements": l{mrkdwn(long(n))}}}
		}},
		{"actions.elements.max_items", 25, "/blocks/0/elements", func(n int) any { return actions(times(n, same(button))...) }},
		{"image.image_url.max_length", 3000, "/blocks/0/image_url", func(n int) any {
			return l{with(picture, m{"image_url": link(n)})}
		}},
		{"image.alt_text.max_length", 2000, "/blocks/0/alt_text", func(n int) any { return l{with(picture, m{"alt_text": long(n)})} }},
		{"+image.title", 2000, "/blocks/0/title/text", func(n int) any { return l{with(picture, m{"title": plainText(long(n))})} }},
		{"input.label.max_length", 2000, "/view/blocks/0/label/text", func(n int) any {
			return modal(m{"type": "input", "label": plainText(long(n)), "element": m{"type": "plain_text_input"}})
		}},
		{"input.hint.max_length", 2000, "/view/blocks/0/hint/text", func(n int) any {
			return modal(m{"type": "input", "label": plainText("x"), "hint": plainText(long(n)), "element": m{"type": "plain_text_input"}})
		}},
		{"markdown.text.max_length", 12000, "/blocks/0/text", func(n int) any { return l{m{"type": "markdown", "text": long(n)}} }},
		{"+markdown together", 12000, "/blocks/1/text", func(n int) any {
			return l{m{"type": "markdown", "text": long(6000)}, m{"type": "markdown", "text": long(max(1, n-6000))}}
		}},
		{"video.alt_text.max_length", 200, "/blocks/0/alt_text", func(n int) any { return l{with(clip, m{"alt_text": long(n)})} }},
		{"video.title.max_length", 200, "/blocks/0/title/text", func(n int) any { return l{with(clip, m{"title": plainText(long(n))})} }},
		{"video.author_name.max_length", 50, "/blocks/0/author_name", func(n int) any { return l{with(clip, m{"author_name": long(n)})} }},
		{"video.provider_name.max_length", 50, "/blocks/0/provider_name", func(n int) any { return l{with(clip, m{"provider_name": long(n)})} }},
		{"video.description.max_length", 200, "/blocks/0/description/text", func(n int) any {
			return l{with(clip, m{"description": plainText(long(n))})}
		}},
		{"+table.rows", 100, "/blocks/0/rows", func(n int) any { return l{m{"type": "table", "rows": times(n, same(l{raw}))}} }},
		{"+table.cells", 20, "/blocks/0/rows/0", func(n int) any { return l{m{"type": "table", "rows": l{times(n, same(raw))}}} }},
		{"+table.column_settings", 2, "/blocks/0/column_settings", func(n int) any {
			return l{m{"type": "table", "rows": l{l{raw, raw}}, "column_settings": times(n, same(m{"align": "right"}))}}
		}},
		{"+blocks in a message", 50, "/blocks", func(n int) any { return times(n, same(m{"type": "divider"})) }},
		{"view.blocks.max_items", 100, "/view/blocks", func(n int) any { return modal(times(n, same(m{"type": "divider"}))...) }},
		{"+blocks in a home tab", 100, "/view/blocks", func(n int) any {
			return m{"type": "home", "blocks": times(n, same(m{"type": "divider"}))}
		}},
		{"view.private_metadata.max_length", 3000, "/view/private_metadata", func(n int) any {
			return with(modal(section("x")), m{"private_metadata": long(n)})
		}},
		{"view.callback_id.max_length", 255, "/view/callback_id", func(n int) any { return with(modal(section("x")), m{"callback_id": long(n)}) }},
		{"+view.external_id", 255, "/view/external_id", func(n int) any { return with(modal(section("x")), m{"external_id": long(n)}) }},
		{"view.title.max_length", 24, "/view/title/text", func(n int) any { return with(modal(section("x")), m{"title": plainText(long(n))}) }},
		{"view.close.max_length", 24, "/view/close/text", func(n int) any { return with(modal(section("x")), m{"close": plainText(long(n))}) }},
		{"view.submit.max_length", 24, "/view/submit/text", func(n int) any { return with(modal(section("x")), m{"submit": plainText(long(n))}) }},
	}
}

func elementLimits() []limit {
	inButton := func(key string, v func(n int) any) func(n int) any {
		return func(n int) any { return actions(with(button, m{key: v(n)})) }
	}
	str := func(n int) any { return long(n) }
	plain := func(n int) any { return plainText(long(n)) }
	confirm := func(key string) func(n int) any {
		return inButton("confirm", func(n int) any { return with(confirmBase, m{key: plainText(long(n))}) })
	}
	inOption := func(key string, v func(n int) any) func(n int) any {
		return func(n int) any {
			return actions(m{"type": "static_select", "options": l{with(option("a", "a"), m{key: v(n)})}})
		}
	}
	at := "/blocks/0/elements/0"
	return []limit{
		{"action_id.max_length", 255, at + "/action_id", inButton("action_id", str)},
		{"button.text.max_length", 75, at + "/text/text", inButton("text", plain)},
		{"button.value.max_length", 2000, at + "/value", inButton("value", str)},
		{"button.url.max_length", 3000, at + "/url", inButton("url", func(n int) any { return link(n) })},
		{"button.accessibility_label.max_length", 75, at + "/accessibility_label", inButton("accessibility_label", str)},
		{"confirmation.title.max_length", 100, at + "/confirm/title/text", confirm("title")},
		{"confirmation.text.max_length", 300, at + "/confirm/text/text", confirm("text")},
		{"confirmation.confirm.max_length", 30, at + "/confirm/confirm/text", confirm("confirm")},
		{"confirmation.deny.max_length", 30, at + "/confirm/deny/text", confirm("deny")},
		{"option.text.max_length", 75, at + "/options/0/text/text", inOption("text", plain)},
		{"option.value.max_length", 150, at + "/options/0/value", inOption("value", str)},
		{"option.description.max_length", 75, at + "/options/0/description/text", inOption("description", plain)},
		{"option.url.max_length", 3000, at + "/options/0/url", func(n int) any {
			return actions(m{"type": "overflow", "options": l{with(option("a", "a"), m{"url": strings.Repeat("😀", n)})}})
		}},
		{"option_group.label.max_length", 75, at + "/option_groups/0/label/text", func(n int) any {
			return actions(m{"type": "static_select", "option_groups": l{m{"label": plainText(long(n)), "options": l{option("a", "a")}}}})
		}},
		{"option_group.options.max_items", 100, at + "/option_groups/0/options", func(n int) any {
			return actions(m{"type": "static_select", "option_groups": l{m{"label": plainText("g"), "options": times(n, same(option("a", "a")))}}})
		}},
		{"select.option_groups.max_items", 100, at + "/option_groups", func(n int) any {
			return actions(m{"type": "static_select", "option_groups": times(n, same(m{"label": plainText("g"), "options": l{option("a", "a")}}))})
		}},
		{"select.placeholder.max_length", 150, at + "/placeholder/text", func(n int) any {
			return actions(with(menu, m{"placeholder": plainText(long(n))}))
		}},
		{"select.options.max_items", 100, at + "/options", func(n int) any {
			return actions(m{"type": "multi_static_select", "options": times(n, same(option("a", "a")))})
		}},
		{"overflow.options.max_items", 5, at + "/options", func(n int) any {
			return actions(m{"type": "overflow", "options": times(n, same(option("a", "a")))})
		}},
		{"checkboxes.options.max_items", 10, at + "/options", func(n int) any {
			return actions(m{"type": "checkboxes", "options": times(n, same(option("a", "a")))})
		}},
		{"radio_buttons.options.max_items", 10, at + "/options", func(n int) any {
			return actions(m{"type": "radio_buttons", "options": times(n, same(option("a", "a")))})
		}},
		{"file_input.max_files.max", 10, "/view/blocks/0/element/max_files", func(n int) any {
			return input(m{"type": "file_input", "max_files": n})
		}},
		{"plain_text_input.max_length.max", 3000, "/view/blocks/0/element/max_length", func(n int) any {
			return input(m{"type": "plain_text_input", "max_length": n})
		}},
		{"+plain_text_input.min_length", 3000, "/view/blocks/0/element/min_length", func(n int) any {
			return input(m{"type": "plain_text_input", "min_length": n})
		}},
		{"+rich_text_input.max_lines", 100, "/view/blocks/0/element/max_lines", func(n int) any {
			return input(m{"type": "rich_text_input", "max_lines": n})
		}},
		{"+datetimepicker", 9_999_999_999, at + "/initial_date_time", func(n int) any {
			return actions(m{"type": "datetimepicker", "initial_date_time": n})
		}},
		{"feedback_button.text.max_length", 75, at + "/positive_button/text/text", feedback("text", plain)},
		{"feedback_button.value.max_length", 2000, at + "/positive_button/value", feedback("value", str)},
		{"feedback_button.accessibility_label.max_length", 75, at + "/positive_button/accessibility_label", feedback("accessibility_label", str)},
		{"icon_button.visible_to_user_ids.max_items", 10, at + "/visible_to_user_ids", func(n int) any {
			return l{m{"type": "context_actions", "elements": l{m{"type": "icon_button", "icon": "trash", "text": plainText("x"),
				"visible_to_user_ids": times(n, same("U1"))}}}}
		}},
	}
}

func newerLimits() []limit {
	inCard := func(key string) func(n int) any {
		return func(n int) any { return card(m{key: mrkdwn(long(n))}) }
	}
	point := m{"label": "a", "value": 1}
	return []limit{
		{"alert.text.max_length", 200, "/blocks/0/text/text", func(n int) any { return l{m{"type": "alert", "text": mrkdwn(long(n))}} }},
		{"card.title.max_length", 150, "/blocks/0/title/text", inCard("title")},
		{"card.subtitle.max_length", 150, "/blocks/0/subtitle/text", inCard("subtitle")},
		{"card.body.max_length", 200, "/blocks/0/body/text", inCard("body")},
		{"card.subtext.max_length", 200, "/blocks/0/subtext/text", inCard("subtext")},
		{"card.actions.max_items", 3, "/blocks/0/actions", func(n int) any { return card(m{"actions": times(n, same(button))}) }},
		{"carousel.elements.max_items", 10, "/blocks/0/elements", func(n int) any {
			return l{m{"type": "carousel", "elements": times(n, same(card(nil)[0]))}}
		}},
		{"container.title.max_length", 150, "/blocks/0/title/text", func(n int) any { return box(m{"title": plainText(long(n))}) }},
		{"container.subtitle.max_length", 150, "/blocks/0/subtitle/text", func(n int) any { return box(m{"subtitle": mrkdwn(long(n))}) }},
		{"container.child_blocks.max_items", 10, "/blocks/0/child_blocks", func(n int) any {
			return box(m{"child_blocks": times(n, same(section("x")))})
		}},
		{"context_actions.elements.max_items", 5, "/blocks/0/elements", func(n int) any {
			return l{m{"type": "context_actions", "elements": times(n, same(m{"type": "icon_button", "icon": "trash", "text": plainText("x")}))}}
		}},
		{"data_table.rows.max_items", 201, "/blocks/0/rows", func(n int) any { return l{with(figures, m{"rows": times(n, same(l{raw}))})} }},
		{"data_table.columns.max_items", 20, "/blocks/0/rows/0", func(n int) any {
			return l{with(figures, m{"rows": times(2, same(times(n, same(raw))))})}
		}},
		{"data_table.page_size.max", 100, "/blocks/0/page_size", func(n int) any { return l{with(figures, m{"page_size": n})} }},
		{"data_table.content.max_length", 20000, "/blocks/0/rows", func(n int) any {
			return l{with(figures, m{"rows": l{l{raw}, l{m{"type": "raw_text", "text": long(max(1, n-1))}}}})}
		}},
		{"data_visualization.title.max_length", 50, "/blocks/0/title", func(n int) any { return l{with(chart, m{"title": long(n)})} }},
		{"data_visualization.segments.max_items", 12, "/blocks/0/chart/segments", func(n int) any { return slicesOf(times(n, same(point))...) }},
		{"data_visualization.segment.label.max_length", 20, "/blocks/0/chart/segments/0/label", func(n int) any {
			return slicesOf(m{"label": long(n), "value": 1})
		}},
		{"data_visualization.series.max_items", 12, "/blocks/0/chart/series", func(n int) any {
			return bars(m{"categories": l{"a"}}, times(n, same(m{"name": "s", "data": l{point}}))...)
		}},
		{"data_visualization.series_name.max_length", 20, "/blocks/0/chart/series/0/name", func(n int) any {
			return bars(m{"categories": l{"a"}}, m{"name": long(n), "data": l{point}})
		}},
		{"data_visualization.data.max_items", 20, "/blocks/0/chart/series/0/data", func(n int) any {
			return bars(m{"categories": l{"a"}}, m{"name": "s", "data": times(n, same(point))})
		}},
		{"data_visualization.point_label.max_length", 20, "/blocks/0/chart/series/0/data/0/label", func(n int) any {
			return bars(m{"categories": l{"a"}}, m{"name": "s", "data": l{m{"label": long(n), "value": 1}}})
		}},
		{"data_visualization.categories.max_items", 20, "/blocks/0/chart/axis_config/categories", func(n int) any {
			return bars(m{"categories": times(n, same("a"))})
		}},
		{"data_visualization.category_label.max_length", 20, "/blocks/0/chart/axis_config/categories/0", func(n int) any {
			return bars(m{"categories": l{long(n)}})
		}},
		{"data_visualization.axis_label.max_length", 50, "/blocks/0/chart/axis_config/x_label", func(n int) any {
			return bars(m{"categories": l{"a"}, "x_label": long(n)})
		}},
	}
}

func link(n int) string { return "https://example.com/" + strings.Repeat("x", max(0, n-20)) }

func feedback(key string, v func(n int) any) func(n int) any {
	return func(n int) any {
		b := m{"text": plainText("x"), "value": "v"}
		return l{m{"type": "context_actions", "elements": l{m{"type": "feedback_buttons",
			"positive_button": with(b, m{key: v(n)}), "negative_button": b}}}}
	}
}

func TestLimits(t *testing.T) {
	for _, c := range limits() {
		t.Run(c.name, func(t *testing.T) {
			wantValid(t, c.build(c.max))
			ps := validate(t, c.build(c.max+1))
			if !slices.Contains(pointers(ps), c.pointer) {
				t.Errorf("validate(%s of %d) = %v, want a problem at %s", c.name, c.max+1, ps, c.pointer)
			}
		})
	}
}

// TestLimitsAgree compares the figures above with the reference data.
func TestLimitsAgree(t *testing.T) {
	var tree m
	if err := json.Unmarshal(reference(t, "blocks/limits.json"), &tree); err != nil {
		t.Fatal(err)
	}
	figures := map[string]int{}
	flatten(figures, "", tree)
	tested := map[string]bool{}
	for _, c := range limits() {
		if strings.HasPrefix(c.name, "+") {
			continue
		}
		tested[c.name] = true
		if got, ok := figures[c.name]; !ok || got != c.max {
			t.Errorf("%s: the reference data says %d (there: %t), the test %d", c.name, got, ok, c.max)
		}
	}
	for name := range figures {
		upper := strings.HasSuffix(name, ".max") || strings.Contains(name, "max_length") || strings.Contains(name, "max_items")
		if upper && name != "url_source.url.max_length" && !tested[name] {
			t.Errorf("%s: no test exceeds this limit", name)
		}
	}
}

func flatten(into map[string]int, at string, tree m) {
	for k, v := range tree {
		name := strings.TrimPrefix(at+"."+k, ".")
		switch v := v.(type) {
		case m:
			flatten(into, name, v)
		case float64:
			into[name] = int(v)
		default:
			panic(fmt.Sprintf("%s: unexpected %T", name, v))
		}
	}
}
