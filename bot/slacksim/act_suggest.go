package slacksim

import (
	"encoding/json"
	"fmt"
)

// Suggest types into an external select and returns the options that the app
// offers: those of its option_groups too, in one list. p.Value is the typed
// text. The same limits hold as for a static select: at most 100 options.
func (a *Actor) Suggest(p Press) ([]Option, error) {
	w := a.w
	w.mu.Lock()
	e, err := a.sendSuggest(p)
	w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	answer := w.await(e)
	if answer.lost != "" {
		return nil, fmt.Errorf("suggestions for %s: %s", p.ActionID, answer.lost)
	}
	var got struct {
		Options []rawOption `json:"options"`
		Groups  []struct {
			Options []rawOption `json:"options"`
		} `json:"option_groups"`
	}
	if len(answer.payload) > 0 && json.Unmarshal(answer.payload, &got) != nil {
		return nil, fmt.Errorf("suggestions for %s: the answer is not an object with options", p.ActionID)
	}
	all := got.Options
	for _, g := range got.Groups {
		all = append(all, g.Options...)
	}
	if len(all) > 100 {
		return nil, fmt.Errorf("suggestions for %s: %d options, no more than 100 items allowed", p.ActionID, len(all))
	}
	var out []Option
	for _, o := range all {
		out = append(out, Option{Text: o.Text.Text, Value: o.Value})
	}
	return out, nil
}

// Option is one choice that an external select offers.
type Option struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

type rawOption struct {
	Text struct {
		Text string `json:"text"`
	} `json:"text"`
	Value string `json:"value"`
}

func (a *Actor) sendSuggest(p Press) (*envelope, error) {
	w := a.w
	u, err := a.self()
	if err != nil {
		return nil, err
	}
	s, err := a.surface(u, p)
	if err != nil {
		return nil, err
	}
	at, err := locate(s.layout, p.BlockID, p.ActionID, "")
	if err != nil {
		return nil, err
	}
	if at.kind() != "external_select" && at.kind() != "multi_external_select" {
		return nil, fmt.Errorf("element %q: %s takes no suggestions", p.ActionID, at.kind())
	}
	return w.dispatch("interactive", true, func(base string) object {
		o := w.blockActions(u, s, object{}, base)
		for _, key := range []string{"actions", "trigger_id", "response_url", "state"} {
			delete(o, key)
		}
		o["type"], o["action_id"], o["block_id"] = "block_suggestion", at.actionID(), at.blockID()
		o["value"] = fmt.Sprint(p.Value)
		return o
	}), nil
}
