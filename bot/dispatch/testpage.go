package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/notify"
)

// tryFor is how long a test waits for the word that it was delivered.
const tryFor = 30 * time.Second

// testPage makes one attempt to reach a person, and says truthfully what came of
// it. A failed one is not made again: that it fails is what was asked.
func (w *Methods) testPage(ctx context.Context, j ledger.Job) (desk.Outcome, error) {
	_, to, trouble := w.address(j)
	if trouble != "" {
		return desk.Outcome{Failed: trouble}, nil
	}
	sender := w.opt.Senders[j.Via]
	m := notify.Message{ID: j.Key(), To: to, Subject: "TEST: this is a test of your pages by " + j.Via + ". Nothing is wrong.", Urgency: notify.High}
	r, err := sender.Send(ctx, m)
	if err := w.attempted(ctx, j.Via, err); err != nil {
		return desk.Outcome{}, err
	}
	var e *notify.Error
	switch {
	case errors.As(err, &e):
		return desk.Outcome{Failed: e.Cause}, nil
	case err != nil:
		return desk.Outcome{}, &desk.Retry{Doubtful: true, Cause: errors.New(j.Via + ": stopped")}
	}
	return w.arrival(ctx, sender, r)
}

// arrival waits for the word that a message has arrived, where its provider
// gives one.
func (w *Methods) arrival(ctx context.Context, sender notify.Sender, r notify.Receipt) (desk.Outcome, error) {
	poller, ok := sender.(notify.Poller)
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for until := time.Now().Add(tryFor); ok && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return desk.Outcome{}, ctx.Err()
		case <-ticker.C:
		}
		if o, heard := polled(poller.Poll(ctx, r.ID)); heard {
			return o, nil
		}
	}
	return desk.Outcome{}, nil
}
