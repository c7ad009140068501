package blameless

import (
	"slices"
	"testing"
)

// What is judged decides: the same words are said of people and of things.
func TestWhatIsJudged(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // the level, or none
	}{
		{"The reckless default of the client is to retry forever.", ""},
		{"It was a reckless experiment by the team.", Warn},
		{"The linter is dumb about generated files.", ""},
		{"The author is dumb about generated files.", Warn},
		{"The library retries recklessly.", ""},
		{"The engineer deployed recklessly.", Warn},
		{"The engineer restarted the wrong pod, as the names are cut off.", ""},
		{"The engineer restarted the wrong pod.", Warn},
		{"The engineer restarted the wrong pod, because he hurried.", Warn},
		{"What did we miss?", ""},
		{"Who forgot the certificate?", Warn},
		{"The banner says: you have made a mistake.", ""},
		{"The idiotic-looking flag turns off the sync.", ""},
		{"The backup agent forgot the mount.", ""},
		{"The runbook was followed blindly.", Hint},
		{"The engineer followed the runbook blindly.", Warn},
		{"The scheduler should have retried after a minute.", ""},
		{"The lease should have been renewed by the agent.", ""},
		{"Logs should have been compressed overnight.", ""},
		{"The engineer should have retried after a minute.", Warn},
		{"The rollout should have been paused by the engineer.", Warn},
		{"The rollout should have been paused.", Warn},
		{"A second cluster would have been full by noon.", ""},
		{"A dry run would have shown the missing column.", Warn},
		{"Of course the numbers are estimates.", ""},
		{"Of course the numbers were ignored.", Warn},
		{"Nobody acted carelessly.", ""},
		{"We do not believe that anybody acted carelessly.", ""},
		{"Better monitoring could have prevented this.", Warn},
		{"The failure to renew was caused by a limit.", ""},
		{"Who needs to be told?", ""},
		{"Their balancer never retries.", ""},
		{"They never test.", Warn},
	} {
		got := ""
		for _, f := range Read(c.text, Options{}) {
			if got = f.Level; got == Warn {
				break
			}
		}
		if got != c.want {
			t.Errorf("Read(%q) has level %q, want %q", c.text, got, c.want)
		}
	}
}

// A warning is told before a hint of its category.
func TestHintGivesWay(t *testing.T) {
	levels := []string{}
	for _, f := range Read("The runbook was followed blindly, and that was careless.", Options{}) {
		levels = append(levels, f.Level)
	}
	if !slices.Equal(levels, []string{Warn}) {
		t.Errorf("levels %q, want one warning", levels)
	}
}
