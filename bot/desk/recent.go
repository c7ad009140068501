package desk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
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

// same are records of one kind as they were read or written last, each with the text
// from which it is decoded: where that is another one, it is decoded anew.
type same[T any] [32]atomic.Pointer[decodedOnce[T]]

type decodedOnce[T any] struct {
	text  []byte
	value T // never changed in place
}

var sameSeed = maphash.MakeSeed()

func (s *same[T]) place(key string) *atomic.Pointer[decodedOnce[T]] {
	return &s[maphash.String(sameSeed, key)%uint64(len(s))]
}

// load is [storage.Load]. What it returns shares its slices with others: it is only read.
func (s *same[T]) load(tx *storage.Tx, key string) (T, error) {
	text, err := tx.Get(key)
	if err != nil {
		var none T
		return none, fmt.Errorf("load %s: %w", key, err)
	}
	if was := s.place(key).Load(); was != nil && bytes.Equal(was.text, text) {
		return was.value, nil
	}
	now := &decodedOnce[T]{text: text}
	if err := json.Unmarshal(text, &now.value); err != nil {
		return now.value, fmt.Errorf("load %s: %v", key, err)
	}
	s.place(key).Store(now)
	return now.value, nil
}

// save is [storage.Save] of a value that is not changed in place from then on.
func (s *same[T]) save(tx *storage.Tx, key string, value T) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("save %s: %v", key, err)
	}
	s.place(key).Store(&decodedOnce[T]{text, value})
	return tx.Put(key, text)
}
