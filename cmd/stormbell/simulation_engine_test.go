package main

import (
	"testing"

	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/storagetest"
)

// TestSimulationEngine: the engine of the simulation means what the others mean.
func TestSimulationEngine(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) storagetest.Open {
		m := &medium{engine: &memory{}, limits: storage.Limits{Changes: 2048, Bytes: 16 << 20}}
		return func() storage.Engine {
			return m.elect(&life{dead: make(chan struct{})})
		}
	})
}
