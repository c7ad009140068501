package slacksim

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

const (
	maxStack     = 3
	maxViewBytes = 250 << 10
)

// View is a modal or a Home tab, with what its person has entered so far.
type View struct {
	ID              string            `json:"id"`
	User            string            `json:"user"`
	Type            string            `json:"type"`
	CallbackID      string            `json:"callback_id"`
	ExternalID      string            `json:"external_id"`
	PrivateMetadata string            `json:"private_metadata"`
	Hash            string            `json:"hash"`
	Root            string            `json:"root_view_id"`
	Previous        string            `json:"previous_view_id,omitempty"`
	Title           json.RawMessage   `json:"title,omitempty"`
	Submit          json.RawMessage   `json:"submit,omitempty"`
	Close           json.RawMessage   `json:"close,omitempty"`
	Blocks          json.RawMessage   `json:"blocks"`
	Values          values            `json:"values"`
	Errors          map[string]string `json:"errors,omitempty"` // shown under the blocks
	ClearOnClose    bool              `json:"clear_on_close,omitempty"`
	NotifyOnClose   bool              `json:"notify_on_close,omitempty"`
	SubmitDisabled  bool              `json:"submit_disabled,omitempty"`
}

func (v *View) snapshot() View {
	out := *v
	out.Values = fullState(layout(v.Blocks), v.Values)
	out.Errors = maps.Clone(v.Errors)
	return out
}

// trigger is the right to open one view.
type trigger struct {
	user   string
	view   string // the modal it came from, if it did
	issued time.Time
	used   bool
}

// newTrigger issues a trigger_id to the app.
func (w *Workspace) newTrigger(user, view string) string {
	id := w.digits(12) + "." + w.digits(12) + "." + w.secret(32)
	// Kept for a minute, to tell an expired one from an invented one.
	w.triggers.put(id, &trigger{user: user, view: view, issued: time.Now()},
		func(t *trigger) bool { return time.Since(t.issued) > time.Minute })
	return id
}

// fresh finds a trigger that is still good. The caller marks it used once the
// view is accepted: a refused view does not cost the trigger.
func (w *Workspace) fresh(id string) (*trigger, *apiError) {
	t := w.triggers.at(id)
	switch {
	case t == nil:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case time.Since(t.issued) > triggerLife:
		return nil, fail("expired_trigger_id")
	}
	return t, nil
}

// draftView reads a view that the app sent and judges it; old is the view that
// it replaces, nil for a new one.
func (w *Workspace) draftView(raw json.RawMessage, old *View) (*View, *apiError) {
	if len(raw) > maxViewBytes {
		return nil, fail("view_too_large")
	}
	if problems := ValidateView(raw); len(problems) > 0 {
		return nil, viewRefusal(problems)
	}
	v := &View{}
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, badArgument("must provide an object [json-pointer:/view]")
	}
	// What the app says about identity, state and errors is not listened to.
	v.ID, v.User, v.Root, v.Previous, v.Values, v.Errors = "", "", "", "", nil, nil
	for _, other := range w.views {
		if v.ExternalID != "" && other.ExternalID == v.ExternalID && other != old {
			return nil, fail("duplicate_external_id")
		}
	}
	v.Blocks = w.keepBlocks(v.Blocks)
	v.Hash = strconv.FormatInt(w.now().Unix(), 10) + "." + w.secret(8)
	if old != nil {
		v.ID, v.User, v.Root, v.Previous = old.ID, old.User, old.Root, old.Previous
		v.Values = keepEntered(old, v)
		return v, nil
	}
	v.ID = w.id("V")
	v.Root = v.ID
	return v, nil
}

// keepEntered is the input that survives an update: that of elements whose
// block_id and action_id stay.
func keepEntered(old, next *View) values {
	out := values{}
	for _, p := range layout(next.Blocks) {
		if state, ok := old.Values[p.blockID()][p.actionID()]; ok && state["type"] == p.kind() {
			if out[p.blockID()] == nil {
				out[p.blockID()] = map[string]object{}
			}
			out[p.blockID()][p.actionID()] = state
		}
	}
	return out
}

// viewRefusal is how views.* reports problems.
func viewRefusal(problems []Problem) *apiError {
	e := &apiError{code: "invalid_arguments"}
	for _, p := range problems {
		e.messages = append(e.messages, "[ERROR] "+p.String())
	}
	return e
}

// openRoot makes v the only modal in front of its user.
func (w *Workspace) openRoot(v *View) {
	w.forget(w.stacks[v.User])
	w.views[v.ID] = v
	w.stacks[v.User] = []string{v.ID}
	w.changed()
}

// pushView puts v on top of its user's modals.
func (w *Workspace) pushView(v *View) *apiError {
	stack := w.stacks[v.User]
	switch {
	case len(stack) == 0:
		return fail("not_found")
	case len(stack) >= maxStack:
		return fail("push_limit_reached")
	}
	v.Root, v.Previous = stack[0], stack[len(stack)-1]
	w.views[v.ID] = v
	w.stacks[v.User] = append(stack, v.ID)
	w.changed()
	return nil
}

// popView closes the topmost modal.
func (w *Workspace) popView(user string) {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return
	}
	delete(w.views, stack[len(stack)-1])
	w.setStack(user, stack[:len(stack)-1])
}

// clearViews closes all modals of a user.
func (w *Workspace) clearViews(user string) {
	w.forget(w.stacks[user])
	w.setStack(user, nil)
}

func (w *Workspace) setStack(user string, stack []string) {
	if len(stack) == 0 {
		delete(w.stacks, user)
	} else {
		w.stacks[user] = stack
	}
	w.changed()
}

func (w *Workspace) forget(ids []string) {
	for _, id := range ids {
		delete(w.views, id)
	}
}

// topView is the modal in front of a user, nil when there is none.
func (w *Workspace) topView(user string) *View {
	stack := w.stacks[user]
	if len(stack) == 0 {
		return nil
	}
	return w.views[stack[len(stack)-1]]
}

// viewJSON is the view object of answers and payloads.
func (w *Workspace) viewJSON(v *View) object {
	return object{
		"id": v.ID, "team_id": w.teamID, "type": v.Type, "blocks": v.Blocks,
		"title": orNone(v.Title), "submit": orNone(v.Submit), "close": orNone(v.Close),
		"private_metadata": v.PrivateMetadata, "callback_id": v.CallbackID, "external_id": v.ExternalID,
		"state": object{"values": fullState(layout(v.Blocks), v.Values)}, "hash": v.Hash,
		"clear_on_close": v.ClearOnClose, "notify_on_close": v.NotifyOnClose, "submit_disabled": v.SubmitDisabled,
		"root_view_id": v.Root, "previous_view_id": orNil(v.Previous),
		"app_id": w.appID, "app_installed_team_id": w.teamID, "bot_id": w.botID,
	}
}

func orNone(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return raw
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// inputBlocks are the IDs of a view's input blocks.
func inputBlocks(v *View) []string {
	var out []string
	for _, p := range layout(v.Blocks) {
		if p.input && !slices.Contains(out, p.blockID()) {
			out = append(out, p.blockID())
		}
	}
	return out
}
