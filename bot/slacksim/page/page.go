// Package page is the simulated workspace's page for the browser: channels, messages, modals, the Home tab, and beside
// them what Slack does not have, the phones that ring, an inspector of every call, faults and a guide.
//
// Its nouns are a view, everything that one person sees at one moment as one JSON document, and a signal, which says
// that views may have changed. The page holds no state of the workspace: it shows views and sends acts.
//
// It refuses requests that another site's page makes a browser send, runs no script but its own and never turns data
// into markup. It is no substitute for a login: whoever reaches the address may act as anybody.
package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// Options says what the page shows besides the workspace. The zero value is the workspace alone.
type Options struct {
	Guide  []Step   // steps at the side; none is no guide
	Phone  *Phone   // phones that ring outside Slack; nil is none
	Notice string   // one line in the bar at the top, such as what this is
	Me     string   // handle or ID of whom one acts as at first; the first person where it is empty
	Hosts  []string // host names besides loopback under which the page may be reached
}

// Step is one line of the guide. Done looks at the workspace and says whether the step was taken; it runs at every
// change, so it must be quick. Text between backticks in Body is shown as something to type.
type Step struct {
	Title, Body string
	Done        func(slacksim.State) bool
}

//go:embed static
var static embed.FS

//go:embed page.html
var pageHTML string

var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageHTML))
})

// Content that a browser may load and run: this server's own files, and images from anywhere, because the messages of
// an app may show them. No inline script or style.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; " +
	"img-src 'self' data: https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// server is the handler's state: what people have read, and since when there is a page.
type server struct {
	workspace *slacksim.Workspace
	opts      Options
	marks     marks
}

// Handler serves the page at / and everything else that the workspace serves (Web API, Socket Mode, control), so that one
// http.Server is a whole simulator. It starts no goroutine; open streams end with their requests.
func Handler(w *slacksim.Workspace, o Options) http.Handler {
	s := &server{workspace: w, opts: o, marks: marks{since: slackTS(w.Now()), read: map[string]map[string]string{}}}
	assets, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // a programmer's mistake: the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(assets)))
	mux.HandleFunc("GET /stream", s.stream)
	mux.HandleFunc("GET /view.json", s.view)
	mux.HandleFunc("GET /calls.json", s.calls)
	mux.HandleFunc("GET /file/{id}", s.file)
	mux.HandleFunc("POST /upload.json", s.upload)
	mux.HandleFunc("POST /page/read", s.markRead)
	mux.HandleFunc("POST /page/phone", s.pressKey)
	return s.guard(mux)
}

// guard lets the app's own traffic through untouched and protects the rest.
func (s *server) guard(pages *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, pattern := pages.Handler(r); pattern == "" {
			s.workspace.ServeHTTP(rw, r)
			return
		}
		h := rw.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		if why := s.refusal(r); why != "" {
			answer(rw, http.StatusForbidden, problem{Error: why})
			return
		}
		pages.ServeHTTP(rw, r)
	})
}

// refusal is why a request must not be served: it came from another site's page, or under a name that is not ours. A
// person who follows a link to the page from elsewhere is welcome.
func (s *server) refusal(r *http.Request) string {
	if why := slacksim.Guard(r, s.opts.Hosts...); why != "" {
		return why
	}
	site := r.Header.Get("Sec-Fetch-Site")
	if (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate" {
		return "request comes from another site's page"
	}
	return ""
}

func (s *server) page(rw http.ResponseWriter, _ *http.Request) {
	st := s.workspace.State()
	people, err := json.Marshal(persons(st))
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	dock := "none"
	switch {
	case len(s.opts.Guide) > 0:
		dock = "guide"
	case s.opts.Phone != nil:
		dock = "phone"
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	pageTemplate().Execute(rw, struct{ Team, People, Notice, Me, Dock string }{
		st.Team.Name, string(people), s.opts.Notice, s.opts.Me, dock})
}

// persons are those whom one can act as.
func persons(st slacksim.State) []slacksim.User {
	out := []slacksim.User{}
	for _, u := range st.Users {
		if !u.IsBot && !u.Deleted {
			out = append(out, u)
		}
	}
	return out
}

type problem struct {
	Error string `json:"error"`
}

func answer(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	json.NewEncoder(rw).Encode(v)
}

// slackTS is an instant in the form of a message's ts.
func slackTS(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }
