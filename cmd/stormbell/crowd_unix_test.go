//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// crowdRoster pages one person by push and by webhook.
const crowdRoster = `
people:
  - {id: elif, name: Elif Kaya, slack: U0ELIF, rules: {high: [{via: push}, {via: webhook}]}}
teams:
  - {id: payments, name: Payments, members: [elif], lead: elif}
policies:
  - {id: payments, steps: [{notify: [person:elif], wait: 10m}], last_resort: [person:elif]}
services:
  - {id: checkout, name: Checkout, kind: product, team: payments, policy: payments}
defaults: {service: checkout, policy: payments}
`

// TestIdleConnectionsHoldUpNothing lets far more strangers hold a connection
// than the program may open files, and then sends an alert: it is taken in, the
// pages leave, and whoever watches is answered.
func TestIdleConnectionsHoldUpNothing(t *testing.T) {
	const files, strangers = 256, 450
	paged := make(chan string, 10)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/hook" {
			paged <- "webhook"
			return
		}
		var m struct{ Topic string }
		_ = json.Unmarshal(body, &m) // what is no message has no topic
		if m.Topic != "" {
			paged <- "push"
		}
		fmt.Fprintf(w, `{"id":"x","event":"message","topic":%q}`, m.Topic)
	}))
	defer provider.Close()
	lab := newLabWith(t, []byte(crowdRoster), fmt.Sprintf("notify: {ntfy: {url: '%[1]s'}, webhook: {url: '%[1]s/hook'}}\n", provider.URL))
	lab.exec = func(args ...string) *exec.Cmd { return limited(files, args...) }
	lab.start()

	for range strangers {
		c, err := net.Dial("tcp", lab.http)
		if err != nil {
			t.Fatalf("a stranger cannot connect: %v", err)
		}
		defer c.Close()
		// One request each, which needs no key, makes the connection an idle one,
		// which may wait longest. It is not answered where there is no room.
		_ = c.SetDeadline(time.Now().Add(100 * time.Millisecond))
		fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", lab.http)
		_, _ = bufio.NewReader(c).ReadString('\n')
	}

	// For a machine that is busy; the strangers' connections would end after 75 s.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, q := range []struct{ method, path, body string }{
		{http.MethodGet, "/healthz", ""},
		{http.MethodPost, "/v1/incidents", `{"title":"payments fail","severity":"sev1"}`},
	} {
		r, err := http.NewRequestWithContext(ctx, q.method, "http://"+lab.http+q.path, strings.NewReader(q.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+labToken)
		r.Header.Set("Idempotency-Key", "crowd")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("%s %s with %d idle connections: %v", q.method, q.path, strangers, err)
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 2 {
			t.Fatalf("%s %s with %d idle connections: %s", q.method, q.path, strangers, resp.Status)
		}
	}
	missing := map[string]bool{"push": true, "webhook": true}
	for len(missing) > 0 {
		select {
		case via := <-paged:
			delete(missing, via)
		case <-ctx.Done():
			t.Fatalf("not paged within 30 s while %d connections idle: %v", strangers, missing)
		}
	}
}

// limited starts the program with as many files as it may open, and no more.
func limited(files int, args ...string) *exec.Cmd {
	script := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, files)
	return exec.Command("/bin/sh", append([]string{"-c", script, os.Args[0]}, args...)...)
}
