package desk

import "testing"

func TestNotesOfManyIncidentsFitMemory(t *testing.T) {
	for incidents, want := range map[int]int{0: notesSearched, 10_000: notesSearched, 100_000: 419, 10_000_000: notesAtLeast} {
		if got := notesOfEach(incidents); got != want {
			t.Errorf("of each of %d incidents %d bytes, want %d", incidents, got, want)
		}
	}
}
