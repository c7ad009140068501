package incident

import (
	"testing"
	"time"
)

// TestSeenByStaysSaid: what the record says of who saw it first holds until somebody says
// otherwise, and who saw it is in the words of the entry.
func TestSeenByStaysSaid(t *testing.T) {
	at := time.Date(2026, 11, 3, 14, 15, 0, 0, time.UTC)
	i, err := Fold(1, []Event{{Seq: 1, At: at, By: "person:ada", Kind: KindDeclared, Title: "charged twice", Severity: Sev1}})
	if err != nil {
		t.Fatal(err)
	}
	if got := i.SeenBy(); got != SeenByStaff {
		t.Errorf("declared by a person: first seen by %s", got)
	}
	c, err := i.SetImpact(ImpactSaid{Seen: SeenByCustomers}, "person:ada", at.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	c, err = c.Incident.SetImpact(ImpactSaid{Since: at.Add(-time.Hour)}, "person:bob", at.Add(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Incident.SeenBy(); got != SeenByCustomers {
		t.Errorf("after another correction: first seen by %s, want customers", got)
	}
	alerted, _ := Fold(1, []Event{{Seq: 1, At: at, By: "alert:x", Kind: KindDeclared, Title: "t", Severity: Sev1, Alert: "k"}})
	if got := alerted.SeenBy(); got != SeenByAlert {
		t.Errorf("opened by an alert: first seen by %s", got)
	}
}
