package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// docWorld is where a page is tried: a folder, a simulated workspace in the place
// of Slack, phones, and a real bot from the first command on that needs one.
type docWorld struct {
	testing.TB
	page  string
	at    int    // the line
	out   string // of the last commands
	block bool   // they stood in a block of their own

	dir     string
	vars    map[string]string // of the shell
	space   *workspace
	phones  *phones
	address string       // where the bot is to listen
	stop    func() error // ends the bot; nil while none runs
}

// The secrets of pages that do not make their own.
const docKey, docToken = "an-integration-key-of-the-documentation", "an-admin-token-of-the-documentation"

func newDocWorld(t testing.TB) *docWorld {
	w := &docWorld{TB: t, dir: t.TempDir(), address: freePort(), vars: map[string]string{"KEY": docKey, "TOKEN": docToken}}
	t.Chdir(w.dir)
	t.Cleanup(w.close)
	return w
}

func (w *docWorld) fails(format string, args ...any) {
	w.Helper()
	w.Errorf("%s, from line %d on: %s", w.page, w.at, fmt.Sprintf(format, args...))
}

// must stops a test that has lost its footing.
func (w *docWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("%s, from line %d on: %v", w.page, w.at, err)
	}
}

// open makes the workspace and the files that a page takes for granted.
func (w *docWorld) open() {
	if w.space != nil {
		return
	}
	example, err := os.ReadFile(repository("configs/roster.example.yaml"))
	w.must(err)
	roster, err := rotation.Parse("roster.yaml", example)
	w.must(err)
	sim, err := slacksim.New(slacksim.Options{People: workers(roster), Manifest: configs.Default().Slack.Manifest(),
		Channels: []string{"general", "payments", "leadership"}})
	w.must(err)
	w.must(makeGroups(sim, roster))
	w.phones, err = openPhones(roster, sim.Now)
	w.must(err)
	listener, err := listenAt("127.0.0.1:0")
	w.must(err)
	w.space = serveWorkspace(sim, listener, page.Options{})
	w.given("roster.yaml", string(example))
	w.given("stormbell.yaml", fmt.Sprintf("slack: {app_token: %s, bot_token: %s}\nroster: roster.yaml\nhttp:\n  admin_token: %s\n  integration_keys: [%s]\nnotify: {ntfy: {url: %q, reply_topic: replies}}\narchive: {after: 365d}\n",
		sim.AppToken(), sim.BotToken(), docToken, docKey, w.phones.base))
	w.given("app.yaml", string(configs.Default().Slack.Manifest()))
	w.given("short.md.tmpl", "# {{.Name}}: {{.Title}}\n")
	for _, name := range []string{"now.yaml", "next.yaml", "changed.yaml"} {
		w.given(name, string(example))
	}
}

// given writes a file that the page has not written itself.
func (w *docWorld) given(name, text string) {
	if _, err := os.Stat(filepath.Join(w.dir, name)); errors.Is(err, os.ErrNotExist) {
		w.must(os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600))
	}
}

// root is the repository, however the working folder changes.
var root, _ = filepath.Abs("../..")

func repository(path string) string { return filepath.Join(root, path) }

func (w *docWorld) close() {
	w.halt()
	if w.space != nil {
		w.must(errors.Join(w.space.close(), w.phones.close()))
	}
}

// environment leads a configuration to the workspace and to a free port, whatever
// it says itself.
func (w *docWorld) environment() []string {
	return []string{"CI=1", "STORMBELL_HTTP_LISTEN=" + w.address, "STORMBELL_SLACK_API_URL=" + w.space.base + "/api/"}
}

// beforehand is what demonstrations and simulations have printed, which needs no
// second look: nothing of a page is in them.
var beforehand = map[string]string{}

// stormbell runs a command and returns its output.
func (w *docWorld) stormbell(args ...string) string {
	w.open()
	if len(args) == 0 {
		w.fails("stormbell without a command")
		return ""
	}
	switch {
	case args[0] == "run":
		w.run(args)
		return ""
	case slices.Contains(args, "--play"):
		args = append(args, "--speed", "0")
	case args[0] == "demo", args[0] == "simulate":
		line := strings.Join(args, " ")
		if _, done := beforehand[line]; !done {
			beforehand[line] = w.until(args, "Ctrl-C ends it.")
		}
		return beforehand[line]
	case args[0] == "restore":
		w.halt()
	case slices.Contains(args, "--config") && args[0] != "check" && args[0] != "manifest":
		w.ready()
	}
	var out, talk bytes.Buffer
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	if code := run(ctx, args, process{Env: w.environment(), In: strings.NewReader("a text\n"), Out: &out, Err: &talk}); code != 0 {
		w.fails("stormbell %s: exit code %d\n%s%s", strings.Join(args, " "), code, &out, &talk)
	}
	return out.String()
}

// shared is a buffer that is read while a command writes it.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start begins a command that goes on until it is stopped.
func (w *docWorld) start(args []string) (out *shared, ended chan int, stop func() error) {
	for i, a := range args {
		args[i] = strings.Replace(a, "127.0.0.1:9999", "127.0.0.1:0", 1) // it may be taken
	}
	ctx, cancel := context.WithCancel(w.Context())
	out, ended = &shared{}, make(chan int, 1)
	go func() {
		ended <- run(ctx, args, process{Env: w.environment(), In: strings.NewReader(""), Out: out, Err: out})
	}()
	return out, ended, func() error {
		cancel()
		if code := <-ended; code != 0 {
			return fmt.Errorf("stormbell %s ended with %d:\n%s", strings.Join(args, " "), code, out)
		}
		return nil
	}
}

// until runs a command until it has printed some words.
func (w *docWorld) until(args []string, words string) string {
	out, ended, stop := w.start(args)
	for deadline := time.Now().Add(patience); !strings.Contains(out.String(), words); time.Sleep(5 * time.Millisecond) {
		if len(ended) > 0 || time.Now().After(deadline) {
			w.fails("stormbell %s never says %q:\n%s", strings.Join(args, " "), words, out)
			break
		}
	}
	w.must(stop())
	return out.String()
}

// run starts the bot, and waits until it is ready. The port was free when it was looked for;
// where somebody has taken it meanwhile, it is tried again with another one.
func (w *docWorld) run(args []string) {
	w.halt()
	for range 5 {
		out, ended, stop := w.start(args)
		if w.isReady(out, ended) {
			w.stop = stop
			return
		}
		if err := stop(); err == nil || !strings.Contains(out.String(), "address already in use") {
			w.Fatalf("%s, from line %d on: the bot does not become ready:\n%s", w.page, w.at, out)
		}
		w.address = freePort()
	}
	w.Fatalf("%s, from line %d on: every port is taken", w.page, w.at)
}

// isReady waits until the bot answers that it is ready: the one that was started, and not
// whoever has its port.
func (w *docWorld) isReady(out *shared, ended chan int) bool {
	for deadline := time.Now().Add(patience); len(ended) == 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if !strings.Contains(out.String(), "Stormbell runs") {
			continue
		}
		resp, err := http.Get("http://" + w.address + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
	}
	return false
}

func (w *docWorld) halt() {
	if w.stop != nil {
		w.must(w.stop())
		w.stop = nil
	}
}

// ready has a bot run that has seen seven incidents and seven versions of its
// roster, which is what pages take for granted.
func (w *docWorld) ready() {
	if w.stop != nil {
		return
	}
	w.run([]string{"run", "--config", "stormbell.yaml"})
	text, err := os.ReadFile("roster.yaml")
	w.must(err)
	for n := 2; n <= 7; n++ {
		w.must(os.WriteFile("version.yaml", fmt.Appendf(bytes.Clone(text), "# Version %d.\n", n), 0o600))
		w.stormbell("roster", "apply", "--config", "stormbell.yaml", "version.yaml")
		w.stormbell("incident", "declare", "--config", "stormbell.yaml", "--severity", "sev2", "--service", "checkout", "Checkout is slow")
	}
}

// sh runs commands as far as pages use a shell: words, quotes, variables, a
// backslash at the end of a line, $(…), > FILE and assignments.
func (w *docWorld) sh(script string) string {
	var all strings.Builder
	for _, c := range w.parse(script) {
		out := w.command(c.words)
		if c.into != "" {
			w.must(os.WriteFile(c.into, []byte(out), 0o600))
			continue
		}
		all.WriteString(out)
	}
	return all.String()
}

// shellCommand is one command with its variables put in.
type shellCommand struct {
	words []string
	into  string // the file behind >
}

// parse reads a script. Variables have the values that they have now, so a script
// does not use those that it assigns itself.
func (w *docWorld) parse(script string) []shellCommand {
	var list []shellCommand
	var c shellCommand
	var word strings.Builder
	inWord, redirect := false, false
	endWord := func() {
		switch {
		case inWord && redirect:
			c.into, redirect = word.String(), false
		case inWord:
			c.words = append(c.words, word.String())
		}
		word.Reset()
		inWord = false
	}
	endCommand := func() {
		endWord()
		if len(c.words) > 0 {
			list = append(list, c)
		}
		c = shellCommand{}
	}
	for i := 0; i < len(script); i++ {
		switch b := script[i]; {
		case b == '\\' && i+1 < len(script) && script[i+1] == '\n':
			i++
		case b == '\n':
			endCommand()
		case b == ' ':
			endWord()
		case b == '#' && !inWord:
			for i+1 < len(script) && script[i+1] != '\n' {
				i++
			}
		case b == '>' && !inWord:
			redirect = true
		case b == '\'' || b == '"':
			end := strings.IndexByte(script[i+1:], b)
			if end < 0 {
				w.fails("a quotation mark is not closed in %s", script)
				return nil
			}
			quoted := script[i+1 : i+1+end]
			if b == '"' {
				quoted = w.expand(quoted)
			}
			word.WriteString(quoted)
			inWord = true
			i += end + 1
		case b == '$':
			m := shellValue.FindString(script[i:])
			word.WriteString(w.expand(m))
			inWord = true
			i += max(len(m)-1, 0)
		default:
			word.WriteByte(b)
			inWord = true
		}
	}
	endCommand()
	return list
}

var (
	shellValue  = regexp.MustCompile(`^\$(\([^)]*\)|\w+)`)
	anyValue    = regexp.MustCompile(`\$(\([^)]*\)|\w+)`)
	assignment  = regexp.MustCompile(`^([A-Z_]+)=(.*)$`)
	placeholder = regexp.MustCompile(`(xapp-|xoxb-)?…`)
)

func (w *docWorld) expand(text string) string {
	return anyValue.ReplaceAllStringFunc(text, func(s string) string {
		if inner, ok := strings.CutPrefix(s, "$("); ok {
			return strings.TrimSpace(w.sh(strings.TrimSuffix(inner, ")")))
		}
		value, ok := w.vars[s[1:]]
		if !ok {
			w.fails("the variable %s is not set anywhere", s)
		}
		return value
	})
}

// command runs one command.
func (w *docWorld) command(words []string) string {
	if m := assignment.FindStringSubmatch(words[0]); m != nil {
		w.vars[m[1]] = m[2]
		return ""
	}
	switch line := strings.Join(words, " "); {
	case words[0] == "stormbell":
		return w.stormbell(words[1:]...)
	case strings.HasPrefix(line, "go run ./cmd/stormbell"):
		return w.stormbell(words[3:]...)
	case words[0] == "curl":
		return w.curl(words[1:])
	case line == "openssl rand -hex 32":
		return token(32) + "\n"
	case strings.HasPrefix(line, "mkdir -m 700 ") && len(words) == 4:
		w.must(os.Mkdir(words[3], 0o700))
	case words[0] == "mv" && len(words) == 3:
		w.must(os.Rename(words[1], words[2]))
	case words[0] == "cat" && len(words) == 2:
		text, err := os.ReadFile(words[1])
		w.must(err)
		return string(text)
	default:
		w.fails("%q cannot be run here; mark it with <!-- not run: WHY -->", line)
	}
	return ""
}

// curl does what the command of that name does with the few flags that pages use,
// except that an answer that is not 2xx is a failure.
func (w *docWorld) curl(words []string) string {
	w.open()
	if w.stop == nil {
		w.ready()
	}
	method, address, output := "", "", ""
	var body io.Reader
	header := http.Header{}
	for len(words) > 0 {
		flag := words[0]
		words = words[1:]
		if !strings.HasPrefix(flag, "-") {
			address = flag
			continue
		}
		if len(words) == 0 {
			w.fails("curl %s has no value", flag)
			return ""
		}
		value := words[0]
		words = words[1:]
		switch flag {
		case "-H":
			name, v, _ := strings.Cut(value, ":")
			header.Add(name, strings.TrimSpace(v))
		case "-X":
			method = value
		case "-o":
			output = value
		case "-d", "--data-binary":
			method = cmp.Or(method, http.MethodPost)
			if file, ok := strings.CutPrefix(value, "@"); ok {
				text, err := os.ReadFile(file)
				w.must(err)
				value = string(text)
			}
			body = strings.NewReader(value)
		default:
			w.fails("curl %s: the flag is not known here", flag)
		}
	}
	answer := w.ask(cmp.Or(method, http.MethodGet), strings.Replace(address, "127.0.0.1:8080", w.address, 1), body, header)
	if output != "" {
		w.must(os.WriteFile(output, []byte(answer), 0o600))
		return ""
	}
	return answer
}

func (w *docWorld) ask(method, address string, body io.Reader, header http.Header) string {
	q, err := http.NewRequestWithContext(w.Context(), method, address, body)
	w.must(err)
	q.Header = header
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		w.fails("%s %s: %v", method, address, err)
		return ""
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode/100 != 2 {
		w.fails("%s %s is answered %s: %s", method, address, resp.Status, answer)
	}
	return string(answer)
}

// route wants an address to exist, of the bot's or of the workspace's control.
// What stands in JSON behind the latter is sent there.
func (w *docWorld) route(method, path string) {
	if strings.HasPrefix(path, "/control/") {
		w.vars["control"] = path
		return
	}
	mux := http.NewServeMux()
	for _, r := range web.Routes() {
		mux.Handle(r.Method+" "+r.Path, http.NotFoundHandler())
	}
	path = strings.NewReplacer("{", "", "}", "", "…", "x").Replace(path)
	q, err := http.NewRequestWithContext(w.Context(), method, "http://bot"+path, nil)
	w.must(err)
	if _, pattern := mux.Handler(q); pattern == "" {
		w.fails("there is no address %s %s", method, path)
	}
}

// inlineJSON is a body for the control address, or what was answered last.
func (w *docWorld) inlineJSON(text string) {
	if path := w.vars["control"]; path != "" {
		w.open()
		w.ready()
		w.ask(http.MethodPost, w.space.base+path, strings.NewReader(text), http.Header{})
		return
	}
	if w.out == "" {
		w.fails("%s is the answer to no command", text)
		return
	}
	w.showsJSON(text)
}

// shows compares what a page says that commands print with what they did.
func (w *docWorld) shows(want string) {
	got := strings.Split(shape(w.out), "\n")
	for line := range strings.Lines(want) {
		line = strings.TrimRight(shape(line), "\n")
		if strings.TrimSpace(line) == "" || strings.TrimSpace(line) == "…" {
			continue
		}
		at := slices.IndexFunc(got, func(s string) bool {
			if begins, cut := strings.CutSuffix(line, "…"); cut {
				return strings.HasPrefix(s, begins)
			}
			return s == line
		})
		if at < 0 {
			w.fails("no line is printed in the shape of\n%s\nbut\n%s", line, w.out)
			return
		}
		got = got[at+1:]
	}
}

var (
	dates       = regexp.MustCompile(`(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?\d+ (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d+`)
	someFigures = regexp.MustCompile(`\d+`)
	spaces      = regexp.MustCompile(` +`)
	demoNames   = sync.OnceValue(func() *regexp.Regexp {
		r, err := rotation.Parse("demo", configs.DemoRoster())
		if err != nil {
			panic(err)
		}
		var list []string
		for _, p := range r.People {
			list = append(list, regexp.QuoteMeta(p.Name))
		}
		return regexp.MustCompile(strings.Join(list, "|"))
	})
)

// sevs keeps severities, which are no figures.
var sevs = strings.NewReplacer("sev1", "sev one", "sev2", "sev two", "sev3", "sev three", "sev4", "sev four")

// shape is a text without what differs each time.
func shape(s string) string {
	s = sevs.Replace(s)
	s = demoNames().ReplaceAllString(dates.ReplaceAllString(s, "DATE"), "NAME")
	return spaces.ReplaceAllString(someFigures.ReplaceAllString(s, "0"), " ")
}

// showsJSON compares the keys and the kinds of values.
func (w *docWorld) showsJSON(want string) {
	var a, b any
	w.must(json.Unmarshal([]byte(want), &a))
	if err := json.Unmarshal([]byte(w.out), &b); err != nil {
		w.fails("%s is to be printed, and was: %s", want, w.out)
		return
	}
	if x, y := kinds(a), kinds(b); x != y {
		w.fails("%s is to be printed, of the kind %s, and was %s of %s", want, x, w.out, y)
	}
}

// kinds describes a JSON value without its contents.
func kinds(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var list []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = append(list, k+": "+kinds(v[k]))
		}
		return "{" + strings.Join(list, ", ") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + kinds(v[0]) + "]"
	default:
		return fmt.Sprintf("%T", v)
	}
}

// file writes what a page says that a file holds.
func (w *docWorld) file(name, text string) {
	w.must(os.WriteFile(name, []byte(w.filled(text)), 0o600))
}

// filled puts secrets into a page's text where … stands for those of the reader.
func (w *docWorld) filled(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(s string) string {
		w.open()
		switch s {
		case "xapp-…":
			return w.space.sim.AppToken()
		case "xoxb-…":
			return w.space.sim.BotToken()
		}
		return token(16)
	})
}

// fragment puts a part of a configuration or of a roster into the rest of one,
// which must be good then.
func (w *docWorld) fragment(text string) {
	var part, whole yaml.Node
	w.open()
	if err := yaml.Unmarshal([]byte(w.filled(text)), &part); err != nil || part.Content[0].Kind != yaml.MappingNode {
		w.fails("%v in\n%s", err, text)
		return
	}
	base, flag := repository("configs/roster.example.yaml"), "--roster"
	for i := 0; i < len(part.Content[0].Content); i += 2 {
		section := part.Content[0].Content[i].Value
		if slices.ContainsFunc(configs.Keys(), func(k configs.Key) bool { return k.Name == section || strings.HasPrefix(k.Name, section+".") }) {
			base, flag = "stormbell.yaml", "--config"
		}
	}
	data, err := os.ReadFile(base)
	w.must(err)
	w.must(yaml.Unmarshal(data, &whole))
	merge(whole.Content[0], part.Content[0])
	out, err := yaml.Marshal(&whole)
	w.must(err)
	w.must(os.WriteFile("part.yaml", out, 0o600))
	w.stormbell("check", flag, "part.yaml")
	if flag == "--roster" && at(part.Content[0], "alerts") != nil && w.stop != nil {
		w.stormbell("roster", "apply", "--config", "stormbell.yaml", "part.yaml")
	}
}

// merge puts b into a: keys into blocks, entries with an ID into lists, and
// everything else in the place of what was there.
func merge(a, b *yaml.Node) {
	switch {
	case a.Kind == yaml.MappingNode && b.Kind == yaml.MappingNode:
		for i := 0; i < len(b.Content); i += 2 {
			if old := at(a, b.Content[i].Value); old != nil {
				merge(old, b.Content[i+1])
			} else {
				a.Content = append(a.Content, b.Content[i], b.Content[i+1])
			}
		}
	case a.Kind == yaml.SequenceNode && b.Kind == yaml.SequenceNode && len(b.Content) > 0 && at(b.Content[0], "id") != nil:
		for _, entry := range b.Content {
			id := at(entry, "id").Value
			k := slices.IndexFunc(a.Content, func(n *yaml.Node) bool { return at(n, "id") != nil && at(n, "id").Value == id })
			if k < 0 {
				a.Content = append(a.Content, entry)
				continue
			}
			merge(a.Content[k], entry)
		}
	default:
		*a = *b
	}
}

// at is the value at a key of a block; nil where there is none.
func at(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
