package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/tracker"
	"github.com/stormbell/stormbell/configs"
)

// trackersOf returns the trackers that the configuration sets up, by name; nil: none.
func trackersOf(on network, list []configs.Tracker) (map[string]dispatch.At, error) {
	var transport http.RoundTripper // nil: the default
	if on.dial != nil {
		transport = &http.Transport{DialContext: on.dial, IdleConnTimeout: 5 * time.Second}
	}
	at := map[string]dispatch.At{}
	for _, t := range list {
		made, err := tracker.New(tracker.Options{Kind: t.Kind, BaseURL: t.BaseURL, Project: t.Project, User: t.User,
			Token: tracker.Secret(t.Token.Reveal()), IssueType: t.IssueType, Transport: transport})
		if err != nil {
			return nil, err
		}
		at[t.Name] = dispatch.At{Tracker: made, Provider: tracker.Title(t.Kind)}
	}
	return at, nil
}

// openTrackers returns who carries out what concerns trackers; nil: there is none.
func openTrackers(on network, c *configs.Config, log zerolog.Logger) (*dispatch.Trackers, error) {
	at, err := trackersOf(on, c.Trackers)
	if err != nil || len(at) == 0 {
		return nil, err
	}
	return dispatch.NewTrackers(dispatch.TrackersOptions{At: at, Zone: c.BusinessTimeZone, Log: log.With().Str("part", "trackers").Logger()}), nil
}

// trackerPlaces are where follow-ups can go, in the order of the configuration.
func trackerPlaces(list []configs.Tracker) []desk.Tracker {
	var places []desk.Tracker
	for _, t := range list {
		places = append(places, desk.Tracker{Name: t.Name, Provider: tracker.Title(t.Kind), Teams: t.Teams, Always: t.Export == "always"})
	}
	return places
}

// trackers asks every tracker whether issues could be opened there.
func (c *checkup) trackers(ctx context.Context, list []configs.Tracker) {
	at, err := trackersOf(network{}, list)
	if err != nil {
		c.grave("trackers", err.Error(), "correct the address")
		return
	}
	for _, t := range list {
		where := "trackers." + t.Name
		err := at[t.Name].Check(ctx)
		var e *tracker.Error
		switch {
		case err == nil:
			c.good = append(c.good, where+" answers and accepts the token")
		case errors.As(err, &e) && e.Kind == tracker.Misconfigured:
			c.grave(where, e.Cause, "look at its entry in the configuration, and at the rights of its token")
		default:
			c.odd(where, cmp.Or(causeOf(e), err.Error()), "try again; meanwhile follow-ups wait to be opened there")
		}
	}
}

func causeOf(e *tracker.Error) string {
	if e == nil {
		return ""
	}
	return e.Cause
}
