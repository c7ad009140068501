package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// SubmitResult is what a person sees after pressing a modal's submit button.
type SubmitResult struct {
	Errors map[string]string `json:"errors,omitempty"` // per block, the modal stays
	View   *View             `json:"view,omitempty"`   // the modal in front now, nil when none is
	Closed bool              `json:"closed"`           // the submitted modal is gone
	Error  string            `json:"error,omitempty"`  // operation_timeout, dispatch_failed, invalid answers: the modal stays
}

const requiredText = "Please complete this required field."

// Submit fills in a modal's fields and submits it. given is block_id, then
// action_id, then the value: text, a list, or Slack's own object (see Press);
// fields that are not named keep what they hold. What the client itself
// refuses (an empty required field, a text too short or too long) never
// reaches the app.
func (a *Actor) Submit(viewID string, given map[string]map[string]any) (SubmitResult, error) {
	w := a.w
	w.mu.Lock()
	v, e, early, err := a.sendSubmit(viewID, given)
	w.mu.Unlock()
	if err != nil || early != nil {
		return deref(early), err
	}
	answer := w.await(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if answer.lost != "" {
		return SubmitResult{Error: answer.lost, View: w.viewOf(v.User)}, nil
	}
	return w.afterSubmit(v, answer.payload), nil
}

func deref(r *SubmitResult) SubmitResult {
	if r == nil {
		return SubmitResult{}
	}
	return *r
}

func (a *Actor) sendSubmit(viewID string, given map[string]map[string]any) (*View, *envelope, *SubmitResult, error) {
	w := a.w
	u, err := a.self()
	if err != nil {
		return nil, nil, nil, err
	}
	v := w.views[viewID]
	if v == nil || v.User != u.ID || w.topView(u.ID) != v {
		return nil, nil, nil, fmt.Errorf("view %s: not the modal in front of this user", viewID)
	}
	if v.Submit == nil {
		return nil, nil, nil, fmt.Errorf("view %s: it has no submit button", viewID)
	}
	if err := w.fill(u, v, given); err != nil {
		return nil, nil, nil, err
	}
	list := layout(v.Blocks)
	if bad := refusedByClient(list, fullState(list, v.Values)); len(bad) > 0 {
		v.Errors = bad
		w.changed()
		return nil, nil, &SubmitResult{Errors: bad, View: w.viewOf(u.ID)}, nil
	}
	v.Errors = nil
	e := w.dispatch("interactive", true, func(base string) object {
		o := w.interaction("view_submission", u, v.ID)
		o["view"], o["response_urls"] = w.viewJSON(v), w.viewResponses(u, v, base)
		return o
	})
	return v, e, nil, nil
}

// fill enters given values into a view.
func (w *Workspace) fill(u *user, v *View, given map[string]map[string]any) error {
	list := layout(v.Blocks)
	for block, actions := range given {
		for id, value := range actions {
			at, err := locate(list, block, id, "")
			if err != nil {
				return fmt.Errorf("view %s: block %q: %v", v.ID, block, err)
			}
			state, err := w.enter(at.el, value)
			if err != nil {
				return fmt.Errorf("view %s: block %q: %v", v.ID, block, err)
			}
			w.enterInto(u, surfaceOf{view: v}, at, state)
		}
	}
	return nil
}

// viewResponses are the response URLs of channel selects that asked for one.
func (w *Workspace) viewResponses(u *user, v *View, base string) []object {
	out := []object{}
	for _, p := range layout(v.Blocks) {
		if on, _ := p.el["response_url_enabled"].(bool); !on {
			continue
		}
		key, _ := stateKey(p.kind())
		channel, _ := fullState([]placed{p}, v.Values)[p.blockID()][p.actionID()][key].(string)
		if channel == "" {
			continue
		}
		out = append(out, object{"block_id": p.blockID(), "action_id": p.actionID(), "channel_id": channel,
			"response_url": base + w.newResponse(&responseURL{user: u.ID, channel: channel})})
	}
	return out
}

// afterSubmit does what the app's answer to a submission says. While it was
// under way the app may have changed or closed things itself.
func (w *Workspace) afterSubmit(v *View, payload json.RawMessage) SubmitResult {
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if len(payload) > 0 && json.Unmarshal(payload, &answer) != nil {
		return w.badAnswer(v, errors.New("not an object"))
	}
	switch answer.Action {
	case "":
		if len(payload) > 0 && string(payload) != "{}" {
			return w.badAnswer(v, errors.New("a payload without response_action"))
		}
		if w.topView(v.User) == v {
			w.popView(v.User)
		}
		return SubmitResult{Closed: true, View: w.viewOf(v.User)}
	case "clear":
		w.clearViews(v.User)
		return SubmitResult{Closed: true}
	case "errors":
		for block := range answer.Errors {
			if !slices.Contains(inputBlocks(v), block) {
				return w.badAnswer(v, fmt.Errorf("errors for %q, which is not an input block", block))
			}
		}
		if len(answer.Errors) == 0 {
			return w.badAnswer(v, errors.New("response_action errors without errors"))
		}
		v.Errors = answer.Errors
		w.changed()
		return SubmitResult{Errors: answer.Errors, View: w.viewOf(v.User)}
	case "update", "push":
		return w.nextView(v, answer.Action, answer.View)
	}
	return w.badAnswer(v, fmt.Errorf("response_action %q", answer.Action))
}

func (w *Workspace) nextView(v *View, how string, raw json.RawMessage) SubmitResult {
	old := v
	if how == "push" {
		old = nil
	}
	next, err := w.draftView(raw, old)
	if err == nil && next.Type != "modal" {
		err = fail("invalid_arguments")
	}
	if err == nil && how == "push" {
		next.User = v.User
		err = w.pushView(next)
	}
	if err != nil {
		w.note(Call{Kind: "verdict", Error: err.code, Problems: err.messages, Verdict: "the view in an answer is refused"})
		return SubmitResult{Error: err.code, View: w.viewOf(v.User)}
	}
	if how == "update" {
		*v = *next
		w.changed()
	}
	return SubmitResult{View: w.viewOf(v.User)}
}

// badAnswer is the error line in a modal after an answer that Slack does not
// understand.
func (w *Workspace) badAnswer(v *View, why error) SubmitResult {
	w.note(Call{Kind: "verdict", Error: "invalid_response", Verdict: "answer to view_submission refused: " + why.Error()})
	return SubmitResult{Error: "invalid_response", View: w.viewOf(v.User)}
}

// Closing says how a modal is closed: by its Cancel button, or the whole stack
// by the cross in its corner.
type Closing int

// The ways to close a modal.
const (
	Cancel Closing = iota
	Cross
)

// CloseView closes the modal in front. With clear_on_close, or by the cross,
// the whole stack goes, and the root view is the one reported; the app hears
// of it only for views with notify_on_close.
func (a *Actor) CloseView(viewID string, how Closing) error {
	w := a.w
	w.mu.Lock()
	u, v, err := a.closing(viewID)
	if err != nil {
		w.mu.Unlock()
		return err
	}
	cleared := how == Cross || v.ClearOnClose
	reported := v
	if cleared {
		reported = w.views[v.Root]
	}
	notify := reported.NotifyOnClose
	payload := w.viewJSON(reported)
	delete(payload, "state")
	payload["state"] = object{"values": object{}}
	if cleared {
		w.clearViews(u.ID)
	} else {
		w.popView(u.ID)
	}
	var e *envelope
	if notify {
		e = w.dispatch("interactive", false, func(string) object {
			o := w.interaction("view_closed", u, "")
			delete(o, "trigger_id")
			o["view"], o["is_cleared"] = payload, cleared
			return o
		})
	}
	w.mu.Unlock()
	if e != nil {
		w.await(e)
	}
	return nil
}

func (a *Actor) closing(viewID string) (*user, *View, error) {
	u, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	v := a.w.topView(u.ID)
	if v == nil || v.ID != viewID {
		return nil, nil, fmt.Errorf("view %s: not the modal in front of this user", viewID)
	}
	return u, v, nil
}
