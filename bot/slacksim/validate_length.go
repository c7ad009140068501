package slacksim

import (
	"encoding/json"
	"unicode/utf8"
)

// What a block costs besides its text. Slack publishes no formula for msg_blocks_too_long; these two were seen by people
// who measured (slackapi/bolt-js #2509: one divider lowers the limit by 125).
const (
	headerCost  = 100
	dividerCost = 125
)

// ContentLength is the number of characters that a message shows, as Slack counts them for msg_blocks_too_long: the text
// of every text object, cell, rich text and markdown in blocks, in code points as sent (markup included), plus a fixed
// cost per header and divider. What is hidden at first (options, confirm dialogs, alt texts) counts nothing.
// Slack refuses more than about 13,200; the formula is undocumented, so stay well below. Broken JSON has length 0.
func ContentLength(blocks json.RawMessage) int {
	v, err := decode(blocks)
	if err != nil {
		return 0
	}
	return contentLength(v)
}

func contentLength(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += contentLength(item)
		}
	case object:
		for k, item := range v {
			n += fieldLength(k, item)
		}
		switch v["type"] {
		case "header":
			n += headerCost
		case "divider":
			n += dividerCost
		}
	}
	return n
}

func fieldLength(key string, v any) int {
	s, isString := v.(string)
	switch key {
	case "options", "option_groups", "initial_option", "initial_options", "confirm":
		return 0
	case "text", "caption", "title":
		if isString {
			return utf8.RuneCountInString(s)
		}
	}
	return contentLength(v)
}
