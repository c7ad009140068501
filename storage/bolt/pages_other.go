//go:build !linux

package bolt

import (
	"os"

	bolt "go.etcd.io/bbolt"
)

// readSoon does nothing here.
func readSoon(*os.File, int64, int) {}

// forgetPages does nothing here.
func forgetPages(*bolt.Tx) {}
