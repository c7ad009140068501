package main

import (
	"cmp"
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
	"github.com/stormbell/stormbell/bot/archive"
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
	onFile    *bolt.Engine  // the store; nil: it is on a cluster
	alarms    <-chan string // of it, for the operators
	space     space         // nil: it is not known
	shelf     *archive.Folder
	standbys  func(context.Context) (int, error) // nil: nobody can stand by
	metrics   *web.Metrics
	vitals    vitals
	server    *web.Server
	http      *bot.Address
	options   bot.Options
}

// network is how the program reaches others and is reached. Its zero value is the
// operating system's; tests put both sides into memory, where time can pass in a
// bubble, and have a disk that is slow or full.
type network struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	listen func(network, address string) (net.Listener, error)
	disk   func(storage.Engine) storage.Engine // stands around the store; nil: nothing does
	store  func() (storage.Engine, error)      // in the place of the configured store; nil: that one

	standbys func(context.Context) (int, error) // in the place of the cluster's answer; nil: that one

	wholeUpTo int64 // bytes of a file that is read whole before the start; 0: wholeUpTo
}

// wholeUpTo is how large a store may be for the start to wait until every byte of it was
// read: about a quarter of a second where the system has it in memory, a few seconds where a
// slow disk has it. See docs/decisions/0017.
const wholeUpTo = 256 << 20

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
	p := &program{metrics: web.NewMetrics(currentBuild().Version)}
	engine, err := p.openStore(ctx, on, c, log)
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	if on.disk != nil {
		engine = on.disk(engine)
	}
	if s, ok := engine.(space); ok {
		p.space = s
	}
	p.db = storage.New(engine)
	p.db.Watch(countingCommits(p.metrics))
	p.shelf = archive.At(c.ArchiveFolder())
	p.db.Through(p.shelf.Through)
	if err := p.open(ctx, on, c, log); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// openStore returns when this process is the one that writes. A file tells at once; on
// a cluster it may have to stand by, and says so at its address.
func (p *program) openStore(ctx context.Context, on network, c *configs.Config, log zerolog.Logger) (storage.Engine, error) {
	if on.store != nil {
		return on.store()
	}
	if c.Store.Engine == "etcd" {
		if err := p.listen(on, c, log); err != nil {
			return nil, err
		}
		p.http.Answer()
		return p.openCluster(ctx, c, log)
	}
	alarms := make(chan string, 10)
	engine, err := bolt.Open(c.Store.Path, bolt.Options{Journal: true, WholeUpTo: cmp.Or(on.wholeUpTo, wholeUpTo), Warn: func(text string) { log.Warn().Msg(text) },
		Alarm: func(text string) {
			log.Error().Msg(text)
			select {
			case alarms <- text:
			default: // nobody is told of anything, and the log has it
			}
		}})
	if err != nil {
		return nil, err
	}
	p.copyStore, p.onFile, p.alarms = engine.Backup, engine, alarms
	p.vitals.unread.Store(engine.Unread())
	return engine, nil
}

// listen takes the HTTP address. What answers there stands by until the desk is open.
func (p *program) listen(on network, c *configs.Config, log zerolog.Logger) error {
	if p.http != nil {
		return nil
	}
	server, err := web.New(web.Options{AdminToken: c.HTTP.AdminToken.Reveal(), Metrics: p.metrics,
		Log: log.With().Str("part", "http").Logger(), Version: currentBuild().Version, Zone: c.BusinessTimeZone})
	if err != nil {
		return err
	}
	listener, err := on.listen("tcp", c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %v; choose another address in http.listen, or stop what uses it", c.HTTP.Listen, plainly(err))
	}
	p.server, p.address = server, listener.Addr().String()
	p.http = bot.NewAddress(server.NewHTTPServer(), listener)
	return nil
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
	forms := formsOf(c.Postmortem.Templates, log)
	p.desk, err = desk.Open(ctx, p.ledger, p.people, desk.Options{AnnounceChannel: c.Slack.AnnounceChannel, Zone: c.BusinessTimeZone,
		Reports: []string{"sms", "voice"}, Weekly: weekly(c.Paging), Push: desk.Push{Server: c.Notify.Ntfy.URL, Topic: c.Notify.Ntfy.Topic},
		Milestone: countingMilestones(p.metrics), Access: c.Access.Rights(), Trackers: trackerPlaces(c.Trackers), Forms: forms,
		Shelf: p.shelf, ArchiveAfter: c.Archive.After,
		Files: desk.Files{Each: int(c.Slack.KeepFile), All: int(c.Slack.KeepFiles)}})
	if err != nil {
		return err
	}
	if p.alerts, err = alerts.Open(ctx, p.ledger, p.people, p.desk, alerts.Options{Zone: c.BusinessTimeZone}); err != nil {
		return err
	}
	if copied, _ := p.ledger.Copied(); copied {
		log.Warn().Msg("the store is a copy that was put back: numbers that may have been given since it was made are left out")
	}
	if err := p.ledger.Settle(ctx); err != nil {
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
	if err := p.listen(on, c, log); err != nil {
		return err
	}
	slack := chat.New(p.desk, p.people, p.alerts, chat.Options{
		AppToken: c.Slack.AppToken.Reveal(), BotToken: c.Slack.BotToken.Reveal(), APIURL: c.Slack.APIURL,
		Command: c.Slack.Command, OncallCommand: c.Slack.OncallCommand, AnnounceChannel: c.Slack.AnnounceChannel,
		Burden: chat.Burden(c.Report), Zone: c.BusinessTimeZone, Dial: on.dial, Log: log.With().Str("part", "slack").Logger(),
		Envelope: metrics.Envelope, BackupEvery: backupEvery(c.Backup), Health: p.vitals.health(c.Notify.Vias(), methods.Out),
		Observe: func(method, result string, took time.Duration) {
			metrics.SlackCall(method, result, took)
			reach.Called(method, result, took)
		},
	})
	sources := web.Sources{Sockets: slack.Connected, Methods: c.Notify.Vias(), Failing: methods.Failing}
	if p.space != nil {
		sources.Size, sources.Free = p.space.Size, p.space.Free
	}
	copies := p.openCopies(c, log)
	if copies != nil {
		sources.BackupEvery, sources.BackupFailing = c.Backup.Every, copies.Failing
	}
	sources.Standbys = p.standbys
	if on.standbys != nil {
		sources.Standbys = on.standbys
	}
	if p.onFile != nil {
		sources.Unread, sources.Damaged = p.vitals.unread.Load, p.vitals.damaged.Load
	}
	metrics.Watch(sources)
	p.server.Lead(web.Parts{Desk: p.desk, People: p.people, Keys: keys, Alerts: p.alerts, Heard: slack.Heard, Refused: slack.Refused,
		Backup: p.copyStore, Damaged: p.vitals.damaged.Load, Schedule: web.Schedule{Folder: c.Backup.Folder, Every: c.Backup.Every, Keep: c.Backup.Keep}, ArchiveFolder: c.ArchiveFolder(), Phone: web.Phone{Pressed: methods.Pressed, Speak: methods.Speak}})
	p.options = bot.Options{
		DB: p.db, Ledger: p.ledger, Desk: p.desk, Keys: keys, Slack: slack, Methods: methods, Reach: reach, Log: log, HTTP: p.http, Draining: p.server.Stop, Copies: copies, Archiving: p.archiving(log),
		Alarms:  p.alarms,
		Damaged: func() { p.vitals.damaged.Store(true) },
		Noted:   countingJobs(metrics), Waiting: p.vitals.countingBacklog(metrics),
	}
	if p.vitals.unread.Load() {
		p.options.Verify = p.verify
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

// verify reads what of the store was not read when it was opened, and leaves half of the
// time to others.
func (p *program) verify(ctx context.Context) error {
	err := p.onFile.Verify(ctx, gentle(ctx))
	if ctx.Err() == nil {
		p.vitals.damaged.Store(err != nil)
		p.vitals.unread.Store(false)
	}
	return err
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
	if p.http != nil {
		p.http.Close() // done by run in the ordinary case
	}
	if p.db == nil {
		return nil
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
