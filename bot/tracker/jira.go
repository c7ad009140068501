package tracker

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// jira is a project in Jira. Cloud takes a mail address with its token, speaks version
// 3, whose texts are documents, and has calls for many issues at once. Data Center takes
// a personal access token alone and speaks version 2, whose texts are wiki notation.
type jira struct {
	client
	cloud              bool
	project, issueType string
}

func newJira(c client, o Options) *jira {
	j := &jira{c, o.User != "", o.Project, o.IssueType}
	if j.issueType == "" {
		j.issueType = "Task"
	}
	token := "Bearer " + string(o.Token)
	if j.cloud {
		token = "Basic " + base64.StdEncoding.EncodeToString([]byte(o.User+":"+string(o.Token)))
	}
	j.headers = map[string]string{"Authorization": token}
	j.nobody = takenForNobody
	return j
}

// takenForNobody reports whether Jira says that it answers as if nobody had signed in. It
// may do so with status 200 or 404 when a token has expired: what nobody may see is then
// not there.
func takenForNobody(h http.Header) bool {
	reason := h.Get("X-Seraph-LoginReason")
	return strings.Contains(reason, "AUTHENTICATED_FAILED") || strings.Contains(reason, "AUTHENTICATION_DENIED")
}

// at is the address of a resource.
func (j *jira) at(query url.Values, parts ...string) string {
	version := "2"
	if j.cloud {
		version = "3"
	}
	return j.path(query, append([]string{"rest", "api", version}, parts...)...)
}

func (j *jira) ref(key string) Ref {
	return Ref{Key: key, URL: j.path(nil, "browse", key)}
}

// fails returns what an answer means. A field that is refused is named, since only who
// administers the project can do something about it; what the field holds is not said.
func (j *jira) fails(a answer) *Error {
	e := j.statusError(a)
	said := struct {
		Errors map[string]string `json:"errors"`
	}{}
	if a.status != http.StatusBadRequest || json.Unmarshal(a.body, &said) != nil || len(said.Errors) == 0 {
		return e
	}
	var fields []string
	for name := range said.Errors {
		fields = append(fields, cut(plainWord(name), 40))
	}
	slices.Sort(fields)
	e.Kind, e.Cause = Misconfigured, "the project or its issue type "+plainWord(j.issueType)+" does not take an issue like this: look at "+strings.Join(fields[:min(len(fields), 5)], ", ")+" (400)"
	return e
}

// plainWord keeps of a name what cannot be more than a name.
func plainWord(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>&*`~\n\r|@", r) {
			return -1
		}
		return r
	}, s)
}

func (j *jira) Open(ctx context.Context, i Issue) (Ref, error) {
	fields := map[string]any{
		"project":   map[string]string{"key": j.project},
		"issuetype": map[string]string{"name": j.issueType},
		"summary":   i.title(), "description": i.wiki(),
	}
	if j.cloud {
		fields["description"] = i.document()
	}
	a, err := j.post(ctx, j.at(nil, "issue"), map[string]any{"fields": fields})
	if err != nil {
		return Ref{}, err
	}
	if a.status != http.StatusCreated {
		return Ref{}, j.fails(a)
	}
	made := jiraIssue{}
	if err := j.read(a, &made); err != nil {
		return Ref{}, err
	}
	if !isName(made.Key) {
		return Ref{}, j.garbled()
	}
	return j.ref(made.Key), nil
}

type jiraIssue struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Description json.RawMessage `json:"description"`
		Status      struct {
			Name     string `json:"name"`
			Category struct {
				Key string `json:"key"` // new, indeterminate or done, in every language
			} `json:"statusCategory"`
		} `json:"status"`
		Resolution *struct {
			Name string `json:"name"`
		} `json:"resolution"`
	} `json:"fields"`
}

// Find searches by time and looks at the texts itself: a search for words depends on
// how Jira cuts them. Even so, Cloud finds a new issue some seconds late.
func (j *jira) Find(ctx context.Context, id string, since time.Time) (Ref, bool, error) {
	// Minutes ago, since a time of day would be read in the zone of the token's account.
	minutes := int(time.Since(since)/time.Minute) + 5
	jql := fmt.Sprintf(`project = "%s" AND created >= -%dm ORDER BY created DESC`, strings.ReplaceAll(j.project, `"`, ""), max(minutes, 5))
	body := map[string]any{"jql": jql, "maxResults": 100, "fields": []string{"description"}}
	search := []string{"search"}
	if j.cloud {
		search = append(search, "jql") // the older search is gone from Cloud
	}
	for range findPages {
		a, err := j.post(ctx, j.at(nil, search...), body)
		if err != nil {
			return Ref{}, false, err
		}
		if !a.ok() {
			return Ref{}, false, j.fails(a)
		}
		found := struct {
			Issues []jiraIssue `json:"issues"`
			Next   string      `json:"nextPageToken"`
		}{}
		if err := j.read(a, &found); err != nil {
			return Ref{}, false, err
		}
		for _, i := range found.Issues {
			if bytes.Contains(i.Fields.Description, []byte(id)) && isName(i.Key) {
				return j.ref(i.Key), true, nil
			}
		}
		if found.Next == "" {
			break
		}
		body["nextPageToken"] = found.Next
	}
	return Ref{}, false, nil
}

// States asks for a hundred issues at once in Cloud, and for one after another in Data
// Center, where one deleted issue would make a search for many fail.
func (j *jira) States(ctx context.Context, refs []Ref) (map[string]State, error) {
	if !j.cloud {
		return j.statesEach(ctx, refs)
	}
	states := map[string]State{}
	for some := range slices.Chunk(refs, 100) {
		if err := j.statesOf(ctx, some, states); err != nil {
			return states, err
		}
	}
	return states, nil
}

// statesOf adds how up to a hundred issues stand. One that was moved answers with its new
// key, and one that Jira cannot tell just now not at all: these are asked for alone.
func (j *jira) statesOf(ctx context.Context, some []Ref, states map[string]State) error {
	var keys []string
	for _, r := range some {
		keys = append(keys, r.Key)
	}
	a, err := j.post(ctx, j.at(nil, "issue", "bulkfetch"), map[string]any{"issueIdsOrKeys": keys, "fields": []string{"status", "resolution"}})
	if err != nil {
		return err
	}
	if !a.ok() {
		return j.fails(a)
	}
	found := struct {
		Issues []jiraIssue       `json:"issues"`
		Errors []json.RawMessage `json:"issueErrors"`
	}{}
	if err := j.read(a, &found); err != nil {
		return err
	}
	for _, i := range found.Issues {
		if slices.Contains(keys, i.Key) {
			states[i.Key] = i.state()
		}
	}
	var missing []Ref
	for _, r := range some {
		if _, known := states[r.Key]; !known {
			missing = append(missing, r)
		}
	}
	if len(found.Issues) == 0 && len(found.Errors) == 0 {
		for _, r := range missing {
			states[r.Key] = State{Gone: true}
		}
		return nil
	}
	alone, err := j.statesEach(ctx, missing)
	maps.Copy(states, alone)
	if e := (*Error)(nil); !errors.As(err, &e) || e.Retryable() || len(found.Issues) == 0 {
		return err
	}
	for _, r := range missing { // all of these are kept from us, and others are not
		states[r.Key] = State{Gone: true}
	}
	return nil
}

// statesEach asks for one issue after another.
func (j *jira) statesEach(ctx context.Context, refs []Ref) (map[string]State, error) {
	return each(refs, Ref.name, func(r Ref) (State, error) {
		a, err := j.get(ctx, j.at(url.Values{"fields": {"status,resolution"}}, "issue", r.Key))
		switch {
		case err != nil:
			return State{}, err
		case a.status == http.StatusNotFound:
			return State{Gone: true}, nil
		case !a.ok():
			return State{}, j.fails(a)
		}
		var i jiraIssue
		if err := j.read(a, &i); err != nil {
			return State{}, err
		}
		return i.state(), nil
	})
}

// against are the words by which a resolution, or a status, says that something will not
// be done. A project may have its own names; one that is none of these counts as done.
var against = []string{"won't", "wont ", "will not", "not do", "declined", "rejected", "abandoned", "cancel", "duplicate", "cannot reproduce",
	"can't reproduce", "invalid", "not a bug", "obsolete", "withdrawn", "out of scope"}

func (i jiraIssue) state() State {
	if i.Fields.Status.Category.Key != "done" {
		return State{}
	}
	names := []string{i.Fields.Status.Name}
	if i.Fields.Resolution != nil {
		names = append([]string{i.Fields.Resolution.Name}, names...)
	}
	for _, name := range names {
		plain := strings.ToLower(strings.ReplaceAll(name, "’", "'"))
		if slices.ContainsFunc(against, func(word string) bool { return strings.Contains(plain, word) }) {
			return State{Closed: true, Dropped: true, Reason: cut(plainWord(name), 60)}
		}
	}
	return State{Closed: true}
}

func (j *jira) Check(ctx context.Context) error {
	a, err := j.get(ctx, j.at(nil, "project", j.project))
	if err != nil {
		return err
	}
	if !a.ok() {
		return j.fails(a)
	}
	project := struct {
		Types []struct {
			Name string `json:"name"`
		} `json:"issueTypes"`
	}{}
	if err := j.read(a, &project); err != nil {
		return err
	}
	var names []string
	for _, t := range project.Types {
		if strings.EqualFold(t.Name, j.issueType) {
			return nil
		}
		names = append(names, plainWord(t.Name))
	}
	if len(names) == 0 {
		return nil // not told
	}
	return &Error{Title: j.title, Kind: Misconfigured, Cause: "the project has no issue type " + plainWord(j.issueType) + "; it has " + strings.Join(names[:min(len(names), 12)], ", ")}
}
