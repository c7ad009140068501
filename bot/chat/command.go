package chat

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// Command is what somebody typed after /incident, understood.
type Command struct {
	Word     string // the canonical verb; "" when the first word is none
	Incident int    // named in the text; 0 when it is not
	Text     string // what remains, as typed
	Severity incident.Severity
	Service  string
	Private  bool
	Test     bool
	Person   string // Slack user ID of the first mention
	Role     incident.Role
	Into     int // duplicate: the other incident

	Unknown string // the first word, when it is no verb
	Near    string // the verb that it was probably meant to be
	Typed   string // all of it, as typed
}

// verbs are the canonical verbs with the words that mean the same.
var verbs = []struct {
	verb  string
	means []string
}{
	{"help", []string{"?", "commands", "usage", "hi", "hello"}},
	{"declare", []string{"new", "create", "start", "report", "declared", "file"}},
	{"ack", []string{"acknowledge", "acknowledged", "acked", "mine", "onit", "claim"}},
	{"mitigate", []string{"mitigated", "stable", "stabilized", "stabilised"}},
	{"resolve", []string{"resolved", "fixed", "done", "finish", "finished", "end", "over"}},
	{"close", []string{"closed"}},
	{"reopen", []string{"reopened", "back"}},
	{"cancel", []string{"cancelled", "canceled", "abort", "false"}},
	{"sev", []string{"severity", "sev1", "sev2", "sev3", "sev4", "priority"}},
	{"status", nil},
	{"rename", []string{"title", "retitle"}},
	{"service", nil},
	{"role", []string{"roles", "commander", "lead"}},
	{"page", []string{"call", "wake"}},
	{"escalate", []string{"escalated"}},
	{"unack", []string{"unacknowledge", "release", "handback"}},
	{"snooze", []string{"silence", "mute", "later"}},
	{"reassign", []string{"assign", "handover", "give"}},
	{"reroute", []string{"notours"}},
	{"update", []string{"post"}},
	{"note", []string{"notes", "log", "add", "comment"}},
	{"decide", []string{"decided", "decision"}},
	{"task", []string{"todo", "action"}},
	{"timeline", []string{"history", "events"}},
	{"postmortem", []string{"post-mortem", "pm", "retro", "review"}},
	{"list", []string{"ls", "open", "active", "all"}},
	{"show", []string{"view", "info", "card", "summary"}},
	{"duplicate", []string{"dup", "duplicates", "merge"}},
}

// words maps what people type to the canonical verbs; vocabulary is every such
// word, in the order of verbs. Phones rewrite dashes, so none is needed.
var words, vocabulary = func() (map[string]string, []string) {
	canonical, all := map[string]string{}, []string{}
	for _, v := range verbs {
		for _, w := range append([]string{v.verb}, v.means...) {
			canonical[w] = v.verb
			all = append(all, w)
		}
	}
	return canonical, all
}()

// Parse understands what was typed after the command. It never fails: what it
// does not understand is in Unknown, and Typed keeps everything.
func Parse(text string) Command {
	typed := tidy(text)
	c := Command{Typed: typed}
	first, rest := cut(typed)
	if n, ok := namedIncident(first); ok { // "INC-4 ack" is as good as "ack INC-4"
		c.Incident = n
		if rest == "" {
			c.Word = "show"
			return c
		}
		first, rest = cut(rest)
	}
	key := strings.Trim(strings.ToLower(first), ".,:;!/\"'“”‘’")
	switch {
	case first == "":
		c.Word = "help"
		return c
	case key == "" && strings.Trim(first, "?") == "":
		c.Word = "help"
		return c
	}
	word, ok := words[key]
	if !ok {
		c.Unknown, c.Near, c.Text = first, words[incident.Nearest(key, vocabulary)], typed
		return c
	}
	c.Word = word
	if c.Incident == 0 && word != "declare" {
		if n, ok := namedIncident(head(rest)); ok || word == "show" && bareNumber(head(rest), &n) {
			c.Incident = n
			_, rest = cut(rest)
		}
	}
	c.Text = rest
	c.details(key)
	return c
}

// details reads what the verb needs besides the text.
func (c *Command) details(key string) {
	switch c.Word {
	case "declare":
		c.declaration()
	case "sev":
		if sev, ok := incident.ParseSeverity(key); ok && key != "sev" {
			c.Severity = sev // "sev1" by itself
			return
		}
		word, rest := cut(c.Text)
		if sev, ok := incident.ParseSeverity(word); ok {
			c.Severity, c.Text = sev, rest
		}
	case "service", "reroute":
		c.Service, c.Text = cut(c.Text)
		c.Service = strings.TrimPrefix(c.Service, "service:")
	case "role":
		if key == "commander" || key == "lead" {
			c.Role = incident.Commander
		} else {
			var word string
			word, c.Text = cut(c.Text)
			c.Role = incident.Role(strings.ToLower(word))
		}
		c.Person, c.Text = mention(c.Text)
	case "page", "reassign":
		c.Person, c.Text = mention(c.Text)
	case "duplicate":
		// "duplicate INC-4" in a channel says of what this one is a part.
		c.Into, c.Incident = c.Incident, 0
		if n, ok := namedIncident(head(c.Text)); ok {
			c.Incident, c.Into = c.Into, n
			_, c.Text = cut(c.Text)
		}
	}
}

// declaration takes the words of their own out of a title: a severity and a
// service anywhere, private and test only at its ends, so that "load test
// fails" stays a title.
func (c *Command) declaration() {
	var title []string
	fields := strings.Fields(c.Text)
	for n := 0; n < len(fields); n++ {
		word := strings.ToLower(fields[n])
		if sev, ok := ownSeverity(word); ok && c.Severity == 0 {
			c.Severity = sev
			continue
		}
		if (word == "sev" || word == "severity") && n+1 < len(fields) && c.Severity == 0 {
			if sev, ok := ownSeverity("sev" + fields[n+1]); ok {
				c.Severity = sev
				n++
				continue
			}
		}
		if id, ok := strings.CutPrefix(word, "service:"); ok {
			if id == "" && n+1 < len(fields) { // "service: checkout"
				n++
				id = strings.ToLower(fields[n])
			}
			c.Service = id
			continue
		}
		title = append(title, fields[n])
	}
	for len(title) > 0 && c.flag(title[0]) {
		title = title[1:]
	}
	for len(title) > 0 && c.flag(title[len(title)-1]) {
		title = title[:len(title)-1]
	}
	c.Text = strings.Join(title, " ")
}

// flag takes private and test.
func (c *Command) flag(word string) bool {
	switch strings.ToLower(word) {
	case "private":
		c.Private = true
	case "test":
		c.Test = true
	default:
		return false
	}
	return true
}

// ownSeverity reads sev1 … sev4, and nothing that could be a word of a title.
func ownSeverity(word string) (incident.Severity, bool) {
	word = strings.Trim(word, ",.:;")
	if rest, ok := strings.CutPrefix(word, "sev"); ok {
		rest = strings.TrimLeft(rest, "-–—_")
		if len(rest) == 1 && rest[0] >= '1' && rest[0] <= '4' {
			return incident.Severity(rest[0] - '0'), true
		}
	}
	return 0, false
}

// namedIncident reads INC-12 in the ways people write it; a bare number is none.
func namedIncident(word string) (int, bool) {
	word = strings.Trim(strings.ToLower(word), ",.:;")
	word = strings.NewReplacer("–", "-", "—", "-").Replace(word)
	if !strings.HasPrefix(word, "inc") && !strings.HasPrefix(word, "#") {
		return 0, false
	}
	return incident.ParseName(word)
}

func bareNumber(word string, n *int) bool {
	v, ok := incident.ParseName(word)
	if ok {
		*n = v
	}
	return ok
}

// mention takes the first mention of a user out of a text.
func mention(text string) (user, rest string) {
	m := mentionPattern.FindStringSubmatchIndex(text)
	if m == nil {
		return "", text
	}
	rest = strings.TrimSpace(text[:m[0]] + text[m[1]:])
	return text[m[2]:m[3]], rest
}

var (
	mentionPattern = regexp.MustCompile(`<@([UW][A-Z0-9]+)(?:\|[^>]*)?>`)
	channelPattern = regexp.MustCompile(`<#[CG][A-Z0-9]+\|([^>]*)>`)
	linkPattern    = regexp.MustCompile(`<((?:https?|mailto)[^>|]*)(?:\|[^>]*)?>`)
)

// tidy undoes what Slack and phones do to typed text, except for mentions of
// users: entities, channels, links, and quotation marks around all of it.
func tidy(text string) string {
	text = channelPattern.ReplaceAllString(text, "#$1")
	text = linkPattern.ReplaceAllString(text, "$1")
	return strings.TrimSpace(html.UnescapeString(text))
}

// named writes the mentions that are left in a text as names: in records and in
// documents, no text is markup.
func named(text string, name func(user string) string) string {
	return mentionPattern.ReplaceAllStringFunc(text, func(m string) string {
		return "@" + name(mentionPattern.FindStringSubmatch(m)[1])
	})
}

// cut splits off the first word.
func cut(s string) (first, rest string) {
	s = strings.TrimSpace(s)
	if n := strings.IndexFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\u00A0' }); n >= 0 {
		return s[:n], strings.TrimSpace(s[n:])
	}
	return s, ""
}

func head(s string) string {
	first, _ := cut(s)
	return first
}

// plainActs are the verbs that go to the desk as they are.
var plainActs = map[string]desk.Verb{
	"ack": desk.Acknowledge, "mitigate": desk.Mitigate, "resolve": desk.Resolve, "close": desk.Close,
	"reopen": desk.Reopen, "cancel": desk.Cancel, "rename": desk.Rename, "note": desk.Note,
	"decide": desk.Note, "task": desk.Note, "update": desk.Note, "sev": desk.SetSeverity,
	"service": desk.Reroute, "reroute": desk.Reroute, "role": desk.TakeRole, "duplicate": desk.Merge,
}

// noteKinds are the kinds of notes that have a verb of their own.
var noteKinds = map[string]incident.NoteKind{"decide": incident.Decision, "task": incident.Task, "update": incident.Update}

// act returns what the desk is asked to do, or false for a verb that is no act
// on one incident, or a refusal in words.
func (c Command) act() (desk.Act, bool, error) {
	if c.Word == "status" {
		return c.statusAct()
	}
	verb, ok := plainActs[c.Word]
	if !ok {
		return desk.Act{}, false, nil
	}
	a := desk.Act{Verb: verb, Text: c.Text, Note: noteKinds[c.Word], Severity: c.Severity,
		Service: c.Service, Role: c.Role, Into: c.Into}
	switch {
	case c.Word == "sev" && c.Severity == 0:
		return a, true, refuse("As in: sev 1 checkout is down for everybody.", "Say which severity: 1, 2, 3 or 4; 1 is the worst.")
	case verb == desk.Reroute && c.Service == "":
		return a, true, refuse("As in: reroute edge-gateway pages are fine behind it.", "Say which service it belongs to.")
	case verb == desk.Merge && c.Into == 0:
		return a, true, refuse("As in: duplicate INC-4.", "Say of which incident it is a part.")
	case verb == desk.TakeRole && !slices.Contains(knownRoles, c.Role):
		return a, true, refuse("As in: role commander, or: role communicator @ada.",
			"Say which role: commander, responder, communicator or shadow.")
	}
	return a, true, nil
}

var knownRoles = []incident.Role{incident.Commander, incident.Responder, incident.Communicator, incident.Shadow}

var statusVerbs = map[incident.Status]desk.Verb{
	incident.Investigating: desk.Investigate, incident.Mitigating: desk.Mitigating, incident.Mitigated: desk.Mitigate,
	incident.Resolved: desk.Resolve, incident.Closed: desk.Close, incident.Cancelled: desk.Cancel,
}

func (c Command) statusAct() (desk.Act, bool, error) {
	word, rest := cut(c.Text)
	if word == "" {
		return desk.Act{}, false, nil // "status" alone asks how it stands
	}
	status, ok := incident.StatusWord(word)
	if !ok {
		return desk.Act{}, true, refuse("Use investigating, mitigating, mitigated, resolved, closed or cancelled.",
			"There is no status "+word+".")
	}
	return desk.Act{Verb: statusVerbs[status], Text: rest}, true, nil
}

func refuse(next, why string) error { return &incident.Refusal{Why: why, Next: next} }
