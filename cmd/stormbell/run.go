package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
)

// stopsWithin is how long the program may take to stop: a little less than the ten seconds
// after which whatever has started it may kill it.
const stopsWithin = 9500 * time.Millisecond

var errStuck = errors.New("what was under way did not end in time; everything that was confirmed is stored, and the next start goes on with it")

// inTime returns what f does, and does not wait for it for longer than stopsWithin after ctx
// has ended: a store that does not answer holds up more than one thing, each for as long as it
// may.
func inTime(ctx context.Context, f func() error) error {
	ended, late := make(chan error, 1), make(chan struct{})
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopsWithin, func() { close(late) }) })()
	go func() { ended <- f() }()
	select {
	case err := <-ended:
		return err
	case <-late:
		return errStuck
	}
}

func runCommand(p process) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run the bot",
		Long: "Connects to Slack, takes alerts and pages people. It is ready when GET /readyz answers\n" +
			"200. On SIGTERM it takes no new work, finishes what it has confirmed, and exits.\n\n" +
			"With a store on etcd it stands by while another bot does the work, and takes over when\n" +
			"that one stops. A bot that can no longer know that it is the only one that writes exits\n" +
			"with 1: let whatever starts it start it again.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := loadConfig(cmd, path, p.Env)
			if err != nil {
				return err
			}
			log := newLogger(config.Log, p.Err)
			for _, p := range slices.Concat(configs.Exposed(path, p.Env), configs.Advice(path, p.Env)) {
				log.Warn().Msg(p.String())
			}
			bot, err := openProgram(cmd.Context(), config, log)
			if errors.Is(err, context.Canceled) && cmd.Context().Err() != nil {
				log.Info().Msg("Stormbell has stopped, before it had begun")
				return nil
			}
			if err != nil {
				return err
			}
			defer web.LetGarbageWait()()
			start := time.Now()
			log.Info().Str("version", currentBuild().Version).Str("http", "http://"+bot.address).
				Str("store", config.Store.String()).Msg("Stormbell runs")
			err = inTime(cmd.Context(), func() error { return errors.Join(bot.run(cmd.Context()), bot.close()) })
			log.Info().Dur("after", time.Since(start)).Msg("Stormbell has stopped")
			return err
		},
	}
	configFlag(cmd, &path)
	return cmd
}
