package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stormbell/stormbell/configs"
)

// TestDoctorTrackers asks every tracker, and says what is wrong with each without its
// token.
func TestDoctorTrackers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") == "Bearer good-t0ken":
			fmt.Fprint(w, `{"has_issues":true}`)
		case r.Header.Get("Authorization") == "Bearer slow-t0ken":
			w.WriteHeader(http.StatusBadGateway)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer s.Close()
	of := func(name, token string) configs.Tracker {
		return configs.Tracker{Name: name, Kind: "github", BaseURL: s.URL, Project: "octo/app", Token: configs.NewSecret(token)}
	}
	c := &checkup{}
	c.trackers(t.Context(), []configs.Tracker{of("good", "good-t0ken"), of("wrong", "bad-t0ken"), of("slow", "slow-t0ken")})
	got := fmt.Sprint(c.good, c.Problems, c.Warnings)
	for _, want := range []string{"trackers.good answers and accepts the token", "trackers.wrong", "the token is not accepted (401)", "trackers.slow", "the server is failing (502)"} {
		if !strings.Contains(got, want) {
			t.Errorf("doctor says %s, want %q", got, want)
		}
	}
	if len(c.Problems) != 1 || len(c.Warnings) != 1 || strings.Contains(got, "t0ken") {
		t.Errorf("doctor says %s", got)
	}
}
