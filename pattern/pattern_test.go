package pattern

import (
	"sync"
	"testing"
)

func TestPattern(t *testing.T) {
	p := New(`^inc-(\d+)$`)
	if p.compiled != nil {
		t.Error("it was compiled before it was used")
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := p.FindStringSubmatch("inc-12"); len(got) != 2 || got[1] != "12" {
				t.Errorf("FindStringSubmatch = %q", got)
			}
			if p.MatchString("inc-") || !p.Match([]byte("inc-1")) {
				t.Error("it matches something else")
			}
		})
	}
	all.Wait()
	if got := New(`b+`).ReplaceAllString("abba", "-"); got != "a-a" {
		t.Errorf("ReplaceAllString = %q", got)
	}
}

func TestNoExpression(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("what is no expression has matched")
		}
	}()
	New(`(`).MatchString("")
}
