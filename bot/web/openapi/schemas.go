package openapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Schemas are those of Go types, as [encoding/json] writes or reads them. They grow
// with each type that is asked for.
type Schemas struct {
	// Name is what the schema of a struct is called. Two types may not share a name.
	Name func(reflect.Type) string

	// Words says what a field or a type means, and Values which values a type of
	// text has: by "package/path.Type.Field" and "package/path.Type".
	Words  map[string]string
	Values map[string][]string

	// Known are types that are written and read in a way of their own.
	Known map[reflect.Type]Schema

	// Whole reports whether the lists in a struct, of that package, are never null.
	Whole func(pkg string) bool

	Made  map[string]*Schema      // by name
	Types map[string]reflect.Type // that they are of, likewise
}

// Answer returns the schema of what v is written as. It has every field that is not
// left out when it is empty, and no field besides.
func (s *Schemas) Answer(v any) *Schema { return s.of(reflect.TypeOf(v), false) }

// Request returns the schema of what is read into v. Fields may be left out, but
// those that are needed.
func (s *Schemas) Request(v any, needed ...string) *Schema {
	ref := s.of(reflect.TypeOf(v), true)
	made := s.Made[strings.TrimPrefix(ref.Ref, prefix)]
	for _, name := range needed {
		if made.Properties[name] == nil {
			panic(fmt.Sprintf("openapi: %T needs %q, which it does not have", v, name)) // a mistake in the table of routes
		}
	}
	made.Required = needed
	return ref
}

const prefix = "#/components/schemas/"

var (
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	instant       = reflect.TypeFor[time.Time]()
	length        = reflect.TypeFor[time.Duration]()
	raw           = reflect.TypeFor[json.RawMessage]()
)

// of returns the schema of a type; asked: as it is read.
func (s *Schemas) of(t reflect.Type, asked bool) *Schema {
	if known, ok := s.Known[t]; ok {
		return &known
	}
	switch t {
	case instant:
		return &Schema{Type: "string", Format: "date-time"}
	case length:
		return &Schema{Type: "integer", Description: "nanoseconds"}
	case raw:
		return &Schema{}
	}
	switch {
	case t.Kind() == reflect.Pointer:
		inner := s.of(t.Elem(), asked)
		if inner.Ref != "" {
			return &Schema{AnyOf: []*Schema{inner, {Type: "null"}}}
		}
		return nullable(inner)
	case t.Implements(jsonMarshaler):
		panic(fmt.Sprintf("openapi: %v is written in a way of its own, which nobody describes", t))
	case t.Implements(textMarshaler):
		return &Schema{Type: "string"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Schema{Type: "integer"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.String:
		return &Schema{Type: "string", Enum: s.Values[key(t)]}
	case reflect.Interface:
		return &Schema{}
	case reflect.Map:
		return &Schema{Type: "object", Additional: s.of(t.Elem(), asked)}
	case reflect.Array, reflect.Slice:
		return &Schema{Type: "array", Items: s.of(t.Elem(), asked)}
	case reflect.Struct:
		return s.object(t, asked)
	}
	panic(fmt.Sprintf("openapi: no JSON is a %v", t))
}

func nullable(in *Schema) *Schema {
	if kind, ok := in.Type.(string); ok {
		in.Type = []string{kind, "null"}
	}
	return in
}

func key(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

// object returns the schema of a struct: a reference, where it has a name.
func (s *Schemas) object(t reflect.Type, asked bool) *Schema {
	made := &Schema{Type: "object", Properties: map[string]*Schema{}, Additional: false}
	out := made
	if t.Name() != "" {
		name := s.Name(t)
		if had, ok := s.Types[name]; ok {
			if had != t {
				panic(fmt.Sprintf("openapi: %v and %v are both called %s", had, t, name))
			}
			return &Schema{Ref: prefix + name}
		}
		if s.Types == nil {
			s.Types, s.Made = map[string]reflect.Type{}, map[string]*Schema{}
		}
		s.Types[name], s.Made[name] = t, made
		out = &Schema{Ref: prefix + name}
	}
	for _, f := range fields(t) {
		is := f.Type
		if is.Kind() == reflect.Pointer && (f.empty || asked) {
			is = is.Elem() // where it is null it is left out
		}
		p := s.of(is, asked)
		if words := s.Words[key(f.owner)+"."+f.Name]; words != "" {
			p.Description = words
		}
		kind := f.Type.Kind()
		if list := kind == reflect.Slice || kind == reflect.Map; list && !f.empty && !asked && p.Ref == "" && !s.Whole(f.owner.PkgPath()) {
			p = nullable(p)
		}
		made.Properties[f.name] = p
		if !asked && !f.empty {
			made.Required = append(made.Required, f.name)
		}
	}
	slices.Sort(made.Required)
	return out
}

// field is one of a struct, as it is in JSON.
type field struct {
	reflect.StructField
	owner  reflect.Type // the struct that has it, which may be embedded
	name   string
	empty  bool // it is left out when it is empty
	tagged bool
	depth  int
}

// fields are those of a struct by the rules of [encoding/json]: what is nearer hides
// what is deeper, and what has a tag what has none.
func fields(t reflect.Type) []field {
	var all []field
	var walk func(t reflect.Type, depth int)
	walk = func(t reflect.Type, depth int) {
		for n := range t.NumField() {
			f := t.Field(n)
			tag := f.Tag.Get("json")
			name, options, _ := strings.Cut(tag, ",")
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			switch {
			case tag == "-", !f.IsExported() && !f.Anonymous:
				continue
			case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
				walk(inner, depth+1)
				continue
			case !f.IsExported():
				continue
			}
			tagged := name != ""
			if !tagged {
				name = f.Name
			}
			said := strings.Split(options, ",")
			empty := slices.Contains(said, "omitzero") || slices.Contains(said, "omitempty") && f.Type.Kind() != reflect.Struct
			all = append(all, field{StructField: f, owner: t, name: name, empty: empty, tagged: tagged, depth: depth})
		}
	}
	walk(t, 0)
	return slices.DeleteFunc(slices.Clone(all), func(f field) bool {
		return slices.ContainsFunc(all, func(g field) bool {
			return g.name == f.name && (g.depth < f.depth || g.depth == f.depth && (g.owner != f.owner || g.Name != f.Name) && (g.tagged || !f.tagged))
		})
	})
}
