package wire

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{6,}$`)

// ChannelName is a channel's name as Slack has it: without # and in lower case. An
// ID in its place stays as it is.
func ChannelName(name string) string {
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if channelID.MatchString(name) {
		return name
	}
	return strings.ToLower(name)
}

// FindChannel returns the ID of a channel given by name or ID; "" when there is
// none that the bot can see.
func (c *Client) FindChannel(ctx context.Context, name string) (string, error) {
	return c.channel(ctx, name, false)
}

// EnsureChannel is FindChannel for a channel that is made where it does not exist.
// One that is there and cannot be seen is returned as its name.
func (c *Client) EnsureChannel(ctx context.Context, name string) (string, error) {
	return c.channel(ctx, name, true)
}

func (c *Client) channel(ctx context.Context, name string, ensure bool) (string, error) {
	name = ChannelName(name)
	if channelID.MatchString(name) {
		return name, nil
	}
	c.mu.Lock()
	id := c.channels[name]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	// One search for all who want it, or two jobs would both make it.
	found, err, _ := c.finding.Do(name, func() (any, error) { return c.findChannel(ctx, name, ensure) })
	id, _ = found.(string)
	return id, err
}

// findChannel looks a channel up, and makes it where it does not exist.
func (c *Client) findChannel(ctx context.Context, name string, ensure bool) (string, error) {
	found, err := c.LookUp(ctx, name)
	if err == nil && found == nil && ensure {
		found, err = c.CreateChannel(ctx, name, false)
		if Code(err) == "name_taken" { // an earlier try of ours, whose answer was lost, or somebody else
			taken := err
			if found, err = c.LookUp(ctx, name); err == nil && found == nil {
				err = taken
			}
		}
	}
	if code := Code(err); ensure && code != "" {
		// It is there, and cannot be seen, or channels cannot be listed. A name is as
		// good as an ID where the bot may post.
		c.log.Warn().Str("channel", name).Str("error", code).Msg("a channel cannot be found; posting by its name")
		return "#" + name, nil
	}
	if err != nil || found == nil {
		return "", err
	}
	c.mu.Lock()
	c.channels[name] = found.ID
	c.mu.Unlock()
	return found.ID, nil
}

// Forget drops the ID of a channel given by name, so that it is looked up again
// next time.
func (c *Client) Forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.channels, ChannelName(name))
}

// CreateChannel makes a channel.
func (c *Client) CreateChannel(ctx context.Context, name string, private bool) (*slack.Channel, error) {
	var made *slack.Channel
	err := c.call(ctx, "conversations.create", func(ctx context.Context) (err error) {
		made, err = c.api.CreateConversationContext(ctx, slack.CreateConversationParams{ChannelName: name, IsPrivate: private})
		return err
	})
	if err == nil && (made == nil || made.ID == "") {
		err = &Retry{Doubtful: true, Cause: errors.New("conversations.create: an answer without a channel")}
	}
	return made, err
}

// lookUpMost is how long a channel is looked for. A workspace of a hundred
// thousand channels takes a few minutes, since Slack wants pauses in between.
const lookUpMost = 5 * time.Minute

// LookUp finds a channel that the bot can see and that is not archived by its
// name; nil when there is none. It waits in between for its turn, since
// beginning anew each time would never come to an end.
func (c *Client) LookUp(ctx context.Context, name string) (*slack.Channel, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpMost)
	defer cancel()
	for cursor := ""; ; {
		var channels []slack.Channel
		next := ""
		err := c.call(ctx, "conversations.list", func(ctx context.Context) (err error) {
			channels, next, err = c.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 900, Cursor: cursor})
			return err
		})
		var again *Retry
		if errors.As(err, &again) && again.After > 0 && cursor != "" && pause(ctx, again.After) == nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		for k := range channels {
			if channels[k].Name == name {
				return &channels[k], nil
			}
		}
		if next == "" || next == cursor {
			return nil, nil
		}
		cursor = next
	}
}

// inside does something in a channel, and joins it first where Slack says that
// the bot is not in it: somebody may have taken it out.
func (c *Client) inside(ctx context.Context, channel string, f func() error) error {
	err := f()
	if Code(err) != "not_in_channel" {
		return err
	}
	join := c.call(ctx, "conversations.join", func(ctx context.Context) error {
		_, _, _, err := c.api.JoinConversationContext(ctx, channel)
		return err
	})
	if Code(join) != "" {
		return err // not to be joined: the first error says what people can do
	}
	if join != nil {
		return join
	}
	return f()
}

// Invite brings users into a channel. Slack takes a hundred at a time, and refuses
// all of them for one.
func (c *Client) Invite(ctx context.Context, channel string, users ...string) error {
	return c.inside(ctx, channel, func() error {
		return c.call(ctx, "conversations.invite", func(ctx context.Context) error {
			_, err := c.api.InviteUsersToConversationContext(ctx, channel, users...)
			return err
		})
	})
}

// SetTopic sets a channel's topic. Slack posts a line about it in the channel.
func (c *Client) SetTopic(ctx context.Context, channel, topic string) error {
	return c.inside(ctx, channel, func() error {
		return c.call(ctx, "conversations.setTopic", func(ctx context.Context) error {
			_, err := c.api.SetTopicOfConversationContext(ctx, channel, topic)
			return err
		})
	})
}

// SetPurpose sets a channel's purpose. Slack posts a line about it in the channel.
func (c *Client) SetPurpose(ctx context.Context, channel, purpose string) error {
	return c.call(ctx, "conversations.setPurpose", func(ctx context.Context) error {
		_, err := c.api.SetPurposeOfConversationContext(ctx, channel, purpose)
		return err
	})
}
