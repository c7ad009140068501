package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page"
	"github.com/stormbell/stormbell/rotation"
)

func simulateCommand(p process) *cobra.Command {
	var listen, manifest, people string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "simulate [--listen HOST:PORT] [--manifest FILE] [--people FILE] [--json]",
		Short: "A simulated Slack workspace, for any Slack app",
		Long: "Serves Slack's Web API and Socket Mode, a page for the browser and a control\n" +
			"address for programs. It refuses what Slack refuses, with Slack's messages. Without\n" +
			"--manifest the app may do everything. Without --people there are four people.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opt, err := simulated(manifest, people)
			if err != nil {
				return err
			}
			listener, err := listenAt(listen)
			if err != nil {
				return err
			}
			sim, err := slacksim.New(opt)
			if err != nil {
				return errors.Join(err, listener.Close())
			}
			space := serveWorkspace(sim, listener, page.Options{})
			if err := space.announce(p, asJSON); err != nil {
				return errors.Join(err, space.close())
			}
			<-cmd.Context().Done()
			return space.close()
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "the address to serve, `HOST:PORT`; port 0 takes a free one")
	cmd.Flags().StringVar(&manifest, "manifest", "", "the app's manifest `FILE`, YAML or JSON")
	cmd.Flags().StringVar(&people, "people", "", "a roster `FILE` whose people are the users")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the addresses and tokens in one line of JSON")
	return cmd
}

// simulated reads what a workspace is made from.
func simulated(manifest, people string) (slacksim.Options, error) {
	opt := slacksim.Options{Channels: []string{"random"}}
	if manifest != "" {
		data, err := os.ReadFile(manifest)
		if err != nil {
			return opt, fmt.Errorf("%s: cannot read the manifest: %v; check the path", manifest, errors.Unwrap(err))
		}
		opt.Manifest = data
	}
	if people == "" {
		for _, name := range []string{"ada", "bob", "cleo", "dan"} {
			opt.People = append(opt.People, slacksim.Person{Name: name})
		}
		return opt, nil
	}
	roster, err := readRoster(people)
	if err != nil {
		return opt, err
	}
	opt.People = workers(roster)
	return opt, nil
}

// workers are a roster's people as users of a workspace. The first one
// administers it.
func workers(r *rotation.Roster) []slacksim.Person {
	var list []slacksim.Person
	for n, p := range r.People {
		list = append(list, slacksim.Person{ID: p.Slack, Name: p.ID, RealName: p.Name, Email: p.Email,
			TimeZone: p.TimeZone, IsAdmin: n == 0})
	}
	return list
}

// workspace is a simulated workspace that is being served.
type workspace struct {
	sim     *slacksim.Workspace
	base    string // http://HOST:PORT
	server  *http.Server
	stopped chan error
}

// listenAt takes an address for a workspace.
func listenAt(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %v; choose another address with --listen", address, plainly(err))
	}
	return listener, nil
}

// serveWorkspace serves a workspace with its page.
func serveWorkspace(sim *slacksim.Workspace, listener net.Listener, show page.Options) *workspace {
	w := &workspace{
		sim: sim, base: "http://" + listener.Addr().String(), stopped: make(chan error, 1),
		server: &http.Server{Handler: page.Handler(sim, show), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { w.stopped <- w.server.Serve(listener) }()
	return w
}

// close ends everything that the workspace serves.
func (w *workspace) close() error {
	w.sim.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		w.server.Close() // open streams of browsers
	}
	if err := <-w.stopped; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the workspace: %v", err)
	}
	return nil
}

// announce says where the workspace is and which tokens it accepts.
func (w *workspace) announce(p process, asJSON bool) error {
	where := struct {
		API      string `json:"api"`
		Page     string `json:"page"`
		Control  string `json:"control"`
		AppToken string `json:"app_token"`
		BotToken string `json:"bot_token"`
	}{w.base + "/api/", w.base + "/", w.base + "/control/", w.sim.AppToken(), w.sim.BotToken()}
	if asJSON {
		return printJSON(p.Out, where)
	}
	_, err := fmt.Fprintf(p.Out, "page       %s\nWeb API    %s\ncontrol    %s\napp token  %s\nbot token  %s\n\nCtrl-C ends it.\n",
		where.Page, where.API, where.Control, where.AppToken, where.BotToken)
	return err
}
