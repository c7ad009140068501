package postmortem

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// Change is a status and a severity, and since when the incident has had them.
type Change struct {
	At       time.Time       `json:"at"`
	Status   incident.Status `json:"status"`
	Severity string          `json:"severity"`
}

// changes reads each change of the status or the severity out of the record.
func (f *facts) changes() []Change {
	var list []Change
	for n, e := range f.events {
		if !change(e.Kind) {
			continue
		}
		i, err := incident.Fold(f.i.Number, f.events[:n+1])
		if err != nil {
			return list // the record has a hole; what is before it still holds
		}
		c := Change{At: e.At, Status: i.Status, Severity: i.Severity.String()}
		if k := len(list) - 1; k >= 0 && list[k].Status == c.Status && list[k].Severity == c.Severity {
			continue
		}
		list = append(list, c)
	}
	return list
}
