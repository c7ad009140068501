package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/slack-go/slack"
)

// Message is where a message stands.
type Message struct {
	Channel string
	TS      string
}

// Post posts a message in a channel, or to a user, and joins the channel first
// where the bot is not in it.
func (c *Client) Post(ctx context.Context, channel string, options ...slack.MsgOption) (Message, error) {
	var posted Message
	err := c.inside(ctx, channel, func() error {
		return c.callIn(ctx, "chat.postMessage", channel, func(ctx context.Context) (err error) {
			posted.Channel, posted.TS, err = c.api.PostMessageContext(ctx, channel, options...)
			return err
		})
	})
	return posted, err
}

// PostEphemeral posts a message in a channel that one user sees.
func (c *Client) PostEphemeral(ctx context.Context, channel, user string, options ...slack.MsgOption) error {
	return c.call(ctx, "chat.postEphemeral", func(ctx context.Context) error {
		_, err := c.api.PostEphemeralContext(ctx, channel, user, options...)
		return err
	})
}

// Update makes a message of the bot's own say something else.
func (c *Client) Update(ctx context.Context, at Message, options ...slack.MsgOption) error {
	return c.call(ctx, "chat.update", func(ctx context.Context) error {
		_, _, _, err := c.api.UpdateMessageContext(ctx, at.Channel, at.TS, options...)
		return err
	})
}

// Pin pins a message. One that is pinned already is no trouble.
func (c *Client) Pin(ctx context.Context, at Message) error {
	err := c.call(ctx, "pins.add", func(ctx context.Context) error {
		return c.api.AddPinContext(ctx, at.Channel, slack.NewRefToMessage(at.Channel, at.TS))
	})
	if Code(err) == "already_pinned" {
		return nil
	}
	return err
}

// lookBack is how many pages of a hundred messages are looked through.
const lookBack = 5

// History returns a channel's latest messages, the newest first.
func (c *Client) History(ctx context.Context, channel string) ([]slack.Message, error) {
	var all []slack.Message
	cursor := ""
	for range lookBack {
		var page *slack.GetConversationHistoryResponse
		look := func() error {
			return c.inside(ctx, channel, func() error {
				return c.call(ctx, "conversations.history", func(ctx context.Context) (err error) {
					page, err = c.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
						ChannelID: channel, Limit: 100, Cursor: cursor, IncludeAllMetadata: true})
					return err
				})
			})
		}
		// Begun is half done: giving up after the first page would spend the budget on
		// first pages for ever, and never come to the end.
		err := look()
		if cursor != "" && errors.Is(err, errTurn) {
			err = Patiently(ctx, look)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, page.Messages...)
		if cursor = page.ResponseMetaData.NextCursor; cursor == "" || !page.HasMore {
			break
		}
	}
	return all, nil
}

// Read returns one message of a channel, or of a thread in it; nil when there is
// none. Where the bot may post without being there, it joins to read.
func (c *Client) Read(ctx context.Context, at Message) (*slack.Message, error) {
	var found []slack.Message
	err := c.inside(ctx, at.Channel, func() error {
		return c.call(ctx, "conversations.replies", func(ctx context.Context) (err error) {
			found, _, _, err = c.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
				ChannelID: at.Channel, Timestamp: at.TS, // comes after its thread's parent, which is always there
				Oldest: at.TS, Latest: at.TS, Inclusive: true, Limit: 2})
			return err
		})
	})
	for k := range found {
		if found[k].Timestamp == at.TS {
			return &found[k], err
		}
	}
	return nil, err
}

// Respond posts to a response_url, which is a secret: it appears in no error.
// Slack takes five posts within thirty minutes; a used or expired one is no
// trouble worth repeating.
func (c *Client) Respond(ctx context.Context, url string, message any) error {
	if url == "" {
		return nil
	}
	body, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("response_url: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return errors.New("response_url: not an address")
	}
	req.Header.Set("Content-Type", "application/json")
	start := time.Now()
	resp, err := c.web.Do(req)
	if err != nil {
		c.observe("response_url", "no_answer", time.Since(start))
		return &Retry{Cause: errors.New("response_url: " + Plain(err))}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	result := "ok"
	if resp.StatusCode != http.StatusOK {
		result = strconv.Itoa(resp.StatusCode)
	}
	c.observe("response_url", result, time.Since(start))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &Retry{After: max(time.Duration(after)*time.Second, time.Second), Cause: errors.New("response_url: 429")}
	case resp.StatusCode >= 500:
		return &Retry{Cause: errors.New("response_url: " + result)}
	default:
		return nil
	}
}

// File is what is shared as a file.
type File struct {
	Name, Title string
	Alt         string // what an image shows, for those who do not see it; at most 1,000 characters
	Content     string // any bytes
	// Draw makes the content when its turn has come, where that takes time: while Slack
	// cannot be reached it is not called. Nil: Content is there already.
	Draw func() (string, error)
}

// Upload shares files in a channel, all of them in one message.
func (c *Client) Upload(ctx context.Context, channel string, files ...File) error {
	var uploaded []slack.FileSummary
	for _, f := range files {
		id, err := c.upload(ctx, f)
		if err != nil {
			return err
		}
		uploaded = append(uploaded, slack.FileSummary{ID: id, Title: f.Title})
	}
	return c.inside(ctx, channel, func() error {
		return c.call(ctx, "files.completeUploadExternal", func(ctx context.Context) error {
			_, err := c.api.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{Files: uploaded, Channel: channel})
			return err
		})
	})
}

// upload brings a file to Slack, where nobody sees it yet, and returns its ID.
func (c *Client) upload(ctx context.Context, f File) (_ string, err error) {
	if f.Draw != nil {
		if f.Content, err = f.Draw(); err != nil {
			return "", err
		}
	}
	var slot *slack.GetUploadURLExternalResponse
	err = c.call(ctx, "files.getUploadURLExternal", func(ctx context.Context) (err error) {
		slot, err = c.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: f.Name, FileSize: len(f.Content), AltTxt: f.Alt})
		return err
	})
	if err != nil {
		return "", err
	}
	return slot.FileID, c.call(ctx, "upload", func(ctx context.Context) error {
		return c.api.UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: slot.UploadURL, Content: f.Content, Filename: f.Name})
	})
}

// Delete removes a message of the bot's own. One that is gone already is no trouble.
func (c *Client) Delete(ctx context.Context, at Message) error {
	err := c.call(ctx, "chat.delete", func(ctx context.Context) error {
		_, _, err := c.api.DeleteMessageContext(ctx, at.Channel, at.TS)
		return err
	})
	if Code(err) == "message_not_found" {
		return nil
	}
	return err
}
