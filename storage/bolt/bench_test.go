package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stormbell/stormbell/storage"
)

// BenchmarkUpdate stores one record of 300 bytes in each Update. Its
// counterpart is BenchmarkEngineCommit in the same run: a disk's speed differs
// too much from hour to hour to compare anything else.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			db := storage.New(open(b, filepath.Join(b.TempDir(), "store.db")))
			defer db.Close()
			value := make([]byte, 300)
			var seq atomic.Int64
			b.ResetTimer()
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					for i := seq.Add(1); i <= int64(b.N); i = seq.Add(1) {
						key := fmt.Sprintf("event/%012d", i)
						err := db.Update(context.Background(), func(tx *storage.Tx) error { return tx.Put(key, value) })
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkEngineCommit is the raw rate of the engine with n such records in
// each commit: what sharing commits can come to at best.
func BenchmarkEngineCommit(b *testing.B) {
	for _, n := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			e := open(b, filepath.Join(b.TempDir(), "store.db"))
			defer e.Close()
			value := make([]byte, 300)
			seq := 0
			for b.Loop() {
				changes := make([]storage.Change, n)
				for i := range changes {
					seq++
					changes[i] = storage.Change{Key: fmt.Sprintf("event/%012d", seq), Value: value}
				}
				if err := e.Commit(context.Background(), changes); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(seq)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkSync is the disk alone: a page written and synchronized, again and again.
// It is what other figures of the same run are to be read by.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "page"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for b.Loop() {
		if _, err := f.WriteAt(page, 0); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
}

// BenchmarkGet reads one of 10,000 records in a View of its own.
func BenchmarkGet(b *testing.B) {
	db := storage.New(open(b, filepath.Join(b.TempDir(), "store.db")))
	defer db.Close()
	for i := range 100 {
		err := db.Update(context.Background(), func(tx *storage.Tx) error {
			for k := range 100 {
				if err := tx.Put(fmt.Sprintf("event/%06d", 100*i+k), make([]byte, 300)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	for b.Loop() {
		i++
		key := fmt.Sprintf("event/%06d", i*7919%10000)
		err := db.View(context.Background(), func(tx *storage.Tx) error {
			_, err := tx.Get(key)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
