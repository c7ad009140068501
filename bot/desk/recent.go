package desk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// recent are incidents as they were read last, each with the record that it was read
// from. An alert asks for the same few again and again, and decoding is most of what
// that costs. The record is read each time: where it is another one, so is the incident.
type recent [64]atomic.Pointer[decoded]

type decoded struct {
	record []byte
	inc    incident.Incident // never changed in place: its methods return another one
}

// load is [loadIncident]. The incident shares its slices with others: it is only read.
func (r *recent) load(tx *storage.Tx, n int) (incident.Incident, error) {
	record, err := tx.Get(incidentKey(n))
	if err != nil {
		return incident.Incident{}, fmt.Errorf("load %s: %w", incidentKey(n), err)
	}
	place := &r[uint(n)%uint(len(r))]
	if was := place.Load(); was != nil && bytes.Equal(was.record, record) {
		return was.inc, nil
	}
	var now incidentRecord
	if err := json.Unmarshal(record, &now); err != nil {
		return incident.Incident{}, fmt.Errorf("load %s: %v", incidentKey(n), err)
	}
	place.Store(&decoded{record, now.Incident})
	return now.Incident, nil
}
