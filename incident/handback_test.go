package incident

import (
	"strings"
	"testing"
	"time"
)

func TestUnacknowledge(t *testing.T) {
	now := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	c, err := Declare(1, Declaration{Title: "checkout is down"}, "person:eve", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Incident.Unacknowledge("", "person:ada", now); err == nil || !strings.Contains(err.Error(), "Nobody has acknowledged INC-1") {
		t.Errorf("Unacknowledge of what nobody has = %v, want that there is nothing to take back", err)
	}
	a, err := c.Incident.Acknowledge("person:ada", now)
	if err != nil {
		t.Fatal(err)
	}
	back, err := a.Incident.Unacknowledge("lunch", "person:ada", now.Add(time.Minute))
	if err != nil || back.Incident.Acked() || back.Incident.AcknowledgedBy != "" || back.Incident.Holder(Commander) != "person:ada" {
		t.Errorf("Unacknowledge() = %+v, %v, want nobody on it and the roles as they were", back.Incident, err)
	}
	if again, err := back.Incident.Acknowledge("person:bob", now.Add(2*time.Minute)); err != nil || again.Incident.AcknowledgedBy != "person:bob" {
		t.Errorf("Acknowledge() afterwards = %+v, %v, want bob on it", again.Incident, err)
	}
	over, err := a.Incident.Resolve("person:ada", "", now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := over.Incident.Unacknowledge("", "person:ada", now); err == nil || !strings.Contains(err.Error(), "resolved") {
		t.Errorf("Unacknowledge of what is over = %v, want a refusal that says so", err)
	}
}
