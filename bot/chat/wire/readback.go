package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Pin is a message that is pinned in a channel.
type Pin struct {
	By      string // who pinned it
	At      time.Time
	Message slack.Message
}

// Pins returns what is pinned in a channel, a hundred messages at most. slack-go leaves
// out who has pinned it.
func (c *Client) Pins(ctx context.Context, channel string) ([]Pin, error) {
	var found struct {
		Items []struct {
			Type    string        `json:"type"`
			Created int64         `json:"created"`
			By      string        `json:"created_by"`
			Message slack.Message `json:"message"`
		} `json:"items"`
	}
	err := c.call(ctx, "pins.list", func(ctx context.Context) error {
		return c.ask(ctx, "pins.list", url.Values{"channel": {channel}}, &found)
	})
	var pins []Pin
	for _, x := range found.Items {
		if x.Type == "message" && x.Message.Timestamp != "" {
			pins = append(pins, Pin{By: x.By, At: time.Unix(x.Created, 0).UTC(), Message: x.Message})
		}
	}
	return pins, err
}

// ask calls a method that slack-go does not have, or of whose answer it leaves things
// out. Its errors are those of slack-go.
func (c *Client) ask(ctx context.Context, method string, args url.Values, answer any) error {
	args.Set("token", c.opt.BotToken)
	base := slack.APIURL
	if c.opt.APIURL != "" {
		base = strings.TrimSuffix(c.opt.APIURL, "/") + "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+method, strings.NewReader(args.Encode()))
	if err != nil {
		return errors.New(method + ": not an address")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := c.web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		after, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // without one a second is waited
		return &slack.RateLimitedError{RetryAfter: time.Duration(after) * time.Second}
	case resp.StatusCode != http.StatusOK:
		return slack.StatusCodeError{Code: resp.StatusCode, Status: resp.Status}
	}
	var raw json.RawMessage
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&raw); err != nil {
		return err
	}
	var verdict slack.SlackResponse
	if err := json.Unmarshal(raw, &verdict); err != nil {
		return err
	}
	if err := verdict.Err(); err != nil {
		return err
	}
	return json.Unmarshal(raw, answer)
}

// Limits of what is read of a channel afterwards.
const (
	sincePages   = 3
	sincePage    = 200
	sinceThreads = 10
	threadMost   = 200
)

// Since returns what was written in a channel and in its threads since an instant, each
// with its reactions: of a channel the newest sincePages of sincePage messages, of the
// threads those that have answers since answered. It waits for its turn as long as ctx
// lasts, but for the first call.
func (c *Client) Since(ctx context.Context, channel string, from, answered time.Time) ([]slack.Message, error) {
	var all []slack.Message
	cursor := ""
	for range sincePages {
		var page *slack.GetConversationHistoryResponse
		look := func() error {
			return c.call(ctx, "conversations.history", func(ctx context.Context) (err error) {
				page, err = c.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
					ChannelID: channel, Limit: sincePage, Cursor: cursor, Oldest: stamp(from)})
				return err
			})
		}
		var err error
		if cursor == "" {
			err = look()
		} else {
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
	threads := 0
	for _, m := range all[:len(all):len(all)] {
		if m.ReplyCount == 0 || m.LatestReply < stamp(answered) || threads == sinceThreads {
			continue
		}
		threads++
		var replies []slack.Message
		err := Patiently(ctx, func() error {
			return c.call(ctx, "conversations.replies", func(ctx context.Context) (err error) {
				replies, _, _, err = c.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
					ChannelID: channel, Timestamp: m.Timestamp, Oldest: stamp(from), Limit: threadMost})
				return err
			})
		})
		if err != nil {
			return nil, err
		}
		for _, r := range replies {
			if r.Timestamp != m.Timestamp {
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// stamp is an instant as Slack writes it in a ts.
func stamp(t time.Time) string {
	return fmt.Sprintf("%010d.%06d", t.Unix(), t.Nanosecond()/1000)
}
