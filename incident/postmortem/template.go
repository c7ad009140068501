package postmortem

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// What a template may do: a document has a fraction of it.
const (
	templateBytes = 4 << 20  // of its output
	templateText  = 64 << 10 // of any text that it makes on the way
	templateMade  = 64 << 20 // of all of them
	templateSteps = 500_000  // see [count]
	templateCall  = 50       // steps of calling another template, which has to be remembered until it ends

	// TemplateMost is how long a template may be, in bytes.
	TemplateMost = 256 << 10
)

// Template is somebody's own form of the document, see [View] for what it sees. It can
// read nothing else, and it ends: its output, its texts and its steps are limited.
type Template struct {
	t      *template.Template
	broken error // why there is none
}

// Unusable returns a template that cannot be used: documents appear in their usual form
// and say why.
func Unusable(why error) *Template { return &Template{broken: why} }

// TemplateError says where a template is wrong, and what can be done.
type TemplateError struct {
	Line int
	Why  string
}

// Error returns the line and the reason.
func (e *TemplateError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// ParseTemplate reads a template.
func ParseTemplate(text string) (*Template, error) {
	text = strings.TrimPrefix(text, "\uFEFF") // some editors begin a file with it
	if len(text) > TemplateMost {
		return nil, &TemplateError{Line: 1, Why: "it is longer than a template can be, which is 256 KiB"}
	}
	if bad := strings.Index(strings.ToValidUTF8(text, "\x00"), "\x00"); bad >= 0 {
		return nil, &TemplateError{Line: 1 + strings.Count(text[:bad], "\n"), Why: "it is no text in UTF-8"}
	}
	t, err := template.New("t").Option("missingkey=error").Funcs(functions(&budget{1, templateMade})).Parse(text)
	if err != nil {
		return nil, explained(err)
	}
	for _, each := range t.Templates() {
		if each.Tree != nil {
			count(each.Root)
		}
	}
	return &Template{t: t}, nil
}

// Execute returns the document as the template shows it.
func (t *Template) Execute(v View) (string, error) {
	if t.broken != nil {
		return "", t.broken
	}
	fresh, err := t.t.Clone()
	if err != nil {
		return "", fmt.Errorf("copy the template: %v", err)
	}
	var b strings.Builder
	left := &budget{templateSteps, templateMade}
	if err := fresh.Funcs(functions(left)).Execute(&limited{&b, templateBytes}, v); err != nil {
		return "", explained(err)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
}

// Check executes the template over documents that have everything, and nothing.
func (t *Template) Check() error {
	for _, v := range []View{Sample(), {}} {
		if _, err := t.Execute(v); err != nil {
			return err
		}
	}
	return nil
}

// In returns the document with another form of its Markdown; nil: the usual one.
func (d Document) In(form *Template) Document {
	d.form = form
	return d
}

// Kept returns the document with the Markdown with which it was published, whatever this
// version of the program would write.
func (d Document) Kept(markdown string) Document {
	d.sealed = markdown
	return d
}

// formed is the Markdown in a form of one's own. Where that fails, the usual one says so: a
// document with a remark is better than none.
func (d Document) formed() string {
	text, err := d.form.Execute(d.View())
	if err == nil {
		return text
	}
	return "_" + escapeLine("The template for this document cannot be used, "+err.Error()+". This is the usual form.") + "_\n\n" + d.In(nil).Markdown()
}

// budget is what is left of a template's steps, and of the texts that it makes.
type budget struct{ steps, bytes int }

var (
	errSteps = errors.New("it does too much; a template has 500,000 steps, and each value and action in a turn of a loop is one")
	errBytes = errors.New("it writes too much; a document has at most 4 MiB")
)

func (b *budget) turn(steps int) (string, error) {
	if b.steps -= steps; b.steps < 0 {
		return "", errSteps
	}
	return "", nil
}

// limited is a writer that takes so much.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errBytes
	}
	return l.to.Write(p)
}

// functions are those of a template. Those of text/template that make texts are held to
// the limit too; the escapers for other languages are left out.
func functions(b *budget) template.FuncMap {
	making := func(args []any, f func() string) (string, error) {
		n := 0
		for _, a := range args {
			if v := reflect.ValueOf(a); v.Kind() == reflect.String {
				n += v.Len()
			}
		}
		if n > templateText {
			return "", errBytes
		}
		made := f()
		if b.bytes -= len(made); b.bytes < 0 || len(made) > templateText {
			return "", errBytes
		}
		return made, nil
	}
	printing := func(f func(...any) string) func(...any) (string, error) {
		return func(args ...any) (string, error) { return making(args, func() string { return f(args...) }) }
	}
	left := func(...any) (string, error) {
		return "", errors.New("this function is not there; a text is escaped for Markdown already, and .Plain is as it was typed")
	}
	return template.FuncMap{
		"_turn": b.turn, "print": printing(fmt.Sprint), "println": printing(fmt.Sprintln),
		"printf": func(format string, args ...any) (string, error) {
			if wide.MatchString(format) || len(format) > 1000 {
				return "", errors.New("a format of printf has at most 1,000 letters, and a width in it three digits")
			}
			if inGo.MatchString(format) {
				return "", errors.New("a format of printf has no #; .Plain is a text as it was typed")
			}
			return making(args, func() string { return fmt.Sprintf(format, args...) })
		},
		"html": left, "js": left, "urlquery": left,
		"upper": func(v any) (string, error) {
			return making([]any{v}, func() string { return strings.ToUpper(fmt.Sprint(v)) })
		},
		"join": func(sep string, list []Text) (string, error) {
			return making([]any{strings.Repeat(sep, min(len(list), templateText))}, func() string { return strings.Join(each(list, Text.Line), sep) })
		},
	}
}

var (
	wide = pattern.New(`%[^a-zA-Z%]*([0-9]{4}|\*)`)
	inGo = pattern.New(`%[^a-zA-Z%]*#`) // it would show what was typed past its String
)

// count makes a body take its steps each time that it is executed: one for each node and
// each value in it, whether it is reached or not. The bodies of loops in it count for
// themselves.
func count(body *parse.ListNode) {
	steps := cost(body)
	body.Nodes = slices.Insert(body.Nodes, 0, turnNode(max(1, steps)))
}

func cost(n parse.Node) (steps int) {
	branch := func(b *parse.BranchNode) int { return 1 + cost(b.Pipe) + cost(b.List) + cost(b.ElseList) }
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, each := range n.Nodes {
				steps += cost(each)
			}
		}
		return steps
	case *parse.RangeNode:
		count(n.List)
		return 1 + cost(n.Pipe) + cost(n.ElseList)
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.ActionNode:
		return 1 + cost(n.Pipe)
	case *parse.TemplateNode:
		return templateCall + cost(n.Pipe)
	case *parse.PipeNode:
		if n != nil {
			for _, c := range n.Cmds {
				steps += cost(c)
			}
		}
		return steps
	case *parse.CommandNode:
		for _, arg := range n.Args {
			steps += cost(arg)
		}
		return 1 + steps
	case *parse.ChainNode:
		return 1 + cost(n.Node) + len(n.Field)
	case *parse.FieldNode:
		return len(n.Ident)
	case *parse.VariableNode:
		return len(n.Ident)
	default:
		return 1
	}
}

func turnNode(steps int) parse.Node {
	text := fmt.Sprintf("{{_turn %d}}", steps)
	return template.Must(template.New("").Funcs(functions(&budget{1, templateMade})).Parse(text)).Root.Nodes[0]
}

// The shapes of what text/template says.
var (
	where   = pattern.New(`^template: [^:]*:(\d+)(?::\d+)?: (?:executing "[^"]*" at <[^\n]*?>: )?(?s:(.*))$`)
	noField = pattern.New(`can't evaluate field (\w+) in type (?:\[\])?\*?postmortem\.(\w+)`)
	noValue = pattern.New(`nil (?:pointer|data)|index out of range|no entry for key|index of untyped nil`)
	noFunc  = pattern.New(`function "(\w+)" not defined`)
)

// explained says an error of text/template in words, with what was probably meant.
func explained(err error) error {
	e := &TemplateError{Line: 1, Why: err.Error()}
	if m := where.FindStringSubmatch(err.Error()); m != nil {
		fmt.Sscan(m[1], &e.Line)
		e.Why = m[2]
	}
	switch {
	case errors.Is(err, errSteps):
		e.Why = errSteps.Error()
	case errors.Is(err, errBytes):
		e.Why = errBytes.Error()
	}
	if m := noField.FindStringSubmatch(err.Error()); m != nil {
		e.Why = strings.TrimSuffix(m[2], "View") + " has no field ." + m[1]
		if m[2] == "View" {
			e.Why = "the document has no field ." + m[1]
		}
		if near := nearestField(m[1], m[2]); near != "" {
			e.Why += "; did you mean ." + near + "?"
		}
	}
	if noValue.MatchString(err.Error()) {
		e.Why = "not every document has this; put it between {{with …}} and {{end}}"
	}
	if m := noFunc.FindStringSubmatch(err.Error()); m != nil {
		e.Why = "there is no function " + m[1]
	}
	// Some of what text/template says shows the values that were at hand, all of them.
	if first, _, more := strings.Cut(e.Why, "\n"); more || len(first) > whyMost {
		e.Why = strings.ToValidUTF8(first[:min(len(first), whyMost)], "") + "…"
	}
	return e
}

// whyMost is how long a reason may be, in bytes.
const whyMost = 200

// nearestField returns the field of a type of the view whose name is nearest.
func nearestField(name, of string) string {
	var fields []string
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for k := range t.NumField() {
			if f := t.Field(k); f.IsExported() {
				if t.Name() == of {
					fields = append(fields, f.Name)
				}
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[View]())
	return incident.Nearest(name, fields)
}
