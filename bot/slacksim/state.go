package slacksim

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// State is a deep copy of everything in the workspace at one moment.
type State struct {
	Now      time.Time              `json:"now"`
	Team     Team                   `json:"team"`
	Users    []User                 `json:"users"`
	Channels []Channel              `json:"channels"` // DMs too: is_im
	Whispers map[string][]Ephemeral `json:"ephemerals"`
	Views    map[string][]View      `json:"views"` // open modals per user, root first
	Homes    map[string]View        `json:"homes"`
	Files    []File                 `json:"files"`
	Groups   []UserGroup            `json:"usergroups"`
	Canvases []Canvas               `json:"canvases"`
	Sockets  int                    `json:"sockets"` // open Socket Mode connections
}

// Team is the workspace and the app in it.
type Team struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Domain  string `json:"domain"`
	Plan    string `json:"plan"`
	AppID   string `json:"app_id"`
	BotUser string `json:"bot_user"`
	BotID   string `json:"bot_id"`
}

// Note is a topic or a purpose with who set it and when (Unix seconds).
type Note struct {
	Value   string `json:"value"`
	Creator string `json:"creator"`
	LastSet int64  `json:"last_set"`
}

// Channel is a channel, a DM or a group DM. Messages are oldest first and hold
// thread replies as well.
type Channel struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	IsPrivate     bool       `json:"is_private,omitempty"`
	IsIM          bool       `json:"is_im,omitempty"`
	IsMPIM        bool       `json:"is_mpim,omitempty"`
	IsGeneral     bool       `json:"is_general,omitempty"`
	IsArchived    bool       `json:"is_archived,omitempty"`
	Created       int64      `json:"created"`
	Creator       string     `json:"creator"`
	Topic         Note       `json:"topic"`
	Purpose       Note       `json:"purpose"`
	Members       []string   `json:"members"`
	PreviousNames []string   `json:"previous_names,omitempty"`
	Messages      []Message  `json:"messages"`
	Pins          []Pin      `json:"pins,omitempty"`
	Bookmarks     []Bookmark `json:"bookmarks,omitempty"`
	CanvasID      string     `json:"canvas,omitempty"`
	Updated       int64      `json:"updated"` // milliseconds
}

// Message finds the message with that ts.
func (c Channel) Message(ts string) (Message, bool) {
	for _, m := range c.Messages {
		if m.TS == ts {
			return m, true
		}
	}
	return Message{}, false
}

// Metadata is what an app attaches to its message for itself and other apps.
type Metadata struct {
	EventType    string          `json:"event_type"`
	EventPayload json.RawMessage `json:"event_payload"`
}

// Edited says who changed a message last and when.
type Edited struct {
	User string `json:"user"`
	TS   string `json:"ts"`
}

// Reaction is one emoji on a message and who put it there, first one first.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// Message is a message in the shape of Slack's own message object.
type Message struct {
	Type            string          `json:"type"`
	Subtype         string          `json:"subtype,omitempty"`
	User            string          `json:"user,omitempty"`
	BotID           string          `json:"bot_id,omitempty"`
	AppID           string          `json:"app_id,omitempty"`
	Team            string          `json:"team,omitempty"`
	Username        string          `json:"username,omitempty"`
	Icons           json.RawMessage `json:"icons,omitempty"`
	BotProfile      json.RawMessage `json:"bot_profile,omitempty"`
	Text            string          `json:"text"`
	TS              string          `json:"ts"`
	ThreadTS        string          `json:"thread_ts,omitempty"`
	ParentUser      string          `json:"parent_user_id,omitempty"`
	Blocks          json.RawMessage `json:"blocks,omitempty"`
	Attachments     json.RawMessage `json:"attachments,omitempty"`
	Metadata        *Metadata       `json:"metadata,omitempty"`
	Edited          *Edited         `json:"edited,omitempty"`
	Reactions       []Reaction      `json:"reactions,omitempty"`
	Files           []File          `json:"files,omitempty"`
	ReplyCount      int             `json:"reply_count,omitempty"`
	ReplyUsers      []string        `json:"reply_users,omitempty"`
	ReplyUsersCount int             `json:"reply_users_count,omitempty"`
	LatestReply     string          `json:"latest_reply,omitempty"`
	PinnedTo        []string        `json:"pinned_to,omitempty"`
	ClientMsgID     string          `json:"client_msg_id,omitempty"`
	Inviter         string          `json:"inviter,omitempty"`
	Topic           string          `json:"topic,omitempty"`
	Purpose         string          `json:"purpose,omitempty"`
	Name            string          `json:"name,omitempty"`     // channel_name: the new one
	OldName         string          `json:"old_name,omitempty"` // channel_name: the old one
	Upload          bool            `json:"upload,omitempty"`
	Permalink       string          `json:"permalink,omitempty"`
}

// Ephemeral is a message that one user sees and nobody can look up.
type Ephemeral struct {
	Channel string `json:"channel"`
	Message
}

// Pin is a pinned message, with who pinned it and when (Unix seconds).
type Pin struct {
	TS        string `json:"ts"`
	Created   int64  `json:"created"`
	CreatedBy string `json:"created_by"`
}

// Bookmark is a link in a channel's header, in Slack's shape.
type Bookmark struct {
	ID        string `json:"id"`
	ChannelID string `json:"channel_id"`
	Title     string `json:"title"`
	Link      string `json:"link"`
	Emoji     string `json:"emoji"`
	IconURL   string `json:"icon_url"`
	Type      string `json:"type"`
	Created   int64  `json:"date_created"`
	Updated   int64  `json:"date_updated"`
	Rank      string `json:"rank"`
	UpdatedBy string `json:"last_updated_by_user_id"`
	Team      string `json:"last_updated_by_team_id"`
}

// UserGroup is an @group.
type UserGroup struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Handle      string   `json:"handle"`
	Description string   `json:"description"`
	Channels    []string `json:"channels"`
	Users       []string `json:"users"`
	Created     int64    `json:"date_create"`
	Updated     int64    `json:"date_update"`
	Deleted     int64    `json:"date_delete"` // 0 while enabled
	CreatedBy   string   `json:"created_by"`
	UpdatedBy   string   `json:"updated_by"`
}

type channel struct {
	Channel
	msgs []*Message
}

// State copies the whole workspace. The copy is the caller's own.
func (w *Workspace) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state()
}

func (w *Workspace) state() State {
	s := State{
		Now: w.now(),
		Team: Team{ID: w.teamID, Name: w.opts.Team, Domain: w.domain, Plan: w.opts.Plan.String(),
			AppID: w.appID, BotUser: w.botUser, BotID: w.botID},
		Whispers: map[string][]Ephemeral{}, Views: map[string][]View{}, Homes: map[string]View{},
		Sockets: len(w.conns),
	}
	for _, id := range w.people {
		s.Users = append(s.Users, w.users[id].User)
	}
	for _, id := range w.rooms {
		s.Channels = append(s.Channels, w.channels[id].snapshot())
	}
	for user, list := range w.whispers {
		for _, e := range list {
			s.Whispers[user] = append(s.Whispers[user], Ephemeral{e.Channel, e.Message.clone()})
		}
	}
	for user, stack := range w.stacks {
		for _, id := range stack {
			s.Views[user] = append(s.Views[user], w.views[id].snapshot())
		}
	}
	for user, v := range w.homes {
		s.Homes[user] = v.snapshot()
	}
	for _, f := range w.files {
		if f.done && !f.gone {
			s.Files = append(s.Files, f.File)
		}
	}
	slices.SortFunc(s.Files, func(a, b File) int { return compareIDs(a.ID, b.ID) })
	for _, g := range w.groups {
		s.Groups = append(s.Groups, g.clone())
	}
	for _, c := range w.canvases {
		s.Canvases = append(s.Canvases, *c)
	}
	slices.SortFunc(s.Canvases, func(a, b Canvas) int { return compareIDs(a.ID, b.ID) })
	return s
}

// Channel finds a channel of the copy by ID or name, with or without the #.
func (s State) Channel(idOrName string) (Channel, bool) {
	for _, c := range s.Channels {
		if c.ID == idOrName || (c.Name != "" && (c.Name == idOrName || "#"+c.Name == idOrName)) {
			return c, true
		}
	}
	return Channel{}, false
}

// DM finds the copy's direct messages between two users, given by ID.
func (s State) DM(a, b string) (Channel, bool) {
	for _, c := range s.Channels {
		if c.IsIM && sameMembers(c.Members, []string{a, b}) {
			return c, true
		}
	}
	return Channel{}, false
}

// User finds a user of the copy by ID or handle.
func (s State) User(who string) (User, bool) {
	for _, u := range s.Users {
		if u.ID == who || u.Name == who || "@"+u.Name == who {
			return u, true
		}
	}
	return User{}, false
}

func (c *channel) snapshot() Channel {
	out := c.Channel
	out.Members = slices.Clone(c.Members)
	out.PreviousNames = slices.Clone(c.PreviousNames)
	out.Pins = slices.Clone(c.Pins)
	out.Bookmarks = slices.Clone(c.Bookmarks)
	out.Messages = make([]Message, len(c.msgs))
	for i, m := range c.msgs {
		out.Messages[i] = m.clone()
	}
	return out
}

// clone copies what can change; raw JSON never changes in place.
func (m Message) clone() Message {
	m.Reactions = slices.Clone(m.Reactions)
	for i := range m.Reactions {
		m.Reactions[i].Users = slices.Clone(m.Reactions[i].Users)
	}
	m.Files = slices.Clone(m.Files)
	m.ReplyUsers = slices.Clone(m.ReplyUsers)
	m.PinnedTo = slices.Clone(m.PinnedTo)
	if m.Edited != nil {
		e := *m.Edited
		m.Edited = &e
	}
	return m
}

func (g *UserGroup) clone() UserGroup {
	out := *g
	out.Channels, out.Users = slices.Clone(g.Channels), slices.Clone(g.Users)
	return out
}

func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return 1
}

// Watch says that something changed: the channel holds at most one unread
// signal, so a slow reader misses none and is not flooded. It is closed when
// ctx ends or the workspace closes.
func (w *Workspace) Watch(ctx context.Context) <-chan struct{} {
	ch := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(ch)
		return ch
	}
	w.watchers[ch] = true
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.watchers[ch] {
			delete(w.watchers, ch)
			close(ch)
		}
	})
	return ch
}

// changed wakes the watchers.
func (w *Workspace) changed() {
	for ch := range w.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}
