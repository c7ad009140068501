package postmortem

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/names"
	"github.com/stormbell/stormbell/pattern"
)

// RoleLine is a stretch of time in which one person held a role. Two lines of
// one person are not joined: nothing in them says that it was the same person.
type RoleLine struct {
	Role  incident.Role `json:"role"`
	Label string        `json:"label"` // as the rest of the document says it
	From  time.Time     `json:"from"`
	Until time.Time     `json:"until,omitzero"` // zero: until the incident was over

	who incident.Actor
	seq int // of the event that began it
}

// cast knows how each person is called in the document. It is fed the timeline
// in order by [cast.follow], because the same person may be the commander in
// one entry and a responder in the next.
type cast struct {
	people   map[incident.Actor]Person
	names    names.Set
	clock    clock
	roles    []RoleLine
	open     []int // indices of the roles that are held at this point of the timeline
	labels   map[incident.Actor]string
	taken    map[string]bool
	letters  int
	replaced int
}

func newCast(i incident.Incident, events []incident.Event, ctx Context, c clock) *cast {
	k := &cast{people: ctx.People, clock: c, labels: map[incident.Actor]string{}, taken: map[string]bool{}}
	for _, a := range slices.Sorted(maps.Keys(ctx.People)) {
		k.names.Add(string(a), ctx.People[a].Names)
	}
	k.collect(events)
	k.nameRoles(i.Declared)
	return k
}

// collect reads who held which role when.
func (k *cast) collect(events []incident.Event) {
	var open []int
	for _, e := range events {
		if !changesRole(e) {
			continue
		}
		open = slices.DeleteFunc(open, func(n int) bool {
			r := &k.roles[n]
			if ends(*r, e) {
				r.Until = e.At
			}
			return ends(*r, e)
		})
		if e.Person == "" || e.Kind == incident.KindRoleLeft {
			continue
		}
		open = append(open, len(k.roles))
		k.roles = append(k.roles, RoleLine{Role: e.Role, From: e.At, who: e.Person, seq: e.Seq})
	}
}

func changesRole(e incident.Event) bool {
	return e.Kind == incident.KindRole || e.Kind == incident.KindRoleLeft
}

// ends reports whether an event ends a holding. Several people may respond; every other
// role has one holder, unless the event says that it is held beside others.
func ends(r RoleLine, e incident.Event) bool {
	shared := e.Role == incident.Responder || e.Also || e.Kind == incident.KindRoleLeft
	return r.Role == e.Role && (!shared || r.who == e.Person)
}

// nameRoles gives every line its label: the role alone where one person held
// it, with from or until where it changed hands.
func (k *cast) nameRoles(declared time.Time) {
	holders := map[incident.Role]int{}
	for _, r := range k.roles {
		holders[r.Role]++
	}
	seen := map[incident.Role]int{}
	for n := range k.roles {
		r := &k.roles[n]
		seen[r.Role]++
		role := plain(string(r.Role))
		switch {
		case r.Role == incident.Responder:
			r.Label = k.label(r.who)
		case holders[r.Role] == 1:
			r.Label = role
		case seen[r.Role] == 1:
			r.Label = role + " until " + k.clock.short(r.Until, declared)
		case r.Until.IsZero():
			r.Label = role + " from " + k.clock.short(r.From, declared)
		default:
			r.Label = role + " from " + k.clock.short(r.From, declared) + " until " + k.clock.short(r.Until, declared)
		}
	}
}

// follow moves to the point of the timeline after e.
func (k *cast) follow(e incident.Event) {
	if !changesRole(e) {
		return
	}
	k.open = slices.DeleteFunc(k.open, func(n int) bool { return ends(k.roles[n], e) })
	n, found := slices.BinarySearchFunc(k.roles, e.Seq, func(r RoleLine, seq int) int { return r.seq - seq })
	if found {
		k.open = append(k.open, n)
	}
}

// doing returns how a is called at this point: by the role that a holds, and
// otherwise as [cast.label] says.
func (k *cast) doing(a incident.Actor) string {
	for _, n := range k.open {
		if r := k.roles[n]; r.who == a && r.Role != incident.Responder {
			return r.Label
		}
	}
	return k.label(a)
}

// label returns how a is called whatever role a holds.
func (k *cast) label(a incident.Actor) string {
	kind, _ := a.Split()
	switch kind {
	case "bot":
		return "Stormbell"
	case "alert":
		return "alert"
	case "admin":
		return "command line"
	case "":
		return "somebody"
	}
	if l, ok := k.labels[a]; ok {
		return l
	}
	l := plain(k.people[a].Label)
	if l == "" {
		return k.letter(a)
	}
	// Two people with one label must stay two people.
	for n, base := 1, l; k.taken[l]; n++ {
		l = base + " " + letters(n)
	}
	k.taken[l] = true
	k.labels[a] = l
	return l
}

// letter returns Responder A, B … for a: one and the same letter all through.
func (k *cast) letter(a incident.Actor) string {
	key := "responder " + a // apart from the label that the roster gives
	l, ok := k.labels[key]
	if !ok {
		l = "Responder " + letters(k.letters)
		k.letters++
		k.labels[key] = l
	}
	return l
}

// clean makes typed text fit for the document: without control characters, and
// with the people it names replaced by what they were, in brackets so that the
// reader sees that somebody else's word stood there.
func (k *cast) clean(s string) string {
	s, n := k.names.Replace(k.decoded(plain(s)), k.called)
	k.replaced += n
	return s
}

func (k *cast) called(who string) string {
	if who == "" {
		return "a person"
	}
	return k.label(incident.Actor(who))
}

// decoded shows the words of s that name somebody in the encoding of addresses, as in
// /people/%41da%20Lovelace, as what they say: only so is the name found. All else stays.
func (k *cast) decoded(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	return encodedWord.ReplaceAllStringFunc(s, func(word string) string {
		said := word
		for range 3 { // an address in an address is encoded twice
			said = plain(encodedByte.ReplaceAllStringFunc(said, func(x string) string {
				b, _ := strconv.ParseUint(x[1:], 16, 8)
				return string([]byte{byte(b)})
			}))
			if _, n := k.names.Replace(said, func(string) string { return "" }); n > 0 {
				return said
			}
		}
		return word
	})
}

var (
	encodedWord = pattern.New(`\S*%[0-9A-Fa-f]{2}\S*`)
	encodedByte = pattern.New(`%[0-9A-Fa-f]{2}`)
)

// letters counts A … Z, AA, AB ….
func letters(n int) string {
	s := ""
	for ; n >= 0; n = n/26 - 1 {
		s = string(rune('A'+n%26)) + s
	}
	return s
}

// plain drops what must never reach a reader, as [incident.Printable] says. Lines stay lines.
func plain(s string) string { return incident.Printable(s) }
