package ledger

import (
	"flag"
	"testing"

	"github.com/stormbell/stormbell/storage/storagetest"
)

var update = flag.Bool("update", false, "write the golden files that are missing; those that exist are never changed")

// TestRecords reads every type of record as an earlier version wrote it.
func TestRecords(t *testing.T) {
	storagetest.Records(t, *update, nil,
		Job{}, countRecord{}, wakeRecord{}, seenRecord{}, healthRecord{}, staleRecord{}, setAsideRecord{}, migrationRecord{}, copyRecord{})
}
