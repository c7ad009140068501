package wire

import (
	"context"
	"strings"

	"github.com/slack-go/slack"
)

// User returns what Slack knows of a user.
func (c *Client) User(ctx context.Context, id string) (user *slack.User, err error) {
	err = c.call(ctx, "users.info", func(ctx context.Context) (err error) {
		user, err = c.api.GetUserInfoContext(ctx, id)
		return err
	})
	return user, err
}

// UserByEmail returns the user with a mail address.
func (c *Client) UserByEmail(ctx context.Context, email string) (user *slack.User, err error) {
	err = c.call(ctx, "users.lookupByEmail", func(ctx context.Context) (err error) {
		user, err = c.api.GetUserByEmailContext(ctx, email)
		return err
	})
	return user, err
}

// OpenDM returns the channel of the direct messages with a user.
func (c *Client) OpenDM(ctx context.Context, user string) (string, error) {
	var dm *slack.Channel
	err := c.call(ctx, "conversations.open", func(ctx context.Context) (err error) {
		dm, _, _, err = c.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
		return err
	})
	if err != nil {
		return "", err
	}
	return dm.ID, nil
}

// Groups returns the user groups with their members.
func (c *Client) Groups(ctx context.Context) (groups []slack.UserGroup, err error) {
	err = c.call(ctx, "usergroups.list", func(ctx context.Context) (err error) {
		groups, err = c.api.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
		return err
	})
	return groups, err
}

// SetGroup makes users the members of a user group, in the place of those it has.
func (c *Client) SetGroup(ctx context.Context, id string, users []string) error {
	return c.call(ctx, "usergroups.users.update", func(ctx context.Context) error {
		_, err := c.api.UpdateUserGroupMembersContext(ctx, id, strings.Join(users, ","))
		return err
	})
}

// OpenView opens a form for whoever pressed or typed: the trigger comes with that,
// and is good for three seconds.
func (c *Client) OpenView(ctx context.Context, trigger string, view slack.ModalViewRequest) error {
	return c.call(ctx, "views.open", func(ctx context.Context) error {
		_, err := c.api.OpenViewContext(ctx, trigger, view)
		return err
	})
}

// PublishView shows a user the Home tab.
func (c *Client) PublishView(ctx context.Context, user string, view slack.HomeTabViewRequest) error {
	return c.call(ctx, "views.publish", func(ctx context.Context) error {
		_, err := c.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: view})
		return err
	})
}
