package desk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// TestGrantIsUsedOnce: whoever presses twice, or two at the same time, get one
// acknowledgement and the word that it was used.
func TestGrantIsUsedOnce(t *testing.T) {
	inBubble(t, func(x *fixture) {
		ctx := x.t.Context()
		var numbers []int
		for _, title := range []string{"one", "two", "three"} {
			a, err := x.Declare(ctx, Caller{Actor: eve}, incident.Declaration{Title: title})
			if err != nil {
				t.Fatal(err)
			}
			numbers = append(numbers, a.Incident.Number)
		}
		g, err := x.Grant(ctx, GrantRequest{Person: bob, Via: "push", Incidents: numbers[:2], Coded: true})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		taken, used := 0, 0
		for range 8 {
			all.Go(func() {
				list, err := x.Redeem(context.WithoutCancel(ctx), g.Token)
				mu.Lock()
				defer mu.Unlock()
				for _, one := range list {
					if one.Refused == nil {
						taken++
					}
				}
				if errors.Is(err, ErrGrantUsed) {
					used++
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if taken != 2 || used == 0 {
			t.Errorf("eight at once: %d acknowledgements, %d told that it was used; want 2, and the others told", taken, used)
		}
		for n, want := range map[int]incident.Actor{numbers[0]: bob, numbers[1]: bob, numbers[2]: ""} {
			i, events, err := x.Timeline(ctx, incident.Bot, n)
			if err != nil || i.AcknowledgedBy != want {
				t.Errorf("%s is acknowledged by %q, %v, want %q", incident.Name(n), i.AcknowledgedBy, err, want)
			}
			acks := 0
			for _, e := range events {
				if e.Kind == incident.KindAcknowledged {
					acks++
				}
			}
			if want != "" && acks != 1 {
				t.Errorf("%s was acknowledged %d times", i.Name(), acks)
			}
		}
	})
}

// TestGrantForged turns over every bit of a token: none of what comes out is one.
func TestGrantForged(t *testing.T) {
	inBubble(t, func(x *fixture) {
		ctx := x.t.Context()
		if _, err := x.Declare(ctx, Caller{Actor: eve}, incident.Declaration{Title: "one"}); err != nil {
			t.Fatal(err)
		}
		g, err := x.Grant(ctx, GrantRequest{Person: bob, Via: "push", Incidents: []int{1}, Coded: true})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(g.Token)
		if err != nil {
			t.Fatal(err)
		}
		for bit := range len(raw) * 8 {
			forged := append([]byte(nil), raw...)
			forged[bit/8] ^= 1 << (bit % 8)
			if _, err := x.Redeem(ctx, base64.RawURLEncoding.EncodeToString(forged)); !errors.Is(err, ErrGrantForged) {
				t.Fatalf("Redeem with bit %d turned over = %v, want %v", bit, err, ErrGrantForged)
			}
		}
		for _, wrong := range []string{"", "x", g.Token + "A", "../../" + g.Token, "\x00", g.Token[:23]} {
			if _, err := x.Redeem(ctx, wrong); !errors.Is(err, ErrGrantForged) {
				t.Errorf("Redeem(%q) = %v, want %v", wrong, err, ErrGrantForged)
			}
		}
		if i, _, _ := x.Timeline(ctx, incident.Bot, 1); i.Acked() {
			t.Error("a forged token acknowledged")
		}
	})
}

// TestGrantSurvives: the key that signs is kept, so that a link sent before a
// restart works after it.
func TestGrantSurvives(t *testing.T) {
	inBubble(t, func(x *fixture) {
		ctx := x.t.Context()
		if _, err := x.Declare(ctx, Caller{Actor: eve}, incident.Declaration{Title: "one"}); err != nil {
			t.Fatal(err)
		}
		g, err := x.Grant(ctx, GrantRequest{Person: bob, Via: "push", Incidents: []int{1}, Coded: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.db.Close(); err != nil {
			t.Fatal(err)
		}
		x.open()
		list, err := x.Redeem(ctx, g.Token)
		if err != nil || len(list) != 1 || list[0].Incident.AcknowledgedBy != bob {
			t.Errorf("Redeem after a restart = %+v, %v, want bob on it", list, err)
		}
	})
}

// TestCodes: codes have four digits, do not follow one another, and none comes
// twice as long as its message is remembered.
func TestCodes(t *testing.T) {
	inBubble(t, func(x *fixture) {
		seen := map[string]bool{}
		inOrder := 0
		last := 0
		for n := range 300 {
			g, err := x.Grant(x.t.Context(), GrantRequest{Person: bob, Via: "sms", Incidents: []int{1}, Coded: true})
			if err != nil {
				t.Fatal(err)
			}
			number := 0
			if _, err := fmt.Sscan(g.Code, &number); err != nil || number < 1000 || number > 9999 || seen[g.Code] {
				t.Fatalf("code %d is %q, want another number of four digits", n, g.Code)
			}
			if number == last+1 {
				inOrder++
			}
			seen[g.Code], last = true, number
		}
		if inOrder > 10 {
			t.Errorf("%d of 300 codes are the one before and 1", inOrder)
		}
		g, err := x.Grant(x.t.Context(), GrantRequest{Person: bob, Via: "sms", Incidents: []int{1}})
		if err != nil || g.Code != "" {
			t.Errorf("a message that shows no code has the code %q, %v", g.Code, err)
		}
	})
}

// TestWrongCodes: an answer that is read twice counts once, wrong codes of long ago
// do not count, and one person's do not count for another.
func TestWrongCodes(t *testing.T) {
	inBubble(t, func(x *fixture) {
		ctx := x.t.Context()
		if _, err := x.Declare(ctx, Caller{Actor: eve}, incident.Declaration{Title: "one"}); err != nil {
			t.Fatal(err)
		}
		codes := map[incident.Actor]string{}
		for _, who := range []incident.Actor{ada, bob} {
			g, err := x.Grant(ctx, GrantRequest{Person: who, Via: "sms", Incidents: []int{1}, Coded: true})
			if err != nil {
				t.Fatal(err)
			}
			codes[who] = g.Code
		}
		var stopped *CodesStopped
		try := func(who incident.Actor, code, answer string) error {
			_, err := x.RedeemCode(ctx, who, code, answer)
			return err
		}
		for n := range 50 {
			answer := "the same"
			if n%2 == 0 {
				answer = fmt.Sprint(n)
			}
			code := "0"
			if n%10 == 0 {
				code = "thanks"
			}
			if err := try(bob, code, answer); !errors.Is(err, ErrGrantForged) {
				t.Fatalf("answer %d: %v, want that it is no code", n, err)
			}
			time.Sleep(20 * time.Minute)
		}
		for n := range 4 {
			if err := try(ada, "0", fmt.Sprint(n)); !errors.Is(err, ErrGrantForged) {
				t.Fatalf("the wrong code %d of ada: %v", n, err)
			}
		}
		if err := try(ada, "0", "the fifth"); !errors.As(err, &stopped) || !stopped.Just || time.Until(stopped.Until) != time.Hour {
			t.Fatalf("the fifth wrong code: %v, want that none is taken for an hour", err)
		}
		if err := try(ada, codes[ada], "right"); !errors.As(err, &stopped) || stopped.Just {
			t.Errorf("the right code after five wrong ones: %v, want that it is not taken", err)
		}
		if err := try(bob, "0", "bob's"); !errors.Is(err, ErrGrantForged) {
			t.Errorf("a wrong code of bob: %v, ada's are not his", err)
		}
		time.Sleep(time.Hour)
		if err := try(ada, "0", "the fifth"); !errors.Is(err, ErrGrantForged) {
			t.Errorf("the fifth wrong code read again: %v", err)
		}
		if err := try(ada, "0", "a sixth"); !errors.Is(err, ErrGrantForged) {
			t.Errorf("a wrong code after the hour: %v, want that it is the first of five", err)
		}
	})
}
