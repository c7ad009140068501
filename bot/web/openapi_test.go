package web

import (
	"bytes"
	"encoding/json"
	flags "flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stormbell/stormbell/bot/web/openapi"
)

var update = flags.Bool("update", false, "write fields.json anew")

// TestFieldsAreThoseOfTheCode holds fields.json to the comments of the code.
func TestFieldsAreThoseOfTheCode(t *testing.T) {
	const file = "fields.json"
	known := schemas()
	for _, r := range (&Server{metrics: NewMetrics("")}).table() {
		r.operation(known)
	}
	got := commented{Fields: map[string]string{}, Values: map[string][]string{}}
	folders := map[string]bool{}
	for _, kind := range known.Types {
		for _, pkg := range packagesOf(kind) {
			folders[pkg] = true
		}
	}
	for folder := range folders {
		readComments(t, folder, got)
	}
	for name, list := range got.Values {
		if len(list) < 2 || !valued(known, module+name) {
			delete(got.Values, name) // one word of many
		}
	}
	for name := range got.Fields {
		if !described(known, module+name) {
			delete(got.Fields, name)
		}
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(fieldsJSON), text.String()); diff != "" {
		t.Errorf("%s is not what the code says; go test ./bot/web -run Fields -update writes it (-want +got):\n%s", file, diff)
	}
}

// packagesOf are those of the module that a struct has fields of.
func packagesOf(t reflect.Type) []string {
	list := []string{t.PkgPath()}
	for n := range t.NumField() {
		f := t.Field(n).Type
		for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, f.Kind()) {
			f = f.Elem()
		}
		list = append(list, f.PkgPath())
		if f.Kind() == reflect.Struct && t.Field(n).Anonymous {
			list = append(list, packagesOf(f)...)
		}
	}
	return slices.DeleteFunc(list, func(pkg string) bool { return !strings.HasPrefix(pkg, module) })
}

// described reports whether a field, by package, type and name, is in a schema.
func described(known *openapi.Schemas, name string) bool {
	var has func(t reflect.Type) bool
	has = func(t reflect.Type) bool {
		for n := range t.NumField() {
			f := t.Field(n)
			if f.Anonymous && f.Type.Kind() == reflect.Struct && has(f.Type) || t.PkgPath()+"."+t.Name()+"."+f.Name == name {
				return true
			}
		}
		return false
	}
	return slices.ContainsFunc(slices.Collect(maps.Values(known.Types)), has)
}

// valued reports whether a field of a schema has a type, by package and name.
func valued(known *openapi.Schemas, name string) bool {
	var has func(t reflect.Type) bool
	has = func(t reflect.Type) bool {
		for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, t.Kind()) {
			t = t.Elem()
		}
		if t.Kind() == reflect.String && t.PkgPath()+"."+t.Name() == name {
			return true
		}
		if t.Kind() == reflect.Struct && strings.HasPrefix(t.PkgPath(), module) {
			for n := range t.NumField() {
				if has(t.Field(n).Type) {
					return true
				}
			}
		}
		return false
	}
	for _, t := range known.Types {
		if has(t) {
			return true
		}
	}
	return false
}

var (
	references = regexp.MustCompile(`[,;]? see \[[^\]]*\]`)
	links      = regexp.MustCompile(`\[([A-Z][A-Za-z.]*)\]`)
)

// readComments reads what a package says of its fields, and which texts its types are.
func readComments(t *testing.T, pkg string, into commented) {
	t.Helper()
	name := strings.TrimPrefix(pkg, module)
	folder := filepath.Join("../..", filepath.FromSlash(name))
	files := token.NewFileSet()
	list, err := fs.Glob(os.DirFS(folder), "*.go")
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %v, %d files", folder, err, len(list))
	}
	for _, file := range list {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(files, filepath.Join(folder, file), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if s, ok := n.Type.(*ast.StructType); ok {
					commentsOf(name+"."+n.Name.Name, s, into)
				}
			case *ast.GenDecl:
				if n.Tok == token.CONST {
					valuesOf(name, n, into)
				}
			}
			return true
		})
	}
}

func commentsOf(owner string, s *ast.StructType, into commented) {
	for _, f := range s.Fields.List {
		says := f.Comment.Text()
		if says == "" {
			says = f.Doc.Text()
		}
		says = links.ReplaceAllString(references.ReplaceAllString(strings.Join(strings.Fields(says), " "), ""), "$1")
		for _, name := range f.Names {
			if name.IsExported() && says != "" {
				into.Fields[owner+"."+name.Name] = strings.TrimSuffix(says, ".")
			}
		}
	}
}

func valuesOf(pkg string, d *ast.GenDecl, into commented) {
	for _, spec := range d.Specs {
		s := spec.(*ast.ValueSpec)
		kind, ok := s.Type.(*ast.Ident)
		if !ok {
			continue
		}
		for _, v := range s.Values {
			if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && text != "" {
					into.Values[pkg+"."+kind.Name] = append(into.Values[pkg+"."+kind.Name], text)
				}
			}
		}
	}
}

// TestEveryRouteIsDescribed: a route says what it takes and what it answers.
func TestEveryRouteIsDescribed(t *testing.T) {
	d := Description("v1")
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	ids := map[string]string{}
	for _, r := range (&Server{metrics: NewMetrics("")}).table() {
		route := r.Method + " " + r.Path
		o := d.Paths[r.Path][strings.ToLower(r.Method)]
		if o == nil {
			t.Errorf("%s is not described", route)
			continue
		}
		if !slices.Contains(names, r.contract.group) {
			t.Errorf("%s is in the group %q, which there is not", route, r.contract.group)
		}
		if len(r.contract.gives) == 0 {
			t.Errorf("%s has no answer", route)
		}
		if was := ids[o.ID]; was != "" {
			t.Errorf("%s and %s are both called %s", was, route, o.ID)
		}
		ids[o.ID] = route
		for _, p := range o.Parameters {
			if p.Name == "" || p.Description == "" || p.Schema == nil {
				t.Errorf("%s: the parameter %q is not described", route, p.Name)
			}
		}
		if _, free := r.contract.body.(anything); r.contract.body != nil && !free && r.contract.example == "" {
			t.Errorf("%s has no example of its body", route)
		}
		if _, _, open := strings.Cut(r.Who, "anybody"); open != (len(o.Security) == 0) && r.contract.group != "links" {
			t.Errorf("%s is for %s, and its security is %v", route, r.Who, o.Security)
		}
	}
}

// description is what /openapi.json answers, as a validator reads it.
var description = sync.OnceValues(func() (any, *jsonschema.Compiler) {
	text, err := json.Marshal(Description("v1"))
	if err != nil {
		panic(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("http://bell.test/openapi.json", doc); err != nil {
		panic(err)
	}
	return doc, c
})

// compiling guards the compiler.
var compiling sync.Mutex

// TestDescriptionIsOpenAPI holds the description to the schema of OpenAPI 3.1, and to
// its own size.
func TestDescriptionIsOpenAPI(t *testing.T) {
	c := jsonschema.NewCompiler()
	schema, err := c.Compile("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, own := description()
	if err := schema.Validate(doc); err != nil {
		t.Errorf("the description is no OpenAPI 3.1: %v", err)
	}
	compiling.Lock()
	for name := range Description("v1").Components.Schemas {
		if _, err := own.Compile("http://bell.test/openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("the schema %s cannot be read: %v", name, err)
		}
	}
	compiling.Unlock()
	w := newWorld(t)
	resp, body := w.send(t, get("/openapi.json"))
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" || len(body) > 256<<10 {
		t.Errorf("/openapi.json is answered %d %q with %d bytes; want 200, JSON and at most 256 KiB", resp.StatusCode, resp.Header.Get("Content-Type"), len(body))
	}
	t.Logf("%d bytes, %d schemas", len(body), len(Description("v1").Components.Schemas))
	for _, secret := range []string{adminToken, senderKey} {
		if strings.Contains(body, secret) {
			t.Error("the description holds a secret")
		}
	}
}

// addresses says which route a request is for.
var addresses = sync.OnceValue(func() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range Routes() {
		mux.Handle(r.Method+" "+r.Path, http.NotFoundHandler())
	}
	return mux
})

// keepsToTheDescription fails unless an answer is one that /openapi.json announces.
// Every answer that a test of this package gets by send is looked at.
func (w *world) keepsToTheDescription(t testing.TB, q *http.Request, resp *http.Response, body string) {
	t.Helper()
	u := *q.URL
	u.Path, u.RawPath = tidyPath(u.Path), ""
	_, pattern := addresses().Handler(&http.Request{Method: q.Method, URL: &u, Host: q.Host})
	method, path, ok := strings.Cut(pattern, " ")
	if !ok || resp.StatusCode == http.StatusMethodNotAllowed || q.Method != method && q.Method != http.MethodHead {
		return
	}
	if resp.StatusCode == http.StatusForbidden && strings.Contains(body, "another site") || resp.StatusCode == http.StatusInternalServerError {
		return
	}
	at := "/paths/" + pointer(path) + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(resp.StatusCode)
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	doc, compiler := description()
	if !holds(doc, at) {
		t.Errorf("%s %s is answered %d, which /openapi.json does not announce: %.300s", q.Method, q.URL, resp.StatusCode, body)
		return
	}
	if kind != "application/json" || body == "" {
		return
	}
	at += "/content/" + pointer(kind) + "/schema"
	if !holds(doc, at) {
		t.Errorf("%s %s is answered with %s, which /openapi.json does not announce", q.Method, q.URL, kind)
		return
	}
	compiling.Lock() // some tests send from several goroutines
	schema, err := compiler.Compile("http://bell.test/openapi.json#" + (&url.URL{Fragment: at}).EscapedFragment())
	compiling.Unlock()
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Errorf("%s %s: %v", q.Method, q.URL, err)
		return
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s %s = %d is not what /openapi.json announces: %v\n%.600s", q.Method, q.URL, resp.StatusCode, err, body)
	}
}

// pointer writes a name as a part of a JSON pointer.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// holds reports whether a JSON pointer leads to something.
func holds(doc any, at string) bool {
	for part := range strings.SplitSeq(strings.TrimPrefix(at, "/"), "/") {
		m, ok := doc.(map[string]any)
		if !ok {
			return false
		}
		if doc, ok = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]; !ok {
			return false
		}
	}
	return true
}

// TestExamplesAreTaken sends every example, and asks with every parameter.
func TestExamplesAreTaken(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Backup = func(out io.Writer) (int64, error) { return io.Copy(out, strings.NewReader("the whole store")) }
	})
	w.want(t, post("/v1/incidents", `{"title":"Checkout is slow","service":"checkout"}`).admin(), 201, nil)
	w.want(t, post("/v1/incidents/INC-1/mitigate", `{"how":"rollback"}`).admin(), 200, nil)
	d := Description("v1")
	for _, r := range (&Server{metrics: NewMetrics("")}).table() {
		o := d.Paths[r.Path][strings.ToLower(r.Method)]
		path, query := r.Path, url.Values{}
		for _, p := range o.Parameters {
			switch {
			case p.In == "path" && p.Example != nil:
				path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(p.Example))
			case p.In == "query" && p.Example != nil && r.Method == http.MethodGet:
				query.Set(p.Name, fmt.Sprint(p.Example))
			}
		}
		q := request{method: r.Method, path: path}.admin()
		if r.contract.group == "senders" {
			q = q.sender()
		}
		switch {
		case strings.Contains(path, "{"):
			continue // of what is not there yet
		case r.Method == http.MethodGet && len(query) > 0 && path != "/v1/oncall/topics":
			for name := range query {
				q.path = path + "?" + url.Values{name: query[name]}.Encode()
				for _, p := range o.Parameters {
					if p.Required && p.In == "query" && p.Name != name {
						q.path += "&" + url.Values{p.Name: query[p.Name]}.Encode()
					}
				}
				if resp, body := w.send(t, q); resp.StatusCode/100 != 2 {
					t.Errorf("%s %s = %d %s", q.method, q.path, resp.StatusCode, body)
				}
			}
		case r.contract.example != "":
			q.body = r.contract.example
			if strings.Contains(path, "rotate") || strings.Contains(path, "revoke") {
				q.path = strings.Replace(path, "prometheus", "grafana", 1) // that was made before
			}
			resp, body := w.send(t, q)
			if resp.StatusCode/100 != 2 || strings.Contains(body, `"notes"`) {
				t.Errorf("%s %s %s = %d %s", q.method, q.path, q.body, resp.StatusCode, body)
			}
		}
	}
}

// TestEmptyAnswersKeepToTheDescription: where there is nothing yet, lists are empty.
func TestEmptyAnswersKeepToTheDescription(t *testing.T) {
	w := newWorld(t)
	for _, r := range Routes() {
		if r.Method == http.MethodGet && !strings.Contains(r.Path, "{") && r.Path != "/v1/backup" {
			w.send(t, get(r.Path+"?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z").admin())
			w.send(t, get(r.Path).admin())
		}
	}
	for _, kind := range reportKinds {
		w.want(t, get("/v1/report/"+kind).admin(), 200, nil)
	}
}
