package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// demoOptions are the flags of the demonstration.
type demoOptions struct {
	listen string
	data   string
	play   bool
	speed  float64
}

func demoCommand(p process) *cobra.Command {
	var opt demoOptions
	cmd := &cobra.Command{
		Use:   "demo [--play] [--listen ADDR] [--data DIR] [--speed N]",
		Short: "All of it, without a Slack account",
		Long: "Starts a simulated Slack workspace with a company in it, and the bot, connected to\n" +
			"it as to the real one. It runs until Ctrl-C. With --play it acts one incident\n" +
			"through from declaration to post-mortem, prints each step as it is seen in the\n" +
			"workspace, and exits 0 only if every step was seen.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opt.speed < 0 {
				return wrong(cmd, "--speed must not be below 0")
			}
			return runDemo(cmd.Context(), p, opt)
		},
	}
	cmd.Flags().StringVar(&opt.listen, "listen", "127.0.0.1:0", "the `ADDR`ess of the workspace, HOST:PORT; port 0 takes a free one")
	cmd.Flags().StringVar(&opt.data, "data", "", "a folder `DIR` that keeps the bot's store; without it a temporary one")
	cmd.Flags().BoolVar(&opt.play, "play", false, "act one incident through, then exit")
	cmd.Flags().Float64Var(&opt.speed, "speed", 1, "how fast the play goes: 2 halves its waits, 0 drops them")
	return cmd
}

// demo is the demonstration while it runs.
type demo struct {
	space  *workspace
	bot    *program
	roster *rotation.Roster
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
		select {
		case <-ctx.Done():
		case err = <-ended:
			ended <- nil
		}
	}
	stopBot()
	return errors.Join(err, <-ended, d.bot.close(), d.space.close())
}

// demoFolder returns the folder of the store, and what removes it afterwards.
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
	roster, err := rotation.Parse("the demonstration's roster", configs.DemoRoster())
	if err != nil {
		return nil, err
	}
	config := configs.Default()
	space, err := openWorkspace(opt.listen, slacksim.Options{
		Team: "Pinewater Goods", People: workers(roster), Manifest: config.Slack.Manifest(),
		Channels: []string{"team-storefront", "team-checkout", "team-platform", "team-support",
			"stakeholders-shop", "stakeholders-finance"},
	}, page.Options{Guide: guide(), Notice: "A simulated workspace: nothing here is real, and nothing leaves this machine."})
	if err != nil {
		return nil, err
	}
	config.Slack.AppToken = configs.NewSecret(space.sim.AppToken())
	config.Slack.BotToken = configs.NewSecret(space.sim.BotToken())
	config.Slack.APIURL = space.base + "/api/"
	config.Store = configs.Store{Engine: "bolt", Path: filepath.Join(dir, "stormbell.db")}
	config.HTTP.Listen = "127.0.0.1:0"
	config.HTTP.AdminToken = configs.NewSecret("demo")
	config.HTTP.IntegrationKeys = []configs.IntegrationKey{{Name: "demo", Key: configs.NewSecret("demo")}}
	log := demoLogger(p.Err)
	bot, err := openProgram(ctx, config, log)
	if err != nil {
		return nil, errors.Join(err, space.close())
	}
	if !bot.desk.HasRoster() {
		if err := applyFirst(ctx, bot.desk, roster, log); err != nil {
			return nil, errors.Join(err, bot.close(), space.close())
		}
	}
	if err := seed(ctx, bot.desk); err != nil {
		return nil, errors.Join(err, bot.close(), space.close())
	}
	return &demo{space: space, bot: bot, roster: roster}, nil
}

// demoLogger is quiet: the demonstration says itself what happens.
func demoLogger(w io.Writer) zerolog.Logger {
	return newLogger(configs.Log{Level: "error", Format: "console"}, w)
}

func (d *demo) welcome(w io.Writer, opt demoOptions) {
	fmt.Fprintf(w, `Stormbell, with a simulated Slack workspace.

  workspace  %s/   open it in a browser
  bot        http://%s/readyz

Try, as anybody in any channel:   /incident declare card payments fail sev1
See who is paged, acknowledge, and resolve it; or send an alert:

  curl -H 'Authorization: Bearer demo' -d '{"title":"Search is slow","service":"search","dedup_key":"search-latency","status":"firing"}' http://%s/v1/events

`, d.space.base, d.bot.address, d.bot.address)
	if opt.data == "" {
		fmt.Fprintln(w, "Everything is forgotten at the end; --data DIR keeps the bot's store. Ctrl-C ends it.")
	} else {
		fmt.Fprintln(w, "The bot's store is kept in "+opt.data+". Ctrl-C ends it.")
	}
}
