package wire

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// Channel is what is known of a channel.
type Channel struct {
	ID, Name, Creator string
	Created           time.Time
	Private           bool
}

func channelOf(c *slack.Channel) Channel {
	return Channel{ID: c.ID, Name: c.Name, Creator: c.Creator, Created: time.Unix(int64(c.Created), 0), Private: c.IsPrivate}
}

// absentFor is how long a name that was not found is not looked for again. Each
// search reads the list of all channels, and somebody may make the channel.
const absentFor = 10 * time.Minute

// directory knows channels by their names. Slack has no question for that: the
// list of all channels is read, once for all who look for a name at the time.
type directory struct {
	page func(ctx context.Context, cursor string) (channels []slack.Channel, next string, err error)

	mu     sync.Mutex
	known  map[string]Channel
	absent map[string]time.Time // since when a name is known to be of no channel
	walk   *walk                // that is under way
}

// walk is one reading of the list. Whoever begins it reads; whoever comes later
// adds names and waits.
type walk struct {
	began  time.Time
	seen   map[string]Channel
	wanted map[string]bool
	rank   int           // the most urgent of those who wait
	hurry  chan struct{} // holds a token when that has changed
	done   chan struct{}
	err    error // why it has ended early; read after done
}

func newDirectory(page func(context.Context, string) ([]slack.Channel, string, error)) *directory {
	return &directory{page: page, known: map[string]Channel{}, absent: map[string]time.Time{}}
}

// find returns those of the names that are channels. That a name is of none is
// believed when it was found out after since.
func (d *directory) find(ctx context.Context, since time.Time, names ...string) (map[string]Channel, error) {
	for {
		d.mu.Lock()
		found, missing := d.recall(since, names)
		if len(missing) == 0 {
			d.mu.Unlock()
			return found, nil
		}
		w, leads := d.join(missing, rankOf(ctx))
		d.mu.Unlock()
		if leads {
			if err := d.read(ctx, w); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case <-w.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		// Whoever read may have had less time, or less of a right to go first.
		if w.err != nil && !errors.Is(w.err, errTurn) && !errors.Is(w.err, errCut) {
			return nil, w.err
		}
	}
}

// errCut is why a walk has ended whose reader had no more time.
var errCut = errors.New("the search for a channel was cut short")

// recall sorts names into what is known and what must be looked for.
func (d *directory) recall(since time.Time, names []string) (found map[string]Channel, missing []string) {
	found = map[string]Channel{}
	for _, name := range names {
		c, ok := d.known[name]
		if !ok && d.walk != nil {
			c, ok = d.walk.seen[name]
		}
		at, absent := d.absent[name]
		switch {
		case ok:
			found[name] = c
		case !absent || at.Before(since):
			missing = append(missing, name)
		}
	}
	return found, missing
}

// join adds names to the walk that is under way, or to a new one, which the caller
// then leads.
func (d *directory) join(names []string, rank int) (w *walk, leads bool) {
	if w = d.walk; w == nil {
		w = &walk{began: time.Now(), seen: map[string]Channel{}, wanted: map[string]bool{}, rank: rank,
			hurry: make(chan struct{}, 1), done: make(chan struct{})}
		d.walk, leads = w, true
	}
	for _, name := range names {
		w.wanted[name] = true
	}
	if rank < w.rank {
		w.rank = rank
		select {
		case w.hurry <- struct{}{}:
		default:
		}
	}
	return w, leads
}

// lookUpMost is how long channels are looked for. A workspace of a hundred
// thousand channels takes a few minutes, since Slack wants pauses in between.
const lookUpMost = 5 * time.Minute

// read reads the list until all that is wanted was met. Once begun it waits in
// between for its turn, since beginning anew each time would never come to an end.
func (d *directory) read(ctx context.Context, w *walk) error {
	ctx, cancel := context.WithTimeout(ctx, lookUpMost)
	defer cancel()
	for cursor := ""; ; {
		d.mu.Lock()
		rank := w.rank
		d.mu.Unlock()
		channels, next, err := d.page(WithRank(ctx, rank), cursor)
		var again *Retry
		if errors.As(err, &again) && again.After > 0 && cursor != "" && w.pause(ctx, again.After) {
			continue
		}
		if err != nil && ctx.Err() != nil {
			d.end(w, errCut)
			return err
		}
		if err != nil || d.met(w, channels) || next == "" || next == cursor {
			d.end(w, err)
			return err
		}
		cursor = next
	}
}

// pause waits for the turn of the next page, but no longer when somebody more
// urgent has come. It reports whether ctx lasted so long.
func (w *walk) pause(ctx context.Context, most time.Duration) bool {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.hurry:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// met notes a page, and reports whether all that is wanted was met by now.
func (d *directory) met(w *walk, channels []slack.Channel) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for k := range channels {
		w.seen[channels[k].Name] = channelOf(&channels[k])
	}
	for name := range w.wanted {
		if _, ok := w.seen[name]; !ok {
			return false
		}
	}
	return true
}

// end ends a walk. What was asked for and is not in the whole list is absent.
func (d *directory) end(w *walk, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.known) > channelsMost {
		clear(d.known)
	}
	if len(d.absent) > channelsMost {
		clear(d.absent)
	}
	for name := range w.wanted {
		if c, ok := w.seen[name]; ok {
			d.note(c)
		} else if err == nil {
			d.absent[name] = w.began
		}
	}
	d.walk, w.err = nil, err
	close(w.done)
}

func (d *directory) note(c Channel) {
	d.known[c.Name] = c
	delete(d.absent, c.Name)
}

// add notes a channel that was made.
func (d *directory) add(c Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.note(c)
}

// peek returns what is known of a name, without asking.
func (d *directory) peek(name string) (Channel, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.known[name]
	return c, ok
}

// stand makes a channel take the place of the one with that name or ID.
func (d *directory) stand(name string, c Channel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[name] = c
}

// forget drops what is known of a name.
func (d *directory) forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.known, name)
	delete(d.absent, name)
}

// listPage is one page of the channels that the bot can see.
func (c *Client) listPage(ctx context.Context, cursor string, archived bool) (channels []slack.Channel, next string, err error) {
	err = c.call(ctx, "conversations.list", func(ctx context.Context) (err error) {
		channels, next, err = c.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Types: []string{"public_channel", "private_channel"}, ExcludeArchived: !archived, Limit: 900, Cursor: cursor})
		return err
	})
	return channels, next, err
}

// EachChannel calls f for every channel that the bot can see, archived ones too. It reads
// the whole list, which is much in a large workspace.
func (c *Client) EachChannel(ctx context.Context, f func(Channel)) error {
	for cursor := ""; ; {
		channels, next, err := c.listPage(ctx, cursor, true)
		if err != nil {
			return err
		}
		for i := range channels {
			f(channelOf(&channels[i]))
		}
		if next == "" || next == cursor {
			return nil
		}
		cursor = next
	}
}

// FindChannels returns the IDs of those of the channels, given by name or ID, that
// the bot can see, by their [ChannelName]. It reads the list of channels once for
// all of them.
func (c *Client) FindChannels(ctx context.Context, names ...string) (map[string]string, error) {
	ids := map[string]string{}
	var unknown []string
	for _, name := range names {
		switch name = ChannelName(name); {
		case channelID.MatchString(name):
			ids[name] = name
			if substitute, ok := c.directory.peek(name); ok {
				ids[name] = substitute.ID
			}
		case name != "" && !slices.Contains(unknown, name):
			unknown = append(unknown, name)
		}
	}
	found, err := c.directory.find(ctx, time.Now().Add(-absentFor), unknown...)
	for name, channel := range found {
		ids[name] = channel.ID
	}
	return ids, err
}

// FindChannel returns the ID of a channel given by name or ID; "" when there is
// none that the bot can see.
func (c *Client) FindChannel(ctx context.Context, name string) (string, error) {
	ids, err := c.FindChannels(ctx, name)
	return ids[ChannelName(name)], err
}

// LookUp returns the channel that has a name now; nil when the bot cannot see it.
func (c *Client) LookUp(ctx context.Context, name string) (*Channel, error) {
	c.Forget(name)
	found, err := c.directory.find(ctx, time.Now(), name)
	if channel, ok := found[name]; ok {
		return &channel, nil
	}
	return nil, err
}

// EnsureChannel is FindChannel for a channel that is made where it does not exist.
// One that is there and cannot be seen is returned as its name, which is as good as
// an ID where the bot may post.
func (c *Client) EnsureChannel(ctx context.Context, name string) (string, error) {
	id, err := c.FindChannel(ctx, name)
	if err != nil && Code(err) == "" || id != "" {
		return id, err
	}
	name = ChannelName(name)
	// One of all who want it, or two would both make it.
	made, err, _ := c.making.Do(name, func() (any, error) {
		channel, err := c.CreateChannel(ctx, name, false)
		if Code(err) != "name_taken" {
			return channel, err
		}
		// By an earlier try of ours, whose answer was lost, or by somebody else.
		if channel, lost := c.LookUp(ctx, name); lost != nil || channel != nil {
			return channel, lost
		}
		return nil, err
	})
	if code := Code(err); code != "" {
		c.log.Warn().Str("channel", name).Str("error", code).Msg("a channel cannot be found; posting by its name")
		return "#" + name, nil
	}
	if channel, ok := made.(*Channel); ok && channel != nil {
		id = channel.ID
	}
	return id, err
}

// CreateChannel makes a channel.
func (c *Client) CreateChannel(ctx context.Context, name string, private bool) (*Channel, error) {
	var made *slack.Channel
	err := c.call(ctx, "conversations.create", func(ctx context.Context) (err error) {
		made, err = c.api.CreateConversationContext(ctx, slack.CreateConversationParams{ChannelName: name, IsPrivate: private})
		return err
	})
	if err == nil && (made == nil || made.ID == "") {
		err = &Retry{Doubtful: true, Words: "Slack's answer made no sense; trying again", Cause: errors.New("conversations.create: an answer without a channel")}
	}
	if err != nil {
		return nil, err
	}
	channel := channelOf(made)
	c.directory.add(channel)
	return &channel, nil
}

// Forget drops the ID of a channel given by name, so that it is looked up again
// next time.
func (c *Client) Forget(name string) { c.directory.forget(ChannelName(name)) }
