package oncall

import (
	"flag"
	"testing"

	"github.com/stormbell/stormbell/storage/storagetest"
)

var update = flag.Bool("update", false, "write the golden files that are missing; those that exist are never changed")

// TestRecords reads every type of record as an earlier version wrote it.
func TestRecords(t *testing.T) {
	storagetest.Records(t, *update, nil,
		linkRecord{}, gapsRecord{}, gapsRun{}, groupsRecord{}, groupRecord{}, handoverRecord{}, announceRecord{}, Notice{},
		rosterRecord{}, deltaRecord{}, swapRecord{})
}
