package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// act is the body of every control call that a person's act is.
type act struct {
	User       string                    `json:"user"`
	Channel    string                    `json:"channel"`
	Command    string                    `json:"command"`
	Text       string                    `json:"text"`
	ThreadTS   string                    `json:"thread_ts"`
	TS         string                    `json:"ts"`
	ViewID     string                    `json:"view_id"`
	Home       bool                      `json:"home"`
	BlockID    string                    `json:"block_id"`
	ActionID   string                    `json:"action_id"`
	Label      string                    `json:"label"`
	Value      any                       `json:"value"`
	Values     map[string]map[string]any `json:"values"`
	CallbackID string                    `json:"callback_id"`
	Name       string                    `json:"name"`
	Emoji      string                    `json:"emoji"`
	Cross      bool                      `json:"cross"` // close: the whole stack
	Who        string                    `json:"who"`
}

// serveControl is the way in for programs and for the page: JSON in and out.
func (w *Workspace) serveControl(rw http.ResponseWriter, r *http.Request) {
	if why := Guard(r, w.opts.Hosts...); why != "" {
		writeJSON(rw, http.StatusForbidden, object{"ok": false, "error": why})
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/control/")
	answer, err := w.control(name, rw, r)
	if err != nil {
		writeJSON(rw, http.StatusBadRequest, object{"ok": false, "error": err.Error()})
		return
	}
	writeJSON(rw, http.StatusOK, answer)
}

func (w *Workspace) control(name string, rw http.ResponseWriter, r *http.Request) (any, error) {
	switch name {
	case "state":
		return w.State(), nil
	case "calls":
		since := 0
		if s := r.URL.Query().Get("since"); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				return nil, fmt.Errorf("calls: since=%q is not a number", s)
			}
			since = n
		}
		return w.Calls(since), nil
	}
	if r.Method != http.MethodPost {
		return nil, fmt.Errorf("%s: send it with POST", name)
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	switch name {
	case "fault":
		return object{"ok": true}, w.controlFault(body)
	case "clock":
		return w.controlClock(body)
	}
	var a act
	if err := strictJSON(body, &a); err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	return w.perform(name, a)
}

// strictJSON refuses fields that nothing reads: a typing error would else go
// unnoticed.
func strictJSON(body []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("body is not what this call takes: %v", err)
	}
	return nil
}

// perform does a person's act.
func (w *Workspace) perform(name string, a act) (any, error) {
	p := w.As(a.User)
	switch name {
	case "command":
		return orError(p.Command(a.Channel, a.Command, a.Text))
	case "message":
		return orError(p.Message(a.Channel, a.Text, a.ThreadTS))
	case "press":
		return orError(p.Press(Press{Channel: a.Channel, TS: a.TS, ViewID: a.ViewID, Home: a.Home, BlockID: a.BlockID,
			ActionID: a.ActionID, Label: a.Label, Value: a.Value}))
	case "submit":
		return orError(p.Submit(a.ViewID, a.Values))
	case "suggest":
		options, err := p.Suggest(Press{Channel: a.Channel, TS: a.TS, ViewID: a.ViewID, Home: a.Home, BlockID: a.BlockID,
			ActionID: a.ActionID, Value: a.Value})
		return object{"ok": true, "options": options}, err
	case "shortcut":
		return orError(p.Shortcut(Shortcut{CallbackID: a.CallbackID, Channel: a.Channel, TS: a.TS}))
	case "open_home":
		view, err := p.OpenHome()
		return object{"ok": true, "view": view}, err
	case "open_dm":
		id, err := p.OpenDM(a.Who)
		return object{"ok": true, "channel": id}, err
	case "create":
		id, err := p.Create(a.Name, Public)
		return object{"ok": true, "channel": id}, err
	}
	return object{"ok": true}, w.performPlain(name, p, a)
}

// performPlain does the acts that answer only that they are done.
func (w *Workspace) performPlain(name string, p *Actor, a act) error {
	emoji := a.Emoji
	if emoji == "" {
		emoji = a.Name
	}
	how := Cancel
	if a.Cross {
		how = Cross
	}
	switch name {
	case "close":
		return p.CloseView(a.ViewID, how)
	case "edit":
		return p.Edit(a.Channel, a.TS, a.Text)
	case "delete":
		return p.Delete(a.Channel, a.TS)
	case "dismiss":
		return p.Dismiss(a.Channel, a.TS)
	case "react":
		return p.React(a.Channel, a.TS, emoji)
	case "unreact":
		return p.Unreact(a.Channel, a.TS, emoji)
	case "pin":
		return p.Pin(a.Channel, a.TS)
	case "unpin":
		return p.Unpin(a.Channel, a.TS)
	case "join":
		return p.Join(a.Channel)
	case "leave":
		return p.Leave(a.Channel)
	case "invite":
		return p.Invite(a.Channel, a.Who)
	case "kick":
		return p.Kick(a.Channel, a.Who)
	case "archive":
		return p.Archive(a.Channel)
	case "unarchive":
		return p.Unarchive(a.Channel)
	case "rename":
		return p.Rename(a.Channel, a.Name)
	case "topic":
		return p.SetTopic(a.Channel, a.Text)
	}
	return fmt.Errorf("%s: no such control call", name)
}

// orError adds ok to an answer.
func orError[T any](answer T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	o := toObj(answer)
	o["ok"] = true
	return o, nil
}

// controlFault reads a fault; {} clears all.
func (w *Workspace) controlFault(body []byte) error {
	var f struct {
		Method     string `json:"method"`
		Status     int    `json:"status"`
		Error      string `json:"error"`
		RetryAfter int    `json:"retry_after"`
		HTML       bool   `json:"html"`
		Latency    string `json:"latency"`
		Reset      bool   `json:"reset"`
		After      bool   `json:"after"`
		Times      int    `json:"times"`
		Socket     string `json:"socket"`
		Redeliver  string `json:"redeliver"`
		LoseAcks   int    `json:"lose_acks"`
		Down       bool   `json:"down"`
	}
	if err := strictJSON(body, &f); err != nil {
		return fmt.Errorf("fault: %v", err)
	}
	var latency time.Duration
	if f.Latency != "" {
		d, err := time.ParseDuration(f.Latency)
		if err != nil || d < 0 {
			return fmt.Errorf("fault: latency %q is not a duration like 200ms or 3s", f.Latency)
		}
		latency = d
	}
	fault := Fault{Method: f.Method, Status: f.Status, Error: f.Error, RetryAfter: f.RetryAfter, HTML: f.HTML,
		Latency: latency, Reset: f.Reset, After: f.After, Times: f.Times, Socket: f.Socket, Redeliver: f.Redeliver,
		LoseAcks: f.LoseAcks, Down: f.Down}
	if fault == (Fault{}) {
		w.ClearFaults()
		return nil
	}
	return w.Fault(fault)
}

func (w *Workspace) controlClock(body []byte) (any, error) {
	var c struct {
		Advance string `json:"advance"`
	}
	if err := strictJSON(body, &c); err != nil {
		return nil, fmt.Errorf("clock: %v", err)
	}
	d, err := time.ParseDuration(c.Advance)
	if err != nil {
		return nil, fmt.Errorf("clock: advance %q is not a duration like 5m", c.Advance)
	}
	if d <= 0 {
		return nil, errors.New("clock: advance moves forward only: give a duration above zero")
	}
	w.Advance(d)
	return object{"ok": true, "now": w.Now()}, nil
}
