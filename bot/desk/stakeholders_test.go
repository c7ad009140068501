package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// TestAllStakeholdersAreTold has 75 people and a channel with an interest: each has one job
// for an update, for its return, and for the post-mortem, over a restart in between.
func TestAllStakeholdersAreTold(t *testing.T) {
	var people, members []string
	for n := range 75 {
		id := fmt.Sprintf("p%d", n)
		people = append(people, fmt.Sprintf("  - {id: %s, slack: U0P%d}\n", id, n))
		members = append(members, id)
	}
	roster := strings.Replace(sampleRoster, "people:\n", "people:\n"+strings.Join(people, ""), 1)
	roster = strings.Replace(roster, "teams:\n", "teams:\n  - {id: sales, name: Sales, members: ["+strings.Join(members, ", ")+"]}\n", 1)
	roster = strings.Replace(roster, "team: payments, policy: payments}\n", "team: payments, policy: payments, stakeholders: [channel:sales, team:sales]}\n", 1)
	withRoster(t, roster, func(x *fixture) {
		x.stuck = true
		all := func(kind ledger.Kind, each int) {
			t.Helper()
			x.tick(5 * time.Second)
			got := map[string]int{}
			for _, j := range x.waitingOf(kind) {
				got[j.Person+j.Target]++
			}
			for who, n := range got {
				if n != each {
					t.Errorf("%s: %s is told %d times, want %d", kind, who, n, each)
				}
			}
			if len(got) != 76 {
				t.Errorf("%s: %d people and channels are told, want 76", kind, len(got))
			}
		}
		i := x.declare(incident.Declaration{Title: "checkout is down", Service: "checkout", Severity: incident.Sev1})
		x.act(ada, i.Number, Act{Verb: Acknowledge})
		x.act(ada, i.Number, Act{Verb: Note, Note: incident.Update, Text: "We know of it."})
		all(ledger.Inform, 1)
		x.act(ada, i.Number, Act{Verb: Mitigate, How: incident.Fix})
		x.act(ada, i.Number, Act{Verb: Investigate, Text: "It is back."})
		x.reopen()
		all(ledger.Inform, 2)
		x.act(ada, i.Number, Act{Verb: Resolve, How: incident.Fix})
		x.act(ada, i.Number, Act{Verb: NoFollowUps, Text: "The cause is gone."})
		x.act(ada, i.Number, Act{Verb: Reply, Question: postmortem.Cause, Text: "A certificate had changed."})
		x.act(ada, i.Number, Act{Verb: PublishDocument})
		all(ledger.Published, 1)
	})
}

// TestStakeholdersWhileTheyChange replaces the roster between the transactions in which a
// list of people is told: whoever was on it and still is hears of it once.
func TestStakeholdersWhileTheyChange(t *testing.T) {
	roster := func(members []string) string {
		var people []string
		for n := range 75 {
			people = append(people, fmt.Sprintf("  - {id: p%02d, slack: U0P%d}\n", n, n))
		}
		r := strings.Replace(sampleRoster, "people:\n", "people:\n"+strings.Join(people, ""), 1)
		r = strings.Replace(r, "teams:\n", "teams:\n  - {id: sales, name: Sales, members: ["+strings.Join(members, ", ")+"]}\n", 1)
		return strings.Replace(r, "team: payments, policy: payments}\n", "team: payments, policy: payments, stakeholders: [team:sales, channel:sales]}\n", 1)
	}
	var all []string
	for n := range 75 {
		all = append(all, fmt.Sprintf("p%02d", n))
	}
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	for name, after := range map[string][]string{
		"people leave":      all[10:],
		"people come":       append([]string{"ada", "bob"}, all...),
		"in another order":  reversed,
		"half of them only": all[40:],
	} {
		t.Run(name, func(t *testing.T) {
			withRoster(t, roster(all), func(x *fixture) {
				x.stuck = true
				i := x.declare(incident.Declaration{Title: "checkout is down", Service: "checkout", Severity: incident.Sev1})
				x.act(ada, i.Number, Act{Verb: Resolve, How: incident.Fix})
				x.act(ada, i.Number, Act{Verb: NoFollowUps, Text: "The cause is gone."})
				x.act(ada, i.Number, Act{Verb: Reply, Question: postmortem.Cause, Text: "A certificate had changed."})
				x.act(ada, i.Number, Act{Verb: PublishDocument})
				x.apply(roster(after))
				x.tick(5 * time.Second)
				got := map[string]int{}
				for _, j := range x.waitingOf(ledger.Published) {
					got[strings.TrimPrefix(j.Person, "person:")+j.Target]++
				}
				want := append(slices.Clone(all), "sales")
				want = slices.DeleteFunc(want, func(id string) bool { return id != "sales" && !slices.Contains(after, id) })
				for _, who := range want {
					if got[who] == 0 {
						t.Errorf("%s is not told", who)
					}
				}
				for who, n := range got {
					if n != 1 {
						t.Errorf("%s is told %d times", who, n)
					}
				}
			})
		})
	}
}
