package wire

import (
	"context"

	"github.com/slack-go/slack"
)

// pageOfPeople is how many users one call lists (Slack recommends at most 200).
const pageOfPeople = 200

// Outsiders returns the users who are guests, or of another workspace, and those whose
// account is deactivated. It reads the list of all users, waiting for its turn as long as
// ctx lasts.
func (c *Client) Outsiders(ctx context.Context) (outside, gone []string, err error) {
	pages := c.api.GetUsersPaginated(slack.GetUsersOptionLimit(pageOfPeople), slack.GetUsersOptionIncludeLocale(false))
	for {
		var done bool
		err := Patiently(ctx, func() error {
			return c.call(ctx, "users.list", func(ctx context.Context) error {
				next, err := pages.Next(ctx)
				if done = next.Done(err); done {
					return nil
				}
				if err == nil {
					pages = next
				}
				return err
			})
		})
		if err != nil || done {
			return outside, gone, err
		}
		for k := range pages.Users {
			u := &pages.Users[k]
			if c.outside(u) {
				outside = append(outside, u.ID)
			}
			if u.Deleted {
				gone = append(gone, u.ID)
			}
		}
		if pages.Cursor == "" { // asking once more would be no call at all, and be counted as one
			return outside, gone, nil
		}
	}
}

// outside reports whether somebody is no member of this workspace in full.
func (c *Client) outside(u *slack.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return u.IsRestricted || u.IsUltraRestricted || u.IsStranger || c.team != "" && u.TeamID != "" && u.TeamID != c.team
}

// Members returns who is in a channel.
func (c *Client) Members(ctx context.Context, channel string) ([]string, error) {
	var list []string
	for cursor := ""; ; {
		var users []string
		var next string
		err := Patiently(ctx, func() error {
			return c.call(ctx, "conversations.members", func(ctx context.Context) (err error) {
				users, next, err = c.api.GetUsersInConversationContext(ctx, &slack.GetUsersInConversationParameters{ChannelID: channel, Cursor: cursor, Limit: pageOfPeople})
				return err
			})
		})
		if err != nil {
			return nil, err
		}
		if list = append(list, users...); next == "" || next == cursor {
			return list, nil
		}
		cursor = next
	}
}
