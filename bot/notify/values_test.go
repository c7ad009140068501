package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCheckPhone(t *testing.T) {
	tests := []struct{ number, want string }{
		{"+4915112345678", ""},
		{"+12025550123", ""},
		{"+29012345", ""}, // St Helena: eight digits
		{"+123456789012345", ""},
		{"", "empty"},
		{"4915112345678", "plus in front"},
		{"015112345678", "country code is missing"},
		{"004915112345678", "plus for the two zeros"},
		{"+0151123456", "begins with zero"},
		{"+49 151 12345678", "only digits"},
		{"+49(0)151123456", "only digits"},
		{"+1-202-555-0123", "only digits"},
		{"+4915112345678\n", "only digits"},
		{"+４９１５１１２３４５６７", "only digits"},
		{"+1202555O123", "only digits"},
		{"++4915112345678", "only digits"},
		{"+", "too short"},
		{"+4915", "too short"},
		{"+1234567890123456", "too long"},
		{"ana", "plus in front"},
	}
	for _, tt := range tests {
		err := CheckPhone(tt.number)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("CheckPhone(%q) = %v, want %q", tt.number, err, tt.want)
		}
		if err != nil && len(tt.number) > 4 && strings.Contains(err.Error(), strings.Trim(tt.number, "+\n")) {
			t.Errorf("CheckPhone(%q) = %v, which repeats the number", tt.number, err)
		}
	}
}

func TestMask(t *testing.T) {
	for to, want := range map[string]string{
		"+4915112345678": "+4…78", "ana.hidden@shop.example": "a…@shop.example", "@x": "…@x", "": "…", "ana": "…",
		"stormbell-ana-zxcvbnm": "st…nm", "äöüäöüä": "äö…üä",
	} {
		if got := Mask(to); got != want {
			t.Errorf("Mask(%q) = %q, want %q", to, got, want)
		}
	}
}

func TestSecretsPrintNothing(t *testing.T) {
	n := Ntfy{URL: "https://ntfy.example", Token: aToken, ReplyToken: aToken}
	m := &Mail{Password: aToken}
	b, err := json.Marshal([]any{n.Token, n})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(n), fmt.Sprintf("%+v", n), fmt.Sprintf("%#v", n), fmt.Sprintf("%+v", m), fmt.Sprintf("%s %q %v", n.Token, n.Token, n.Token), string(b)} {
		if strings.Contains(got, aToken) {
			t.Errorf("printed: %s, which gives away the secret", got)
		}
	}
	if got := fmt.Sprint(Secret("")); got != "" {
		t.Errorf("an empty secret prints %q, want nothing", got)
	}
}

func TestShorten(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.String().Draw(r, "s")
		max := rapid.IntRange(3, 40).Draw(r, "max")
		for name, size := range map[string]func(string) int{"bytes": byteLen, "UTF-16": utf16Len} {
			got := shorten(s, max, size)
			if size(got) > max || size(s) <= max && got != s || size(s) > max && !strings.HasSuffix(got, "…") {
				r.Fatalf("shorten(%q, %d) in %s = %q", s, max, name, got)
			}
		}
	})
}

// TestBreaker walks through a provider's bad quarter of an hour.
func TestBreaker(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 4, 5, 0, time.UTC)
	failed := unavailable(sms, "is failing")
	slow := &Error{Way: sms, Kind: Unavailable, RetryAfter: 20 * time.Minute}
	steps := []struct {
		after time.Duration
		err   error
		out   time.Duration // how long from then on the breaker is open
	}{
		{0, failed, 0},
		{time.Minute, nil, 0}, // a success forgets
		{time.Minute, failed, 0},
		{time.Minute, failed, 0},
		{time.Minute, refused(sms, "no such number"), 0}, // says nothing
		{time.Minute, context.Canceled, 0},               // nor does this
		{time.Minute, busy(sms, "slowly", 0), 0},         // nor being asked to be slower
		{time.Minute, misconfigured(sms, "refuses us"), 30 * time.Second},
		{30 * time.Second, failed, time.Minute}, // the one let through fails
		{time.Minute, failed, 2 * time.Minute},
		{2 * time.Minute, failed, 4 * time.Minute},
		{4 * time.Minute, failed, 8 * time.Minute},
		{8 * time.Minute, failed, 10 * time.Minute},
		{10 * time.Minute, errors.New("something else"), 10 * time.Minute},
		{10 * time.Minute, slow, 20 * time.Minute},
		{20 * time.Minute, nil, 0},
		{time.Minute, failed, 0},
	}
	var b Breaker
	for i, s := range steps {
		now = now.Add(s.after)
		if b.Open(now) {
			t.Errorf("step %d: Open = true before the attempt, want false: its pause is over", i)
		}
		b = b.Record(s.err, now)
		if s.out == 0 && b.Open(now) || s.out > 0 && (!b.Open(now) || !b.Open(now.Add(s.out-1)) || b.Open(now.Add(s.out))) {
			t.Errorf("step %d: after Record(%v): %+v at %v, want open for %v", i, s.err, b, now, s.out)
		}
	}
	// It survives being stored.
	b = Breaker{}.Record(failed, now).Record(failed, now).Record(failed, now)
	text, err := json.Marshal(b)
	var back Breaker
	if err2 := json.Unmarshal(text, &back); err != nil || err2 != nil || !cmp.Equal(b, back) {
		t.Errorf("stored as %s and read back: %+v, %v, want %+v", text, back, err2, b)
	}
	for range 100 { // no overflow
		b = b.Record(failed, now)
	}
	if !b.Open(now.Add(longPause-1)) || b.Open(now.Add(longPause)) {
		t.Errorf("after a hundred failures: %+v, want out for %v", b, longPause)
	}
}
