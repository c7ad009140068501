package wire

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestThrottle decides when a connection may be asked for, instant by instant.
func TestThrottle(t *testing.T) {
	start := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	th := &openThrottle{lines: map[string]*openLine{"a": {}, "b": {}}}
	steps := []struct {
		name string
		line string
		at   float64
		want float64 // when it may
		live float64 // and is connected then; 0: it is not
	}{
		{"the first at once", "a", 0, 0, 0.1},
		{"the second a second later", "b", 0, 1, 1.1},
		{"cut at once", "a", 5, 5, 5.1},
		{"cut again", "a", 5.2, 7, 7.1},
		{"and again", "a", 7.2, 11, 11.1},
		{"and again", "a", 11.2, 19, 0},
		{"refused", "a", 19.1, 35, 0},
		{"refused", "a", 35.1, 67, 0},
		{"refused: a minute at most", "a", 67.1, 127, 0},
		{"still a minute", "a", 127.1, 187, 187.1},
		{"the other has lived: at once", "b", 200, 200, 200.1},
		{"after a minute of life at once", "a", 260, 260, 260.1},
		{"both at the same moment", "b", 330, 330, 0},
		{"both at the same moment", "a", 330, 331, 0},
	}
	for _, step := range steps {
		if got := at(step.at).Add(th.wait(step.line, at(step.at))); !got.Equal(at(step.want)) {
			t.Errorf("%s: %s at %g s may ask at %g s, want %g s", step.name, step.line, step.at, got.Sub(start).Seconds(), step.want)
		}
		if step.live > 0 {
			th.connected(step.line, at(step.live))
		}
	}
}

// TestOpeningIsCounted: each call that asks for a socket is told of with its outcome,
// and whoever made it reads the whole answer. Other calls are told of elsewhere.
func TestOpeningIsCounted(t *testing.T) {
	answers := []struct {
		status     int
		body, want string
	}{
		{200, `{"ok":true,"url":"wss://x.example/link"}`, "ok"},
		{200, `{"ok":true,"url":"wss://x.example/` + strings.Repeat("y", 2*openedMost) + `"}`, "no_answer"},
		{200, `{"ok":false,"error":"invalid_auth"}`, "invalid_auth"},
		{200, `<html>a proxy</html>`, "no_answer"},
		{429, ``, "429"},
		{503, `down`, "slack server error: 503 Service Unavailable"},
		{0, ``, "no_answer"},
	}
	for _, a := range answers {
		var told []string
		th := &openThrottle{lines: map[string]*openLine{}, observe: func(method, result string, _ time.Duration) { told = append(told, method+" "+result) },
			next: roundTrip(func(*http.Request) (*http.Response, error) {
				if a.status == 0 {
					return nil, errors.New("no route")
				}
				return &http.Response{StatusCode: a.status, Status: fmt.Sprint(a.status, " ", http.StatusText(a.status)), Body: io.NopCloser(strings.NewReader(a.body))}, nil
			})}
		client := http.Client{Transport: th.throttled("a")}
		for _, method := range []string{openMethod, "auth.test"} {
			resp, err := client.Post("https://slack.test/api/"+method, "", nil)
			if err != nil {
				continue
			}
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != a.body {
				t.Errorf("%s: read %d bytes (%v) of %d", a.want, len(body), err, len(a.body))
			}
		}
		if len(told) != 1 || told[0] != openMethod+" "+a.want {
			t.Errorf("told of %q, want the one call with %q", told, a.want)
		}
	}
}

// TestWorseRankTakesNoTurn: a turn that was given to something urgent is not taken by
// what comes at that instant and matters less.
func TestWorseRankTakesNoTurn(t *testing.T) {
	m, now := newMethods(), time.Now()
	call := func(rank int) aCall { return aCall{method: "chat.postMessage", channel: "C1", rank: rank} }
	for range postsAtOnce {
		if wait := m.free(call(70), now); wait > 0 {
			t.Fatalf("a call within the burst waits %s", wait)
		}
	}
	late, urgent := m.free(call(70), now), m.free(call(66), now)
	if late <= 0 || urgent != late {
		t.Fatalf("the next calls wait %s and %s, want both to be told of the next turn", late, urgent)
	}
	now = now.Add(late)
	if again := m.free(call(70), now); again <= 0 {
		t.Error("the less urgent call took the turn of the other one")
	}
	if wait := m.free(call(66), now); wait > 0 {
		t.Errorf("the urgent call waits %s more at its turn", wait)
	}
	now = now.Add(2 * time.Second)
	if wait := m.free(call(70), now); wait > 0 {
		t.Errorf("the less urgent call still waits %s when nothing else does", wait)
	}
}

// TestOutageSpendsNoHours: pages that are tried every few seconds while Slack is away do
// not spend what the others may post once it is back.
func TestOutageSpendsNoHours(t *testing.T) {
	m, now := newMethods(), time.Now()
	for range 3600 {
		for n := range 50 {
			page := aCall{method: "chat.postMessage", channel: fmt.Sprint("D", n), urgent: true}
			if wait := m.free(page, now); wait > 0 {
				t.Fatalf("a page waits %s", wait)
			}
		}
		now = now.Add(time.Second)
	}
	card := aCall{method: "chat.postMessage", channel: "C1", rank: 70}
	if wait := m.free(card, now); wait > time.Minute+time.Second {
		t.Errorf("after an hour of pages a card waits %s, want no more than the minute of which Slack counts calls", wait)
	}
}
