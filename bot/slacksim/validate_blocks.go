package slacksim

import (
	"strconv"
	"unicode/utf8"
)

// block is a layout block: it has a block_id besides its own fields.
func block(fields ...field) shape {
	return shape{fields: append([]field{{"block_id", str(0, 255)}}, fields...)}
}

// blockShapes are the layout blocks (Slack: reference/block-kit/blocks).
var blockShapes = map[string]shape{
	"section": block(field{"text", text(3000)}, field{"fields", list(1, 10, text(2000))},
		field{"accessory", typed("accessory")}, field{"expand", boolean()},
	).checkedBy(textOrFields),
	"header":  block(field{"text", need(plain(150))}, field{"level", integer(1, 4)}),
	"divider": block(),
	"context": block(field{"elements", need(list(1, 10, typed("context element")))}),
	"actions": block(field{"elements", need(list(1, 25, typed("actions element")))}),
	"image":   block(append([]field{{"title", plain(2000)}}, imageFields...)...).checkedBy(checkImage),
	"input": block(field{"label", need(plain(2000))}, field{"element", need(typed("input element"))},
		field{"hint", plain(2000)}, field{"optional", boolean()}, field{"dispatch_action", boolean()}),
	"markdown":  block(field{"text", need(str(1, 12000))}),
	"rich_text": richTextBlock,
	"file":      block(field{"external_id", need(str(1, 255))}, field{"source", need(oneOf("remote"))}),
	"video": block(field{"video_url", need(str(1, 3000))}, field{"thumbnail_url", need(str(1, 3000))},
		field{"alt_text", need(str(1, 200))}, field{"title", need(plain(200))}, field{"title_url", str(0, 3000)},
		field{"author_name", str(0, 50)}, field{"provider_name", str(0, 50)}, field{"provider_icon_url", str(0, 3000)},
		field{"description", plain(200)}),
	"table": block(field{"rows", need(list(1, 100, list(1, 20, typed("table cell"))))},
		field{"column_settings", list(0, 20, orNull(one("column")))},
	).checkedBy(settingsFitColumns),

	"alert": block(field{"text", need(text(200))}, field{"level", oneOf("default", "info", "warning", "error", "success")}),
	"card": block(field{"title", text(150)}, field{"subtitle", text(150)}, field{"body", text(200)},
		field{"subtext", text(200)}, field{"hero_image", typed("image")}, field{"icon", typed("image")},
		field{"slack_icon", one("slack icon")}, field{"actions", list(1, 3, typed("card action"))},
	).checkedBy(cardShowsSomething),
	"carousel": block(field{"elements", need(list(1, 10, typed("card")))}),
	"container": block(field{"title", plain(150)}, field{"rich_text_title", typed("rich text")},
		field{"subtitle", text(150)}, field{"icon", typed("image")}, field{"width", oneOf("narrow", "standard", "wide", "full")},
		field{"is_collapsible", boolean()}, field{"default_collapsed", boolean()}, field{"has_header_divider", boolean()},
		field{"child_blocks", need(list(1, 10, typed("container child")))}),
	"context_actions": block(field{"elements", need(list(1, 5, typed("context action")))}),
	"data_table": block(field{"caption", need(str(1, 0))}, field{"rows", need(list(2, 201, list(1, 20, typed("data cell"))))},
		field{"page_size", integer(1, 100)}, field{"row_header_column_index", integer(0, 19)},
	).checkedBy(cellsWithin20000),
	"data_visualization": block(field{"title", need(str(1, 50))}, field{"chart", need(typed("chart"))}),
	"task_card": block(field{"task_id", need(str(1, 255))}, field{"title", need(str(1, 0))},
		field{"status", oneOf("pending", "in_progress", "complete", "error")}, field{"details", typed("rich text")},
		field{"output", typed("rich text")}, field{"sources", list(0, 0, one("url source"))}, field{"hide_title", boolean()}),
	"plan": block(field{"title", need(str(1, 0))}, field{"tasks", list(0, 0, typed("task"))}),
}

// cellShapes are the cells of table and data_table blocks.
var cellShapes = map[string]shape{
	"raw_text":   {fields: []field{{"text", need(str(1, 0))}}},
	"raw_number": {fields: []field{{"value", need(number())}, {"text", str(0, 0)}}},
	"rich_text":  richTextBlock,
	"action":     {fields: []field{{"element", need(typed("card action"))}, {"fallback", rule{}}}},
}

// chartShapes are the kinds of data_visualization.
var chartShapes = map[string]shape{
	"pie":  {fields: []field{{"segments", need(list(1, 12, one("segment")))}}},
	"bar":  {fields: axisFields},
	"line": {fields: axisFields},
	"area": {fields: axisFields},
}

var axisFields = []field{{"series", need(list(1, 12, one("series")))}, {"axis_config", need(one("axes"))}}

var (
	selectTypes = []string{
		"static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select",
		"multi_channels_select",
	}
	commonBlocks = []string{"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
	// messageBlocks adds those that Slack documents for messages alone.
	messageBlocks = join(commonBlocks, []string{"alert", "card", "carousel", "container", "context_actions",
		"data_table", "data_visualization", "file", "markdown", "plan", "table", "task_card"})
	viewBlocks = join(commonBlocks, []string{"alert", "card", "carousel", "container"})
)

// places says what fits where (Slack: the "Available in" and "Compatible with" lines of the reference).
var places = map[string]place{
	"plain text":    {textShapes, []string{"plain_text"}},
	"text":          {textShapes, []string{"plain_text", "mrkdwn"}},
	"message block": {blockShapes, messageBlocks},
	"modal block":   {blockShapes, viewBlocks},
	"home block":    {blockShapes, viewBlocks},
	"actions element": {elementShapes, join(selectTypes, []string{"button", "checkboxes", "datepicker", "datetimepicker",
		"timepicker", "overflow", "radio_buttons", "workflow_button", "rich_text_input"})},
	"accessory": {elementShapes, join(selectTypes, []string{"button", "checkboxes", "datepicker", "image", "overflow",
		"radio_buttons", "timepicker", "workflow_button"})},
	"input element": {elementShapes, join(selectTypes, []string{"checkboxes", "datepicker", "timepicker", "datetimepicker",
		"email_text_input", "file_input", "number_input", "plain_text_input", "radio_buttons", "rich_text_input",
		"url_text_input"})},
	"context element": {contextShapes, []string{"image", "plain_text", "mrkdwn"}},
	"context action":  {elementShapes, []string{"feedback_buttons", "icon_button"}},
	"image":           {elementShapes, []string{"image"}},
	"card":            {blockShapes, []string{"card"}},
	"card action":     {elementShapes, []string{"button"}},
	"task":            {blockShapes, []string{"task_card"}},
	"container child": {blockShapes, []string{"actions", "context", "divider", "header", "image", "rich_text", "section", "table"}},
	"table cell":      {cellShapes, []string{"raw_text", "raw_number", "rich_text"}},
	"data cell":       {cellShapes, []string{"raw_text", "raw_number", "rich_text", "action"}},
	"chart":           {chartShapes, []string{"pie", "bar", "line", "area"}},
	"view":            {viewShapes, []string{"modal", "home"}},
	"rich text":       {blockShapes, []string{"rich_text"}},
	"rich text part":  {richShapes, []string{"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}},
	"list item":       {richShapes, []string{"rich_text_section"}},
	"rich inline":     {inlineShapes, inlineTypes},
}

// contextShapes are what a context block mixes.
var contextShapes = map[string]shape{
	"image":      elementShapes["image"],
	"plain_text": {fields: append([]field{{"text", need(str(1, 3000))}}, textShapes["plain_text"].fields...)},
	"mrkdwn":     {fields: append([]field{{"text", need(str(1, 3000))}}, textShapes["mrkdwn"].fields...)},
}

func join(a, b []string) []string { return append(append([]string(nil), a...), b...) }

func textOrFields(c *checker, at string, o object) {
	_, hasText := o["text"]
	_, hasFields := o["fields"]
	if !hasText && !hasFields {
		c.report(at, "must define either `text` or `fields`")
	}
}

func cardShowsSomething(c *checker, at string, o object) {
	for _, k := range []string{"title", "body", "hero_image", "actions"} {
		if _, ok := o[k]; ok {
			return
		}
	}
	c.report(at, "must define at least one of `hero_image`, `title`, `body` or `actions`")
}

// settingsFitColumns: fewer settings than columns leave the rest as they are; more describe columns that do not exist.
func settingsFitColumns(c *checker, at string, o object) {
	settings, _ := o["column_settings"].([]any)
	rows, _ := o["rows"].([]any)
	columns := 0
	for _, r := range rows {
		cells, _ := r.([]any)
		columns = max(columns, len(cells))
	}
	if len(rows) > 0 && len(settings) > columns {
		c.report(at+"/column_settings", "no more than %d items allowed", columns)
	}
}

func cellsWithin20000(c *checker, at string, o object) {
	rows, _ := o["rows"].([]any)
	total, width := 0, -1
	for i, r := range rows {
		cells, _ := r.([]any)
		if width < 0 {
			width = len(cells)
		}
		if len(cells) != width {
			c.report(at+"/rows/"+strconv.Itoa(i), "must have as many cells as the first row")
		}
		for _, cell := range cells {
			o, _ := cell.(object)
			s, _ := o["text"].(string)
			total += utf8.RuneCountInString(s)
		}
	}
	if total > 20000 {
		c.report(at+"/rows", "must be less than 20001 characters")
	}
}
