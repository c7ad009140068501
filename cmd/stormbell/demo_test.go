package main

import (
	"testing"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// TestListenForPage: a second demonstration is not in the way of the first.
func TestListenForPage(t *testing.T) {
	var taken []string
	for range 2 {
		listener, err := listenForPage("")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		taken = append(taken, listener.Addr().String())
	}
	if taken[1] == usualPage || taken[0] == taken[1] {
		t.Errorf("two demonstrations are at %q, want the second elsewhere than %s", taken, usualPage)
	}
	if listener, err := listenForPage(taken[0]); err == nil {
		listener.Close()
		t.Errorf("an address that was asked for and is taken: no error")
	}
}

// TestMakeGroups: a workspace that is started again keeps the groups it has.
func TestMakeGroups(t *testing.T) {
	roster, err := rotation.Parse("demo", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	sim, err := slacksim.New(slacksim.Options{People: workers(roster)})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	for range 2 {
		if err := makeGroups(sim, roster); err != nil {
			t.Fatal(err)
		}
		if got := len(sim.State().Groups); got != len(roster.Teams) {
			t.Errorf("%d groups for %d teams", got, len(roster.Teams))
		}
	}
}
