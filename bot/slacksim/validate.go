package slacksim

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Problem is one reason why Slack would refuse a payload, in Slack's own words where they are known.
type Problem struct {
	Message string // e.g. "must be less than 3001 characters"
	Pointer string // where, as a JSON pointer (RFC 6901), e.g. "/blocks/0/text/text"
}

// String is the form that Slack puts into errors and, after "[ERROR] ", into response_metadata.messages.
func (p Problem) String() string { return p.Message + " [json-pointer:" + p.Pointer + "]" }

// OnlyOneTable is the message of the Problem for a second table in a message. chat.postMessage answers it with the
// error invalid_attachments, not invalid_blocks.
const OnlyOneTable = "only_one_table_allowed"

const (
	maxMessageBlocks = 50
	maxViewBlocks    = 100
	maxAttachments   = 100
	maxMarkdown      = 12000 // characters over all markdown blocks of a payload
)

// surface is where blocks are shown.
type surface string

const (
	inMessage surface = "message"
	inModal   surface = "modal"
	inHome    surface = "home"
)

// ValidateBlocks checks the blocks of a message as chat.postMessage does. Absent blocks (empty, null) are fine. format
// is true when blocks is not a list of objects at all; then Slack answers invalid_blocks_format and ps is nil, otherwise
// a non-empty ps means invalid_blocks (see OnlyOneTable for the one exception).
// Limits count code points. Source: Slack, reference/block-kit.
func ValidateBlocks(blocks json.RawMessage) (ps []Problem, format bool) {
	if absent(blocks) {
		return nil, false
	}
	v, err := decode(blocks)
	if err != nil {
		return nil, true
	}
	l, ok := v.([]any)
	if !ok || slices.ContainsFunc(l, func(b any) bool { _, isObject := b.(object); return !isObject }) {
		return nil, true
	}
	c := newChecker()
	c.blocks("/blocks", l, inMessage)
	return c.problems, false
}

// CheckAttachments checks the attachments of a message: a list of at most 100 objects, whose own blocks obey the rules
// of a message's. Absent attachments are fine.
// Source: Slack, legacy secondary message attachments.
func CheckAttachments(attachments json.RawMessage) []Problem {
	if absent(attachments) {
		return nil
	}
	c := newChecker()
	v, err := decode(attachments)
	l, ok := v.([]any)
	if err != nil || !ok {
		c.report("/attachments", "must provide an array")
		return c.problems
	}
	if len(l) > maxAttachments {
		c.report("/attachments", "no more than %d items allowed", maxAttachments)
	}
	for i, a := range l {
		c.attachment("/attachments/"+strconv.Itoa(i), a)
	}
	return c.problems
}

func (c *checker) attachment(at string, v any) {
	o, ok := c.object(at, v)
	if !ok {
		return
	}
	blocks, present := o["blocks"]
	if !present {
		return
	}
	l, ok := blocks.([]any)
	if !ok {
		c.report(at+"/blocks", "must provide an array")
		return
	}
	c.blocks(at+"/blocks", l, inMessage)
}

// ValidateView checks a modal or a Home tab as views.open, push, update and publish do; pointers start with /view. As on
// Slack, the first problem is then that the view matches no schema, and the reasons follow.
// Its size (250 kB) and the rules that need the workspace (hash, external_id) are not looked at.
// Source: Slack, reference/views.
func ValidateView(view json.RawMessage) []Problem {
	c := newChecker()
	v, err := decode(view)
	if err != nil {
		c.report("/view", "must provide an object")
		return c.problems
	}
	o, ok := c.object("/view", v)
	if !ok {
		return c.problems
	}
	c.value("/view", o, typed("view"))
	if len(c.problems) > 0 {
		c.problems = slices.Insert(c.problems, 0, Problem{"failed to match all allowed schemas", "/view"})
	}
	if l, ok := o["blocks"].([]any); ok {
		s, _ := o["type"].(string)
		c.together("/view/blocks", l, surface(s))
		if _, ok := o["submit"]; !ok && surface(s) == inModal {
			c.inputsNeedSubmit(l)
		}
	}
	return c.problems
}

func newChecker() *checker { return &checker{places: places, objects: objectShapes} }

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// viewShapes are the two kinds of view.
var viewShapes = map[string]shape{
	"modal": {fields: []field{
		{"title", need(plain(24))}, {"blocks", need(list(1, maxViewBlocks, typed("modal block")))},
		{"close", plain(24)}, {"submit", plain(24)}, {"private_metadata", str(0, 3000)}, {"callback_id", str(0, 255)},
		{"clear_on_close", boolean()}, {"notify_on_close", boolean()}, {"external_id", str(0, 255)},
	}},
	"home": {fields: []field{
		{"blocks", need(list(1, maxViewBlocks, typed("home block")))}, {"private_metadata", str(0, 3000)},
		{"callback_id", str(0, 255)}, {"external_id", str(0, 255)},
	}},
}

// blocks checks a message's blocks, each for itself and then all together.
func (c *checker) blocks(at string, l []any, on surface) {
	c.value(at, l, list(0, maxMessageBlocks, typed(string(on)+" block")))
	c.together(at, l, on)
}

// together checks what no single block can know.
func (c *checker) together(at string, l []any, on surface) {
	seen := map[string]bool{}
	tables, markdown, focused := 0, 0, 0
	for i, v := range l {
		b, _ := v.(object)
		here := at + "/" + strconv.Itoa(i)
		if id, _ := b["block_id"].(string); id != "" && b["type"] != "markdown" {
			c.unique(seen, here+"/block_id", "block_id", id)
		}
		switch b["type"] {
		case "table":
			if tables++; tables == 2 {
				c.report(here, OnlyOneTable)
			}
		case "markdown":
			s, _ := b["text"].(string)
			n := utf8.RuneCountInString(s)
			if markdown += n; markdown > maxMarkdown && n <= maxMarkdown {
				c.report(here+"/text", "must be less than %d characters", maxMarkdown+1)
			}
		}
		focused = c.elements(here, b, on, focused)
	}
}

// elements checks the interactive elements of one block; it returns how many of the view so far ask for the focus.
func (c *checker) elements(at string, b object, on surface, focused int) int {
	seen := map[string]bool{}
	for _, e := range elementsOf(b) {
		here := at + e.pointer
		if id, _ := e.object["action_id"].(string); id != "" {
			c.unique(seen, here+"/action_id", "action_id", id)
		}
		if e.object["response_url_enabled"] == true && (b["type"] != "input" || on != inModal) {
			c.report(here+"/response_url_enabled", "only allowed in `input` blocks of modals")
		}
		if e.object["type"] == "file_input" && on != inModal {
			c.report(here+"/type", "unsupported type: file_input")
		}
		if e.object["focus_on_load"] == true {
			if focused++; focused > 1 {
				c.report(here+"/focus_on_load", "only one element can be focused on load")
			}
		}
	}
	return focused
}

// found is an element and where it stands in its block.
type found struct {
	pointer string
	object  object
}

// elementsOf lists the elements of a block that a person can use, in order.
func elementsOf(b object) []found {
	var fs []found
	for _, k := range []string{"accessory", "element"} {
		if o, ok := b[k].(object); ok {
			fs = append(fs, found{"/" + k, o})
		}
	}
	for _, k := range []string{"elements", "actions"} {
		l, _ := b[k].([]any)
		for i, v := range l {
			if o, ok := v.(object); ok {
				fs = append(fs, found{"/" + k + "/" + strconv.Itoa(i), o})
			}
		}
	}
	return fs
}

func (c *checker) unique(seen map[string]bool, at, what, id string) {
	if seen[id] {
		c.report(at, "`%s` %q already exists", what, id)
	}
	seen[id] = true
}

func (c *checker) inputsNeedSubmit(l []any) {
	for i, v := range l {
		if b, _ := v.(object); b["type"] == "input" {
			c.report("/view/blocks/"+strconv.Itoa(i)+"/input", "must define `submit` to use an `input` block in modals")
		}
	}
}
