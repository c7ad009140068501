package bot

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// withoutBob is the roster once bob has left.
var withoutBob = strings.NewReplacer("  - {id: bob, name: Bob Stone, slack: U0BOB}\n", "", "[ada, bob, cleo]", "[ada, cleo]", "[ada, bob]", "[ada]", "person:bob", "person:cleo").Replace(rosterText)

// TestTheDraftNamesNobody declares an incident whose title names somebody: the answer says
// so, and neither the draft in Slack, its text in a notification, its file nor the links to
// it do. Somebody who has left the roster since is named no more than the others.
func TestTheDraftNamesNobody(t *testing.T) {
	t.Parallel()
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
		r.apply(withoutBob)
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

// TestRenameButton declares with a name in the title: the answer offers another title, the
// form begins with the one it has, and a title that somebody else gave meanwhile is said.
func TestRenameButton(t *testing.T) {
	inBubble(t, slacksim.Options{}, func(r *rig) {
		seen := r.command("eve", "general", "declare Search is slow since Ada’s release sev2 service:search")
		if !strings.Contains(seen.Text, "names a person") || !strings.Contains(string(seen.Blocks), `"Rename"`) {
			t.Fatalf("the answer offers no other title: %s", seen.Blocks)
		}
		r.pass(20 * time.Second)
		r.click("eve", seen, "rename", nil)
		form := r.view("U0EVE")
		if !strings.Contains(unescaped(string(form.Blocks)), "Search is slow since Ada’s release") {
			t.Errorf("the form does not begin with the title: %s", form.Blocks)
		}
		r.command("bob", r.incidentChannel(1), "rename Search is slow since 14:00")
		sent := map[string]any{"title": "Search is slow since the release"}
		form = r.again(r.fill("eve", form, sent), "its title became “Search is slow since 14:00”")
		if res := r.fill("eve", form, sent); !res.Closed {
			t.Fatalf("sent again: %+v", res)
		}
		if i, _ := r.fold(1); i.Title != "Search is slow since the release" {
			t.Errorf("its title is %q", i.Title)
		}
		r.pass(5 * time.Second)
		if told := r.lastWhisper("eve"); !strings.Contains(told, "The title of INC-1 is “Search is slow since the release” now.") {
			t.Errorf("eve is told %s", told)
		}
		if seen := r.command("eve", r.incidentChannel(1), "rename Search is slow since Bob’s release"); !strings.Contains(seen.Text, "It names a person") {
			t.Errorf("another title with a name is answered with %q", seen.Text)
		}
		r.noErrors()
	})
}
