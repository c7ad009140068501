package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot"
	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// program is the bot with everything it was put together from. Opened by
// openProgram, it must be closed.
type program struct {
	ledger    *ledger.Ledger
	people    *oncall.Roster
	desk      *desk.Desk
	alerts    *alerts.Alerts
	address   string // of its own HTTP
	db        *storage.DB
	copyStore func(io.Writer) (int64, error)
	space     space
	metrics   *web.Metrics
	vitals    vitals
	options   bot.Options
	listener  net.Listener
}

// network is how the program reaches others and is reached. Its zero value is the
// operating system's; tests put both sides into memory, where time can pass in a
// bubble, and have a disk that is slow or full.
type network struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	listen func(network, address string) (net.Listener, error)
	disk   func(storage.Engine) storage.Engine // stands around the store; nil: nothing does
}

// space is what a store knows about its room, in bytes.
type space interface {
	Size() (int64, error) // what it takes
	Free() (int64, error) // what is left for it
}

// openProgram opens the store, applies the first roster, and takes the HTTP
// address. Nothing runs yet.
func openProgram(ctx context.Context, c *configs.Config, log zerolog.Logger) (*program, error) {
	return openProgramOn(ctx, network{}, c, log)
}

// openProgramOn is openProgram on a network.
func openProgramOn(ctx context.Context, on network, c *configs.Config, log zerolog.Logger) (*program, error) {
	if on.listen == nil {
		on.listen = net.Listen
	}
	engine, err := bolt.Open(c.Store.Path, bolt.Options{Warn: func(text string) { log.Warn().Msg(text) }})
	if err != nil {
		return nil, err
	}
	p := &program{copyStore: engine.Backup, space: engine, metrics: web.NewMetrics(currentBuild().Version)}
	kept := storage.Engine(engine)
	if on.disk != nil {
		kept = on.disk(engine)
	}
	if s, ok := kept.(space); ok {
		p.space = s
	}
	p.db = storage.New(kept)
	p.db.Watch(countingCommits(p.metrics))
	if err := p.open(ctx, on, c, log); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// openDesk puts the desk over the store, with the first roster.
func (p *program) openDesk(ctx context.Context, c *configs.Config, log zerolog.Logger) (err error) {
	if p.ledger, err = ledger.Open(ctx, p.db); err != nil {
		return err
	}
	p.people, err = oncall.Open(ctx, p.ledger, oncall.Options{Zone: c.BusinessTimeZone, Methods: c.Notify.Vias()})
	if err != nil {
		return err
	}
	forms, err := formsOf(c.Postmortem.Templates)
	if err != nil {
		return err
	}
	p.desk, err = desk.Open(ctx, p.ledger, p.people, desk.Options{AnnounceChannel: c.Slack.AnnounceChannel, Zone: c.BusinessTimeZone,
		Reports: []string{"sms", "voice"}, Weekly: weekly(c.Paging), Push: desk.Push{Server: c.Notify.Ntfy.URL, Topic: c.Notify.Ntfy.Topic},
		Milestone: countingMilestones(p.metrics), Access: c.Access.Rights(), Trackers: trackerPlaces(c.Trackers), Forms: forms,
		Files: desk.Files{Each: int(c.Slack.KeepFile), All: int(c.Slack.KeepFiles)}})
	if err != nil {
		return err
	}
	if p.alerts, err = alerts.Open(ctx, p.ledger, p.people, p.desk, alerts.Options{Zone: c.BusinessTimeZone}); err != nil {
		return err
	}
	warnOfRoster(p.people.Current().Roster, log)
	return firstRoster(ctx, p.people, c.Roster, log)
}

func (p *program) open(ctx context.Context, on network, c *configs.Config, log zerolog.Logger) error {
	metrics := p.metrics
	if err := p.openDesk(ctx, c, log); err != nil {
		return err
	}
	keys, err := alerts.OpenKeys(ctx, p.ledger, senders(c.HTTP.IntegrationKeys))
	if err != nil {
		return err
	}
	reach := dispatch.NewReach()
	methods := dispatch.NewMethods(dispatch.MethodsOptions{
		Desk: p.desk, People: p.people, Senders: methodsOf(on, c.Notify), PublicURL: c.HTTP.PublicURL, Sent: metrics.Attempt,
		Log: log.With().Str("part", "methods").Logger(),
	})
	slack := chat.New(p.desk, p.people, p.alerts, chat.Options{
		AppToken: c.Slack.AppToken.Reveal(), BotToken: c.Slack.BotToken.Reveal(), APIURL: c.Slack.APIURL,
		Command: c.Slack.Command, OncallCommand: c.Slack.OncallCommand, AnnounceChannel: c.Slack.AnnounceChannel,
		Zone: c.BusinessTimeZone, Dial: on.dial, Log: log.With().Str("part", "slack").Logger(),
		Envelope: metrics.Envelope, Health: p.vitals.health(c.Notify.Vias(), methods.Out),
		Observe: func(method, result string, took time.Duration) {
			metrics.SlackCall(method, result, took)
			reach.Called(method, result, took)
		},
	})
	metrics.Watch(web.Sources{Sockets: slack.Connected, Methods: c.Notify.Vias(), Failing: methods.Failing, Size: p.space.Size, Free: p.space.Free})
	server, err := web.New(web.Options{
		Desk: p.desk, People: p.people, Alerts: p.alerts, AdminToken: c.HTTP.AdminToken.Reveal(), Keys: keys, Heard: slack.Heard, Refused: slack.Refused, Backup: p.copyStore,
		Metrics: metrics, Log: log.With().Str("part", "http").Logger(), Version: currentBuild().Version, Zone: c.BusinessTimeZone,
		Phone: web.Phone{Pressed: methods.Pressed, Speak: methods.Speak},
	})
	if err != nil {
		return err
	}
	if p.listener, err = on.listen("tcp", c.HTTP.Listen); err != nil {
		return fmt.Errorf("cannot listen on %s: %v; choose another address in http.listen, or stop what uses it", c.HTTP.Listen, plainly(err))
	}
	p.address = p.listener.Addr().String()
	p.options = bot.Options{
		DB: p.db, Ledger: p.ledger, Desk: p.desk, Keys: keys, Slack: slack, Methods: methods, Reach: reach, Log: log, HTTP: server.NewHTTPServer(), Listener: p.listener, Draining: server.Stop,
		Noted: countingJobs(metrics), Waiting: p.vitals.countingBacklog(metrics),
	}
	if p.options.Trackers, err = openTrackers(on, c, log); err != nil {
		return err
	}
	if c.Heartbeat.URL != "" {
		p.options.Heart = &dispatch.Heartbeat{URL: c.Heartbeat.URL, Every: c.Heartbeat.Every,
			Able: dispatch.Able(p.ledger, p.desk, methods, reach, slack.Heard), Log: log.With().Str("part", "heartbeat").Logger()}
	}
	return nil
}

// run runs the program until ctx ends. That it was asked to stop is no failure,
// however early.
func (p *program) run(ctx context.Context) error {
	err := bot.Run(ctx, p.options)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (p *program) close() error {
	if p.listener != nil {
		p.listener.Close() // closed by run in the ordinary case
	}
	return p.db.Close()
}

// plainly takes the operation and the address off a network error, which the
// sentence around it says already.
func plainly(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// senders are the alert senders that may come in.
func senders(keys []configs.IntegrationKey) []alerts.ConfigKey {
	var list []alerts.ConfigKey
	for _, k := range keys {
		list = append(list, alerts.ConfigKey{Name: k.Name, Secret: k.Key.Reveal()})
	}
	return list
}

// mostProblems is how many problems of the roster are told one by one.
const mostProblems = 20

// warnOfRoster tells what the roster in the store says that a file may not say any
// more. It holds all the same: an update of the program must not end a rota.
func warnOfRoster(r *rotation.Roster, log zerolog.Logger) {
	found := r.Problems()
	for _, p := range found[:min(len(found), mostProblems)] {
		log.Warn().Str("problem", p.Error()).Msg("the roster in the store says something that a file may not say any more; it holds all the same")
	}
	if len(found) > 0 {
		log.Warn().Int("problems", len(found)).Msg("to mend the roster, correct what `stormbell roster export` prints, and apply it; `stormbell doctor` lists all problems")
	}
}

// firstRoster applies the roster file to an empty store. Afterwards the store is
// the truth, and a changed file is only spoken of.
func firstRoster(ctx context.Context, people *oncall.Roster, path string, log zerolog.Logger) error {
	switch {
	case path == "" && !people.HasRoster():
		log.Warn().Msg("there is no roster: nobody is on call, and notifications go to the announcement channel; set roster in the configuration")
		return nil
	case path == "":
		return nil
	}
	roster, text, err := readRosterText(path)
	switch {
	case err != nil && people.HasRoster():
		log.Warn().Str("roster", path).Str("problem", err.Error()).Msg("the roster file is not valid; the roster in the store holds")
		return nil
	case err != nil:
		return err
	}
	if people.HasRoster() {
		if !roster.Equal(people.Current().Roster) {
			log.Info().Str("roster", path).Msg("the roster file differs from the roster in the store, which is used; `stormbell roster plan` shows the difference")
		}
		return nil
	}
	return applyFirst(ctx, people, roster, text, log)
}

func applyFirst(ctx context.Context, people *oncall.Roster, roster *rotation.Roster, text []byte, log zerolog.Logger) error {
	_, err := people.Apply(ctx, desk.Caller{Actor: incident.Bot}, oncall.Application{Roster: roster, Text: text, Why: "the first roster"})
	if err != nil {
		return err
	}
	log.Info().Str("roster", counts(roster)).Msg("the roster is applied")
	return nil
}

// newLogger returns the logger that the configuration asks for: for people on a
// terminal, for programs anywhere else.
func newLogger(c configs.Log, w io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		level = zerolog.InfoLevel
	}
	if c.Format == "console" || c.Format != "json" && isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: os.Getenv("NO_COLOR") != "" || !isTerminal(w)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
