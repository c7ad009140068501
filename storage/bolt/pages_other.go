//go:build !linux

package bolt

import (
	"os"

	bolt "go.etcd.io/bbolt"
)

// readSoon does nothing here.
func readSoon(*os.File, int64, int) {}

// residentFiles is not known here.
func residentFiles() int64 { return 0 }

// forgetPages does nothing here.
func forgetPages(*bolt.Tx) {}
