package tracker

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// gitHub is a repository at GitHub or GitHub Enterprise Server, by REST.
type gitHub struct {
	client
	owner, repo string
}

// gitHubVersion is the version of the interface that is spoken.
const gitHubVersion = "2022-11-28"

func newGitHub(c client, o Options) *gitHub {
	c.headers = map[string]string{
		"Authorization":        "Bearer " + string(o.Token),
		"Accept":               "application/vnd.github+json",
		"X-GitHub-Api-Version": gitHubVersion,
	}
	owner, repo, _ := strings.Cut(o.Project, "/")
	return &gitHub{c, owner, repo}
}

type gitHubIssue struct {
	Number      int       `json:"number"`
	HTMLURL     string    `json:"html_url"`
	State       string    `json:"state"`
	StateReason string    `json:"state_reason"`
	Body        string    `json:"body"`
	Created     time.Time `json:"created_at"`
}

func (g *gitHub) ref(i gitHubIssue) Ref {
	return Ref{Key: g.owner + "/" + g.repo + "#" + strconv.Itoa(i.Number), URL: page(i.HTMLURL)}
}

// fails returns what an answer means. A limit is told by the status of a refusal, too,
// and then by the headers or, of the second kind of limit, by the message alone.
func (g *gitHub) fails(a answer) *Error {
	e := g.statusError(a)
	limited := a.retryAfter > 0 || a.header.Get("X-RateLimit-Remaining") == "0" || bytes.Contains(bytes.ToLower(a.body), []byte("rate limit"))
	if a.status != http.StatusTooManyRequests && (a.status != http.StatusForbidden || !limited) {
		if a.status == http.StatusGone {
			e.Cause = "issues are switched off in this repository (410)"
		}
		return e
	}
	e.Kind, e.Cause = Busy, "asked too often ("+strconv.Itoa(a.status)+")"
	if e.RetryAfter == 0 && a.header.Get("X-RateLimit-Remaining") == "0" {
		e.RetryAfter = untilUnix(a.header.Get("X-RateLimit-Reset"), time.Now())
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = time.Minute // at least that, GitHub says, where no header tells
	}
	return e
}

func (g *gitHub) Open(ctx context.Context, i Issue) (Ref, error) {
	body := map[string]string{"title": mentionNobody(i.title()), "body": i.markdown(i.comment())}
	a, err := g.post(ctx, g.path(nil, "repos", g.owner, g.repo, "issues"), body)
	if err != nil {
		return Ref{}, err
	}
	if a.status != http.StatusCreated {
		return Ref{}, g.fails(a)
	}
	var made gitHubIssue
	if err := g.read(a, &made); err != nil {
		return Ref{}, err
	}
	if made.Number == 0 {
		return Ref{}, g.garbled()
	}
	return g.ref(made), nil
}

// findPages is how many pages of a hundred issues are looked through.
const findPages = 3

func (g *gitHub) Find(ctx context.Context, id string, since time.Time) (Ref, bool, error) {
	mark := Issue{ID: id}.comment()
	for n := 1; n <= findPages; n++ {
		query := url.Values{"state": {"all"}, "sort": {"created"}, "direction": {"desc"}, "per_page": {"100"}, "page": {strconv.Itoa(n)}}
		a, err := g.get(ctx, g.path(query, "repos", g.owner, g.repo, "issues"))
		if err != nil {
			return Ref{}, false, err
		}
		if !a.ok() {
			return Ref{}, false, g.fails(a)
		}
		var list []gitHubIssue
		if err := g.read(a, &list); err != nil {
			return Ref{}, false, err
		}
		for _, i := range list {
			if strings.Contains(i.Body, mark) {
				return g.ref(i), true, nil
			}
		}
		if len(list) < 100 || list[len(list)-1].Created.Before(since) {
			break
		}
	}
	return Ref{}, false, nil
}

// States asks for each issue: the list has no filter by numbers. An issue that was
// transferred answers with a redirect on the same server.
func (g *gitHub) States(ctx context.Context, refs []Ref) (map[string]State, error) {
	return each(refs, Ref.name, func(r Ref) (State, error) {
		project, number, _ := strings.Cut(r.Key, "#")
		owner, repo, ok := strings.Cut(project, "/")
		if _, err := strconv.Atoi(number); !ok || err != nil {
			return State{Gone: true}, nil
		}
		a, err := g.get(ctx, g.path(nil, "repos", owner, repo, "issues", number))
		switch {
		case err != nil:
			return State{}, err
		case a.status == http.StatusNotFound || a.status == http.StatusGone:
			return State{Gone: true}, nil
		case !a.ok():
			return State{}, g.fails(a)
		}
		var i gitHubIssue
		if err := g.read(a, &i); err != nil {
			return State{}, err
		}
		return i.state(), nil
	})
}

func (i gitHubIssue) state() State {
	switch {
	case i.State != "closed":
		return State{}
	case i.StateReason == "not_planned":
		return State{Closed: true, Dropped: true, Reason: "not planned"}
	case i.StateReason == "duplicate":
		return State{Closed: true, Dropped: true, Reason: "duplicate"}
	}
	return State{Closed: true}
}

func (g *gitHub) Check(ctx context.Context) error {
	a, err := g.get(ctx, g.path(nil, "repos", g.owner, g.repo))
	if err != nil {
		return err
	}
	if !a.ok() {
		return g.fails(a)
	}
	repo := struct {
		Issues   bool `json:"has_issues"`
		Archived bool `json:"archived"`
	}{}
	if err := g.read(a, &repo); err != nil {
		return err
	}
	switch {
	case repo.Archived:
		return &Error{Title: g.title, Kind: Misconfigured, Cause: "this repository is archived"}
	case !repo.Issues:
		return &Error{Title: g.title, Kind: Misconfigured, Cause: "issues are switched off in this repository"}
	}
	return nil
}
