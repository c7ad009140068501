package rotation

import (
	"strings"
	"testing"
)

// TestMentioned finds the service that a title names.
func TestMentioned(t *testing.T) {
	r := &Roster{Services: []Service{
		{ID: "storefront-web", Name: "Storefront"}, {ID: "checkout", Name: "Checkout"}, {ID: "checkout-api", Name: "Checkout API"},
		{ID: "db", Name: "Datenbänke"}, {ID: "x", Name: "  "},
	}}
	for text, want := range map[string]string{
		"Checkout is down":                  "checkout",
		"the CHECKOUT’s pages are slow":     "checkout",
		"checkouts are slow":                "",
		"Checkout API returns 500":          "checkout-api",
		"checkout-api returns 500":          "checkout-api",
		"checkout: db is full":              "checkout db", // several
		"the db (db) is full":               "db",
		"storefront web is slow":            "storefront-web",
		"Datenbänke sind weg":               "db",
		"nothing of it":                     "",
		"":                                  "",
		"Checkout and Checkout API are out": "checkout checkout-api",
	} {
		got, others := r.Mentioned(text)
		var ids []string
		if got != nil {
			ids = append(ids, got.ID)
		}
		for _, s := range others {
			ids = append(ids, s.ID)
		}
		if s := strings.Join(ids, " "); s != want || got != nil && len(others) > 0 {
			t.Errorf("Mentioned(%q) = %q, want %q", text, s, want)
		}
	}
}
