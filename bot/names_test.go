package bot

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestTheDraftNamesNobody declares an incident whose title names somebody: the answer says
// so, and neither the draft in Slack, its text in a notification, its file nor the links to
// it do. Somebody who has left the roster since is named no more than the others.
func TestTheDraftNamesNobody(t *testing.T) {
	inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
		if seen := r.command("eve", "general", "declare Search is slow since Ada’s release sev1 service:search"); !strings.Contains(seen.Text, "names a person") {
			t.Errorf("a title with a name is answered with %q", seen.Text)
		}
		if seen := r.command("eve", "general", "declare Search is slow since the release"); strings.Contains(seen.Text, "names a person") {
			t.Errorf("a title without a name is answered with %q", seen.Text)
		}
		r.pass(time.Minute)
		room := r.incidentChannel(1)
		r.command("ada", room, "note OKAFOR's release and bob-cache, see <@U0BOB>")
		r.pass(time.Minute)
		r.apply(strings.NewReplacer("  - {id: bob, name: Bob Stone, slack: U0BOB}\n", "", "[ada, bob, cleo]", "[ada, cleo]", "[ada, bob]", "[ada]", "person:bob", "person:cleo").Replace(rosterText))
		r.command("ada", room, "resolve stone found it")
		r.pass(time.Minute)
		named := regexp.MustCompile(`(?i)\b(ada|okafor|bob|stone|U0BOB|U0ADA)\b`)
		look := func(what string, v any) {
			t.Helper()
			text, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if m := named.FindIndex(text); m != nil {
				t.Errorf("%s names somebody: %s", what, text[max(0, m[0]-80):min(len(text), m[1]+20)])
			}
		}
		draft := r.find(newestFirst(r.channelOf(room).Messages), "Draft of the post-mortem")
		look("the text of the draft", draft.Text)
		look("the draft", draft.Blocks)
		if n := len(r.sim.State().Files); n != 2 {
			t.Errorf("%d files are there; want the document and its picture", n)
		}
		for _, f := range r.sim.State().Files {
			look("a file", f.Name+"\n"+f.Title+"\n"+string(f.Content))
		}
		for _, b := range r.channelOf(room).Bookmarks {
			look("a link's title", b.Title)
		}
		look("the document", r.document())
		r.noErrors()
	})
}
