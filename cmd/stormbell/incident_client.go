package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/configs"
)

// operatorFlags are those of every command that acts through the running bot.
type operatorFlags struct {
	config string
	json   bool
}

func (f *operatorFlags) add(cmd *cobra.Command) {
	configFlag(cmd, &f.config)
	cmd.Flags().BoolVar(&f.json, "json", false, "one line of JSON")
}

// operator talks to the running bot.
type operator struct {
	address string
	token   string
	config  string // where the token is from, for words
	zone    *time.Location
	client  *http.Client

	kind  string // of a body; empty: JSON
	match string // the version that a change is made from; empty: any
	look  string // the command that shows whether something was done; empty: incident list
	tag   string // the version of what was answered last
}

// configuration reads the configuration. Of it only what operators need has to be
// there; its tokens for Slack may be missing.
func (f *operatorFlags) configuration(cmd *cobra.Command, env []string) (*configs.Config, error) {
	c, err := loadConfig(cmd, f.config, env)
	var problems configs.Problems
	if errors.As(err, &problems) {
		if present := problems.Present(); len(present) > 0 {
			return nil, present
		}
		return c, nil
	}
	return c, err
}

// operator reads where the bot is and what lets an operator in.
func (f *operatorFlags) operator(cmd *cobra.Command, env []string) (*operator, error) {
	c, err := f.configuration(cmd, env)
	if err != nil {
		return nil, err
	}
	return f.operatorOf(c)
}

// operatorOf is operator with a configuration that is read already.
func (f *operatorFlags) operatorOf(c *configs.Config) (*operator, error) {
	var err error
	o := &operator{token: c.HTTP.AdminToken.Reveal(), config: f.config, zone: c.BusinessTimeZone, client: &http.Client{Timeout: 20 * time.Second}}
	if o.config == "" {
		o.config = "the environment"
	}
	if o.token == "" {
		return nil, fmt.Errorf("http.admin_token is not set in %s; without it the bot refuses this command", o.config)
	}
	if o.address, err = reachable(c.HTTP.Listen); err != nil {
		return nil, err
	}
	return o, nil
}

// reachable returns the address at which a bot that listens on listen is
// reached from the same machine.
func reachable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("http.listen: %q is not an address; write HOST:PORT", listen)
	}
	if port == "0" {
		return "", errors.New("http.listen has the port 0, so the bot takes any free port and cannot be found; name a port")
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() && ip.To4() == nil {
		host = "::1"
	} else if host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// get asks for something and returns the answer's body.
func (o *operator) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return o.ask(ctx, http.MethodGet, path, nil)
}

// post does something, once: when the answer gets lost it is asked for again
// with the same key.
func (o *operator) post(ctx context.Context, path string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("write request: %v", err)
	}
	return o.ask(ctx, http.MethodPost, path, text)
}

func (o *operator) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	key := rand.Text()
	answer, err := o.once(ctx, method, path, body, key)
	if lost := (*lostError)(nil); errors.As(err, &lost) {
		answer, err = o.once(ctx, method, path, body, key)
	}
	return answer, err
}

// lostError is an answer that did not come, though somebody listens.
type lostError struct {
	address string
	cause   error
	look    string
}

// Error says what is not known now.
func (e *lostError) Error() string {
	return fmt.Sprintf("%s did not answer: %v; it may have been done; check with stormbell %s", e.address, e.cause, cmp.Or(e.look, "incident list"))
}

func (o *operator) once(ctx context.Context, method, path string, body []byte, key string) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://"+o.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %v", o.address, err)
	}
	q.Header.Set("Authorization", "Bearer "+o.token)
	if method != http.MethodGet {
		q.Header.Set("Content-Type", cmp.Or(o.kind, "application/json"))
		q.Header.Set("Idempotency-Key", key)
	}
	if o.match != "" {
		q.Header.Set("If-Match", o.match)
	}
	resp, err := o.client.Do(q)
	if err != nil {
		return nil, o.unreached(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, &lostError{o.address, plainly(err), o.look}
	}
	if resp.StatusCode/100 != 2 {
		return nil, o.refused(resp, answer)
	}
	o.tag = resp.Header.Get("ETag")
	return answer, nil
}

// absentError is that nobody listens where the bot should.
type absentError struct{ address, config string }

// Error says what to look at.
func (e *absentError) Error() string {
	return fmt.Sprintf("nothing answers at %s. Is the bot running (`stormbell run`)? The address is http.listen in %s, and this command must run on the same machine", e.address, e.config)
}

// unreached says what it means that no answer came.
func (o *operator) unreached(err error) error {
	var dial *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.As(err, &dial) && dial.Op == "dial":
		return &absentError{o.address, o.config}
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("interrupted; it may have been done; check with stormbell %s", cmp.Or(o.look, "incident list"))
	default:
		var address *url.Error // its text repeats the whole address
		if errors.As(err, &address) {
			err = address.Err
		}
		return &lostError{o.address, plainly(err), o.look}
	}
}

// refusedError is what the bot says against a request.
type refusedError struct {
	status int
	words  string
}

// Error returns the bot's own words.
func (e *refusedError) Error() string { return e.words }

// refused shows the words of an answer that is not 2xx.
func (o *operator) refused(resp *http.Response, body []byte) error {
	var words struct{ Error, Next string }
	if err := json.Unmarshal(body, &words); err != nil || words.Error == "" {
		return fmt.Errorf("something answers at %s (%s), but it is not Stormbell; look at http.listen in %s", o.address, resp.Status, o.config)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("the bot at %s does not accept the admin token of %s; was the bot started with another configuration?", o.address, o.config)
	}
	return &refusedError{resp.StatusCode, strings.TrimSpace(words.Error + " " + words.Next)}
}
