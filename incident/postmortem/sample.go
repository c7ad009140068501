package postmortem

import (
	"reflect"
	"time"
)

// sectionIDs are those of every section that a document can have.
var sectionIDs = []Text{"head", "summary", "impact", "promise", "times", "people", "timeline", "notes", "decisions", "pages", "factors",
	"went_well", "went_badly", "lucky", "now_later", "action_items", "lessons", "open", "cause"}

// Sample returns a document that has everything: each list two entries, each field a value.
// Templates are tried on it.
func Sample() View {
	var v View
	sample(reflect.ValueOf(&v).Elem())
	v.Format, v.Name, v.Title, v.Severity, v.Highest, v.Status = 1, "INC-42", "Errors at checkout", "sev2", "sev1", "resolved"
	part := v.Sections[0]
	v.Sections = nil
	for _, id := range sectionIDs {
		part.ID = id
		v.Sections = append(v.Sections, part)
	}
	return v
}

func sample(v reflect.Value) {
	switch x := v.Addr().Interface().(type) {
	case *Instant:
		*x = Instant{time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)}
		return
	case *Length:
		*x = Length{90 * time.Minute, true}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text")
	case reflect.Int:
		v.SetInt(2)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		sample(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for k := range v.Len() {
			sample(v.Index(k))
		}
	case reflect.Struct:
		for k := range v.NumField() {
			sample(v.Field(k))
		}
	}
}
