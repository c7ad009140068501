package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// values is a surface's input state: block_id, then action_id, then Slack's
// object for the element's kind.
type values = map[string]map[string]object

// placed is an element with the block it stands in.
type placed struct {
	block, el object
	input     bool // the block is an input block
}

func (p placed) blockID() string  { s, _ := p.block["block_id"].(string); return s }
func (p placed) actionID() string { s, _ := p.el["action_id"].(string); return s }
func (p placed) kind() string     { s, _ := p.el["type"].(string); return s }

// elementsOfBlock are a block's interactive elements in order.
func elementsOfBlock(b object) []object {
	var out []object
	for _, key := range []string{"element", "accessory"} {
		if el, ok := b[key].(object); ok {
			out = append(out, el)
		}
	}
	for _, key := range []string{"elements", "actions"} {
		list, _ := b[key].([]any)
		for _, e := range list {
			if el, ok := e.(object); ok {
				out = append(out, el)
			}
		}
	}
	return out
}

// layout parses blocks and lists their interactive elements.
func layout(blocks json.RawMessage) []placed {
	var list []object
	if len(blocks) == 0 || decodeNumbers(blocks, &list) != nil {
		return nil
	}
	var out []placed
	for _, b := range list {
		for _, el := range elementsOfBlock(b) {
			if needsActionID(el) {
				out = append(out, placed{block: b, el: el, input: b["type"] == "input"})
			}
		}
		if nested, ok := b["child_blocks"].([]any); ok {
			out = append(out, layout(mustJSON(nested))...)
		}
	}
	return out
}

// layoutOf is the layout of a message, its attachments' blocks included.
func layoutOf(m *Message) []placed {
	out := layout(m.Blocks)
	var attached []struct {
		Blocks json.RawMessage `json:"blocks"`
	}
	if len(m.Attachments) > 0 && json.Unmarshal(m.Attachments, &attached) == nil {
		for _, a := range attached {
			out = append(out, layout(a.Blocks)...)
		}
	}
	return out
}

// locate finds an element by action_id, or a button by what is written on it.
// A block ID, when given, narrows the search.
func locate(list []placed, block, action, label string) (placed, error) {
	var seen []string
	for _, p := range list {
		text := buttonText(p.el)
		if block != "" && p.blockID() != block {
			continue
		}
		if (action != "" && p.actionID() == action) || (action == "" && label != "" && strings.EqualFold(text, label)) {
			return p, nil
		}
		seen = append(seen, fmt.Sprintf("%s (%s)", p.actionID(), text))
	}
	what := action
	if what == "" {
		what = label
	}
	return placed{}, fmt.Errorf("element %q: not here; here are %s", what, strings.Join(seen, ", "))
}

func buttonText(el object) string {
	t, _ := el["text"].(object)
	s, _ := t["text"].(string)
	return s
}

// stateful tells the elements whose value is part of state.values.
func stateful(kind string) bool {
	switch kind {
	case "button", "overflow", "workflow_button", "icon_button", "feedback_buttons":
		return false
	}
	return true
}

// initialState is an element's value before anybody touched it.
func initialState(el object) object {
	kind, _ := el["type"].(string)
	key, plural := stateKey(kind)
	o := object{"type": kind}
	if plural {
		o[key] = []any{}
	} else {
		o[key] = nil
	}
	for _, from := range []string{"initial_value", "initial_option", "initial_options", "initial_date", "initial_time",
		"initial_date_time", "initial_user", "initial_users", "initial_conversation", "initial_conversations",
		"initial_channel", "initial_channels"} {
		if v, ok := el[from]; ok {
			o[key] = v
		}
	}
	return o
}

// stateKey is the name under which an element's kind keeps its value.
func stateKey(kind string) (key string, plural bool) {
	switch kind {
	case "static_select", "external_select", "radio_buttons", "overflow":
		return "selected_option", false
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options", true
	case "users_select":
		return "selected_user", false
	case "multi_users_select":
		return "selected_users", true
	case "conversations_select":
		return "selected_conversation", false
	case "multi_conversations_select":
		return "selected_conversations", true
	case "channels_select":
		return "selected_channel", false
	case "multi_channels_select":
		return "selected_channels", true
	case "datepicker":
		return "selected_date", false
	case "timepicker":
		return "selected_time", false
	case "datetimepicker":
		return "selected_date_time", false
	case "rich_text_input":
		return "rich_text_value", false
	case "file_input":
		return "files", true
	}
	return "value", false
}

// enter turns what a person put into an element into its state. given may be
// text, a list of texts, a number, null, or Slack's own object for the kind;
// an option is named by its value or its text, a person by ID or handle.
func (w *Workspace) enter(el object, given any) (object, error) {
	kind, _ := el["type"].(string)
	key, plural := stateKey(kind)
	if o, ok := given.(object); ok && o["type"] == kind {
		return o, nil
	}
	state := object{"type": kind}
	if given == nil || given == "" {
		state[key] = nil
		if plural {
			state[key] = []any{}
		}
		return state, nil
	}
	if !plural {
		v, err := w.enterOne(el, kind, given)
		state[key] = v
		return state, err
	}
	list := []any{}
	for _, item := range listOf(given) {
		v, err := w.enterOne(el, kind, item)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	state[key] = list
	return state, nil
}

// listOf takes a list, or a text with commas, apart.
func listOf(given any) []any {
	switch x := given.(type) {
	case []any:
		return x
	case []string:
		out := make([]any, len(x))
		for i, s := range x {
			out[i] = s
		}
		return out
	case string:
		var out []any
		for _, s := range strings.Split(x, ",") {
			out = append(out, strings.TrimSpace(s))
		}
		return out
	}
	return []any{given}
}

func (w *Workspace) enterOne(el object, kind string, given any) (any, error) {
	word := fmt.Sprint(given)
	if f, ok := given.(float64); ok {
		word = strconv.FormatFloat(f, 'f', -1, 64)
	}
	switch kind {
	case "static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow":
		return optionNamed(el, word)
	case "external_select", "multi_external_select":
		if o, ok := given.(object); ok {
			return o, nil
		}
		return object{"text": object{"type": "plain_text", "text": word, "emoji": true}, "value": word}, nil
	case "users_select", "multi_users_select":
		u := w.person(word)
		if u == nil {
			return nil, fmt.Errorf("user %q: user_not_found", word)
		}
		return u.ID, nil
	case "channels_select", "multi_channels_select", "conversations_select", "multi_conversations_select":
		if c := w.channels[word]; c != nil {
			return c.ID, nil
		}
		if c := w.channelNamed(strings.TrimPrefix(word, "#")); c != nil {
			return c.ID, nil
		}
		return nil, fmt.Errorf("channel %q: channel_not_found", word)
	case "datetimepicker":
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("datetimepicker: %q is not Unix seconds", word)
		}
		return n, nil
	case "rich_text_input":
		return object{"type": "rich_text", "elements": []any{object{"type": "rich_text_section",
			"elements": []any{object{"type": "text", "text": word}}}}}, nil
	}
	return word, nil
}

// optionNamed finds an option of a static element by value, else by text.
func optionNamed(el object, word string) (any, error) {
	var all []object
	collect := func(v any) {
		list, _ := v.([]any)
		for _, o := range list {
			if o, ok := o.(object); ok {
				all = append(all, o)
			}
		}
	}
	collect(el["options"])
	groups, _ := el["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(object); ok {
			collect(g["options"])
		}
	}
	i := slices.IndexFunc(all, func(o object) bool { return o["value"] == word })
	if i < 0 {
		i = slices.IndexFunc(all, func(o object) bool { return strings.EqualFold(buttonText(o), word) })
	}
	if i < 0 {
		return nil, fmt.Errorf("option %q: the element has none with this value or text", word)
	}
	return all[i], nil
}

// emptyState tells whether an element's state holds nothing.
func emptyState(state object) bool {
	kind, _ := state["type"].(string)
	key, _ := stateKey(kind)
	switch v := state[key].(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// fullState is state.values of a surface: what was entered, else the initial
// values, for every element that keeps one.
func fullState(list []placed, entered values) values {
	out := values{}
	for _, p := range list {
		if !stateful(p.kind()) {
			continue
		}
		state, ok := entered[p.blockID()][p.actionID()]
		if !ok || state["type"] != p.kind() {
			state = initialState(p.el)
		}
		if out[p.blockID()] == nil {
			out[p.blockID()] = map[string]object{}
		}
		out[p.blockID()][p.actionID()] = state
	}
	return out
}

// refusedByClient is what Slack's client says about a form before it sends
// anything: required fields left empty, texts too short or too long.
func refusedByClient(list []placed, state values) map[string]string {
	bad := map[string]string{}
	for _, p := range list {
		if !p.input {
			continue
		}
		s := state[p.blockID()][p.actionID()]
		if optional, _ := p.block["optional"].(bool); emptyState(s) {
			if !optional {
				bad[p.blockID()] = requiredText
			}
			continue
		}
		if why := badInput(p.el, s); why != "" {
			bad[p.blockID()] = why
		}
	}
	return bad
}

// badInput judges a value that is not empty against its element.
func badInput(el, state object) string {
	text, _ := state["value"].(string)
	n := len([]rune(text))
	switch el["type"] {
	case "plain_text_input":
		if low, ok := wholeNumber(el["min_length"]); ok && n < low {
			return fmt.Sprintf("Please enter at least %d characters.", low)
		}
		high, ok := wholeNumber(el["max_length"])
		if !ok {
			high = 3000
		}
		if n > high {
			return fmt.Sprintf("Please enter at most %d characters.", high)
		}
	case "number_input":
		x, err := strconv.ParseFloat(text, 64)
		decimals, _ := el["is_decimal_allowed"].(bool)
		if err != nil || (!decimals && strings.Contains(text, ".")) {
			return "Please enter a number."
		}
		if low, err := strconv.ParseFloat(fmt.Sprint(el["min_value"]), 64); err == nil && x < low {
			return fmt.Sprintf("Must be %v or more.", el["min_value"])
		}
		if high, err := strconv.ParseFloat(fmt.Sprint(el["max_value"]), 64); err == nil && x > high {
			return fmt.Sprintf("Must be %v or less.", el["max_value"])
		}
	case "email_text_input":
		if !strings.Contains(text, "@") {
			return "Please enter a valid email address."
		}
	case "url_text_input":
		if !strings.Contains(text, "://") {
			return "Please enter a valid URL."
		}
	}
	return ""
}

func wholeNumber(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return int(i), err == nil
}
