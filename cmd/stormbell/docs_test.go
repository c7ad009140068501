package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stormbell/stormbell/bot/chat"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident/alert"
)

// The documentation is held to the program. In every page each command is run as
// it stands, each snippet is applied, each output that is shown is compared, and
// each table is what the code says. What a page says in Markdown for it:
//
//	```sh                 commands; they run in the folder of the page, one after the other
//	```text, ```json      after commands: what they print, in shape: figures and names may differ, … stands for more
//	```yaml FILE          the contents of that file from here on; so with json and text
//	```yaml               a part of a configuration or of a roster; a running bot gets a roster's
//	                      part about alerts, and what follows is tried with it
//	type `/incident …`    is typed in the workspace
//	<!-- not run: WHY --> before a block, or in a paragraph: its commands are not run
//	<!-- table: NAME -->  until <!-- end -->: written by `go test ./cmd/stormbell -run TestDocumentationTables -update`

var update = flag.Bool("update", false, "write the tables of the documentation, and with -tags browser take its pictures anew")

// snippet is a piece of code of a page.
type snippet struct {
	line   int
	lang   string // of a block
	file   string // of a block that is a file's contents
	text   string
	inline bool
	typed  bool // inline: the text tells the reader to type it
	notRun bool
}

// documented is every page, by its path from the root of the repository.
func documented(t *testing.T) []string {
	t.Helper()
	pages := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"}
	found, err := filepath.Glob(repository("docs/*.md"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no page in docs: %v", err)
	}
	for _, f := range found {
		pages = append(pages, "docs/"+filepath.Base(f))
	}
	return pages
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(repository(page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	fenceLine  = regexp.MustCompile("^( *)```(\\S*) ?(.*)$")
	notRunMark = regexp.MustCompile(`<!-- not run: .+ -->`)
	inlineCode = regexp.MustCompile("`([^`]+)`")
)

// snippets returns the code of a page, in order.
func snippets(text string) []snippet {
	var list []snippet
	var paragraph []string
	began, marked := 1, false
	flush := func(next int) {
		prose := strings.Join(paragraph, " ")
		for _, m := range inlineCode.FindAllStringSubmatchIndex(prose, -1) {
			list = append(list, snippet{line: began, inline: true, notRun: notRunMark.MatchString(prose),
				text:  strings.Join(strings.Fields(prose[m[2]:m[3]]), " "),
				typed: strings.HasSuffix(prose[:m[0]], "type ")})
		}
		paragraph, began = nil, next
	}
	lines := strings.Split(text, "\n")
	for n := 0; n < len(lines); n++ {
		m := fenceLine.FindStringSubmatch(lines[n])
		switch {
		case m != nil:
			marked = len(paragraph) > 0 && notRunMark.MatchString(paragraph[len(paragraph)-1])
			if marked {
				paragraph = paragraph[:len(paragraph)-1]
			}
			flush(n + 1)
			s := snippet{line: n + 1, lang: m[2], file: m[3], notRun: marked}
			for n++; n < len(lines) && !strings.HasPrefix(lines[n], m[1]+"```"); n++ {
				s.text += strings.TrimPrefix(lines[n], m[1]) + "\n"
			}
			list = append(list, s)
			began = n + 2
		case strings.TrimSpace(lines[n]) == "" || strings.HasPrefix(lines[n], "|"):
			paragraph = append(paragraph, lines[n])
			flush(n + 2)
		default:
			paragraph = append(paragraph, lines[n])
		}
	}
	flush(0)
	return list
}

// TestDocumentation runs what the pages show, each page in a process of its own: pages have
// a folder to be in, of which a process has one, and wait for Slack most of the time.
func TestDocumentation(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs every command of the pages; run it without -short")
	}
	if !apart {
		t.Parallel()
	}
	for _, page := range documented(t) {
		t.Run(page, func(t *testing.T) {
			if !apart {
				t.Parallel()
				tryApart(t)
				return
			}
			w := newDocWorld(t)
			for _, s := range snippets(readPage(t, page)) {
				w.page, w.at = page, s.line
				w.snippet(s)
				if t.Failed() {
					return // what follows builds on it
				}
			}
		})
	}
}

// TestDocumentationPortIsTaken: whoever takes the port of a page's bot between the moment at
// which it was found free and its start fails no page, whatever it answers.
func TestDocumentationPortIsTaken(t *testing.T) {
	w := newDocWorld(t)
	l, err := net.Listen("tcp", w.address)
	w.must(err)
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	other.Listener.Close()
	other.Listener = l
	other.Start()
	t.Cleanup(other.Close)
	w.open()
	w.run([]string{"run", "--config", "stormbell.yaml"})
	if w.address == l.Addr().String() {
		t.Errorf("the bot is taken to answer at %s, where another one does", w.address)
	}
	w.stormbell("incident", "list", "--config", "stormbell.yaml")
}

// overheard is a test whose failures are looked at in the place of being counted.
type overheard struct {
	testing.TB
	said string
}

func (o *overheard) Errorf(format string, args ...any) { o.said += fmt.Sprintf(format, args...) }

// TestDocumentationNotices: what is wrong in a page fails.
func TestDocumentationNotices(t *testing.T) {
	for _, tt := range []struct{ page, want string }{
		{"Try `stormbell oncall why INC-4`.", "http.admin_token is not set"},
		{"Try `stormbell frobnicate`.", "no command"},
		{"```sh\nstormbell oncall rehearse --service checkout\n```", "--roster FILE is missing"},
		{"```sh\ncurl http://127.0.0.1:8080/v1/incidents\n```", "401"},
		{"```sh\nrm -r secrets\n```", "cannot be run here"},
		{"```sh\nstormbell version\n```\n\n```text\nstormbell is fine\n```", "no line is printed in the shape of"},
		{"```sh\nstormbell version --json\n```\n\n```json\n{\"version\": 1}\n```", "is to be printed"},
		{"```json body.json\n{\"title\": \"Slow\", \"severity\": \"critical\"}\n```\n\n```sh\nstormbell alert test --config stormbell.yaml body.json\n```\n\n```text\n  severity   sev2\n```", "no line is printed in the shape of"},
		{"```yaml\nslack: {tokens: x}\n```", "tokens"},
		{"```yaml\npolicies: [{id: payments, steps: [{notify: [rotation:nobody], wait: 5m}]}]\n```", "nobody"},
		{"```\nstormbell version\n```", "cannot be tried"},
		{"`GET /v1/nothing`", "there is no address"},
		{"`http.admin_tokens`", "there is no key"},
		{"`stormbell_pages_total`", "there is no metric"},
		{"`/incident frobnicate`", "is not understood"},
		{"`/oncall frobnicate`", "is not understood"},
		{"Then type `/incident list` and `stormbell oncall who --roster roster.yaml`.", ""},
	} {
		t.Run(tt.page, func(t *testing.T) {
			o := &overheard{TB: t}
			w := newDocWorld(o)
			for _, s := range snippets(tt.page) {
				w.page, w.at = "page", s.line
				w.snippet(s)
			}
			if !strings.Contains(o.said, tt.want) || tt.want == "" && o.said != "" {
				t.Errorf("the page fails with %q, want %q in it", o.said, tt.want)
			}
		})
	}
}

// snippet does with a piece of code what its kind asks for.
func (w *docWorld) snippet(s snippet) {
	switch {
	case s.notRun:
		w.out = ""
	case s.inline:
		w.inlineCode(s.text)
		if m := slashCode.FindStringSubmatch(s.text); m != nil && s.typed {
			w.types("/"+m[1], m[2])
		}
	case s.lang == "sh":
		w.out, w.block = w.sh(s.text), true
	case s.file != "" && slices.Contains([]string{"yaml", "json", "text"}, s.lang):
		w.file(s.file, s.text)
	case s.lang == "text" && w.out != "" && w.block:
		w.shows(s.text)
	case s.lang == "json" && w.out != "":
		w.showsJSON(s.text)
	case s.lang == "yaml":
		w.fragment(s.text)
	case s.lang == "text" || s.lang == "" && !isCommand(s.text):
	default:
		w.fails("a block in %q cannot be tried: write sh, text, json or yaml behind the fence", s.lang)
	}
}

func isCommand(text string) bool {
	for _, word := range []string{"stormbell ", "go run ./cmd/stormbell", "curl "} {
		if strings.HasPrefix(text, word) {
			return true
		}
	}
	return false
}

var (
	routeCode  = regexp.MustCompile(`^(GET|POST|PUT|DELETE) (/\S*)$`)
	metricCode = regexp.MustCompile(`^stormbell_[a-z_]+$`)
	keyCode    = regexp.MustCompile(`^(slack|http|log|notify|paging|heartbeat)(\.[a-z_]+)+$`)
	slashCode  = regexp.MustCompile(`^/(incident|oncall)(?: (.*))?$`)
)

// inlineCode runs a command in a sentence, and knows the names of everything else
// that the program has names for.
func (w *docWorld) inlineCode(text string) {
	switch {
	case isCommand(text) && !slices.Contains(usageLines(), text):
		w.out, w.block = w.sh(text), false
	case routeCode.MatchString(text):
		m := routeCode.FindStringSubmatch(text)
		w.route(m[1], m[2])
	case metricCode.MatchString(text):
		if !slices.ContainsFunc(web.List(), func(m web.Metric) bool { return m.Name == text }) {
			w.fails("there is no metric %s", text)
		}
	case keyCode.MatchString(text):
		if !slices.ContainsFunc(configs.Keys(), func(k configs.Key) bool {
			return k.Name == text || k.Secret && k.Name+"_file" == text || strings.HasPrefix(k.Name, text+".")
		}) {
			w.fails("there is no key %s", text)
		}
	case slashCode.MatchString(text):
		m := slashCode.FindStringSubmatch(text)
		w.typed(m[1], m[2])
	case strings.HasPrefix(text, `{`) && json.Valid([]byte(text)):
		w.inlineJSON(text)
	}
}

// typed wants what is typed in Slack to be understood.
func (w *docWorld) typed(command, text string) {
	if command == "incident" {
		if c := chat.Parse(text); c.Unknown != "" {
			w.fails("/incident %s is not understood", text)
		}
		return
	}
	_, verbs := chat.Synonyms()
	if word, _, _ := strings.Cut(text, " "); word != "" && word != "TEAM" && !slices.Contains(slices.Collect(maps.Keys(verbs)), word) {
		w.fails("/oncall %s is not understood", text)
	}
}

// types types a command in the workspace, as somebody who has just connected it.
func (w *docWorld) types(command, text string) {
	w.open()
	w.ready()
	seen, err := w.space.sim.As("ada").Command("general", command, text)
	w.must(err)
	if seen.Error != "" || strings.Contains(seen.Text, "There is no word") {
		w.fails("%s %s is answered %s %s", command, text, seen.Error, seen.Text)
	}
}

// everyCommand calls f for each command that does something by itself.
func everyCommand(f func(*cobra.Command)) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if doesItself(c) {
			f(c)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	for _, c := range rootCommand(process{Out: io.Discard, Err: io.Discard}).Commands() {
		visit(c)
	}
}

// usageLines are the commands in the form of their help, which stand for no call.
func usageLines() []string {
	var list []string
	everyCommand(func(c *cobra.Command) { list = append(list, c.UseLine()) })
	return list
}

// TestDocumentedDatadog: the payload that the page gives for Datadog's webhooks holds
// whatever is read of one, once Datadog has filled it.
func TestDocumentedDatadog(t *testing.T) {
	var filled map[string]any
	sample, err := os.ReadFile(repository("incident/alert/testdata/senders/datadog_custom.json"))
	if err == nil {
		err = json.Unmarshal(sample, &filled)
	}
	if err != nil {
		t.Fatal(err)
	}
	filled["text_only_msg"] = filled["body"]
	payload := ""
	for _, s := range snippets(readPage(t, "docs/alerts.md")) {
		if s.file == "datadog.json" {
			payload = regexp.MustCompile(`\$[A-Z_]+`).ReplaceAllStringFunc(s.text, func(v string) string {
				value, ok := filled[strings.ToLower(v[1:])].(string)
				if !ok {
					t.Errorf("Datadog's sample has no %s", v)
				}
				return value
			})
		}
	}
	read := func(body string) alert.Alert {
		b, err := alert.Read(alert.Request{Sender: alert.SenderDatadog, Body: []byte(body)})
		if err != nil || len(b.Alerts) != 1 {
			t.Fatalf("Read(%s) = %+v, %v", body, b, err)
		}
		b.Alerts[0].Labels = slices.DeleteFunc(b.Alerts[0].Labels, func(l alert.KV) bool { return l.Key == "event_type" })
		return b.Alerts[0]
	}
	if diff := cmp.Diff(read(string(sample)), read(payload)); diff != "" {
		t.Errorf("the payload of the page is read otherwise than all that Datadog can say (-all +page):\n%s", diff)
	}
}

var tableMark = regexp.MustCompile(`(?s)(<!-- table: ([a-z ]+) -->\n\n?)(.*?)(<!-- end -->)`)

// TestDocumentationTables compares every table that the code has with the pages.
func TestDocumentationTables(t *testing.T) {
	tables, seen := docTables(), map[string]bool{}
	for _, page := range documented(t) {
		text := readPage(t, page)
		written := tableMark.ReplaceAllStringFunc(text, func(s string) string {
			m := tableMark.FindStringSubmatch(s)
			table, ok := tables[m[2]]
			if !ok {
				t.Errorf("%s has a table %q, which the code does not", page, m[2])
				return s
			}
			seen[m[2]] = true
			return "<!-- table: " + m[2] + " -->\n\n" + table + "\n" + m[4]
		})
		if written == text {
			continue
		}
		if *update {
			if err := os.WriteFile(repository(page), []byte(written), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s is not what the code says (-page +code); go test ./cmd/stormbell -run TestDocumentationTables -update writes it:\n%s",
			page, cmp.Diff(strings.Split(text, "\n"), strings.Split(written, "\n")))
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if !seen[name] {
			t.Errorf("no page has the table %q", name)
		}
	}
}

// docTables are the tables, each ending in a line.
func docTables() map[string]string {
	incidentWords, oncallWords := chat.Synonyms()
	return map[string]string{
		"configuration keys": keysTable(),
		"routes":             routesTable(),
		"keys of the store":  storeTable(),
		"severity words":     severityTable(),
		"acts":               "`" + strings.Join(web.Verbs(), "` · `") + "`\n",
		"metrics":            metricsTable(),
		"commands":           commandsText(),
		"incident verbs":     verbsTable("/incident", chat.IncidentHelp(), incidentWords),
		"oncall verbs":       verbsTable("/oncall", chat.OncallHelp(), oncallWords),
	}
}

// rows is a Markdown table.
func rows(head []string, list [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, cells := range list {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		line(cells)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func keysTable() string {
	var list [][]string
	for _, k := range configs.Keys() {
		name := code(k.Name)
		if k.Secret {
			name += " (`_file`)"
		}
		list = append(list, []string{name, code(k.Default), k.Meaning})
	}
	return rows([]string{"key", "default", "meaning"}, list)
}

func storeTable() string {
	var list [][]string
	for _, f := range ledger.Families() {
		ends := f.Ends
		if ends == "" {
			ends = "never"
		}
		list = append(list, []string{code(f.Key), code("bot/" + f.Owner), f.Holds, ends})
	}
	return rows([]string{"key", "written by", "holds", "is removed"}, list)
}

func severityTable() string {
	var list [][]string
	for _, r := range alert.SeverityWords() {
		list = append(list, []string{r.Severity.String(), strings.Join(r.Words, ", ")})
	}
	return rows([]string{"severity", "words for it, in any case"}, list)
}

func routesTable() string {
	var list [][]string
	for _, r := range web.Routes() {
		list = append(list, []string{code(r.Method + " " + r.Path), r.What, r.Who})
	}
	return rows([]string{"address", "does", "who may"}, list)
}

func metricsTable() string {
	var list [][]string
	for _, m := range web.List() {
		list = append(list, []string{code(m.Name), m.Type, strings.Join(m.Labels, ", "), m.Help})
	}
	return rows([]string{"metric", "type", "labels", "meaning"}, list)
}

func verbsTable(command string, groups []chat.HelpGroup, words map[string][]string) string {
	var b strings.Builder
	for _, g := range groups {
		var list [][]string
		known := map[string]bool{}
		for _, h := range g.Lines {
			also := words[h.Word()]
			if known[h.Word()] {
				also = nil
			}
			known[h.Word()] = true
			list = append(list, []string{code(strings.TrimSpace(command + " " + h.Typed)), h.Does, strings.Join(also, ", ")})
		}
		fmt.Fprintf(&b, "**%s**\n\n%s\n", g.Title, rows([]string{"typed", "does", "the same word"}, list))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// usualFlags are explained once, at the top of the page.
func usualFlags() map[string]string {
	usage := map[string]string{}
	everyCommand(func(c *cobra.Command) {
		if c.CommandPath() == "stormbell incident ack" {
			c.LocalFlags().VisitAll(func(f *pflag.Flag) { usage[f.Name] = f.Usage })
		}
	})
	return usage
}

// commandsText is the help of every command.
func commandsText() string {
	var b strings.Builder
	usual := usualFlags()
	everyCommand(func(c *cobra.Command) {
		fmt.Fprintf(&b, "### %s\n\n```text\n%s\n```\n\n", c.CommandPath(), c.UseLine())
		about := c.Short + ".\n"
		if c.Long != "" {
			about = c.Long
		}
		b.WriteString(markdown(about) + "\n")
		var list [][]string
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || usual[f.Name] == f.Usage {
				return
			}
			value, usage := pflag.UnquoteUsage(f)
			name := "--" + f.Name
			if f.Shorthand != "" {
				name = "-" + f.Shorthand + ", " + name
			}
			if f.Value.Type() != "bool" {
				name += " " + value
			}
			if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" {
				usage += " (default " + d + ")"
			}
			list = append(list, []string{code(name), usage})
		})
		if len(list) > 0 {
			b.WriteString(rows([]string{"flag", "meaning"}, list) + "\n")
		}
	})
	return strings.TrimSuffix(b.String(), "\n")
}

// markdown makes blocks of what a help text shows indented.
func markdown(help string) string {
	var b strings.Builder
	inside := false
	for line := range strings.Lines(help) {
		switch indented := strings.HasPrefix(line, "  "); {
		case indented && !inside:
			b.WriteString("\n```text\n")
			inside = true
		case !indented && inside:
			b.WriteString("```\n")
			inside = false
		}
		b.WriteString(strings.TrimPrefix(line, "  "))
	}
	if inside {
		b.WriteString("```\n")
	}
	return strings.ReplaceAll(b.String(), "\n\n\n", "\n\n")
}

var (
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pathCode = regexp.MustCompile(`^(?:bot|cmd|configs|docs|incident|rotation|storage)(?:/[\w.-]*[a-z][\w.-]*)+/?$`)
)

// TestDocumentationLinks wants every link into the repository to lead somewhere, and
// every file and folder that a page names to be there.
func TestDocumentationLinks(t *testing.T) {
	pages := documented(t)
	decisions, err := filepath.Glob(repository("docs/decisions/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range decisions {
		pages = append(pages, "docs/decisions/"+filepath.Base(d))
	}
	for _, page := range pages {
		for _, c := range snippets(readPage(t, page)) {
			if !c.inline || !pathCode.MatchString(c.text) {
				continue
			}
			if _, err := os.Stat(repository(c.text)); err != nil {
				t.Errorf("%s, from line %d on, names `%s`, which is not there", page, c.line, c.text)
			}
		}
		for _, m := range pageLink.FindAllStringSubmatch(readPage(t, page), -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, ":") {
				continue
			}
			target := page
			if file != "" {
				target = filepath.Join(filepath.Dir(page), file)
			}
			text, err := os.ReadFile(repository(target))
			if info, statErr := os.Stat(repository(target)); statErr == nil && info.IsDir() {
				err = nil
			}
			if err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
			if anchor != "" && !slices.Contains(anchors(string(text)), anchor) {
				t.Errorf("%s links to %s, which has no such heading", page, m[1])
			}
		}
	}
}

var (
	headingLine = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the names that headings have in addresses.
func anchors(text string) []string {
	var list []string
	for _, m := range headingLine.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}
