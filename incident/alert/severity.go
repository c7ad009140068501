package alert

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// SeverityRow is a severity with the words of senders that mean it.
type SeverityRow struct {
	Severity Severity
	Words    []string // in lower case; case does not count
}

// severityRows is the one table of senders' words. What is not in it is unknown,
// but for the scales of severityScale.
var severityRows = []SeverityRow{
	{Sev1, []string{"p1", "critical", "crit", "fatal", "disaster", "emergency", "page", "sev1", "p0", "sev0"}},
	{Sev2, []string{"p2", "error", "high", "major", "sev2"}},
	{Sev3, []string{"p3", "warning", "warn", "average", "medium", "minor", "sev3", "moderate"}},
	{Sev4, []string{"p4", "p5", "info", "informational", "information", "notice", "low", "sev4"}},
	{SeverityNone, []string{"none", "ok", "debug", "resolved"}},
}

// SeverityWords returns the table of the words that senders use for a severity,
// worst first. Any other word, and none at all, is [Unknown].
func SeverityWords() []SeverityRow {
	rows := slices.Clone(severityRows)
	for n := range rows {
		rows[n].Words = slices.Clone(rows[n].Words)
	}
	return rows
}

var severityByWord = sync.OnceValue(func() map[string]Severity {
	m := map[string]Severity{}
	for _, row := range severityRows {
		for _, word := range row.Words {
			m[word] = row.Severity
		}
	}
	return m
})

// ReadSeverity reads a sender's word for a severity. Numbers are read as ours, and
// so are the spellings of them: 2, sev-2, S2, Severity 2. It returns Unknown for
// any other word.
func ReadSeverity(word string) Severity {
	word = strings.ToLower(line(word))
	if s, ok := severityByWord()[word]; ok {
		return s
	}
	for _, prefix := range []string{"severity", "sev", "s", "p", ""} {
		if rest, ok := strings.CutPrefix(word, prefix); ok {
			if rest = strings.TrimLeft(rest, "-_ "); len(rest) == 1 && '0' <= rest[0] && rest[0] <= '5' {
				return severityByWord()["p"+rest]
			}
		}
	}
	return Unknown
}

// severe takes the sender's word for the severity. One that is not known is
// noted.
func (a *draft) severe(word string) {
	if word = line(word); word == "" {
		return
	}
	if a.Severity = ReadSeverity(word); a.Severity == Unknown && !strings.EqualFold(word, "unknown") {
		a.note("The sender's severity " + strconv.Quote(cut(word, 40)) + " is not known here; taken as " + Unknown.Incident().String() + ".")
	}
}
