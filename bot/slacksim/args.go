package slacksim

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxBody   = 4 << 20  // of a Web API call
	maxUpload = 64 << 20 // of a file
)

// args are a call's arguments whatever way they came: as in a form, arrays
// and objects are JSON text. What is absent or null has no entry.
type args map[string]string

func (a args) str(name string) string { return a[name] }

// yes reads a boolean; Slack takes 1 and true, and their opposites.
func (a args) yes(name string) bool {
	v := strings.ToLower(a[name])
	return v == "true" || v == "1"
}

// has tells whether the argument was given and is not empty.
func (a args) has(name string) bool { return a[name] != "" }

// list reads a comma list, spaces around the commas allowed.
func (a args) list(name string) []string {
	var out []string
	for _, s := range strings.Split(a[name], ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// number reads an integer and falls back when the argument is absent; false
// means that it is not a number.
func (a args) number(name string, absent int) (int, bool) {
	if !a.has(name) {
		return absent, true
	}
	n, err := strconv.Atoi(a[name])
	return n, err == nil
}

// request is one HTTP request, read.
type request struct {
	args     args
	token    string
	json     bool     // the arguments came as JSON
	warnings []string // missing_charset, superfluous_charset
}

// readRequest takes the arguments and the token from wherever Slack accepts
// them: the header or a form body for the token, never the query or JSON
// (Slack: Web API, "Request body").
func readRequest(r *http.Request, body []byte) (request, *apiError) {
	q := request{args: args{}}
	if r.Method == http.MethodGet || len(body) == 0 {
		q.take(r.URL.Query())
	}
	var bad *apiError
	if r.Method != http.MethodGet && len(body) > 0 {
		bad = q.readBody(r.Header.Get("Content-Type"), body)
	}
	delete(q.args, "token")
	for name := range q.args {
		if code := argNameProblem(name); code != "" && bad == nil {
			bad = fail(code)
		}
	}
	if h := r.Header.Get("Authorization"); h != "" {
		token, isToken := strings.CutPrefix(h, "Bearer ")
		id, secret, isClient := r.BasicAuth()
		switch {
		case isToken:
			q.token = strings.TrimSpace(token)
		case isClient: // how an OAuth library names the app
			q.args["client_id"], q.args["client_secret"] = id, secret
		default:
			return q, fail("invalid_auth")
		}
	}
	return q, bad
}

// argNameProblem judges an argument's name: letters, digits, underscores, and
// no PHP-style arrays.
func argNameProblem(name string) string {
	if strings.ContainsAny(name, "[]") {
		return "invalid_array_arg"
	}
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if odd || name == "" || len(name) > 100 {
		return "invalid_arg_name"
	}
	return ""
}

func (q *request) readBody(contentType string, body []byte) *apiError {
	if contentType == "" {
		return fail("missing_post_type")
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fail("invalid_post_type")
	}
	charset := strings.ToLower(params["charset"])
	if charset != "" && charset != "utf-8" && charset != "iso-8859-1" {
		return fail("invalid_charset")
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		if charset != "" {
			q.warnings = append(q.warnings, "superfluous_charset")
		}
		v, err := url.ParseQuery(string(body))
		if err != nil {
			return fail("invalid_form_data")
		}
		q.token = v.Get("token")
		q.take(v)
	case "multipart/form-data":
		r := http.Request{Method: http.MethodPost, Header: http.Header{"Content-Type": {contentType}},
			Body: io.NopCloser(bytes.NewReader(body))}
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return fail("invalid_form_data")
		}
		v := url.Values(r.MultipartForm.Value)
		q.token = v.Get("token")
		q.take(v)
	case "application/json":
		if charset == "" {
			q.warnings = append(q.warnings, "missing_charset")
		}
		q.json = true
		return q.readJSON(body)
	default:
		return fail("invalid_post_type")
	}
	return nil
}

func (q *request) take(v url.Values) {
	for name, values := range v {
		q.args[name] = values[0]
	}
}

func (q *request) readJSON(body []byte) *apiError {
	if !json.Valid(body) {
		return fail("invalid_json")
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return fail("json_not_object")
	}
	for name, raw := range o {
		var s string
		switch {
		case string(raw) == "null":
		case json.Unmarshal(raw, &s) == nil:
			q.args[name] = s
		default:
			q.args[name] = string(raw)
		}
	}
	return nil
}
