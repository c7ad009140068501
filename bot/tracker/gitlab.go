package tracker

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// gitLab is a project at GitLab, by REST, version 4.
type gitLab struct {
	client
	project string
}

func newGitLab(c client, o Options) *gitLab {
	c.headers = map[string]string{"Private-Token": string(o.Token)}
	return &gitLab{c, strings.Trim(o.Project, "/")}
}

type gitLabIssue struct {
	IID         int       `json:"iid"`
	WebURL      string    `json:"web_url"`
	State       string    `json:"state"`
	Description string    `json:"description"`
	Created     time.Time `json:"created_at"`
	MovedTo     int       `json:"moved_to_id"`
	References  struct {
		Full string `json:"full"`
	} `json:"references"`
	Links struct {
		DuplicateOf string `json:"closed_as_duplicate_of"`
	} `json:"_links"`
}

func (g *gitLab) ref(i gitLabIssue) Ref {
	key := i.References.Full
	if _, number, ok := strings.Cut(key, "#"); !ok || number != strconv.Itoa(i.IID) || !isName(key) {
		key = g.project + "#" + strconv.Itoa(i.IID)
	}
	return Ref{Key: key, URL: page(i.WebURL)}
}

func (g *gitLab) fails(a answer) *Error {
	e := g.statusError(a)
	if e.Kind == Busy && e.RetryAfter == 0 {
		e.RetryAfter = untilUnix(a.header.Get("RateLimit-Reset"), time.Now())
	}
	return e
}

func (g *gitLab) Open(ctx context.Context, i Issue) (Ref, error) {
	body := map[string]string{"title": mentionNobody(i.title()), "description": i.markdown(i.comment())}
	a, err := g.post(ctx, g.path(nil, "projects", g.project, "issues"), body)
	if err != nil {
		return Ref{}, err
	}
	if a.status != http.StatusCreated {
		return Ref{}, g.fails(a)
	}
	var made gitLabIssue
	if err := g.read(a, &made); err != nil {
		return Ref{}, err
	}
	if made.IID == 0 {
		return Ref{}, g.garbled()
	}
	return g.ref(made), nil
}

// list returns the issues of a project that a query finds, a hundred at most.
func (g *gitLab) list(ctx context.Context, project string, query url.Values) ([]gitLabIssue, error) {
	query.Set("per_page", "100")
	query.Set("scope", "all")
	a, err := g.get(ctx, g.path(query, "projects", project, "issues"))
	if err != nil {
		return nil, err
	}
	if !a.ok() {
		return nil, g.fails(a)
	}
	var list []gitLabIssue
	return list, g.read(a, &list)
}

func (g *gitLab) Find(ctx context.Context, id string, since time.Time) (Ref, bool, error) {
	mark := Issue{ID: id}.comment()
	for n := 1; n <= findPages; n++ {
		list, err := g.list(ctx, g.project, url.Values{"order_by": {"created_at"}, "sort": {"desc"}, "page": {strconv.Itoa(n)},
			"created_after": {since.UTC().Format(time.RFC3339)}})
		if err != nil {
			return Ref{}, false, err
		}
		for _, i := range list {
			if strings.Contains(i.Description, mark) {
				return g.ref(i), true, nil
			}
		}
		if len(list) < 100 {
			break
		}
	}
	return Ref{}, false, nil
}

// States asks for up to fifty issues of a project at once.
func (g *gitLab) States(ctx context.Context, refs []Ref) (map[string]State, error) {
	states := map[string]State{}
	byProject := map[string][]string{}
	for _, r := range refs {
		project, iid, ok := strings.Cut(r.Key, "#")
		if !ok {
			states[r.Key] = State{Gone: true}
			continue
		}
		byProject[project] = append(byProject[project], iid)
	}
	projects := slices.Sorted(maps.Keys(byProject))
	of, err := each(projects, func(p string) string { return p }, func(p string) (State, error) {
		return State{}, g.statesOf(ctx, p, byProject[p], states)
	})
	for project, s := range of {
		for _, iid := range byProject[project] {
			if _, known := states[project+"#"+iid]; !known || s.Gone {
				states[project+"#"+iid] = State{Gone: true}
			}
		}
	}
	return states, err
}

// statesOf adds how issues of a project stand, of those that are found.
func (g *gitLab) statesOf(ctx context.Context, project string, iids []string, states map[string]State) error {
	for some := range slices.Chunk(iids, 50) {
		list, err := g.list(ctx, project, url.Values{"iids[]": some})
		if err != nil {
			return err
		}
		for _, i := range list {
			if slices.Contains(some, strconv.Itoa(i.IID)) {
				states[project+"#"+strconv.Itoa(i.IID)] = i.state()
			}
		}
	}
	return nil
}

// state says how an issue stands. One that was moved is closed here and goes on in
// another project, where this token may see nothing.
func (i gitLabIssue) state() State {
	switch {
	case i.MovedTo != 0:
		return State{Gone: true}
	case i.State != "closed":
		return State{}
	case i.Links.DuplicateOf != "":
		return State{Closed: true, Dropped: true, Reason: "duplicate"}
	}
	return State{Closed: true}
}

func (g *gitLab) Check(ctx context.Context) error {
	a, err := g.get(ctx, g.path(nil, "projects", g.project))
	if err != nil {
		return err
	}
	if !a.ok() {
		return g.fails(a)
	}
	project := struct {
		Archived bool   `json:"archived"`
		Issues   string `json:"issues_access_level"`
	}{}
	if err := g.read(a, &project); err != nil {
		return err
	}
	switch {
	case project.Archived:
		return &Error{Title: g.title, Kind: Misconfigured, Cause: "this project is archived"}
	case project.Issues == "disabled":
		return &Error{Title: g.title, Kind: Misconfigured, Cause: "issues are switched off in this project"}
	}
	return nil
}
