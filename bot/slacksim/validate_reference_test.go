package slacksim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// strangerThanSlack lists reference payloads that Slack itself would refuse, and why.
var strangerThanSlack = map[string]string{
	"image_slack_file_id":   `its made-up file ID is shorter than Slack's own pattern ^[F][A-Z0-9]{8,}$ allows`,
	"webhook_message_basic": `its two blocks share a block_id; Slack documents it as unique, and the simulator insists`,
	"rich_text_input_basic": "its initial_value is a line of rich text where the reference page wants a whole rich_text block",
}

// TestReferencePayloads: what must pass, passes. Each payload is put into the smallest message or view that holds it.
func TestReferencePayloads(t *testing.T) {
	reference(t, "blocks/limits.json")
	files, err := filepath.Glob(filepath.Join(referenceData, "blocks/valid/*.json"))
	if err != nil || len(files) < 50 {
		t.Fatalf("found %d reference payloads (%v), want at least 50", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			ps := validateReference(t, name, raw)
			_, excepted := strangerThanSlack[name]
			if excepted != (len(ps) > 0) {
				t.Errorf("validate(%s)\n got  %v\n want a problem: %t", raw, ps, excepted)
			}
		})
	}
}

func validateReference(t *testing.T, name string, raw []byte) []Problem {
	var o m
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	if _, ok := o["attachments"]; ok {
		return append(CheckAttachments(asJSON(t, o["attachments"])), messageBlocksOf(t, o)...)
	}
	if _, ok := o["color"]; ok {
		return CheckAttachments(asJSON(t, l{o}))
	}
	kind, _ := o["type"].(string)
	switch {
	case kind == "home" || kind == "modal":
		return validate(t, o)
	case o["blocks"] != nil:
		return messageBlocksOf(t, o)
	case kind == "video" || kind != "image" && slices.Contains(places["message block"].types, kind):
		return validate(t, l{o})
	}
	return validate(t, holder(t, name, kind, o))
}

func messageBlocksOf(t *testing.T, o m) []Problem {
	if o["blocks"] == nil {
		return nil
	}
	return validate(t, o["blocks"])
}

// holder is a message or view around a part.
func holder(t *testing.T, name, kind string, o m) any {
	inline := func(part m) any {
		return l{m{"type": "rich_text", "elements": l{m{"type": "rich_text_section", "elements": l{part}}}}}
	}
	switch {
	case kind == "image":
		return l{o}
	case kind == "plain_text" || kind == "mrkdwn":
		return l{m{"type": "section", "text": o}}
	case kind == "url":
		return l{m{"type": "task_card", "task_id": "1", "title": "t", "sources": l{o}}}
	case slices.Contains(places["rich inline"].types, kind):
		return inline(o)
	case slices.Contains(places["rich text part"].types, kind):
		return l{m{"type": "rich_text", "elements": l{o}}}
	case slices.Contains(places["actions element"].types, kind) && kind != "rich_text_input":
		return actions(o)
	case slices.Contains(places["input element"].types, kind):
		return input(o)
	}
	switch strings.Split(name, "_")[0] {
	case "confirmation":
		return actions(with(button, m{"confirm": o}))
	case "option":
		return actions(m{"type": "static_select", "options": l{o}})
	case "dispatch":
		return input(m{"type": "plain_text_input", "dispatch_action_config": o})
	case "workflow":
		return actions(m{"type": "workflow_button", "text": plainText("x"), "workflow": o})
	}
	t.Fatalf("no message holds the reference payload %s", name)
	return nil
}

// refused says for each named case of the reference data what breaks the rule and where Slack points. What only exceeds a
// limit is in limits(), under the same name as its constraint.
var refused = map[string]struct {
	payload any
	want    Problem
}{
	"text-empty":           {l{section("")}, Problem{"must be more than 0 characters", "/blocks/0/text/text"}},
	"overflow-empty":       {actions(m{"type": "overflow", "options": l{}}), Problem{"must provide at least 1 items", "/blocks/0/elements/0/options"}},
	"checkboxes-empty":     {actions(m{"type": "checkboxes", "options": l{}}), Problem{"must provide at least 1 items", "/blocks/0/elements/0/options"}},
	"radio-buttons-empty":  {actions(m{"type": "radio_buttons", "options": l{}}), Problem{"must provide at least 1 items", "/blocks/0/elements/0/options"}},
	"video-alt-text-empty": {l{with(clip, m{"alt_text": ""})}, Problem{"must be more than 0 characters", "/blocks/0/alt_text"}},
	"view-missing-blocks":  {modal(), Problem{"must provide at least 1 items", "/view/blocks"}},
	"url-source-url-empty": {
		l{m{"type": "task_card", "task_id": "1", "title": "t", "sources": l{m{"type": "url", "url": "", "text": "t"}}}},
		Problem{"must be more than 0 characters", "/blocks/0/sources/0/url"},
	},
	"table-too-many-rows": {
		l{m{"type": "table", "rows": times(101, same(l{raw}))}}, Problem{"no more than 100 items allowed", "/blocks/0/rows"},
	},
	"table-column-settings-mismatch": {
		l{m{"type": "table", "rows": l{l{raw}}, "column_settings": l{m{"align": "left"}, m{"align": "left"}}}},
		Problem{"no more than 1 items allowed", "/blocks/0/column_settings"},
	},
	"static-select-options-and-groups": {
		actions(with(menu, m{"option_groups": l{m{"label": plainText("g"), "options": l{option("a", "a")}}}})),
		Problem{"must define either `options` or `option_groups`", "/blocks/0/elements/0"},
	},
	"number-input-inverted-range": {
		input(m{"type": "number_input", "is_decimal_allowed": false, "min_value": "10", "max_value": "9"}),
		Problem{"`min_value` must not be greater than `max_value`", "/view/blocks/0/element/min_value"},
	},
	"input-invalid-element": {input(button), Problem{"unsupported type: button", "/view/blocks/0/element/type"}},
	"pie-chart-empty":       {slicesOf(), Problem{"must provide at least 1 items", "/blocks/0/chart/segments"}},
	"chart-series-empty": {
		l{with(chart, m{"chart": with(chart["chart"].(m), m{"series": l{}})})},
		Problem{"must provide at least 1 items", "/blocks/0/chart/series"},
	},
	"axis-categories-empty": {bars(m{"categories": l{}}), Problem{"must provide at least 1 items", "/blocks/0/chart/axis_config/categories"}},
}

func TestRefused(t *testing.T) {
	for name, c := range refused {
		t.Run(name, func(t *testing.T) { wantProblem(t, c.payload, c.want) })
	}
}

// TestReferenceCasesCovered: every case that the reference data names is refused by a test here.
func TestReferenceCasesCovered(t *testing.T) {
	var doc struct {
		Cases []struct{ ID, Constraint string }
	}
	if err := json.Unmarshal(reference(t, "blocks/invalid_cases.json"), &doc); err != nil {
		t.Fatal(err)
	}
	exceeded := map[string]bool{}
	for _, c := range limits() {
		exceeded[c.name] = true
	}
	for _, c := range doc.Cases {
		if _, ok := refused[c.ID]; !ok && !exceeded[c.Constraint] {
			t.Errorf("case %s (%s): no test refuses it", c.ID, c.Constraint)
		}
	}
	if len(doc.Cases) < 50 {
		t.Errorf("the reference data has %d cases, want at least 50", len(doc.Cases))
	}
}
