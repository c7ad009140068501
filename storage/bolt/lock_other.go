//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package bolt

import "os"

// lock leaves the lock to bbolt, which takes it after the file is verified.
func lock(*os.File) error { return nil }

// syncDir does nothing: folders cannot be synced everywhere.
func syncDir(string) error { return nil }
