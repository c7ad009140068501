package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// What is in the file: the bucket "meta" with the key "schema", and the bucket
// "records" with one entry per record. A record's stored value is its value
// followed by a checksum over key and value, since bbolt itself has none: a
// flipped byte is found, not believed.
const (
	metaBucket    = "meta"
	recordsBucket = "records"
	schemaKey     = "schema"

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
		return nil, fmt.Errorf("record %q: %w", key, errSum)
	}
	return stored[:n:n], nil
}
