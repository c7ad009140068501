package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// apiError is a refusal in Slack's words: a code and whatever goes with it.
type apiError struct {
	code     string
	messages []string // response_metadata.messages
	extra    object   // further top-level fields
}

// Error is the code.
func (e *apiError) Error() string { return e.code }

func fail(code string) *apiError { return &apiError{code: code} }

// badArgument is invalid_arguments with the reason in Slack's form.
func badArgument(message string) *apiError {
	return &apiError{code: "invalid_arguments", messages: []string{"[ERROR] " + message}}
}

// call is one Web API call being answered, under the workspace's lock.
type call struct {
	*Workspace
	args
	m     *method
	token string
	user  string // on whose behalf: the bot's user
	base  string // scheme and host of the request
	http  *http.Request
}

// verdict is how a call ended.
type verdict struct {
	status int
	header http.Header
	answer object
	html   string // instead of answer
	err    *apiError
	cut    bool // no answer at all
}

// serveAPI answers one Web API call, faults included.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	started := time.Now()
	name := strings.TrimPrefix(r.URL.Path, "/api/")
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		http.Error(rw, "request_body_too_large", http.StatusRequestEntityTooLarge)
		return
	}
	q, bad := readRequest(r, body)
	plan := w.faultFor(name)
	if plan.latency > 0 && !w.pause(r, plan.latency) {
		panic(http.ErrAbortHandler) // the caller or the workspace is gone
	}
	var v verdict
	if plan.hit != nil && !plan.hit.After {
		v = plan.hit.verdict()
	} else {
		v = w.answer(name, r, q, bad)
		if plan.hit != nil {
			v.cut = true
		}
	}
	w.mu.Lock()
	entry := Call{Kind: "api", Method: name, Args: q.args, Status: v.status, Took: time.Since(started)}
	if v.answer != nil {
		entry.Answer = mustJSON(v.answer)
	}
	if v.err != nil {
		entry.Error, entry.Problems = v.err.code, v.err.messages
	}
	if plan.hit != nil {
		entry.Verdict = "fault: " + plan.hit.describe()
	}
	w.note(entry)
	w.mu.Unlock()
	v.write(rw)
}

func (v verdict) write(rw http.ResponseWriter) {
	if v.cut {
		panic(http.ErrAbortHandler) // net/http's way to cut a connection
	}
	h := rw.Header()
	for k, list := range v.header {
		h[k] = list
	}
	h.Set("X-Slack-Req-Id", "sim")
	if v.html != "" {
		h.Set("Content-Type", "text/html; charset=utf-8")
		rw.WriteHeader(v.status)
		io.WriteString(rw, v.html)
		return
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(v.status)
	enc := json.NewEncoder(rw)
	enc.SetEscapeHTML(false)
	enc.Encode(v.answer)
}

// answer performs the call.
func (w *Workspace) answer(name string, r *http.Request, q request, bad *apiError) verdict {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := verdict{status: http.StatusOK, header: http.Header{}}
	m := w.methods[name]
	if m == nil {
		return v.refuse(fail("unknown_method"))
	}
	if bad == nil {
		bad = w.admit(m, r, q)
	}
	if bad != nil {
		return v.refuse(bad)
	}
	if m.token == botToken {
		v.header.Set("X-OAuth-Scopes", strings.Join(w.granted, ","))
		v.header.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes.all(), ","))
	}
	c := &call{Workspace: w, args: q.args, m: m, token: q.token, user: w.botUser, base: baseURL(r), http: r}
	if wait := w.overLimit(c); wait > 0 {
		v.status = http.StatusTooManyRequests
		v.header.Set("Retry-After", itoa(int((wait+time.Second-1)/time.Second)))
		return v.refuse(fail("ratelimited"))
	}
	if err := c.ready(name); err != nil {
		return v.refuse(err)
	}
	o, err := m.run(c)
	if err != nil {
		return v.refuse(err)
	}
	w.changed()
	v.answer = success(o, q.warnings)
	return v
}

// ready judges what holds for every method: scopes, arguments that must be
// there, and what the workspace keeps to its admins.
func (c *call) ready(name string) *apiError {
	if err := c.needs(c.m.scopes.all()); err != nil {
		return err
	}
	for _, arg := range c.m.required {
		if !c.has(arg) {
			return missingArgument(c.m, arg)
		}
	}
	if slices.Contains(c.opts.Restricted, name) {
		return fail("restricted_action")
	}
	return nil
}

// success is the answer of a call that went well; its own warning, if it has
// one, stands before those about the request.
func success(o object, warnings []string) object {
	if o == nil {
		o = object{}
	}
	o["ok"] = true
	if own, ok := o["warning"].(string); ok {
		warnings = append([]string{own}, warnings...)
	}
	if len(warnings) == 0 {
		return o
	}
	o["warning"] = strings.Join(warnings, ",")
	meta, _ := o["response_metadata"].(object)
	if meta == nil {
		meta = object{}
		o["response_metadata"] = meta
	}
	meta["warnings"] = warnings
	return o
}

func (v verdict) refuse(e *apiError) verdict {
	v.err = e
	v.answer = object{"ok": false, "error": e.code}
	for k, x := range e.extra {
		v.answer[k] = x
	}
	if len(e.messages) > 0 {
		v.answer["response_metadata"] = object{"messages": e.messages}
	}
	return v
}

// admit judges verb, encoding and token.
func (w *Workspace) admit(m *method, r *http.Request, q request) *apiError {
	if m.postOnly && r.Method != http.MethodPost {
		return fail("insecure_request")
	}
	if q.json && m.noJSON {
		for k := range q.args {
			delete(q.args, k) // Slack does not look at JSON there: nothing was given
		}
	}
	if m.token == noToken {
		return nil
	}
	if m.token == userToken {
		if w.signIns[q.token] == nil {
			return fail("invalid_auth")
		}
		return nil
	}
	switch token := q.token; {
	case token == "" && m.token == appToken:
		return fail("missing_args")
	case token == "":
		return fail("not_authed")
	case w.signIns[token] != nil:
		return fail("not_allowed_token_type")
	case token != w.opts.AppToken && token != w.opts.BotToken:
		return fail("invalid_auth")
	case (token == w.opts.AppToken) != (m.token == appToken):
		return fail("not_allowed_token_type")
	case w.gone:
		return fail("token_revoked")
	}
	return nil
}

// needs refuses the call unless the token holds any of the scopes.
func (c *call) needs(any []string) *apiError {
	if len(any) == 0 || slices.ContainsFunc(any, func(s string) bool { return c.scopes[s] }) {
		return nil
	}
	return &apiError{code: "missing_scope", extra: object{
		"needed": strings.Join(any, ","), "provided": strings.Join(c.granted, ",")}}
}

// missingArgument names the absent argument the way the method does.
func missingArgument(m *method, arg string) *apiError {
	if code := m.absent[arg]; code != "" {
		return fail(code)
	}
	return badArgument("missing required field: " + arg)
}

// pause waits for d; false when the caller hung up or the workspace closed.
func (w *Workspace) pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-w.done:
	}
	return false
}
