package incident

import (
	"slices"
	"testing"
	"time"
)

// TestPrecedentsByFunctionAndSymptom: what customers cannot do says more than what they see.
func TestPrecedentsByFunctionAndSymptom(t *testing.T) {
	trait := func(n int, service, function string, s Symptom, title string) Trait {
		v, ok := TraitOf(Incident{Number: n, Title: title, Service: service, Function: function, Symptom: s,
			Declared: time.Unix(int64(n), 0), Mitigated: time.Unix(int64(n)+1, 0)})
		if !ok {
			t.Fatal("no trait")
		}
		return v
	}
	past := []Trait{
		trait(1, "checkout", "Card payments", Erroring, "pool exhausted"),
		trait(2, "checkout", "invoices", Erroring, "empty pages"),
		trait(3, "search", "card payments", Erroring, "an index is old"),
		trait(4, "checkout", "card payments", Slow, "a queue grows"),
		trait(5, "checkout", "", Partial, "pool of providers"),
	}
	for _, c := range []struct {
		name string
		now  Trait
		want []int
	}{
		{"service, function and symptom before service and function", trait(9, "checkout", "card payments", Erroring, "nothing alike"), []int{1, 4}},
		{"function and symptom alone are too little", trait(9, "gateway", "invoices", Erroring, "nothing alike"), nil},
		{"service and symptom alone are too little", trait(9, "checkout", "refunds", Partial, "nothing alike"), nil},
		{"a word of the title counts as before", trait(9, "checkout", "", "", "pool is gone"), []int{5, 1}},
	} {
		if got := Precedents(c.now, past, 3); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
