package chat

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// TestMatchersIn reads lines as people type them into the form, and as they paste them
// from Alertmanager.
func TestMatchersIn(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"", "[]"},
		{"alertname=DiskFull", "[alertname=DiskFull]"},
		{" alertname = DiskFull ", "[alertname=DiskFull]"},
		{"alertname=Disk Full", "[alertname=Disk Full]"},
		{`alertname="Disk Full"`, "[alertname=Disk Full]"},
		{"alertname=“Disk Full”", "[alertname=Disk Full]"},
		{`{alertname="Disk Full", instance=~"db-.*"}`, "[alertname=Disk Full instance=/db-.*/]"},
		{"alertname=DiskFull instance=db-7", "[alertname=DiskFull instance=db-7]"},
		{"instance=/db-[0-9]+/", "[instance=/db-[0-9]+/]"},
		{"the disk is full", "refused"},
		{"=DiskFull", "refused"},
		{"instance!=db-7", "refused"},
		{"instance=/db-(/", "refused"},
	} {
		list, err := matchersIn(c.line)
		var read []string
		for _, m := range list {
			read = append(read, m.Label+"="+m.Value)
		}
		got := fmt.Sprint(read)
		if _, refused := errors.AsType[*incident.Refusal](err); refused {
			got = "refused"
		} else if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("matchersIn(%q) = %s, want %s", c.line, got, c.want)
		}
	}
}
