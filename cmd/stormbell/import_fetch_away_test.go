package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFetchSaysThatItWaits: whoever has typed a wrong address hears it at once, and whoever
// waits for a system that is busy hears that, and can stop.
func TestFetchSaysThatItWaits(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "export")
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer busy.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()

	f := func(address string, within time.Duration) (talk string, err error) {
		var out strings.Builder
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		err = fetchExport(ctx, process{Env: []string{"OPSGENIE_API_KEY=k"}, Err: &out}, "opsgenie", address, folder)
		return out.String(), err
	}
	_, err := f(gone.URL, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "cannot be reached") || !strings.Contains(err.Error(), "--url") {
		t.Errorf("an address at which nothing is: %v", err)
	}
	talk, err := f(busy.URL, 300*time.Millisecond)
	if !strings.Contains(talk, "has no answer yet: going on in 1m0s") {
		t.Errorf("it says %q while it waits", talk)
	}
	if err == nil || !strings.Contains(err.Error(), "interrupted; what was fetched stays in") {
		t.Errorf("interrupted: %v", err)
	}
}
