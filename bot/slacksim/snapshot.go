package slacksim

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// snapshotVersion is of the form in which Save writes. Restore reads this one
// only: a workspace is cheap to make anew.
const snapshotVersion = 1

// snapshot is a workspace at rest: its State, and what State does not show.
type snapshot struct {
	Version      int           `json:"version"`
	AppToken     string        `json:"app_token"`
	BotToken     string        `json:"bot_token"`
	Verification string        `json:"verification"`
	ClientID     string        `json:"client_id"`
	ClientSecret string        `json:"client_secret"`
	LastID       int           `json:"last_id"`
	LastTS       int64         `json:"last_ts"` // microseconds
	Offset       time.Duration `json:"offset"`  // what Advance added
	Gone         bool          `json:"gone,omitempty"`
	State        State         `json:"state"`
	Private      []private     `json:"private,omitempty"` // in the order of State.Users
	Planned      []planned     `json:"planned,omitempty"`
}

// private is what State does not show of a user.
type private struct {
	Updated time.Time `json:"updated"`
	DNDFrom time.Time `json:"dnd_from,omitzero"`
	DNDTo   time.Time `json:"dnd_to,omitzero"`
	Status  string    `json:"status,omitempty"`
}

// planned is a message that waits for its time.
type planned struct {
	ID      string  `json:"id"`
	Channel string  `json:"channel"`
	At      int64   `json:"at"` // Unix seconds
	Created int64   `json:"created"`
	Message Message `json:"message"`
}

// Save writes the workspace as one JSON document for Restore. It holds both
// tokens. What lives for minutes only stays out: open modals, response URLs,
// uploads under way, envelopes not yet acknowledged, sign-ins, faults, calls.
func (w *Workspace) Save(to io.Writer) error {
	w.mu.Lock()
	s := w.rest()
	w.mu.Unlock()
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false) // what apps wrote stays as it was, byte by byte
	if err := encoder.Encode(s); err != nil {
		return fmt.Errorf("save the workspace: %w", err)
	}
	return nil
}

// rest copies what Save writes.
func (w *Workspace) rest() snapshot {
	s := snapshot{
		Version: snapshotVersion, AppToken: w.opts.AppToken, BotToken: w.opts.BotToken,
		Verification: w.verification, ClientID: w.clientID, ClientSecret: w.clientSecret,
		LastID: w.lastID, LastTS: w.lastTS, Offset: w.offset, Gone: w.gone, State: w.state(),
	}
	s.State.Views = nil
	for _, id := range w.people {
		u := w.users[id]
		s.Private = append(s.Private, private{u.updated, u.dndFrom, u.dndTo, u.status})
	}
	for _, p := range w.planned {
		s.Planned = append(s.Planned, planned{p.id, p.channel, p.at, p.created, p.message.clone()})
	}
	slices.SortFunc(s.Planned, func(a, b planned) int { return compareIDs(a.ID, b.ID) })
	return s
}

// Restore makes the workspace that Save wrote, with the same tokens, so that an
// app goes on as after a break of the network. The options hold as in New, but
// what was saved comes before Team, Channels and the tokens; People who are new
// in them are hired. It fails when the document is not one of Save's.
func Restore(o Options, from io.Reader) (*Workspace, error) {
	var s snapshot
	if err := json.NewDecoder(from).Decode(&s); err != nil {
		return nil, fmt.Errorf("restore the workspace: %v", err)
	}
	if s.Version != snapshotVersion {
		return nil, fmt.Errorf("restore the workspace: it was saved in version %d, and %d is read", s.Version, snapshotVersion)
	}
	if len(s.Private) != len(s.State.Users) {
		return nil, fmt.Errorf("restore the workspace: %d users, but what is private of %d", len(s.State.Users), len(s.Private))
	}
	people := o.People
	o.People, o.Channels = nil, nil
	o.Team, o.AppToken, o.BotToken = s.State.Team.Name, s.AppToken, s.BotToken
	w, err := New(o)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	err = w.wakeUp(s, people)
	w.mu.Unlock()
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("restore the workspace: %v", err)
	}
	return w, nil
}

// wakeUp puts a snapshot in the place of everything that New made.
func (w *Workspace) wakeUp(s snapshot, people []Person) error {
	team := s.State.Team
	w.teamID, w.domain, w.appID, w.botUser, w.botID = team.ID, team.Domain, team.AppID, team.BotUser, team.BotID
	w.verification, w.clientID, w.clientSecret = s.Verification, s.ClientID, s.ClientSecret
	w.lastID, w.lastTS, w.offset, w.gone = s.LastID, s.LastTS, s.Offset, s.Gone
	if err := w.wakeUsers(s); err != nil {
		return err
	}
	w.channels, w.rooms = map[string]*channel{}, nil
	for _, c := range s.State.Channels {
		room := &channel{Channel: c}
		room.Messages = nil
		for _, m := range c.Messages {
			room.msgs = append(room.msgs, &m)
		}
		w.channels[c.ID], w.rooms = room, append(w.rooms, c.ID)
	}
	for user, list := range s.State.Whispers {
		for _, e := range list {
			w.whispers[user] = append(w.whispers[user], &e)
		}
	}
	for user, v := range s.State.Homes {
		w.homes[user], w.views[v.ID] = &v, &v
	}
	for _, f := range s.State.Files {
		w.files[f.ID] = &file{File: f, length: f.Size, sent: true, done: true}
	}
	for _, g := range s.State.Groups {
		w.groups = append(w.groups, &g)
	}
	for _, c := range s.State.Canvases {
		w.canvases[c.ID] = &c
	}
	for _, p := range s.Planned {
		if room := w.channels[p.Channel]; room != nil {
			w.plan(room, &scheduled{id: p.ID, channel: p.Channel, at: p.At, created: p.Created, message: &p.Message})
		}
	}
	return w.hire(people)
}

// wakeUsers brings everybody back; Slackbot is as New made it.
func (w *Workspace) wakeUsers(s snapshot) error {
	w.users, w.people = map[string]*user{slackbot: w.users[slackbot]}, nil
	for n, u := range s.State.Users {
		zone, err := time.LoadLocation(u.TimeZone)
		if err != nil {
			return fmt.Errorf("person %q: %v", u.Name, err)
		}
		p := s.Private[n]
		w.users[u.ID] = &user{User: u, zone: zone, updated: p.Updated, dndFrom: p.DNDFrom, dndTo: p.DNDTo, status: p.Status}
		w.people = append(w.people, u.ID)
	}
	if w.users[w.botUser] == nil {
		return fmt.Errorf("the bot %q is not among the users", w.botUser)
	}
	return nil
}

// hire adds those who are not there yet; they join the general channel.
func (w *Workspace) hire(people []Person) error {
	for _, p := range people {
		if w.users[p.ID] != nil || w.person(p.Name) != nil {
			continue
		}
		u, err := w.addUser(p)
		if err != nil {
			return err
		}
		for _, id := range w.rooms {
			if c := w.channels[id]; c.IsGeneral {
				c.Members = append(c.Members, u.ID)
			}
		}
	}
	return nil
}
