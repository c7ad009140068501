package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// machineWords is what nothing in Slack may say: names of the program's own writing, and
// kind:id. An address of Slack's, such as <@U0ADA>, is no word.
var machineWords = regexp.MustCompile(`[a-z]_[a-z]|\b(person|rotation|team|service|policy|slack|alert|admin):\w|\bStep 0\b`)

var slackAddress = regexp.MustCompile(`<[@#!][^>]*>|\[file [^\]]*\]|:[a-z_]+:`)

// TestNoMachineWordsInSlack says every kind of event that was ever stored as the channel,
// the timeline and the message about notes do.
func TestNoMachineWordsInSlack(t *testing.T) {
	files, err := filepath.Glob("../../incident/testdata/v*/timeline.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d timelines, %v", len(files), err)
	}
	said := map[incident.Kind]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var events []incident.Event
		if err := json.Unmarshal(b, &events); err != nil {
			t.Fatal(err)
		}
		i, err := incident.Fold(12, events)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range incident.Entries(events) {
			said[n.Kind] = true
			for where, text := range map[string]string{"the channel": people.said(i, n.Event), "the timeline": people.entry(n), "the notes": noteLine(n, people)} {
				if text = slackAddress.ReplaceAllString(text, ""); machineWords.MatchString(text) {
					t.Errorf("%s: %s says %s as %q", file, where, n.Kind, text)
				}
			}
		}
	}
	if len(said) < 30 {
		t.Errorf("only %d kinds of events were said", len(said))
	}
}
