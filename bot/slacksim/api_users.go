package slacksim

import (
	"encoding/base64"
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

// page cuts one page out of items by the call's limit and cursor.
func page[T any](c *call, items []T, r pageRule) (part []T, next string, err *apiError) {
	limit, ok := c.number("limit", r.limit)
	if !ok || limit < 0 || limit > r.most {
		return nil, "", fail("invalid_limit")
	}
	from := 0
	if cursor := c.str("cursor"); cursor != "" {
		raw, bad := base64.StdEncoding.DecodeString(cursor)
		word, rest, _ := strings.Cut(string(raw), ":")
		n, worse := strconv.Atoi(rest)
		if bad != nil || worse != nil || word != "offset" || n < 0 || n > len(items) {
			return nil, "", fail("invalid_cursor")
		}
		from = n
	}
	to := len(items)
	if limit > 0 && from+limit < to {
		to = from + limit
		next = base64.StdEncoding.EncodeToString([]byte("offset:" + strconv.Itoa(to)))
	}
	return items[from:to], next, nil
}
