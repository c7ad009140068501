package bolt

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/stormbell/stormbell/storage"
)

// What is in the file: the bucket "meta" with the keys "schema", "tally" and, once it has had a
// journal, "journal", and the bucket "records" with one entry per record. A record's stored value
// is its value followed by a checksum over key and value, since bbolt itself
// has none: a flipped byte is found, not believed. The tally, renewed with
// every commit, finds what no record can tell: records that are missing, and
// pages of an earlier day that a disk has failed to replace.
const (
	metaBucket    = "meta"
	recordsBucket = "records"
	schemaKey     = "schema"
	tallyKey      = "tally"
	journalKey    = "journal"

	// schema is the version of this layout (not of the records in it), and schemaJournal the
	// one of a file of which a part is in a journal: programs that know of none refuse it.
	schema        = 1
	schemaJournal = 2
)

const sumSize = 4

// errSum is the cause given for a record that does not match its checksum.
var errSum = errors.New("checksum does not match: the record is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// seal appends to room what is stored for a record.
func seal(room, key, value []byte) []byte {
	return binary.LittleEndian.AppendUint32(append(room, value...), checksum(key, value))
}

// unseal returns the value in what was stored for key, without copying.
func unseal(key, stored []byte) ([]byte, error) {
	n := len(stored) - sumSize
	if n < 0 || binary.LittleEndian.Uint32(stored[n:]) != checksum(key, stored[:n]) {
		return nil, &storage.DamagedError{Key: string(key), Cause: errSum}
	}
	return stored[:n:n], nil
}

// tally is the number of records and the sum of their checksums.
type tally struct{ n, sum uint64 }

// add counts a record by what is stored for it, which unseal has accepted or
// seal has made.
func (t *tally) add(stored []byte) {
	t.n++
	t.sum += uint64(binary.LittleEndian.Uint32(stored[len(stored)-sumSize:]))
}

// remove undoes add. Nil, for a record that was not there, is nothing; what is
// too short to be a record was damaged under way and cannot be counted.
func (t *tally) remove(stored []byte) {
	if len(stored) < sumSize {
		return
	}
	t.n--
	t.sum -= uint64(binary.LittleEndian.Uint32(stored[len(stored)-sumSize:]))
}

func (t tally) encode() []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, t.n), t.sum)
}

// decodeTally returns what encode has written.
func decodeTally(b []byte) (tally, error) {
	if len(b) != 16 {
		return tally{}, damaged("its count of records is missing")
	}
	return tally{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}, nil
}

// mark is what the file says of a journal: which it is, how large each of its files is, up to
// which number it has been carried over, and whether more may stand in it that was confirmed.
// Where it is not needed, the file stands for itself, and the journal, if it is still there,
// may be removed.
type mark struct {
	id      journalID
	size    int64 // bytes
	carried uint64
	needed  bool
}

// markSize is the size of a mark in the file: id 8, size 8, carried 8, needed 1.
const markSize = 25

func (m mark) encode() []byte {
	b := binary.LittleEndian.AppendUint64(m.id[:], uint64(m.size))
	b = binary.LittleEndian.AppendUint64(b, m.carried)
	if m.needed {
		return append(b, 1)
	}
	return append(b, 0)
}

// decodeMark returns what encode has written; of a file that has never had a journal the
// zero mark.
func decodeMark(b []byte) (m mark, err error) {
	if b == nil {
		return mark{}, nil
	}
	if len(b) != markSize {
		return m, damaged("what it says of its journal makes no sense")
	}
	copy(m.id[:], b)
	return mark{m.id, int64(binary.LittleEndian.Uint64(b[8:])), binary.LittleEndian.Uint64(b[16:]), b[24] == 1}, nil
}
