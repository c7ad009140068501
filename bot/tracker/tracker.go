// Package tracker opens issues at GitHub, GitLab, Jira and Linear, and asks how they
// stand, by the HTTP interfaces of these.
//
// Its nouns are the [Tracker], one project of one provider, the [Issue] that it is to
// open and the [Ref] by which that is found again. It knows what providers answer and
// nothing of incidents. It refuses to guess: what it cannot do is an [*Error] with
// words that hold no token, no text of an issue and no address. It carries a token to
// the configured server only, never on to where that sends it.
package tracker

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The kinds of trackers, as the configuration names them.
const (
	GitHub = "github"
	GitLab = "gitlab"
	Jira   = "jira"
	Linear = "linear"
)

// Kinds returns the kinds of trackers there are.
func Kinds() []string { return []string{GitHub, GitLab, Jira, Linear} }

// Title returns the name of a kind as its makers write it.
func Title(kind string) string {
	switch kind {
	case GitHub:
		return "GitHub"
	case GitLab:
		return "GitLab"
	case Jira:
		return "Jira"
	case Linear:
		return "Linear"
	}
	return kind
}

// Tracker is one project of a provider. Its methods may be called concurrently, and
// their errors are *Error unless the context ended.
type Tracker interface {
	// Open opens an issue. An error that is Doubtful says that it may be there all the
	// same: Find tells.
	Open(ctx context.Context, i Issue) (Ref, error)
	// Find returns the issue with that ID, if one was opened since then.
	Find(ctx context.Context, id string, since time.Time) (r Ref, found bool, err error)
	// States returns how issues stand, by their keys. Any number may be asked for.
	States(ctx context.Context, refs []Ref) (map[string]State, error)
	// Check returns nil if issues could be opened, as far as can be told without.
	Check(ctx context.Context) error
}

// Issue is what is to be opened.
type Issue struct {
	// ID is a UUID of version 4 that no other issue has. It is in the issue, so that
	// whoever does not know whether it was opened can see that it was.
	ID    string
	Title string   // plain text in one line; what is too long is cut
	Text  []string // paragraphs of plain text; nothing in them is markup, and nobody is mentioned
}

// Ref is an issue at a provider.
type Ref struct {
	Key string // as people know it: octo/app#12, OPS-12
	ID  string // by which it is asked for, where that is not the key
	URL string // of its page
}

func (r Ref) name() string { return r.Key }

// State is how an issue stands. The zero State is open.
type State struct {
	Closed bool
	// Dropped says of a closed one that it was decided against, and Reason how that was
	// said there, in a word or two.
	Dropped bool
	Reason  string
	// Gone says that there is no such issue, or that it is not to be seen any more.
	Gone bool
}

// Options are what a tracker is told once, at its start.
type Options struct {
	Kind      string
	BaseURL   string // of the provider's interface or pages; empty: the provider's own
	Project   string // GitHub: owner/repository; GitLab: path or number; Jira: key; Linear: the team's key or ID
	User      string // Jira Cloud: the mail address of the token's account; empty: Jira Data Center
	Token     Secret
	IssueType string            // Jira: the name of the issue type; empty: Task
	Transport http.RoundTripper // nil: the default
}

// Secret is a token. However it is printed, it is ***.
type Secret string

// String returns ***, or nothing when it is empty.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString returns ***, so that %#v is safe as well.
func (s Secret) GoString() string { return s.String() }

// Timeout is how long a provider may take to answer.
const Timeout = 20 * time.Second

// ErrOptions is what is wrong with options that name no project anywhere.
var ErrOptions = errors.New("tracker: no such kind, or an address that is none")

// New returns the tracker that o describes. It does not connect.
func New(o Options) (Tracker, error) {
	base, err := Base(o.Kind, o.BaseURL)
	if err != nil {
		return nil, err
	}
	c := client{title: Title(o.Kind), base: base, transport: o.Transport}
	switch o.Kind {
	case GitHub:
		return newGitHub(c, o), nil
	case GitLab:
		return newGitLab(c, o), nil
	case Jira:
		return newJira(c, o), nil
	default:
		return newLinear(c, o), nil
	}
}

// Base returns the address of a provider's interface, given the one that somebody has
// configured: that of the pages will do, too. An empty one is the provider's own.
func Base(kind, configured string) (*url.URL, error) {
	own := map[string]string{GitHub: "https://api.github.com", GitLab: "https://gitlab.com", Jira: "", Linear: "https://api.linear.app/graphql"}
	standard, known := own[kind]
	if configured == "" {
		configured = standard
	}
	u, err := url.Parse(strings.TrimRight(configured, "/"))
	if !known || err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, ErrOptions
	}
	switch {
	case kind == GitHub && u.Host == "github.com":
		u.Host = "api.github.com"
	case kind == GitHub && u.Path == "" && !strings.HasPrefix(u.Host, "api."): // GitHub Enterprise Server
		u = u.JoinPath("api", "v3")
	case kind == GitLab && !strings.HasSuffix(u.Path, "/api/v4"):
		u = u.JoinPath("api", "v4")
	}
	return u, nil
}
