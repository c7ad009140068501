package desk

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// Level is how far a message is known to have come, beyond being taken on.
type Level string

// The levels.
const (
	Delivered Level = "delivered" // it has reached the device
	Seen      Level = "seen"      // it was opened
)

// Ping is a notification that stays on somebody's screen and is told how the
// incident went on: a push, or a call of a webhook.
type Ping struct {
	Person  incident.Actor `json:"person"`
	Via     string         `json:"via"`
	Message string         `json:"message"`         // the ID it was sent with
	About   []int          `json:"about,omitempty"` // the incidents that it named, if these were several
	Why     string         `json:"why,omitempty"`   // of a manual page: who asks, and the words

	// Told is who has acknowledged, as far as the screen says; empty: it asks.
	Told incident.Actor `json:"told,omitempty"`
	Over bool           `json:"over,omitempty"` // the screen says that it is over
}

// pollFirst is how long after a message was taken on its provider is asked the
// first time what has become of it, and pollFor for how long.
const (
	pollFirst = 5 * time.Second
	pollFor   = 10 * time.Minute
)

// PollOver reports whether it is too late to ask for the receipt of j.
func PollOver(j ledger.Job, now time.Time) bool { return now.Sub(j.Created) > pollFor }

// poll asks later what became of a page, where the provider says so.
func (w *work) poll(j ledger.Job, o Outcome) error {
	if o.Receipt == "" || !slices.Contains(w.d.opt.Reports, j.Via) {
		return nil
	}
	return w.job(ledger.Job{Kind: ledger.Poll, Person: j.Person, Via: j.Via, Send: j.Send, Pass: j.Pass, Step: j.Step,
		Receipt: o.Receipt, NotBefore: w.Now.Add(pollFirst)})
}

// pinged remembers a notification that can be told how the incident went on. One
// that arrives when somebody has it already, or when it is over, is told at once.
func (w *work) pinged(j ledger.Job, o Outcome) error {
	if o.Sent == "" || j.Via != "push" && j.Via != "webhook" {
		return nil
	}
	p := Ping{Person: incident.Actor(j.Person), Via: j.Via, Message: o.Sent, About: o.About, Why: j.Text}
	if !o.Asked {
		p.Told = w.inc.AcknowledgedBy
	}
	w.artifacts.Pings = append(w.artifacts.Pings, p)
	return w.tellPinged(pingsMost)
}

// pingsMost is how many are told in the transaction of an acknowledgement. The
// others follow one by one as those are done.
const pingsMost = 30

// tellPinged tells every screen that still asks for an acknowledgement that there
// is one, that of whoever gave it too: its button is of no use any more. When the
// incident is over it tells all of them, and those again when it is opened again.
// Nobody is woken for it: text messages, calls and mails are left alone. It tells at
// most that many at once.
func (w *work) tellPinged(most int) error {
	over := !w.inc.Status.Active()
	var all []Ping
	for _, p := range w.artifacts.Pings {
		if most > 0 && w.isNews(p, over) {
			most--
			j := ledger.Job{Kind: ledger.Update, Person: string(p.Person), Via: p.Via, Receipt: p.Message, About: p.About, Text: p.Why}
			if err := w.job(j); err != nil {
				return err
			}
			p.Told, p.Over = w.inc.AcknowledgedBy, over
		}
		all = append(all, p)
	}
	w.artifacts.Pings = all
	return nil
}

// isNews reports whether a screen says less than holds.
func (w *work) isNews(p Ping, over bool) bool {
	if over || p.Over {
		return over != p.Over
	}
	return w.inc.Acked() && p.Told != w.inc.AcknowledgedBy
}

// polled records what a provider said about a message.
func (w *work) polled(j ledger.Job, o Outcome) error {
	if o.Level == "" {
		return nil // it will not say; the escalation has gone on by itself
	}
	e := incident.Event{Kind: incident.KindReceipt, Person: incident.Actor(j.Person), Via: j.Via, Pass: j.Pass, Step: j.Step,
		Reason: string(o.Level), Text: "The notification to " + w.who.DisplayName(incident.Actor(j.Person)) + " by " + j.Via + " was " + string(o.Level) + "."}
	if err := w.apply(w.inc.Record(w.Now, e)); err != nil {
		return err
	}
	r, err := w.escalation()
	if err != nil || !r.open() {
		return err
	}
	return w.keepEscalation(r, r.Page.Delivered(j.Send))
}
