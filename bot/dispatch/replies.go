package dispatch

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/incident"
)

// How often people's answers are fetched: quickly while somebody may be looking
// at a page, slowly as long as an answer is good for something, else not at all.
const (
	listenQuick = 5 * time.Second
	listenSlow  = time.Minute
	listenRare  = 10 * time.Minute
	quickFor    = 15 * time.Minute
	slowFor     = 2 * time.Hour
	rareFor     = 12 * time.Hour // as long as a grant is good
)

// Listen fetches people's answers until ctx ends: what the button of a push leaves
// in the topic for answers, and codes in text messages. Where phones can reach the
// bot, messages have links instead, and what is fetched is only what an earlier
// process without an address has asked for.
func (w *Methods) Listen(ctx context.Context) error {
	since := map[string]time.Time{}
	w.mu.Lock()
	for via := range w.opt.Senders {
		w.asked[via] = time.Now() // an earlier process may have asked
		since[via] = time.Now().Add(-time.Hour)
	}
	w.mu.Unlock()
	last := map[string]time.Time{}
	ticker := time.NewTicker(listenQuick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, via := range []string{"push", "sms"} {
			now := time.Now()
			l, ok := w.listener(via)
			if !ok || now.Sub(last[via]) < w.every(via, now) {
				continue
			}
			last[via] = now
			replies, err := l.Replies(ctx, since[via])
			if err != nil {
				w.opt.Log.Debug().Str("via", via).Err(err).Msg("answers could not be fetched; trying again")
				continue
			}
			for _, r := range replies {
				err = errors.Join(err, w.replied(ctx, via, r))
			}
			if err == nil { // else they are fetched once more
				since[via] = now.Add(-time.Minute)
			}
		}
	}
}

// listener returns the way, if people can answer to it.
func (w *Methods) listener(via string) (notify.Listener, bool) {
	if n, ok := w.opt.Senders[via].(*notify.Ntfy); ok && n.ReplyTopic == "" {
		return nil, false
	}
	l, ok := w.opt.Senders[via].(notify.Listener)
	return l, ok
}

func (w *Methods) every(via string, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch since := now.Sub(w.asked[via]); {
	case since < quickFor:
		return listenQuick
	case since < slowFor:
		return listenSlow
	case since < rareFor:
		return listenRare
	default:
		return rareFor
	}
}

// replied acknowledges what an answer means. The same answer may come twice:
// its code is then used.
func (w *Methods) replied(ctx context.Context, via string, r notify.Reply) error {
	var taken []desk.Taken
	var err error
	var who incident.Actor
	word, _, _ := strings.Cut(r.Text, " ")
	word = strings.Trim(word, ".!,")
	if via == "push" {
		taken, err = w.opt.Desk.Redeem(ctx, word)
	} else if id := w.byPhone(r.From); id != "" {
		who = incident.Person(id)
		taken, err = w.opt.Desk.RedeemCode(ctx, who, word, r.ID)
	} else {
		return nil // a stranger, or an advertisement
	}
	var stopped *desk.CodesStopped
	switch {
	case errors.As(err, &stopped):
		w.opt.Log.Debug().Str("via", via).Str("reply", r.ID).Err(err).Msg("an answer is not taken")
		if stopped.Just {
			w.say(ctx, r, "Too many wrong codes came from this number. None is taken until "+stopped.Until.UTC().Format("15:04 UTC")+
				". Please acknowledge in Slack.")
		}
	case errors.Is(err, desk.ErrGrantForged), errors.Is(err, desk.ErrGrantUsed), errors.Is(err, desk.ErrGrantExpired):
		w.opt.Log.Debug().Str("via", via).Str("reply", r.ID).Err(err).Msg("an answer means nothing")
	case err != nil:
		w.opt.Log.Error().Str("via", via).Str("reply", r.ID).Err(err).Msg("an answer could not be recorded")
		return err
	default:
		w.answer(ctx, who, r, taken)
	}
	return nil
}

// byPhone returns the person whose number it is, or "".
func (w *Methods) byPhone(number string) string {
	for _, p := range w.opt.People.Current().Roster.People {
		if p.Phone != "" && p.Phone == number {
			return p.ID
		}
	}
	return ""
}

// answer tells whoever answered by text message that somebody was first. One
// that worked needs no answer: the pages stop.
func (w *Methods) answer(ctx context.Context, who incident.Actor, r notify.Reply, taken []desk.Taken) {
	if who == "" {
		return
	}
	for _, t := range taken {
		if t.Refused != nil {
			w.say(ctx, r, w.refusal(t.Refused, who))
			return
		}
	}
}

// say answers a text message.
func (w *Methods) say(ctx context.Context, r notify.Reply, text string) {
	sender, ok := w.opt.Senders["sms"]
	if !ok {
		return
	}
	_, err := sender.Send(ctx, notify.Message{ID: "reply/" + r.ID, To: r.From, Subject: smsLine(text, 160), News: true})
	if err := w.attempted(ctx, "sms", err); err != nil {
		w.opt.Log.Error().Err(err).Msg("the operators could not be told")
	}
}

// refusal says a refusal to a reader, with the name and the time that belong in it.
func (w *Methods) refusal(r *incident.Refusal, reader incident.Actor) string {
	_, id := reader.Split()
	people := w.opt.People.Current()
	return r.Text(people.DisplayName(r.Who), incident.Clock(r.When, time.Now(), people.Roster.Location(id)))
}
