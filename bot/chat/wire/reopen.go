package wire

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/slack-go/slack"
)

// Unarchive opens an archived channel again, and reports whether it was archived.
// Slack lets a bot do so only where it is still a member.
func (c *Client) Unarchive(ctx context.Context, channel string) (was bool, err error) {
	err = c.call(ctx, "conversations.unarchive", func(ctx context.Context) error {
		return c.api.UnArchiveConversationContext(ctx, channel)
	})
	if Code(err) == "not_archived" {
		return false, nil
	}
	return err == nil, err
}

// Reopened is a channel that can be posted in again.
type Reopened struct {
	ID   string // another one than before: a substitute
	Anew bool   // it was opened or made just now
}

// substitutes is how many names are tried for a substitute.
const substitutes = 9

// ErrNotArchived is why [Client.Reopen] does nothing: what keeps the bot from posting
// in the channel is something else, such as that it is private and nobody has
// invited the bot.
var ErrNotArchived = errors.New("the channel is not archived, or the bot cannot see it")

// Reopen finds a way to go on posting in an archived channel, given by name or ID,
// that could not be posted in under the ID that it was: it is opened again, or a
// channel of the same name with a number takes its place until it is forgotten.
func (c *Client) Reopen(ctx context.Context, name, was string) (Reopened, error) {
	name = ChannelName(name)
	v, err, _ := c.making.Do("reopen "+name, func() (any, error) {
		if known, ok := c.directory.peek(name); ok && known.ID != was {
			return Reopened{ID: known.ID}, nil // somebody else was quicker
		}
		archived, err := c.archived(ctx, name, was)
		if err != nil {
			return Reopened{}, err
		}
		opened, err := c.Unarchive(ctx, archived.ID)
		if err == nil || Code(err) == "" {
			c.Forget(name)
			return Reopened{ID: archived.ID, Anew: opened}, err
		}
		return c.substitute(ctx, name, archived)
	})
	r, _ := v.(Reopened)
	return r, err
}

// archived returns the channel, if it is archived. One that is known by its name
// only is looked for in the list of all channels, archived ones too.
func (c *Client) archived(ctx context.Context, name, was string) (*slack.Channel, error) {
	if channelID.MatchString(was) {
		found, err := c.info(ctx, was)
		if err == nil && !found.IsArchived || Code(err) != "" {
			err = ErrNotArchived
		}
		return found, err
	}
	for cursor := ""; ; {
		var channels []slack.Channel
		next := ""
		err := Patiently(ctx, func() (err error) {
			channels, next, err = c.listPage(ctx, cursor, true)
			return err
		})
		if err != nil {
			return nil, err
		}
		for k := range channels {
			if channels[k].Name == name && channels[k].IsArchived {
				return &channels[k], nil
			}
		}
		if next == "" || next == cursor {
			return nil, ErrNotArchived
		}
		cursor = next
	}
}

// substitute finds or makes the channel that takes the place of another. Nobody may
// see more in it than before: it is private where the other one is.
func (c *Client) substitute(ctx context.Context, name string, other *slack.Channel) (Reopened, error) {
	taken := error(ErrNotArchived)
	for n := 2; n <= substitutes; n++ {
		candidate := other.Name + "-" + strconv.Itoa(n)
		found, err := c.directory.find(ctx, time.Now().Add(-absentFor), candidate)
		if err != nil && Code(err) == "" {
			return Reopened{}, err
		}
		channel, there := found[candidate]
		if there && channel.Private != other.IsPrivate {
			continue
		}
		if !there {
			made, err := c.CreateChannel(ctx, candidate, other.IsPrivate)
			if Code(err) == "name_taken" {
				taken = err
				continue
			}
			if err != nil {
				return Reopened{}, err
			}
			channel = *made
		}
		c.directory.stand(name, channel)
		return Reopened{ID: channel.ID, Anew: !there}, nil
	}
	return Reopened{}, taken
}
