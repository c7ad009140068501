package chat

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// incident takes the incident's name off the text: right after the verb, or as its
// last word.
func (c *Command) incident() {
	if c.Incident > 0 {
		return
	}
	if n, rest, ok := takeIncident(c.Text); ok {
		comma := strings.HasSuffix(strings.TrimSpace(strings.TrimSuffix(c.Text, rest)), ",")
		c.Incident, c.Text = n, rest
		c.moreIncidents(comma)
		return
	}
	switch c.Word {
	case "show", "ack", "timeline", "postmortem", "escalate", "duplicate": // need no words, so a number by itself is a name
		if n, ok := incident.ParseName(strings.Trim(c.Text, trimmed)); ok {
			c.Incident, c.Text = n, ""
			return
		}
	}
	c.lastIncident()
}

// moreIncidents takes further names: "INC-27 INC-28", "INC-27 and INC-28 all is calm".
// A name that begins a sentence is a word of it, "INC-27 INC-28 has the rest",
// unless the names are joined by a comma or an "and".
func (c *Command) moreIncidents(joined bool) {
	if c.Word == "duplicate" {
		return
	}
	rest := c.Text
	var more []int
	for {
		text := strings.TrimLeft(rest, ",& ")
		word, after := cut(text)
		if joined = joined || text != rest; strings.EqualFold(word, "and") {
			text, joined = after, true
		}
		n, after, ok := takeIncident(text)
		if !ok {
			break
		}
		more, rest = append(more, n), after
	}
	if rest == "" || joined {
		c.More, c.Text = more, rest
	}
}

// lastIncident takes the incident's name off the end. Behind a word that makes it a
// part of a sentence, as in "the same as INC-4", it counts only where no other incident
// can be meant.
func (c *Command) lastIncident() {
	words := strings.Fields(c.Text)
	for took := min(2, len(words)); took > 0; took-- {
		n, rest, ok := takeIncident(strings.Join(words[len(words)-took:], " "))
		if !ok || rest != "" {
			continue
		}
		before := words[:len(words)-took]
		if len(before) == 0 {
			return // it was looked for at the beginning
		}
		last := strings.Trim(strings.ToLower(before[len(before)-1]), trimmed)
		switch {
		case !c.prose() && (last == "for" || last == "on" || last == "of"):
			before = before[:len(before)-1]
		case slices.Contains(leadsOn, last):
			c.Perhaps = n
			return
		}
		at := len(c.Text)
		for range words[len(before):] {
			at = strings.LastIndexFunc(strings.TrimRightFunc(c.Text[:at], isSpace), isSpace) + 1
		}
		c.Incident, c.Text = n, strings.TrimRightFunc(c.Text[:at], isSpace)
		return
	}
}

func isSpace(r rune) bool { return strings.ContainsRune(" \t\n\r\u00a0", r) }

// leadsOn are the words behind which a name belongs to the sentence.
var leadsOn = []string{"as", "of", "to", "with", "like", "see", "than", "from", "by", "into", "and", "or", "is", "was", "are", "after", "since",
	"vs", "during", "in", "at", "on", "for", "because", "before", "not", "caused", "behind"}

// prose reports whether people write sentences after the verb.
func (c *Command) prose() bool {
	return !slices.Contains([]string{"show", "ack", "timeline", "postmortem", "escalate", "page", "role", "snooze", "unack", "status",
		"reassign", "service", "sev"}, c.Word)
}

// public takes words for the customers apart from those for people inside: they must
// never be posted as such.
func (c *Command) public() {
	const mark = "public:"
	if c.Word == "update" && len(c.Text) >= len(mark) && strings.EqualFold(c.Text[:len(mark)], mark) {
		c.Word, c.Text = "public", strings.TrimSpace(c.Text[len(mark):])
	}
}

// also takes further people off the text: "role responder @clara @jonas". A name
// without @ is taken for a word.
func (c *Command) also() {
	for strings.HasPrefix(c.Text, "@") || strings.HasPrefix(strings.ToLower(c.Text), "and @") {
		word, rest := cut(c.Text)
		if strings.EqualFold(word, "and") {
			word, rest = cut(rest)
		}
		c.Also, c.Text = append(c.Also, strings.Trim(word, trimmed+"@")), rest
	}
}

// takeWhole takes the incident of which another is a part: "INC-13", "13", "into INC-13".
func takeWhole(text string) (n int, rest string, ok bool) {
	for _, lead := range []string{"of ", "into ", "with ", "as ", "in ", "to "} {
		if len(text) > len(lead) && strings.EqualFold(text[:len(lead)], lead) {
			text = strings.TrimSpace(text[len(lead):])
			break
		}
	}
	if n, rest, ok = takeIncident(text); ok {
		return n, rest, true
	}
	word, rest := cut(text)
	n, ok = incident.ParseName(strings.Trim(word, trimmed))
	return n, rest, ok
}
