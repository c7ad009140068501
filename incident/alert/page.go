package alert

import (
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// Runbook returns the address of what to do about the alert, if its sender gave one:
// a link that is called a runbook or playbook, or else a label or a detail of that name.
func (a Alert) Runbook() string {
	for _, l := range a.Links {
		if text := strings.ToLower(l.Text); strings.Contains(text, "runbook") || strings.Contains(text, "playbook") {
			return l.URL
		}
	}
	for _, list := range [][]KV{a.Labels, a.Details} {
		for _, kv := range list {
			if isRunbook(kv.Key) && incident.WebAddress(kv.Value) != "" {
				return kv.Value
			}
		}
	}
	return ""
}

// isRunbook reports whether a label or a detail of that name holds a runbook:
// runbook_url, runbookUrl, playbook, annotations.runbook.
func isRunbook(key string) bool {
	key = strings.ToLower(key)
	key = key[strings.LastIndexByte(key, '.')+1:]
	key = strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(key, "url"), "link"), "_- ")
	return key == "runbook" || key == "playbook"
}
