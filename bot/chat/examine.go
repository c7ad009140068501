package chat

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/rotation"
)

// Finding is something about the workspace that somebody should look at, or
// that is in order.
type Finding struct {
	Where string // what it is about, as in slack.bot_token or person ada
	Says  string
	Mend  string // empty when it is in order
	Grave bool   // the bot cannot do its work with it
}

// Examined is what an examination looks for.
type Examined struct {
	Options
	Scopes   []string         // without which the bot cannot do its work
	Optional []string         // without which it can
	Roster   *rotation.Roster // nil: none
}

// examiner looks at one workspace.
type examiner struct {
	slack *wire.Probe
	found []Finding
}

func (x *examiner) good(where, says string) {
	x.found = append(x.found, Finding{Where: where, Says: says})
}

func (x *examiner) grave(where, says, mend string) {
	x.found = append(x.found, Finding{where, says, mend, true})
}

func (x *examiner) odd(where, says, mend string) {
	x.found = append(x.found, Finding{where, says, mend, false})
}

// mostSkew is how far the clocks may be apart.
const mostSkew = 30 * time.Second

// Examine looks at the tokens, the scopes, the channels and the people of a
// workspace, changing nothing. It opens no socket.
func Examine(ctx context.Context, e Examined) []Finding {
	x := &examiner{slack: wire.NewProbe(e.wire())}
	if !x.bot(ctx, e) {
		return x.found
	}
	x.app(ctx)
	x.channels(ctx, e)
	if e.Roster != nil {
		x.people(ctx, e.Roster)
	}
	return x.found
}

// bot looks at the bot token, and at what it may do.
func (x *examiner) bot(ctx context.Context, e Examined) bool {
	who, err := x.slack.Bot(ctx)
	if code := wire.Code(err); code != "" {
		x.grave("slack.bot_token", "Slack refuses it ("+code+")", "copy the bot token again from OAuth & Permissions of the app, or install the app again")
		return false
	}
	if err != nil {
		x.grave("slack.api_url", "Slack cannot be reached: "+wire.Plain(err), "check the network and the proxy of this machine")
		return false
	}
	x.good("slack.bot_token", "knows us as "+who.User+" in "+who.Team)
	if !who.Now.IsZero() {
		if skew := time.Since(who.Now).Round(time.Second); skew > mostSkew || skew < -mostSkew {
			x.odd("clock", "this machine's clock is "+skew.Abs().String()+" off Slack's", "set it by NTP; pages and shifts go by it")
		}
	}
	x.scopes(who.Scopes, e)
	return true
}

// withoutScope says what the bot does not do without a scope that may be declined.
var withoutScope = map[string]string{
	"canvases:write":    "post-mortems do not stand on a canvas of the incident's channel",
	"chat:write.public": "it must join a public channel to write there, or be invited",
	"files:read":        "files of marked messages are named, and what is in them is not kept",
	"files:write":       "post-mortems are not shared as a file",
	"pins:read":         "a pinned message does not get into the timeline",
	"pins:write":        "the summary is not pinned in an incident's channel",
	"reactions:read":    "a message marked with :pushpin: does not get into the timeline",
	"usergroups:read":   "user groups do not follow who is on call",
	"usergroups:write":  "user groups do not follow who is on call",
}

// scopes compares what Slack has granted with what is asked for.
func (x *examiner) scopes(granted []string, e Examined) {
	if len(granted) == 0 {
		x.odd("scopes", "Slack does not say what the bot may do", "compare the app's scopes with `stormbell manifest`")
		return
	}
	lacks := func(scope string) bool { return !slices.Contains(granted, scope) }
	missing := slices.DeleteFunc(slices.Clone(e.Scopes), func(scope string) bool { return !lacks(scope) })
	declined := slices.DeleteFunc(slices.Clone(e.Optional), func(scope string) bool { return !lacks(scope) })
	if len(missing) > 0 {
		x.grave("scopes", "the app lacks "+strings.Join(missing, ", "), "put the output of `stormbell manifest` into the app's manifest and install it again")
	}
	for _, scope := range declined {
		x.odd("scopes", "the app lacks "+scope+": "+withoutScope[scope], "install it again and grant that, if you want it")
	}
	if len(missing)+len(declined) == 0 {
		x.good("scopes", "all of the manifest are granted")
	}
}

// app looks at the app-level token.
func (x *examiner) app(ctx context.Context) {
	switch err := x.slack.App(ctx); {
	case wire.Code(err) != "":
		x.grave("slack.app_token", "Slack opens no socket with it ("+wire.Code(err)+")",
			"make one under Basic Information, App-Level Tokens, with connections:write, and switch Socket Mode on")
	case err != nil:
		x.odd("slack.app_token", "no answer: "+wire.Plain(err), "try again")
	default:
		x.good("slack.app_token", "opens a socket")
	}
}

// channels looks at the channels that are announced in and that policies name.
func (x *examiner) channels(ctx context.Context, e Examined) {
	known := map[string]*slack.Channel{}
	list, err := x.slack.Channels(ctx)
	if err != nil {
		x.odd("channels", "they cannot be listed: "+whyNot(err), "try again")
		return
	}
	for k := range list {
		known[list[k].Name], known[list[k].ID] = &list[k], &list[k]
	}
	x.channel(known, "slack.announce_channel", e.AnnounceChannel)
	if e.Roster == nil {
		return
	}
	for _, p := range e.Roster.Policies {
		for _, name := range pagedChannels(&p) {
			if name != e.AnnounceChannel {
				x.channel(known, "policy "+p.ID, name)
			}
		}
	}
}

func (x *examiner) channel(known map[string]*slack.Channel, where, name string) {
	name = strings.TrimPrefix(name, "#")
	switch c := known[name]; {
	case c == nil && where == "slack.announce_channel":
		x.odd(where, "there is no #"+name+" that the bot sees", "it is made when it is needed; if it is private, invite the bot")
	case c == nil:
		x.odd(where, "there is no #"+name+" that the bot sees", "make it, or invite the bot; until then its pages go to the announcement channel")
	case c.IsArchived && where == "slack.announce_channel":
		x.grave(where, "#"+c.Name+" is archived", "unarchive it and invite the bot, or name another; until then incidents are announced in #"+c.Name+"-2 or the like")
	case c.IsArchived:
		x.grave(where, "#"+c.Name+" is archived", "unarchive it, or name another")
	case c.IsPrivate && !c.IsMember:
		x.odd(where, "the bot is not in #"+c.Name, "invite it there")
	default:
		x.good(where, "#"+c.Name+" is there")
	}
}

// people looks for everybody's Slack user.
func (x *examiner) people(ctx context.Context, r *rotation.Roster) {
	found := 0
	for _, p := range r.People {
		where := "person " + p.ID
		var user *slack.User
		var err error
		switch {
		case p.Slack != "":
			user, err = x.slack.User(ctx, p.Slack)
		case p.Email != "":
			user, err = x.slack.UserByEmail(ctx, p.Email)
		default:
			x.odd(where, "has neither slack nor email in the roster", "add one; Slack cannot reach them without")
			continue
		}
		switch code := wire.Code(err); {
		case code != "":
			x.grave(where, "Slack knows no such user ("+code+")", "correct slack or email in the roster")
		case err != nil:
			x.odd(where, "could not be looked up: "+whyNot(err), "try again")
		case user.Deleted:
			x.grave(where, "their Slack account is deactivated", "take them out of the rotations, or correct slack in the roster")
		default:
			found++
		}
	}
	if found == len(r.People) && found > 0 {
		x.good("people", "everybody has a Slack user")
	}
}

func whyNot(err error) string {
	if code := wire.Code(err); code != "" {
		return code
	}
	return wire.Plain(err)
}
