package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stormbell/stormbell/pattern"
)

// kind is the sort of JSON value that a rule accepts.
type kind int

const (
	anything kind = iota
	aString
	anInteger
	aNumber
	aBoolean
	aList
	anObject // of the shape that rule.of names
	aTyped   // an object whose "type" picks its shape among those of the place rule.of
	aText    // a text object; rule.of is the place: plain_text only, or either type
	aMap     // any keys; every value obeys rule.each
)

// rule says what one value may be. Lengths are code points for strings and text objects and items for lists; for
// integers they are the range. A max of 0 is no upper limit.
type rule struct {
	kind     kind
	required bool
	nullable bool
	distinct bool // a list without repetitions
	min, max int
	of       string
	each     *rule
	oneOf    []string
	like     *pattern.Pattern
}

// field is one key of an object and the rule of its value.
type field struct {
	key  string
	rule rule
}

// shape is what one JSON object may hold: nothing but its fields, unless it is open. "type" is always accepted where
// it was what chose the shape. also holds the rules that concern several fields at once.
type shape struct {
	fields []field
	open   bool
	also   func(c *checker, at string, o object)
}

// place is a spot in a payload where the "type" of an object chooses its shape, and the types that fit there.
type place struct {
	shapes map[string]shape
	types  []string
}

type object = map[string]any

// checker walks a decoded JSON value along the tables and collects what is wrong with it. The tables are fields of it,
// not package variables that it reads, because the functions in the tables use the checker themselves.
type checker struct {
	places   map[string]place
	objects  map[string]shape
	problems []Problem
}

func (c *checker) report(at, format string, args ...any) {
	c.problems = append(c.problems, Problem{Message: fmt.Sprintf(format, args...), Pointer: at})
}

// value checks v, found at the JSON pointer at, against r.
func (c *checker) value(at string, v any, r rule) {
	if v == nil && r.nullable {
		return
	}
	switch r.kind {
	case anything:
	case aString:
		c.text(at, v, r)
	case anInteger, aNumber:
		c.number(at, v, r)
	case aBoolean:
		if _, ok := v.(bool); !ok {
			c.report(at, "must be a boolean")
		}
	case aList:
		c.list(at, v, r)
	case anObject:
		if o, ok := c.object(at, v); ok {
			c.shape(at, o, c.objects[r.of], "")
		}
	case aTyped:
		c.typed(at, v, r)
	case aText:
		c.textObject(at, v, r)
	case aMap:
		c.mapping(at, v, r)
	}
}

func (c *checker) object(at string, v any) (object, bool) {
	o, ok := v.(object)
	if !ok {
		c.report(at, "must provide an object")
	}
	return o, ok
}

func (c *checker) text(at string, v any, r rule) {
	s, ok := v.(string)
	if !ok {
		c.report(at, "must provide a string")
		return
	}
	n := utf8.RuneCountInString(s)
	switch {
	case n < r.min:
		c.report(at, "must be more than %d characters", r.min-1)
	case r.max > 0 && n > r.max:
		c.report(at, "must be less than %d characters", r.max+1)
	case len(r.oneOf) > 0 && !slices.Contains(r.oneOf, s):
		c.report(at, "must be a valid enum value")
	case r.like != nil && !r.like.MatchString(s):
		c.report(at, "input must match regex pattern: %s", r.like)
	}
}

func (c *checker) number(at string, v any, r rule) {
	n, ok := v.(json.Number)
	if !ok {
		c.report(at, "must provide %s", map[kind]string{anInteger: "an integer", aNumber: "a number"}[r.kind])
		return
	}
	if r.kind == aNumber {
		return
	}
	i, err := strconv.Atoi(n.String())
	switch {
	case err != nil:
		c.report(at, "must provide an integer")
	case i < r.min:
		c.report(at, "must be greater than %d", r.min)
	case r.max > 0 && i > r.max:
		c.report(at, "must be less than %d", r.max)
	}
}

func (c *checker) list(at string, v any, r rule) {
	l, ok := v.([]any)
	if !ok {
		c.report(at, "must provide an array")
		return
	}
	if len(l) < r.min {
		c.report(at, "must provide at least %d items", r.min)
	}
	if r.max > 0 && len(l) > r.max {
		c.report(at, "no more than %d items allowed", r.max)
	}
	seen := map[string]bool{}
	for i, item := range l {
		c.value(at+"/"+strconv.Itoa(i), item, *r.each)
		if s, ok := item.(string); ok && r.distinct {
			if seen[s] {
				c.report(at, "Input contains duplicate items")
			}
			seen[s] = true
		}
	}
}

func (c *checker) mapping(at string, v any, r rule) {
	o, ok := c.object(at, v)
	if !ok {
		return
	}
	for _, k := range slices.Sorted(maps.Keys(o)) {
		c.value(at+"/"+escapePointer(k), o[k], *r.each)
	}
}

// typed finds the shape that v's own "type" names and checks v against it.
func (c *checker) typed(at string, v any, r rule) {
	o, ok := c.object(at, v)
	if !ok {
		return
	}
	p := c.places[r.of]
	t, ok := c.typeOf(at, o)
	if !ok {
		return
	}
	s, known := p.shapes[t]
	if !known || !slices.Contains(p.types, t) {
		c.report(at+"/type", "unsupported type: %s", t)
		return
	}
	c.shape(at, o, s, "type")
}

func (c *checker) typeOf(at string, o object) (string, bool) {
	v, present := o["type"]
	if !present {
		c.report(at, "missing required field: type")
		return "", false
	}
	t, ok := v.(string)
	if !ok {
		c.report(at+"/type", "must provide a string")
	}
	return t, ok
}

// textObject checks a text object. Slack matches these against two alternatives and says first that none fits, then why.
func (c *checker) textObject(at string, v any, r rule) {
	before := len(c.problems)
	if o, ok := c.object(at, v); ok {
		if t, ok := c.typeOf(at, o); ok {
			c.textOfType(at, o, t, r)
		}
	}
	if len(c.problems) > before {
		why := Problem{Message: "failed to match all allowed schemas", Pointer: at}
		c.problems = slices.Insert(c.problems, before, why)
	}
}

func (c *checker) textOfType(at string, o object, t string, r rule) {
	p := c.places[r.of]
	if !slices.Contains(p.types, t) {
		c.report(at+"/type", "must be a valid enum value")
		return
	}
	s := p.shapes[t]
	s.fields = append(slices.Clone(s.fields), field{"text", rule{kind: aString, required: true, min: r.min, max: r.max}})
	c.shape(at, o, s, "type")
}

// shape checks the fields of o; chosenBy is a key that has been looked at already.
func (c *checker) shape(at string, o object, s shape, chosenBy string) {
	for _, f := range s.fields {
		v, present := o[f.key]
		switch {
		case present:
			c.value(at+"/"+escapePointer(f.key), v, f.rule)
		case f.rule.required:
			c.report(at, "missing required field: %s", f.key)
		}
	}
	if !s.open {
		c.strangers(at, o, s, chosenBy)
	}
	if s.also != nil {
		s.also(c, at, o)
	}
}

func (c *checker) strangers(at string, o object, s shape, chosenBy string) {
	for _, k := range slices.Sorted(maps.Keys(o)) {
		named := slices.ContainsFunc(s.fields, func(f field) bool { return f.key == k })
		if !named && k != chosenBy {
			c.report(at, "invalid additional property: %s", k)
		}
	}
}

// The short words that the tables are written in.

func need(r rule) rule { r.required = true; return r }

func orNull(r rule) rule { r.nullable = true; return r }

func distinct(r rule) rule { r.distinct = true; return r }

func str(min, max int) rule { return rule{kind: aString, min: min, max: max} }

func matching(re *pattern.Pattern, max int) rule { return rule{kind: aString, like: re, max: max} }

func oneOf(words ...string) rule { return rule{kind: aString, oneOf: words} }

func integer(min, max int) rule { return rule{kind: anInteger, min: min, max: max} }

func number() rule { return rule{kind: aNumber} }

func boolean() rule { return rule{kind: aBoolean} }

func list(min, max int, each rule) rule { return rule{kind: aList, min: min, max: max, each: &each} }

func typed(place string) rule { return rule{kind: aTyped, of: place} }

func one(object string) rule { return rule{kind: anObject, of: object} }

func mapOf(each rule) rule { return rule{kind: aMap, each: &each} }

// plain is a plain_text object, text one of either type, both of 1 to max characters.
func plain(max int) rule { return rule{kind: aText, of: "plain text", min: 1, max: max} }

func text(max int) rule { return rule{kind: aText, of: "text", min: 1, max: max} }

// escapePointer makes a key a reference token (RFC 6901).
func escapePointer(key string) string { return pointerEscapes.Replace(key) }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// decode reads one JSON value and nothing after it. Numbers keep their spelling, so that 3.0 is told from 3.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read JSON: more than one value")
	}
	return v, nil
}
