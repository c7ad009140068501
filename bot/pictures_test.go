package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// slowWords makes Slack take messages slowly and files at once: a file that does not wait
// for its words stands before them.
func slowWords(r *rig) {
	r.ok(r.sim.Fault(slacksim.Fault{Method: "chat.postMessage", Latency: 8 * time.Second}))
}

// order are the messages that have one of the words, or a file, in the order of the channel.
func order(messages []slacksim.Message, words string) (list []string) {
	for _, m := range messages {
		switch {
		case len(m.Files) > 0:
			list = append(list, "file")
		case shows(m, words):
			list = append(list, "words")
		}
	}
	return list
}

// TestPostmortemComesBeforeItsFile: the document and its picture follow the message that
// says what they are.
func TestPostmortemComesBeforeItsFile(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.takenOn("card payments fail sev2")
		r.command("ada", "general", "mitigate INC-1 rollback: to 430")
		r.pass(time.Minute)
		slowWords(r)
		r.command("ada", "general", "resolve INC-1 stable")
		r.pass(2 * time.Minute)
		if got := strings.Join(order(r.channelOf(r.incidentChannel(1)).Messages, "Post-mortem of INC-1"), " "); got != "words file" {
			t.Errorf("in the channel: %s", got)
		}
	})
}

// TestMonthComesBeforeItsPicture: the same of the monthly message.
func TestMonthComesBeforeItsPicture(t *testing.T) {
	t.Parallel()
	roster := strings.Replace(rosterText, "    kind: product\n", "    kind: product\n    agreement: gold\n", 1) + agreed
	inBubbleWith(t, roster, func(r *rig) {
		r.takenOn("card payments fail sev1")
		r.command("ada", "general", "mitigate INC-1 fix")
		r.command("ada", "general", "resolve INC-1")
		r.pass(time.Minute)
		r.stop()
		time.Sleep(time.Until(time.Date(2000, 2, 1, 9, 27, 0, 0, time.UTC)))
		r.start()
		r.pass(time.Minute)
		slowWords(r)
		r.pass(5 * time.Minute)
		if got := strings.Join(order(r.channel("incidents").Messages, "gold, January 2000"), " "); got != "words file" {
			t.Errorf("in the channel: %s", got)
		}
	})
}

// TestFileOfWhatIsPublished: the file in the channel is the version that was published,
// and after the incident was resolved anew it is a draft.
func TestFileOfWhatIsPublished(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{}, func(r *rig) {
		r.ok(r.sim.Fault(slacksim.Fault{Method: "chat.postMessage", Latency: 500 * time.Millisecond})) // or no time passes
		room := r.publishedIn("search is slow sev4")
		const sealed = "| version 1, published on"
		latest := func() (text string) {
			for _, f := range r.sim.State().Files {
				if strings.HasSuffix(f.Name, ".md") {
					text = string(f.Content)
				}
			}
			return text
		}
		if got := latest(); !strings.Contains(got, sealed) {
			t.Errorf("after the publication the file does not have %q:\n%.600s", sealed, got)
		}
		r.command("eve", room, "reopen INC-1 it is back")
		r.pass(time.Minute)
		r.command("eve", room, "resolve INC-1 stable again")
		r.pass(2 * time.Minute)
		if got := latest(); strings.Contains(got, sealed) {
			t.Errorf("resolved anew, the file is still the version before:\n%.600s", got)
		}
	})
}
