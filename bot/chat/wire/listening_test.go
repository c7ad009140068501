package wire

import (
	"context"
	"testing"
	"time"
)

// TestListening: what counts as missed, by what the sockets do and when something comes.
func TestListening(t *testing.T) {
	start := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	type step struct {
		what string // opened, closed, heard
		at   int
	}
	tests := []struct {
		name     string
		steps    []step
		from, to int // -1: nothing was missed; from -2: all before this process
	}{
		{"the first socket", []step{{"opened", 5}, {"heard", 10}}, -2, 5},
		{"bytes of a handshake are not heard", []step{{"heard", 1}, {"opened", 5}}, -2, 5},
	}
	after := []struct {
		name     string
		steps    []step
		from, to int
	}{
		{"pings come", []step{{"heard", 25}, {"heard", 50}}, -1, -1},
		{"one of two is renewed", []step{{"opened", 1}, {"closed", 20}, {"heard", 29}, {"opened", 40}}, -1, -1},
		{"a short cut", []step{{"closed", 10}, {"opened", 20}}, -1, -1},
		{"a cut", []step{{"heard", 8}, {"closed", 10}, {"opened", 40}}, 8, 40},
		{"refused for long", []step{{"closed", 10}, {"heard", 20}, {"heard", 45}, {"opened", 70}}, 0, 70},
		{"silence", []step{{"heard", 31}}, 0, 31},
		{"two that nobody asked for", []step{{"heard", 40}, {"closed", 41}, {"opened", 90}}, 0, 90},
	}
	run := func(l *listening, steps []step) {
		for _, s := range steps {
			switch s.what {
			case "opened":
				l.opened(at(s.at))
			case "closed":
				l.closed()
			case "heard":
				l.heard(at(s.at))
			}
		}
	}
	look := func(t *testing.T, l *listening, from, to int) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got, err := (&Client{listening: l}).Missed(ctx)
		switch {
		case from == -1 && err == nil:
			t.Errorf("missed from %v to %v, want nothing", got.From, got.To)
		case from == -1:
		case err != nil:
			t.Errorf("nothing was missed, want from %d to %d", from, to)
		case from == -2 && !got.From.IsZero(), from >= 0 && !got.From.Equal(at(from)), !got.To.Equal(at(to)):
			t.Errorf("missed from %v to %v, want from %d to %d", got.From, got.To, from, to)
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newListening(defaultSilence)
			run(l, tt.steps)
			look(t, l, tt.from, tt.to)
		})
	}
	for _, tt := range after {
		t.Run(tt.name, func(t *testing.T) {
			l := newListening(defaultSilence)
			l.opened(at(0))
			look(t, l, -2, 0)
			run(l, tt.steps)
			look(t, l, tt.from, tt.to)
		})
	}
}
