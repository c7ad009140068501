package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// settle ends all faults and lets time pass until everything that was to happen has
// happened.
func (s *simRun) settle() {
	s.medium.faults.set(0, "", 0)
	s.calls.set(0, "", 0)
	s.sim.ClearFaults()
	s.outside.clear()
	s.say("the faults end")
	s.advance(3 * time.Hour)
}

// seenAtEnd is everything that there is at the end.
type seenAtEnd struct {
	*simRun
	now       time.Time
	wall      time.Time // as the clock of the machine shows it
	keys      map[string][]byte
	incidents []told
	state     slacksim.State
	posts     []posted
	sent      []delivery
}

// told is an incident with its timeline.
type told struct {
	incident.Incident
	events []incident.Event
}

// posted is a message that the program has posted in Slack.
type posted struct {
	slacksim.Message
	where slacksim.Channel
	at    time.Time
	mark  struct {
		Incident, Kind, Job, Target, Together, Person string
	}
}

// judge looks whether the invariants hold. Each of them has a name, and a failure says of
// which incident and why.
func (s *simRun) judge() {
	if s.script.archives() {
		s.archive()
	}
	e := &seenAtEnd{simRun: s, now: time.Now(), wall: s.wall(), keys: map[string][]byte{}, state: s.sim.State(), sent: s.everything()}
	if err := e.read(); err != nil {
		s.fail("readable", "%v", err)
		return
	}
	e.examined()
	e.nothingOverdue()
	e.nothingLeft()
	e.acknowledged()
	e.onceOnly()
	e.oneOfEach()
	e.noDoublePosts()
	e.delivered()
	e.quietAfterAnswer()
	e.escalationsEnd()
	e.wakeUps()
	e.alertsOver()
	e.drillsAlone()
	e.beatsJudged()
	e.frozen()
	e.onCallAsked()
	e.atItsPace()
	e.ticketsJudged()
	e.archived()
	e.secret()
	for _, i := range e.incidents {
		for _, ev := range i.events {
			s.trace = append(s.trace, fmt.Sprintf("%s/%d %s %s %s %s %s %s", i.Name(), ev.Seq, ev.At.UTC().Format("02 15:04:05.000"), ev.By, ev.Kind, ev.Person, ev.Via, ev.Text))
		}
	}
	for _, p := range e.posts {
		s.trace = append(s.trace, fmt.Sprintf("%s%s %s %s %s", p.where.Name, p.where.Members, p.at.UTC().Format("02 15:04:05.000"), p.mark.Kind, p.Text))
	}
	for _, d := range e.sent {
		s.trace = append(s.trace, fmt.Sprintf("%s %s %s %s", d.Via, d.To, d.At.UTC().Format("02 15:04:05.000"), d.Text))
	}
}

// read reads what there is.
func (e *seenAtEnd) read() error {
	ctx := context.Background()
	d := e.process.program.desk
	err := e.process.program.db.View(ctx, func(tx *storage.Tx) error {
		for k, v := range tx.Scan("") {
			e.keys[k] = v
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range e.under("incident/") {
		i, events, err := d.Timeline(ctx, incident.Bot, ledger.LastNumber(k))
		if err != nil {
			return err
		}
		x := told{i, events}
		e.trueTimes(&x)
		e.incidents = append(e.incidents, x)
	}
	for _, c := range e.state.Channels {
		for _, m := range c.Messages {
			if m.User != e.sim.BotUserID() {
				continue
			}
			p := posted{Message: m, where: c, at: instantOf(m.TS)}
			if m.Metadata != nil {
				if err := json.Unmarshal(m.Metadata.EventPayload, &p.mark); err != nil {
					return err
				}
			}
			e.posts = append(e.posts, p)
		}
	}
	return nil
}

func instantOf(ts string) time.Time {
	whole, rest, _ := strings.Cut(ts, ".")
	sec, _ := strconv.ParseInt(whole, 10, 64)
	micro, _ := strconv.ParseInt(rest, 10, 64)
	return time.Unix(sec, micro*1000)
}

// under returns the keys that begin with a prefix, in order.
func (e *seenAtEnd) under(prefix string) []string {
	var list []string
	for k := range e.keys {
		if strings.HasPrefix(k, prefix) {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

// paged reports whether anybody was.
func (i told) paged() bool {
	return slices.ContainsFunc(i.events, func(ev incident.Event) bool { return ev.Kind == incident.KindPaged })
}

// examined: timelines are numbered without holes, the fold equals the state, and every
// index says what the incidents say. It is what fsck proves.
func (e *seenAtEnd) examined() {
	err := e.process.program.db.View(context.Background(), func(tx *storage.Tx) error {
		x, err := alerts.Examine(tx, nil)
		for _, f := range x.Faults {
			e.fail("examined", "%s: %s", f.Key, f.What)
		}
		return err
	})
	if err != nil {
		e.fail("examined", "%v", err)
	}
}

// nothingOverdue: nothing is due in the past.
func (e *seenAtEnd) nothingOverdue() {
	before := e.wall.Add(-10 * time.Second)
	if name, since, ok := e.process.program.ledger.Overdue("", before); ok {
		e.fail("nothing overdue", "%s waits since %s", name, since)
	}
	for _, k := range e.under("wake/") {
		var r struct{ Due time.Time }
		if err := json.Unmarshal(e.keys[k], &r); err != nil || r.Due.Before(before) {
			e.fail("nothing overdue", "%s is due at %s, %v", k, r.Due, err)
		}
	}
}

// nothingLeft: every job that could be done is done, and none is given up by a mistake.
func (e *seenAtEnd) nothingLeft() {
	for _, k := range e.under("outbox/") {
		var j ledger.Job
		if err := json.Unmarshal(e.keys[k], &j); err != nil || !j.NotBefore.After(e.wall) && e.wall.Sub(j.Created) > time.Minute {
			e.fail("nothing left", "%s is a job that waits: %s", k, e.keys[k])
		}
	}
	for _, k := range e.under("stale/") {
		var r struct{ At time.Time }
		if err := json.Unmarshal(e.keys[k], &r); err != nil || e.wall.Sub(r.At) > time.Minute {
			e.fail("nothing left", "%s: %s", k, e.keys[k])
		}
	}
	for _, k := range e.under("setaside/") {
		e.fail("nothing left", "%s: %s", k, e.keys[k])
	}
}

// acknowledged: every input that was answered with success is in the record.
func (e *seenAtEnd) acknowledged() {
	for _, p := range e.model.promises {
		switch p.what {
		case "declared":
			e.declaredOnce(p)
		case "event":
			if !slices.ContainsFunc(e.incidents, func(i told) bool {
				return (i.Number == p.incident || p.incident == 0) && slices.ContainsFunc(i.events, p.is)
			}) {
				e.fail("acknowledged", "%s: %s by %s %q was answered at %s, and is not in the timeline", incident.Name(p.incident), p.kind, p.by, p.text, p.to.UTC())
			}
		case "override", "timeoff":
			e.inRoster(p)
		case "silence":
			if e.now.Sub(p.to) > 29*24*time.Hour {
				continue // those of the last 30 days are listed
			}
			list, err := e.process.program.alerts.Quiets(context.Background(), true)
			if err != nil || !strings.Contains(fmt.Sprint(list), p.text) {
				e.fail("acknowledged", "the silence %q is not there: %v", p.text, err)
			}
		}
	}
}

// is reports whether an event is what was answered.
func (p promise) is(ev incident.Event) bool {
	text := ev.Text + ev.Title
	if ev.FollowUp != nil {
		text += ev.FollowUp.Title
	}
	kind := ev.Kind
	switch {
	case kind == incident.KindHowCorrected: // it was mitigated already
		kind = incident.KindMitigated
	case p.kind == incident.KindAcknowledged && (kind == incident.KindAnsweredToo || kind == incident.KindRole): // somebody was on it already
		kind = incident.KindAcknowledged
	}
	return kind == p.kind && (ev.By == p.by || p.by == "") && strings.Contains(text, p.text) &&
		!ev.At.Before(p.from.Add(-time.Second)) && !ev.At.After(p.to.Add(time.Second))
}

func (e *seenAtEnd) declaredOnce(p promise) {
	found := 0
	for _, i := range e.incidents {
		if i.events[0].Title == p.text && (i.Number == p.incident || p.incident == 0) {
			found++
		}
	}
	if found != 1 {
		e.fail("acknowledged", "%s %q was declared, and is there %d times", incident.Name(p.incident), p.text, found)
	}
}

func (e *seenAtEnd) inRoster(p promise) {
	for _, r := range e.process.program.people.Current().Roster.Rotations {
		if slices.ContainsFunc(r.Overrides, func(o rotation.Override) bool { return o.Reason == p.text }) {
			return
		}
		if slices.ContainsFunc(r.TimeOff, func(a rotation.TimeOff) bool { return a.End.UTC().Format(time.RFC3339) == p.text }) {
			return
		}
	}
	if p.what == "timeoff" && (p.by == "person:cleo" || p.by == "person:dan") {
		return // they are in no rotation, so there is nowhere to put it
	}
	e.fail("acknowledged", "the %s of %s %q is not in the roster", p.what, p.by, p.text)
}

// onceOnly: what was sent once is there once at most, however often it was delivered.
func (e *seenAtEnd) onceOnly() {
	count := map[string]int{}
	for _, i := range e.incidents {
		for _, ev := range i.events {
			switch {
			case ev.Kind == incident.KindDeclared:
				count[ev.Title]++
			case ev.Kind == incident.KindNote && ev.From == 0, ev.Kind == incident.KindResolved:
				count[ev.Text]++
			case ev.Kind == incident.KindFollowUp && ev.FollowUp.Kind == "":
				count[ev.FollowUp.Title]++
			}
		}
	}
	for _, text := range e.model.typed {
		if count[text] > 1 {
			e.fail("once only", "%q is there %d times", text, count[text])
		}
	}
}

// oneOfEach: an incident has one channel and one card, which is pinned.
func (e *seenAtEnd) oneOfEach() {
	for _, i := range e.incidents {
		var channels []slacksim.Channel
		for _, c := range e.state.Channels {
			if strings.HasPrefix(c.Name, fmt.Sprintf("inc-%d-", i.Number)) || c.Name == fmt.Sprintf("inc-%d", i.Number) || c.ID == i.Channel {
				channels = append(channels, c)
			}
		}
		if i.Channel == "" && len(channels) == 0 {
			if i.Status.Active() && !i.NoChannel && !i.Test {
				e.fail("one of each", "%s is open and has no channel", i.Name())
			}
			continue
		}
		if len(channels) != 1 {
			e.fail("one of each", "%s has %d channels", i.Name(), len(channels))
			continue
		}
		cards := 0
		for _, p := range e.posts {
			if p.where.ID == channels[0].ID && p.mark.Kind == string(ledger.Card) {
				cards++
				if !slices.ContainsFunc(channels[0].Pins, func(x slacksim.Pin) bool { return x.TS == p.TS }) && !channels[0].IsArchived {
					e.fail("one of each", "the card of %s is not pinned", i.Name())
				}
			}
		}
		if cards != 1 {
			e.fail("one of each", "%s has %d cards", i.Name(), cards)
		}
		lines := 0
		for _, p := range e.posts {
			if p.mark.Kind == string(ledger.Announce) && p.mark.Incident == i.Name() {
				lines++
			}
		}
		if lines > 1 {
			e.fail("one of each", "%s is announced %d times", i.Name(), lines)
		}
	}
}

// noDoublePosts: what must not stand twice does not.
func (e *seenAtEnd) noDoublePosts() {
	seen := map[string]posted{}
	for _, p := range e.posts {
		kind := ledger.Kind(p.mark.Kind)
		if !kind.Known() || !kind.Row().PostsOnce || kind.Row().Marked {
			continue // a mark has no name of its own: a later mitigation has another hand-over
		}
		key := p.where.ID + " " + p.mark.Job
		if was, twice := seen[key]; twice {
			e.fail("posted once", "%s %s stands twice in %s, at %s and at %s: %.80s", p.mark.Incident, p.mark.Kind, p.where.Name, was.at.UTC(), p.at.UTC(), p.Text)
		}
		seen[key] = p
	}
}

var (
	namedRange = regexp.MustCompile(`INC-(\d+) to INC-(\d+)`)
	userOf     = map[incident.Actor]string{"person:ada": "U0ADA", "person:bob": "U0BOB", "person:cleo": "U0CLEO", "person:dan": "U0DAN"}
	phoneOf    = map[incident.Actor]string{"person:ada": "01", "person:bob": "02", "person:cleo": "03"}
)

// mentions reports whether a text names an incident.
func mentions(text string, n int) bool {
	for _, m := range namesIncident.FindAllStringSubmatch(text, -1) {
		if m[1] == strconv.Itoa(n) {
			return true
		}
	}
	for _, m := range namedRange.FindAllStringSubmatch(text, -1) {
		from, _ := strconv.Atoi(m[1])
		to, _ := strconv.Atoi(m[2])
		if from <= n && n <= to {
			return true
		}
	}
	return false
}

// delivered: whatever the record says was sent, whoever was to get it got: digests are
// complete.
func (e *seenAtEnd) delivered() {
	for _, i := range e.incidents {
		for _, ev := range i.events {
			if ev.Kind != incident.KindPaged || userOf[ev.Person] == "" {
				continue
			}
			if !e.got(i.Number, ev) {
				e.fail("delivered", "%s: the record says that %s was told by %s at %s, and no message to them names it", i.Name(), ev.Person, ev.Via, ev.At.UTC())
			}
		}
	}
}

func (e *seenAtEnd) got(n int, ev incident.Event) bool {
	if ev.Via == "slack" {
		return slices.ContainsFunc(e.posts, func(p posted) bool {
			return p.where.IsIM && slices.Contains(p.where.Members, userOf[ev.Person]) && mentions(p.Text+string(p.Blocks), n)
		})
	}
	_, id := ev.Person.Split()
	to := map[string]string{"sms": phoneOf[ev.Person], "voice": phoneOf[ev.Person], "push": "stormbell-" + id, "email": id + "@", "webhook": ""}[ev.Via]
	return slices.ContainsFunc(e.sent, func(d delivery) bool {
		return d.Via == ev.Via && strings.Contains(d.To, to) && !d.At.After(ev.At.Add(time.Second)) && d.At.After(ev.At.Add(-time.Hour)) &&
			(mentions(d.Text, n) || d.Via == "voice")
	})
}

// asks are the messages that ask somebody to answer an incident.
func (e *seenAtEnd) asks(n int) (list []struct {
	at   time.Time
	what string
}) {
	add := func(at time.Time, what string) {
		list = append(list, struct {
			at   time.Time
			what string
		}{at, what})
	}
	for _, p := range e.posts {
		if (p.mark.Kind == string(ledger.Notify) || p.mark.Kind == string(ledger.NotifyChannel)) && p.mark.Incident == incident.Name(n) {
			add(p.at, "Slack "+p.where.Name+fmt.Sprint(p.where.Members))
		}
	}
	for _, d := range e.sent {
		quiet := strings.Contains(d.Text, `"type":"news"`) || d.Via == "push" && (strings.Contains(d.Text, `"priority":1`) || strings.Contains(d.Text, `"priority":2`)) ||
			d.Via == "sms" && !ackCode.MatchString(d.Text) && !ackLink.MatchString(d.Text) // it answers a code that was sent
		several := strings.Contains(d.Text, "incidents need you")
		if several && d.Via == "sms" && !namedRange.MatchString(d.Text) && mentions(d.Text, n) || !several && !quiet && namedIn(d.Text) == n {
			add(d.At, d.Via+" "+d.To)
		}
	}
	return list
}

// stirs are the events after which somebody is asked although somebody is on it.
var stirs = []incident.Kind{incident.KindAlert, incident.KindAlertJoined, incident.KindSeverity, incident.KindSilent, incident.KindHelp, incident.KindPartJoined,
	incident.KindLapsed, incident.KindReopened, incident.KindGivenBack, incident.KindService, incident.KindInvestigate}

// quietAfterAnswer: after an acknowledgement that reached the program nobody is asked any
// more, unless something has happened since.
func (e *seenAtEnd) quietAfterAnswer() {
	const underWay = 10 * time.Second // a call that had begun
	for _, i := range e.incidents {
		for _, ask := range e.asks(i.Number) {
			k := 0
			for k < len(i.events) && !i.events[k].At.After(ask.at.Add(-underWay)) {
				k++
			}
			if k == 0 || slices.ContainsFunc(i.events[:k], func(ev incident.Event) bool {
				return slices.Contains(stirs, ev.Kind) && ask.at.Sub(ev.At) < 30*time.Minute
			}) {
				continue
			}
			was, err := incident.Fold(i.Number, i.events[:k])
			if err != nil {
				return // examined says so
			}
			soon := slices.ContainsFunc(i.events[k:], func(ev incident.Event) bool {
				return slices.Contains(stirs, ev.Kind) && !ev.At.After(ask.at)
			})
			if (was.Acked() || !was.Status.Active()) && !soon {
				e.fail("quiet after the answer", "%s is %s, %s is on it since %s, and %s was asked at %s", i.Name(), was.Status, was.AcknowledgedBy, was.Since.UTC(), ask.what, ask.at.UTC())
			}
		}
	}
}

// escalationsEnd: every escalation is answered, climbs, or is out, loudly.
func (e *seenAtEnd) escalationsEnd() {
	for _, i := range e.incidents {
		_, planned, _ := e.due(fmt.Sprintf("escalation/%s", ledger.Number(i.Number)))
		switch {
		case !i.Status.Active() || i.Acked() || i.Test:
		case i.Exhausted:
		case !planned && (i.Severity <= incident.Sev2 || i.Severity == incident.Sev3 && !i.paged()): // a sev3 asks its first step
			e.fail("escalations end", "%s: nobody is on it, it is not out, and nothing looks at it", i.Name())
		case i.Severity <= incident.Sev2 && e.now.Sub(i.events[len(i.events)-1].At) > 150*time.Minute:
			e.fail("escalations end", "%s: nobody is on it, and nothing has happened since %s", i.Name(), i.events[len(i.events)-1].At.UTC())
		}
		e.outLoudly(i)
		e.everybodyAsked(i)
		e.stepByStep(i)
	}
}

// outLoudly: when an escalation has ended unanswered, its last resort was told.
func (e *seenAtEnd) outLoudly(i told) {
	for k, ev := range i.events {
		if ev.Kind != incident.KindExhausted || ev.At.After(e.now.Add(-time.Hour)) {
			continue
		}
		if !slices.ContainsFunc(i.events[k:], func(x incident.Event) bool {
			return x.Kind == incident.KindPaged || x.Kind == incident.KindPageFailed || answers(x)
		}) {
			e.fail("escalations end", "%s: it ended unanswered at %s, and nobody was told", i.Name(), ev.At.UTC())
		}
	}
}

// answers reports whether after an event nobody needs to be asked.
func answers(ev incident.Event) bool {
	return slices.Contains([]incident.Kind{incident.KindAcknowledged, incident.KindResolved, incident.KindCancelled, incident.KindMerged, incident.KindMitigated,
		incident.KindService, incident.KindClosed, incident.KindReopened, incident.KindStep, incident.KindDrill}, ev.Kind)
}

// everybodyAsked: whomever a step decided to page was paged, unless that was not needed
// any more.
func (e *seenAtEnd) everybodyAsked(i told) {
	if i.Test {
		return
	}
	for k, ev := range i.events {
		if ev.Kind != incident.KindStep || ev.At.After(e.now.Add(-time.Hour)) {
			continue
		}
		for _, who := range ev.Calls {
			if !slices.ContainsFunc(i.events[k+1:], func(x incident.Event) bool {
				return (x.Kind == incident.KindPaged || x.Kind == incident.KindPageFailed) && x.Person == who || answers(x)
			}) && i.Severity <= incident.Sev2 {
				e.fail("escalations end", "%s: the step of %s pages %s, and nothing was sent", i.Name(), ev.At.UTC(), who)
			}
		}
	}
}

// unstirred are events after which an escalation goes on as if nothing had happened.
var unstirred = []incident.Kind{incident.KindPaged, incident.KindPageFailed, incident.KindReceipt, incident.KindChannel, incident.KindNote, incident.KindMissed, incident.KindRemark}

// stepByStep: a step of an escalation waits for its answers, also when the program was
// away: nobody could answer meanwhile. What a program that runs is late by, up to 70
// seconds, does not move what comes after.
func (e *seenAtEnd) stepByStep(i told) {
	const wait = 5*time.Minute - 70*time.Second // of the policy that waits least
	last := -1
	for k, ev := range i.events {
		switch {
		case ev.Kind == incident.KindStep && strings.HasPrefix(ev.Text, "The notification"): // another way is tried
		case ev.Kind == incident.KindStep && strings.HasPrefix(ev.Text, "Step"):
			if last >= 0 && ev.At.Sub(i.events[last].At) < wait && ev.By == incident.Bot {
				e.fail("step by step", "%s: %q comes %s after %q", i.Name(), ev.Text, ev.At.Sub(i.events[last].At), i.events[last].Text)
			}
			last = k
		case !slices.Contains(unstirred, ev.Kind), ev.Kind == incident.KindRemark && !strings.HasPrefix(ev.Text, "Nothing could be sent"):
			last = -1
		}
	}
}

// alertsOver: an alert is over only when its sender has said so, and fires as long as it
// has not.
func (e *seenAtEnd) alertsOver() {
	type record struct {
		ID, Status string
		Incident   int
	}
	stored := map[string]record{}
	fires := map[int]int{}
	belong := map[int]int{}
	for _, k := range e.under("alert/") {
		var r record
		if err := json.Unmarshal(e.keys[k], &r); err != nil {
			e.fail("alerts over", "%s: %v", k, err)
		}
		stored[r.ID] = r
		belong[r.Incident]++
		if r.Status != "over" {
			fires[r.Incident]++
		}
	}
	for _, a := range e.model.alerts {
		id := a.sender + "-" + a.key
		if a.sender == "manager" {
			id = a.key
		}
		r, known := stored[id]
		switch {
		case len(a.was) == 0:
		case !a.taken:
			e.fail("alerts over", "nobody has taken the alert %s", id)
		case !known:
			e.fail("alerts over", "the alert %s was taken, and is not there", id)
		case (r.Status != "over") != a.fires:
			e.fail("alerts over", "the sender of %s said last that it fires: %t, and the record says %q", id, a.fires, r.Status)
		}
	}
	for _, i := range e.incidents {
		if i.AlertOver && fires[i.Number] > 0 && i.Status.Active() {
			e.fail("alerts over", "%s says that its alerts are over, and %d fire", i.Name(), fires[i.Number])
		}
	}
}
