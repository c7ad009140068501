package slacksim

import (
	"errors"
	"fmt"
	"maps"
)

// Press is one use of an element: where it is (a message by Channel and TS, a
// modal by ViewID, the Home tab by Home), which it is (ActionID, or Label for
// what a button says; BlockID where several share an action_id), and the value
// for what is not a button.
type Press struct {
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ViewID   string `json:"view_id"`
	Home     bool   `json:"home"`
	BlockID  string `json:"block_id"`
	ActionID string `json:"action_id"`
	Label    string `json:"label"`
	Value    any    `json:"value"`
}

// surfaceOf is what a press happens on: exactly one of view, message, whisper.
type surfaceOf struct {
	view    *View
	channel *channel
	message *Message // the message itself, ephemeral or not
	whisper *Ephemeral
	layout  []placed
}

// Press uses an element and waits for the acknowledgement. In a message and on
// the Home tab every use is sent to the app; an element of an input block only
// when it has dispatch_action, else the value is just kept.
func (a *Actor) Press(p Press) (Seen, error) {
	w := a.w
	w.mu.Lock()
	u, e, err := a.sendPress(p)
	w.mu.Unlock()
	if err != nil {
		return Seen{}, err
	}
	var answer ack
	if e != nil {
		answer = w.await(e.env)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return Seen{Error: answer.lost, View: w.viewOf(u.ID)}, nil
}

// sent is an envelope on its way; a nil one could not be sent.
type sent struct{ env *envelope }

func (a *Actor) sendPress(p Press) (*user, *sent, error) {
	w := a.w
	u, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	s, err := a.surface(u, p)
	if err != nil {
		return nil, nil, err
	}
	at, err := locate(s.layout, p.BlockID, p.ActionID, p.Label)
	if err != nil {
		return nil, nil, err
	}
	var state object
	if at.kind() != "button" {
		if state, err = w.enter(at.el, p.Value); err != nil {
			return nil, nil, err
		}
	}
	if stateful(at.kind()) {
		w.enterInto(u, s, at, state)
	}
	if dispatch, _ := at.block["dispatch_action"].(bool); at.input && !dispatch {
		w.changed()
		return u, nil, nil
	}
	if !w.manifest.Interactivity {
		return nil, nil, errors.New("press: the app's manifest does not enable interactivity")
	}
	env := w.dispatch("interactive", false, func(base string) object { return w.blockActions(u, s, action(w, at, state), base) })
	return u, &sent{env}, nil
}

// surface finds what the press is on.
func (a *Actor) surface(u *user, p Press) (surfaceOf, error) {
	w := a.w
	switch {
	case p.Home:
		v := w.homes[u.ID]
		if v == nil {
			return surfaceOf{}, errors.New("home: nothing is published for this user")
		}
		return surfaceOf{view: v, layout: layout(v.Blocks)}, nil
	case p.ViewID != "":
		v := w.views[p.ViewID]
		if v == nil || v.User != u.ID {
			return surfaceOf{}, fmt.Errorf("view %s: not open in front of this user", p.ViewID)
		}
		if v.Type == "modal" && w.topView(u.ID) != v {
			return surfaceOf{}, fmt.Errorf("view %s: another one is on top of it", p.ViewID)
		}
		return surfaceOf{view: v, layout: layout(v.Blocks)}, nil
	}
	c := w.find(u.ID, p.Channel)
	if c == nil {
		return surfaceOf{}, fmt.Errorf("channel %q: channel_not_found", p.Channel)
	}
	if e := w.whisperAt(u.ID, c.ID, p.TS); e != nil {
		return surfaceOf{channel: c, message: &e.Message, whisper: e, layout: layoutOf(&e.Message)}, nil
	}
	m := c.at(p.TS)
	if m == nil {
		return surfaceOf{}, fmt.Errorf("message %s in %q: message_not_found", p.TS, p.Channel)
	}
	return surfaceOf{channel: c, message: m, layout: layoutOf(m)}, nil
}

// enterInto keeps a value: in the view, or per person for a message.
func (w *Workspace) enterInto(u *user, s surfaceOf, at placed, state object) {
	kept := w.keptFor(u, s)
	if kept[at.blockID()] == nil {
		kept[at.blockID()] = map[string]object{}
	}
	kept[at.blockID()][at.actionID()] = state
}

// keptFor is where a surface's values are for a person.
func (w *Workspace) keptFor(u *user, s surfaceOf) values {
	if s.view != nil {
		if s.view.Values == nil {
			s.view.Values = values{}
		}
		return s.view.Values
	}
	key := u.ID + " " + s.channel.ID + " " + s.message.TS
	if w.entered[key] == nil {
		w.entered[key] = values{}
	}
	return w.entered[key]
}

// action is one entry of actions[]: what was entered, and what the element
// says about itself.
func action(w *Workspace, at placed, state object) object {
	o := object{}
	for _, key := range []string{"text", "value", "style", "url", "placeholder", "confirm", "initial_option", "initial_options",
		"initial_date", "initial_time", "initial_date_time", "initial_user", "initial_users", "initial_channel",
		"initial_channels", "initial_conversation", "initial_conversations"} {
		if v, ok := at.el[key]; ok {
			o[key] = v
		}
	}
	maps.Copy(o, state)
	o["type"], o["action_id"], o["block_id"], o["action_ts"] = at.kind(), at.actionID(), at.blockID(), w.eventTS()
	return o
}

// blockActions is the payload of a press.
func (w *Workspace) blockActions(u *user, s surfaceOf, act object, base string) object {
	if s.view != nil {
		in := s.view.ID
		if s.view.Type == "home" {
			in = ""
		}
		o := w.interaction("block_actions", u, in)
		o["actions"], o["container"] = []object{act}, object{"type": "view", "view_id": s.view.ID}
		o["view"] = w.viewJSON(s.view)
		o["state"] = object{"values": fullState(s.layout, s.view.Values)}
		return o
	}
	o := w.interaction("block_actions", u, "")
	container := object{"type": "message", "message_ts": s.message.TS, "channel_id": s.channel.ID,
		"is_ephemeral": s.whisper != nil}
	if s.message.ThreadTS != "" {
		container["thread_ts"] = s.message.ThreadTS
	}
	o["actions"], o["container"] = []object{act}, container
	o["channel"] = object{"id": s.channel.ID, "name": s.channel.payloadName()}
	o["state"] = object{"values": fullState(s.layout, w.keptFor(u, s))}
	if s.whisper == nil {
		o["message"] = s.message.clone()
	}
	o["response_url"] = base + w.newResponse(&responseURL{user: u.ID, channel: s.channel.ID, ts: s.message.TS})
	return o
}
