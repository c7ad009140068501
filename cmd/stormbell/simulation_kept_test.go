package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// secret: nothing of a private incident is where others read: not in a public channel, not
// in front of somebody who has nothing to do with it, and not in the metrics.
func (e *seenAtEnd) secret() {
	e.look()
	e.advance(5 * time.Second)
	state := e.sim.State()
	home, _ := json.Marshal(state.Homes["U0ZOE"])
	shown := map[string]string{"zoe is shown": strings.Join(e.model.zoe, "\n"), "the Home tab of zoe": string(home)}
	if _, metrics, err := e.asked("GET", "/metrics", "", nil); err == nil {
		shown["the metrics"] = metrics
	}
	for _, w := range state.Whispers["U0ZOE"] {
		shown["zoe is told"] += w.Text + string(w.Blocks)
	}
	for _, p := range e.posts {
		if p.where.IsIM && slices.Contains(p.where.Members, "U0ZOE") || !p.where.IsIM && !p.where.IsPrivate {
			meta := ""
			if p.Metadata != nil {
				meta = string(p.Metadata.EventPayload)
			}
			shown[p.where.Name+" shows"] += p.Text + string(p.Blocks) + string(p.Attachments) + meta + "\n"
		}
	}
	for _, i := range e.incidents {
		if !i.Private {
			continue
		}
		for _, where := range sortedKeys(shown) {
			for _, word := range []string{i.Title, i.Name() + " ", i.Name() + `"`, i.Channel} {
				if at := strings.Index(shown[where], word); word != "" && at >= 0 {
					e.fail("secret", "%s is private, and %s %q: %.200q", i.Name(), where, word, shown[where][max(0, at-80):])
				}
			}
		}
	}
}

func sortedKeys(m map[string]string) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// named reports whether somebody has named the person by hand to be asked about i.
func (i told) named(person incident.Actor) bool {
	_, id := person.Split()
	return slices.ContainsFunc(i.events, func(ev incident.Event) bool {
		_, to, reassigned := strings.Cut(ev.Text, "Reassigned to ")
		return slices.Contains(ev.Calls, person) || reassigned && strings.HasPrefix(strings.ToLower(to), id)
	})
}

// drillsAlone: of a drill nobody is asked but whoever began it, and whom somebody names by
// hand, and nobody else is told.
func (e *seenAtEnd) drillsAlone() {
	for _, i := range e.incidents {
		if !i.Test {
			continue
		}
		for _, ev := range i.events {
			if (ev.Kind == incident.KindPaged || ev.Kind == incident.KindPageFailed) && ev.Person != i.events[0].By && ev.Person != "" && !i.named(ev.Person) {
				e.fail("drills alone", "%s is a drill of %s, and %s was asked at %s", i.Name(), i.events[0].By, ev.Person, ev.At.UTC())
			}
		}
		may := map[string]bool{}
		for person, user := range userOf {
			may[user] = person == i.events[0].By || i.named(person)
		}
		for _, p := range e.posts {
			asks := p.mark.Incident == i.Name() && p.mark.Kind == string(ledger.Notify) && p.where.IsIM
			if asks && !slices.ContainsFunc(p.where.Members, func(user string) bool { return may[user] }) && i.events[0].By != actorOf("eve") {
				e.fail("drills alone", "%s is a drill of %s, and %v were asked at %s", i.Name(), i.events[0].By, p.where.Members, p.at.UTC())
			}
		}
	}
}

// beatsJudged: a heartbeat is missing when it has not come for as long as the roster says,
// and only then; where it comes again, the alert is over.
func (e *seenAtEnd) beatsJudged() {
	const expected = 11 * time.Minute
	var r struct {
		Last, Missing time.Time
		Incident      int
	}
	v, known := e.keys["beat/nightly"]
	if len(e.model.beats) == 0 {
		if known && json.Unmarshal(v, &r) == nil && !r.Last.IsZero() {
			e.fail("heartbeats", "it came at %s, and nobody sent it", r.Last)
		}
		return
	}
	if err := json.Unmarshal(v, &r); err != nil {
		e.fail("heartbeats", "%v in %s", err, v)
		return
	}
	last := e.model.beats[len(e.model.beats)-1]
	late := e.now.Sub(last) > expected+time.Minute
	switch {
	case e.model.clockSet.IsZero() && r.Last.Before(last.Add(-time.Minute)):
		e.fail("heartbeats", "it was taken at %s, and the record says that it came last at %s", last.UTC(), r.Last)
	case late && r.Missing.IsZero():
		e.fail("heartbeats", "it came last at %s, and is not missing", last.UTC())
	case late && r.Incident == 0:
		e.fail("heartbeats", "it is missing since %s, and nobody was asked", r.Missing)
	case !late && !r.Missing.IsZero():
		e.fail("heartbeats", "it came at %s, and is missing since %s", last.UTC(), r.Missing)
	}
	for _, i := range e.incidents {
		if !strings.HasPrefix(i.events[0].Title, "No sign of life from nightly") {
			continue
		}
		declared := i.events[0].At
		for _, b := range e.model.beats {
			if b.Before(declared) && declared.Sub(b) < expected-time.Minute {
				e.fail("heartbeats", "%s says at %s that none comes, and one was taken at %s", i.Name(), declared.UTC(), b.UTC())
			}
		}
	}
}

// frozen: a post-mortem that was published stays as it was, whatever happens later.
func (e *seenAtEnd) frozen() {
	for _, i := range e.incidents {
		for k, was := range e.model.published[i.Number] {
			f, err := e.process.program.desk.Published(context.Background(), incident.Bot, i.Number, k+1)
			sum := ""
			for _, ev := range i.events {
				if ev.Kind == incident.KindPublished && ev.Count == k+1 {
					sum = ev.Sum
				}
			}
			switch {
			case err != nil:
				e.fail("frozen", "version %d of the post-mortem of %s: %v", k+1, i.Name(), err)
			case f.Sum != sum || !strings.Contains(f.Text, was.has):
				e.fail("frozen", "version %d of the post-mortem of %s was published with %q and the sum %s, and is kept with %s", k+1, i.Name(), was.has, sum, f.Sum)
			}
			if now := e.version(i.Number, k+1); now != was.shown && was.shown != "" {
				e.fail("frozen", "version %d of the post-mortem of %s is shown otherwise than when it was published:\n%s\n%s", k+1, i.Name(), was.shown, now)
			}
		}
	}
}

// onCallAsked: the first step asks whoever is on call, with the overrides that were
// answered. The rotation and its days are the simulation's own arithmetic.
func (e *seenAtEnd) onCallAsked() {
	for _, i := range e.incidents {
		if i.Test {
			continue
		}
		for _, ev := range i.events {
			if ev.Kind != incident.KindStep || !strings.HasPrefix(ev.Text, "Step 1") || !strings.Contains(ev.Text, "rotation:primary") || len(ev.Calls) != 1 {
				continue
			}
			may := dayOf(ev.At)
			for _, p := range e.model.promises {
				if p.what == "override" && !p.to.After(ev.At.Add(-time.Second)) && !ev.At.Before(p.from) && ev.At.Before(p.until) {
					may = p.by
				}
			}
			if e.unsure(ev.At) {
				continue
			}
			if ev.Calls[0] != may {
				e.fail("on call", "%s: %q of %s asks %s, and %s is on call", i.Name(), ev.Text, ev.At.UTC(), ev.Calls[0], may)
			}
		}
	}
}

// dayOf is whose day it is in the rotation of the roster: two take turns from nine o'clock
// in Berlin on. In January no clock is changed.
func dayOf(at time.Time) incident.Actor {
	begun := time.Date(1999, 12, 27, 8, 0, 0, 0, time.UTC)
	return []incident.Actor{"person:ada", "person:bob"}[int(at.Sub(begun).Hours()/24)%2]
}

// unsure reports whether a swap or time off may have another one on call at an instant, or
// an override has just been asked for, or nobody knows whether it was taken.
func (e *seenAtEnd) unsure(at time.Time) bool {
	return e.model.exchanged || slices.ContainsFunc(e.model.promises, func(p promise) bool {
		return (p.what == "timeoff" || p.what == "unheard") && !at.Before(p.from.Add(-time.Minute)) && at.Before(p.until.Add(time.Minute)) ||
			p.what == "override" && (at.Sub(p.from).Abs() < time.Minute || at.Sub(p.until).Abs() < time.Minute || at.Sub(p.to).Abs() < time.Minute)
	})
}
