package slacksim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// userMethods are the calls about people.
func userMethods() map[string]*method {
	user := []string{"user"}
	return map[string]*method{
		"users.info":          {scopes: anyOf("users:read"), tier: tier4, noJSON: true, required: user, absent: map[string]string{"user": "user_not_found"}, run: (*call).usersInfo},
		"users.list":          {scopes: anyOf("users:read"), tier: tier2, noJSON: true, run: (*call).usersList},
		"users.lookupByEmail": {scopes: anyOf("users:read.email"), tier: tier3, noJSON: true, required: []string{"email"}, absent: map[string]string{"email": "users_not_found"}, run: (*call).usersLookupByEmail},
		"users.getPresence":   {scopes: anyOf("users:read"), tier: tier3, noJSON: true, run: (*call).usersGetPresence},
		"users.conversations": {scopes: readRule(), tier: tier3, noJSON: true, run: (*call).usersConversations},
	}
}

// wantsPages is from how many people on a workspace lists them only in pages;
// Slack does not say its figure.
const wantsPages = 1000

func (c *call) usersInfo() (object, *apiError) {
	u := c.users[c.str("user")]
	if u == nil {
		return nil, fail("user_not_found")
	}
	return object{"user": c.userJSON(u)}, nil
}

func (c *call) usersList() (object, *apiError) {
	if len(c.people) > wantsPages && !c.has("limit") {
		return nil, fail("limit_required")
	}
	ids, next, err := page(c, c.people, pageRule{limit: 0, most: 1000})
	if err != nil {
		return nil, err
	}
	if next == "" {
		ids = append(slices.Clone(ids), slackbot)
	}
	members := []object{}
	for _, id := range ids {
		members = append(members, c.userJSON(c.users[id]))
	}
	return object{"members": members, "cache_ts": unix(c.now()), "response_metadata": object{"next_cursor": next}}, nil
}

func (c *call) usersLookupByEmail() (object, *apiError) {
	for _, id := range c.people {
		u := c.users[id]
		if !u.Deleted && u.Email != "" && strings.EqualFold(u.Email, c.str("email")) {
			return object{"user": c.userJSON(u)}, nil
		}
	}
	return nil, fail("users_not_found")
}

func (c *call) usersGetPresence() (object, *apiError) {
	id := c.str("user")
	if id == "" {
		id = c.user
	}
	u := c.users[id]
	if u == nil {
		return nil, fail("user_not_found")
	}
	presence := "active"
	if u.Away {
		presence = "away"
	}
	o := object{"presence": presence}
	if id == c.user {
		o["online"], o["auto_away"], o["manual_away"], o["connection_count"] = len(c.conns) > 0, false, false, len(c.conns)
		o["last_activity"] = unix(c.now())
	}
	return o, nil
}

func (c *call) usersConversations() (object, *apiError) {
	who := c.user
	if c.has("user") {
		who = c.str("user")
		if c.users[who] == nil {
			return nil, fail("user_not_found")
		}
	}
	return c.listRooms(func(ch *channel) bool { return ch.isMember(who) && c.sees(c.user, ch) })
}

// pageRule says how many items a page holds when the caller does not say, and
// at most. A limit of 0 means everything.
type pageRule struct{ limit, most int }

// pageSize is the call's limit under a rule.
func (c *call) pageSize(r pageRule) (int, *apiError) {
	n, ok := c.number("limit", r.limit)
	switch {
	case !ok || n < 0 || n > r.most:
		return 0, fail("invalid_limit")
	case n == 0:
		return r.limit, nil
	}
	return n, nil
}

// cursorOf makes an opaque cursor; cursor opens one that is of the same kind.
func cursorOf(kind, at string) string {
	return base64.StdEncoding.EncodeToString([]byte(kind + ":" + at))
}

// cursor is what the call's cursor holds, "" when there is none.
func (c *call) cursor(kind string) (string, *apiError) {
	if !c.has("cursor") {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(c.str("cursor"))
	have, at, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok || have != kind || at == "" {
		return "", fail("invalid_cursor")
	}
	return at, nil
}

// page cuts one page out of items by the call's limit and cursor.
func page[T any](c *call, items []T, r pageRule) (part []T, next string, err *apiError) {
	limit, err := c.pageSize(r)
	if err != nil {
		return nil, "", err
	}
	at, err := c.cursor("offset")
	if err != nil {
		return nil, "", err
	}
	from := 0
	if at != "" {
		n, bad := strconv.Atoi(at)
		if bad != nil || n < 0 || n > len(items) {
			return nil, "", fail("invalid_cursor")
		}
		from = n
	}
	if limit == 0 || from+limit >= len(items) {
		return items[from:], "", nil
	}
	return items[from : from+limit], cursorOf("offset", strconv.Itoa(from+limit)), nil
}

// pageMessages does the same for messages in one order of time. Its cursor is
// the next message's ts, so that what is posted or deleted between two pages
// shifts nothing.
func pageMessages(c *call, ms []*Message, r pageRule) (part []*Message, next string, err *apiError) {
	limit, err := c.pageSize(r)
	if err != nil {
		return nil, "", err
	}
	at, err := c.cursor("next_ts")
	if err != nil {
		return nil, "", err
	}
	if at != "" {
		want, ok := parseTS(at)
		if !ok {
			return nil, "", fail("invalid_cursor")
		}
		falling := len(ms) > 1 && ms[0].TS > ms[1].TS
		from := slices.IndexFunc(ms, func(m *Message) bool {
			have, _ := parseTS(m.TS)
			return have == want || (have < want) == falling
		})
		if from < 0 {
			from = len(ms)
		}
		ms = ms[from:]
	}
	if len(ms) <= limit {
		return ms, "", nil
	}
	return ms[:limit], cursorOf("next_ts", ms[limit].TS), nil
}
