package chat

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/ledger"
)

// channel returns the ID of a channel given by name or ID. The one for
// announcements is made where it does not exist; another unknown name is "".
func (s *Slack) channel(ctx context.Context, name string) (string, error) {
	if wire.ChannelName(name) == s.opt.AnnounceChannel {
		return s.wire.EnsureChannel(ctx, name)
	}
	return s.wire.FindChannel(ctx, name)
}

// unusable are Slack's codes for a channel in which the bot cannot post, and which is
// looked up anew before the next message.
var unusable = map[string]bool{"channel_not_found": true, "is_archived": true, "not_in_channel": true, "posting_to_channel_denied": true}

// postIn posts in a channel given by name or ID. A channel that a policy names
// and that cannot be used falls back to the one for announcements: somebody must
// be told.
func (s *Slack) postIn(ctx context.Context, name string, j ledger.Job, m message) (ledger.Message, error) {
	main := wire.ChannelName(name) == s.opt.AnnounceChannel
	id, err := s.channel(ctx, name)
	if err == nil && id != "" {
		var posted ledger.Message
		posted, err = s.post(ctx, id, j, m)
		if unusable[wire.Code(err)] {
			if main {
				return s.postAnew(ctx, id, j, m, err)
			}
			s.wire.Forget(name)
		}
		if err == nil {
			return posted, nil
		}
	}
	if main || err != nil && wire.Code(err) == "" {
		return ledger.Message{}, err
	}
	return s.postIn(ctx, s.opt.AnnounceChannel, j, m)
}

// respond answers somebody by a response_url, or on their Home tab.
func (s *Slack) respond(ctx context.Context, url string, r reply) error {
	if user, ok := strings.CutPrefix(url, homeAddress); ok {
		s.noteAtHome(ctx, user, r)
		return nil
	}
	return s.wire.Respond(ctx, url, struct {
		reply
		Replace bool `json:"replace_original"` // false keeps the message that was pressed; without it Slack replaces that
	}{r, r.Replaces})
}

func writeJSON(w io.Writer, v any) {
	_ = json.NewEncoder(w).Encode(v) // into a hash, of blocks that we built: cannot fail
}
