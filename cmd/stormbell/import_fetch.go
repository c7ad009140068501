package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation/importer"
)

// account is a system whose answers can be fetched.
type account struct {
	base   string
	key    string // the variable that holds the key
	scheme string // of the header Authorization, before the key
	fetch  func(*fetcher) error
}

var accounts = map[string]account{
	"opsgenie":  {"https://api.opsgenie.com", "OPSGENIE_API_KEY", "GenieKey ", (*fetcher).opsgenie},
	"pagerduty": {"https://api.pagerduty.com", "PAGERDUTY_TOKEN", "Token token=", (*fetcher).pagerduty},

	// These run where their owner put them, so there is no base.
	"grafana-oncall": {"", "GRAFANA_ONCALL_TOKEN", "", (*fetcher).grafana},
	"goalert":        {"", "GOALERT_TOKEN", "Bearer ", (*fetcher).goalert},
}

// Patience with a system that asks to wait.
const (
	fetchTries = 8

	fetchLonger = 2 * time.Minute // no single wait is longer
)

// fetchPause is kept between two calls.
var fetchPause = 50 * time.Millisecond

// fetcher reads the answers of an account into a folder. It only ever asks: every call is
// a GET, or for GoAlert a query. An answer that is there already is not asked for again.
type fetcher struct {
	ctx           context.Context
	client        *http.Client
	base          string
	authorization string
	folder        string
	now           time.Time
	pause         time.Duration
	say           io.Writer
	heard         bool // it has answered once, so its address is right
	made, had     int
}

// newFetcher finds the key of a system, which is in the environment and nowhere else.
func newFetcher(ctx context.Context, p process, system, base, folder string) (*fetcher, func() error, error) {
	a, ok := accounts[system]
	if !ok {
		return nil, nil, fmt.Errorf("answers of %s cannot be fetched; export it as docs/moving-in.md says, and name the files", system)
	}
	key := ""
	for _, v := range p.Env {
		if name, value, _ := strings.Cut(v, "="); name == a.key {
			key = strings.TrimSpace(value)
		}
	}
	if key == "" {
		return nil, nil, fmt.Errorf("%s is not set; put a key into it that may only read", a.key)
	}
	if base == "" {
		base = a.base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, nil, fmt.Errorf("--url is to be like %s: the key is shown over https only", cmp.Or(a.base, "https://"+system+".example.com"))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, nil, fmt.Errorf("cannot make %s: %v", folder, err)
	}
	f := &fetcher{ctx: ctx, base: strings.TrimRight(base, "/"), authorization: a.scheme + key, folder: folder, now: time.Now().UTC(), pause: fetchPause, say: p.Err,
		client: &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	return f, func() error { return a.fetch(f) }, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// refusedAnswer is an answer that is an error.
type refusedAnswer struct {
	path string
	code int
}

func (e *refusedAnswer) Error() string {
	s := fmt.Sprintf("%s was answered with %d", e.path, e.code)
	if e.code == http.StatusUnauthorized || e.code == http.StatusForbidden {
		s += ": the key may not read it"
	}
	return s
}

// get returns an answer: that of an earlier run, or what the system says now, which is
// kept in the file. Only its owner may read it.
func (f *fetcher) get(path, file string) (map[string]any, error) { return f.answer(path, nil, file) }

// answer is get with a query to send.
func (f *fetcher) answer(path string, query []byte, file string) (map[string]any, error) {
	where := filepath.Join(f.folder, file)
	data, err := os.ReadFile(where)
	if err == nil {
		f.had++
		return decodeAnswer(path, data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if data, err = f.ask(path, query); err != nil {
		return nil, err
	}
	m, err := decodeAnswer(path, data)
	if err != nil {
		return nil, err
	}
	f.made++
	return m, replaceFile(where, 0o600, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// errQuery is that a query was answered with an error.
var errQuery = errors.New("a query was answered with an error: the key may not read it, or that version does not have all that is asked for")

func decodeAnswer(path string, data []byte) (map[string]any, error) {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("the answer of %s is not JSON", path)
	}
	if errs, _ := m["errors"].([]any); len(errs) > 0 {
		return nil, errQuery
	}
	return m, nil
}

// optional gets what an import can do without. That the key may not read it is said.
func (f *fetcher) optional(path, file string) (map[string]any, error) {
	m, err := f.get(path, file)
	var refused *refusedAnswer
	if errors.As(err, &refused) {
		fmt.Fprintf(f.say, "not fetched: %v\n", refused)
		return nil, nil
	}
	return m, err
}

// ask calls the system until it answers, and waits as long as it wants.
func (f *fetcher) ask(path string, query []byte) ([]byte, error) {
	name, _, _ := strings.Cut(path, "?")
	for try := 1; ; try++ {
		data, code, after, err := f.call(path, query)
		f.heard = f.heard || err == nil
		switch {
		case f.ctx.Err() != nil:
			return nil, errInterrupted
		case !f.heard:
			return nil, fmt.Errorf("it cannot be reached: %v; check the network, and --url if you gave it", err)
		case err == nil && code == http.StatusOK:
			return data, f.rest(f.pause)
		case err == nil && code != http.StatusTooManyRequests && code < 500:
			return nil, &refusedAnswer{name, code}
		case try == fetchTries && err != nil:
			return nil, fmt.Errorf("%s: %v", name, err)
		case try == fetchTries:
			return nil, &refusedAnswer{name, code}
		}
		if after <= 0 {
			after = 10 * f.pause << try // more than a minute in the end: some count calls by the minute
		}
		after = min(after, fetchLonger)
		if after >= time.Second {
			fmt.Fprintf(f.say, "%s has no answer yet: going on in %v\n", name, after)
		}
		if err := f.rest(after); err != nil {
			return nil, err
		}
	}
}

// errInterrupted is the end of a fetch that somebody has stopped.
var errInterrupted = errors.New("interrupted")

func (f *fetcher) rest(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-f.ctx.Done():
		return errInterrupted
	}
}

// call makes one call. Its error does not hold the address, nor the key.
func (f *fetcher) call(path string, query []byte) (data []byte, code int, after time.Duration, err error) {
	method := http.MethodGet
	if query != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(f.ctx, method, f.base+path, bytes.NewReader(query))
	if err != nil {
		return nil, 0, 0, errors.New("cannot be asked for")
	}
	req.Header.Set("Authorization", f.authorization)
	req.Header.Set("Accept", "application/json")
	if query != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := f.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, 0, 0, err
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(io.LimitReader(resp.Body, importer.MaxFile+1))
	if err == nil && len(data) > importer.MaxFile {
		err = errors.New("the answer is longer than 64 MiB")
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return data, resp.StatusCode, time.Duration(seconds) * time.Second, err
}

// entitiesOf are those of a list in an answer that have an ID.
func entitiesOf(m map[string]any, key string) []map[string]any {
	list, _ := m[key].([]any)
	var out []map[string]any
	for _, x := range list {
		if e, _ := x.(map[string]any); idOf(e) != "" {
			out = append(out, e)
		}
	}
	return out
}

// idOf is an ID that is fit for the name of a file.
func idOf(m map[string]any) string {
	id, _ := m["id"].(string)
	if id == "" || strings.ContainsFunc(id, func(r rune) bool {
		return !strings.ContainsRune("-_", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return ""
	}
	return id
}

// pages gets a list page by page, and returns all that it lists.
func (f *fetcher) pages(path, file, key string, more func(map[string]any) bool) ([]map[string]any, error) {
	const limit = 100
	var all []map[string]any
	for offset := 0; ; offset += limit {
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		m, err := f.get(fmt.Sprintf("%s%slimit=%d&offset=%d", path, join, limit, offset), fmt.Sprintf("%s-%d.json", file, offset))
		if err != nil {
			return nil, err
		}
		list := entitiesOf(m, key)
		all = append(all, list...)
		if !more(m) || len(list) == 0 {
			return all, nil
		}
	}
}

// fetchExport fetches the answers of an account into a folder.
func fetchExport(ctx context.Context, p process, system, base, folder string) error {
	f, fetch, err := newFetcher(ctx, p, system, base, folder)
	if err != nil {
		return err
	}
	if err := fetch(); err != nil {
		return fmt.Errorf("%v; what was fetched stays in %s, and the same command goes on from there", err, folder)
	}
	fmt.Fprintf(p.Err, "fetched %d answers into %s, %d were there already\n", f.made, folder, f.had)
	return nil
}

// opsgenie fetches everything that an import of Opsgenie reads.
func (f *fetcher) opsgenie() error {
	next := func(m map[string]any) bool {
		paging, _ := m["paging"].(map[string]any)
		address, _ := paging["next"].(string)
		return address != ""
	}
	users, err := f.pages("/v2/users", "users", "data", next)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := f.opsgenieUser(idOf(u)); err != nil {
			return err
		}
	}
	schedules, err := f.get("/v2/schedules?expand=rotation", "schedules.json")
	if err != nil {
		return err
	}
	for _, s := range entitiesOf(schedules, "data") {
		id := idOf(s)
		_, err := f.optional("/v2/schedules/"+id+"/overrides", "overrides-"+id+".json")
		_, err2 := f.optional("/v2/schedules/"+id+"/timeline?interval=2&intervalUnit=months", "timeline-"+id+".json")
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	teams, err := f.optional("/v2/teams", "teams.json")
	for _, t := range entitiesOf(teams, "data") {
		id := idOf(t)
		_, err2 := f.optional("/v2/teams/"+id, "team-"+id+".json")
		_, err3 := f.optional("/v2/teams/"+id+"/routing-rules", "routing-rules-"+id+".json")
		err = errors.Join(err, err2, err3)
	}
	for _, path := range []string{"/v2/escalations", "/v2/forwarding-rules", "/v2/integrations", "/v2/heartbeats", "/v2/maintenance", "/v2/policies/alert"} {
		_, err2 := f.optional(path, strings.ReplaceAll(path[len("/v2/"):], "/", "-")+".json")
		err = errors.Join(err, err2)
	}
	_, err2 := f.pages("/v1/services", "services", "data", next)
	var refused *refusedAnswer
	if errors.As(err2, &refused) {
		fmt.Fprintf(f.say, "not fetched: %v\n", refused)
		err2 = nil
	}
	return errors.Join(err, err2)
}

func (f *fetcher) opsgenieUser(id string) error {
	if _, err := f.optional("/v2/users/"+id+"?expand=contact", "user-"+id+".json"); err != nil {
		return err
	}
	rules, err := f.optional("/v2/users/"+id+"/notification-rules", "notification-rules-"+id+".json")
	for _, r := range entitiesOf(rules, "data") {
		_, err2 := f.optional("/v2/users/"+id+"/notification-rules/"+idOf(r), "notification-rule-"+id+"-"+idOf(r)+".json")
		err = errors.Join(err, err2)
	}
	return err
}

// pagerduty fetches everything that an import of PagerDuty reads.
func (f *fetcher) pagerduty() error {
	more := func(m map[string]any) bool {
		more, _ := m["more"].(bool)
		return more
	}
	if _, err := f.pages("/users?include%5B%5D=contact_methods&include%5B%5D=notification_rules", "users", "users", more); err != nil {
		return err
	}
	schedules, err := f.pages("/schedules", "schedules", "schedules", more)
	if err != nil {
		return err
	}
	since := f.now.Format(time.RFC3339)
	for _, s := range schedules {
		id := idOf(s)
		zone, _ := s["time_zone"].(string)
		q := url.Values{"since": {since}, "until": {f.now.AddDate(0, 3, 0).Format(time.RFC3339)}, "time_zone": {zone}}
		if _, err := f.optional("/schedules/"+id+"?"+q.Encode(), "schedule-"+id+".json"); err != nil {
			return err
		}
		q = url.Values{"since": {since}, "until": {f.now.AddDate(1, 0, 0).Format(time.RFC3339)}}
		if _, err := f.optional("/schedules/"+id+"/overrides?"+q.Encode(), "overrides-"+id+".json"); err != nil {
			return err
		}
	}
	for _, name := range []string{"teams", "escalation_policies", "services", "event_orchestrations", "business_services"} {
		key := strings.TrimPrefix(name, "event_")
		_, err := f.pages("/"+name, name, key, more)
		var refused *refusedAnswer
		if errors.As(err, &refused) {
			fmt.Fprintf(f.say, "not fetched: %v\n", refused)
		} else if err != nil {
			return err
		}
	}
	return nil
}
