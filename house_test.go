// Package stormbell holds no code: its test keeps the house in order. Who may
// import whom is what makes the rest of the program simple to change, so a
// broken rule fails here, with the reason.
package stormbell

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stormbell/stormbell"

// room is one folder's rules. Inside names the packages of the module it may
// import: a name ending in /… means everything below it too. Outside names the
// modules it may use beside the standard library; nil means any.
type room struct {
	inside  []string
	outside []string
	why     string
}

// Test files are free to import more (simulators, property libraries), since
// nothing is built from them.
var rooms = map[string]room{
	"rotation": {nil, []string{"go.yaml.in/yaml/v3", "github.com/arran4/golang-ical", "github.com/teambition/rrule-go"},
		"who is on call is arithmetic; it must not be able to reach a store, a network or Slack"},
	"pattern": {nil, []string{}, "it is the standard library's regular expressions, and nothing of ours"},
	"picture": {nil, []string{"golang.org/x/image"}, "a picture is drawn without knowing what it shows"},
	"rotation/importer": {[]string{"rotation"}, []string{"golang.org/x/text"},
		"what another system's export means is a function of its files; who opens them and where the roster goes is decided above"},
	"rotation/calendar": {[]string{"rotation", "picture"}, []string{}, "a drawing is a function of the roster, the period and the zone"},
	"incident": {nil, []string{},
		"the process is decided on values, so that every rule can be tested without a world around it"},
	"incident/escalation": {[]string{"incident", "rotation"}, []string{}, "escalation decides who is next; it sends nothing"},
	"incident/alert":      {[]string{"incident", "rotation"}, []string{}, "alert bodies are read and routed by the roster, not acted on"},
	"incident/names":      {nil, []string{"golang.org/x/text"}, "whether a word names somebody is the same wherever it stands"},
	"incident/blameless":  {[]string{"incident/names"}, []string{}, "wording is read without knowing the incident"},
	"incident/postmortem": {[]string{"incident", "incident/names", "picture"}, []string{"github.com/yuin/goldmark"}, "the document is a function of the timeline"},
	"incident/report":     {[]string{"incident", "rotation"}, []string{}, "figures are a function of the timelines"},
	"incident/report/chart": {[]string{"incident/report"}, []string{"gonum.org/v1/plot"},
		"a picture is a function of the report, and says what its words say"},
	"storage":             {nil, []string{}, "the seam between records and engines is the standard library and nothing else"},
	"storage/bolt":        {[]string{"storage"}, nil, "an engine knows bytes, never what they mean"},
	"storage/etcd":        {[]string{"storage"}, nil, "an engine knows bytes, never what they mean"},
	"storage/storagetest": {[]string{"storage"}, nil, "the contract holds for every engine"},
	"configs":             {[]string{"incident", "incident/escalation", "rotation"}, nil, "the configuration is data that everything else is given"},
	"bot/ledger": {[]string{"storage"}, []string{},
		"who, when, which request, the outbox and the agenda are the same for every act; what they are about is decided above"},
	"bot/oncall": {[]string{"bot/ledger", "rotation", "incident", "storage"}, []string{},
		"who is on call is recorded and told without an incident"},
	"bot/desk": {[]string{"bot/ledger", "bot/oncall", "incident/…", "rotation", "storage"}, []string{},
		"the only writer of incidents must not know Slack or HTTP, or they could not be tested apart"},
	"bot/alerts": {[]string{"bot/ledger", "bot/oncall", "bot/desk", "incident/…", "rotation", "storage"}, []string{},
		"what becomes of an alert is the same whoever sends it, and is committed with the incident that it opens"},
	"bot/archive": {[]string{"bot/ledger", "incident", "storage", "storage/bolt"}, []string{},
		"records that lie in files are read as if they were in the store; which are moved when is decided without knowing a file"},
	"bot/backup": {[]string{"bot/desk"}, []string{"github.com/rs/zerolog"},
		"when a copy is due and which one may go is decided without knowing what a store is"},
	"bot/dispatch": {[]string{"bot/ledger", "bot/oncall", "bot/desk", "bot/notify", "bot/tracker", "incident", "rotation", "storage"}, nil,
		"jobs are carried out in their order whoever performs them; it is handed the performers"},
	"bot/chat": {[]string{"bot/chat/wire", "bot/ledger", "bot/oncall", "bot/desk", "bot/alerts", "bot/dispatch", "incident/…", "rotation", "rotation/calendar"}, nil,
		"Slack reaches the records through the desk only"},
	"bot/chat/wire": {nil, nil,
		"limits, reconnects and acknowledgements are Slack's own rules; they are tested without an incident, and what is said to people is decided elsewhere"},
	"bot/web":                    {[]string{"bot/web/openapi", "bot/oncall", "bot/desk", "bot/alerts", "incident/…", "rotation"}, nil, "HTTP reaches the records through the desk only"},
	"bot/web/openapi":            {nil, []string{}, "how an interface is described is the same whatever it is"},
	"bot/provider":               {nil, []string{}, "why a service outside did not do what it was asked is the same whatever it was asked"},
	"bot/notify":                 {[]string{"bot/provider"}, nil, "a contact method knows the provider and nothing of incidents"},
	"bot/tracker":                {[]string{"bot/provider"}, []string{}, "a tracker knows the provider and nothing of incidents; four calls of each are no reason for four client libraries"},
	"bot/slacksim":               {nil, nil, "the judge of the bot must share nothing with it, not even a mistake"},
	"bot/slacksim/page":          {[]string{"bot/slacksim"}, nil, "the judge of the bot must share nothing with it, not even a mistake"},
	"bot/slacksim/page/pagetest": {nil, []string{"github.com/chromedp"}, "a browser knows pages, not what they show"},
	"bot": {[]string{"bot/backup", "bot/ledger", "bot/oncall", "bot/desk", "bot/alerts", "bot/dispatch", "bot/chat", "bot/notify", "bot/web", "storage"}, nil,
		"the shell wires the parts together; the simulator is no part of the product's process"},
}

// onlyHere names libraries that a folder keeps behind an adapter.
var onlyHere = map[string]string{
	"github.com/slack-go/slack":            "bot/chat bot/chat/wire",
	"github.com/slack-go/slack/socketmode": "bot/chat/wire",
	"github.com/gorilla/websocket":         "bot/chat/wire bot/slacksim",
	"github.com/spf13/viper":               "configs",
	"github.com/spf13/cobra":               "cmd/stormbell",
	"go.etcd.io/bbolt":                     "storage/bolt",
	"github.com/google/btree":              "storage/bolt",
	"go.etcd.io/etcd":                      "storage/etcd",
	"go.uber.org/zap":                      "storage/etcd", // the client of etcd is given one that is silent
	"google.golang.org/grpc":               "storage/etcd",
	"github.com/wneessen/go-mail":          "bot/notify",
	"github.com/arran4/golang-ical":        "rotation",
	"github.com/teambition/rrule-go":       "rotation",
	"golang.org/x/image":                   "picture",
	"gonum.org/v1/plot":                    "incident/report/chart",
	"github.com/alexedwards/scs/v2":        "bot/web",
	"github.com/coreos/go-oidc/v3":         "bot/web",
	"github.com/prometheus/client_golang":  "bot/web",
	"github.com/chromedp":                  "bot/slacksim/page/pagetest",
}

// pure names the folders in which nothing may depend on anything but its arguments.
var pure = []string{"picture", "rotation", "rotation/calendar", "rotation/importer", "incident", "incident/escalation", "incident/alert", "incident/names", "incident/blameless", "incident/postmortem", "incident/report", "incident/report/chart"}

// impure names what a pure package may not import, and what it may not call.
var (
	impureImports = []string{"os", "net", "net/http", "context", "math/rand", "math/rand/v2", "log", "log/slog", "io/ioutil", "os/exec", "syscall", "github.com/rs/zerolog"}
	impureCalls   = []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"} // of package time
)

// outside reports whether a folder is no part of the house: hidden, data of tests, or a
// module of its own.
func outside(folder string) bool {
	if folder == "." {
		return false
	}
	base := filepath.Base(folder)
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return strings.HasPrefix(base, ".") || base == "testdata" || err == nil
}

func TestHouse(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && outside(name) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		seen[folder] = true
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, broken := range check(folder, file) {
			t.Errorf("%s %s", filepath.ToSlash(name), broken)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"rotation", "incident", "storage", "bot", "cmd/stormbell", "configs"} {
		if !seen[folder] {
			t.Errorf("the folder %s, a part of the design, has no Go file", folder)
		}
	}
}

// TestPackageComments keeps the map of the house readable: each package says
// what it is and what it refuses to do.
func TestPackageComments(t *testing.T) {
	commented, folders := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && outside(name) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		folder := filepath.ToSlash(filepath.Dir(name))
		folders[folder] = true
		if file.Doc != nil && len(file.Doc.Text()) > 60 {
			commented[folder] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder := range folders {
		if !commented[folder] {
			t.Errorf("package %s has no package comment: say what it is, its one or two nouns, and what it refuses to do", folder)
		}
	}
}

// check returns the rules that one file breaks, each with its reason.
func check(folder string, file *ast.File) []string {
	var broken []string
	rules, known := rooms[folder]
	if !known && !strings.HasPrefix(folder, "cmd/") {
		broken = append(broken, "is in a folder the house does not know; add its room to house_test.go, with who it may import and why")
	}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if known {
			if b := rules.refuses(imported); b != "" {
				broken = append(broken, b)
			}
		}
		for library, homes := range onlyHere {
			if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(strings.Fields(homes), folder) {
				broken = append(broken, "imports "+imported+", which only "+strings.ReplaceAll(homes, " ", " and ")+" may: a library that changes its mind is mended in one place")
			}
		}
		if slices.Contains(pure, folder) && slices.Contains(impureImports, imported) {
			broken = append(broken, "imports "+imported+" in a pure package: what it needs from outside must be an argument")
		}
	}
	if slices.Contains(pure, folder) {
		broken = append(broken, impureUses(file)...)
	}
	if folder != "bot/chat/wire" {
		for _, name := range uses(file, "github.com/slack-go/slack", "slack", "New", "Client") {
			broken = append(broken, "uses slack."+name+": only bot/chat/wire calls Slack, since it alone keeps to the limits")
		}
	}
	return broken
}

// refuses says why the room may not import the path, or "".
func (r room) refuses(imported string) string {
	if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
		if inside == "pattern" { // as the standard library: it knows nothing of ours
			return ""
		}
		for _, allowed := range r.inside {
			tree, all := strings.CutSuffix(allowed, "/…")
			if inside == tree || all && strings.HasPrefix(inside, tree+"/") {
				return ""
			}
		}
		return "imports " + inside + ": " + r.why
	}
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") || r.outside == nil { // the standard library's paths have no dot
		return ""
	}
	for _, allowed := range r.outside {
		if imported == allowed || strings.HasPrefix(imported, allowed+"/") {
			return ""
		}
	}
	return "imports " + imported + ": " + r.why
}

// impureUses finds calls of the clock, and goroutines: without those, and with nothing that
// changes but what sync guards, the race detector has nothing to look for in a pure package.
func impureUses(file *ast.File) []string {
	var broken []string
	ast.Inspect(file, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			broken = append(broken, "starts a goroutine in a pure package")
		}
		return true
	})
	for _, name := range uses(file, "time", "time", impureCalls...) {
		broken = append(broken, "uses time."+name+" in a pure package: the instant is an argument")
	}
	return broken
}

// uses returns which of the names of an imported package a file uses. Own is what
// the package calls itself; an import under another name is found too.
func uses(file *ast.File, path, own string, names ...string) []string {
	local := ""
	for _, spec := range file.Imports {
		if imported, _ := strconv.Unquote(spec.Path.Value); imported != path {
			continue
		}
		local = own
		if spec.Name != nil {
			local = spec.Name.Name
		}
	}
	var used []string
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && local != "" {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == local && slices.Contains(names, sel.Sel.Name) {
				used = append(used, sel.Sel.Name)
			}
		}
		return true
	})
	return used
}

// TestHouseNotices proves that the rules can fail.
func TestHouseNotices(t *testing.T) {
	for _, c := range []struct{ folder, source, want string }{
		{"incident", `package p; import "os"`, "pure package"},
		{"incident", `package p; import "github.com/stormbell/stormbell/storage"`, "without a world around it"},
		{"rotation", `package p; import x "time"; var _ = x.Now()`, "the instant is an argument"},
		{"rotation", `package p; import "github.com/slack-go/slack"`, "only bot/chat and bot/chat/wire may"},
		{"bot/chat", `package p; import "github.com/slack-go/slack/socketmode"`, "only bot/chat/wire may"},
		{"bot/chat", `package p; import "github.com/slack-go/slack"; var _ = slack.New("")`, "keeps to the limits"},
		{"bot/chat", `package p; import s "github.com/slack-go/slack"; var _ *s.Client`, "keeps to the limits"},
		{"bot/chat/wire", `package p; import "github.com/stormbell/stormbell/bot/desk"`, "decided elsewhere"},
		{"bot/slacksim", `package p; import "github.com/stormbell/stormbell/incident"`, "not even a mistake"},
		{"bot/desk", `package p; import "github.com/stormbell/stormbell/bot/chat"`, "the only writer"},
		{"bot/alerts", `package p; import "github.com/stormbell/stormbell/bot/web"`, "whoever sends it"},
		{"helpers", `package p`, "does not know"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", c.source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(check(c.folder, file), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("check(%s, %s) = %q, want it to contain %q", c.folder, c.source, got, c.want)
		}
	}
}
