package tracker

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// linear is a team at Linear, by GraphQL.
type linear struct {
	client
	team string // as configured: its key, as in ENG, or its ID

	mu sync.Mutex
	id string // of the team, once it is known
}

func newLinear(c client, o Options) *linear {
	token := string(o.Token)
	if !strings.HasPrefix(token, "lin_api_") { // of an OAuth application; an API key is sent as it is
		token = "Bearer " + token
	}
	c.headers = map[string]string{"Authorization": token}
	l := &linear{client: c, team: o.Project}
	if isUUID.MatchString(o.Project) {
		l.id = o.Project
	}
	return l
}

var isUUID = pattern.New(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// ask performs one query. Most failures come with status 200 or 400 and say in the
// answer what they are.
func (l *linear) ask(ctx context.Context, query string, variables map[string]any, data any) error {
	a, err := l.post(ctx, l.path(nil), map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	reply := struct {
		Data   json.RawMessage `json:"data"`
		Errors []linearError   `json:"errors"`
	}{}
	if err := json.Unmarshal(a.body, &reply); err != nil || len(reply.Errors) == 0 {
		if !a.ok() {
			return l.statusError(a)
		}
		if err != nil {
			return l.garbled()
		}
		return l.read(answer{body: reply.Data}, data)
	}
	return l.fails(a, reply.Errors[0])
}

type linearError struct {
	Message    string `json:"message"`
	Extensions struct {
		Code string `json:"code"`
		Type string `json:"type"`
	} `json:"extensions"`
}

// notFound reports whether an error says that there is nothing of that ID.
func (e linearError) notFound() bool { return strings.Contains(e.Message, "Entity not found") }

// fails returns what an error in an answer means. What it says in words is not passed
// on: it repeats what was sent.
func (l *linear) fails(a answer, first linearError) *Error {
	code := strings.ToUpper(first.Extensions.Code)
	kind := strings.ToLower(first.Extensions.Type)
	e := &Error{Title: l.title, RetryAfter: a.retryAfter}
	switch {
	case code == "RATELIMITED" || a.status == 429 || strings.Contains(kind, "ratelimit"):
		e.Kind, e.Cause = Busy, "asked too often"
		if e.RetryAfter == 0 {
			e.RetryAfter = untilMilliseconds(a.header.Get("X-RateLimit-Requests-Reset"), time.Now())
		}
		if e.RetryAfter == 0 {
			e.RetryAfter = time.Minute
		}
	case code == "AUTHENTICATION_ERROR" || strings.Contains(kind, "authentication") || a.status == 401:
		e.Kind, e.Cause = Misconfigured, "the token is not accepted"
	case code == "FORBIDDEN" || strings.Contains(kind, "forbidden") || a.status == 403:
		e.Kind, e.Cause = Misconfigured, "the token may not do that"
	case first.notFound():
		e.Kind, e.Cause = Misconfigured, "there is no such team, or the token may not see it"
	case code == "INTERNAL_SERVER_ERROR" || strings.Contains(kind, "internal") || a.status >= 500:
		e.Kind, e.Cause, e.Doubtful = Unavailable, "the server is failing", true
	default:
		e.Kind, e.Cause = Refused, "the request is refused"
	}
	return e
}

// untilMilliseconds is untilUnix of an instant in milliseconds.
func untilMilliseconds(header string, now time.Time) time.Duration {
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil {
		return 0
	}
	return untilUnix(strconv.FormatInt((n+999)/1000, 10), now)
}

type linearIssue struct {
	ID         string `json:"id"`
	Identifier string `json:"identifier"`
	URL        string `json:"url"`
	Trashed    bool   `json:"trashed"`
	State      struct {
		Name string `json:"name"`
		Type string `json:"type"`
	} `json:"state"`
}

func (i linearIssue) named() bool { return isName(i.Identifier) && isName(i.ID) }

func (i linearIssue) ref() Ref { return Ref{Key: i.Identifier, ID: i.ID, URL: page(i.URL)} }

// Open names the issue itself: a second one of the same ID is refused by Linear, so
// there is never a double.
func (l *linear) Open(ctx context.Context, i Issue) (Ref, error) {
	team, err := l.teamID(ctx)
	if err != nil {
		return Ref{}, err
	}
	const query = `mutation Open($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier url } } }`
	input := map[string]any{"id": i.ID, "teamId": team, "title": i.title(), "description": i.markdown(i.signature())}
	made := struct {
		IssueCreate struct {
			Success bool         `json:"success"`
			Issue   *linearIssue `json:"issue"`
		} `json:"issueCreate"`
	}{}
	if err := l.ask(ctx, query, map[string]any{"input": input}, &made); err != nil {
		return Ref{}, err
	}
	if !made.IssueCreate.Success || made.IssueCreate.Issue == nil || !made.IssueCreate.Issue.named() {
		return Ref{}, &Error{Title: l.title, Kind: Refused, Cause: "the issue was not taken", Doubtful: true}
	}
	return made.IssueCreate.Issue.ref(), nil
}

// teamID returns the ID of the configured team, which it asks for once.
func (l *linear) teamID(ctx context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.id != "" {
		return l.id, nil
	}
	const query = `query Team($key: String!) { teams(filter: { key: { eqIgnoreCase: $key } }, first: 2) { nodes { id } } }`
	found := struct {
		Teams struct {
			Nodes []struct {
				ID string `json:"id"`
			} `json:"nodes"`
		} `json:"teams"`
	}{}
	if err := l.ask(ctx, query, map[string]any{"key": l.team}, &found); err != nil {
		return "", err
	}
	if len(found.Teams.Nodes) != 1 {
		return "", &Error{Title: l.title, Kind: Misconfigured, Cause: "there is no such team, or the token may not see it"}
	}
	l.id = found.Teams.Nodes[0].ID
	return l.id, nil
}

func (l *linear) Find(ctx context.Context, id string, _ time.Time) (Ref, bool, error) {
	list, err := l.issues(ctx, []string{id})
	if err != nil || len(list) == 0 || !list[0].named() {
		return Ref{}, false, err
	}
	return list[0].ref(), true, nil
}

// issues returns those of the IDs that there are, archived ones too.
func (l *linear) issues(ctx context.Context, ids []string) ([]linearIssue, error) {
	const query = `query Issues($ids: [ID!]!) { issues(filter: { id: { in: $ids } }, first: 100, includeArchived: true) { nodes { id identifier url trashed state { name type } } } }`
	found := struct {
		Issues struct {
			Nodes []linearIssue `json:"nodes"`
		} `json:"issues"`
	}{}
	err := l.ask(ctx, query, map[string]any{"ids": ids}, &found)
	return found.Issues.Nodes, err
}

// States asks for a hundred issues at once, by their IDs: their keys change with the
// team.
func (l *linear) States(ctx context.Context, refs []Ref) (map[string]State, error) {
	states := map[string]State{}
	for some := range slices.Chunk(refs, 100) {
		var ids []string
		for _, r := range some {
			if r.ID != "" { // otherwise of another kind of tracker, which had this name before
				ids = append(ids, r.ID)
			}
		}
		byID := map[string]State{}
		if len(ids) > 0 {
			list, err := l.issues(ctx, ids)
			if err != nil {
				return states, err
			}
			for _, i := range list {
				byID[i.ID] = i.state()
			}
		}
		for _, r := range some {
			s, found := byID[r.ID]
			if !found {
				s = State{Gone: true}
			}
			states[r.Key] = s
		}
	}
	return states, nil
}

func (i linearIssue) state() State {
	switch {
	case i.Trashed:
		return State{Gone: true}
	case i.State.Type == "completed":
		return State{Closed: true}
	case i.State.Type == "canceled" || i.State.Type == "duplicate":
		return State{Closed: true, Dropped: true, Reason: cut(plainWord(i.State.Name), 60)}
	}
	return State{}
}

func (l *linear) Check(ctx context.Context) error {
	if _, err := l.teamID(ctx); err != nil {
		return err
	}
	const query = `query Team($id: String!) { team(id: $id) { id } }`
	return l.ask(ctx, query, map[string]any{"id": l.id}, &struct{}{})
}
