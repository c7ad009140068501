package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Command runs a slash command as the client does: it waits at most three
// seconds for the acknowledgement and shows what that carries. command may
// come without its slash. An undeclared command is an error of the client's,
// not of the app.
func (a *Actor) Command(channel, command, text string) (Seen, error) {
	w := a.w
	w.mu.Lock()
	u, c, e, err := a.sendCommand(channel, "/"+strings.TrimPrefix(command, "/"), text)
	w.mu.Unlock()
	if err != nil {
		return Seen{}, err
	}
	answer := w.await(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if answer.lost != "" {
		return Seen{Error: answer.lost}, nil
	}
	return w.showAnswer(u, c, answer.payload, strings.TrimSpace("/"+strings.TrimPrefix(command, "/")+" "+text)), nil
}

func (a *Actor) sendCommand(where, command, text string) (*user, *channel, *envelope, error) {
	w := a.w
	u, c, err := a.place(where)
	if err != nil {
		return nil, nil, nil, err
	}
	if c.IsArchived {
		return nil, nil, nil, fmt.Errorf("channel %q: is_archived", where)
	}
	i := 0
	for i < len(w.manifest.Commands) && w.manifest.Commands[i].Command != command {
		i++
	}
	if i == len(w.manifest.Commands) || !w.scopes["commands"] {
		return nil, nil, nil, fmt.Errorf("command %s: not a command of this app: its manifest does not declare it", command)
	}
	if w.manifest.Commands[i].ShouldEscape {
		text = w.escaped(text)
	}
	e := w.dispatch("slash_commands", true, func(base string) object {
		return object{
			"token": w.verification, "team_id": w.teamID, "team_domain": w.domain, "channel_id": c.ID,
			"channel_name": c.payloadName(), "user_id": u.ID, "user_name": u.Name, "command": command, "text": text,
			"api_app_id": w.appID, "is_enterprise_install": "false", "trigger_id": w.newTrigger(u.ID, ""),
			"response_url": base + w.newResponse(&responseURL{user: u.ID, channel: c.ID}),
		}
	})
	return u, c, e, nil
}

// escaped is how a command with should_escape gets its text: mentions as
// <@U…> and <#C…|name>, links in angle brackets, the rest as typed.
func (w *Workspace) escaped(text string) string {
	return outsideMarkup(linked(text, func(rest string) (string, int) { return rest[:1], 1 }), w.mention)
}

// payloadName is a channel's name in payloads: others' private ones and DMs
// have stand-ins.
func (c *channel) payloadName() string {
	switch {
	case c.IsIM:
		return "directmessage"
	case c.IsPrivate:
		return "privategroup"
	}
	return c.Name
}

// showAnswer shows a message that came in a command's acknowledgement; typed
// is the command line, which in_channel shows to everyone.
func (w *Workspace) showAnswer(u *user, c *channel, payload json.RawMessage, typed string) Seen {
	if len(payload) == 0 || string(payload) == "{}" {
		return Seen{View: w.viewOf(u.ID)}
	}
	q := request{args: args{}}
	if err := q.readJSON(payload); err != nil {
		return Seen{Error: "invalid_command_response"}
	}
	m, err := w.compose(q.args)
	if err != nil {
		w.note(Call{Kind: "verdict", Error: err.code, Problems: err.messages,
			Verdict: "the answer to a command is not a valid message"})
		return Seen{Error: err.code}
	}
	w.signBot(m, args{})
	if q.args.str("response_type") == "in_channel" {
		w.post(c, &Message{User: u.ID, Text: w.readBack(typed), ClientMsgID: w.uuid()})
		w.post(c, m)
		return Seen{Text: m.Text, Blocks: m.Blocks, Channel: c.ID, TS: m.TS, View: w.viewOf(u.ID)}
	}
	w.whisper(c, u.ID, m)
	return Seen{Text: m.Text, Blocks: m.Blocks, Ephemeral: true, Channel: c.ID, TS: m.TS, View: w.viewOf(u.ID)}
}

// viewOf is a copy of the modal in front of a user.
func (w *Workspace) viewOf(user string) *View {
	v := w.topView(user)
	if v == nil {
		return nil
	}
	copied := v.snapshot()
	return &copied
}

// Shortcut is a use of one of the app's shortcuts. Channel and TS say on which
// message; they are empty for a global one.
type Shortcut struct {
	CallbackID string `json:"callback_id"`
	Channel    string `json:"channel"`
	TS         string `json:"ts"`
}

// Shortcut uses a shortcut that the manifest declares.
func (a *Actor) Shortcut(s Shortcut) (Seen, error) {
	w := a.w
	w.mu.Lock()
	u, e, err := a.sendShortcut(s)
	w.mu.Unlock()
	if err != nil {
		return Seen{}, err
	}
	answer := w.await(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	return Seen{Error: answer.lost, View: w.viewOf(u.ID)}, nil
}

func (a *Actor) sendShortcut(s Shortcut) (*user, *envelope, error) {
	w := a.w
	u, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	kind := "global"
	if s.TS != "" {
		kind = "message"
	}
	declared := false
	for _, d := range w.manifest.Shortcuts {
		declared = declared || (d.CallbackID == s.CallbackID && d.Type == kind)
	}
	if !declared || !w.scopes["commands"] {
		return nil, nil, fmt.Errorf("shortcut %q: the manifest declares no %s shortcut with this callback_id", s.CallbackID, kind)
	}
	if kind == "global" {
		return u, w.dispatch("interactive", false, func(string) object {
			o := w.interaction("shortcut", u, "")
			o["callback_id"], o["action_ts"] = s.CallbackID, w.eventTS()
			return o
		}), nil
	}
	_, c, m, err := a.item(s.Channel, s.TS)
	if err != nil {
		return nil, nil, err
	}
	return u, w.dispatch("interactive", false, func(base string) object {
		o := w.interaction("message_action", u, "")
		o["callback_id"], o["action_ts"], o["message_ts"] = s.CallbackID, w.eventTS(), m.TS
		o["message"], o["channel"] = m.clone(), object{"id": c.ID, "name": c.payloadName()}
		o["response_url"] = base + w.newResponse(&responseURL{user: u.ID, channel: c.ID})
		return o
	}), nil
}

// interaction is the part that all interactive payloads share. view is the
// modal it happens in, empty outside.
func (w *Workspace) interaction(kind string, u *user, view string) object {
	return object{
		"type": kind, "token": w.verification, "api_app_id": w.appID, "enterprise": nil, "is_enterprise_install": false,
		"team": object{"id": w.teamID, "domain": w.domain}, "trigger_id": w.newTrigger(u.ID, view),
		"user": object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": w.teamID},
	}
}
