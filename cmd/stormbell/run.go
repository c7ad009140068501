package main

import (
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
)

func runCommand(p process) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "run --config FILE",
		Short: "Run the bot",
		Long: "Connects to Slack, takes alerts and pages people. It is ready when GET /readyz answers\n" +
			"200. On SIGTERM it takes no new work, finishes what it has confirmed, and exits.\n",
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
			if err != nil {
				return err
			}
			defer web.LetGarbageWait()()
			start := time.Now()
			log.Info().Str("version", currentBuild().Version).Str("http", "http://"+bot.address).
				Str("store", config.Store.String()).Msg("Stormbell runs")
			err = errors.Join(bot.run(cmd.Context()), bot.close())
			log.Info().Dur("after", time.Since(start)).Msg("Stormbell has stopped")
			return err
		},
	}
	configFlag(cmd, &path)
	return cmd
}
