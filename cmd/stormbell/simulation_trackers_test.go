package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
)

// issues are a repository at GitHub.
type issues struct {
	mu   sync.Mutex
	list []*issue
}

// issue is one of them.
type issue struct {
	Number  int       `json:"number"`
	Title   string    `json:"title"`
	Body    string    `json:"body"`
	State   string    `json:"state"`
	Reason  string    `json:"state_reason,omitempty"`
	URL     string    `json:"html_url"`
	Created time.Time `json:"created_at"`

	deleted bool
}

const issuesPath = "/api/v3/repos/octo/app/issues"

// simTracker is how the program is to reach it: what is permanent goes there by itself.
func simTracker() configs.Tracker {
	return configs.Tracker{Name: "platform", Kind: "github", BaseURL: "http://github.test/api/v3", Project: "octo/app", Token: configs.NewSecret("made-up"), Export: "always"}
}

// ServeHTTP answers as GitHub does.
func (g *issues) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	number, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, issuesPath+"/"))
	switch {
	case r.Method == http.MethodPost && r.URL.Path == issuesPath:
		i := &issue{Number: len(g.list) + 1, State: "open", Created: time.Now(), URL: fmt.Sprintf("https://github.test/octo/app/issues/%d", len(g.list)+1)}
		if err := json.NewDecoder(r.Body).Decode(i); err != nil || i.Title == "" {
			http.Error(w, `{"message":"Validation Failed"}`, http.StatusUnprocessableEntity)
			return
		}
		g.list = append(g.list, i)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(i)
	case r.URL.Path == issuesPath:
		all := []*issue{}
		for n := len(g.list) - 1; n >= 0; n-- {
			all = append(all, g.list[n])
		}
		_ = json.NewEncoder(w).Encode(all)
	case err == nil && number > 0 && number <= len(g.list) && g.list[number-1].deleted:
		http.Error(w, `{"message":"This issue was deleted"}`, http.StatusGone)
	case err == nil && number > 0 && number <= len(g.list):
		_ = json.NewEncoder(w).Encode(g.list[number-1])
	case r.URL.Path == "/api/v3/repos/octo/app":
		_, _ = w.Write([]byte(`{"has_issues":true}`))
	default:
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
	}
}

// tracked is what is done about issues: a follow-up is to be opened as one, or somebody
// changes one at the tracker.
func (s *simRun) tracked(x step) {
	if x.Verb == "export" {
		if len(s.model.followUps) == 0 || x.Args["who"] == "eve" {
			return
		}
		name := s.model.followUps[len(s.model.followUps)-1-x.int("pick")%len(s.model.followUps)]
		answer := s.command(x.Args["who"], "export "+name)
		if strings.Contains(answer, name+" is being opened in") {
			s.model.exports = append(s.model.exports, name)
		}
		return
	}
	s.issues.mu.Lock()
	defer s.issues.mu.Unlock()
	if len(s.issues.list) == 0 {
		return
	}
	i := s.issues.list[len(s.issues.list)-1-x.int("pick")%len(s.issues.list)]
	s.say("  issue %d", i.Number)
	switch state := x.Args["state"]; state {
	case "gone":
		i.deleted = true
	case "odd": // a state that nobody knows is no end
		i.State, i.Reason = "triage", ""
	case "open":
		i.State, i.Reason = "open", ""
	default:
		i.State, i.Reason = "closed", state
	}
}

var issueMark = regexp.MustCompile(`<!-- [^>]*([0-9a-f]{8}-[0-9a-f-]{27})[^>]*-->`)

// ticketsJudged: a follow-up is one issue at most, what somebody was told is being opened is
// open or said to have failed, and what was closed there is over here.
func (e *seenAtEnd) ticketsJudged() {
	e.issues.mu.Lock()
	defer e.issues.mu.Unlock()
	marks := map[string]int{}
	for _, i := range e.issues.list {
		mark := issueMark.FindString(i.Body)
		if mark == "" {
			e.fail("one ticket", "the issue %d has no mark: %q", i.Number, i.Body)
		}
		if was := marks[mark]; was > 0 {
			e.fail("one ticket", "the issues %d and %d are of one follow-up: %s", was, i.Number, i.Title)
		}
		marks[mark] = i.Number
	}
	for _, i := range e.incidents {
		for _, f := range i.FollowUps {
			e.ticketJudged(i, f)
		}
	}
}

func (e *seenAtEnd) ticketJudged(i told, f incident.FollowUp) {
	again, failed := false, false
	for _, ev := range i.events {
		again = again || ev.Kind == incident.KindFollowUpAgain
		failed = failed || strings.Contains(ev.Text, "Could not open "+f.ID)
	}
	asked := false
	for _, name := range e.model.exports {
		asked = asked || name == f.ID
	}
	number := 0
	if _, text, ok := strings.Cut(f.Export.Key, "#"); ok {
		number, _ = strconv.Atoi(text)
	}
	switch {
	case asked && f.Export.Key == "" && !failed && f.Open():
		e.fail("one ticket", "somebody was told that %s is being opened, and it is not", f.ID)
	case f.Export.Key == "":
	case number < 1 || number > len(e.issues.list) || e.issues.list[number-1].Title != f.Title && !again && !strings.Contains(e.issues.list[number-1].Body, f.ID):
		e.fail("one ticket", "%s is said to be %s, which is not of it", f.ID, f.Export.Key)
	case e.issues.list[number-1].State == "closed" && !e.issues.list[number-1].deleted && f.Open() && !again:
		e.fail("one ticket", "%s was closed at the tracker, and %s is open", f.Export.Key, f.ID)
	}
}
