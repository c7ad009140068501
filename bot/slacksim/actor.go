package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// Actor is one person doing things in the workspace. Make it with As.
type Actor struct {
	w   *Workspace
	who string
}

// Seen is what a person sees at once after doing something: the app's answer
// in the acknowledgement, or the error that Slack shows.
type Seen struct {
	Error     string          `json:"error,omitempty"` // operation_timeout, dispatch_failed, invalid_blocks …
	Text      string          `json:"text,omitempty"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	Ephemeral bool            `json:"ephemeral,omitempty"` // only this person sees it
	Channel   string          `json:"channel,omitempty"`
	TS        string          `json:"ts,omitempty"`   // of the answer
	View      *View           `json:"view,omitempty"` // the modal in front of the person now
}

// As acts as the person with that ID or handle. Whether there is one shows
// when something is done.
func (w *Workspace) As(who string) *Actor { return &Actor{w: w, who: who} }

// self is the actor's user. The caller holds the lock.
func (a *Actor) self() (*user, error) {
	u := a.w.person(a.who)
	switch {
	case a.w.closed:
		return nil, errors.New("workspace: closed")
	case u == nil:
		return nil, fmt.Errorf("user %q: user_not_found", a.who)
	case u.Deleted:
		return nil, fmt.Errorf("user %q: account_inactive", a.who)
	}
	return u, nil
}

// place is the actor and a channel that they see.
func (a *Actor) place(where string) (*user, *channel, error) {
	u, err := a.self()
	if err != nil {
		return nil, nil, err
	}
	c := a.w.find(u.ID, where)
	if c == nil {
		return nil, nil, fmt.Errorf("channel %q: channel_not_found", where)
	}
	return u, c, nil
}

// seat is a channel that the actor is in and may write to.
func (a *Actor) seat(where string) (*user, *channel, error) {
	u, c, err := a.place(where)
	switch {
	case err != nil:
		return nil, nil, err
	case c.IsArchived:
		return nil, nil, fmt.Errorf("channel %q: is_archived", where)
	case !c.isMember(u.ID):
		return nil, nil, fmt.Errorf("channel %q: not_in_channel", where)
	}
	return u, c, nil
}

// item is a message in a channel that the actor is in.
func (a *Actor) item(where, ts string) (*user, *channel, *Message, error) {
	u, c, err := a.place(where)
	if err != nil {
		return nil, nil, nil, err
	}
	m := c.at(ts)
	if m == nil {
		return nil, nil, nil, fmt.Errorf("message %s in %q: message_not_found", ts, where)
	}
	return u, c, m, nil
}

// Message posts text as typed: channel is an ID, a name with or without #, or
// a handle for direct messages; threadTS is empty outside threads. @handles
// and #channels become mentions, as the client makes them.
func (a *Actor) Message(channel, text, threadTS string) (Message, error) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, err := a.seat(channel)
	if err != nil {
		return Message{}, err
	}
	m := &Message{User: u.ID, Text: w.typed(text), ClientMsgID: w.uuid(), ThreadTS: threadTS}
	if threadTS != "" {
		root := c.at(threadTS)
		if root == nil {
			return Message{}, fmt.Errorf("thread %s in %q: thread_not_found", threadTS, channel)
		}
		m.ThreadTS = root.TS
		if root.ThreadTS != "" {
			m.ThreadTS = root.ThreadTS
		}
	}
	m.Blocks = w.richText(m.Text)
	w.post(c, m)
	return m.clone(), nil
}

// Edit changes the actor's own message.
func (a *Actor) Edit(channel, ts, text string) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, m, err := a.item(channel, ts)
	if err != nil {
		return err
	}
	if m.User != u.ID || m.BotID != "" {
		return fmt.Errorf("message %s: cant_update_message", ts)
	}
	next := m.clone()
	next.Text = w.typed(text)
	next.Blocks = w.richText(next.Text)
	w.change(c, m, next, u.ID)
	return nil
}

// Delete removes the actor's own message.
func (a *Actor) Delete(channel, ts string) error {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	u, c, m, err := a.item(channel, ts)
	if err != nil {
		return err
	}
	if m.User != u.ID || m.BotID != "" {
		return fmt.Errorf("message %s: cant_delete_message", ts)
	}
	w.remove(c, m)
	return nil
}

// React puts an emoji (its name, colons or not) on a message.
func (a *Actor) React(channel, ts, name string) error {
	return a.toggle(channel, ts, name, a.w.react)
}

// Unreact takes the actor's emoji away.
func (a *Actor) Unreact(channel, ts, name string) error {
	return a.toggle(channel, ts, name, a.w.unreact)
}

func (a *Actor) toggle(channel, ts, name string, do func(*channel, *Message, string, string) string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, m, err := a.item(channel, ts)
	if err != nil {
		return err
	}
	if code := do(c, m, u.ID, strings.Trim(name, ":")); code != "" {
		return fmt.Errorf("reaction %s on %s: %s", name, ts, code)
	}
	return nil
}

// Pin pins a message.
func (a *Actor) Pin(channel, ts string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, m, err := a.item(channel, ts)
	if err != nil {
		return err
	}
	if c.pinned(ts) {
		return fmt.Errorf("message %s: already_pinned", ts)
	}
	a.w.pin(c, m, u.ID)
	return nil
}

// Unpin takes a pin away.
func (a *Actor) Unpin(channel, ts string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, m, err := a.item(channel, ts)
	if err != nil {
		return err
	}
	if !c.pinned(ts) {
		return fmt.Errorf("message %s: not_pinned", ts)
	}
	a.w.unpin(c, m, u.ID)
	return nil
}

// Join enters a public channel.
func (a *Actor) Join(channel string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.place(channel)
	switch {
	case err != nil:
		return err
	case c.IsArchived:
		return fmt.Errorf("channel %q: is_archived", channel)
	case c.kind() != kindPublic:
		return fmt.Errorf("channel %q: method_not_supported_for_channel_type", channel)
	}
	a.w.join(c, u.ID, "")
	return nil
}

// Leave goes out of a channel.
func (a *Actor) Leave(channel string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.seat(channel)
	switch {
	case err != nil:
		return err
	case c.IsGeneral:
		return fmt.Errorf("channel %q: cant_leave_general", channel)
	case c.IsIM:
		return fmt.Errorf("channel %q: method_not_supported_for_channel_type", channel)
	}
	a.w.leave(c, u.ID, u.ID)
	return nil
}

// Invite brings another person, or the bot, into a channel.
func (a *Actor) Invite(channel, who string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.seat(channel)
	if err != nil {
		return err
	}
	guest := a.w.person(who)
	if guest == nil || guest.Deleted {
		return fmt.Errorf("user %q: user_not_found", who)
	}
	a.w.join(c, guest.ID, u.ID)
	return nil
}

// Kick puts somebody out of a channel.
func (a *Actor) Kick(channel, who string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.seat(channel)
	if err != nil {
		return err
	}
	target := a.w.person(who)
	if target == nil || !c.isMember(target.ID) {
		return fmt.Errorf("user %q in %q: not_in_channel", who, channel)
	}
	a.w.leave(c, target.ID, u.ID)
	return nil
}

// Create makes a channel; the actor is its first member. It returns the ID.
func (a *Actor) Create(name string, kind ChannelKind) (string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, err := a.self()
	if err != nil {
		return "", err
	}
	if code := nameProblem(name); code != "" {
		return "", fmt.Errorf("channel %q: %s", name, code)
	}
	if a.w.channelNamed(name) != nil {
		return "", fmt.Errorf("channel %q: name_taken", name)
	}
	c := a.w.addChannel(name, u.ID, visibility{private: kind == Private})
	a.w.join(c, u.ID, "")
	return c.ID, nil
}

// ChannelKind says who may see a channel.
type ChannelKind int

// The kinds of channel that people make.
const (
	Public ChannelKind = iota
	Private
)

// Archive closes a channel for good; Unarchive opens it again.
func (a *Actor) Archive(where string) error {
	return a.fate(where, func(c *channel, by string) error {
		if c.IsArchived {
			return errors.New("already_archived")
		}
		a.w.archive(c, by)
		return nil
	})
}

// Unarchive opens an archived channel again.
func (a *Actor) Unarchive(where string) error {
	return a.fate(where, func(c *channel, by string) error {
		if !c.IsArchived {
			return errors.New("not_archived")
		}
		a.w.unarchive(c, by)
		return nil
	})
}

// Rename gives a channel another name.
func (a *Actor) Rename(where, name string) error {
	return a.fate(where, func(c *channel, by string) error {
		if code := nameProblem(name); code != "" {
			return errors.New(code)
		}
		if a.w.channelNamed(name) != nil {
			return errors.New("name_taken")
		}
		a.w.rename(c, by, name)
		return nil
	})
}

// SetTopic writes a channel's topic.
func (a *Actor) SetTopic(where, text string) error {
	return a.fate(where, func(c *channel, by string) error {
		a.w.setTopic(c, by, text)
		return nil
	})
}

func (a *Actor) fate(where string, do func(*channel, string) error) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.place(where)
	if err != nil {
		return err
	}
	if c.IsIM || c.IsGeneral {
		return fmt.Errorf("channel %q: restricted_action", where)
	}
	if err := do(c, u.ID); err != nil {
		return fmt.Errorf("channel %q: %v", where, err)
	}
	return nil
}

// OpenDM opens the direct messages with another user (ID or handle) and
// returns their channel's ID. With the bot that is the Messages tab of the
// app, and app_home_opened goes out.
func (a *Actor) OpenDM(who string) (string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, err := a.self()
	if err != nil {
		return "", err
	}
	other := a.w.person(who)
	if other == nil {
		return "", fmt.Errorf("user %q: user_not_found", who)
	}
	c := a.w.openDM(u.ID, other.ID)
	if other.ID == a.w.botUser {
		a.w.emit("app_home_opened", nil, object{"user": u.ID, "channel": c.ID, "tab": "messages"})
	}
	return c.ID, nil
}

// OpenHome opens the app's Home tab; app_home_opened goes to the app. The view
// is the one that was published before, nil when there is none yet.
func (a *Actor) OpenHome() (*View, error) {
	w := a.w
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := a.self()
	if err != nil {
		return nil, err
	}
	if !w.manifest.HomeTab {
		return nil, errors.New("home: the app's manifest does not enable the Home tab")
	}
	fields := object{"user": u.ID, "channel": w.openDM(w.botUser, u.ID).ID, "tab": "home"}
	var shown *View
	if v := w.homes[u.ID]; v != nil {
		fields["view"] = w.viewJSON(v)
		copied := v.snapshot()
		shown = &copied
	}
	w.emit("app_home_opened", nil, fields)
	return shown, nil
}

// Dismiss takes an ephemeral message off the actor's screen.
func (a *Actor) Dismiss(channel, ts string) error {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	u, c, err := a.place(channel)
	if err != nil {
		return err
	}
	e := a.w.whisperAt(u.ID, c.ID, ts)
	if e == nil {
		return fmt.Errorf("message %s: message_not_found", ts)
	}
	a.w.unwhisper(u.ID, e)
	return nil
}

var (
	typedHandle  = pattern.New(`(^|[^\w@])@([a-z0-9][a-z0-9._-]*[a-z0-9]|[a-z0-9])`)
	typedChannel = pattern.New(`(^|[^\w&])#([a-z0-9_-]+)`)
)

// typed is what the client makes of typed text: mentions of people, groups
// and channels that exist, links, and entities for the rest.
func (w *Workspace) typed(text string) string {
	return outsideMarkup(w.readBack(text), w.mention)
}

// mention turns the handles and channel names in a piece of text without
// markup into mentions.
func (w *Workspace) mention(text string) string {
	text = typedHandle.ReplaceAllStringFunc(text, func(s string) string {
		at := strings.IndexByte(s, '@')
		switch name := s[at+1:]; name {
		case "here", "channel", "everyone":
			return s[:at] + "<!" + name + ">"
		default:
			if u := w.person(name); u != nil {
				return s[:at] + "<@" + u.ID + ">"
			}
			if g := w.groupNamed(name); g != nil {
				return s[:at] + "<!subteam^" + g.ID + ">"
			}
		}
		return s
	})
	return typedChannel.ReplaceAllStringFunc(text, func(s string) string {
		at := strings.IndexByte(s, '#')
		c := w.channelNamed(s[at+1:])
		switch {
		case c == nil:
			return s
		case c.IsPrivate: // its name is nobody's business
			return s[:at] + "<#" + c.ID + "|>"
		}
		return s[:at] + "<#" + c.ID + "|" + c.Name + ">"
	})
}
