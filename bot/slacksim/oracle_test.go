package slacksim

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Slack checks blocks for anybody, without a token (blocks.validate). Whoever
// has a network can hold our validator against it:
//
//	go test ./bot/slacksim -run TestOracle -oracle https://slack.com/api/
//
// Without the flag the same payloads go through the simulated workspace's own
// blocks.validate, so that the test is known to work.
var oracle = flag.String("oracle", "", "the base `URL` of a Web API whose blocks.validate is asked")

// oracleCases are payloads at a limit and one beyond it.
var oracleCases = []struct {
	name, argument string
	payload        any
}{
	{"section", "blocks", l{m{"type": "section", "text": md("hello")}}},
	{"section of 3000", "blocks", l{m{"type": "section", "text": md(strings.Repeat("a", 3000))}}},
	{"section of 3001", "blocks", l{m{"type": "section", "text": md(strings.Repeat("a", 3001))}}},
	{"section of nothing", "blocks", l{m{"type": "section"}}},
	{"section of an empty text", "blocks", l{m{"type": "section", "text": md("")}}},
	{"header of 150", "blocks", l{m{"type": "header", "text": plainText(strings.Repeat("a", 150))}}},
	{"header of 151", "blocks", l{m{"type": "header", "text": plainText(strings.Repeat("a", 151))}}},
	{"header in mrkdwn", "blocks", l{m{"type": "header", "text": md("hello")}}},
	{"10 fields", "blocks", l{m{"type": "section", "fields": several(10, md("a"))}}},
	{"11 fields", "blocks", l{m{"type": "section", "fields": several(11, md("a"))}}},
	{"10 in a context", "blocks", l{m{"type": "context", "elements": several(10, md("a"))}}},
	{"11 in a context", "blocks", l{m{"type": "context", "elements": several(11, md("a"))}}},
	{"button of 75", "blocks", l{m{"type": "actions", "elements": l{labelled(75, 2000)}}}},
	{"button of 76", "blocks", l{m{"type": "actions", "elements": l{labelled(76, 2000)}}}},
	{"button with a value of 2001", "blocks", l{m{"type": "actions", "elements": l{labelled(75, 2001)}}}},
	{"no action", "blocks", l{m{"type": "actions", "elements": l{}}}},
	{"two of an action_id", "blocks", l{m{"type": "actions", "elements": l{labelled(1, 1), labelled(1, 1)}}}},
	{"50 blocks", "blocks", several(50, m{"type": "divider"})},
	{"51 blocks", "blocks", several(51, m{"type": "divider"})},
	{"unknown block", "blocks", l{m{"type": "marquee"}}},
	{"modal", "view", titled(24, m{"type": "divider"})},
	{"modal with a title of 25", "view", titled(25, m{"type": "divider"})},
	{"modal with an input and no submit", "view", lacking(titled(5, question()), "submit")},
	{"modal with an input", "view", titled(5, question())},
	{"home", "view", m{"type": "home", "blocks": l{m{"type": "divider"}}}},
}

func md(s string) m { return m{"type": "mrkdwn", "text": s} }

func several(n int, v any) l {
	list := l{}
	for range n {
		list = append(list, v)
	}
	return list
}

func labelled(text, value int) m {
	return m{"type": "button", "action_id": "a", "text": plainText(strings.Repeat("b", text)), "value": strings.Repeat("v", value)}
}

func titled(title int, block m) m {
	return m{"type": "modal", "title": plainText(strings.Repeat("t", title)), "submit": plainText("Go"), "blocks": l{block}}
}

func question() m {
	return m{"type": "input", "label": plainText("What"), "element": m{"type": "plain_text_input", "action_id": "x"}}
}

func lacking(v m, key string) m {
	delete(v, key)
	return v
}

// TestOracle compares verdicts: which payloads are refused, and where.
func TestOracle(t *testing.T) {
	base := *oracle
	if base == "" {
		w, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		server := httptest.NewServer(w)
		defer server.Close()
		base = server.URL + "/api/"
	}
	client := &http.Client{Timeout: 20 * time.Second}
	refused := 0
	for _, c := range oracleCases {
		ours := validate(t, c.payload)
		if len(ours) > 0 {
			refused++
		}
		resp, err := client.PostForm(base+"blocks.validate", url.Values{c.argument: {string(asJSON(t, c.payload))}})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var theirs struct {
			OK     bool   `json:"ok"`
			Error  string `json:"error"`
			Errors []struct {
				Pointer string `json:"pointer"`
				Message string `json:"message"`
			} `json:"errors"`
		}
		if err := json.Unmarshal(body, &theirs); err != nil {
			t.Fatalf("%s: blocks.validate answered %s: %v", c.name, body, err)
		}
		if theirs.OK != (len(ours) == 0) {
			t.Errorf("%s: blocks.validate says ok %v %s; our validator says %v", c.name, theirs.OK, body, ours)
			continue
		}
		for _, e := range theirs.Errors {
			if e.Pointer != "" && !slices.ContainsFunc(ours, func(p Problem) bool { return strings.HasSuffix(p.Pointer, e.Pointer) }) {
				t.Errorf("%s: blocks.validate points at %s (%s); our validator at %v", c.name, e.Pointer, e.Message, ours)
			}
		}
		if *oracle != "" {
			time.Sleep(time.Second) // a guest's pace
		}
	}
	if refused == 0 || refused == len(oracleCases) {
		t.Errorf("%d of %d payloads are refused, want some of both kinds", refused, len(oracleCases))
	}
}
