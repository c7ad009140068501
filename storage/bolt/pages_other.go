//go:build !linux

package bolt

import bolt "go.etcd.io/bbolt"

// forgetPages does nothing here.
func forgetPages(*bolt.Tx) {}
