package rotation

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func mustParse(t testing.TB, text string) *Roster {
	t.Helper()
	r, err := Parse("roster.yaml", []byte(text))
	if err != nil {
		t.Fatalf("Parse of\n%s\n%v", text, err)
	}
	return r
}

// sameFields compares every exported field, not only what Equal sees.
func sameFields(a, b *Roster) string {
	type plain Roster
	return cmp.Diff((*plain)(a), (*plain)(b), cmpopts.IgnoreUnexported(plain{}, Rotation{}, Matcher{}))
}

// asRoster wraps a vector's schedule in the smallest roster that can hold it.
func asRoster(r *Rotation) *Roster {
	out := &Roster{Rotations: []Rotation{*r}}
	for _, name := range r.names() {
		out.People = append(out.People, Person{ID: name, Name: name})
	}
	return out
}

// TestVectorsAsFiles writes each schedule as a roster file, reads it back and
// asks the same questions.
func TestVectorsAsFiles(t *testing.T) {
	for _, kind := range []string{"handoffs", "oncall", "final"} {
		for _, v := range vectors(t, kind) {
			t.Run(v.ID, func(t *testing.T) {
				text := asRoster(v.Schedule.rotation(t)).Export()
				roster := mustParse(t, string(text))
				if again := roster.Export(); string(again) != string(text) {
					t.Errorf("Export(Parse(Export)) differs: -first +second\n%s", cmp.Diff(string(text), string(again)))
				}
				r, _ := roster.Rotation("vector")
				for _, q := range v.Queries {
					if got := r.People(q.At); !slices.Equal(got, q.OnCall) {
						t.Errorf("People(%s) = %v, want %v, from\n%s", q.At, got, q.OnCall, text)
					}
				}
				if kind == "final" {
					if diff := cmp.Diff(v.Segments, asVector(r.Final(v.From, v.To))); diff != "" {
						t.Errorf("Final(%s, %s) from\n%s: -want +got\n%s", v.From, v.To, text, diff)
					}
				}
			})
		}
	}
}

func TestParseReadsEverything(t *testing.T) {
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := mustParse(t, string(data))
	if len(r.Warnings()) > 0 {
		t.Errorf("Warnings() = %v, want none", r.Warnings())
	}
	out := r.Export()
	golden(t, "testdata/full.export.yaml", out)
	again := mustParse(t, string(out))
	if diff := sameFields(r, again); diff != "" {
		t.Errorf("Parse(Export(r)) differs from r: -want +got\n%s", diff)
	}
	if !r.Equal(again) {
		t.Errorf("Equal(Parse(Export(r))) = false, want true")
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: -want +got\n%s", file, diff)
	}
}

// TestProblems reads one roster with every mistake we know and compares all the
// words it is answered with.
func TestProblems(t *testing.T) {
	files, err := os.ReadDir("testdata/problems")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".yaml")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/problems/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			r, err := Parse(f.Name(), data)
			var out string
			switch {
			case err != nil:
				out = err.Error() + "\n"
			case len(r.Warnings()) > 0:
				out = "accepted, with warnings:\n" + r.Warnings().Error() + "\n"
			default:
				t.Fatalf("Parse(%s) found nothing wrong", f.Name())
			}
			golden(t, "testdata/problems/"+name+".txt", []byte(out))
		})
	}
}

func TestPolicyOf(t *testing.T) {
	r := mustParse(t, `
people: [{id: ada}]
teams: [{id: payments, members: [ada]}, {id: shop, members: [ada]}]
policies:
  - {id: payments, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}
  - {id: special, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}
  - {id: default, steps: [{notify: [person:ada], wait: 5m}], last_resort: [person:ada]}
services:
  - {id: own, team: payments, policy: special}
  - {id: by-team, team: payments}
  - {id: orphan, team: shop}
defaults: {policy: default}
`)
	for service, want := range map[string]string{"own": "special", "by-team": "payments", "orphan": "default", "": "default", "nothing": "default"} {
		p, ok := r.PolicyOf(service)
		if !ok || p.ID != want {
			t.Errorf("PolicyOf(%q) = %v, %v, want %s", service, p, ok, want)
		}
	}
	if _, ok := (&Roster{}).PolicyOf("x"); ok {
		t.Errorf("PolicyOf of an empty roster found a policy")
	}
}

// TestSharedRoster asks one roster from many goroutines; the race detector is the
// judge.
func TestSharedRoster(t *testing.T) {
	data, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := mustParse(t, string(data))
	x, _ := r.Rotation("payments-primary")
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	want := x.Final(from, from.AddDate(0, 1, 0))
	done := make(chan string)
	for range 8 {
		go func() { done <- cmp.Diff(want, x.Final(from, from.AddDate(0, 1, 0))) }()
	}
	for range 8 {
		if diff := <-done; diff != "" {
			t.Errorf("Final from another goroutine: -want +got\n%s", diff)
		}
	}
}
