package slacksim

import (
	"encoding/json"
	"time"
)

// eventScopes says which scope an event subscription needs besides being
// declared in the manifest; "" needs none (Slack: Events API reference).
var eventScopes = map[string]string{
	"app_home_opened":         "",
	"app_mention":             "app_mentions:read",
	"app_uninstalled":         "",
	"channel_archive":         "channels:read",
	"channel_created":         "channels:read",
	"channel_left":            "channels:read",
	"channel_rename":          "channels:read",
	"channel_unarchive":       "channels:read",
	"file_shared":             "files:read",
	"group_archive":           "groups:read",
	"group_left":              "groups:read",
	"group_rename":            "groups:read",
	"group_unarchive":         "groups:read",
	"link_shared":             "links:read",
	"message.channels":        "channels:history",
	"message.groups":          "groups:history",
	"message.im":              "im:history",
	"message.mpim":            "mpim:history",
	"pin_added":               "pins:read",
	"pin_removed":             "pins:read",
	"reaction_added":          "reactions:read",
	"reaction_removed":        "reactions:read",
	"subteam_created":         "usergroups:read",
	"subteam_members_changed": "usergroups:read",
	"subteam_updated":         "usergroups:read",
	"team_join":               "users:read",
	"tokens_revoked":          "",
	"user_change":             "users:read",
}

// retryDelays are the pauses before each further delivery of an event whose
// last one failed (Slack: Events API, "Retries").
var retryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}

const delayedRetries = 24 // hourly ones, with the Delayed Events setting

// event is one Events API body on its way; every delivery carries the same.
type event struct {
	id   string
	body json.RawMessage
}

// emit sends the app an event, if it subscribed to it, holds the scope and,
// for an event in a channel, is in it. fields is the inner event without type
// and event_ts; emit adds to it.
func (w *Workspace) emit(name string, c *channel, fields object) {
	if !w.hears(name, c) {
		return
	}
	fields["type"] = name
	if _, ok := fields["event_ts"]; !ok {
		fields["event_ts"] = w.eventTS()
	}
	w.send(fields)
}

// hearsMessages tells whether the app gets the message events of a channel.
func (w *Workspace) hearsMessages(c *channel) bool {
	return w.hears([...]string{kindPublic: "message.channels", kindPrivate: "message.groups",
		kindMPIM: "message.mpim", kindIM: "message.im"}[c.kind()], c)
}

// emitMessage sends a message event; its subscription depends on the channel.
func (w *Workspace) emitMessage(c *channel, fields object) {
	if !w.hearsMessages(c) {
		return
	}
	fields["type"], fields["channel"], fields["channel_type"] = "message", c.ID, c.typeName()
	if _, ok := fields["event_ts"]; !ok {
		fields["event_ts"] = fields["ts"]
	}
	w.send(fields)
}

func (w *Workspace) hears(name string, c *channel) bool {
	scope := eventScopes[name]
	if name == "member_joined_channel" || name == "member_left_channel" {
		scope = "channels:read"
		if c.IsPrivate {
			scope = "groups:read"
		}
	}
	if !w.events[name] || (scope != "" && !w.scopes[scope]) {
		return false
	}
	return c == nil || c.isMember(w.botUser)
}

func (w *Workspace) send(inner object) {
	ev := &event{id: w.id("Ev")}
	ev.body = mustJSON(object{
		"token": w.verification, "team_id": w.teamID, "context_team_id": w.teamID, "context_enterprise_id": nil,
		"api_app_id": w.appID, "event": inner, "type": "event_callback", "event_id": ev.id,
		"event_time": unix(w.now()), "is_ext_shared_channel": false, "event_context": "4-" + w.secret(32),
		"authorizations": []object{{"enterprise_id": nil, "team_id": w.teamID, "user_id": w.botUser,
			"is_bot": true, "is_enterprise_install": false}},
	})
	w.deliver(ev, 0)
}

// deliver makes one attempt; without a connection it has failed at once and
// only the retries are left.
func (w *Workspace) deliver(ev *event, attempt int) {
	c := w.pick()
	if c == nil {
		w.retry(ev, attempt)
		return
	}
	e := &envelope{id: w.uuid(), kind: "events_api", payload: ev.body, event: ev, attempt: attempt}
	if attempt > 0 {
		e.reason = "timeout"
	}
	w.transmit(c, e)
	e.timer = w.agenda.afterReal(ackWait, func() {
		e.state = stateLate
		w.note(Call{Kind: "verdict", EnvelopeID: e.id, Conn: c.id, Verdict: "not acknowledged within 3 s"})
		w.retry(ev, attempt)
	})
}

func (w *Workspace) retry(ev *event, failed int) {
	var wait time.Duration
	switch {
	case failed < len(retryDelays):
		wait = retryDelays[failed]
	case w.opts.DelayedEvents && failed < len(retryDelays)+delayedRetries:
		wait = time.Hour
	default:
		w.note(Call{Kind: "verdict", Verdict: "event " + ev.id + " given up after " + itoa(failed+1) + " deliveries"})
		return
	}
	w.agenda.after(wait, func() { w.deliver(ev, failed+1) })
}

// mustJSON encodes what the simulator built itself: values that always encode.
func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("slacksim: own value does not encode: " + err.Error())
	}
	return b
}

// toObj turns a value with JSON tags into an object that can be added to.
func toObj(v any) object {
	var o object
	if err := json.Unmarshal(mustJSON(v), &o); err != nil {
		panic("slacksim: own value is not an object: " + err.Error())
	}
	return o
}
