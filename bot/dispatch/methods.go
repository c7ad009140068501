package dispatch

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// MethodsOptions are what the contact methods are told once, at their start.
type MethodsOptions struct {
	Desk      *desk.Desk
	People    *oncall.Roster
	Senders   map[string]notify.Sender // by the words of the roster: push, sms, voice, email, webhook
	PublicURL string                   // where links lead, without a slash at the end; empty: no links
	Log       zerolog.Logger
	Sent      func(via, outcome string) // told of every attempt, for counters; may be nil
}

// Methods reaches people by other means than Slack. It makes attempts; what is to
// be attempted, and what follows, is the desk's. Its methods may be called
// concurrently.
type Methods struct {
	opt MethodsOptions

	mu       sync.Mutex
	breakers map[string]notify.Breaker
	told     map[string]bool      // methods that the operators know to be out
	busy     map[string]time.Time // methods whose provider asked for fewer messages, until when
	asked    map[string]time.Time // when the last message left to which people can answer, by the method of the answer
	grants   map[string]granted   // the last one, by method and person
	screens  map[string]string    // what a message about several incidents was last told, by its ID
}

// granted is a grant and the notifications that it is for, so that a message which
// is tried again is answered by the same code.
type granted struct {
	about string
	grant desk.Grant
}

// NewMethods returns the contact methods. They do not connect.
func NewMethods(opt MethodsOptions) *Methods {
	if opt.Sent == nil {
		opt.Sent = func(string, string) {}
	}
	return &Methods{
		opt: opt, breakers: map[string]notify.Breaker{}, told: map[string]bool{}, busy: map[string]time.Time{},
		asked: map[string]time.Time{}, grants: map[string]granted{}, screens: map[string]string{},
	}
}

// perform carries out one job for which [ledger.Job.ByMethod] holds.
func (w *Methods) perform(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if w.opt.Senders[t.Job.Via] == nil {
		return desk.Outcome{Failed: "this contact method is not configured"}, nil
	}
	switch t.Job.Kind {
	case ledger.Poll:
		return w.poll(ctx, t.Job)
	case ledger.Update:
		return w.update(ctx, t)
	case ledger.TestPage:
		return w.testPage(ctx, t.Job)
	default:
		return w.notify(ctx, t)
	}
}

// notify sends the notifications that leave together with the task's, as one
// message. Those of a person by one method are one lane of the outbox, so none of
// them is sent twice.
func (w *Methods) notify(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	w.mu.Lock()
	wait := time.Until(w.busy[t.Job.Via])
	w.mu.Unlock()
	if wait > 0 {
		return desk.Outcome{}, &desk.Retry{After: wait, Cause: errors.New(t.Job.Via + ": not again yet")}
	}
	o, err := w.send(ctx, t)
	if err != nil {
		return o, err
	}
	return w.share(ctx, t, o)
}

// send makes one attempt.
func (w *Methods) send(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j, list := t.Job, t.Notifications
	person, to, trouble := w.address(j)
	if trouble != "" {
		return desk.Outcome{Failed: trouble}, nil
	}
	if w.out(j.Via) {
		return desk.Outcome{Failed: "the provider fails, so the next contact method is taken"}, nil
	}
	m := w.message(j, list, person)
	m.To = to
	asked := slices.ContainsFunc(list, func(n desk.Notification) bool { return asks(n.Brief) })
	if asked { // not a page by hand for what somebody has: there is nothing to acknowledge
		grant, err := w.grant(ctx, j, list)
		if err != nil {
			return desk.Outcome{}, err
		}
		w.answerable(&m, j.Via, grant)
	}
	r, err := w.opt.Senders[j.Via].Send(ctx, m)
	if err := w.attempted(ctx, j.Via, err); err != nil {
		return desk.Outcome{}, err
	}
	if err != nil {
		return w.failed(j, err)
	}
	o := desk.Outcome{Sent: m.ID, Receipt: r.ID, Asked: asked}
	if numbers := numbersOf(list); len(numbers) > 1 {
		o.About = numbers
	}
	return o, nil
}

// asks reports whether an incident needs somebody to acknowledge it.
func asks(b desk.Brief) bool { return b.Incident.Status.Active() && !b.Incident.Acked() }

// numbersOf returns the incidents of notifications, each once.
func numbersOf(list []desk.Notification) []int {
	var numbers []int
	for _, n := range list {
		if !slices.Contains(numbers, n.Job.Incident) {
			numbers = append(numbers, n.Job.Incident)
		}
	}
	return numbers
}

// failed says what follows from a failed attempt: it is made again, or given up
// so that the next contact method is taken now.
func (w *Methods) failed(j ledger.Job, err error) (desk.Outcome, error) {
	var e *notify.Error
	if !errors.As(err, &e) {
		return desk.Outcome{}, &desk.Retry{Doubtful: true, Cause: errors.New(j.Via + ": stopped")}
	}
	if !e.Retryable() || w.out(j.Via) {
		return desk.Outcome{Failed: e.Cause}, nil
	}
	again := &desk.Retry{After: e.RetryAfter, Doubtful: true, Cause: e}
	if e.Kind == notify.Busy {
		again.After = max(again.After, 2*time.Second)
		w.mu.Lock()
		w.busy[j.Via] = time.Now().Add(again.After)
		w.mu.Unlock()
	}
	return desk.Outcome{}, again
}

// share records what became of a message for every notification in it but the
// task's own, whose outcome it returns.
func (w *Methods) share(ctx context.Context, t desk.Task, o desk.Outcome) (desk.Outcome, error) {
	list := t.Notifications
	if o.Failed == "" && len(list) > 1 {
		o.Remark = desk.InOneMessage(briefsOf(list))
	}
	// It has left: that is recorded even while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	_ = ledger.Share(len(list), func(i int) error {
		if list[i].Job.Key() == t.Job.Key() {
			return nil
		}
		err := w.opt.Desk.Done(ctx, desk.Result{Job: list[i].Job, Outcome: o})
		if err != nil {
			w.opt.Log.Error().Err(err).Str("job", list[i].Job.Key()).Msg("a notification that left could not be recorded; it will leave again")
		}
		return err
	})
	return o, nil
}

// address returns whom the roster means and where they are reached, or in words
// why not.
func (w *Methods) address(j ledger.Job) (person rotation.Person, to, trouble string) {
	_, id := incident.Actor(j.Person).Split()
	p, ok := w.opt.People.Current().Roster.Person(id)
	if !ok {
		return person, "", "they are not in the roster any more"
	}
	switch j.Via {
	case "push":
		return *p, w.opt.Desk.PushTopic(id), ""
	case "webhook":
		return *p, id, ""
	case "email":
		if p.Email == "" {
			return *p, "", "the roster has no mail address for them"
		}
		return *p, p.Email, ""
	default:
		if err := notify.CheckPhone(p.Phone); err != nil {
			return *p, "", "their phone in the roster cannot be used: " + err.Error()
		}
		return *p, p.Phone, ""
	}
}

// grant returns leave to acknowledge what the message names; the same for the
// same notifications, however often they are tried.
func (w *Methods) grant(ctx context.Context, j ledger.Job, list []desk.Notification) (desk.Grant, error) {
	var keys strings.Builder
	for _, n := range list {
		keys.WriteString(n.Job.Key() + " ")
	}
	line := j.Via + " " + j.Person
	w.mu.Lock()
	last := w.grants[line]
	w.mu.Unlock()
	if last.about == keys.String() {
		return last.grant, nil
	}
	g, err := w.opt.Desk.Grant(ctx, desk.GrantRequest{Person: incident.Actor(j.Person), Via: j.Via, Incidents: numbersOf(list), Coded: w.coded(j.Via)})
	if err != nil {
		return desk.Grant{}, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.grants[line] = granted{about: keys.String(), grant: g}
	return g, nil
}

// coded reports whether messages by that method show a code: without an address that
// phones can reach, text messages and calls, which are both answered by text message.
func (w *Methods) coded(via string) bool {
	_, heard := w.listener("sms")
	return w.opt.PublicURL == "" && (via == "sms" || via == "voice") && heard
}

// answerable puts into a message how it is answered: by a link where there is
// an address that phones can reach, otherwise by a code.
func (w *Methods) answerable(m *notify.Message, via string, g desk.Grant) {
	switch {
	case w.opt.PublicURL == "" && via == "push":
		m.AckCode = g.Token // whoever sends it back is known by nothing else
	case w.opt.PublicURL == "":
		m.AckCode = g.Code // if there is one
	case via == "voice":
		m.KeyURL = w.keyURL(g.Token)
	default:
		m.AckURL = w.opt.PublicURL + "/ack/" + g.Token
	}
	if m.AckCode == "" {
		return // nobody answers by the method itself
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[answeredBy(via)] = time.Now()
}

// answeredBy is the method by which an answer comes to a message that has a code.
func answeredBy(via string) string {
	if via == "push" {
		return via
	}
	return "sms"
}

// out reports whether a way is not to be tried.
func (w *Methods) out(via string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.breakers[via].Open(time.Now())
}

// Failing reports whether the provider of a way has been taken out and nothing has got
// through since, though one attempt may be let through now and then.
func (w *Methods) Failing(via string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.breakers[via].Failing()
}

// Out returns the ways whose providers fail, for those who ask how it is.
func (w *Methods) Out() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for via, b := range w.breakers {
		if b.Open(time.Now()) {
			list = append(list, via)
		}
	}
	return list
}

// attempted notes an attempt's outcome against the provider. When a way goes out
// or comes back the operators are told, once.
func (w *Methods) attempted(ctx context.Context, via string, err error) error {
	outcome, cause := "ok", "the attempts fail"
	var e *notify.Error
	if errors.As(err, &e) {
		outcome, cause = e.Kind.String(), e.Cause
	} else if err != nil {
		outcome = "stopped"
	}
	w.opt.Sent(via, outcome)
	now := time.Now()
	w.mu.Lock()
	b := w.breakers[via].Record(err, now)
	w.breakers[via] = b
	var text string
	switch {
	case b.Open(now) && !w.told[via]:
		text = "Pages by " + via + " do not get through: " + cause + ". They go by the next way at once; " + via + " is tried again from time to time."
		w.told[via] = true
	case err == nil && w.told[via]:
		text = "Pages by " + via + " get through again."
		w.told[via] = false
	}
	w.mu.Unlock()
	if text == "" {
		return nil
	}
	w.opt.Log.Warn().Str("via", via).Msg(text)
	return w.opt.Desk.Alarm(context.WithoutCancel(ctx), text)
}

// oldBundle stood for the ID of a message about several incidents in jobs that an
// earlier version left.
const oldBundle = "bundle"

// update makes a screen that asks say that there is no need any more. A message
// about several incidents goes on asking for those that are left.
func (w *Methods) update(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
	_, to, trouble := w.address(j)
	if trouble != "" || w.out(j.Via) {
		return desk.Outcome{}, nil // it is only a courtesy
	}
	m := notify.Message{ID: j.Receipt, To: to, Subject: w.news(t.Incident), Text: j.Text, News: true}
	if m.ID == oldBundle || m.ID == "" {
		m.ID = j.Key()
	}
	if len(j.About) > 1 {
		w.stillNeeded(&m, t.Digested)
		if !w.isNews(m) {
			return desk.Outcome{}, nil
		}
		if left := slices.DeleteFunc(slices.Clone(t.Digested), func(b desk.Brief) bool { return !asks(b) }); len(left) > 0 {
			q := desk.GrantRequest{Person: incident.Actor(j.Person), Via: j.Via}
			for _, b := range left {
				q.Incidents = append(q.Incidents, b.Incident.Number)
			}
			grant, err := w.opt.Desk.Grant(ctx, q)
			if err != nil {
				return desk.Outcome{}, err
			}
			w.answerable(&m, j.Via, grant)
		}
	}
	_, err := w.opt.Senders[j.Via].Send(ctx, m)
	if ctx.Err() != nil {
		return desk.Outcome{}, ctx.Err()
	}
	return desk.Outcome{}, w.attempted(ctx, j.Via, err)
}

// isNews reports whether a message about several incidents was last told something
// else, and notes what it is told now: one press can acknowledge all of them, and
// each of them has news for it then.
func (w *Methods) isNews(m notify.Message) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.screens[m.ID] == m.Text {
		return false
	}
	if len(w.screens) > 1000 { // forgetting costs a repetition that makes no sound
		clear(w.screens)
	}
	w.screens[m.ID] = m.Text
	return true
}

// poll asks the provider what has become of a message.
func (w *Methods) poll(ctx context.Context, j ledger.Job) (desk.Outcome, error) {
	poller, ok := w.opt.Senders[j.Via].(notify.Poller)
	if !ok || desk.PollOver(j, ledger.Instant()) {
		return desk.Outcome{}, nil
	}
	o, heard := polled(poller.Poll(ctx, j.Receipt))
	switch {
	case heard:
		return o, nil
	case ctx.Err() != nil:
		return desk.Outcome{}, ctx.Err()
	default:
		return desk.Outcome{}, &desk.Retry{After: 5 * time.Second, Cause: errors.New(j.Via + ": nothing to hear yet")}
	}
}

// polled is what a provider's answer says of a message, if it says anything yet.
func polled(r notify.Receipt, err error) (o desk.Outcome, heard bool) {
	var e *notify.Error
	switch {
	case errors.As(err, &e) && e.Kind == notify.Refused:
		return desk.Outcome{Failed: e.Cause}, true
	case err == nil && r.Level == notify.Delivered:
		return desk.Outcome{Level: desk.Delivered}, true
	case err == nil && r.Level == notify.Seen:
		return desk.Outcome{Level: desk.Seen}, true
	default:
		return desk.Outcome{}, false
	}
}

// keyURL is where the telephone provider reports a key that was pressed.
func (w *Methods) keyURL(token string) string { return w.opt.PublicURL + "/v1/twilio/voice/" + token }

// Pressed reads a report of a key pressed in a call about a token. The error
// means that it is not the provider's.
func (w *Methods) Pressed(token string, r *http.Request) (digit string, err error) {
	v, ok := w.opt.Senders["voice"].(*notify.Voice)
	if !ok {
		return "", errors.New("pressed key: there are no calls")
	}
	k, err := v.Pressed(w.keyURL(token), r)
	return k.Digit, err
}

// Speak returns what the telephone provider is to read out, and its content
// type.
func (w *Methods) Speak(text string) (body []byte, contentType string) {
	if v, ok := w.opt.Senders["voice"].(*notify.Voice); ok {
		return v.Answer(text), "text/xml; charset=utf-8"
	}
	return nil, ""
}

// briefsOf returns the incidents of a message.
func briefsOf(pages []desk.Notification) []desk.Brief {
	list := make([]desk.Brief, 0, len(pages))
	for _, p := range pages {
		list = append(list, p.Brief)
	}
	return list
}
