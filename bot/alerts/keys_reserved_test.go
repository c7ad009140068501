package alerts

import (
	"errors"
	"testing"

	"github.com/stormbell/stormbell/incident"
)

// TestReservedKeyName: the bot's own alerts about heartbeats would be those of a sender of that name.
func TestReservedKeyName(t *testing.T) {
	_, l := newBox(t)
	keys := openKeys(t, l)
	if _, err := keys.Add(t.Context(), "ada", "heartbeat", ""); err == nil {
		t.Error("a key named heartbeat is made")
	} else if _, ok := errors.AsType[*incident.Refusal](err); !ok {
		t.Errorf("Add() = %v, want a refusal", err)
	}
	if _, err := OpenKeys(t.Context(), l, []ConfigKey{{Name: "heartbeat", Secret: "a secret"}}); err == nil {
		t.Error("the configuration's key named heartbeat is taken")
	}
}
