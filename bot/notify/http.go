package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stormbell/stormbell/bot/provider"
)

// bodyLimit is how much of an answer is read. What providers say is short, even
// a list of a hundred answers; the rest is somebody's error page.
const bodyLimit = 1 << 20

// answer is what came back from a provider.
type answer struct {
	status     int
	body       []byte
	retryAfter time.Duration
}

// ok reports whether the status is one of success.
func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// decode reads a JSON object, whatever its content type claims, and reports
// whether it is one.
func (a answer) decode(v any) bool {
	return bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("{")) && json.Unmarshal(a.body, v) == nil
}

// do performs one request within Timeout. The error is what Send returns.
func do(ctx context.Context, transport http.RoundTripper, way string, req *http.Request) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	client := http.Client{Transport: transport, CheckRedirect: provider.Stay}
	req.Header.Set("User-Agent", "Stormbell")
	resp, err := client.Do(req.WithContext(limited))
	if err != nil {
		return answer{}, broken(ctx, way, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	if err != nil {
		return answer{}, broken(ctx, way, err)
	}
	after := provider.RetryAfter(resp.Header.Get("Retry-After"), time.Now())
	return answer{resp.StatusCode, body, after}, nil
}

// under joins a path to a configured address.
func under(way, base string, elem ...string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", misconfigured(way, "the configured address is none: it begins with https://")
	}
	return u.JoinPath(elem...).String(), nil
}
