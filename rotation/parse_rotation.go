package rotation

import (
	"fmt"
	"slices"
	"strconv"
)

func (r *reader) rotation(n *node, at *place) Rotation {
	o := r.object(n, at, "id", "team", "time_zone", "layers", "overrides", "swaps", "time_off", "time_off_policy", "shadows")
	x := Rotation{ID: o.id(), Team: o.ref("team", "team")}
	o.need("time_zone", "an IANA name such as Europe/Berlin")
	x.TimeZone = o.zone("time_zone")
	for _, l := range o.list("layers") {
		x.Layers = append(x.Layers, r.layer(l, &place{up: at, word: "layer"}, x.TimeZone))
	}
	if o.hollow("layers") {
		o.bad("layers", "has no layers, so nobody could ever be on call", "add a layer with id, people, start and every")
	}
	o.unique("layers", "layer", ids(x.Layers, func(l *Layer) string { return l.ID }))
	for i, v := range o.list("overrides") {
		x.Overrides = append(x.Overrides, r.override(v, &place{up: at, word: "override", id: strconv.Itoa(i + 1)}, &x))
	}
	for i, v := range o.list("swaps") {
		x.Swaps = append(x.Swaps, r.swap(v, &place{up: at, word: "swap", id: strconv.Itoa(i + 1)}, x.TimeZone))
	}
	x.TimeOffPolicy = TimeOffPolicy(o.oneOf("time_off_policy", string(TimeOffFlag), string(TimeOffFlag), string(TimeOffSkip)))
	for i, v := range o.list("time_off") {
		a := r.object(v, &place{up: at, word: "time off", id: strconv.Itoa(i + 1)}, "person", "start", "end")
		a.need("person", "who is away")
		start, end := a.period("start", "end", x.TimeZone)
		x.TimeOff = append(x.TimeOff, TimeOff{Person: a.ref("person", "person"), Start: start, End: end})
	}
	for i, v := range o.list("shadows") {
		x.Shadows = append(x.Shadows, r.shadow(v, &place{up: at, word: "shadow", id: strconv.Itoa(i + 1)}, x.TimeZone))
	}
	o.order(&x)
	return x
}

// unique reports IDs that stand twice in the list at key.
func (o *object) unique(key, word string, ids []string) {
	nodes := o.list(key)
	first := make(map[string]int, len(ids))
	for i, s := range ids {
		if s == "" {
			continue
		}
		if j, taken := first[s]; taken {
			o.problem(nodes[i].line, &place{up: o.at, word: word, id: s}, fmt.Sprintf("the id %s is already used on line %d", s, nodes[j].line), "give one of them another id")
			continue
		}
		first[s] = i
	}
}

func (r *reader) layer(n *node, at *place, zone string) Layer {
	o := r.object(n, at, "id", "priority", "time_zone", "people", "start", "every", "clock", "until", "windows", "skip_dates", "only_dates", "edits")
	l := Layer{ID: o.id(), Priority: o.whole("priority", 0, -1000), TimeZone: o.zone("time_zone")}
	if l.TimeZone != "" {
		zone = l.TimeZone
	}
	switch {
	case o.keys == nil:
	case !o.has("people"):
		o.bad("people", "has no people", "add people: [NAME, …] in the order of their turns")
	default:
		l.People = o.slots("people")
		if len(l.People) == 0 {
			o.warn(o.line("people"), at, "has an empty list, so nobody is ever on call in it", "add people, or take the layer out")
		}
	}
	o.need("start", "the wall clock of the first hand-over, like 2026-01-05T09:00")
	l.Start = o.local("start", zone)
	o.typed("start", l.Start, zone)
	l.Every = o.cadence()
	l.Clock = Clock(o.oneOf("clock", "", string(WallClock), string(ElapsedClock)))
	l.Until = o.instant("until", zone)
	for i, w := range o.list("windows") {
		l.Windows = append(l.Windows, r.window(w, &place{up: at, word: "window", id: strconv.Itoa(i + 1)}))
	}
	l.SkipDates, l.OnlyDates = o.dates("skip_dates"), o.dates("only_dates")
	for i, e := range o.list("edits") {
		l.Edits = append(l.Edits, r.edit(e, &place{up: at, word: "edit", id: strconv.Itoa(i + 1)}, zone))
	}
	o.fits(&l)
	return l
}

// fits reports what the parts of a layer say against each other.
func (o *object) fits(l *Layer) {
	counted := l.Every.Unit == Windows || slices.ContainsFunc(l.Edits, func(e Edit) bool { return e.Every.Unit == Windows })
	if counted && len(l.Windows) == 0 {
		o.bad("every", "turns are counted in windows, but there are no windows", "add windows: [{from: \"09:00\", to: \"17:00\"}], or count in days")
	}
	if l.Clock == ElapsedClock && (l.Every.Unit == Months || l.Every.Unit == Windows) {
		o.bad("clock", "clock: elapsed has no meaning for "+string(l.Every.Unit), "leave clock out")
	}
}

// typed warns where the clocks skip or repeat a wall-clock time that somebody
// typed. It stays allowed: the first instant that shows the time or a later one
// is used, which is what the hand-overs after it do as well.
func (o *object) typed(key string, l Local, zone string) {
	z, err := o.zones.zone(zone)
	if err != nil || !o.has(key) {
		return
	}
	switch m := z.place(l); m.Verdict {
	case Reject:
		o.warn(o.line(key), o.at, fmt.Sprintf("the clocks in %s skip %s; %s is taken", z.loc, l, m.After), fmt.Sprintf("write %s or %s", m.Before, m.After))
	case Ask:
		o.warn(o.line(key), o.at, fmt.Sprintf("in %s %s happens twice; the first is taken", z.loc, l), "choose a time outside the repeated hour if the second is meant")
	}
}

// slots is the list of turns at key: a person, several, or null.
func (o *object) slots(key string) []Slot {
	nodes := o.values(key)
	slots := make([]Slot, 0, len(nodes))
	for _, n := range nodes {
		var s Slot
		switch n.kind {
		case scalarNode:
			s = Slot{n.text}
			o.mention("person", n.text, n.line, o.at)
		case listNode:
			s = o.group(n, key)
		case mapNode:
			o.problem(n.line, o.at, key+" holds a block of keys", "each turn is a person, a list of persons, or null")
		}
		slots = append(slots, s)
	}
	return slots
}

func (o *object) group(n *node, key string) Slot {
	var s Slot
	seen := make(map[string]bool, len(n.list))
	for _, x := range n.list {
		if x.kind != scalarNode {
			o.problem(x.line, o.at, "a turn in "+key+" holds "+x.kind.String(), "write the people of one turn like [bob, cleo]")
			continue
		}
		if seen[x.text] {
			o.problem(x.line, o.at, x.text+" stands twice in one turn", "keep one")
		}
		seen[x.text] = true
		o.mention("person", x.text, x.line, o.at)
		s = append(s, x.text)
	}
	return s
}

var units = []string{string(Hours), string(Days), string(Weeks), string(Months), string(Windows)}

// unitHours are generous: they only keep the arithmetic of a turn within a
// century.
var unitHours = map[string]int{"hours": 1, "days": 24, "weeks": 168, "months": 730, "windows": 24}

// cadence is the block at every.
func (o *object) cadence() Cadence {
	n := o.keys["every"]
	if n == nil {
		if o.keys != nil {
			o.bad("every", "has no every", "say how long a turn is: every: {weeks: 1}")
		}
		return Cadence{}
	}
	if n.kind == scalarNode {
		hint := "write one of hours, days, weeks, months, windows, like every: {weeks: 1}"
		if every := readCadence(n.text); every != "" {
			hint = "write " + every
		}
		o.bad("every", "every is "+quote(n.text)+", not a unit with a number", hint)
		return Cadence{}
	}
	x := o.object(n, &place{up: o.at, word: "every"}, units...)
	if slices.ContainsFunc(n.keys, func(k keyed) bool { return !slices.Contains(units, k.key) }) {
		return Cadence{} // reported as an unknown key
	}
	if x.keys != nil && len(x.keys) != 1 {
		x.problem(n.line, x.at, "needs exactly one unit", "write one of hours, days, weeks, months, windows, like every: {weeks: 1}")
		return Cadence{}
	}
	for unit := range x.keys {
		length := x.whole(unit, 1, 1)
		if length > 100*365*24/unitHours[unit] {
			x.bad(unit, "a turn is longer than a century", "write a shorter one")
			length = 1
		}
		return Cadence{Unit: Unit(unit), Length: length}
	}
	return Cadence{}
}

func (r *reader) window(n *node, at *place) Window {
	o := r.object(n, at, "days", "from", "to", "span")
	if o.keys == nil {
		return Window{}
	}
	w := Window{Days: o.days("days"), From: o.clock("from"), To: o.clock("to"), Span: o.whole("span", 0, 0)}
	if w.Span > 366 {
		o.bad("span", "lasts longer than a year", "span is in days: Friday 18:00 to Monday 08:00 is span: 3")
	}
	return w
}

func (r *reader) edit(n *node, at *place, zone string) Edit {
	o := r.object(n, at, "at", "people", "start", "every", "rollout")
	o.need("at", "the instant from which it holds")
	e := Edit{At: o.instant("at", zone), Rollout: Rollout(o.oneOf("rollout", string(RolloutNow), string(RolloutNow), string(RolloutNextHandoff)))}
	if o.has("people") {
		e.People = o.slots("people")
	}
	if o.has("start") || o.has("every") {
		o.need("start", "the first hand-over of the new cadence")
		e.Start = o.local("start", zone)
		o.typed("start", e.Start, zone)
		e.Every = o.cadence()
	}
	if e.People == nil && e.Every.Length == 0 && o.keys != nil && !o.has("every") {
		o.bad("at", "changes nothing", "add people, or start and every")
	}
	return e
}
