package incident

import (
	"maps"
	"slices"
	"strings"
)

// filters are the words that choose entries of a timeline.
var filters = map[string]func(Entry) bool{
	"what": ofNote(What), "where": ofNote(Where), "how": ofNote(HowNote), "when": ofNote(When),
	"notes":     func(n Entry) bool { return n.IsNoted() },
	"tasks":     func(n Entry) bool { return n.Note == Task || n.Kind == KindFollowUp },
	"updates":   ofNote(Update),
	"decisions": func(n Entry) bool { return n.Decides() || n.Kind == KindObjection },
	"marked":    func(n Entry) bool { return n.Mark != nil },
	"pages": func(n Entry) bool {
		return slices.Contains([]Kind{KindPaged, KindPageFailed, KindAnsweredToo, KindReceipt, KindStep, KindExhausted, KindLapsed, KindHelp}, n.Kind)
	},
	"alerts": func(n Entry) bool {
		return slices.Contains([]Kind{KindAlert, KindAlertJoined, KindAlertOver}, n.Kind)
	},
	"impact": func(n Entry) bool { return n.Kind == KindImpact },
	"roles":  func(n Entry) bool { return n.Kind == KindRole || n.Kind == KindOffered },
	"status": func(n Entry) bool {
		_, moves := leads[n.Kind]
		return moves || n.Kind == KindWatched || n.Kind == KindWatchMore || n.Kind == KindDeclared || n.Kind == KindAcknowledged || n.Kind == KindGivenBack || n.Kind == KindSeverity || n.Kind == KindService
	},
}

func ofNote(k NoteKind) func(Entry) bool { return func(n Entry) bool { return n.Note == k } }

// filterWords are what people say instead.
var filterWords = map[string]string{
	"note": "notes", "task": "tasks", "todo": "tasks", "update": "updates", "decision": "decisions", "decided": "decisions", "objections": "decisions",
	"pins": "marked", "pinned": "marked", "page": "pages", "paged": "pages", "paging": "pages", "alert": "alerts", "role": "roles",
	"statuses": "status", "severity": "status",
}

// Filters are the words by which entries of a timeline are chosen, in their order.
func Filters() []string { return slices.Sorted(maps.Keys(filters)) }

// Filter returns the entries that a word chooses, and the word itself as it is written;
// an empty word, or "all", chooses all of them.
func Filter(list []Entry, word string) (chosen []Entry, as string, err error) {
	as = strings.ToLower(strings.TrimSpace(word))
	if as == "" || as == "all" || as == "everything" {
		return list, "", nil
	}
	as = or(filterWords[as], as)
	if filters[as] == nil {
		next := "There are: " + strings.Join(Filters(), ", ") + "."
		if near := Nearest(as, Filters()); near != "" {
			next = "Did you mean " + near + "? " + next
		}
		return nil, "", Refuse(next, "A timeline cannot be filtered by “%s”.", word)
	}
	for _, n := range list {
		if filters[as](n) {
			chosen = append(chosen, n)
		}
	}
	return chosen, as, nil
}

// Question is one of the four kinds of notes, and who could know the answer.
type Question struct {
	Kind NoteKind
	Ask  string
	Who  string // could know
}

// Questions are the four kinds of notes, in their order.
func Questions() []Question {
	return []Question{
		{What, "What did you see first?", "whoever was there first"},
		{Where, "Where was it, and how did you narrow it down?", "whoever searched"},
		{HowNote, "How does it come about?", "whoever knows the service from inside"},
		{When, "When did it start, and what else happened then?", "whoever changed something that day; the deploy list"},
	}
}

// Open are the questions to which no entry that is shown gives an answer.
func Open(entries []Entry) (open []Question) {
	for _, q := range Questions() {
		if !slices.ContainsFunc(entries, func(n Entry) bool { return n.Kind == KindNote && n.Note == q.Kind && !n.Hidden }) {
			open = append(open, q)
		}
	}
	return open
}
