package storagetest

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Records holds fast how a package stores its records: each type is read as
// version 1 wrote it, with every field filled, and written again, and nothing may
// be lost. The golden files lie in testdata/records/v1 of the package; with update
// those that are missing are written, and none that exists is ever changed. A type
// whose name ends in Record must be among them. Dropped names the fields, as
// Type.field, that today's version does not need any more.
func Records(t *testing.T, update bool, dropped []string, records ...any) {
	held := map[string]bool{}
	for _, zero := range records {
		typ := reflect.TypeOf(zero)
		held[typ.Name()] = true
		t.Run(typ.Name(), func(t *testing.T) { golden(t, typ, update, dropped) })
	}
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && strings.HasSuffix(spec.Name.Name, "Record") && !held[spec.Name.Name] {
				t.Errorf("%s: how %s is stored is not held fast; add it to records and run with -update", name, spec.Name.Name)
			}
			return true
		})
	}
}

// golden reads one type as it was once written.
func golden(t *testing.T, typ reflect.Type, update bool, dropped []string) {
	file := filepath.Join("testdata", "records", "v1", typ.Name()+".json")
	stored, err := os.ReadFile(file)
	if os.IsNotExist(err) && update {
		v := reflect.New(typ).Elem()
		(&filler{}).fill(v)
		stored, err = json.MarshalIndent(v.Interface(), "", " ")
		if err == nil {
			err = os.WriteFile(file, append(stored, '\n'), 0o644)
		}
	}
	if err != nil {
		t.Fatalf("%v; a new type of record is written with -update", err)
	}
	v := reflect.New(typ)
	if err := json.Unmarshal(stored, v.Interface()); err != nil {
		t.Fatalf("%s cannot be read: %v", file, err)
	}
	again, err := json.Marshal(v.Interface())
	if err != nil {
		t.Fatal(err)
	}
	was := fields(t, stored)
	if m, ok := was.(map[string]any); ok {
		for name := range m {
			if slices.Contains(dropped, typ.Name()+"."+name) {
				delete(m, name)
			}
		}
	}
	if diff := cmp.Diff(was, fields(t, again)); diff != "" {
		t.Errorf("%s is not written as it was read (-read +written):\n%s", file, diff)
	}
}

// fields reads JSON as what any program would see.
func fields(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// filler puts something into every field, each time something else.
type filler struct{ n int }

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 11, 22, 3, f.n%60, 5, 123456789, time.UTC)))
		return
	case reflect.TypeFor[time.Weekday]():
		v.SetInt(int64(f.n % 7))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("text-" + string(rune('a'+f.n%26)))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		f.fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(value)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for k := range v.NumField() {
			if v.Type().Field(k).IsExported() {
				f.fill(v.Field(k))
			}
		}
	}
	if v.Kind() == reflect.Struct {
		if version := v.FieldByName("V"); version.IsValid() && version.Kind() == reflect.Int {
			version.SetInt(1)
		}
	}
}
