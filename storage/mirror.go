package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Mirror makes to hold exactly what from holds at this moment, but for the key except,
// which it leaves alone on both sides, and returns how many records it had to change.
// What is there already is only read, so an interrupted Mirror goes on where it was.
// Nobody else may write to to meanwhile. The two must not be the same.
func Mirror(ctx context.Context, from, to *DB, except string) (changed int, err error) {
	m := &mirror{to: to, except: except}
	err = from.View(ctx, func(tx *Tx) error {
		for key, value := range tx.Scan("") {
			if key == except {
				continue
			}
			if err := m.add(ctx, Change{Key: key, Value: value}); err != nil {
				return err
			}
		}
		if err := tx.Err(); err != nil {
			return err
		}
		return m.flush(ctx, "")
	})
	return m.changed, err
}

// mirror brings one stretch of keys after the other into line.
type mirror struct {
	to      *DB
	except  string
	next    string // the first key that is not in line yet
	chunk   layer  // what should stand from there on
	changed int
}

// add takes the next record of the source.
func (m *mirror) add(ctx context.Context, c Change) error {
	if !m.chunk.fits(c, Limits{MaxChanges, MaxBytes}) {
		last := m.chunk.keys[len(m.chunk.keys)-1]
		if err := m.flush(ctx, last+"\x00"); err != nil {
			return err
		}
	}
	m.chunk.put(c)
	return nil
}

// flush brings the keys below end into line; an empty end means all that are left.
func (m *mirror) flush(ctx context.Context, end string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var extra []Change
	err := m.to.View(ctx, func(tx *Tx) error {
		for key, value := range tx.ScanRange(Range{Start: m.next, End: end}) {
			switch want, ok := m.chunk.changes[key]; {
			case key == m.except:
			case !ok:
				extra = append(extra, Change{Key: key, Delete: true})
			case bytes.Equal(want.Value, value):
				m.chunk.drop(key)
			}
		}
		return tx.Err()
	})
	if err != nil {
		return err
	}
	if err := m.apply(ctx, m.chunk.list()); err != nil {
		return err
	}
	for ; len(extra) > 0; extra = extra[min(len(extra), MaxChanges):] {
		if err := m.apply(ctx, extra[:min(len(extra), MaxChanges)]); err != nil {
			return err
		}
	}
	m.next, m.chunk = end, layer{}
	return nil
}

// apply makes changes that fit into one transaction.
func (m *mirror) apply(ctx context.Context, changes []Change) error {
	if len(changes) == 0 {
		return nil
	}
	m.changed += len(changes)
	return m.to.Update(ctx, func(tx *Tx) error {
		for _, c := range changes {
			if err := tx.change("mirror", c); err != nil {
				return err
			}
		}
		return nil
	})
}

// Digest is what a store holds, in short: two stores with the same digest hold the same.
type Digest struct {
	Records int    `json:"records"`
	Bytes   int    `json:"bytes"` // of keys and values
	SHA256  string `json:"sha256"`
}

// DigestOf reads the whole store but for the key except.
func DigestOf(ctx context.Context, db *DB, except string) (Digest, error) {
	var d Digest
	sum := sha256.New()
	err := db.View(ctx, func(tx *Tx) error {
		for key, value := range tx.Scan("") {
			if key == except {
				continue
			}
			d.Records++
			d.Bytes += len(key) + len(value)
			part(sum, key)
			part(sum, string(value))
		}
		return tx.Err()
	})
	d.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return d, err
}

// part adds a text with its length, so that no two lists of texts are alike.
func part(sum hash.Hash, text string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(text)))
	sum.Write(length[:])
	sum.Write([]byte(text))
}
