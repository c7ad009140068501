package chat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// homes are the Home tabs that somebody has looked at lately. They are kept up to date:
// every homesEvery those that show something else than holds are published anew, at most
// homesAtOnce of them, so that a storm costs Slack no more than a calm day.
type homes struct {
	mu     sync.Mutex
	of     map[string]*homeTab // by user of Slack
	opened chan struct{}       // told that there is one; made by once
	once   sync.Once
}

const (
	homesEvery  = 10 * time.Second
	homesAtOnce = 5
	homesMinute = time.Minute     // what depends on the time of day, such as who is on call, is looked at so often
	noteFor     = 2 * time.Minute // what a press led to is shown so long
)

// homeRank is behind everything that people wait for.
const homeRank = 2 + 4*incident.Ranks

// homeTab is the Home tab of one person.
type homeTab struct {
	user string

	busy sync.Mutex // while it is published, so that the newest view is the last one

	// The rest is under the lock of homes.
	looked    time.Time // when its reader opened it, or pressed something there
	page      int
	note      []slack.Block
	noted     time.Time
	shown     [sha256.Size]byte // what it shows, without its age
	published time.Time
}

func (h *homes) wake() chan struct{} {
	h.once.Do(func() { h.opened = make(chan struct{}, 1) })
	return h.opened
}

// tab returns the Home tab of a user that is looked at now. Where there are too many, the
// one that was looked at first is kept up to date no longer.
func (h *homes) tab(user string, looked time.Time, change func(*homeTab)) *homeTab {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.of[user]
	if t == nil {
		if h.of == nil {
			h.of = map[string]*homeTab{}
		}
		t = &homeTab{user: user}
		h.of[user] = t
	}
	t.looked = looked
	if change != nil {
		change(t)
	}
	for len(h.of) > desk.HomesMost {
		var first *homeTab
		for _, o := range h.of {
			if first == nil || o.looked.Before(first.looked) {
				first = o
			}
		}
		delete(h.of, first.user)
	}
	select {
	case h.wake() <- struct{}{}:
	default:
	}
	return t
}

// open returns the tabs that are still looked at, those that were published longest ago
// first, and forgets the others.
func (h *homes) open(now time.Time) []*homeTab {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*homeTab
	for user, t := range h.of {
		if now.Sub(t.looked) > desk.HomeFor {
			delete(h.of, user)
			continue
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *homeTab) int {
		if c := a.published.Compare(b.published); c != 0 {
			return c
		}
		return strings.Compare(a.user, b.user)
	})
	return list
}

// openedHome shows somebody their Home tab, and from then on keeps it up to date.
func (s *Slack) openedHome(ctx context.Context, user string) {
	if err := s.desk.HomeOpened(ctx, user); err != nil {
		s.log.Warn().Err(err).Msg("that somebody opened their Home tab is not recorded")
	}
	s.publishHome(ctx, s.homes.tab(user, time.Now(), func(t *homeTab) { t.page, t.note = 0, nil }))
}

// homeAddress is where somebody is answered who pressed something on their Home tab, since
// Slack gives no response_url there.
const homeAddress = "home:"

// noteAtHome says on somebody's Home tab what their press led to.
func (s *Slack) noteAtHome(ctx context.Context, user string, r reply) {
	note := []slack.Block{section(r.Text)}
	if r.Blocks != nil && len(r.Blocks.BlockSet) <= homeNotes {
		note = r.Blocks.BlockSet
	}
	note = append(slices.Clip(note), slack.NewDividerBlock())
	now := time.Now()
	s.publishHome(ctx, s.homes.tab(user, now, func(t *homeTab) { t.note, t.noted = note, now }))
}

// turnedHome shows another page of the open incidents.
func (s *Slack) turnedHome(user string, page int) answer {
	return answer{after: func(ctx context.Context) {
		s.publishHome(ctx, s.homes.tab(user, time.Now(), func(t *homeTab) { t.page, t.note = page, nil }))
	}}
}

// publishHome shows a Home tab as it is now, for somebody who waits for it.
func (s *Slack) publishHome(ctx context.Context, t *homeTab) {
	if _, err := s.putHome(ctx, t, true, func(f func() error) error { return wire.Patiently(ctx, f) }); err != nil {
		s.log.Warn().Str("error", wire.Plain(err)).Msg("a Home tab could not be shown")
	}
}

// errBusy is why a Home tab was not looked at: it is being published.
var errBusy = errors.New("it is being published")

// putHome publishes a Home tab, always or where it shows something else than holds.
func (s *Slack) putHome(ctx context.Context, t *homeTab, always bool, calling func(func() error) error) (put bool, err error) {
	if always {
		t.busy.Lock()
	} else if !t.busy.TryLock() {
		return false, errBusy
	}
	defer t.busy.Unlock()
	h, err := s.homeOf(ctx, t)
	if err != nil {
		return false, err
	}
	view := homeView(h)
	var b bytes.Buffer
	writeJSON(&b, view.Blocks.BlockSet[:len(view.Blocks.BlockSet)-1]) // without how old it is
	sum := sha256.Sum256(b.Bytes())
	s.homes.mu.Lock()
	same := t.shown == sum
	s.homes.mu.Unlock()
	if same && !always {
		return false, nil
	}
	if err := calling(func() error { return s.wire.PublishView(ctx, t.user, view) }); err != nil {
		return false, err
	}
	s.homes.mu.Lock()
	t.shown, t.published = sum, time.Now()
	s.homes.mu.Unlock()
	return true, nil
}

// homeOf reads what somebody's Home tab shows now.
func (s *Slack) homeOf(ctx context.Context, t *homeTab) (home, error) {
	who := s.people.Current().Actor(t.user)
	caller := desk.Caller{Actor: who}
	h := home{reader: who, roster: s.people.Current().Roster, names: s.names(), now: time.Now(), opt: s.opt,
		outsider: s.desk.May(caller, incident.DoWork) != nil}
	var gone []string
	for n := range h.roster.Rotations {
		gone = append(gone, s.goneOf(&h.roster.Rotations[n], h.now)...)
	}
	h.gone = s.goneWords(gone)
	s.homes.mu.Lock()
	if t.note != nil && h.now.Sub(t.noted) > noteFor {
		t.note = nil
	}
	h.page, h.note = t.page, t.note
	s.homes.mu.Unlock()
	var err error
	if h.active, err = s.desk.Active(ctx, who); err != nil {
		return h, err
	}
	if h.followUps, _, err = s.desk.FollowUps(ctx, who, desk.FollowUpQuery{Person: who}); err != nil {
		return h, err
	}
	if s.desk.May(caller, incident.DoOperate) == nil {
		h.health = s.health(ctx, h.now)
	}
	return h, nil
}

// keepHomes keeps the Home tabs up to date that somebody looks at, until ctx ends.
func (s *Slack) keepHomes(ctx context.Context) error {
	looks, err := s.desk.HomesOpen(ctx)
	if err != nil {
		s.log.Warn().Err(err).Msg("whose Home tab is open cannot be read; each is shown again when it is opened")
	}
	for _, l := range looks {
		s.homes.tab(l.User, l.At, nil)
	}
	changes, again, looked := -1, false, time.Time{}
	for {
		if len(s.homes.open(time.Now())) == 0 {
			select {
			case <-s.homes.wake():
			case <-ctx.Done():
				return nil
			}
		}
		if !passed(ctx, homesEvery) {
			return nil
		}
		now, count := time.Now(), s.desk.Changes()
		if count == changes && !again && now.Sub(looked) < homesMinute {
			continue
		}
		again = count != changes // what is counted may be readable only a moment later
		left := s.refreshHomes(ctx, now)
		changes, again, looked = count, again || left, now
	}
}

// refreshHomes publishes the Home tabs that show something else than holds, and reports
// whether some of them are left for the next time.
func (s *Slack) refreshHomes(ctx context.Context, now time.Time) (left bool) {
	if s.Connected() == 0 {
		return true // Slack is away, and would not take it
	}
	budget := homesAtOnce
	for _, t := range s.homes.open(now) {
		if budget == 0 {
			return true
		}
		calling, cancel := context.WithTimeout(wire.WithRank(ctx, homeRank), homesEvery)
		put, err := s.putHome(calling, t, false, func(f func() error) error { return f() })
		cancel()
		switch {
		case err != nil && ctx.Err() == nil:
			left = true
			budget--
			s.log.Debug().Str("error", wire.Plain(err)).Msg("a Home tab is not up to date; it is tried again")
		case put:
			budget--
		}
	}
	return left
}
