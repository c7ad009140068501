package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/dispatch"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/tracker"
)

const gitHubToken = "ghp_token_of_the_test"

// gitHub is a repository at GitHub, in memory.
type gitHub struct {
	always bool     // permanent fixes are opened there by themselves
	teams  []string // whose follow-ups go there; nil: everybody's
	gone   bool     // it is not in the configuration

	line   *slacksim.Listener
	server *http.Server

	mu     sync.Mutex
	issues []*gitHubIssue
	fault  http.HandlerFunc // answers instead; nil: nothing does
	after  func()           // runs when an issue stands, before that is answered
	calls  []string
	when   []time.Time
}

type gitHubIssue struct {
	Number  int       `json:"number"`
	Title   string    `json:"title"`
	Body    string    `json:"body"`
	State   string    `json:"state"`
	Reason  string    `json:"state_reason,omitempty"`
	URL     string    `json:"html_url"`
	Created time.Time `json:"created_at"`

	deleted bool
}

func newGitHub() *gitHub {
	g := &gitHub{line: slacksim.NewListener()}
	g.server = &http.Server{Handler: g}
	go g.server.Serve(g.line)
	return g
}

func (g *gitHub) close() {
	if g == nil {
		return
	}
	g.line.Close()
	g.server.Close()
}

func (g *gitHub) places() []desk.Tracker {
	if g == nil || g.gone {
		return nil
	}
	return []desk.Tracker{{Name: "platform", Provider: "GitHub", Always: g.always, Teams: g.teams}}
}

func (g *gitHub) trackers(r *rig) *dispatch.Trackers {
	if g == nil {
		return nil
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return g.line.Dial(ctx) },
		IdleConnTimeout: 5 * time.Second}
	at, err := tracker.New(tracker.Options{Kind: tracker.GitHub, BaseURL: "http://github.test/api/v3", Project: "octo/app", Token: gitHubToken, Transport: transport})
	if err != nil {
		r.t.Fatal(err)
	}
	return dispatch.NewTrackers(dispatch.TrackersOptions{At: map[string]dispatch.At{"platform": {Tracker: at, Provider: "GitHub"}}, Zone: time.UTC, Log: r.log})
}

// ServeHTTP answers as GitHub does.
func (g *gitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls, g.when = append(g.calls, r.Method+" "+r.URL.Path), append(g.when, time.Now())
	if g.fault != nil {
		g.fault(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+gitHubToken {
		http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		return
	}
	const list = "/api/v3/repos/octo/app/issues"
	number, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, list+"/"))
	switch {
	case r.Method == http.MethodPost && r.URL.Path == list:
		i := &gitHubIssue{Number: len(g.issues) + 1, State: "open", Created: time.Now()}
		if err := json.NewDecoder(r.Body).Decode(i); err != nil || i.Title == "" {
			http.Error(w, `{"message":"Validation Failed"}`, http.StatusUnprocessableEntity)
			return
		}
		i.URL = fmt.Sprintf("https://github.test/octo/app/issues/%d", i.Number)
		g.issues = append(g.issues, i)
		if g.after != nil {
			g.after()
		}
		w.WriteHeader(http.StatusCreated)
		json.NewEncoder(w).Encode(i)
	case r.Method == http.MethodGet && r.URL.Path == list:
		all := []*gitHubIssue{}
		for n := len(g.issues) - 1; n >= 0; n-- {
			all = append(all, g.issues[n])
		}
		json.NewEncoder(w).Encode(all)
	case r.Method == http.MethodGet && r.URL.Path == "/api/v3/repos/octo/app":
		io.WriteString(w, `{"has_issues":true}`)
	case r.Method == http.MethodGet && err == nil && number > 0 && number <= len(g.issues) && g.issues[number-1].deleted:
		http.Error(w, `{"message":"This issue was deleted"}`, http.StatusGone)
	case r.Method == http.MethodGet && err == nil && number > 0 && number <= len(g.issues):
		json.NewEncoder(w).Encode(g.issues[number-1])
	default:
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
	}
}

// do changes it from outside.
func (g *gitHub) do(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
}

// is returns issue number n as it stands, or nil.
func (g *gitHub) is(n int) *gitHubIssue {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n > len(g.issues) {
		return nil
	}
	i := *g.issues[n-1]
	return &i
}

func (g *gitHub) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.issues)
}

// fails has every request answered with a status.
func (g *gitHub) fails(status int, header, value string) {
	g.do(func() {
		g.fault = func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			http.Error(w, `{"message":"`+gitHubToken+`"}`, status)
		}
	})
}
