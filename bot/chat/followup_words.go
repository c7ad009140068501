package chat

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
)

// followUpPattern is the name of a follow-up, which is not the incident's.
var followUpPattern = pattern.New(`(?i)^(inc-?[0-9]{1,9}[-/]?)?f[0-9]{1,4}$`)

// isFollowUp reports whether a word names a follow-up.
func isFollowUp(word string) bool { return followUpPattern.MatchString(bareName(word)) }

// bareName takes off a name what stands around it: "done INC-4-F1#" must not resolve INC-4.
func bareName(word string) string { return dashes.Replace(strings.Trim(word, trimmed+"#")) }

// followUpName is the name as it is written, or F1 where the incident is that of the
// channel.
func followUpName(word string) string {
	word = bareName(word)
	if id, _, ok := incident.ParseFollowUp(word); ok {
		return id
	}
	return strings.ToUpper(word)
}

// verbFirst makes "done INC-13-F1" of "INC-13-F1 done", and has a name alone shown.
func verbFirst(text string) string {
	first, rest := cut(text)
	if !isFollowUp(first) || !strings.HasPrefix(strings.ToLower(bareName(first)), "inc") {
		return text
	}
	verb, rest := cut(rest)
	if verb == "" {
		return "followups " + first
	}
	return verb + " " + first + " " + rest
}

// followUpVerbs are what the verbs mean of a follow-up: words about one must never
// change its incident.
var followUpVerbs = map[string]string{
	"resolve": "done", "close": "done", "done": "done", "cancel": "drop", "drop": "drop", "date": "date", "retime": "date",
	"snooze": "date", "reassign": "give", "page": "give", "export": "export", "followups": "followups", "show": "followups", "ack": "followups",
	"timeline": "followups", "status": "followups",
}

// followUp sees to it that "done INC-13-F1" is about the follow-up. Its name may stand
// anywhere behind a verb that would end the incident, else first or last.
func (c *Command) followUp() {
	verb, ok := followUpVerbs[c.Word]
	if !ok {
		return
	}
	words := strings.Fields(c.Text)
	at := slices.IndexFunc(words, isFollowUp)
	ends := slices.Contains([]string{"resolve", "close", "cancel"}, c.Word)
	switch {
	case at < 0, !ends && at > 0 && at < len(words)-1:
		return
	case at > 0 && !strings.HasPrefix(strings.ToLower(bareName(words[at])), "inc"):
		return // "resolve we switched to f2": a short name stands first
	}
	c.Word, c.FollowUp = verb, followUpName(words[at])
	begin := 0
	for range at {
		begin += strings.IndexFunc(c.Text[begin:], isSpace)
		begin += len(c.Text[begin:]) - len(strings.TrimLeftFunc(c.Text[begin:], isSpace))
	}
	before, behind := c.Text[:begin], c.Text[begin+len(words[at]):]
	c.Text = strings.TrimSpace(strings.TrimRightFunc(before, isSpace) + behind)
}

// followUpDetails reads what is done to a follow-up.
func (c *Command) followUpDetails() {
	switch c.Word {
	case "date":
		c.Text = strings.TrimSpace(strings.TrimPrefix(c.Text, "to "))
		c.When, c.Text = cut(c.Text)
		c.When = strings.TrimPrefix(strings.TrimPrefix(c.When, "due:"), "for:")
	case "give":
		c.Text = strings.TrimSpace(strings.TrimPrefix(c.Text, "to "))
		if c.People, c.Text = mentions(c.Text); len(c.People) > 0 {
			return
		}
		word, rest := cut(c.Text)
		if team, ok := teamWord(word); ok {
			c.Team, c.Text = team, rest
			return
		}
		c.Target, c.Text = strings.Trim(word, trimmed+"@"), rest
	}
}

// teamWord reads team:ID.
func teamWord(word string) (string, bool) {
	if len(word) < 5 || !strings.EqualFold(word[:5], "team:") {
		return "", false
	}
	return strings.Trim(word[5:], trimmed), true
}

// taskDetails takes off the end of a task, or off its beginning, who is to do it and
// until when: "@ada", "team:ID" and "due:DATE", in any order.
func (c *Command) taskDetails() {
	if c.People, c.Text = mentions(c.Text); len(c.People) > 0 && c.Text == "" {
		return
	}
	for c.Text != "" {
		at := strings.LastIndexFunc(c.Text, isSpace) + 1
		if start := strings.LastIndex(c.Text, "<@"); start >= 0 && mentionPattern.FindString(c.Text[start:]) == c.Text[start:] {
			at = start
		}
		if !c.taskDetail(c.Text[at:]) {
			return
		}
		c.Text = strings.TrimRightFunc(c.Text[:at], isSpace)
	}
}

// taskDetail takes one word of a task that is no word of its text.
func (c *Command) taskDetail(word string) bool {
	due := strings.ToLower(word)
	if team, ok := teamWord(word); ok && c.Team == "" && team != "" {
		c.Team = team
		return true
	}
	switch users, rest := mentions(word); {
	case len(users) == 1 && rest == "" && len(c.People) == 0 && c.Target == "":
		c.People = users
	case strings.HasPrefix(due, "due:") && c.When == "":
		c.When = word[len("due:"):]
	case strings.HasPrefix(word, "@") && len(word) > 1 && c.Target == "" && len(c.People) == 0:
		c.Target = strings.Trim(word, trimmed+"@")
	default:
		return false
	}
	return true
}
