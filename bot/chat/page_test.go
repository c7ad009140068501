package chat

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestPageCarriesWhatToDo: a page has the sender's sentence and the runbook whole, the
// alert's own before the service's, as long as somebody is to begin.
func TestPageCarriesWhatToDo(t *testing.T) {
	long := "https://runbooks.example/" + strings.Repeat("x", 2000)
	for name, c := range map[string]struct {
		says, runbook, service string
		want, not              []string
	}{
		"an alert":       {"12 % of <cards> are declined.", "https://r.example/own?a=1&b=2", "https://r.example/service", []string{"12 % of &lt;cards&gt; are declined.", "<https://r.example/own?a=1&amp;b=2|Runbook>"}, []string{"r.example/service"}},
		"a person":       {"", "", "https://r.example/service", []string{"<https://r.example/service|Runbook>"}, nil},
		"a long address": {"", long, "", []string{"<" + long + "|Runbook>"}, []string{"…"}},
		"no address":     {"", "", "javascript:alert(1)", nil, []string{"Runbook", "javascript"}},
		"markup":         {"<!channel> <https://evil.example|x>", "", "", []string{"&lt;!channel&gt; &lt;https://evil.example|x&gt;"}, []string{"<!channel>", "<https://evil"}},
		"4,000 emoji":    {strings.Repeat("🔥", 4000), "", "", []string{strings.Repeat("🔥", incident.MaxSays-1) + "…"}, nil},
	} {
		change, err := incident.Declare(7, incident.Declaration{Title: "Card payments fail", Severity: incident.Sev1, Says: c.says, Runbook: c.runbook}, "alert:x", noon)
		if err != nil {
			t.Fatal(err)
		}
		b := desk.Brief{Incident: change.Incident, Service: rotation.Service{Name: "Checkout", Runbook: rotation.Link{URL: c.service}}}
		got := textsOf(t, pageMessage(b, desk.Prompt{Person: "person:ada"}, people))
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the page lacks %.80q:\n%s", name, want, got)
			}
		}
		for _, not := range c.not {
			if strings.Contains(got, not) {
				t.Errorf("%s: the page has %.80q:\n%s", name, not, got)
			}
		}
		resolved, err := change.Incident.Resolve("person:ada", "", noon)
		if err != nil {
			t.Fatal(err)
		}
		b.Incident = resolved.Incident
		if got := textsOf(t, pageMessage(b, desk.Prompt{Person: "person:ada"}, people)); strings.Contains(got, "|Runbook>") {
			t.Errorf("%s: the page still has the runbook when it is resolved:\n%s", name, got)
		}
	}
}

// textsOf is the mrkdwn of a message's sections and context lines.
func textsOf(t *testing.T, m message) string {
	t.Helper()
	var b strings.Builder
	for _, block := range m.blocks {
		writeTexts(&b, block)
	}
	return b.String()
}

func writeTexts(b *strings.Builder, block slack.Block) {
	switch x := block.(type) {
	case *slack.SectionBlock:
		b.WriteString(x.Text.Text + "\n")
	case *slack.ContextBlock:
		for _, e := range x.ContextElements.Elements {
			if text, ok := e.(*slack.TextBlockObject); ok {
				b.WriteString(text.Text + "\n")
			}
		}
	}
}
