package postmortem

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../docs/post-mortem.schema.json"

// enums are the fields with a few words of their own.
var enums = map[string][]string{
	"severity": {"sev1", "sev2", "sev3", "sev4"}, "highest": {"sev1", "sev2", "sev3", "sev4"}, "source": {"record", "both", "people"},
	"first_seen": {"alert", "staff", "customers"}, "band": {"working", "early", "evening", "night", "weekend"},
}

// schemaOf is the JSON Schema of a type of the view.
func schemaOf(t reflect.Type) map[string]any {
	kind := func(names ...string) map[string]any { return map[string]any{"type": names} }
	switch t {
	case reflect.TypeFor[Text]():
		return kind("string", "null")
	case reflect.TypeFor[Instant]():
		return map[string]any{"type": []string{"string", "null"}, "format": "date-time"}
	case reflect.TypeFor[Length]():
		return map[string]any{"type": []string{"integer", "null"}}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int:
		return map[string]any{"type": "integer"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Pointer:
		s := schemaOf(t.Elem())
		s["type"] = []string{"object", "null"}
		return s
	}
	properties, required := map[string]any{}, []string{}
	for k := range t.NumField() {
		f := t.Field(k)
		name := f.Tag.Get("json")
		s := schemaOf(f.Type)
		s["description"] = f.Tag.Get("doc")
		if words := enums[name]; words != nil {
			list := []any{}
			for _, w := range words {
				list = append(list, w)
			}
			if f.Type == reflect.TypeFor[Text]() {
				list = append(list, nil)
			}
			s["enum"] = list
		}
		properties[name] = s
		required = append(required, name)
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

// TestSchema keeps the published schema that of the view.
func TestSchema(t *testing.T) {
	s := schemaOf(reflect.TypeFor[View]())
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", "A post-mortem of Stormbell"
	s["properties"].(map[string]any)["format"].(map[string]any)["const"] = 1
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the schema differs (-want +got), go test -update writes it:\n%s", diff)
	}
}

// TestJSONKeepsToTheSchema checks documents of every kind against the published schema, and
// reads each back as it was.
func TestJSONKeepsToTheSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string]Document{}
	for _, c := range cases {
		i, events, ctx := c.play(t)
		documents[c.name] = New(i, events, ctx)
	}
	i, events, ctx := everyField(t, "typed")
	documents["every field"] = New(i, events, ctx)
	for _, name := range []string{"control", "nothing"} {
		i, events, ctx := everyField(t, hostileTexts[name])
		roster(&ctx, hostileTexts[name])
		documents["hostile "+name] = New(i, oneOfEach(events), ctx).Publish(2, hostileTexts[name], time.Date(2026, 10, 9, 8, 0, 0, 0, time.UTC))
	}
	documents["published"] = documents["long"].Publish(2, "the number of orders", time.Date(2026, 10, 9, 8, 0, 0, 0, time.UTC))
	documents["nothing"] = Document{Severity: "sev2", Highest: "sev2"}
	for name, d := range documents {
		got := d.JSON()
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s does not keep to the schema: %v", name, err)
		}
		listsAreLists(t, name, value)
		var back View
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.MarshalIndent(back, "", "  ")
		if err != nil || string(again)+"\n" != string(got) {
			t.Errorf("%s is not read back as it was: %v\n%s", name, err, cmp.Diff(string(got), string(again)+"\n"))
		}
	}
}

// listsAreLists fails on a list that is null, and on a length whose name has no unit.
func listsAreLists(t *testing.T, at string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			if x == nil && slices.Contains([]string{"impact", "sections", "lines", "rows", "questions", "answers", "timeline", "pages", "roles"}, key) {
				t.Errorf("%s.%s is null, which is a list", at, key)
			}
			if strings.HasPrefix(key, "took") && !strings.HasSuffix(key, "_seconds") {
				t.Errorf("%s.%s has no unit", at, key)
			}
			listsAreLists(t, at+"."+key, x)
		}
	case []any:
		for _, x := range v {
			listsAreLists(t, at, x)
		}
	}
}

// TestDataModelIsDocumented keeps the table of the documentation that of the view.
func TestDataModelIsDocumented(t *testing.T) {
	const page, begin, end = "../../docs/post-mortem.md", "<!-- data model -->\n", "<!-- end of the data model -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), begin)
	was, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatalf("%s has no place for the data model", page)
	}
	var b strings.Builder
	model(&b, reflect.TypeFor[View]())
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(was, b.String()); diff != "" {
		t.Errorf("%s differs (-want +got), go test -update writes it:\n%s", page, diff)
	}
}

// model writes a table of a type's fields, and of the types in it.
func model(b *strings.Builder, t reflect.Type) {
	title := "The document"
	if t != reflect.TypeFor[View]() {
		title = "`" + strings.TrimSuffix(t.Name(), "View") + "`"
	}
	b.WriteString("\n### " + title + "\n\n| in a template | in JSON | a | what it is |\n| --- | --- | --- | --- |\n")
	var inner []reflect.Type
	for k := range t.NumField() {
		f := t.Field(k)
		of, many := f.Type, ""
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			if of.Kind() == reflect.Slice {
				many += "list of "
			}
			of = of.Elem()
		}
		name := strings.ToLower(of.Name())
		if of.Kind() == reflect.Struct && of.NumField() > 0 && strings.HasSuffix(of.Name(), "View") {
			name = "`" + strings.TrimSuffix(of.Name(), "View") + "`"
			inner = append(inner, of)
		}
		b.WriteString("| `." + f.Name + "` | `" + f.Tag.Get("json") + "` | " + many + name + " | " + f.Tag.Get("doc") + " |\n")
	}
	for _, of := range inner {
		if !strings.Contains(b.String(), "### `"+strings.TrimSuffix(of.Name(), "View")+"`") {
			model(b, of)
		}
	}
}
