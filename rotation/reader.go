package rotation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stormbell/stormbell/pattern"
)

// reader collects what is wrong while a file is read, and the references that
// can be checked only once everything is known.
type reader struct {
	file      string
	problems  Problems
	warnings  Problems
	refs      []reference
	told      []told
	bare      []bare
	shapeless bool // it is no block of keys
	zones     atlas
	badZones  map[string]string // unknown zone → hint
}

// reference is the mention of an entry by its ID.
type reference struct {
	kind, id string
	line     int
	at       *place
}

// place is where in the roster something stands; its words are put together only
// when there is a problem to report.
type place struct {
	up       *place
	word, id string
}

func (p *place) String() string {
	if p == nil {
		return ""
	}
	s := strings.TrimSpace(p.word + " " + p.id)
	if p.up != nil {
		return p.up.String() + ", " + s
	}
	return s
}

func (r *reader) problem(line int, at *place, message, hint string) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Entry: at.String(), Message: message, Hint: hint})
}

func (r *reader) warn(line int, at *place, message, hint string) {
	r.warnings = append(r.warnings, Problem{File: r.file, Line: line, Entry: at.String(), Message: message, Hint: hint})
}

// quote is s as it was written, cut where it is long.
func quote(s string) string {
	const shown = 80
	if runes := []rune(s); len(runes) > shown {
		return strconv.Quote(string(runes[:shown])) + " …"
	}
	return strconv.Quote(s)
}

// object is a block of keys being read. A value of the wrong form is reported
// once and reads as absent.
type object struct {
	*reader
	n    *node
	at   *place
	keys map[string]*node
}

// object opens n, whose keys must be among known.
func (r *reader) object(n *node, at *place, known ...string) *object {
	o := &object{reader: r, n: n, at: at}
	if n.kind != mapNode {
		r.problem(n.line, at, "is "+n.kind.String()+", not a block of keys", "write it as "+known[0]+": …")
		return o
	}
	o.keys = make(map[string]*node, len(n.keys))
	for _, k := range n.keys {
		if !slices.Contains(known, k.key) {
			r.problem(k.line, at, "unknown key "+quote(k.key), unknownHint(k.key, known))
			continue
		}
		if k.value.kind != nullNode {
			o.keys[k.key] = k.value
		}
	}
	return o
}

func unknownHint(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "known here: " + strings.Join(known, ", ")
}

func (o *object) has(key string) bool { return o.keys[key] != nil }

// hollow reports whether the list at key is missing or empty; one of the wrong form
// has been reported as such.
func (o *object) hollow(key string) bool {
	v := o.keys[key]
	return o.keys != nil && (v == nil || v.kind == listNode && len(v.list) == 0)
}

// line of the value at key, or of the block.
func (o *object) line(key string) int {
	if v := o.keys[key]; v != nil {
		return v.line
	}
	return o.n.line
}

func (o *object) bad(key, message, hint string) {
	o.problem(o.line(key), o.at, message, hint)
}

// text is the scalar at key, or empty.
func (o *object) text(key string) string {
	v := o.keys[key]
	if v == nil {
		return ""
	}
	if v.kind != scalarNode {
		hint := "write " + key + ": VALUE"
		if v.kind == listNode && len(v.list) == 1 && v.list[0].kind == scalarNode {
			hint = "write " + key + ": " + scalar(v.list[0].text)
		}
		o.bad(key, key+" is "+v.kind.String()+", not a single value", hint)
		return ""
	}
	return v.text
}

// most is how long a name may be: it stands in the title of every message.
const most = 200

// name is the text at key that people read as somebody's or something's name.
func (o *object) name(key string) string {
	s := o.text(key)
	switch i := strings.IndexFunc(s, unseen); {
	case s == "":
	case utf8.RuneCountInString(s) > most:
		o.bad(key, key+" is longer than "+strconv.Itoa(most)+" characters", "write a shorter one")
	case i >= 0:
		r, _ := utf8.DecodeRuneInString(s[i:])
		o.bad(key, fmt.Sprintf("%s %s has a character that cannot be seen, %U", key, quote(s), r), "take it out")
	case strings.TrimSpace(s) == "":
		o.bad(key, key+" is blank", "write a name, or take it out")
	}
	return s
}

// unseen reports whether a character does something else than be seen: a line end, a
// control character, a change of the direction of writing. The joiners that emoji are
// made with are no such.
func unseen(r rune) bool {
	return unicode.IsControl(r) || r >= '\u2028' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff'
}

// need is the text at key, which must be neither missing nor empty.
func (o *object) need(key, what string) string {
	if !o.has(key) {
		if o.keys != nil {
			o.bad(key, "has no "+key, "add "+key+": "+what)
		}
		return ""
	}
	s := o.text(key)
	if s == "" && o.keys[key].kind == scalarNode {
		o.bad(key, key+" is empty", "write "+key+": "+what)
	}
	return s
}

// oneOf is the text at key, which must be one of words; other where it is absent
// or something else.
func (o *object) oneOf(key, other string, words ...string) string {
	s := o.text(key)
	if s == "" {
		return other
	}
	if !slices.Contains(words, s) {
		o.bad(key, "unknown "+key+" "+quote(s), wordHint(key, s, words))
		return other
	}
	return s
}

var idForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

var notID = pattern.New(`[^A-Za-z0-9._-]+`)

// slug is an ID like s, or empty where nothing is left of it.
func slug(s string) string {
	s = strings.Trim(notID.ReplaceAllString(s, "-"), "-._")
	return strings.TrimRight(s[:min(len(s), 80)], "-._")
}

// id is the entry's own ID; reading it completes the entry's place.
func (o *object) id() string {
	o.at.id = o.handle("id", "NAME, the word that others use for it")
	return o.at.id
}

// handle is the text at key, a name that stands in commands and addresses.
func (o *object) handle(key, what string) string {
	s := o.need(key, what)
	if s != "" && !idForm.MatchString(s) {
		hint := "use letters, digits, - _ and . only, up to 80, and begin with a letter or digit"
		if slug := slug(s); slug != "" {
			hint = "write " + slug + ": " + strings.TrimPrefix(hint, "use ")
		}
		o.bad(key, "the "+key+" "+quote(s)+" cannot be used", hint)
	}
	return s
}

// ref notes that the entry s of a kind is meant, and returns s.
func (o *object) ref(kind, key string) string {
	s := o.text(key)
	if s != "" {
		o.mention(kind, s, o.line(key), o.at)
	}
	return s
}

func (r *reader) mention(kind, id string, line int, at *place) {
	r.refs = append(r.refs, reference{kind: kind, id: id, line: line, at: at})
}

// list is the blocks at key; a single one is not taken for a list of one.
func (o *object) list(key string) []*node {
	return o.listOf(key, func(*node) string { return "[ … ]" })
}

// values is the items at key, of a list whose items may be single values.
func (o *object) values(key string) []*node { return o.listOf(key, listText) }

func (o *object) listOf(key string, meant func(*node) string) []*node {
	v := o.keys[key]
	if v == nil {
		return nil
	}
	if v.kind != listNode {
		o.bad(key, key+" is "+v.kind.String()+", not a list", "write "+key+": "+meant(v))
		return nil
	}
	return v.list
}

// listText is what was meant by something that is no list, as one.
func listText(n *node) string {
	if n.kind != scalarNode || n.text == "" {
		return "[ … ]"
	}
	words := strings.FieldsFunc(n.text, func(c rune) bool { return c == ',' || c == ';' })
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return brackets(words)
}

// scalars is the single values in the list at key.
func (o *object) scalars(key string) []*node {
	var list []*node
	for _, n := range o.values(key) {
		if n.kind != scalarNode {
			o.problem(n.line, o.at, key+" holds "+n.kind.String(), "each of "+key+" is a single value")
			continue
		}
		list = append(list, n)
	}
	return list
}

// texts is the list of scalars at key.
func (o *object) texts(key string) []string {
	var list []string
	for _, n := range o.scalars(key) {
		list = append(list, n.text)
	}
	return list
}

// refs is the list of IDs at key.
func (o *object) refsAt(kind, key string) []string {
	nodes := o.values(key)
	list, seen := make([]string, 0, len(nodes)), make(map[string]bool, len(nodes))
	for _, n := range nodes {
		if n.kind != scalarNode {
			o.problem(n.line, o.at, key+" holds "+n.kind.String(), "each of "+key+" is the id of a "+kind)
			continue
		}
		if seen[n.text] {
			o.problem(n.line, o.at, quote(n.text)+" stands twice in "+key, "keep one")
		}
		seen[n.text] = true
		o.mention(kind, n.text, n.line, o.at)
		list = append(list, n.text)
	}
	return list
}

// whole is the number at key, at least low; absent reads as low or other.
func (o *object) whole(key string, other, low int) int {
	s := o.text(key)
	if s == "" {
		return other
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > 1_000_000_000 {
		hint := fmt.Sprintf("write a number from %d up", low)
		if low == -1 && forEver[asciiLower(s)] {
			hint = "write -1 for repeating for ever"
		}
		o.bad(key, key+" is "+quote(s)+", not a whole number", hint)
		return other
	}
	return n
}

var forEver = map[string]bool{"forever": true, "for ever": true, "always": true, "infinite": true, "unlimited": true, "endless": true, "inf": true}

// synonyms are words that people use for ours, by key.
var synonyms = map[string]map[string]string{
	"round_robin": {"yes": "true", "on": "true", "y": "true", "1": "true", "no": "false", "off": "false", "n": "false", "0": "false"},
	"via": {"call": "voice", "phone": "voice", "telephone": "voice", "text": "sms", "mail": "email", "e-mail": "email", "dm": "slack", "im": "slack",
		"app": "push", "ntfy": "push", "mobile": "push", "hook": "webhook"},
	"severity": severityWords, "channel": severityWords,
	"does": {"open": DoesIncident, "declare": DoesIncident, "notify": DoesPage, "log": DoesCount, "report": DoesCount, "ignore": DoesCount,
		"watchdog": DoesHeartbeat, "silence": DoesSuppressed, "drop": DoesSuppressed, "mute": DoesSuppressed},
	"over":    {"offer": OverPropose, "ask": OverPropose, "close": OverResolve, "auto": OverResolve},
	"do":      {"offer": OverPropose, "ask": OverPropose, "close": OverResolve, "auto": OverResolve},
	"rollout": {"immediately": "now", "next": "next_handoff", "next_handover": "next_handoff", "next-handoff": "next_handoff", "after_current_shift": "next_handoff"},
	"target": {"user": "person", "people": "person", "member": "person", "schedule": "rotation", "oncall": "rotation", "on-call": "rotation",
		"group": "team", "room": "channel", "slack": "channel", "chan": "channel"},
}

// severityWords are words of alert senders, and of people.
var severityWords = map[string]string{"1": "sev1", "p1": "sev1", "critical": "sev1", "2": "sev2", "p2": "sev2", "error": "sev2", "high": "sev2", "major": "sev2",
	"3": "sev3", "p3": "sev3", "warning": "sev3", "warn": "sev3", "minor": "sev3", "4": "sev4", "p4": "sev4", "p5": "sev4", "info": "sev4", "low": "sev4"}

// wordHint is which of words is meant by s at key.
func wordHint(key, s string, words []string) string {
	if w := synonyms[key][asciiLower(s)]; w != "" {
		return "write " + w
	}
	return unknownHint(s, words)
}

// truth is the yes or no at key; no where it is absent.
func (o *object) truth(key string) bool {
	return o.oneOf(key, "false", "true", "false") == "true"
}

// duration at key, not negative.
func (o *object) duration(key string) time.Duration {
	s := o.text(key)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		o.bad(key, key+" is "+quote(s)+", not a duration", durationHint(s))
		return 0
	}
	return d
}
