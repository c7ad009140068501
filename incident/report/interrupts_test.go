package report

import (
	"testing"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// TestInterrupts counts pages as people feel them.
func TestInterrupts(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	page := func(m, n int, who string) Page {
		return Page{At: noon.Add(time.Duration(m) * time.Minute), Incident: n, Person: who}
	}
	quiet := page(0, 1, "ada")
	quiet.Quiet = true
	tests := []struct {
		name          string
		pages         []Page
		count, nights int
	}{
		{"none", nil, 0, 0},
		{"a mail", []Page{quiet}, 0, 0},
		{"one incident within the hour", []Page{page(0, 1, "ada"), page(2, 1, "ada"), page(59, 1, "ada")}, 1, 0},
		{"and after it", []Page{page(0, 1, "ada"), page(60, 1, "ada")}, 2, 0},
		{"two people", []Page{page(0, 1, "ada"), page(0, 1, "bob")}, 2, 0},
		{"a storm", []Page{page(0, 1, "ada"), page(1, 2, "ada"), page(2, 3, "ada")}, 1, 0},
		{"two incidents", []Page{page(0, 1, "ada"), page(5, 2, "ada"), page(6, 1, "ada")}, 2, 0},
		{"at night", []Page{page(10*60, 1, "ada"), page(10*60+5, 1, "ada")}, 1, 1},
	}
	for _, tt := range tests {
		list := Interrupts(tt.pages, func(string) rotation.Desk { return rotation.Desk{Zone: time.UTC} })
		nights := 0
		for _, x := range list {
			if x.Night {
				nights++
			}
		}
		if len(list) != tt.count || nights != tt.nights {
			t.Errorf("%s: %d interrupts, %d at night; want %d, %d", tt.name, len(list), nights, tt.count, tt.nights)
		}
	}
}
