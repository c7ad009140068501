package desk

import (
	"flag"
	"testing"

	"github.com/stormbell/stormbell/storage/storagetest"
)

var update = flag.Bool("update", false, "write the golden files that are missing; those that exist are never changed")

// TestRecords reads every type of record as an earlier version wrote it.
func TestRecords(t *testing.T) {
	storagetest.Records(t, *update, []string{"escalationRecord.due" /* it is a wake-up in the agenda */, "codesRecord.last" /* codes do not count up any more */},
		incidentRecord{}, eventRecord{}, escalationRecord{}, numberRecord{}, Prompt{}, Artifacts{}, gapRecord{},
		grantRecord{}, codesRecord{}, secretRecord{}, digestRecord{}, testPageRecord{}, slackDigestRecord{}, Digest{}, Workspace{},
		promiseRecord{}, remindedRecord{}, markRecord{}, readRecord{}, followUpRecord{}, idleRecord{}, reviewRecord{}, documentRecord{}, cueRecord{}, followUpsIndexedRecord{}, wokenRecord{}, nightRecord{}, weekRecord{}, monthRecord{},
		exportedRecord{}, trackerRecord{}, heardRecord{}, homesRecord{}, backupRecord{}, archivingRecord{}, fileRecord{}, nagsRecord{}, numbersRecord{}, foldedRecord{}, archivedRecord{})
}
