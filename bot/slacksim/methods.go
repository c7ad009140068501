package slacksim

import (
	"maps"
	"slices"
	"strings"
)

// The kinds of token that a method takes.
const (
	botToken = iota
	appToken
	noToken
	userToken // of somebody who signed in
)

// The rate tiers: calls per minute (Slack: Web API, "Rate limits"). Nothing
// here is of tier 1.
const (
	tier2   = 20
	tier3   = 50
	tier4   = 100
	special = 600 // auth.test and its like: "hundreds per minute"
)

// scopeRule says which scopes a method needs: any of them, or, for a method
// about one conversation, any of those for its kind.
type scopeRule struct {
	any    []string
	byKind [4]string // space-separated, by kindPublic … kindIM
}

// method is one row of the Web API: how it may be called, and what it does.
type method struct {
	token    int
	scopes   scopeRule
	tier     int
	perRoom  bool // the limit counts per channel
	postOnly bool
	noJSON   bool // JSON bodies are not looked at
	required []string
	absent   map[string]string // a required argument's own error code
	run      func(*call) (object, *apiError)
}

// all lists every scope that the rule names.
func (s scopeRule) all() []string {
	out := slices.Clone(s.any)
	for _, list := range s.byKind {
		for _, scope := range strings.Fields(list) {
			if !slices.Contains(out, scope) {
				out = append(out, scope)
			}
		}
	}
	return out
}

func anyOf(scopes ...string) scopeRule { return scopeRule{any: scopes} }

func readRule() scopeRule {
	return scopeRule{byKind: [4]string{"channels:read", "groups:read", "mpim:read", "im:read"}}
}

func historyRule() scopeRule {
	return scopeRule{byKind: [4]string{"channels:history", "groups:history", "mpim:history", "im:history"}}
}

func manageRule() scopeRule {
	return scopeRule{byKind: [4]string{"channels:manage", "groups:write", "mpim:write", "im:write"}}
}

func inviteRule() scopeRule {
	return scopeRule{byKind: [4]string{"channels:manage channels:write.invites",
		"groups:write groups:write.invites", "mpim:write", "im:write"}}
}

func topicRule() scopeRule {
	return scopeRule{byKind: [4]string{"channels:manage channels:write.topic",
		"groups:write groups:write.topic", "mpim:write mpim:write.topic", "im:write im:write.topic"}}
}

// methodTable is every method the workspace knows.
func methodTable() map[string]*method {
	table := map[string]*method{}
	for _, part := range []map[string]*method{
		teamMethods(), userMethods(), roomMethods(), memberMethods(), historyMethods(), chatMethods(), unfurlMethods(), signInMethods(),
		pinMethods(), bookmarkMethods(), viewMethods(), fileMethods(), groupMethods(), canvasMethods(),
	} {
		maps.Copy(table, part)
	}
	return table
}

// room is the channel that an argument names by ID. One that the bot cannot
// see does not exist for it; one that it can needs the scope for its kind.
func (c *call) room(arg string) (*channel, *apiError) {
	ch := c.channels[c.str(arg)]
	if ch == nil || !c.sees(c.user, ch) {
		return nil, fail("channel_not_found")
	}
	if list := strings.Fields(c.m.scopes.byKind[ch.kind()]); len(list) > 0 {
		if err := c.needs(list); err != nil {
			return nil, err
		}
	}
	return ch, nil
}

// ownRoom is a channel that the bot is a member of and that lives.
func (c *call) ownRoom(arg string) (*channel, *apiError) {
	ch, err := c.room(arg)
	switch {
	case err != nil:
		return nil, err
	case ch.IsArchived:
		return nil, fail("is_archived")
	case !ch.isMember(c.user):
		return nil, fail("not_in_channel")
	}
	return ch, nil
}

// message is the message that channel and a timestamp argument name.
func (c *call) message(ch *channel, arg string) (*Message, *apiError) {
	if _, ok := parseTS(c.str(arg)); !ok {
		return nil, fail("bad_timestamp")
	}
	m := ch.at(c.str(arg))
	if m == nil {
		return nil, fail("message_not_found")
	}
	return m, nil
}
