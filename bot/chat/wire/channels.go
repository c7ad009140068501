package wire

import (
	"context"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/pattern"
)

var channelID = pattern.New(`^[CGD][A-Z0-9]{6,}$`)

// ChannelName is a channel's name as Slack has it: without # and in lower case. An
// ID in its place stays as it is.
func ChannelName(name string) string {
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if channelID.MatchString(name) {
		return name
	}
	return strings.ToLower(name)
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

// Sign is what stands above a channel: its topic and its purpose, as Slack writes
// them.
type Sign struct{ Topic, Purpose string }

// ReadSign returns what stands above a channel.
func (c *Client) ReadSign(ctx context.Context, channel string) (Sign, error) {
	found, err := c.info(ctx, channel)
	if err != nil {
		return Sign{}, err
	}
	return Sign{Topic: found.Topic.Value, Purpose: found.Purpose.Value}, nil
}

func (c *Client) info(ctx context.Context, channel string) (found *slack.Channel, err error) {
	err = c.call(ctx, "conversations.info", func(ctx context.Context) (err error) {
		found, err = c.api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: channel})
		return err
	})
	return found, err
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

// Bookmark is a link at the top of a channel.
type Bookmark struct{ ID, Title, Link string }

// Bookmarks returns the links at the top of a channel.
func (c *Client) Bookmarks(ctx context.Context, channel string) (list []Bookmark, err error) {
	err = c.inside(ctx, channel, func() error {
		return c.call(ctx, "bookmarks.list", func(ctx context.Context) error {
			list = nil
			there, err := c.api.ListBookmarksContext(ctx, channel)
			for _, b := range there {
				list = append(list, Bookmark{b.ID, b.Title, b.Link})
			}
			return err
		})
	})
	return list, err
}

// RemoveBookmark takes a link off the top of a channel.
func (c *Client) RemoveBookmark(ctx context.Context, channel, id string) error {
	return c.call(ctx, "bookmarks.remove", func(ctx context.Context) error {
		return c.api.RemoveBookmarkContext(ctx, channel, id)
	})
}

// AddBookmark puts a link at the top of a channel.
func (c *Client) AddBookmark(ctx context.Context, channel string, b Bookmark) error {
	return c.call(ctx, "bookmarks.add", func(ctx context.Context) error {
		_, err := c.api.AddBookmarkContext(ctx, channel, slack.AddBookmarkParameters{Title: b.Title, Type: "link", Link: b.Link})
		return err
	})
}

// Permalink returns the address of a message for people.
func (c *Client) Permalink(ctx context.Context, at Message) (link string, err error) {
	err = c.call(ctx, "chat.getPermalink", func(ctx context.Context) (err error) {
		link, err = c.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: at.Channel, Ts: at.TS})
		return err
	})
	return link, err
}

// SetPurpose sets a channel's purpose. Slack posts a line about it in the channel.
func (c *Client) SetPurpose(ctx context.Context, channel, purpose string) error {
	return c.call(ctx, "conversations.setPurpose", func(ctx context.Context) error {
		_, err := c.api.SetPurposeOfConversationContext(ctx, channel, purpose)
		return err
	})
}
