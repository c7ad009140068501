package tracker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stormbell/stormbell/bot/provider"
)

// bodyLimit is how much of an answer is read. A hundred issues with long texts fit.
const bodyLimit = 16 << 20

// client performs requests to one server.
type client struct {
	title     string
	base      *url.URL
	transport http.RoundTripper
	headers   map[string]string      // with every request; they hold the token
	nobody    func(http.Header) bool // reports whether an answer is one to somebody unknown; nil: its status says so
}

// answer is what came back from a provider.
type answer struct {
	status     int
	header     http.Header
	body       []byte
	retryAfter time.Duration
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// path is the address of something below the base. Each part is one segment, whatever
// is in it: a slash in a GitLab project's path is escaped.
func (c client) path(query url.Values, parts ...string) string {
	u := *c.base
	raw := u.EscapedPath()
	for _, p := range parts {
		raw += "/" + url.PathEscape(p)
	}
	u.Path, _ = url.PathUnescape(raw) // what was escaped above can be unescaped
	u.RawPath = raw
	u.RawQuery = query.Encode()
	return u.String()
}

// get asks, and post sends v as JSON. The answer may have any status.
func (c client) get(ctx context.Context, address string) (answer, error) {
	return c.do(ctx, http.MethodGet, address, nil)
}

func (c client) post(ctx context.Context, address string, v any) (answer, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{}, &Error{Title: c.title, Kind: Refused, Cause: "the issue cannot be written as JSON"}
	}
	return c.do(ctx, http.MethodPost, address, body)
}

// do performs one request within Timeout.
func (c client) do(ctx context.Context, method, address string, body []byte) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, &Error{Title: c.title, Kind: Misconfigured, Cause: "the configured address cannot be used"}
	}
	req.Header.Set("User-Agent", "Stormbell") // GitHub refuses requests without one
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.headers {
		req.Header.Set(name, value)
	}
	resp, err := (&http.Client{Transport: c.transport, CheckRedirect: provider.Stay}).Do(req)
	if err != nil {
		return answer{}, c.broken(ctx, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	switch {
	case err != nil:
		return answer{}, c.broken(ctx, err)
	case len(raw) > bodyLimit:
		return answer{}, c.garbled()
	}
	status := resp.StatusCode
	if c.nobody != nil && c.nobody(resp.Header) {
		status = http.StatusUnauthorized
	}
	return answer{status, resp.Header, raw, provider.RetryAfter(resp.Header.Get("Retry-After"), time.Now())}, nil
}

// each asks about one thing after another, and reports how all of them stand. One that is
// kept from us counts as not to be seen, so that it does not keep the others from being
// asked about; if it is all of them, that is the error. With any other error it returns
// what was learned before.
func each[T any](list []T, key func(T) string, ask func(T) (State, error)) (map[string]State, error) {
	states := map[string]State{}
	var hidden []string
	var refused error
	for _, x := range list {
		s, err := ask(x)
		switch e := (*Error)(nil); {
		case err == nil:
			states[key(x)] = s
		case errors.As(err, &e) && !e.Retryable() && !e.token:
			hidden, refused = append(hidden, key(x)), err
		default:
			return states, err
		}
	}
	if len(states) == 0 && refused != nil {
		return states, refused
	}
	for _, k := range hidden {
		states[k] = State{Gone: true}
	}
	return states, nil
}

// read fills v from a JSON answer, and reports what a page in its place means.
func (c client) read(a answer, v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return c.garbled()
	}
	return nil
}

// page is the address of something to look at, as a provider gave it; empty where it is
// none that may be shown as a link.
func page(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(address) > 1000 {
		return ""
	}
	return u.String()
}
