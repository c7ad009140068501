package bot

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestOncallMeNext: each sees their own shifts and what is handed over next.
func TestOncallMeNext(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		tests := []struct{ user, typed, want string }{
			{"ada", "me", "*primary* now, until"},
			{"ada", "me", "*Your rotations*"},
			{"bob", "shifts", "*primary* from"},
			{"cleo", "me", "You are not on call within 90 days."},
			{"eve", "me", "You are not in the roster"},
			{"ada", "next", "*Your next shift*\n*primary* from"},
			{"ada", "next", "*primary* to <@U0BOB>"},
			{"eve", "next", "*Next hand-overs*"},
			{"cleo", "NEXT", "*primary* to <@U0BOB>"},
			{"eve", "calendar paymens", "Did you mean `/oncall payments`?"},
		}
		for _, test := range tests {
			seen := r.oncall(test.user, test.typed)
			all := strings.ReplaceAll(seen.Text+"\n"+unescaped(string(seen.Blocks)), `\n`, "\n")
			if !strings.Contains(all, test.want) {
				t.Errorf("/oncall %s by %s says %s, want %q", test.typed, test.user, all, test.want)
			}
		}
		r.noErrors()
	})
}

// TestOncallCalendar: the picture comes as a direct message, with words for those who do
// not see it; where files cannot be uploaded, there are bars.
func TestOncallCalendar(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
		for _, typed := range []string{"calendar", "calendar payments"} {
			r.oncall("bob", typed)
			r.pass(5 * time.Second)
		}
		var files []slacksim.File
		for _, f := range r.sim.State().Files {
			if strings.HasSuffix(f.Name, ".png") {
				files = append(files, f)
			}
		}
		if len(files) != 2 {
			t.Fatalf("there are %d pictures; bob was told %s", len(files), r.whispers("bob"))
		}
		if _, err := png.Decode(bytes.NewReader(files[0].Content)); err != nil || !strings.Contains(files[0].AltText, "primary: Ada Okafor until") {
			t.Errorf("the picture %v says %q", err, files[0].AltText)
		}
		if c, _ := r.sim.State().DM("U0BOB", r.sim.BotUserID()); len(c.Messages) != 2 {
			t.Errorf("bob has %d messages", len(c.Messages))
		}
		if told := r.whispers("bob"); !strings.Contains(told, "in your direct messages with me. Somebody is on call all the time.") {
			t.Errorf("bob was told %s", told)
		}
		r.noErrors()

		r.fault(slacksim.Fault{Method: "files.getUploadURLExternal", Error: "missing_scope"})
		r.oncall("ada", "calendar")
		r.pass(5 * time.Second)
		whispers := r.sim.State().Whispers["U0ADA"]
		if last := whispers[len(whispers)-1]; !strings.Contains(last.Text, "here are bars") || !strings.Contains(string(last.Blocks), "|ada") {
			t.Errorf("without files ada sees %s %s", last.Text, last.Blocks)
		}
	})
}
