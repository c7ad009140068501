package configs

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Access says who has which right, where that is not the default. Each entry is
// everybody, involved, person:ID, team:ID, group:HANDLE or channel:NAME.
type Access struct {
	Declare []string `mapstructure:"declare"`
	Manage  []string `mapstructure:"manage"`
	Private []string `mapstructure:"private"`
	Roster  []string `mapstructure:"roster"`
	Admin   []string `mapstructure:"admin"`
}

// Rights returns the lists that are set, by right.
func (a Access) Rights() map[incident.Right][]string {
	rights := map[incident.Right][]string{}
	for right, list := range map[incident.Right][]string{incident.DeclareRight: a.Declare, incident.ManageRight: a.Manage,
		incident.PrivateRight: a.Private, incident.RosterRight: a.Roster, incident.AdminRight: a.Admin} {
		if len(list) > 0 {
			rights[right] = list
		}
	}
	return rights
}

// accessKinds are what an entry can begin with; accessWords are whole entries.
var (
	accessKinds = []string{"person", "team", "group", "channel"}
	accessWords = []string{"everybody", "involved"}
)

// checkAccess reports every entry that gives a right to nobody.
func (l *loader) checkAccess(a Access) {
	for _, right := range incident.Rights() {
		key := "access." + string(right)
		if l.broken(key) {
			continue
		}
		for i, entry := range a.Rights()[right] {
			if what, mend := accessProblem(right, entry); what != "" {
				l.reportItem(key, i, what, mend)
			}
		}
	}
}

// accessProblem says what is wrong with an entry, and how to mend it; empty: nothing.
func accessProblem(right incident.Right, entry string) (what, mend string) {
	const forms = "write everybody, involved, person:ID, team:ID, group:HANDLE or channel:NAME"
	kind, name, named := strings.Cut(entry, ":")
	switch {
	case !named && slices.Contains(accessWords, entry):
		if entry == "involved" && right != incident.ManageRight {
			return "involved says nothing there: it is about one incident", "use it in access.manage"
		}
		return "", ""
	case named && slices.Contains(accessKinds, kind) && strings.TrimSpace(name) != "":
		return "", ""
	case named && slices.Contains(accessKinds, kind):
		return fmt.Sprintf("%q names nobody", entry), forms
	}
	mend = forms
	word, known := entry, accessWords
	if named {
		word, known = kind, accessKinds
	}
	if near := Nearest(word, known); near != "" {
		mend = "did you mean " + strings.Replace(entry, word, near, 1) + "?"
	}
	return fmt.Sprintf("%q is nobody who can have a right", entry), mend
}

// Strangers returns what is wrong with the lists as far as only a roster can tell: the
// people and teams that it does not have, each with the nearest that it has.
func (a Access) Strangers(r *rotation.Roster) Problems {
	var found Problems
	var people, teams []string
	for _, p := range r.People {
		people = append(people, p.ID)
	}
	for _, t := range r.Teams {
		teams = append(teams, t.ID)
	}
	for _, right := range incident.Rights() {
		for i, entry := range a.Rights()[right] {
			kind, name, _ := strings.Cut(entry, ":")
			known := people
			switch {
			case kind == "team":
				known = teams
			case kind != "person" || slackUser(name):
				continue
			}
			if slices.Contains(known, name) {
				continue
			}
			p := Problem{Key: element("access."+string(right), i), What: "the roster has no " + kind + " " + name, Mend: "use an ID of the roster"}
			if near := Nearest(name, known); near != "" {
				p.Mend = "did you mean " + kind + ":" + near + "?"
			}
			found = append(found, p)
		}
	}
	return found
}

// slackUser reports whether a name is the ID of a user of Slack.
func slackUser(name string) bool {
	return len(name) > 6 && strings.ContainsAny(name[:1], "UW") && strings.ToUpper(name) == name
}

// nameList reads a list of words.
func (l *loader) nameList(key string, list *yaml.Node) (words []any, lines []int) {
	for i, n := range list.Content {
		if value, ok := l.scalar(element(key, i), Key{}, resolve(n)); ok {
			words, lines = append(words, strings.TrimSpace(value)), append(lines, n.Line)
		}
	}
	return words, lines
}

// splitNames reads words from one text, separated by commas.
func splitNames(s string) []any {
	var words []any
	for word := range strings.SplitSeq(s, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}
