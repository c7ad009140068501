package slacksim

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// ServeHTTP is the whole workspace: /api/ the Web API, /link Socket Mode,
// /upload/ and /files/ file bytes, /response/ response URLs, /openid/ Sign in
// with Slack, /control/ the people and the faults.
func (w *Workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/control/") {
		w.serveControl(rw, r)
		return
	}
	if w.refusing() {
		panic(http.ErrAbortHandler)
	}
	switch {
	case strings.HasPrefix(path, "/api/"):
		w.serveAPI(rw, r)
	case path == "/link" || path == "/link/":
		w.serveLink(rw, r)
	case strings.HasPrefix(path, "/upload/"):
		w.serveUpload(rw, r)
	case strings.HasPrefix(path, "/files/"):
		w.serveFile(rw, r)
	case strings.HasPrefix(path, "/openid/"), strings.HasPrefix(path, "/.well-known/"):
		w.serveSignIn(rw, r)
	case strings.HasPrefix(path, "/response/"):
		w.serveResponse(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

// refusing tells whether the fault down is in force, or the end has come.
func (w *Workspace) refusing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down || w.closed
}

// Guard refuses requests that another web page makes a browser send: an
// Origin that is not this server's, or a Host that is neither loopback nor one
// of hosts (DNS rebinding). A request without Origin, as programs send it,
// passes. "" means the request is fine.
func Guard(r *http.Request, hosts ...string) string {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	allowed := host == "localhost" || isLoopback(host)
	for _, h := range hosts {
		allowed = allowed || strings.EqualFold(h, host) || strings.EqualFold(h, r.Host)
	}
	if !allowed {
		return "host " + r.Host + " is not this server's: use the address that it printed"
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	u, err := url.Parse(origin)
	if err != nil || !strings.EqualFold(u.Host, r.Host) {
		return "origin " + origin + " is another site's"
	}
	return ""
}

func isLoopback(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

func writeJSON(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	rw.WriteHeader(status)
	enc := json.NewEncoder(rw)
	enc.SetEscapeHTML(false)
	enc.Encode(v)
}
