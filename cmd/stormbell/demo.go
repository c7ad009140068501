package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// demoOptions are the flags of the demonstration.
type demoOptions struct {
	listen    string
	data      string
	play      bool
	noBrowser bool
	speed     float64
}

// usualPage is where the workspace is, unless something else is there.
const usualPage = "127.0.0.1:7777"

func demoCommand(p process) *cobra.Command {
	var opt demoOptions
	cmd := &cobra.Command{
		Use:   "demo [--play] [--listen HOST:PORT] [--data DIR] [--speed NUMBER] [--no-browser]",
		Short: "Try everything without a Slack account",
		Long: "Starts a simulated Slack workspace with an invented company, connects the bot to it\n" +
			"as to a real one, and opens the workspace in the browser. It runs until Ctrl-C.\n" +
			"With --play it plays one incident from declaration to post-mortem, prints each step\n" +
			"when it is seen in the workspace, and exits 0 only if every step was seen.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.speed < 0 {
				return wrong(cmd, "--speed must not be below 0")
			}
			return runDemo(cmd.Context(), p, opt)
		},
	}
	cmd.Flags().StringVar(&opt.listen, "listen", "", "the address of the workspace, `HOST:PORT`; by default "+usualPage+", or a free port if that is taken")
	cmd.Flags().StringVar(&opt.data, "data", "", "a folder `DIR` in which everything is kept for the next time; without it nothing is kept")
	cmd.Flags().BoolVar(&opt.play, "play", false, "play one incident, then exit")
	cmd.Flags().BoolVar(&opt.noBrowser, "no-browser", false, "do not open the workspace in the browser")
	cmd.Flags().Float64Var(&opt.speed, "speed", 1, "how fast it is played, a `NUMBER`: 2 halves the pauses, 0 leaves them out")
	return cmd
}

// demo is the demonstration while it runs.
type demo struct {
	space  *workspace
	phones *phones
	bot    *program
	roster *rotation.Roster
	text   []byte         // of the roster
	ends   []func() error // what close does, the last first
}

func runDemo(ctx context.Context, p process, opt demoOptions) error {
	dir, cleanUp, err := demoFolder(opt.data)
	if err != nil {
		return err
	}
	defer cleanUp()
	d, err := openDemo(ctx, p, opt, dir)
	if err != nil {
		return err
	}
	// The bot ends before the workspace, as a bot does when Slack stays.
	botCtx, stopBot := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.bot.run(botCtx) }()
	if opt.play {
		err = play(ctx, p.Out, d, opt.speed)
	} else {
		d.welcome(p.Out, opt)
		if !opt.noBrowser && isTerminal(p.Out) {
			openBrowser(d.space.base+"/", p.Env)
		}
		select {
		case <-ctx.Done():
		case err = <-ended:
			ended <- nil
		}
	}
	stopBot()
	return errors.Join(err, <-ended, d.close())
}

// demoFolder returns the folder of everything, and what removes it afterwards.
func demoFolder(dir string) (string, func(), error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", nil, fmt.Errorf("cannot make the folder %s: %v", dir, errors.Unwrap(err))
		}
		return dir, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "stormbell-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("cannot make a temporary folder: %v; name one with --data", errors.Unwrap(err))
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

func openDemo(ctx context.Context, p process, opt demoOptions, dir string) (*demo, error) {
	text := configs.DemoRoster()
	roster, err := rotation.Parse("the demonstration's roster", text)
	if err != nil {
		return nil, err
	}
	d := &demo{roster: roster, text: text}
	if err := d.open(ctx, opt, dir, demoLogger(p.Err)); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *demo) open(ctx context.Context, opt demoOptions, dir string, log zerolog.Logger) error {
	kept := filepath.Join(dir, "workspace.json")
	if err := d.openSpace(opt, kept); err != nil {
		return err
	}
	if err := d.openBot(ctx, dir, log); err != nil {
		return err
	}
	if opt.data != "" { // the store is ours by now, so the folder is
		d.ends = append(d.ends, keepWorkspace(d.space.sim, kept, log).close)
	}
	return nil
}

// openSpace serves what the bot connects to: the workspace as it was kept, and
// the phones.
func (d *demo) openSpace(opt demoOptions, kept string) error {
	config := configs.Default()
	sim, err := readWorkspace(kept, slacksim.Options{
		Team: "Pinewater Goods", People: workers(d.roster), Manifest: config.Slack.Manifest(),
		Channels: []string{"team-storefront", "team-checkout", "team-platform", "team-support",
			"stakeholders-shop", "stakeholders-finance"},
	})
	if err != nil {
		return err
	}
	d.ends = append(d.ends, func() error { sim.Close(); return nil })
	if err := makeGroups(sim, d.roster); err != nil {
		return err
	}
	if d.phones, err = openPhones(d.roster, sim.Now); err != nil {
		return err
	}
	d.ends = append(d.ends, d.phones.close)
	listener, err := listenForPage(opt.listen)
	if err != nil {
		return err
	}
	d.space = serveWorkspace(sim, listener, page.Options{Guide: guide(), Phone: d.phones.onPage(), Me: "elif",
		Notice: "A simulated workspace: nothing here is real, and nothing leaves this machine."})
	d.ends = append(d.ends, d.space.close)
	return nil
}

// makeGroups makes the user groups that the roster's teams name, as their leads
// would in Slack.
func makeGroups(sim *slacksim.Workspace, r *rotation.Roster) error {
	have := sim.State().Groups
	for _, team := range r.Teams {
		named := func(g slacksim.UserGroup) bool { return g.Handle == team.SlackGroup }
		if team.SlackGroup == "" || slices.ContainsFunc(have, named) {
			continue
		}
		if _, err := sim.As(team.Lead).CreateGroup(team.Name+" on call", team.SlackGroup); err != nil {
			return err
		}
	}
	return nil
}

// openBot opens the bot as the demonstration's company would have it.
func (d *demo) openBot(ctx context.Context, dir string, log zerolog.Logger) error {
	config := configs.Default()
	config.Slack.AppToken = configs.NewSecret(d.space.sim.AppToken())
	config.Slack.BotToken = configs.NewSecret(d.space.sim.BotToken())
	config.Slack.APIURL = d.space.base + "/api/"
	config.Store = configs.Store{Engine: "bolt", Path: filepath.Join(dir, "stormbell.db")}
	config.HTTP.Listen = freePort()
	config.HTTP.PublicURL = "http://" + config.HTTP.Listen // as far as the phones can see
	config.HTTP.AdminToken = configs.NewSecret("demo")
	config.HTTP.IntegrationKeys = []configs.IntegrationKey{{Name: "demo", Key: configs.NewSecret("demo")}}
	config.Notify = d.phones.methods()
	bot, err := openProgram(ctx, config, log)
	if err != nil {
		return err
	}
	d.bot = bot
	d.ends = append(d.ends, bot.close)
	if !bot.people.HasRoster() {
		if err := applyFirst(ctx, bot.people, d.roster, d.text, log); err != nil {
			return err
		}
	}
	return seed(ctx, bot.desk)
}

// close ends what openDemo opened, in the reverse order.
func (d *demo) close() error {
	var err error
	for _, end := range slices.Backward(d.ends) {
		err = errors.Join(err, end())
	}
	d.ends = nil
	return err
}

// listenForPage takes the address that was asked for, or the usual one, or where
// that is taken any free port.
func listenForPage(asked string) (net.Listener, error) {
	if asked != "" {
		return listenAt(asked)
	}
	if listener, err := net.Listen("tcp", usualPage); err == nil {
		return listener, nil
	}
	return listenAt("127.0.0.1:0")
}

// freePort returns an address that nobody uses now. The bot must know its own
// before it listens: it is in the links that it sends.
func freePort() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0" // listening there fails too, in better words
	}
	defer listener.Close()
	return listener.Addr().String()
}

// demoLogger is quiet: the demonstration says itself what happens.
func demoLogger(w io.Writer) zerolog.Logger {
	return newLogger(configs.Log{Level: "error", Format: "console"}, w)
}

func (d *demo) welcome(w io.Writer, opt demoOptions) {
	fmt.Fprintf(w, `Stormbell, with a simulated Slack workspace.

  workspace  %s/   open it in your browser; a guide leads you through an incident
  bot        http://%s/readyz

Try, as anybody in any channel:   /incident declare card payments fail sev1
See who is paged, acknowledge and resolve it. Or send an alert:

  curl -H 'Authorization: Bearer demo' -d '{"title":"Search is slow","service":"search","dedup_key":"search-latency","status":"firing"}' http://%s/v1/events

`, d.space.base, d.bot.address, d.bot.address)
	if opt.data == "" {
		fmt.Fprintln(w, "Nothing is kept at the end; use --data DIR to keep it. Ctrl-C ends it.")
	} else {
		fmt.Fprintln(w, "Everything is kept in "+opt.data+" for the next time. Ctrl-C ends it.")
	}
}
