package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// turns lets one job at a time write a message about several incidents. Each
// shows what holds when its turn comes, so the last one is right.
type turns struct {
	mu   sync.Mutex
	list map[string]*atTurn
}

// atTurn is one message.
type atTurn struct {
	free  chan struct{} // holds a value while nobody writes
	users int           // who write or wait
	lost  bool          // it may have been posted without an answer; whoever writes knows
}

// enter waits for the turn at a message, and returns what gives it back.
func (t *turns) enter(ctx context.Context, person incident.Actor, n int) (*atTurn, func(), error) {
	key := string(person) + " " + strconv.Itoa(n)
	t.mu.Lock()
	m := t.list[key]
	if m == nil {
		m = &atTurn{free: make(chan struct{}, 1)}
		m.free <- struct{}{}
		t.list[key] = m
	}
	m.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if m.users--; m.users == 0 && !m.lost {
			delete(t.list, key)
		}
	}
	select {
	case <-m.free:
		return m, func() { m.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, nil, ctx.Err()
	}
}

// join makes a page part of the message that it shares with others, with all
// that have come for that message meanwhile.
func (s *Slack) join(ctx context.Context, j desk.Job, user string) (desk.Outcome, error) {
	turn, leave, err := s.together.enter(ctx, j.Person, j.Together)
	if err != nil {
		return desk.Outcome{}, err
	}
	defer leave()
	pages, err := s.desk.Bundle(ctx, j, time.Now())
	if err != nil || len(pages) == 0 {
		return desk.Outcome{}, err // taken back, or in the message already
	}
	t, err := s.desk.Together(ctx, j.Person, j.Together)
	if err != nil {
		return desk.Outcome{}, err
	}
	t = t.With(pages)
	briefs, err := s.briefs(ctx, t)
	if err != nil {
		return desk.Outcome{}, err
	}
	m := togetherMessage(briefs, t, s.names())
	at, rung := desk.Message{}, false
	if time.Now().Before(t.Until) { // it rings then for what has joined it
		at, err = s.editAll(ctx, t, m)
	}
	if err == nil && at.TS == "" {
		at, err = s.ring(ctx, turn, j, user, m)
		rung = true
	}
	if err != nil {
		return desk.Outcome{}, err
	}
	// That it stands is recorded first, so that what is not recorded after that
	// joins it once more, and posts nothing.
	if err := s.desk.Stands(context.WithoutCancel(ctx), j.Person, j.Together, t, rung, at); err != nil {
		return desk.Outcome{}, err
	}
	o := desk.Outcome{Message: at, Doubled: turn.lost, Seen: seen(briefs, j.Incident),
		Remark: "in one message about " + strings.Join(desk.NamesOf(t.Numbers(), 8), ", ")}
	turn.lost = false
	return s.desk.DoneTogether(ctx, j, pages, o, func(p desk.Job, err error) {
		s.log.Error().Err(err).Str("job", p.Key()).Msg("a page that left could not be recorded; it will be made again")
	}), nil
}

// bell posts a message about several incidents once more, when any of those that
// joined it since it rang still needs the person.
func (s *Slack) bell(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	turn, leave, err := s.together.enter(ctx, j.Person, j.Together)
	if err != nil {
		return desk.Outcome{}, err
	}
	defer leave()
	t, err := s.desk.Together(ctx, j.Person, j.Together)
	if err != nil {
		return desk.Outcome{}, err
	}
	briefs, err := s.briefs(ctx, t)
	if err != nil {
		return desk.Outcome{}, err
	}
	needed := slices.ContainsFunc(briefs, func(b desk.Brief) bool {
		return asks(b.Incident) && !slices.Contains(t.Rung, b.Incident.Number)
	})
	user, err := s.userOf(ctx, j.Person)
	if err != nil || !needed || user == "" {
		return desk.Outcome{}, err
	}
	at, err := s.ring(ctx, turn, j, user, togetherMessage(briefs, t, s.names()))
	if err != nil {
		return desk.Outcome{}, err
	}
	o := desk.Outcome{Message: at, Doubled: turn.lost}
	turn.lost = false
	return o, s.desk.Stands(context.WithoutCancel(ctx), j.Person, j.Together, t, true, at)
}

// ring posts the message, and remembers when it may have been posted without an
// answer: then it stands twice, and both must be told what becomes of it.
func (s *Slack) ring(ctx context.Context, turn *atTurn, j desk.Job, user string, m message) (desk.Message, error) {
	at, err := s.toPerson(ctx, user, j, m)
	var again *desk.Retry
	if errors.As(err, &again) && again.Doubtful {
		turn.lost = true
	}
	return at, err
}

// refreshTogether makes a message about several incidents show what holds,
// wherever it stands.
func (s *Slack) refreshTogether(ctx context.Context, person incident.Actor, n int) error {
	_, leave, err := s.together.enter(ctx, person, n)
	if err != nil {
		return err
	}
	defer leave()
	t, err := s.desk.Together(ctx, person, n)
	if err != nil {
		return err
	}
	briefs, err := s.briefs(ctx, t)
	if err != nil {
		return err
	}
	_, err = s.editAll(ctx, t, togetherMessage(briefs, t, s.names()))
	return err
}

// findCopies looks for further places of a message about several incidents, of
// which an earlier try left no record.
func (s *Slack) findCopies(ctx context.Context, j desk.Job, where string) error {
	found, err := s.find(ctx, where, func(x desk.Job) bool { return x.Together == j.Together })
	if err != nil || len(found) == 0 {
		return err
	}
	_, leave, err := s.together.enter(ctx, j.Person, j.Together)
	if err != nil {
		return err
	}
	t, err := s.desk.Together(ctx, j.Person, j.Together)
	if err == nil {
		err = s.desk.Stands(ctx, j.Person, j.Together, t, false, found...)
	}
	leave()
	if err != nil {
		return err
	}
	return s.refreshTogether(ctx, j.Person, j.Together)
}

// editAll makes the message show m wherever it stands, and returns the last
// place; none when it stands nowhere, or people have deleted it.
func (s *Slack) editAll(ctx context.Context, t desk.Together, m message) (desk.Message, error) {
	var last desk.Message
	for _, at := range t.Messages {
		switch err := s.edit(ctx, at, m); slackCode(err) {
		case "message_not_found", "cant_update_message":
		default:
			if err != nil {
				return desk.Message{}, err
			}
			last = at
		}
	}
	return last, nil
}

// briefs returns the incidents of the message, in order.
func (s *Slack) briefs(ctx context.Context, t desk.Together) ([]desk.Brief, error) {
	var list []desk.Brief
	for _, p := range t.Pages {
		b, err := s.desk.Brief(ctx, p.Incident)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// seen is how many events of an incident the briefs show.
func seen(briefs []desk.Brief, n int) int {
	for _, b := range briefs {
		if b.Incident.Number == n {
			return b.Incident.Events
		}
	}
	return 0
}

// asks reports whether an incident needs somebody to acknowledge it.
func asks(i incident.Incident) bool { return i.Status.Active() && !i.Acked() }

// togetherInFull is how many incidents of a message have lines of their own, and
// togetherEach how long one of them is at most: a message whose blocks have much
// more than 10,000 characters in all is refused.
const (
	togetherInFull = 10
	togetherEach   = 750
)

// togetherMessage wakes somebody for several incidents: those that need them
// come first, the worst before the others, each with its button. One button is
// for all of these.
func togetherMessage(briefs []desk.Brief, t desk.Together, n names) message {
	var asking, done []desk.Brief
	for _, b := range briefs {
		if asks(b.Incident) {
			asking = append(asking, b)
		} else {
			done = append(done, b)
		}
	}
	slices.SortStableFunc(asking, func(a, b desk.Brief) int { return cmp.Compare(a.Incident.Severity, b.Incident.Severity) })
	m := message{text: togetherNotice(asking)}
	m.blocks = []slack.Block{section("*" + togetherHead(asking) + "*")}
	room := togetherInFull
	for _, part := range []struct {
		briefs []desk.Brief
		rest   string
	}{{asking, "And "}, {done, "Taken or over: "}} {
		full := min(len(part.briefs), room)
		room -= full
		for _, b := range part.briefs[:full] {
			m.blocks = append(m.blocks, togetherLine(b, t, n))
		}
		if more := part.briefs[full:]; len(more) > 0 {
			m.blocks = append(m.blocks, section(part.rest+strings.Join(desk.NamesOf(numbers(more), len(more)), ", ")+"."))
		}
	}
	if len(asking) > 1 {
		value := strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers(asking)), " ", ","), "[]")
		label := fmt.Sprintf("Acknowledge all %d", len(asking))
		m.blocks = append(m.blocks, slack.NewActionBlock("together", button(actAckAll, value, label, slack.StylePrimary)))
	}
	return m
}

func togetherHead(asking []desk.Brief) string {
	switch len(asking) {
	case 0:
		return "None of these needs you any more."
	case 1:
		return asking[0].Incident.Name() + " needs you."
	default:
		return fmt.Sprintf("%d incidents need you.", len(asking))
	}
}

// togetherNotice is what a phone shows of the message: the worst incident, which
// comes first, and which there are.
func togetherNotice(asking []desk.Brief) string {
	if len(asking) < 2 {
		if len(asking) == 1 {
			return headline(asking[0])
		}
		return togetherHead(nil)
	}
	return fmt.Sprintf("%d incidents need you, the worst %s. All: %s", len(asking), headline(asking[0]), strings.Join(desk.NamesOf(numbers(asking), 20), ", "))
}

// togetherLine is one incident of the message.
func togetherLine(b desk.Brief, t desk.Together, n names) slack.Block {
	i := b.Incident
	b.Paging = false // whoever else was paged for each of them is too much here
	facts := []string{strings.TrimSuffix(standing(b, n), ".")}
	if b.Papers.Channel != "" {
		facts = append(facts, "<#"+b.Papers.Channel+">")
	}
	if slices.Contains(t.Pages, desk.Joined{Incident: i.Number, Resort: true}) {
		facts = append(facts, "You are told as the last resort")
	}
	text := fmt.Sprintf("*%s · %s · %s*\n%s\n%s", i.Name(), i.Severity, clip(esc(serviceName(b)), 100), clip(esc(i.Title), 250), strings.Join(facts, " · "))
	var accessory *slack.Accessory
	if asks(i) {
		accessory = slack.NewAccessory(button(actAck, strconv.Itoa(i.Number), "Acknowledge", ""))
	}
	return slack.NewSectionBlock(mrkdwn(clip(text, togetherEach)), nil, accessory, slack.SectionBlockOptionBlockID("incident_"+strconv.Itoa(i.Number)))
}

func numbers(briefs []desk.Brief) []int {
	list := make([]int, 0, len(briefs))
	for _, b := range briefs {
		list = append(list, b.Incident.Number)
	}
	return list
}

// ackAll acknowledges exactly the incidents that the button named: one that has
// come since is none of them. What the presser did not get is said.
func (s *Slack) ackAll(ctx context.Context, c desk.Caller, value string) answer {
	list := strings.Split(value, ",")
	refused := make([]string, len(list))
	var all errgroup.Group
	all.SetLimit(32) // commits made together are one
	for at, word := range list {
		n, _ := strconv.Atoi(word) // 0, which is no incident, is refused
		own := c
		if c.Key != "" {
			own.Key = key(c.Key, word)
		}
		all.Go(func() error {
			_, err := s.desk.Do(ctx, own, n, desk.Act{Verb: desk.Acknowledge})
			var r *incident.Refusal
			if err != nil && !(errors.As(err, &r) && r.Who == c.Actor) { // who has it already need not hear it
				refused[at] = s.trouble(err)
			}
			return nil
		})
	}
	_ = all.Wait() // none of them returns an error
	refused = slices.DeleteFunc(refused, func(s string) bool { return s == "" })
	if len(refused) == 0 {
		return answer{} // seen in the message that has the button
	}
	const most = 10
	if more := len(refused) - most; more > 0 {
		refused = append(refused[:most], fmt.Sprintf("And %d more.", more))
	}
	return s.told(c, ephemeral(strings.Join(refused, "\n")))
}
