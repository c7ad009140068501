package stormbell

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestPatterns: every regular expression that is there from the start is compiled when it is first used, so
// that no command waits for those of the others; and it can be compiled.
func TestPatterns(t *testing.T) {
	found := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && outside(name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		n, broken := patterns(file)
		found += n
		for _, b := range broken {
			t.Errorf("%s %s", filepath.ToSlash(name), b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 100 {
		t.Errorf("%d patterns were found; this test no longer sees them", found)
	}
}

// patterns counts the patterns of a file, and says what is wrong with them.
func patterns(file *ast.File) (n int, broken []string) {
	for _, d := range file.Decls {
		if g, ok := d.(*ast.GenDecl); !ok || g.Tok != token.VAR {
			continue
		}
		ast.Inspect(d, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncLit:
				return false
			case *ast.CallExpr:
				sel, ok := node.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				switch of, _ := sel.X.(*ast.Ident); {
				case of == nil:
				case of.Name == "regexp":
					broken = append(broken, "compiles a regular expression whenever any command starts: use pattern.New")
				case of.Name == "template" && sel.Sel.Name == "Must":
					broken = append(broken, "reads a template whenever any command starts: put it into a sync.OnceValue")
				}
			}
			return true
		})
	}
	ast.Inspect(file, func(node ast.Node) bool {
		call, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "New" {
			return true
		}
		if of, ok := sel.X.(*ast.Ident); !ok || of.Name != "pattern" && of.Name != "regular" || len(call.Args) != 1 {
			return true
		}
		n++
		text, ok := constant(file, call.Args[0])
		if !ok {
			broken = append(broken, "makes a pattern of what this test cannot read: write it as text, or as constants of the same file")
		} else if _, err := regexp.Compile(text); err != nil {
			broken = append(broken, err.Error())
		}
		return true
	})
	return n, broken
}

// constant is the text of literals and of constants of the same file, added.
func constant(file *ast.File, x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := constant(file, x.X)
		right, too := constant(file, x.Y)
		return left + right, x.Op == token.ADD && ok && too
	case *ast.Ident:
		o := file.Scope.Lookup(x.Name)
		if o == nil || o.Kind != ast.Con {
			return "", false
		}
		if spec, ok := o.Decl.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			return constant(file, spec.Values[0])
		}
	}
	return "", false
}

// TestPatternsNotices proves that the rule can fail.
func TestPatternsNotices(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"package p; var x = regexp.MustCompile(`a`)", "use pattern.New"},
		{"package p; var x = []form{{regexp.MustCompile(`a`)}}", "use pattern.New"},
		{"package p; var x = template.Must(y)", "sync.OnceValue"},
		{"package p; var x = pattern.New(`(`)", "missing closing"},
		{"package p; const c = `(`; var x = pattern.New(c + `a`)", "missing closing"},
		{"package p; func f(s string) { pattern.New(s) }", "cannot read"},
		{"package p; var x = sync.OnceValue(func() { regexp.MustCompile(`a`) })", ""},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", c.source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, broken := patterns(file); !strings.Contains(strings.Join(broken, "\n"), c.want) || c.want == "" && broken != nil {
			t.Errorf("%s: %q, want %q", c.source, broken, c.want)
		}
	}
}
