// Package chat is Slack as people meet it, in and out. In: what people type, press
// and submit becomes one call of the desk each, and is acknowledged to Slack only
// when that call has committed. Out: the desk's jobs become messages, channels and
// forms. The parser of commands and the builders of blocks are pure functions.
//
// It makes no call of Slack's by itself: those are the business of
// [github.com/stormbell/stormbell/bot/chat/wire].
package chat

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Options are what the Slack side is told once, at its start.
type Options struct {
	AppToken, BotToken string
	APIURL             string         // base of the Web API, with its trailing slash; empty: Slack's
	Command            string         // "/incident"
	OncallCommand      string         // "/oncall"
	AnnounceChannel    string         // name or ID of the channel for announcements
	Zone               *time.Location // where the business is; nil: UTC
	Burden             Burden         // the zero value: every page, night and share is too much
	Log                zerolog.Logger

	// BackupEvery is how often the store is copied by itself; 0: it is not.
	BackupEvery time.Duration

	// Health is asked what people who run the bot are shown of it; nil: nothing of
	// what Slack does not know itself.
	Health func() Health

	// Dial opens connections in the place of the network's; tests join the bot
	// and a simulator in memory with it.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Observe is told of every Web API call: its method, its outcome in a word,
	// and how long it took. Envelope is told of every envelope that came.
	Observe  func(method, result string, took time.Duration)
	Envelope func(kind string)
	// Silence is as in [wire.Options].
	Silence time.Duration
}

// Slack is one workspace, seen from the bot.
type Slack struct {
	opt    Options
	log    zerolog.Logger
	desk   *desk.Desk
	people *oncall.Roster
	room   *alerts.Alerts
	wire   *wire.Client

	moving singleflight.Group // of incidents into another channel

	mu     sync.Mutex
	shown  map[ledger.Message]string // what a message of ours shows, as a hash
	topics map[string]string         // the topic that a channel has, by its ID

	strangers map[string]time.Time // since when a mail address is known to be nobody's in Slack

	reopened map[string]time.Time // when people were told last that announcements are in this channel

	zones userZones

	deaf struct { // when Slack could not be heard the last time
		mu sync.Mutex
		wire.Gap
	}
	homes homes
}

// New returns the Slack side of the desk and of the alerts. It does not connect.
func New(d *desk.Desk, people *oncall.Roster, room *alerts.Alerts, opt Options) *Slack {
	if opt.Command == "" {
		opt.Command = "/incident"
	}
	if opt.OncallCommand == "" {
		opt.OncallCommand = "/oncall"
	}
	opt.AnnounceChannel = cmp.Or(wire.ChannelName(opt.AnnounceChannel), "incidents")
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	return &Slack{
		opt: opt, log: opt.Log, desk: d, people: people, room: room, wire: wire.New(opt.wire()),
		shown: map[ledger.Message]string{}, topics: map[string]string{}, strangers: map[string]time.Time{}, reopened: map[string]time.Time{},
	}
}

// wire is what concerns the network.
func (opt Options) wire() wire.Options {
	return wire.Options{AppToken: opt.AppToken, BotToken: opt.BotToken, APIURL: opt.APIURL,
		Log: opt.Log, Dial: opt.Dial, Observe: opt.Observe, Envelope: opt.Envelope, Silence: opt.Silence}
}

// Heard returns when anything was last heard from Slack, pings included; the zero
// time when nothing ever was.
func (s *Slack) Heard() time.Time { return s.wire.Heard() }

// Connected returns how many of the sockets to Slack are connected.
func (s *Slack) Connected() int { return s.wire.Connected() }

// Refused returns Slack's code when it does not take our tokens, else "".
func (s *Slack) Refused() string { return s.wire.Refused() }

// Run keeps the connection to Slack and handles what comes, until ctx ends.
// Everything that was taken in is finished before it returns.
func (s *Slack) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error { return s.wire.Run(ctx, s.handler()) })
	g.Go(func() error { return s.prepare(ctx) })
	g.Go(func() error { return s.listen(ctx) })
	g.Go(func() error { return s.keepHomes(ctx) })
	return g.Wait()
}

// handler is how envelopes are handled.
func (s *Slack) handler() wire.Handler {
	return wire.Handler{
		Lane: laneOf, Handle: s.handle,
		Broken:  ephemeral("That did not work, and the mistake is ours. It is in the bot's log."),
		TooLong: ephemeral("The answer is too long to show here. Look at one incident at a time."),
	}
}

// laneOf keeps what one person does in its order. A new incident depends on
// nothing before it, and events are in no order anyway, but for the marks of a message.
func laneOf(e wire.Envelope) string {
	switch {
	case e.Command != nil && Parse(e.Command.Text).Word == "declare":
		return e.Command.TriggerID
	case e.Command != nil:
		return e.Command.UserID
	case e.Interaction != nil:
		return e.Interaction.User.ID
	case e.Event != nil:
		return cmp.Or(markLane(e.Event.InnerEvent.Data), e.ID)
	default:
		return e.ID
	}
}

// handle does what an envelope asks for.
func (s *Slack) handle(ctx context.Context, e wire.Envelope) wire.Answer {
	var a answer
	switch {
	case e.Command != nil:
		a = s.command(ctx, *e.Command)
	case e.Interaction != nil:
		a = s.interact(ctx, *e.Interaction)
	case e.Event != nil:
		a = s.happened(ctx, *e.Event, e.Again)
	}
	return wire.Answer{Payload: a.payload, After: a.after}
}

// linkEvery is how often people of the roster whose Slack user is not known are
// looked for, since the roster changes. Who was not found is looked for again
// after strangerFor, since people join Slack. The list of all users, a call for each
// two hundred of them, is read each listEvery: who becomes a guest meanwhile is told by
// an event.
const (
	linkEvery   = 15 * time.Minute
	strangerFor = time.Hour
	listEvery   = time.Hour
)

// prepare does at the start what makes the first incident quick: who we are,
// the announcement channel, and the Slack users of people known by mail
// address. Whatever fails here is done again when it is needed.
func (s *Slack) prepare(ctx context.Context) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		err := s.prepareOnce(ctx)
		if err == nil {
			break
		}
		s.log.Warn().Str("error", err.Error()).Msg("Slack is not set up yet; trying again")
		if !passed(ctx, wait) {
			return nil
		}
	}
	var listed time.Time // when all users were
	for {
		wait := linkEvery
		if err := s.linkPeople(ctx, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Warn().Str("error", err.Error()).Msg("could not look up all Slack users; going on in a while")
			wait = time.Minute
			if again := (*wire.Retry)(nil); errors.As(err, &again) && again.After > 0 {
				wait = min(again.After, linkEvery)
			}
		}
		err := s.learn(ctx)
		if numbersErr := s.learnNumbers(ctx); numbersErr != nil && ctx.Err() == nil {
			s.log.Warn().Str("error", wire.Plain(numbersErr)).Msg("could not look which numbers of incidents stand in Slack; going on in a while")
			wait = min(wait, time.Minute)
		}
		if now := time.Now(); now.Sub(listed) >= listEvery {
			if listErr := s.learnOutsiders(ctx); listErr == nil {
				listed = now
			} else {
				err = errors.Join(err, listErr)
			}
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn().Str("error", wire.Plain(err)).Msg("could not learn who is a guest, or in a group that the configuration names; going on in a while")
			wait = min(wait, time.Minute)
		}
		if !passed(ctx, wait) {
			return nil
		}
	}
}

// passed waits, and reports whether ctx lasted so long.
func passed(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Slack) prepareOnce(ctx context.Context) error {
	if _, err := s.wire.Self(ctx); err != nil {
		return err
	}
	if _, err := s.wire.FindChannels(ctx, s.channelsNamed()...); err != nil && wire.Code(err) == "" {
		return err
	}
	_, err := s.wire.EnsureChannel(ctx, s.opt.AnnounceChannel)
	return err
}

// channelsNamed are the channels that things may be said in. They are looked for
// together, since each search reads the list of all channels.
func (s *Slack) channelsNamed() []string {
	names := []string{s.opt.AnnounceChannel}
	roster := s.people.Current().Roster
	for _, t := range roster.Teams {
		names = append(names, teamChannels(&t)...)
	}
	for _, p := range roster.Policies {
		names = append(names, pagedChannels(&p)...)
	}
	return names
}

// pagedChannels are the channels that a policy asks in.
func pagedChannels(p *rotation.Policy) (names []string) {
	targets := slices.Clone(p.LastResort)
	for _, step := range p.Steps {
		targets = append(targets, step.Notify...)
	}
	for _, t := range targets {
		if t.Kind == rotation.TargetChannel {
			names = append(names, t.ID)
		}
	}
	return names
}

// linkPeople finds the Slack users of people known by mail address only. Slack
// answers few such questions in a minute: where it stops, the next call goes on,
// because those who were found are linked, and those who were not are left alone
// for a while.
func (s *Slack) linkPeople(ctx context.Context, now time.Time) error {
	for _, p := range s.people.Current().Unlinked() {
		if s.stranger(p.Email, now) {
			continue
		}
		if _, err := s.link(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// stranger reports whether Slack has said of late that it knows nobody by a mail
// address.
func (s *Slack) stranger(email string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	since, ok := s.strangers[email]
	return ok && now.Sub(since) < strangerFor
}

// link finds the Slack user of a person by mail address; "" when there is none.
// Slack is asked each time: whoever is to be paged may have joined just now.
func (s *Slack) link(ctx context.Context, p rotation.Person) (string, error) {
	user, err := s.wire.UserByEmail(ctx, p.Email)
	if code := wire.Code(err); code != "" {
		s.log.Warn().Str("person", p.ID).Str("error", code).Msg("no Slack user by the mail address in the roster")
		s.mu.Lock()
		s.strangers[p.Email] = time.Now()
		s.mu.Unlock()
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return user.ID, s.people.Link(ctx, p, user.ID)
}

// userOf returns the Slack user of an actor, looked up now where it is not known
// yet; "" when there is none.
func (s *Slack) userOf(ctx context.Context, a incident.Actor) (string, error) {
	if id := s.people.Current().SlackOf(a); id != "" {
		return id, nil
	}
	kind, id := a.Split()
	p, ok := s.people.Current().Roster.Person(id)
	if kind != "person" || !ok || p.Email == "" {
		return "", nil
	}
	return s.link(ctx, *p)
}
