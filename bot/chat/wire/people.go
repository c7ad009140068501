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

// View is a form that somebody has in front of them, as it was opened.
type View struct{ ID, Hash string }

// OpenView opens a form for whoever pressed or typed: the trigger comes with that,
// and is good for three seconds. So this must be the first call after a press.
func (c *Client) OpenView(ctx context.Context, trigger string, view slack.ModalViewRequest) (View, error) {
	var opened View
	err := c.call(ctx, "views.open", func(ctx context.Context) error {
		r, err := c.api.OpenViewContext(ctx, trigger, view)
		if err == nil {
			opened = View{ID: r.View.ID, Hash: r.View.Hash}
		}
		return err
	})
	return opened, err
}

// UpdateView changes a form, unless it is closed or has changed since it was
// opened. What was filled in stays where an input keeps its block and its action.
func (c *Client) UpdateView(ctx context.Context, opened View, view slack.ModalViewRequest) error {
	err := c.call(ctx, "views.update", func(ctx context.Context) error {
		_, err := c.api.UpdateViewContext(ctx, view, "", opened.Hash, opened.ID)
		return err
	})
	if code := Code(err); code == "hash_conflict" || code == "not_found" {
		return nil
	}
	return err
}

// PublishView shows a user the Home tab.
func (c *Client) PublishView(ctx context.Context, user string, view slack.HomeTabViewRequest) error {
	return c.call(ctx, "views.publish", func(ctx context.Context) error {
		_, err := c.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: user, View: view})
		return err
	})
}
