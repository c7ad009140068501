package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"github.com/stormbell/stormbell/storage"
)

// Recent are records of one kind as they were read or written last, each with the text
// from which it is decoded. A flood asks for the same few again and again, and decoding
// is most of what that costs. The text is read each time: where it is another one, the
// record is decoded anew. The zero value is ready for use.
type Recent[T any] [64]atomic.Pointer[recentlyRead[T]]

type recentlyRead[T any] struct {
	text   []byte // nil: it is not made yet
	record T      // never changed in place
	place  *atomic.Pointer[recentlyRead[T]]
}

// Text makes the text of a record that was saved.
func (r *recentlyRead[T]) Text() (text []byte, err error) {
	if text, err = json.Marshal(&r.record); err == nil {
		r.text = text
		r.place.Store(r)
	}
	return text, err
}

var recentSeed = maphash.MakeSeed()

func (r *Recent[T]) place(key string) *atomic.Pointer[recentlyRead[T]] {
	return &r[maphash.String(recentSeed, key)%uint64(len(r))]
}

// Load is [Load]. What it returns shares its slices with others: it is only read.
func (r *Recent[T]) Load(tx *storage.Tx, key string) (record T, ok bool, err error) {
	if saved, ok := tx.Late(key).(*recentlyRead[T]); ok {
		return saved.record, true, nil
	}
	text, ok, err := tx.Peek(key)
	switch {
	case err != nil:
		return record, false, fmt.Errorf("load %s: %w", key, err)
	case !ok:
		return record, false, nil
	}
	place := r.place(key)
	if was := place.Load(); was != nil && bytes.Equal(was.text, text) {
		return was.record, true, nil
	}
	now := &recentlyRead[T]{text: text}
	if err := json.Unmarshal(text, &now.record); err != nil {
		return now.record, false, fmt.Errorf("load %s: %v", key, err)
	}
	place.Store(now)
	return now.record, true, nil
}

// Save is [Tx.Save] of a record that is not changed in place from then on. Of what a
// transaction saves at one key again and again only the last is encoded.
func (r *Recent[T]) Save(tx *Tx, key string, record T) error {
	if saved, ok := tx.Late(key).(*recentlyRead[T]); ok {
		saved.record = record
		return nil
	}
	return tx.PutLate(key, &recentlyRead[T]{record: record, place: r.place(key)})
}
