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
	text   []byte
	record T // never changed in place
}

var recentSeed = maphash.MakeSeed()

func (r *Recent[T]) place(key string) *atomic.Pointer[recentlyRead[T]] {
	return &r[maphash.String(recentSeed, key)%uint64(len(r))]
}

// Load is [Load]. What it returns shares its slices with others: it is only read.
func (r *Recent[T]) Load(tx *storage.Tx, key string) (record T, ok bool, err error) {
	text, ok, err := tx.Peek(key)
	switch {
	case err != nil:
		return record, false, fmt.Errorf("load %s: %w", key, err)
	case !ok:
		return record, false, nil
	}
	if was := r.place(key).Load(); was != nil && bytes.Equal(was.text, text) {
		return was.record, true, nil
	}
	now := &recentlyRead[T]{text: text}
	if err := json.Unmarshal(text, &now.record); err != nil {
		return now.record, false, fmt.Errorf("load %s: %v", key, err)
	}
	r.place(key).Store(now)
	return now.record, true, nil
}

// Save is [Tx.Save] of a record that is not changed in place from then on.
func (r *Recent[T]) Save(tx *Tx, key string, record T) error {
	text, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("save %s: %v", key, err)
	}
	r.place(key).Store(&recentlyRead[T]{text, record})
	return tx.PutOwn(key, text)
}
