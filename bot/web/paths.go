package web

import (
	"net/http"
	"net/url"
	"strings"
)

// tidy takes addresses as senders put them together from a base and a path: with two
// slashes in the middle, or one at the end. A redirect would lose what they post.
func tidy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := tidyPath(r.URL.EscapedPath()); path != r.URL.EscapedPath() {
			if plain, err := url.PathUnescape(path); err == nil {
				u := *r.URL
				u.Path, u.RawPath = plain, path
				r.URL = &u
			}
		}
		next.ServeHTTP(w, r)
	})
}

// tidyPath returns the path without the slashes that are too much, where it is that
// of an interface for programs.
func tidyPath(path string) string {
	short := path
	for strings.Contains(short, "//") {
		short = strings.ReplaceAll(short, "//", "/")
	}
	for _, of := range []string{"/v1/", "/v2/", "/generic/"} {
		if strings.HasPrefix(short, of) {
			return strings.TrimRight(short, "/")
		}
	}
	return path
}
