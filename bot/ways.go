package bot

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/rotation"
)

// WaysOptions are what the other ways are told once, at their start.
type WaysOptions struct {
	Desk      *desk.Desk
	Senders   map[string]notify.Sender // by the words of the roster: push, sms, voice, email, webhook
	PublicURL string                   // where links lead, without a slash at the end; empty: no links
	Log       zerolog.Logger
	Sent      func(via, outcome string) // told of every attempt, for counters; may be nil
}

// Ways reaches people by other ways than Slack. It makes attempts; what is to
// be attempted, and what follows, is the desk's. Its methods may be called
// concurrently.
type Ways struct {
	opt WaysOptions

	mu       sync.Mutex
	breakers map[string]notify.Breaker
	told     map[string]bool      // ways that the operators know to be out
	busy     map[string]time.Time // ways whose provider asked for fewer messages, until when
	asked    map[string]time.Time // when the last message left to which people can answer, by way
	lines    map[string]*line     // by way and person
}

// line is one person by one way: messages to it leave one after another, so
// that a bundle is sent once.
type line struct {
	turn  chan struct{} // holds a value while somebody has the turn
	next  time.Time     // not before, since the last attempt failed
	tries int
	grant desk.Grant
	about string // the pages that grant is for
}

// NewWays returns the ways. They do not connect.
func NewWays(opt WaysOptions) *Ways {
	if opt.Sent == nil {
		opt.Sent = func(string, string) {}
	}
	return &Ways{
		opt: opt, breakers: map[string]notify.Breaker{}, told: map[string]bool{}, busy: map[string]time.Time{},
		asked: map[string]time.Time{}, lines: map[string]*line{},
	}
}

// Perform carries out one job for which [desk.Job.ByWay] holds.
func (w *Ways) Perform(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	if w.opt.Senders[j.Via] == nil {
		return desk.Outcome{Failed: "this way is not configured"}, nil
	}
	switch j.Kind {
	case desk.JobPoll:
		return w.poll(ctx, j)
	case desk.JobUpdate:
		return w.update(ctx, j)
	case desk.JobTry:
		return w.tryout(ctx, j)
	default:
		return w.page(ctx, j)
	}
}

func (w *Ways) line(j desk.Job) *line {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := j.Via + " " + string(j.Person)
	l := w.lines[key]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		w.lines[key] = l
	}
	return l
}

// page sends the pages that leave together with j, as one message.
func (w *Ways) page(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	l := w.line(j)
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return desk.Outcome{}, ctx.Err()
	}
	defer func() { <-l.turn }()
	now := time.Now()
	if wait := w.mustWait(j.Via, l, now); wait > 0 {
		return desk.Outcome{}, &desk.Retry{After: wait, Cause: errors.New(j.Via + ": not again yet")}
	}
	pages, err := w.opt.Desk.Bundle(ctx, j, now)
	if err != nil || len(pages) == 0 {
		return desk.Outcome{}, err // taken back, or in a message that has left
	}
	o, err := w.send(ctx, l, j, pages)
	if err != nil {
		return o, err
	}
	return w.share(ctx, j, pages, o)
}

// mustWait is how long nothing may be sent by that way to that person.
func (w *Ways) mustWait(via string, l *line, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return max(w.busy[via].Sub(now), l.next.Sub(now))
}

// send makes one attempt.
func (w *Ways) send(ctx context.Context, l *line, j desk.Job, pages []desk.Paged) (desk.Outcome, error) {
	person, to, trouble := w.address(j)
	if trouble != "" {
		return desk.Outcome{Failed: trouble}, nil
	}
	if w.out(j.Via) {
		return desk.Outcome{Failed: "the provider fails, so the next way is taken"}, nil
	}
	grant, err := w.grant(ctx, l, j, pages)
	if err != nil {
		return desk.Outcome{}, err
	}
	m := w.message(j, pages, person)
	m.To = to
	w.answerable(&m, j.Via, grant)
	r, err := w.opt.Senders[j.Via].Send(ctx, m)
	if err := w.attempted(ctx, j.Via, err); err != nil {
		return desk.Outcome{}, err
	}
	if err != nil {
		return w.failed(ctx, l, j, err)
	}
	l.tries, l.next = 0, time.Time{}
	o := desk.Outcome{Sent: m.ID, Receipt: r.ID}
	if len(pages) > 1 {
		o.Sent = bundled
	}
	return o, nil
}

// bundled stands for the ID of a message that is about several incidents: it
// cannot be replaced by what became of one of them.
const bundled = "bundle"

// failed says what follows from a failed attempt: it is made again, or given up
// so that the next way is taken now.
func (w *Ways) failed(ctx context.Context, l *line, j desk.Job, err error) (desk.Outcome, error) {
	var e *notify.Error
	if !errors.As(err, &e) {
		return desk.Outcome{}, &desk.Retry{Doubtful: true, Cause: errors.New(j.Via + ": stopped")}
	}
	if !e.Retryable() || w.out(j.Via) {
		return desk.Outcome{Failed: e.Cause}, nil
	}
	wait := max(backoff(l.tries, 0), e.RetryAfter)
	if e.Kind == notify.Busy {
		wait = max(wait, 2*time.Second)
		w.mu.Lock()
		w.busy[j.Via] = time.Now().Add(wait)
		w.mu.Unlock()
	} else {
		l.tries++
		l.next = time.Now().Add(wait)
	}
	return desk.Outcome{}, &desk.Retry{After: wait, Doubtful: true, Cause: e}
}

// share records what became of a message for every page in it but j, whose
// outcome it returns.
func (w *Ways) share(ctx context.Context, j desk.Job, pages []desk.Paged, o desk.Outcome) (desk.Outcome, error) {
	if o.Failed == "" && len(pages) > 1 {
		o.Remark = desk.InOneMessage(briefsOf(pages))
	}
	// It has left: that is recorded even while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	slots := make(chan struct{}, 32) // commits made together are one
	for _, p := range pages {
		if p.Job.Key() == j.Key() {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := w.opt.Desk.Done(ctx, p.Job, o); err != nil {
				w.opt.Log.Error().Err(err).Str("job", p.Job.Key()).Msg("a page that left could not be recorded; it will leave again")
			}
		})
	}
	all.Wait()
	return o, nil
}

// address returns whom the roster means and where they are reached, or in words
// why not.
func (w *Ways) address(j desk.Job) (person rotation.Person, to, trouble string) {
	_, id := j.Person.Split()
	p, ok := w.opt.Desk.Roster().Person(id)
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
// same pages, however often they are tried.
func (w *Ways) grant(ctx context.Context, l *line, j desk.Job, pages []desk.Paged) (desk.Grant, error) {
	var keys strings.Builder
	numbers := make([]int, 0, len(pages))
	seen := map[int]bool{}
	for _, p := range pages {
		keys.WriteString(p.Job.Key() + " ")
		if !seen[p.Job.Incident] {
			seen[p.Job.Incident] = true
			numbers = append(numbers, p.Job.Incident)
		}
	}
	if l.about == keys.String() {
		return l.grant, nil
	}
	g, err := w.opt.Desk.Grant(ctx, j.Person, j.Via, numbers)
	if err != nil {
		return desk.Grant{}, err
	}
	l.grant, l.about = g, keys.String()
	return g, nil
}

// answerable puts into a message how it is answered: by a link where there is
// an address that phones can reach, otherwise by a code.
func (w *Ways) answerable(m *notify.Message, via string, g desk.Grant) {
	switch {
	case w.opt.PublicURL == "" && via == "push":
		m.AckCode = g.Token // whoever sends it back is known by nothing else
	case w.opt.PublicURL == "":
		m.AckCode = g.Code
	case via == "voice":
		m.KeyURL = w.keyURL(g.Token)
	default:
		m.AckURL = w.opt.PublicURL + "/ack/" + g.Token
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[via] = time.Now()
}

// out reports whether a way is not to be tried.
func (w *Ways) out(via string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.breakers[via].Open(time.Now())
}

// Out returns the ways whose providers fail, for those who ask how it is.
func (w *Ways) Out() []string {
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
func (w *Ways) attempted(ctx context.Context, via string, err error) error {
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

// update tells somebody whose screen still asks that there is no need any more.
func (w *Ways) update(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	b, err := w.opt.Desk.Brief(ctx, j.Incident)
	if err != nil {
		return desk.Outcome{}, err
	}
	_, to, trouble := w.address(j)
	if trouble != "" || w.out(j.Via) {
		return desk.Outcome{}, nil // it is only a courtesy
	}
	m := notify.Message{ID: j.Receipt, To: to, Subject: w.news(b.Incident), News: true}
	if m.ID == bundled || m.ID == "" {
		m.ID = j.Key()
	}
	_, err = w.opt.Senders[j.Via].Send(ctx, m)
	if ctx.Err() != nil {
		return desk.Outcome{}, ctx.Err()
	}
	return desk.Outcome{}, w.attempted(ctx, j.Via, err)
}

// poll asks the provider what has become of a message.
func (w *Ways) poll(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	poller, ok := w.opt.Senders[j.Via].(notify.Poller)
	if !ok || desk.PollOver(j, time.Now()) {
		return desk.Outcome{}, nil
	}
	r, err := poller.Poll(ctx, j.Receipt)
	var e *notify.Error
	switch {
	case errors.As(err, &e) && e.Kind == notify.Refused:
		return desk.Outcome{Failed: e.Cause}, nil
	case err == nil && r.Level == notify.Delivered:
		return desk.Outcome{Level: desk.Delivered}, nil
	case err == nil && r.Level == notify.Seen:
		return desk.Outcome{Level: desk.Seen}, nil
	case ctx.Err() != nil:
		return desk.Outcome{}, ctx.Err()
	default:
		return desk.Outcome{}, &desk.Retry{After: 5 * time.Second, Cause: errors.New(j.Via + ": nothing to hear yet")}
	}
}

// keyURL is where the telephone provider reports a key that was pressed.
func (w *Ways) keyURL(token string) string { return w.opt.PublicURL + "/v1/twilio/voice/" + token }

// Pressed reads a report of a key pressed in a call about a token. The error
// means that it is not the provider's.
func (w *Ways) Pressed(token string, r *http.Request) (digit string, err error) {
	v, ok := w.opt.Senders["voice"].(*notify.Voice)
	if !ok {
		return "", errors.New("pressed key: there are no calls")
	}
	k, err := v.Pressed(w.keyURL(token), r)
	return k.Digit, err
}

// Speak returns what the telephone provider is to read out, and its content
// type.
func (w *Ways) Speak(text string) (body []byte, contentType string) {
	if v, ok := w.opt.Senders["voice"].(*notify.Voice); ok {
		return v.Answer(text), "text/xml; charset=utf-8"
	}
	return nil, ""
}

// route sends each job to whom it belongs.
type route struct {
	slack sender
	ways  *Ways
}

// Perform carries out a job.
func (r route) Perform(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	if !j.ByWay() {
		return r.slack.Perform(ctx, j)
	}
	if r.ways == nil {
		return desk.Outcome{Failed: "no way but Slack is configured"}, nil
	}
	return r.ways.Perform(ctx, j)
}

// briefsOf returns the incidents of a message.
func briefsOf(pages []desk.Paged) []desk.Brief {
	list := make([]desk.Brief, 0, len(pages))
	for _, p := range pages {
		list = append(list, p.Brief)
	}
	return list
}
