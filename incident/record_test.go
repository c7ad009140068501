package incident

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// versions are the folders of testdata. The first one has every kind of event that there was
// then; a later one has what was added since.
var versions = func() (list []string) {
	folders, err := os.ReadDir("testdata")
	if err != nil {
		panic(err)
	}
	for _, f := range folders {
		if f.IsDir() && strings.HasPrefix(f.Name(), "v") {
			list = append(list, f.Name())
		}
	}
	return list
}()

// TestOldTimelinesAreRead reads timelines as each version wrote them, and folds
// them. The files are never written anew: what was stored once is read for ever. A
// new kind or field gets a file of its own version.
func TestOldTimelinesAreRead(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range versions {
		var events []Event
		read(t, "testdata/"+v+"/timeline.json", &events)
		var want Incident
		read(t, "testdata/"+v+"/incident.json", &want)
		got, err := Fold(12, events)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the fold of testdata/%s/timeline.json differs from incident.json (-want +got):\n%s", v, diff)
		}
		for _, e := range events {
			seen[string(e.Kind)] = true
		}
	}
	for _, kind := range kinds(t) {
		if !seen[kind] {
			t.Errorf("no event of kind %q in testdata: how it is stored is not held fast", kind)
		}
	}
}

// TestRecordsRoundTrip writes what it has read: no field is lost on the way.
func TestRecordsRoundTrip(t *testing.T) {
	var files []string
	for _, v := range versions {
		files = append(files, "testdata/"+v+"/timeline.json", "testdata/"+v+"/incident.json")
	}
	for _, file := range files {
		var before, after any
		read(t, file, &before)
		var b []byte
		var err error
		if strings.HasSuffix(file, "timeline.json") {
			var v []Event
			read(t, file, &v)
			b, err = json.Marshal(v)
		} else {
			var v Incident
			read(t, file, &v)
			b, err = json.Marshal(v)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &after); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s is not written as it was read (-read +written):\n%s", file, diff)
		}
	}
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// kinds lists the constants of type Kind in event.go.
func kinds(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Kind" {
			s, _ := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			list = append(list, s)
		}
		return true
	})
	if len(list) < 20 {
		t.Fatalf("only %d kinds found in event.go: %v", len(list), list)
	}
	return list
}
