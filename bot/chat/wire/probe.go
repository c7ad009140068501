package wire

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Probe looks at a workspace once, changing nothing. It opens no socket, and its
// calls keep no budget: its errors are Slack's own, for [Code] and [Plain].
type Probe struct{ api *slack.Client }

// NewProbe returns a probe.
func NewProbe(opt Options) *Probe {
	return &Probe{opt.client(&http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: opt.Dial, ResponseHeaderTimeout: callTimeout})}
}

// Identity is whom Slack takes a bot token for.
type Identity struct {
	User, Team string
	Scopes     []string  // that the token has
	Now        time.Time // Slack's clock; zero: it does not say
}

// Bot asks whose the bot token is.
func (p *Probe) Bot(ctx context.Context) (Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	who, err := p.api.AuthTestContext(ctx)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{User: who.User, Team: who.Team,
		Scopes: strings.FieldsFunc(who.Header.Get("X-OAuth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })}
	if date, err := http.ParseTime(who.Header.Get("Date")); err == nil {
		id.Now = date
	}
	return id, nil
}

// App asks whether the app-level token could open a socket.
func (p *Probe) App(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, _, err := p.api.StartSocketModeContext(ctx)
	return err
}

// Channels returns the channels that the bot can see, archived ones too.
func (p *Probe) Channels(ctx context.Context) ([]slack.Channel, error) {
	var all []slack.Channel
	cursor := ""
	for range 50 { // of 900 each
		list, next, err := p.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Types: []string{"public_channel", "private_channel"}, Limit: 900, Cursor: cursor})
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if cursor = next; cursor == "" {
			break
		}
	}
	return all, nil
}

// User returns what Slack knows of a user.
func (p *Probe) User(ctx context.Context, id string) (*slack.User, error) {
	return p.api.GetUserInfoContext(ctx, id)
}

// UserByEmail returns the user with a mail address.
func (p *Probe) UserByEmail(ctx context.Context, email string) (*slack.User, error) {
	return p.api.GetUserByEmailContext(ctx, email)
}
