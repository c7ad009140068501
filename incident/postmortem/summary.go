package postmortem

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stormbell/stormbell/incident"
)

// Limits of the short form, in characters after Slack's three escapes. Slack
// takes 50 blocks, 3,000 characters a section and about 10,000 in all; the
// channel is better served by much less.
const (
	maxSummaryLine  = 300
	maxSummaryLines = 12
	maxSummaryAll   = 6000
)

// Summary returns the short form for a chat channel: at most 8 sections, each
// with a title and up to 12 lines of plain text, fewer than 6,000 characters in
// all whatever the timeline holds. The text is not escaped; that is for whoever
// shows it.
func (d Document) Summary() []Section {
	s := []Section{
		{Title: d.Name + ": " + d.Title, Lines: d.pick("summary")},
		{Title: "Cause in plain words", Lines: d.said()},
		{Title: "Times", Lines: d.times()},
		{Title: "Promise", Lines: d.kept()},
		{Title: "What changed", Lines: d.changes()},
		{Title: "Pages", Lines: d.paged()},
		{Title: "Follow-ups", Lines: d.follow()},
		{Title: "Open for you", Lines: d.open()},
	}
	return fit(s)
}

// fit cuts lines and sections to the limits and drops sections without a line.
func fit(sections []Section) []Section {
	left := maxSummaryAll
	var out []Section
	for _, s := range sections {
		s.Title = cut(s.Title, 150)
		left -= weight(s.Title)
		var kept []string
		for n, l := range s.Lines {
			l = cut(l, maxSummaryLine)
			if n == maxSummaryLines || weight(l) > left {
				kept = append(kept, fmt.Sprintf("and %d more in the document", len(s.Lines)-n))
				break
			}
			left -= weight(l)
			kept = append(kept, l)
		}
		if len(kept) > 0 {
			out = append(out, Section{Title: s.Title, Lines: kept})
		}
	}
	return out
}

// cut makes one line of s, of at most most characters by weight.
func cut(s string, most int) string {
	s = strings.Join(strings.Fields(s), " ")
	if weight(s) <= most {
		return s
	}
	w := 1
	for i, r := range s {
		if w += weigh(r); w > most {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// weight counts the characters of s as Slack does after its escapes.
func weight(s string) int {
	w := utf8.RuneCountInString(s)
	return w + 4*strings.Count(s, "&") + 3*strings.Count(s, "<") + 3*strings.Count(s, ">")
}

func weigh(r rune) int { return weight(string(r)) }

func (d Document) section(id string) Section {
	for _, s := range d.Sections {
		if s.ID == id {
			return s
		}
	}
	return Section{}
}

func (d Document) pick(id string) []string { return d.section(id).Lines }

func (d Document) times() []string {
	var lines []string
	for _, m := range d.shown() {
		if m.Missing != "" {
			lines = append(lines, m.Name+": "+m.Missing)
			continue
		}
		lines = append(lines, m.Name+": "+m.Took.String())
	}
	return lines
}

func (d Document) kept() []string {
	var lines []string
	for _, p := range d.Promises {
		lines = append(lines, incident.Capital(result(p))+" ("+string(p.State)+").")
	}
	return lines
}

func (d Document) changes() []string {
	var lines []string
	for _, it := range d.section("times").List {
		lines = append(lines, it.Line())
	}
	return lines
}

// said is the cause in plain words, once somebody has said it.
func (d Document) said() []string {
	return strings.FieldsFunc(d.Said(Cause), func(r rune) bool { return r == '\n' })
}

func (d Document) paged() []string {
	if len(d.Pages) == 0 {
		return nil
	}
	answered := 0
	var slowest time.Duration
	for _, p := range d.Pages {
		if !p.Answered.IsZero() {
			answered++
			slowest = max(slowest, time.Duration(p.Delay))
		}
	}
	l := fmt.Sprintf("%s, %d answered", incident.Count(len(d.Pages), "page", "pages"), answered)
	if answered > 0 {
		l += ", the slowest after " + Span(slowest).String()
	}
	return []string{l}
}

func (d Document) follow() []string {
	t := d.section("action_items").Table
	if t == nil {
		return nil
	}
	var lines []string
	for _, r := range t.Rows {
		lines = append(lines, fmt.Sprintf("%s: %s (%s, due %s, %s)", r[0], r[2], r[3], r[4], r[5]))
	}
	return lines
}

// open names the sections that wait for people.
func (d Document) open() []string {
	n := 0
	var where []string
	for _, s := range d.Sections {
		here := 0
		for _, q := range s.Questions {
			if q.Asked && len(q.Answers) == 0 {
				here++
			}
		}
		if n += here; here > 0 {
			where = append(where, s.Title)
		}
	}
	if n == 0 {
		return nil
	}
	return []string{incident.Count(n, "question", "questions") + ": " + strings.Join(where, "; ")}
}
