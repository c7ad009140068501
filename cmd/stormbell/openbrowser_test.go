package main

import (
	"slices"
	"testing"
)

func TestBrowserCommand(t *testing.T) {
	for _, c := range []struct {
		system string
		env    []string
		want   []string
	}{
		{"linux", nil, nil},
		{"linux", []string{"DISPLAY="}, nil},
		{"linux", []string{"DISPLAY=:0"}, []string{"xdg-open"}},
		{"freebsd", []string{"WAYLAND_DISPLAY=wayland-0"}, []string{"xdg-open"}},
		{"linux", []string{"DISPLAY=:0", "CI=true"}, nil},
		{"darwin", nil, []string{"open"}},
		{"darwin", []string{"CI=1"}, nil},
		{"windows", nil, []string{"rundll32", "url.dll,FileProtocolHandler"}},
	} {
		if got := browserCommand(c.system, c.env); !slices.Equal(got, c.want) {
			t.Errorf("browserCommand(%s, %q) = %q, want %q", c.system, c.env, got, c.want)
		}
	}
}
