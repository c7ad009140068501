package notify

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestRunbookIsWhole: however long the text is, the address of the runbook goes whole or
// not at all, and where nothing has room for it nothing of it is there.
func TestRunbookIsWhole(t *testing.T) {
	for _, c := range []struct {
		runbook        string
		inText, button bool
	}{
		{"", false, false},
		{"https://r.example/1?a=1&b=2", true, true},
		{"https://r.example/" + strings.Repeat("x", 2000), false, true},
		{"https://r.example/" + strings.Repeat("&", 1000), false, false}, // 6 bytes each as JSON
	} {
		for _, text := range []string{"Declared by Ada.", strings.Repeat("🔥", 4000)} {
			m := Message{To: "ada", Subject: "INC-1", Text: text, Runbook: c.runbook, AckURL: "https://bell.example/ack/t", URL: "https://bell.example/i/1"}
			got := (&Ntfy{URL: "https://ntfy.example"}).message(m)
			body, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if in := c.runbook != "" && strings.HasSuffix(got.Message, "\nRunbook: "+c.runbook); in != c.inText || !in && strings.Contains(got.Message, "r.example") {
				t.Errorf("push with %.40q: the text ends with %q", c.runbook, got.Message[max(0, len(got.Message)-60):])
			}
			button := false
			for _, a := range got.Actions {
				button = button || a.Label == "Runbook" && a.URL == c.runbook
			}
			if button != c.button || len(got.Actions) > 3 || len(got.Message) > 4096 || len(body) > 8192 {
				t.Errorf("push with %.40q: button %t, %d actions, text of %d bytes, %d in all", c.runbook, button, len(got.Actions), len(got.Message), len(body))
			}

			letter, _, err := (&Mail{From: "bell@shop.example"}).letter(m, "ada@shop.example")
			if err != nil {
				t.Fatal(err)
			}
			var plain bytes.Buffer
			for _, part := range letter.GetParts() {
				b, err := part.GetContent()
				if err != nil {
					t.Fatal(err)
				}
				plain.Write(b)
			}
			if c.runbook != "" && !strings.Contains(plain.String(), "\nRunbook: "+c.runbook+"\n") {
				t.Errorf("mail with %.40q lacks it", c.runbook)
			}
			if links := strings.Count(plain.String(), ">Runbook</a>"); (links == 1) != (c.runbook != "") {
				t.Errorf("mail with %.40q has %d links to it", c.runbook, links)
			}
		}
	}
}
