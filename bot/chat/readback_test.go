package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
)

// TestWithin takes for missed what was written just before nothing was heard any more: the
// bot's clock may be ahead of Slack's, and what was dealt with is known. It does not take
// what is written from when on something is heard again.
func TestWithin(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	gap := wire.Gap{From: from, To: from.Add(20 * time.Minute)}
	for after, want := range map[time.Duration]bool{-10 * time.Minute: false, -time.Minute: true, 0: true, 20 * time.Minute: true, 20*time.Minute + time.Second: false} {
		m := &slack.Message{Msg: slack.Msg{Timestamp: fmt.Sprintf("%d.000000", from.Add(after).Unix())}}
		if got := within(m, gap); got != want {
			t.Errorf("within() = %t %s after it began, want %t", got, after, want)
		}
	}
}
