package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
)

var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{6,}$`)

// channel returns the ID of a channel given by name or ID. With ensure it is
// made where it does not exist; otherwise an unknown name is "".
func (s *Slack) channel(ctx context.Context, name string, ensure bool) (string, error) {
	name = strings.TrimPrefix(name, "#")
	if channelID.MatchString(name) {
		return name, nil
	}
	s.mu.Lock()
	id := s.channels[name]
	s.mu.Unlock()
	if id != "" {
		return id, nil
	}
	c, err := s.lookUp(ctx, name)
	if err != nil {
		return "", err
	}
	if c == nil && ensure {
		err := s.call(ctx, "conversations.create", func(ctx context.Context) (err error) {
			c, err = s.api.CreateConversationContext(ctx, slack.CreateConversationParams{ChannelName: name})
			return err
		})
		if slackCode(err) == "name_taken" { // somebody, or another job of ours, was quicker
			c, err = s.lookUp(ctx, name)
		}
		if err != nil {
			return "", err
		}
	}
	if c == nil {
		return "", nil
	}
	s.mu.Lock()
	s.channels[name] = c.ID
	s.mu.Unlock()
	return c.ID, nil
}

// lookUp finds a channel that the bot can see by its name; nil when there is none.
func (s *Slack) lookUp(ctx context.Context, name string) (*slack.Channel, error) {
	cursor := ""
	for {
		var channels []slack.Channel
		err := s.call(ctx, "conversations.list", func(ctx context.Context) (err error) {
			channels, cursor, err = s.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Types: []string{"public_channel", "private_channel"}, Limit: 900, Cursor: cursor})
			return err
		})
		if err != nil {
			return nil, err
		}
		for k := range channels {
			if channels[k].Name == name {
				return &channels[k], nil
			}
		}
		if cursor == "" {
			return nil, nil
		}
	}
}

// postIn posts in a channel given by name or ID, joining it where that is
// needed. A channel that a policy names and nobody has made falls back to the
// one for announcements: somebody must be told.
func (s *Slack) postIn(ctx context.Context, name string, j desk.Job, m message) (desk.Message, error) {
	id, err := s.channel(ctx, name, name == s.opt.AnnounceChannel)
	if err == nil && id == "" {
		id, err = s.channel(ctx, s.opt.AnnounceChannel, true)
	}
	if err != nil {
		return desk.Message{}, err
	}
	posted, err := s.post(ctx, id, j, m)
	if slackCode(err) != "not_in_channel" {
		if c := slackCode(err); c == "channel_not_found" || c == "is_archived" {
			s.forget(name)
		}
		return posted, err
	}
	err = s.call(ctx, "conversations.join", func(ctx context.Context) error {
		_, _, _, err := s.api.JoinConversationContext(ctx, id)
		return err
	})
	if err != nil {
		return desk.Message{}, err
	}
	return s.post(ctx, id, j, m)
}

// forget drops a channel's ID, so that it is looked up again next time.
func (s *Slack) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.channels, strings.TrimPrefix(name, "#"))
}

// respond posts to a response_url, which is a secret: it appears in no error.
// Slack takes five posts within thirty minutes; a used or expired one is no
// trouble worth repeating.
func (s *Slack) respond(ctx context.Context, url string, r reply) error {
	if url == "" {
		return nil
	}
	body, err := json.Marshal(r)
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
	resp, err := s.web.Do(req)
	if err != nil {
		s.observe("response_url", "no_answer", time.Since(start))
		return &desk.Retry{Cause: errors.New("response_url: " + plain(err))}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	result := "ok"
	if resp.StatusCode != http.StatusOK {
		result = strconv.Itoa(resp.StatusCode)
	}
	s.observe("response_url", result, time.Since(start))
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &desk.Retry{After: max(time.Duration(after)*time.Second, time.Second), Cause: errors.New("response_url: 429")}
	case resp.StatusCode >= 500:
		return &desk.Retry{Cause: errors.New("response_url: " + result)}
	default:
		return nil
	}
}

func writeJSON(w io.Writer, v any) {
	_ = json.NewEncoder(w).Encode(v) // into a hash, of blocks that we built: cannot fail
}
