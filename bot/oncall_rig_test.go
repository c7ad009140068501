package bot

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// oncall types a command about on call and returns what the person sees.
func (r *rig) oncall(user, text string) slacksim.Seen {
	r.t.Helper()
	seen, err := r.sim.As(user).Command("general", "/oncall", text)
	if err != nil {
		r.t.Fatalf("/oncall %s by %s: %v", text, user, err)
	}
	return seen
}

// form is the modal in front of a person, opened by a command about on call.
func (r *rig) form(user, text string) slacksim.View {
	r.t.Helper()
	seen := r.oncall(user, text)
	r.pass(time.Second)
	views := r.sim.State().Views[userID(r, user)]
	if len(views) == 0 {
		r.t.Fatalf("/oncall %s by %s opened no form; seen %+v, told %s", text, user, seen, r.whispers(user))
	}
	return views[len(views)-1]
}

func userID(r *rig, handle string) string {
	for _, u := range r.sim.State().Users {
		if u.Name == handle {
			return u.ID
		}
	}
	r.t.Fatalf("no user %q", handle)
	return ""
}

// fill submits a form with values by block.
func (r *rig) fill(user string, v slacksim.View, values map[string]any) slacksim.SubmitResult {
	r.t.Helper()
	given := map[string]map[string]any{}
	for block, value := range values {
		given[block] = map[string]any{"value": value}
	}
	res, err := r.sim.As(user).Submit(v.ID, given)
	if err != nil {
		r.t.Fatalf("submit %v by %s: %v", values, user, err)
	}
	r.pass(5 * time.Second)
	return res
}

// press presses a labelled button of a message.
func (r *rig) press(user, channel string, m slacksim.Message, label string) {
	r.t.Helper()
	if _, err := r.sim.As(user).Press(slacksim.Press{Channel: channel, TS: m.TS, Label: label}); err != nil {
		r.t.Fatalf("press %q by %s on %s: %v", label, user, m.Blocks, err)
	}
	r.pass(5 * time.Second)
}

// whispers is what only the person was told, the newest last.
func (r *rig) whispers(user string) string {
	var b strings.Builder
	for _, w := range r.sim.State().Whispers[userID(r, user)] {
		b.WriteString(w.Text + "\n")
	}
	return b.String()
}

func (r *rig) apply(text string) {
	r.t.Helper()
	roster, err := rotation.Parse("roster.yaml", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.people.ApplyRoster(r.t.Context(), roster, incident.Bot, "test"); err != nil {
		r.t.Fatal(err)
	}
	r.pass(5 * time.Second)
}

// noErrors fails on every call that Slack refused.
func (r *rig) noErrors() {
	r.t.Helper()
	for _, c := range r.sim.Calls(0) {
		if c.Kind == "api" && c.Error != "" {
			r.t.Errorf("%s was answered %s %v", c.Method, c.Error, c.Problems)
		}
	}
}

func (r *rig) onCall(rot string) string {
	x, _ := r.people.Current().Roster.Rotation(rot)
	return strings.Join(x.People(time.Now()), ",")
}

func count(where []slacksim.Message, words string) int {
	n := 0
	for _, m := range where {
		if says(m, words) {
			n++
		}
	}
	return n
}

// says is shows with the angle brackets as people see them.
func says(m slacksim.Message, words string) bool {
	return strings.Contains(m.Text+"\n"+unescaped(string(m.Blocks)), words)
}

// seek returns the first message that says the words.
func (r *rig) seek(where []slacksim.Message, words string) slacksim.Message {
	r.t.Helper()
	for _, m := range where {
		if says(m, words) {
			return m
		}
	}
	r.t.Fatalf("no message says %q among %d:%s", words, len(where), list(where))
	return slacksim.Message{}
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// postedAt is when a message was posted, by its ts.
func postedAt(m slacksim.Message) time.Time {
	seconds, _, _ := strings.Cut(m.TS, ".")
	n, _ := strconv.ParseInt(seconds, 10, 64)
	return time.Unix(n, 0).UTC()
}

// unescaped undoes what JSON does to angle brackets.
func unescaped(s string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
}

// calm is a workspace whose sockets have nothing to say for long, for tests in
// which days go by.
func calm(channels ...string) slacksim.Options {
	return slacksim.Options{Channels: channels, ConnectionLife: 1000 * time.Hour}
}

// manifest is the app's own manifest: what it does not declare, the simulator
// refuses.
func manifest(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../configs/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
