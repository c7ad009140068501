package chat

import (
	"strings"
	"testing"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// listOf is a part of a list of which these are all.
func listOf(all []incident.Incident, words string, before int) message {
	f, err := readFilter("person:ada", words, func(string) (string, bool) { return "", false })
	if err != nil {
		f.title = esc(err.Error())
	}
	if search, ok := strings.CutPrefix(words, "? "); ok {
		f = searchFilter(search)
	}
	found := desk.Found{Incidents: all[:min(len(all), listRows)], More: len(all) > listRows, Total: len(all)}
	return listMessage(listView{filter: f, found: found, before: before, names: people, command: "/incident"})
}

func TestReadFilter(t *testing.T) {
	known := func(word string) (string, bool) { return "checkout", word == "checkout" }
	tests := map[string]struct{ words, title string }{
		"":                             {"", "Open incidents"},
		"open":                         {"", "Open incidents"},
		"ALL":                          {"all", "All incidents"},
		"all, please":                  {"", "No list is called please. Use all, closed, mine, sev1 to sev4, a status or service:ID. To look for words: search please."},
		"closed":                       {"closed", "Incidents that are over"},
		"mine":                         {"mine", "Open incidents that concern you"},
		"all mine sev1 p2":             {"all mine sev1 sev2", "All incidents that concern you, 🔴 sev1 and 🟠 sev2"},
		"service:Checkout closed":      {"service:checkout closed", "Incidents that are over, service checkout"},
		"service checkout":             {"service:checkout", "Open incidents, service checkout"},
		"checkout":                     {"service:checkout", "Open incidents, service checkout"},
		"mitigated":                    {"mitigated", "Incidents that are mitigated"},
		"resolved cancelled incidents": {"resolved cancelled", "Incidents that are resolved or cancelled"},
		"closde":                       {"", "No list is called closde. Did you mean closed?"},
		"sev9":                         {"", "No list is called sev9. Did you mean sev1?"},
	}
	for typed, want := range tests {
		f, err := readFilter("person:ada", typed, known)
		if err != nil {
			f.title = err.Error()
		}
		if f.words != want.words && err == nil || f.title != want.title {
			t.Errorf("readFilter(%q) = %q, %q; want %q, %q", typed, f.words, f.title, want.words, want.title)
		}
		again, _ := readFilter("person:ada", f.words, known)
		if err == nil && again.title != f.title {
			t.Errorf("%q is asked for again as %q, which is %q", typed, f.words, again.title)
		}
	}
}

func TestWorstFirst(t *testing.T) {
	inc := func(n int, sev incident.Severity, status incident.Status, by incident.Actor) incident.Incident {
		return incident.Incident{Number: n, Severity: sev, Status: status, AcknowledgedBy: by}
	}
	list := worstFirst([]incident.Incident{inc(5, incident.Sev3, incident.Declared, ""), inc(4, incident.Sev1, incident.Investigating, "person:ada"),
		inc(3, incident.Sev1, incident.Declared, ""), inc(2, incident.Sev2, incident.Declared, ""), {Number: 1, Severity: incident.Sev1, Status: incident.Declared, Test: true}})
	got := ""
	for _, i := range list {
		got += i.Name() + " "
	}
	if want := "INC-3 INC-4 INC-2 INC-5 INC-1 "; got != want {
		t.Errorf("worstFirst() = %s, want %s", got, want)
	}
}
