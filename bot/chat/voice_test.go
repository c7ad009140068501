package chat

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// voiced are the folders whose literals people read in Slack: those of bot/chat itself, and
// those it shows as they are, such as a refusal of the desk or the words for an event.
var voiced = []string{"*", "../desk/*", "../oncall/*", "../alerts/*", "../../incident/*", "../../incident/escalation/*", "../../incident/postmortem/[a-mo-qt-z]*",
	"../../incident/postmortem/sections", "../../incident/postmortem/summary", "../../rotation/change", "../../rotation/swap"}

var (
	why    = regexp.MustCompile(`(?i)\bwhy\b`)
	counts = regexp.MustCompile(`%d ([a-z]+ )?[a-z]+s\b`)
)

// explains are the lines with a why that the bot answers itself.
var explains = map[string]bool{
	"Why?": true, "why INC-1": true, "why INC-1.": true, "says why who was paged, and what became of each notification": true,
	"*Who was paged, and why, for": true, "`stormbell oncall why": true, "Who was paged, and why, for": true,
	"Weekly test: %s did not answer within an hour (%s). `/oncall why %s` says what was tried.": true,
}

// several are the lines whose number is never one, and those where what follows is no noun
// that it counts.
var several = map[string]bool{
	"Together %s, in %d stretches.": true, ", in %d stretches": true, // where there are more than one
	"it holds %d files; a bundle has at most %d":                true, // more than it may have
	"version %d is published; this is how it stands now":        true,
	"Nothing has changed in it since version %d was published.": true, "Version %d is published. Say what is corrected.": true,
	"The event is missing: %d comes after %d.": true, "There are %d events, and the incident has %d.": true, "%s-F%d is to be reminded of": true, // of a store that is broken
	"all %d alerts are over": true, "%d alerts fire": true, "· fired %d times": true, "%d incidents need you.": true, "%d bytes": true,
	"%d incidents need you, the worst %s. All: %s": true, "(last reviewed %d days ago)": true, "was due %d days ago (%s)": true,
	"due in %d days (%s)": true, "Page %d of %d, %d open incidents, the worst first.": true,
	"Slack: %d sockets are connected, and something was heard %s ago.": true, "Nothing has happened in these %d incidents for a while.": true,
	"It shows %d of %d rotations: `%s calendar TEAM` draws one team's.": true, "%d times nobody is on call: those parts have stripes.": true,
	"⏎%d alerts held back so far": true, "%d minutes": true, "Page %d of %d, %d entries. `stormbell incident show %s --json` has all of it.": true,
	"%d wrong codes came by text message from the number of %s within an hour. No codes are taken from it until %s UTC.": true,
	"change roster: version %d was meant, version %d holds":                                                              true, "version %d is shorter than what is taken of it": true,
	"All %d alerts are over.": true, "http.integration_keys[%d]: its name or its secret is empty, or the secret is over %d characters": true,
	"The overlap must be from 0 to %d days.": true, "The key %s has %d old secrets that still work.": true,
	"Entry %d is shown no longer already.": true, "Entry %d says how %s came to stand as it does, so it stays as it is.": true,
	"As in: hide %d holds a customer's name.": true, "%d times": true, "%d is no number of people.": true,
	"Interrupted %s: %d in business hours, %d off, %d asleep · %s, at most %d in a row · %s on call":       true,
	"%s: %d answered by you, %d by others, %d by nobody · %d with nothing to do, %d repeated within a day": true,
	"read timeline of %s: event %d where %d was expected":                                                  true, "fired again (%d times so far)": true, "fires too (%d alerts so far)": true,
	"rehearse %s: more than %d messages and steps in %v: ask for a shorter time": true,
}

// quietCalls take literals that nobody reads in Slack: what is logged, read, or compared.
var quietCalls = map[string]bool{
	"Msg": true, "Msgf": true, "Str": true, "Int": true, "Bool": true, "Dur": true, "Err": true, "MustCompile": true, "Parse": true, "Format": true,
	"HasPrefix": true, "HasSuffix": true, "CutPrefix": true, "CutSuffix": true, "TrimPrefix": true, "TrimSuffix": true, "Contains": true,
	"ContainsAny": true, "Split": true, "SplitN": true, "ParseInLocation": true, "Wrap": true, "panic": true, "ReadFile": true,
}

// sentence finds words: two beside each other, or one that begins as a label does.
var sentence = regexp.MustCompile(`\pL[\pL’'.,:;)*%]* [\pL(*_<%:]|^[\pS\pP ]*\p{Lu}\p{Ll}+[.:?… ]*$|%[dsvq] \p{Ll}{2,}|\p{Ll}{2,} %[dsvq]`)

// spoken lists the words in one file, function by function.
func spoken(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range file.Decls {
		var words []string
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec, *ast.CaseClause:
				if c, ok := n.(*ast.CaseClause); ok { // what is compared is not said; what is done then may be
					for _, s := range c.Body {
						words = append(words, literals(s)...)
					}
				}
				return false
			case *ast.BasicLit, *ast.CallExpr, *ast.BinaryExpr, *ast.Field:
				words = append(words, literals(n)...)
				return false
			}
			return true
		})
		if len(words) > 0 {
			lines = append(lines, "  "+nameOf(d))
		}
		for _, w := range words {
			lines = append(lines, "    "+w)
		}
	}
	return lines
}

// expression reports whether a call makes a pattern.
func expression(n *ast.CallExpr) bool {
	f, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	in, ok := f.X.(*ast.Ident)
	return ok && in.Name == "pattern" && f.Sel.Name == "New"
}

// literals are the words within a node.
func literals(n ast.Node) []string {
	var words []string
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field: // its tag
			return false
		case *ast.CaseClause:
			for _, s := range n.Body {
				words = append(words, literals(s)...)
			}
			return false
		case *ast.CallExpr:
			return !quietCalls[called(n)] && !expression(n)
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && sentence.MatchString(text) && !machineText(text) {
				words = append(words, strings.ReplaceAll(text, "\n", "⏎"))
			}
		}
		return true
	})
	return words
}

// machineText reports whether a literal is for programs, or begins an error that only the
// log gets: those carry the name of their package.
func machineText(text string) bool {
	return regexp.MustCompile(`^[a-z]+: |%w|^\w+/|\.go\b|: %v$`).MatchString(text)
}

// called is the name of the function that is called.
func called(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func nameOf(d ast.Decl) string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Name.Name
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				return v.Names[0].Name
			}
		}
	}
	return "types"
}

// TestVoice keeps all words that people read in Slack in one list, so that they can be read
// aloud from its beginning to its end, and a change of them is seen in review.
func TestVoice(t *testing.T) {
	var b strings.Builder
	b.WriteString("What the bot says in Slack, by file and function, as format strings.\n⏎ is a new line. Written by: go test ./bot/chat -run TestVoice -update\n")
	for _, dir := range voiced {
		files, err := filepath.Glob(dir + ".go")
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		sort.Strings(files)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			if lines := spoken(t, f); len(lines) > 0 {
				fmt.Fprintf(&b, "\n%s\n%s\n", strings.TrimPrefix(filepath.ToSlash(filepath.Join("bot/chat", f)), "./"), strings.Join(lines, "\n"))
			}
		}
	}
	golden(t, "testdata/voice.txt", b.String())
	for line := range strings.SplitSeq(b.String(), "\n") {
		words, said := strings.CutPrefix(line, "    ")
		if words = strings.TrimSpace(words); !said {
			continue
		}
		if strings.Contains(words, "! ") || strings.HasSuffix(words, "!") {
			t.Errorf("it raises its voice: %s", words)
		}
		if why.MatchString(words) && !explains[words] {
			t.Errorf("it asks somebody to justify themselves: %s", words)
		}
		if counts.MatchString(words) && !several[words] {
			t.Errorf("it can say \"1 incidents\": use incident.Count, or list it as always several: %s", words)
		}
	}
}

// TestS03NobodyIsAskedForACause: while an incident hurts the question is what would stop the
// harm. A cause is spoken of in the document alone.
func TestS03NobodyIsAskedForACause(t *testing.T) {
	text, err := os.ReadFile("testdata/voice.txt")
	if err != nil {
		t.Fatal(err)
	}
	cause := regexp.MustCompile(`(?i)\b(root )?cause[sd]?\b`)
	file, asked, lines := "", false, 0
	for line := range strings.SplitSeq(string(text), "\n") {
		words, isWords := strings.CutPrefix(line, "    ")
		switch {
		case line != "" && line[0] != ' ':
			file = line
		case isWords && !strings.HasPrefix(file, "incident/postmortem/") && !strings.HasPrefix(filepath.Base(file), "review"):
			lines++
			asked = asked || strings.Contains(words, "What would stop the harm now")
			if cause.MatchString(words) {
				t.Errorf("%s speaks of a cause: %s", file, words)
			}
		}
	}
	if !asked || lines < 1000 {
		t.Errorf("of %d lines none asks what would stop the harm", lines)
	}
}
