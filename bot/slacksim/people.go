package slacksim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Person is somebody who exists in the workspace from the start.
type Person struct {
	ID       string // generated when empty
	Name     string // handle, without the @
	RealName string // the handle when empty
	Email    string // HANDLE@DOMAIN.example when empty
	TimeZone string // IANA name; "UTC" when empty
	IsBot    bool
	IsAdmin  bool
	Deleted  bool // deactivated
	Away     bool // presence
	Guest    bool // restricted: sees only the channels it was invited to
	// DND is do-not-disturb: from and to, zero when off.
	DNDFrom, DNDTo time.Time
}

// User is a person as State shows it.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	Email    string `json:"email,omitempty"`
	TimeZone string `json:"tz"`
	IsBot    bool   `json:"is_bot,omitempty"`
	IsAdmin  bool   `json:"is_admin,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"`
	Guest    bool   `json:"is_restricted,omitempty"`
	Away     bool   `json:"away,omitempty"`
}

type user struct {
	User
	zone    *time.Location
	updated time.Time
	dndFrom time.Time
	dndTo   time.Time
	status  string
}

func (w *Workspace) addUser(p Person) (*user, error) {
	if p.Name == "" {
		return nil, fmt.Errorf("person %q: name must not be empty", p.ID)
	}
	if w.person(p.Name) != nil || w.users[p.ID] != nil {
		return nil, fmt.Errorf("person %q: name or ID is taken", p.Name)
	}
	if p.ID == "" {
		p.ID = w.id("U")
	}
	if p.RealName == "" {
		p.RealName = p.Name
	}
	if p.Email == "" && !p.IsBot {
		p.Email = p.Name + "@" + w.domain + ".example"
	}
	if p.TimeZone == "" {
		p.TimeZone = "UTC"
	}
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("person %q: %v", p.Name, err)
	}
	u := &user{
		User: User{ID: p.ID, Name: p.Name, RealName: p.RealName, Email: p.Email, TimeZone: p.TimeZone,
			IsBot: p.IsBot, IsAdmin: p.IsAdmin, Deleted: p.Deleted, Guest: p.Guest, Away: p.Away},
		zone: zone, updated: w.now(), dndFrom: p.DNDFrom, dndTo: p.DNDTo,
	}
	w.users[u.ID] = u
	w.people = append(w.people, u.ID)
	return u, nil
}

// person finds somebody by ID or handle, with or without the @; nil when
// there is nobody.
func (w *Workspace) person(who string) *user {
	if u := w.users[who]; u != nil {
		return u
	}
	who = strings.TrimPrefix(who, "@")
	for _, id := range w.people {
		if w.users[id].Name == who {
			return w.users[id]
		}
	}
	return nil
}

// AddPerson hires somebody: they join general, and team_join goes out. It
// returns their ID.
func (w *Workspace) AddPerson(p Person) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.addUser(p)
	if err != nil {
		return "", err
	}
	w.emit("team_join", nil, object{"user": w.userJSON(u)})
	for _, id := range w.rooms {
		if c := w.channels[id]; c.IsGeneral {
			w.join(c, u.ID, "")
		}
	}
	w.changed()
	return u.ID, nil
}

// ChangePerson edits somebody (who: ID or handle) and sends user_change; the
// edit may deactivate them (Deleted), rename them or move their zone.
func (w *Workspace) ChangePerson(who string, edit func(*User)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.person(who)
	if u == nil {
		return fmt.Errorf("person %q: user_not_found", who)
	}
	next := u.User
	edit(&next)
	zone, err := time.LoadLocation(next.TimeZone)
	if err != nil {
		return fmt.Errorf("person %q: %v", who, err)
	}
	next.ID = u.ID
	u.User, u.zone, u.updated = next, zone, w.now()
	if next.Deleted { // a deactivated account is in no channel any more; nobody is told
		for _, c := range w.channels {
			if !c.IsIM {
				c.Members = slices.DeleteFunc(c.Members, func(id string) bool { return id == u.ID })
			}
		}
	}
	w.emit("user_change", nil, object{"user": w.userJSON(u), "cache_ts": unix(w.now())})
	w.changed()
	return nil
}

// Uninstall takes the app out of the workspace: tokens_revoked and
// app_uninstalled go out, the sockets get link_disabled, and both tokens are
// token_revoked from then on.
func (w *Workspace) Uninstall() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emit("tokens_revoked", nil, object{"tokens": object{"oauth": []string{}, "bot": []string{w.botUser}}})
	w.emit("app_uninstalled", nil, object{})
	w.gone = true
	for _, c := range w.conns {
		c.disconnect("link_disabled", true)
	}
	w.changed()
}

// userJSON is the user object of Slack's users.info.
func (w *Workspace) userJSON(u *user) object {
	_, offset := w.now().In(u.zone).Zone()
	label, _ := w.now().In(u.zone).Zone()
	profile := object{
		"title": "", "phone": "", "skype": "",
		"real_name": u.RealName, "real_name_normalized": u.RealName,
		"display_name": u.Name, "display_name_normalized": u.Name,
		"status_text": u.status, "status_emoji": "", "status_expiration": 0,
		"avatar_hash": "g" + strings.ToLower(u.ID), "team": w.teamID,
	}
	first, last, _ := strings.Cut(u.RealName, " ")
	profile["first_name"], profile["last_name"] = first, last
	if w.scopes["users:read.email"] && u.Email != "" {
		profile["email"] = u.Email
	}
	if u.ID == w.botUser {
		profile["bot_id"], profile["api_app_id"], profile["always_active"] = w.botID, w.appID, true
	}
	o := object{
		"id": u.ID, "team_id": w.teamID, "name": u.Name, "deleted": u.Deleted,
		"profile": profile, "is_bot": u.IsBot, "is_app_user": false, "updated": unix(u.updated),
	}
	if u.Deleted {
		return o
	}
	for k, v := range (object{
		"color": "9f69e7", "real_name": u.RealName, "tz": u.TimeZone, "tz_label": label, "tz_offset": offset,
		"is_admin": u.IsAdmin, "is_owner": false, "is_primary_owner": false,
		"is_restricted": u.Guest, "is_ultra_restricted": false, "is_email_confirmed": !u.IsBot,
		"who_can_share_contact_card": "EVERYONE",
	}) {
		o[k] = v
	}
	return o
}

// sameMembers tells whether two lists hold the same users in any order.
func sameMembers(a, b []string) bool {
	x, y := slices.Clone(a), slices.Clone(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
