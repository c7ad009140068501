package chat

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// Command is what somebody typed after /incident, understood.
type Command struct {
	Word     string // the canonical verb; "" when the first word is none
	Incident int    // named in the text; 0 when it is not
	More     []int  // further ones that are named beside it
	Perhaps  int    // named in a sentence; it is meant where no other incident can be
	FollowUp string // the name of a follow-up, INC-13-F1, or F1 of the channel's incident
	Text     string // what remains, as typed
	Details  string // declare: the lines after the first one
	Severity incident.Severity
	Service  string
	Private  bool
	Test     bool     // declare: a drill
	NotOurs  bool     // reroute: whose it is need not be said
	HandOver bool     // role: command is handed over; without a name a form asks to whom
	Another  bool     // declare: it is not the same, though the words are
	Doubts   []string // declare: what was read otherwise than typed, in words
	People   []string // Slack user IDs of the mentions before the text
	Target   string   // page, reassign, role: a word for somebody, when nobody is mentioned
	Also     []string // role: words for further people
	Role     incident.Role
	Into     int    // duplicate: the other incident
	Number   int    // object, hide, retime: which decision or entry; timeline: which page
	When     string // retime: the time; task, date: the day; as typed
	Team     string // task, give: to which team
	Impact   desk.Impact

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
	{"accept", []string{"accepted"}},
	{"no-follow-ups", []string{"nofollowups", "no-followups"}},
	{"cancel", []string{"cancelled", "canceled", "abort"}},
	{"near-miss", []string{"nearmiss", "near"}},
	{"false-alarm", []string{"falsealarm", "false"}},
	{"related", []string{"relate", "relates"}},
	{"sev", []string{"severity", "priority"}},
	{"status", nil},
	{"rename", []string{"title", "retitle"}},
	{"service", nil},
	{"role", []string{"roles", "commander", "lead", "command", "handover", "hand-over", "handoff"}},
	{"page", []string{"call", "wake"}},
	{"escalate", []string{"escalated"}},
	{"unack", []string{"unacknowledge", "release", "handback"}},
	{"snooze", []string{"later"}},
	{"silence", []string{"mute", "quiet"}},
	{"maintenance", []string{"maintain", "maint", "downtime"}},
	{"silences", []string{"silenced", "mutes", "maintenances"}},
	{"reassign", []string{"assign", "give"}},
	{"reroute", []string{"notours", "not-ours"}},
	{"update", []string{"post"}},
	{"public", []string{"statuspage"}},
	{"note", []string{"notes", "log", "add", "comment", "n"}},
	{"decide", []string{"decided", "decision"}},
	{"object", []string{"objection", "disagree"}},
	{"impact", []string{"impacted", "affected", "hit"}},
	{"hide", []string{"redact"}},
	{"retime", []string{"retimed"}},
	{"task", []string{"todo", "action"}},
	{"followups", []string{"followup", "follow-ups", "follow-up", "tasks", "todos", "actions"}},
	{"drop", []string{"dropped", "decline"}},
	{"date", []string{"due", "postpone", "redate"}},
	{"export", nil},
	{"timeline", []string{"history", "events"}},
	{"postmortem", []string{"post-mortem", "pm", "retro", "review"}},
	{"list", []string{"ls", "open", "active", "all"}},
	{"search", []string{"find", "lookup"}},
	{"heartbeats", []string{"heartbeat", "beats"}},
	{"show", []string{"view", "info", "card", "summary"}},
	{"duplicate", []string{"dup", "duplicates", "merge", "same"}},
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
	rest := unquote(typed)
	if n, after, ok := takeIncident(rest); ok { // "INC-4 ack" is as good as "ack INC-4"
		if after == "" {
			c.Word, c.Incident = "show", n
			return c
		}
		c.Incident, c.Text = n, after
		c.moreIncidents(true)
		if rest = c.Text; rest == "" { // nothing but names
			c.Word, c.More = "show", nil
			return c
		}
	}
	first, rest := cut(verbFirst(rest))
	key := strings.Trim(strings.ToLower(first), trimmed)
	word, ok := words[key]
	if sev, doubt := severityFlag(key); sev > 0 || doubt != "" {
		if word, ok = "sev", true; sev == 0 { // "sev9": it is refused by its number
			rest = strings.TrimSpace(key[len(key)-1:] + " " + rest)
		}
	}
	if verb, after, is := inTwo(key, rest); is {
		key, word, ok, rest = verb, words[verb], true, after
	}
	if noted, is := strings.CutSuffix(strings.ToLower(first), ":"); is && slices.Contains(noteWords, noted) {
		key, word, ok, rest = "note", "note", true, first+" "+rest
	}
	if key == "open" && rest != "" {
		word = "declare" // "open" by itself asks for the open ones
	}
	switch {
	case key == "" && rest == "": // nothing, or nothing but signs
		c.Word = "help"
		return c
	case !ok:
		c.Unknown, c.Near, c.Text = first, words[incident.Nearest(key, vocabulary)], typed
		return c
	}
	c.Word, c.Text = word, rest
	c.followUp()
	c.public()
	if c.FollowUp != "" {
		c.followUpDetails()
		return c
	}
	if !slices.Contains([]string{"declare", "followups", "list", "search", "silence", "maintenance", "silences"}, word) {
		c.incident()
	}
	c.details(key)
	return c
}

// twoWords are verbs that people type in two words, of which the first one alone means
// something else: what is meant as a look at the post-mortem would be posted for everybody.
// With alone nothing may follow but the name of an incident: "open incidents are not shown" is
// a title.
var twoWords = []struct {
	first, second, verb string
	alone               bool
}{
	{"post", "mortem", "postmortem", false},
	{"post", "update", "update", false},
	{"hand", "over", "handover", false},
	{"hand", "off", "handover", false},
	{"open", "incidents", "list", true},
	{"open", "ones", "list", true},
	{"action", "items", "followups", true},
	{"todo", "list", "followups", true},
	{"follow", "ups", "followups", true},
	{"follow", "up", "followups", true},
	{"time", "line", "timeline", true},
	{"call", "off", "cancel", true},
}

// inTwo returns the verb that the first two words are together, and what follows them.
func inTwo(first, rest string) (verb, after string, is bool) {
	second, after := cut(rest)
	second = strings.Trim(strings.ToLower(second), trimmed)
	if first == "not" && oursWords[second] {
		return "notours", after, true
	}
	for _, w := range twoWords {
		if w.first != first || w.second != second {
			continue
		}
		if w.alone {
			after, is = alone(after)
			return w.verb, after, is
		}
		return w.verb, after, true
	}
	return "", "", false
}

// alone returns what follows a verb, without a word out of courtesy, and reports whether that
// is nothing but the name of an incident.
func alone(text string) (string, bool) {
	rest := text
	if _, after, ok := takeIncident(text); ok {
		rest = after
	}
	if strings.Trim(strings.ToLower(rest), trimmed) == "please" {
		text, rest = strings.TrimSuffix(text, rest), ""
	}
	return strings.TrimSpace(text), rest == ""
}

// noteWords are what a note can begin with, and so what is a note by itself.
var noteWords = []string{"what", "where", "how", "when"}

// trimmed are the signs around a word that are not part of it: what a phone adds,
// and what people put there for order.
const trimmed = ".,:;!?/\\\"'“”„«»‘’`*_()[]"

// details reads what the verb needs besides the text.
func (c *Command) details(key string) {
	switch c.Word {
	case "declare":
		c.declaration()
	case "list":
		if key == "all" {
			c.Text = strings.TrimSpace("all " + c.Text)
		}
	case "sev":
		if sev, _ := severityFlag(key); sev > 0 {
			c.Severity = sev // "sev1" by itself
			break
		}
		word, rest := cut(c.Text)
		if sev, ok := incident.ParseSeverity(strings.Trim(word, trimmed)); ok {
			c.Severity, c.Text = sev, rest
		}
	case "service", "reroute":
		if c.NotOurs = strings.HasPrefix(key, "not"); c.NotOurs {
			break // whose it is, if it is said at all, only the roster knows
		}
		c.Service, c.Text = cut(c.Text)
		c.Service = serviceID(c.Service)
	case "role":
		c.role(key)
	case "impact":
		c.impact()
	case "object", "hide", "retime", "timeline":
		c.entry()
	case "task":
		c.taskDetails()
	case "page", "reassign":
		c.People, c.Text = mentions(strings.TrimPrefix(c.Text, "to "))
		if len(c.People) == 0 {
			c.Target, c.Text = cut(c.Text)
			c.Target = strings.Trim(serviceID(c.Target), trimmed+"@")
		}
	case "near-miss", "false-alarm":
		c.Text = trimWord(trimWord(c.Text, "alarm"), "miss") // "false alarm", in two words
		c.incident()
	case "duplicate", "related":
		// "duplicate INC-4" in a channel says of what this one is a part.
		c.Into, c.Incident, c.Perhaps = c.Incident, 0, 0
		if n, rest, ok := takeWhole(c.Text); ok {
			c.Incident, c.Into, c.Text = c.Into, n, rest
		}
	}
	if c.Word == "sev" || c.Word == "task" {
		c.incident() // "sev 1 INC-4", "task load the roots INC-4 due:friday"
	}
}

// role reads a role and who is to have it, in any order.
func (c *Command) role(key string) {
	switch key {
	case "commander", "lead", "command":
		c.Role = incident.Commander
	case "handover", "hand-over", "handoff":
		c.Role, c.HandOver = incident.Commander, true
		c.Text = trimWord(c.Text, "command")
	}
	var word string
	c.People, word = mentions(c.Text)
	if c.Role == "" {
		word, c.Text = cut(word)
		c.Role = incident.Role(strings.Trim(strings.ToLower(word), trimmed))
	} else {
		c.Text = word
	}
	if len(c.People) == 0 {
		c.People, c.Text = mentions(strings.TrimPrefix(c.Text, "to "))
	}
	if len(c.People) == 0 {
		c.Target, c.Text = cut(c.Text)
		c.Target = strings.Trim(c.Target, trimmed+"@")
		c.also()
	}
}

// dashes are what phones and word processors make of a hyphen.
var dashes = strings.NewReplacer("‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-")

// takeIncident takes an incident's name off the beginning of a text, in the ways
// people write it: INC-12, inc12, "INC 12", or the name of its channel. A number
// by itself, or with a #, is none: "note 3 pods restarted".
func takeIncident(text string) (n int, rest string, ok bool) {
	first, rest := cut(text)
	word := dashes.Replace(strings.Trim(strings.ToLower(first), trimmed+"#"))
	if !strings.HasPrefix(word, "inc") || isFollowUp(first) {
		return 0, text, false
	}
	if word == "inc" || word == "inc-" {
		number, after := cut(rest)
		n, ok := incident.ParseName(strings.Trim(number, trimmed))
		return n, after, ok
	}
	if name, named := strings.CutPrefix(word, "inc-"); named && strings.Contains(name, "-") {
		number, _, _ := strings.Cut(name, "-") // inc-12-words-of-the-title
		word = "inc-" + number
	}
	n, ok = incident.ParseName(word)
	return n, rest, ok
}

// mentions takes the mentions of users off the beginning of a text.
func mentions(text string) (users []string, rest string) {
	for {
		m := mentionPattern.FindStringSubmatchIndex(text)
		if m == nil || m[0] != 0 {
			return users, text
		}
		if user := text[m[2]:m[3]]; !slices.Contains(users, user) {
			users = append(users, user)
		}
		text = strings.TrimLeft(text[m[1]:], " ,\u00A0")
	}
}

var (
	mentionPattern = pattern.New(`<@([UW][A-Z0-9]+)(?:\|[^>]*)?>`)
	channelPattern = pattern.New(`<#([CG][A-Z0-9]+)(?:\|([^>]*))?>`)
	groupPattern   = pattern.New(`<!(?:subteam\^)?([A-Za-z0-9]+)(?:\^[^|>]*)?(?:\|@?([^>]*))?>`)
	linkPattern    = pattern.New(`<((?:https?|mailto)[^>|]*)(?:\|[^>]*)?>`)
)

// tidy undoes what Slack does to typed text, except for mentions of users:
// entities, channels, groups and links.
func tidy(text string) string {
	text = channelPattern.ReplaceAllStringFunc(text, func(s string) string { return "#" + labelOf(channelPattern, s) })
	text = groupPattern.ReplaceAllStringFunc(text, func(s string) string { return "@" + labelOf(groupPattern, s) })
	text = linkPattern.ReplaceAllString(text, "$1")
	return strings.TrimSpace(unescaper.Replace(text))
}

// unescaper undoes what Slack escapes, and nothing else that looks like HTML.
var unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")

// labelOf returns the words of a reference, or the ID where it has none, as for
// a private channel.
func labelOf(form *pattern.Pattern, s string) string {
	m := form.FindStringSubmatch(s)
	return cmp.Or(m[2], m[1])
}

// unquote takes quotation marks off that are around all of a text.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	for _, marks := range []string{`""`, "“”", "„“", "''", "‘’", "«»", "``"} {
		pair := []rune(marks)
		inner, begins := strings.CutPrefix(s, string(pair[0]))
		inner, ends := strings.CutSuffix(inner, string(pair[1]))
		if begins && ends && inner != "" && !strings.ContainsAny(inner, marks) {
			return strings.TrimSpace(inner)
		}
	}
	return s
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
	if n := strings.IndexFunc(s, unicode.IsSpace); n >= 0 {
		return s[:n], strings.TrimSpace(s[n:])
	}
	return s, ""
}

// oursWords after "not" say that an incident belongs to others.
var oursWords = map[string]bool{"ours": true, "our": true, "mine": true}

// sameWords after update say that nothing has changed.
var sameWords = map[string]bool{"same": true, "no change": true, "nochange": true, "unchanged": true}
