package slacksim

// richTextBlock is the rich_text block, which is also a cell of a table and the first value of a rich_text_input.
var richTextBlock = block(field{"elements", need(list(0, 0, typed("rich text part")))})

var richLine = need(list(0, 0, typed("rich inline")))

// richShapes are the parts of a rich_text block. Lists do not nest: a deeper list is another list with a larger indent.
var richShapes = map[string]shape{
	"rich_text_section": {fields: []field{{"elements", richLine}}},
	"rich_text_list": {fields: []field{
		{"elements", need(list(0, 0, typed("list item")))}, {"style", need(oneOf("bullet", "ordered"))},
		{"indent", integer(0, 0)}, {"offset", integer(0, 0)}, {"border", integer(0, 0)},
	}},
	"rich_text_preformatted": {fields: []field{{"elements", richLine}, {"border", integer(0, 0)}, {"language", str(0, 0)}}},
	"rich_text_quote":        {fields: []field{{"elements", richLine}, {"border", integer(0, 0)}}},
}

var inlineStyle = field{"style", one("style")}

// inlineShapes are what stands in a line of rich text.
var inlineShapes = map[string]shape{
	"text":      {fields: []field{{"text", need(str(1, 0))}, inlineStyle}},
	"link":      {open: true, fields: []field{{"url", need(str(1, 0))}, {"text", str(0, 0)}, {"unsafe", boolean()}, inlineStyle}},
	"emoji":     {fields: []field{{"name", need(str(1, 0))}, {"unicode", str(0, 0)}, {"skin_tone", integer(0, 0)}, inlineStyle}},
	"user":      {fields: []field{{"user_id", need(str(1, 0))}, inlineStyle}},
	"usergroup": {fields: []field{{"usergroup_id", need(str(1, 0))}, inlineStyle}},
	"channel":   {fields: []field{{"channel_id", need(str(1, 0))}, inlineStyle}},
	"team":      {fields: []field{{"team_id", need(str(1, 0))}, inlineStyle}},
	"broadcast": {fields: []field{{"range", need(oneOf("here", "channel", "everyone"))}, inlineStyle}},
	"color":     {fields: []field{{"value", need(str(1, 0))}, inlineStyle}},
	"date": {fields: []field{
		{"timestamp", need(integer(0, 0))}, {"format", need(str(1, 0))}, {"url", str(0, 0)}, {"fallback", str(0, 0)},
		{"timezone", str(0, 0)}, inlineStyle,
	}},
}

var inlineTypes = []string{"text", "link", "emoji", "user", "usergroup", "channel", "team", "broadcast", "color", "date"}
