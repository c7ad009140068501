package rotation

import (
	"os"
	"slices"
	"testing"
	"time"
)

// The rosters that the project ships must be without a fault, and say what their
// comments claim.
func TestShippedRosters(t *testing.T) {
	for _, file := range []string{"../configs/roster.example.yaml", "../configs/demo/roster.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Parse(file, data)
		if err != nil {
			t.Fatalf("Parse(%s):\n%v", file, err)
		}
		if len(r.Warnings()) > 0 {
			t.Errorf("Parse(%s) warns:\n%v", file, r.Warnings())
		}
		again, err := Parse("export", r.Export())
		if err != nil {
			t.Fatalf("Parse of the export of %s:\n%v", file, err)
		}
		if diff := sameFields(r, again); diff != "" {
			t.Errorf("%s: Parse(Export) differs: -want +got\n%s", file, diff)
		}
	}
}

// TestDemoRoster holds the demonstration's roster against who was on call when
// its incidents were declared.
func TestDemoRoster(t *testing.T) {
	data, err := os.ReadFile("../configs/demo/roster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := mustParse(t, string(data))
	for _, c := range []struct{ at, service, primary, secondary string }{
		{"2026-09-09T09:14:00Z", "search", "noor", "linus"},
		{"2026-09-16T01:40:00Z", "payments", "jonas", "clara"},
		{"2026-09-22T12:05:00Z", "edge-gateway", "viktor", "sam"},
		{"2026-09-27T15:20:00Z", "inventory-feed", "viktor", "sam"},
		{"2026-10-05T07:50:00Z", "checkout", "aisha", "jonas"},
		{"2026-10-08T21:30:00Z", "storefront-web", "linus", "mei"},
		{"2026-10-11T02:10:00Z", "storefront-web", "linus", "mei"},
		{"2026-10-14T10:00:00Z", "payments", "clara", "aisha"},
		{"2026-10-25T00:50:00Z", "edge-gateway", "viktor", "sam"},
		{"2026-11-03T14:15:00Z", "payments", "clara", "aisha"},
		{"2026-11-17T18:40:00Z", "payments", "jonas", "clara"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		team, ok := r.TeamOf(c.service)
		if !ok {
			t.Fatalf("TeamOf(%s): none", c.service)
		}
		for rotation, want := range map[string]string{team.ID + "-primary": c.primary, team.ID + "-secondary": c.secondary} {
			x, ok := r.Rotation(rotation)
			if !ok {
				t.Fatalf("Rotation(%s): none", rotation)
			}
			if got := x.People(at); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: People(%s) = %v, want [%s]", rotation, c.at, got, want)
			}
		}
	}
}
