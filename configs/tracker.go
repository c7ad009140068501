package configs

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/rotation"
)

// Tracker is a project in which follow-ups can be opened as issues.
type Tracker struct {
	Name      string   `mapstructure:"name"`       // unique; the kind where the configuration gives none
	Kind      string   `mapstructure:"kind"`       // github, gitlab, jira or linear
	BaseURL   string   `mapstructure:"base_url"`   // without a slash at the end; empty: the provider's own
	Project   string   `mapstructure:"project"`    // GitHub: owner/repository; GitLab: path or number; Jira: key; Linear: the team's key or ID
	User      string   `mapstructure:"user"`       // Jira Cloud: the mail address of the token's account
	Token     Secret   `mapstructure:"token"`      //
	IssueType string   `mapstructure:"issue_type"` // Jira; empty: Task
	Teams     []string `mapstructure:"teams"`      // whose follow-ups go there, by ID; none: those of the teams that no tracker names
	Export    string   `mapstructure:"export"`     // ask or always
}

// trackerKinds are the kinds of trackers, and how each names a project.
var trackerKinds = map[string]struct {
	project *pattern.Pattern
	form    string
}{
	"github": {pattern.New(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`), "write OWNER/REPOSITORY"},
	"gitlab": {pattern.New(`^([0-9]+|[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+)$`), "write the project's path, as in group/app, or its number in quotes"},
	"jira":   {pattern.New(`^[A-Z][A-Z0-9_]*$`), "write the project's key, as in OPS"},
	"linear": {pattern.New(`^([A-Za-z0-9]{1,10}|(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`), "write the team's key, as in ENG, or its ID"},
}

var trackerName = pattern.New(`^[a-z0-9][a-z0-9-]{0,31}$`)

const trackersKey = "trackers"

// trackerParts are the keys of one tracker.
var trackerParts = map[string]Key{"name": {}, "kind": {}, "base_url": {}, "project": {}, "user": {}, "token": {Secret: true}, "token_file": {}, "issue_type": {}, "teams": {kind: names}, "export": {}}

// parts are the keys of one group of a list, an example of them, and what is done instead of
// setting the list by a variable.
type parts struct {
	keys             map[string]Key
	example, instead string
}

// groupParts are those of each list of groups.
var groupParts = map[string]parts{
	trackersKey:  {trackerParts, "write kind:, project: and token:", "write it into the configuration file; a token can be in a file of its own"},
	templatesKey: {templateParts, "write file:, and severity: or service: where it is not for all", "write it into the configuration file"},
}

// groupList reads a list of groups.
func (l *loader) groupList(key string, list *yaml.Node) (groups []any, lines []int) {
	p := groupParts[key]
	for i, n := range list.Content {
		n = resolve(n)
		where, item := element(key, i), map[string]any{}
		if n.Kind == yaml.MappingNode {
			l.group(where, p.keys, n, item)
		} else {
			l.at(n, where, "needs a group of keys, not "+describe(n), p.example)
		}
		groups, lines = append(groups, item), append(lines, n.Line)
	}
	return groups, lines
}

// group reads one group into item.
func (l *loader) group(where string, parts map[string]Key, n *yaml.Node, item map[string]any) {
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], resolve(n.Content[i+1])
		key := join(where, name.Value)
		part, known := parts[name.Value]
		_, twice := l.settings[key]
		l.settings[key] = setting{line: name.Line} // without a value, which the list has
		switch {
		case !known:
			delete(l.settings, key)
			l.unknownGroupPart(where, parts, name)
		case twice:
			l.at(name, key, "given twice", "keep one of the two")
		case part.kind == names && value.Kind == yaml.SequenceNode:
			item[name.Value], _ = l.nameList(key, value)
		default:
			text, ok := l.scalar(key, part, value)
			switch {
			case !ok:
			case part.kind == names:
				item[name.Value] = splitNames(text)
			default:
				item[name.Value] = strings.TrimSpace(text)
			}
		}
	}
	l.trackerToken(where, item)
}

// trackerToken reads the token's file, if it has one.
func (l *loader) trackerToken(where string, item map[string]any) {
	path, ok := item["token_file"]
	if delete(item, "token_file"); !ok {
		return
	}
	key := join(where, "token"+twin)
	if _, both := item["token"]; both {
		l.report(key, "token is set as well", "keep one of the two")
		return
	}
	if token, ok := l.readSecret(key, setting{value: path, line: l.settings[key].line}); ok {
		item["token"] = token
	}
}

// unknownGroupPart reports a key of a group that is not known. Its name is shown only
// where it is a typo: a token may stand in its place.
func (l *loader) unknownGroupPart(where string, parts map[string]Key, name *yaml.Node) {
	near := Nearest(name.Value, slices.Sorted(maps.Keys(parts)))
	if near == "" {
		l.at(name, where, "it has a key that is not known", "use "+strings.Join(slices.Sorted(maps.Keys(parts)), ", "))
		return
	}
	l.at(name, join(where, name.Value), "there is no such key", "did you mean "+near+"?")
}

// normaliseTrackers fills in what need not be written.
func normaliseTrackers(list []Tracker) {
	for i := range list {
		t := &list[i]
		if t.Name == "" {
			t.Name = t.Kind
		}
		if t.Export == "" {
			t.Export = "ask"
		}
		t.BaseURL = strings.TrimRight(t.BaseURL, "/")
	}
}

// checkTrackers reports every tracker that cannot work.
func (l *loader) checkTrackers(list []Tracker) {
	for i, t := range list {
		where := element(trackersKey, i)
		if slices.ContainsFunc(l.problems, func(p Problem) bool { return p.Key == where || strings.HasPrefix(p.Key, where+".") }) {
			continue // what could not be read
		}
		kind, known := trackerKinds[t.Kind]
		if !known {
			l.trackerReport(where, "kind", fmt.Sprintf("%q is none of its values", t.Kind), "use github, gitlab, jira or linear")
			continue
		}
		if !trackerName.MatchString(t.Name) {
			l.trackerReport(where, "name", "it is no name for a tracker", "use up to 32 lower-case letters, digits and -")
		} else if slices.ContainsFunc(list[:i], func(o Tracker) bool { return o.Name == t.Name }) {
			l.trackerReport(where, "name", fmt.Sprintf("an earlier tracker has the name %q", t.Name), "give each its own name")
		}
		if !kind.project.MatchString(t.Project) {
			l.trackerReport(where, "project", "this names no project", kind.form)
		}
		if t.Export != "ask" && t.Export != "always" {
			l.trackerReport(where, "export", fmt.Sprintf("%q is none of its values", t.Export), "use ask or always")
		}
		l.checkTrackerAccess(where, t)
	}
}

// checkTrackerAccess reports what is wrong with how a tracker is reached.
func (l *loader) checkTrackerAccess(where string, t Tracker) {
	u, err := url.Parse(t.BaseURL)
	switch {
	case t.BaseURL == "" && t.Kind == "jira":
		l.trackerReport(where, "base_url", "it is missing", "write the address of your Jira, such as https://example.atlassian.net")
	case t.BaseURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == ""):
		l.trackerReport(where, "base_url", "this is not a web address", "write it whole, beginning with https:// or http://")
	case t.BaseURL != "" && (u.RawQuery != "" || u.Fragment != "" || u.User != nil):
		l.trackerReport(where, "base_url", "it has more in it than an address", "leave out names, a question mark and a #")
	}
	if t.Kind != "jira" && t.User != "" {
		l.trackerReport(where, "user", "only Jira Cloud needs it", "take it out")
	}
	if t.Kind != "jira" && t.IssueType != "" {
		l.trackerReport(where, "issue_type", "only Jira has issue types", "take it out")
	}
	token := t.Token.Reveal()
	switch {
	case token == "":
		l.trackerReport(where, "token", "it is missing", "make a token for an account of the bot's own, and write token: or token_file:")
	case isPlaceholder(token):
		l.trackerReport(where, "token", "this is a placeholder", "put the real one in its place, or take the tracker out")
	case strings.ContainsFunc(token, outsideHeader):
		l.trackerReport(where, "token", "there is white space or an unusual character in it", "paste it again, in one line")
	case strings.ContainsFunc(t.User, outsideHeader) || strings.Contains(t.User, ":"):
		l.trackerReport(where, "user", "this is no mail address", "write that of the token's account")
	}
}

// trackerReport is report for a part of a tracker: where it was written, or else where
// its tracker begins.
func (l *loader) trackerReport(where, part, what, mend string) {
	key := join(where, part)
	if _, written := l.settings[key]; !written {
		if _, file := l.settings[key+twin]; !file {
			i := 0
			_, _ = fmt.Sscanf(where, trackersKey+"[%d]", &i)
			if items := l.settings[trackersKey].items; i < len(items) {
				l.settings[key] = setting{line: items[i]}
			}
		}
	}
	l.report(key, what, mend)
}

// Strangers returns the teams of trackers that the roster does not have, each with the
// nearest that it has.
func (c *Config) Strangers(r *rotation.Roster) Problems {
	var known []string
	for _, t := range r.Teams {
		known = append(known, t.ID)
	}
	found := append(c.Access.Strangers(r), c.Postmortem.strangers(r)...)
	for i, t := range c.Trackers {
		for k, team := range t.Teams {
			if slices.Contains(known, team) {
				continue
			}
			p := Problem{Key: element(join(element(trackersKey, i), "teams"), k), What: "the roster has no team " + team, Mend: "use an ID of the roster"}
			if near := Nearest(team, known); near != "" {
				p.Mend = "did you mean " + near + "?"
			}
			found = append(found, p)
		}
	}
	return found
}
