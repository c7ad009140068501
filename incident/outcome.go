package incident

import (
	"slices"
	"strings"
	"time"
)

// Outcome is what an incident turned out to be, where it was none that hurt anybody.
type Outcome string

// The outcomes that have a word of their own.
const (
	NearMiss   Outcome = "near_miss"
	FalseAlarm Outcome = "false_alarm"
)

// Words is the outcome as people say it.
func (o Outcome) Words() string { return strings.ReplaceAll(string(o), "_", " ") }

// EndAs says what the incident turned out to be. It is no impact then, and not counted
// among those that hurt.
func (i Incident) EndAs(o Outcome, reason string, by Actor, now time.Time) (Change, error) {
	if CleanText(reason) == "" {
		return Change{}, Refuse("As in: "+strings.ReplaceAll(string(o), "_", "-")+" the alert was about a drill.",
			"Say in a few words what makes %s a %s.", i.Name(), o.Words())
	}
	c, err := i.moved(Event{Kind: KindCancelled, Reason: string(o), Text: reason}, by, now)
	if err != nil {
		return Change{}, err
	}
	if o == FalseAlarm { // what nearly happened may well have left something in place
		c.nothingTemporary("It was a false alarm.")
	}
	c.do(StopPaging, CloseAsks)
	return c.change(), nil
}

// Relate says that another incident has to do with this one. Each stays what it is.
func (i Incident) Relate(other int, reason string, by Actor, now time.Time) (Change, error) {
	switch {
	case other == i.Number:
		return Change{}, Refuse("Name the other incident.", "%s is related to itself.", i.Name())
	case slices.Contains(i.Related, other):
		return Change{}, Refuse("", "%s and %s are related already.", i.Name(), Name(other))
	}
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindRelated, Into: other, Text: CleanText(reason)}))
	c.do(RefreshCard)
	return c.change(), nil
}

// RelatedNames names the incidents that people say have to do with it: "INC-4, INC-9"; empty:
// there are none. A public incident names no private one.
func (i Incident) RelatedNames() string {
	var names []string
	for _, n := range slices.Sorted(slices.Values(i.Related)) {
		names = append(names, Name(n))
	}
	return FirstOf(names, 8)
}

func (i *Incident) relate(other int) {
	if other > 0 && !slices.Contains(i.Related, other) {
		i.Related = append(slices.Clip(i.Related), other)
	}
}
