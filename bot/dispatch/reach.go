package dispatch

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
)

// unreachableAfter is how long Slack's calls must fail before it counts as an
// outage: as long as a page waits before the next way is taken.
const unreachableAfter = 20 * time.Second

// Reach watches whether Slack takes calls, so that an outage is told of
// afterwards. The zero Reach is not usable; see [NewReach].
type Reach struct {
	changed chan struct{}

	mu    sync.Mutex
	since time.Time // of the first failed call in a row; zero while calls get through
	heard bool      // a call has got through
}

// NewReach returns a watch that has seen nothing.
func NewReach() *Reach { return &Reach{changed: make(chan struct{}, 1)} }

// Called notes one call of Slack: the method, the word for its outcome, and how
// long it took. What Slack refuses for its own reasons is an answer like any
// other. Answers to people's commands go elsewhere, and sockets are opened with
// another token: both say nothing of whether anything can be posted.
func (r *Reach) Called(method, result string, took time.Duration) {
	if method == "response_url" || method == "apps.connections.open" {
		return
	}
	now := time.Now()
	r.mu.Lock()
	changed := false
	switch {
	case !down(result):
		changed = !r.heard || !r.since.IsZero()
		r.since, r.heard = time.Time{}, true
	case r.since.IsZero():
		r.since, changed = now.Add(-took), true
	}
	r.mu.Unlock()
	if changed {
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}
}

// down reports whether the outcome of a call means that Slack is not there for
// us: no answer, its own trouble, or tokens that it does not take.
func down(result string) bool {
	switch result {
	case "no_answer", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired":
		return true
	default:
		return strings.HasPrefix(result, "slack server error: 5")
	}
}

// Down returns since when Slack's calls fail; the zero time when they do not.
func (r *Reach) Down() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.since
}

// Watch records outages of Slack until ctx ends. One that an earlier process
// recorded ends with the first call that gets through.
func (r *Reach) Watch(ctx context.Context, d *desk.Desk, log zerolog.Logger) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	lost, over := false, false // this outage is recorded; there is none in the store
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.changed:
		case <-timer.C:
		}
		r.mu.Lock()
		since, heard := r.since, r.heard
		r.mu.Unlock()
		var err error
		wait := time.Hour
		switch {
		case since.IsZero() && heard && (lost || !over):
			if err = d.SlackBack(ctx); err == nil {
				lost, over = false, true
			}
		case !since.IsZero() && !lost:
			if wait = time.Until(since.Add(unreachableAfter)); wait <= 0 {
				err = d.SlackLost(ctx, since)
				lost, over, wait = err == nil, false, time.Hour
			}
		}
		if err != nil && ctx.Err() == nil {
			log.Error().Err(err).Msg("an outage of Slack could not be recorded; trying again")
			wait = time.Second
		}
		timer.Reset(wait)
	}
}
