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

// channelName is a channel's name as Slack has it.
func channelName(name string) string {
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if channelID.MatchString(name) {
		return name
	}
	return strings.ToLower(name)
}

// channel returns the ID of a channel given by name or ID. With ensure it is
// made where it does not exist; otherwise an unknown name is "".
func (s *Slack) channel(ctx context.Context, name string, ensure bool) (string, error) {
	name = channelName(name)
	if channelID.MatchString(name) {
		return name, nil
	}
	s.mu.Lock()
	id := s.channels[name]
	s.mu.Unlock()
	if id != "" {
		return id, nil
	}
	// One search for all who want it, or two jobs would both make it.
	found, err, _ := s.finding.Do(name, func() (any, error) { return s.findChannel(ctx, name, ensure) })
	id, _ = found.(string)
	return id, err
}

// findChannel looks a channel up, and makes it where it does not exist.
func (s *Slack) findChannel(ctx context.Context, name string, ensure bool) (string, error) {
	c, err := s.lookUp(ctx, name)
	if err == nil && c == nil && ensure {
		c, err = s.create(ctx, slack.CreateConversationParams{ChannelName: name})
		if slackCode(err) == "name_taken" { // an earlier try of ours, whose answer was lost, or somebody else
			taken := err
			if c, err = s.lookUp(ctx, name); err == nil && c == nil {
				err = taken
			}
		}
	}
	if code := slackCode(err); ensure && code != "" {
		// It is there, and cannot be seen, or channels cannot be listed. A name is as
		// good as an ID where the bot may post.
		s.log.Warn().Str("channel", name).Str("error", code).Msg("a channel cannot be found; posting by its name")
		return "#" + name, nil
	}
	if err != nil || c == nil {
		return "", err
	}
	s.mu.Lock()
	s.channels[name] = c.ID
	s.mu.Unlock()
	return c.ID, nil
}

// create makes a channel.
func (s *Slack) create(ctx context.Context, p slack.CreateConversationParams) (*slack.Channel, error) {
	var c *slack.Channel
	err := s.call(ctx, "conversations.create", func(ctx context.Context) (err error) {
		c, err = s.api.CreateConversationContext(ctx, p)
		return err
	})
	if err == nil && (c == nil || c.ID == "") {
		err = &desk.Retry{Doubtful: true, Cause: errors.New("conversations.create: an answer without a channel")}
	}
	return c, err
}

// lookUpMost is how long a channel is looked for. A workspace of a hundred
// thousand channels takes a few minutes, since Slack wants pauses in between.
const lookUpMost = 5 * time.Minute

// lookUp finds a channel that the bot can see and that is not archived by its
// name; nil when there is none. It waits in between for its turn, since
// beginning anew each time would never come to an end.
func (s *Slack) lookUp(ctx context.Context, name string) (*slack.Channel, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpMost)
	defer cancel()
	for cursor := ""; ; {
		var channels []slack.Channel
		next := ""
		err := s.call(ctx, "conversations.list", func(ctx context.Context) (err error) {
			channels, next, err = s.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
				Types: []string{"public_channel", "private_channel"}, ExcludeArchived: true, Limit: 900, Cursor: cursor})
			return err
		})
		var again *desk.Retry
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
func (s *Slack) inside(ctx context.Context, channel string, f func() error) error {
	err := f()
	if slackCode(err) != "not_in_channel" {
		return err
	}
	join := s.call(ctx, "conversations.join", func(ctx context.Context) error {
		_, _, _, err := s.api.JoinConversationContext(ctx, channel)
		return err
	})
	if slackCode(join) != "" {
		return err // not to be joined: the first error says what people can do
	}
	if join != nil {
		return join
	}
	return f()
}

// unusable are Slack's codes for a channel in which the bot cannot post, and which is
// looked up anew before the next message.
var unusable = map[string]bool{"channel_not_found": true, "is_archived": true, "not_in_channel": true, "posting_to_channel_denied": true}

// postIn posts in a channel given by name or ID. A channel that a policy names
// and that cannot be used falls back to the one for announcements: somebody must
// be told.
func (s *Slack) postIn(ctx context.Context, name string, j desk.Job, m message) (desk.Message, error) {
	main := channelName(name) == s.opt.AnnounceChannel
	id, err := s.channel(ctx, name, main)
	if err == nil && id != "" {
		var posted desk.Message
		posted, err = s.post(ctx, id, j, m)
		if unusable[slackCode(err)] {
			s.forget(name)
		}
		if err == nil {
			return posted, nil
		}
	}
	if main || err != nil && slackCode(err) == "" {
		return desk.Message{}, err
	}
	return s.postIn(ctx, s.opt.AnnounceChannel, j, m)
}

// forget drops a channel's ID, so that it is looked up again next time.
func (s *Slack) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.channels, channelName(name))
}

// respond posts to a response_url, which is a secret: it appears in no error.
// Slack takes five posts within thirty minutes; a used or expired one is no
// trouble worth repeating.
func (s *Slack) respond(ctx context.Context, url string, r reply) error {
	if url == "" {
		return nil
	}
	body, err := json.Marshal(struct {
		reply
		Replace bool `json:"replace_original"` // false keeps the message that was pressed
	}{reply: r})
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
