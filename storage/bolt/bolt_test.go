package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
	"github.com/stormbell/stormbell/storage/storagetest"
)

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storagetest.Open {
		path := filepath.Join(t.TempDir(), "store.db")
		return func() storage.Engine { return open(t, path) }
	})
}

// open opens the store at path. The test closes it.
func open(t testing.TB, path string) *bolt.Engine {
	t.Helper()
	e, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatalf("Open(%s) = %v", path, err)
	}
	return e
}
