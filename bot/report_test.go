package bot

import (
	"strings"
	"testing"
	"time"
)

// TestReport shows each person their own figures, a lead how the rotation holds,
// and nobody a list of people.
func TestReport(t *testing.T) {
	inBubble(t, calm(), func(r *rig) {
		r.pass(3 * time.Hour) // Saturday 03:00
		r.command("eve", "general", "declare checkout is down")
		r.pass(10 * time.Second)
		r.command("ada", "general", "ack INC-1")
		r.pass(6 * time.Hour)
		for _, tt := range []struct {
			user, text string
			want, hide []string
		}{
			{"ada", "report", []string{"Interrupted 1 times: 0 in business hours, 0 off, 1 asleep · 1 nights", "1 pages: 1 answered by you"}, []string{"U0BOB", "bob", "Your teams"}},
			{"bob", "report 1", []string{"You were not on call and were not paged."}, []string{"U0ADA", "ada"}},
			{"cleo", "report", []string{"*Your teams' rotations*", "*primary*: covered", "1 pages", "2 people"}, []string{"U0ADA", "U0BOB", "ada"}},
			{"eve", "report", []string{"you are not in it"}, nil},
			{"ada", "report 9999", []string{"from 1 to 400"}, nil},
		} {
			seen := r.oncall(tt.user, tt.text)
			shown := unescaped(seen.Text + string(seen.Blocks))
			for _, w := range tt.want {
				if !strings.Contains(shown, w) {
					t.Errorf("/oncall %s by %s shows %s; want %q", tt.text, tt.user, shown, w)
				}
			}
			for _, w := range tt.hide {
				if strings.Contains(shown, w) {
					t.Errorf("/oncall %s by %s shows %s; it must not name %q", tt.text, tt.user, shown, w)
				}
			}
		}
	})
}
