package web

import (
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// always is the headers that every answer has. Their values are shared: they are replaced,
// not changed.
var always = http.Header{
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
	"Cache-Control":                {"no-store"},
}

// observe stands around everything: it sets the headers that every answer has,
// survives a panic, counts and logs. The log gets the route, never the address
// that was called, which can hold a key.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		maps.Copy(w.Header(), always)
		o := &observed{ResponseWriter: w, request: r}
		defer func() {
			s.recovered(o, recover())
			s.note(o, time.Since(began))
		}()
		next.ServeHTTP(o, r)
	})
}

// recovered answers for a handler that panicked. The value can hold what
// somebody sent, so its type and the place must do.
func (s *Server) recovered(o *observed, v any) {
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler { // the connection must break off
		panic(v)
	}
	s.log.Error().Str("route", o.route()).Str("panic", fmt.Sprintf("%T", v)).Bytes("stack", debug.Stack()).Msg("request panicked")
	if o.status == 0 {
		p := &problem{Status: http.StatusInternalServerError, Why: "Something went wrong here.", Next: "The log says what."}
		writeProblem(o, p, p)
	}
}

func (s *Server) note(o *observed, took time.Duration) {
	route, status := o.route(), o.status
	if status == 0 {
		status = http.StatusOK // nothing was written: net/http answers so
	}
	s.metrics.request(route, status, took)
	s.tellRepeated(time.Now())
	level := zerolog.DebugLevel
	asked := route == "GET /readyz" // every few seconds; what is wrong is in the log already
	if !asked && (status == http.StatusUnauthorized || status == http.StatusForbidden || status >= http.StatusInternalServerError) {
		level = zerolog.WarnLevel
	}
	line := s.log.WithLevel(level)
	if refusing(status) {
		if !s.quiet.lets(o.request, time.Now()) {
			return
		}
		line = line.Str("from", o.request.RemoteAddr)
	}
	line.Str("route", route).Int("status", status).Dur("took", took).Msg("request")
}

// drain answers 503 while the process stands by or stops, but tells how it is.
func (s *Server) drain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains([]string{"/healthz", "/readyz", "/metrics", "/openapi.json"}, r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		switch {
		case s.stopping.Load():
			w.Header().Set("Connection", "close")
			p := &problem{Status: http.StatusServiceUnavailable, RetryAfter: 2, Why: "This process is stopping.", Next: "Send it again in a moment."}
			writeProblem(w, p, p)
		case s.desk.Load() == nil && !s.tells(r.URL.Path):
			p := s.standby()
			writeProblem(w, p, p)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// tells reports whether a process that stands by has an answer to a request by itself.
func (s *Server) tells(path string) bool {
	switch path {
	case "/v1/archive/state":
		return s.saw.Load() != nil
	case "/v1/backup/state":
		return s.looked.Load() != nil
	}
	return false
}

// observed is a ResponseWriter that remembers the status. Where no route
// matched it puts our words in place of the multiplexer's.
type observed struct {
	http.ResponseWriter
	request *http.Request
	status  int
	ours    bool // the answer to a request without a route was replaced
}

// Unwrap gives [http.ResponseController] what is beneath.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// route returns the pattern that matched, or none.
func (o *observed) route() string {
	if o.request.Pattern == "" {
		return "none"
	}
	return o.request.Pattern
}

// WriteHeader sends the header once.
func (o *observed) WriteHeader(status int) {
	if o.status != 0 {
		return
	}
	o.status = status
	if o.request.Pattern != "" || status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
		o.ResponseWriter.WriteHeader(status)
		return
	}
	p := &problem{Status: status, Why: "There is nothing at this address."}
	if allow := o.Header().Get("Allow"); status == http.StatusMethodNotAllowed {
		p.Why = "This address takes " + strings.ReplaceAll(allow, ", ", " or ") + " only."
	}
	o.ours = true
	writeProblem(o.ResponseWriter, p, p)
}

// Write sends a part of the body.
func (o *observed) Write(b []byte) (int, error) {
	if o.status == 0 {
		o.WriteHeader(http.StatusOK)
	}
	if o.ours {
		return len(b), nil
	}
	return o.ResponseWriter.Write(b)
}
