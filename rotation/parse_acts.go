package rotation

import (
	"fmt"
	"slices"
	"strings"
)

var overrideKinds = []string{string(Replace), string(Add), string(Remove), string(Set)}

func (r *reader) override(n *node, at *place, x *Rotation) Override {
	o := r.object(n, at, "seq", "replace", "add", "remove", "set", "layer", "start", "end", "reason")
	v := Override{Seq: o.whole("seq", 0, 1), Layer: o.text("layer"), Reason: o.text("reason")}
	v.Start, v.End = o.period("start", "end", x.TimeZone)
	if v.Layer != "" && !slices.ContainsFunc(x.Layers, func(l Layer) bool { return l.ID == v.Layer }) {
		known := ids(x.Layers, func(l *Layer) string { return l.ID })
		o.bad("layer", "unknown layer "+quote(v.Layer), unknownHint(v.Layer, known))
	}
	for _, kind := range overrideKinds {
		if !o.has(kind) {
			continue
		}
		if v.Kind != "" {
			o.bad(kind, "both "+string(v.Kind)+" and "+kind, "make two overrides of it")
			continue
		}
		v.Kind = OverrideKind(kind)
	}
	switch v.Kind {
	case "":
		if o.keys != nil {
			o.bad("replace", "says nothing to do", "add replace: {person: NAME, by: NAME}, add: [NAME], remove: [NAME] or set: [NAME]")
		}
	case Replace:
		p := r.object(o.keys["replace"], &place{up: at, word: "replace"}, "person", "by")
		p.need("person", "whose duty it is")
		p.need("by", "who takes it")
		v.Person, v.By = p.ref("person", "person"), p.ref("person", "by")
	default:
		v.People = o.refsAt("person", string(v.Kind))
		if len(v.People) == 0 && v.Kind != Set {
			o.bad(string(v.Kind), string(v.Kind)+" names nobody", "name somebody; only set may be empty, as a deliberate pause")
		}
	}
	return v
}

func (r *reader) swap(n *node, at *place, zone string) Swap {
	o := r.object(n, at, "seq", "person", "with", "start", "end", "back_start", "back_end", "status", "accepted_at", "cancelled_at")
	o.need("person", "whose duty is given away")
	s := Swap{Seq: o.whole("seq", 0, 1), Person: o.ref("person", "person"), With: o.ref("person", "with")}
	s.Start, s.End = o.period("start", "end", zone)
	if o.has("back_start") || o.has("back_end") {
		s.BackStart, s.BackEnd = o.period("back_start", "back_end", zone)
	}
	s.Status = SwapStatus(o.oneOf("status", string(SwapOpen), string(SwapOpen), string(SwapAccepted), string(SwapDeclined), string(SwapExpired), string(SwapCancelled)))
	s.AcceptedAt, s.CancelledAt = o.instant("accepted_at", zone), o.instant("cancelled_at", zone)
	switch {
	case s.Person != "" && s.Person == s.With:
		o.bad("with", s.Person+" swaps with nobody else", "name the other person")
	case s.Start.Before(s.BackEnd) && s.BackStart.Before(s.End):
		o.bad("back_start", "the two halves of the trade overlap", "give back another time than the one given away")
	case s.Status == SwapAccepted && s.With == "":
		o.bad("status", "is accepted, but not said by whom", "add with: NAME")
	case s.Status == SwapAccepted && !o.has("accepted_at"):
		o.bad("status", "is accepted, but not said when", "add accepted_at, which must not be after the start")
	case s.Status == SwapAccepted && !s.AcceptedAt.IsZero() && s.AcceptedAt.After(s.begins()):
		o.warn(o.line("accepted_at"), at, "was accepted after it had begun, so it does not count", "use an override for what is left of it")
	case s.Status == SwapCancelled && !s.AcceptedAt.IsZero() && s.CancelledAt.IsZero():
		o.bad("status", "is cancelled, but not said when", "add cancelled_at; what happened before it stays")
	}
	return s
}

func (r *reader) shadow(n *node, at *place, zone string) Shadow {
	o := r.object(n, at, "person", "of", "start", "end")
	o.need("person", "who watches")
	s := Shadow{Person: o.ref("person", "person")}
	if o.text("of") != "*" {
		s.Of = o.ref("person", "of")
	}
	s.Start, s.End = o.period("start", "end", zone)
	if s.Person != "" && s.Person == s.Of {
		o.bad("of", s.Person+" cannot shadow themselves", "name whom to watch, or leave of out for the whole rotation")
	}
	return s
}

// order checks the creation numbers and points at duties given away twice.
func (o *object) order(x *Rotation) {
	seen := make(map[int]bool)
	numbered, total := 0, len(x.Overrides)+len(x.Swaps)
	check := func(key string, i, seq int) {
		if seq == 0 {
			return
		}
		numbered++
		if seen[seq] {
			o.problem(o.keys[key].list[i].line, o.at, fmt.Sprintf("seq %d stands twice", seq), "number overrides and swaps in the order they were made, each once")
		}
		seen[seq] = true
	}
	for i := range x.Overrides {
		check("overrides", i, x.Overrides[i].Seq)
	}
	for i := range x.Swaps {
		check("swaps", i, x.Swaps[i].Seq)
	}
	if numbered != 0 && numbered != total {
		o.bad("overrides", "some overrides and swaps have a seq and some do not", "number all of them, or none")
	}
	for i, a := range x.Swaps {
		for _, b := range x.Swaps[:i] {
			if a.Person == b.Person && a.pending() && b.pending() && a.Start.Before(b.End) && b.Start.Before(a.End) {
				o.warn(o.keys["swaps"].list[i].line, o.at, fmt.Sprintf("swap %d gives away time of %s that an earlier swap gives away too; the later one counts", i+1, a.Person), "cancel one of them")
				break
			}
		}
	}
}

// pending reports whether the swap moves duty, or still may.
func (s Swap) pending() bool {
	_, ok := s.Counts()
	return ok && s.Status == SwapAccepted || s.Status == SwapOpen
}

// check looks at what only the whole roster can tell: IDs used twice, mentions
// of what does not exist, circles of dependence, services that page nobody.
func (r *reader) check(o *object, x *Roster) {
	known := map[string][]string{}
	known["person"] = ids(x.People, func(p *Person) string { return p.ID })
	known["team"] = ids(x.Teams, func(t *Team) string { return t.ID })
	known["rotation"] = ids(x.Rotations, func(v *Rotation) string { return v.ID })
	known["policy"] = ids(x.Policies, func(p *Policy) string { return p.ID })
	known["service"] = ids(x.Services, func(s *Service) string { return s.ID })
	known["agreement"] = ids(x.Agreements, func(a *Agreement) string { return a.ID })
	for _, k := range [...]struct{ key, word string }{{"people", "person"}, {"teams", "team"}, {"rotations", "rotation"}, {"policies", "policy"}, {"services", "service"}, {"agreements", "agreement"}} {
		o.unique(k.key, k.word, known[k.word])
	}
	r.checkSlack(o, x)
	r.checkBare(known)
	sets := map[string]map[string]bool{}
	for kind, ids := range known {
		sets[kind] = make(map[string]bool, len(ids))
		for _, id := range ids {
			sets[kind][id] = true
		}
	}
	unknown := 0
	for _, f := range r.refs {
		if sets[f.kind][f.id] {
			continue
		}
		// A suggestion costs a look at every ID; a file that is wrong
		// throughout gets them for its first mistakes only.
		hint := "add it, or correct the name"
		if unknown++; unknown <= 100 {
			if near := nearest(f.id, known[f.kind]); near != "" {
				hint = "did you mean " + near + "?"
			}
		}
		r.problem(f.line, f.at, "unknown "+f.kind+" "+quote(f.id), hint)
	}
	r.checkServices(o, x)
	r.checkReach(o, x)
}

func ids[T any](list []T, id func(*T) string) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = id(&list[i])
	}
	return out
}

// checkSlack refuses one Slack account for two people: nobody could tell who
// pressed the button.
func (r *reader) checkSlack(o *object, x *Roster) {
	first := map[string]string{}
	for i, p := range x.People {
		if p.Slack == "" {
			continue
		}
		if other, taken := first[p.Slack]; taken {
			r.problem(o.keys["people"].list[i].line, &place{word: "person", id: p.ID}, "has the same Slack user ID as "+other, "give each person their own")
			continue
		}
		first[p.Slack] = p.ID
	}
}

func (r *reader) checkServices(o *object, x *Roster) {
	circles := circlesOf(x.Services)
	for i := range x.Services {
		s := &x.Services[i]
		line, at := o.keys["services"].list[i].line, &place{word: "service", id: s.ID}
		if _, ok := x.PolicyOf(s.ID); !ok && s.Policy == "" && x.Defaults.Policy == "" {
			r.problem(line, at, "has no policy, so an incident would page nobody", "add policy: NAME, name a policy like its team, or set defaults: {policy: NAME}")
		}
		if circle := circles[i]; circle != "" {
			r.problem(line, at, "depends on itself: "+circle, "take one depends_on out of the circle")
		}
	}
}

// circlesOf finds the circles of depends_on: by the index of one service in each,
// the way round in words.
func circlesOf(services []Service) map[int]string {
	w := &circleWalk{
		services: services,
		byID:     positions(services, func(s *Service) string { return s.ID }),
		done:     make([]bool, len(services)),
		depth:    make([]int, len(services)),
		found:    map[int]string{},
	}
	for i := range services {
		w.visit(i)
	}
	return w.found
}

type circleWalk struct {
	services []Service
	byID     map[string]int
	done     []bool
	depth    []int // position on the path, from 1; 0 off it
	path     []string
	found    map[int]string
}

func (w *circleWalk) visit(i int) {
	if w.done[i] {
		return
	}
	if d := w.depth[i]; d > 0 {
		w.found[i] = strings.Join(append(slices.Clone(w.path[d-1:]), w.services[i].ID), " → ")
		return
	}
	w.path = append(w.path, w.services[i].ID)
	w.depth[i] = len(w.path)
	for _, id := range w.services[i].DependsOn {
		if j, ok := w.byID[id]; ok {
			w.visit(j)
		}
	}
	w.path = w.path[:len(w.path)-1]
	w.depth[i] = 0
	w.done[i] = true
}
