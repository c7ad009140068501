package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/web"
)

// TestEveryMetricMoves: each metric that the documentation explains is counted by
// a bot at work. One that nobody counts says that all is well for ever.
func TestEveryMetricMoves(t *testing.T) {
	w := newDocWorld(t)
	w.sh(`stormbell incident list --config stormbell.yaml
curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8080/v1/events -d '{"title": "Checkout is slow", "service": "checkout"}'
`)
	if _, err := w.space.sim.As("ada").Command("general", "/incident", "list"); err != nil {
		t.Fatal(err)
	}
	var body string
	missing := func() (names []string) {
		body = w.ask(http.MethodGet, "http://"+w.address+"/metrics", nil, http.Header{})
		for _, m := range web.List() {
			sample := "\n" + m.Name
			if m.Type == "histogram" {
				sample += "_count"
			}
			if !strings.Contains(body, sample+"{") && !strings.Contains(body, sample+" ") {
				names = append(names, m.Name)
			}
		}
		return names
	}
	for deadline := time.Now().Add(10 * time.Second); len(missing()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			io.WriteString(t.Output(), body)
			t.Fatalf("not counted by a bot at work: %v", missing())
		}
	}
}
