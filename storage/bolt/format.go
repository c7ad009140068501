package bolt

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/stormbell/stormbell/storage"
)

// What is in the file: the bucket "meta" with the keys "schema" and "tally",
// and the bucket "records" with one entry per record. A record's stored value
// is its value followed by a checksum over key and value, since bbolt itself
// has none: a flipped byte is found, not believed. The tally, renewed with
// every commit, finds what no record can tell: records that are missing, and
// pages of an earlier day that a disk has failed to replace.
const (
	metaBucket    = "meta"
	recordsBucket = "records"
	schemaKey     = "schema"
	tallyKey      = "tally"

	// schema is the version of this layout (not of the records in it).
	schema = 1
)

const sumSize = 4

// errSum is the cause given for a record that does not match its checksum.
var errSum = errors.New("checksum does not match: the record is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// seal returns what is stored for a record.
func seal(key, value []byte) []byte {
	out := make([]byte, 0, len(value)+sumSize)
	return binary.LittleEndian.AppendUint32(append(out, value...), checksum(key, value))
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
