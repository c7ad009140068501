//go:build !linux

package bolt

// syncData makes durable what was written to a file.
func syncData(f journalFile) error { return f.Sync() }
