package wire

import (
	"context"
	"strings"

	"github.com/slack-go/slack"
)

// Canvas puts Markdown on the bot's canvas with that ID, and returns the ID. Without one,
// or where it is gone, a channel gets one, unless it has one. That which the bot has made
// itself, without hearing of it, is taken; one that people made stays as it is:
// channel_canvas_already_exists, or free_team_canvas_tab_already_exists.
func (c *Client) Canvas(ctx context.Context, channel, id, title, markdown string) (string, error) {
	content := slack.DocumentContent{Type: "markdown", Markdown: markdown}
	if id != "" {
		if err := c.editCanvas(ctx, id, content); Code(err) != "canvas_not_found" {
			return id, err
		}
	}
	err := c.call(ctx, "conversations.canvases.create", func(ctx context.Context) (err error) {
		id, err = c.api.CreateChannelCanvasContext(ctx, channel, content, slack.CreateChannelCanvasOptionTitle(title))
		return err
	})
	if code := Code(err); code != "channel_canvas_already_exists" && code != "free_team_canvas_tab_already_exists" {
		return id, err
	}
	own, looked := c.ownCanvas(ctx, channel)
	switch {
	case looked != nil:
		return "", looked
	case own == "":
		return "", err
	}
	return own, c.editCanvas(ctx, own, content)
}

func (c *Client) editCanvas(ctx context.Context, id string, content slack.DocumentContent) error {
	return c.call(ctx, "canvases.edit", func(ctx context.Context) error {
		return c.api.EditCanvasContext(ctx, slack.EditCanvasParams{CanvasID: id, Changes: []slack.CanvasChange{{Operation: "replace", DocumentContent: content}}})
	})
}

// ownCanvas is the channel's canvas that the bot has made; empty: there is none.
func (c *Client) ownCanvas(ctx context.Context, channel string) (string, error) {
	info, err := c.info(ctx, channel)
	if err != nil || info.Properties == nil {
		return "", err
	}
	ids := []string{info.Properties.Canvas.FileId} // as Slack said it before there were tabs
	for _, tab := range info.Properties.Tabs {
		if tab.Data != nil && strings.Contains(tab.Type, "canvas") {
			ids = append(ids, tab.Data.FileID)
		}
	}
	c.mu.Lock()
	self := c.self
	c.mu.Unlock()
	for _, id := range ids {
		if id == "" {
			continue
		}
		var file *slack.File
		err := c.call(ctx, "files.info", func(ctx context.Context) (err error) {
			file, _, _, err = c.api.GetFileInfoContext(ctx, id, 1, 1)
			return err
		})
		switch {
		case err == nil && self != "" && file.User == self:
			return id, nil
		case err != nil && Code(err) == "":
			return "", err
		}
	}
	return "", nil
}
