package ledger

import (
	"slices"
	"strings"
	"testing"
)

// TestDamageKnowsItsKeys holds that what is said of damaged records is said of keys that
// there are: of a record that is called otherwise since, nothing would hold.
func TestDamageKnowsItsKeys(t *testing.T) {
	for _, prefix := range slices.Concat(spare, whole, indexes) {
		if _, ok := FamilyOf(prefix); !ok && !slices.ContainsFunc(families, func(f Family) bool { return strings.HasPrefix(f.Key, prefix) }) {
			t.Errorf("no record begins with %q", prefix)
		}
	}
}
