package chat

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// TestHelpHasEveryVerb: what is understood is in the help, and what the help
// shows is understood as it stands.
func TestHelpHasEveryVerb(t *testing.T) {
	incidentVerbs, oncallVerbs := Synonyms()
	for name, c := range map[string]struct {
		groups []HelpGroup
		verbs  map[string][]string
		extra  []string
	}{
		"/incident": {IncidentHelp(), incidentVerbs, []string{"done", "give"}}, // of a follow-up; else they mean resolve and reassign
		"/oncall":   {OncallHelp(), oncallVerbs, []string{"", "TEAM"}},         // no verbs
	} {
		shown := map[string]bool{}
		for _, g := range c.groups {
			for _, h := range g.Lines {
				shown[h.Word()] = true
				if h.Does == "" || strings.HasSuffix(h.Does, ".") {
					t.Errorf("%s %s: help is %q, want a sentence without its full stop", name, h.Typed, h.Does)
				}
				if cmd := Parse(h.Typed); name == "/incident" && (cmd.Word != h.Word() || cmd.Unknown != "") {
					t.Errorf("%s %s is understood as %q", name, h.Typed, cmd.Word)
				}
			}
		}
		want := slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(c.verbs)), c.extra...)))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(shown))); diff != "" {
			t.Errorf("the help of %s (-what is understood +what is shown):\n%s", name, diff)
		}
		for _, b := range helpBlocks(name, c.groups) {
			if text := b.(*slack.SectionBlock).Text.Text; len(text) > 2900 { // Slack takes 3,000
				t.Errorf("the help of %s has a section of %d characters", name, len(text))
			}
		}
	}
}

// TestHelpLeadsToTheGuide: the help names the page about incidents, and there is one.
func TestHelpLeadsToTheGuide(t *testing.T) {
	_, page, ok := strings.Cut(GuideURL, "/blob/main/")
	if !ok {
		t.Fatalf("%s is no page of the repository", GuideURL)
	}
	if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(page))); err != nil {
		t.Errorf("the help leads to a page that is not there: %v", err)
	}
	s := &Slack{opt: Options{Command: "/incident", OncallCommand: "/oncall"}}
	if text := blocksText(message{blocks: shownBlocks(s.help(""))}); !strings.Contains(text, page) {
		t.Errorf("the help does not name %s: %s", page, text)
	}
}
