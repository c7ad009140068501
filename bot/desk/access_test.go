package desk

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

const (
	guest = incident.Actor("slack:U0GUEST")
	zoe   = incident.Actor("slack:U0ZOE")
)

// with gives the desk a configuration of rights, and tells it of guests and groups.
func (x *fixture) with(a Access) {
	x.t.Helper()
	x.opt.Access = a
	err := x.LearnWorkspace(background(), func(w *Workspace) {
		w.Outsiders = []string{"U0GUEST"}
		w.Groups = map[string][]string{"sre": {"U0ZOE"}}
		w.Channels = map[string][]string{"war-room": {"U0ZOE"}}
	})
	if err != nil {
		x.t.Fatal(err)
	}
}

// TestOutsiderCannotCloseSev1 is what an audit asks first.
func TestOutsiderCannotCloseSev1(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Severity: incident.Sev1})
		x.deliver()
		x.act(ada, 1, Act{Verb: Acknowledge})
		_, err := x.Do(background(), Caller{Actor: mal}, 1, Act{Verb: Resolve})
		refused(t, err, "To resolve INC-1 you must be in its channel")
		var r *incident.Refusal
		if errors.As(err, &r); r.Join != 1 {
			t.Errorf("the refusal offers to join INC-%d, want INC-1", r.Join)
		}
		x.act(ada, 1, Act{Verb: Resolve})
		_, err = x.Do(background(), Caller{Actor: mal}, 1, Act{Verb: Close})
		refused(t, err, "To close INC-1")
		if err := x.Entered(background(), Visit{Channel: "CINC1", User: "U0MAL"}); err != nil {
			t.Fatal(err)
		}
		x.act(mal, 1, Act{Verb: Close, Text: "anyway it is over"})
		x.folds(1)
	})
}

// TestEveryActByEveryRight tries every act that there is as everybody who is near an
// incident in one way, and as those who are not. Without EVERY_CASE, whoever is to be let
// tries a third of the acts, each another third, and whoever is to be refused tries all.
func TestEveryActByEveryRight(t *testing.T) {
	manage := map[Verb]bool{Resolve: true, Close: true, Cancel: true, Merge: true, "lower": true}
	acts := []Act{
		{Verb: Acknowledge}, {Verb: Investigate, Text: "x"}, {Verb: Mitigating, Text: "x"}, {Verb: Mitigate, Text: "restart"}, {Verb: Resolve},
		{Verb: Cancel}, {Verb: Merge, Into: 2}, {Verb: Note, Text: "x"}, {Verb: SetSeverity, Severity: incident.Sev1}, {Verb: Rename, Text: "x"},
		{Verb: "lower", Severity: incident.Sev4}, {Verb: Reroute, Service: "edge"}, {Verb: TakeRole, Role: incident.Responder}, {Verb: Close, Text: "anyway it is over"}, {Verb: Reopen, Text: "x"},
	}
	people := []struct {
		name      string
		who       incident.Actor
		near      bool
		through   incident.Through
		reads     bool
		comesHere bool // into the channel
	}{
		{name: "who declared it", who: eve, near: true, reads: true},
		{name: "on call for it", who: ada, near: true, reads: true},
		{name: "of the owning team", who: bob, near: true, reads: true},
		{name: "of another team", who: "person:dan", reads: true},
		{name: "unknown to the roster", who: mal, reads: true},
		{name: "in its channel", who: zoe, near: true, reads: true, comesHere: true},
		{name: "the command line", who: "admin:cli", near: true, reads: true},
		{name: "another team by the command line", who: "person:dan", through: incident.ThroughAdmin, near: true, reads: true},
		{name: "an alert's sender", who: "alert:prometheus", near: true, reads: true},
		{name: "guest", who: guest},
	}
	for i, p := range people {
		for k, a := range acts {
			refuses := !p.reads || !p.near && manage[a.Verb]
			if os.Getenv("EVERY_CASE") == "" && !refuses && (i+k)%3 > 0 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", p.name, a.Verb), func(t *testing.T) {
				inBubble(t, func(x *fixture) {
					x.with(nil)
					x.declare(incident.Declaration{Severity: incident.Sev2})
					x.declare(incident.Declaration{Title: "Search is slow"})
					x.deliver()
					lowers := manage[a.Verb]
					switch a.Verb {
					case Close, Reopen:
						x.act("admin:cli", 1, Act{Verb: Resolve})
					case "lower":
						a.Verb = SetSeverity
					}
					if p.comesHere {
						if err := x.Entered(background(), Visit{Channel: "CINC1", User: "U0ZOE"}); err != nil {
							t.Fatal(err)
						}
					}
					_, err := x.Do(background(), Caller{Actor: p.who, Through: p.through}, 1, a)
					switch {
					case !p.reads:
						refused(t, err, "There is no INC-1")
					case lowers && !p.near:
						refused(t, err, "you must be in its channel, on call for it, of the team that owns it, or involved in it")
					case err != nil:
						t.Errorf("refused: %v", err)
					}
				})
			})
		}
	}
}

// TestGuestsOnlyRead holds that a guest can do nothing, and sees nothing but what they
// were invited to.
func TestGuestsOnlyRead(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.with(nil)
		_, err := x.Declare(background(), Caller{Actor: guest}, incident.Declaration{Title: "Let me in"})
		refused(t, err, "Guests and people of other workspaces can only read")
		x.declare(incident.Declaration{})
		x.declare(incident.Declaration{Title: "Search is slow"})
		x.deliver()
		if list, _ := x.Active(background(), guest); len(list) != 0 {
			t.Errorf("a guest sees %d incidents, want none", len(list))
		}
		if err := x.Entered(background(), Visit{Channel: "CINC1", User: "U0GUEST", By: "U0ADA"}); err != nil {
			t.Fatal(err)
		}
		if list, _ := x.Active(background(), guest); len(list) != 1 || list[0].Number != 1 {
			t.Errorf("a guest who was invited to INC-1 sees %v", list)
		}
		if _, err := x.Show(background(), guest, 1); err != nil {
			t.Error(err)
		}
		for _, a := range []Act{{Verb: Acknowledge}, {Verb: Note, Text: "x"}, {Verb: Resolve}} {
			_, err := x.Do(background(), Caller{Actor: guest}, 1, a)
			refused(t, err, "Guests and people of other workspaces can only read")
		}
		_, err = x.Escalate(background(), Caller{Actor: guest}, 1)
		refused(t, err, "Guests")
		_, err = x.Snooze(background(), Caller{Actor: guest}, 1, time.Hour, "")
		refused(t, err, "Guests")
		_, err = x.Page(background(), Caller{Actor: guest}, 1, Call{Target: "ada"})
		refused(t, err, "Guests")
		if i, _ := x.folds(1); len(i.Admitted) != 1 {
			t.Errorf("admitted are %v, want the guest", i.Admitted)
		}
		// What is known of guests survives a restart.
		x.reopen()
		_, err = x.Do(background(), Caller{Actor: guest}, 1, Act{Verb: Acknowledge})
		refused(t, err, "Guests")
	})
}

// TestAccessOfTheConfiguration narrows and widens each right to people, teams, user
// groups and channels.
func TestAccessOfTheConfiguration(t *testing.T) {
	declares := func(x *fixture, who incident.Actor) error {
		_, err := x.Declare(background(), Caller{Actor: who}, incident.Declaration{Title: "Search is slow"})
		return err
	}
	cancels := func(x *fixture, who incident.Actor) error {
		_, err := x.Do(background(), Caller{Actor: who}, 1, Act{Verb: Cancel})
		return err
	}
	sees := func(x *fixture, who incident.Actor) error {
		_, err := x.Show(background(), who, 2)
		return err
	}
	roster := func(x *fixture, who incident.Actor) error { return x.May(Caller{Actor: who}, incident.DoRoster) }
	tests := []struct {
		access Access
		do     func(*fixture, incident.Actor) error
		who    incident.Actor
		words  string // of the refusal; empty: they may
	}{
		{nil, declares, mal, ""},
		{Access{"declare": {"team:payments"}}, declares, bob, ""},
		{Access{"declare": {"team:payments"}}, declares, mal, "You may not declare an incident: the configuration (access.declare)"},
		{Access{"declare": {"team:payments"}}, declares, "alert:prometheus", ""},
		{Access{"declare": {"person:dan", "group:sre"}}, declares, zoe, ""},
		{Access{"declare": {"person:dan", "group:sre"}}, declares, "person:dan", ""},
		{Access{"declare": {"person:U0MAL"}}, declares, mal, ""},
		{nil, cancels, zoe, "you must be in its channel"},
		{Access{"manage": {"everybody"}}, cancels, zoe, ""},
		{Access{"manage": {"involved", "channel:war-room"}}, cancels, zoe, ""},
		{Access{"manage": {"involved", "channel:war-room"}}, cancels, mal, "you must be in its channel"},
		{Access{"manage": {"involved", "channel:war-room"}}, cancels, ada, ""},
		{Access{"manage": {"channel:#war-room"}}, cancels, ada, "Those who may: channel:#war-room."},
		{Access{"manage": {"group:@SRE"}}, cancels, zoe, ""},
		{Access{"admin": {"person:dan"}}, cancels, "person:dan", ""},
		{Access{"admin": {"person:dan"}}, cancels, mal, "you must be in its channel"},
		{nil, sees, "person:dan", "There is no INC-2"},
		{Access{"private": {"team:silent"}}, sees, "person:dan", ""},
		{Access{"private": {"team:silent"}}, sees, mal, "There is no INC-2"},
		{Access{"private": {"everybody"}}, sees, guest, "There is no INC-2"},
		{nil, roster, mal, ""},
		{Access{"roster": {"team:payments"}}, roster, mal, "You may not change the roster"},
		{Access{"roster": {"team:payments"}}, roster, ada, ""},
		{Access{"roster": {"team:payments"}}, roster, "admin:cli", ""},
		{nil, roster, guest, "Guests"},
	}
	for n, test := range tests {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inBubble(t, func(x *fixture) {
				x.declare(incident.Declaration{})
				x.declare(incident.Declaration{Title: "keys leaked", Private: true})
				x.deliver()
				x.with(test.access)
				err := test.do(x, test.who)
				if test.words != "" {
					refused(t, err, test.words)
				} else if err != nil {
					t.Errorf("%v by %s: %v, want it allowed", test.access, test.who, err)
				}
			})
		})
	}
}

// TestInvitedIntoPrivate invites somebody into the channel of a private incident:
// they see it and work on it from then on, and not when they are taken out again.
func TestInvitedIntoPrivate(t *testing.T) {
	inBubble(t, func(x *fixture) {
		x.declare(incident.Declaration{Title: "keys leaked", Private: true})
		x.deliver()
		enter := func(user, by string) {
			t.Helper()
			if err := x.Entered(background(), Visit{Channel: "CINC1", User: user, By: by}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := x.Do(background(), Caller{Actor: mal}, 1, Act{Verb: Acknowledge})
		refused(t, err, "There is no INC-1")
		enter("U0ZOE", "U0ADA")
		enter("U0ZOE", "U0ADA") // Slack tells it twice
		if list, _ := x.Active(background(), zoe); len(list) != 1 {
			t.Errorf("zoe sees %d incidents, want the private one", len(list))
		}
		if _, err := x.Do(background(), Caller{Actor: mal}, 1, Act{Verb: Acknowledge}); err == nil {
			t.Error("mal was not invited")
		}
		i, events := x.folds(1)
		last := events[len(events)-1]
		if last.Kind != incident.KindAdmitted || last.By != ada || last.Person != zoe || len(i.Admitted) != 1 {
			t.Errorf("the timeline ends with %+v, admitted %v; want that ada let zoe in, once", last, i.Admitted)
		}
		if err := x.Left(background(), Visit{Channel: "CINC1", User: "U0ZOE"}); err != nil {
			t.Fatal(err)
		}
		_, err = x.Do(background(), Caller{Actor: zoe}, 1, Act{Verb: Acknowledge})
		refused(t, err, "There is no INC-1")
		enter("U0ZOE", "")
		x.act(zoe, 1, Act{Verb: Acknowledge})
		x.act(zoe, 1, Act{Verb: Resolve})
		x.folds(1)
	})
}
