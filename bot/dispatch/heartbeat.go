package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
)

// Heartbeat calls an address while the bot is able to page, and only then. Who
// watches that address notices a bot that is dead, and one that lives but can
// reach nobody.
type Heartbeat struct {
	URL   string
	Every time.Duration
	// Able returns why nobody could be reached, or nil.
	Able      func(context.Context) error
	Transport http.RoundTripper // nil: the default
	Log       zerolog.Logger
}

// Run beats until ctx ends.
func (h *Heartbeat) Run(ctx context.Context) error {
	client := &http.Client{Transport: h.Transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ticker := time.NewTicker(h.Every)
	defer ticker.Stop()
	said := ""
	for {
		err := h.Able(ctx)
		if err == nil {
			err = h.beat(ctx, client)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err == nil && said != "" {
			h.Log.Info().Msg("the heartbeat goes out again")
			said = ""
		}
		if err != nil && err.Error() != said {
			said = err.Error()
			h.Log.Error().Str("error", said).Msg("no heartbeat")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// beat calls the address once. Its text is a secret: some services let whoever
// knows it stop the alarm.
func (h *Heartbeat) beat(ctx context.Context, client *http.Client) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return errors.New("heartbeat.url is no address")
	}
	q.Header.Set("User-Agent", "Stormbell")
	resp, err := client.Do(q)
	if err != nil {
		return errors.New("heartbeat.url does not answer")
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("heartbeat.url answers %d", resp.StatusCode)
	}
	return nil
}

// Able returns a function that says why nobody could be reached: the store takes
// no writes, an escalation has been forgotten, or neither Slack nor any other
// way gets through. heard is when something last came from Slack.
func Able(l *ledger.Ledger, d *desk.Desk, w *Methods, r *Reach, heard func() time.Time) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		now := time.Now()
		if err := l.CheckWrite(ctx); err != nil {
			return errors.New("the store takes no writes")
		}
		if err := d.CheckEscalations(ctx, now); err != nil {
			return err
		}
		slack := r.Down().IsZero() && now.Sub(heard()) < time.Minute
		out := w.Out()
		if !slack && len(out) >= len(w.opt.Senders) {
			return errors.New(strings.TrimSpace("Slack does not get through, and no other way does: " + strings.Join(out, ", ")))
		}
		return nil
	}
}
