package alerts

import (
	"slices"
	"testing"

	"github.com/stormbell/stormbell/incident/alert"
)

// TestExplain: what is said beforehand of where an alert would go, and afterwards of
// where it went, is the same.
func TestExplain(t *testing.T) {
	inBubble(t, "", func(r *room) {
		k := Key{Name: "m"}
		try := func(want string) Explained {
			t.Helper()
			x, err := r.Test(r.t.Context(), k, alert.Body{Alerts: []alert.Alert{firing("a")}})
			if err != nil {
				t.Fatal(err)
			}
			if got := x.Alerts[0].Why; got[len(got)-1] != want {
				t.Errorf("the outcome is %q, want %q", got[len(got)-1], want)
			}
			return x.Alerts[0]
		}
		before := try("It would open an incident.")
		r.take("m", firing("a"))
		after, err := r.Explain(r.t.Context(), ada, 1)
		if err != nil {
			t.Fatal(err)
		}
		got := after.Alerts[0]
		if got.Group != before.Group || got.Route != before.Route || got.Service != before.Service || got.Severity != before.Severity || got.Does != before.Does || got.Incident != "INC-1" {
			t.Errorf("it is %+v; beforehand it was %+v", got, before)
		}
		for _, why := range before.Why[:len(before.Why)-1] {
			if !slices.Contains(got.Why, why) {
				t.Errorf("afterwards it does not say %q", why)
			}
		}
	})
}

// TestExplainPage: that an alert only pages is said of the incident that it opens.
func TestExplainPage(t *testing.T) {
	inBubble(t, "", func(r *room) {
		a := firing("a")
		a.Severity = alert.Sev4
		x, err := r.Test(r.t.Context(), Key{Name: "m"}, alert.Body{Alerts: []alert.Alert{a}})
		if err != nil || x.Alerts[0].Why[len(x.Alerts[0].Why)-1] != "It would open an incident without a channel." {
			t.Errorf("Test() = %+v, %v", x, err)
		}
	})
}
