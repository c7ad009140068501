package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/rotation"
)

// TestTrackers reads where follow-ups can be opened.
func TestTrackers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stormbell.yaml")
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "jira-token"), []byte("jt-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := os.WriteFile(file, []byte(tokens+`trackers:
  - {kind: github, project: octo/app, token: gt-1}
  - name: ops
    kind: jira
    base_url: https://x.atlassian.net/
    project: OPS
    user: bot@example.com
    token_file: jira-token
    issue_type: Bug
    teams: [sre, platform]
    export: always
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Tracker{
		{Name: "github", Kind: "github", Project: "octo/app", Token: NewSecret("gt-1"), Export: "ask"},
		{Name: "ops", Kind: "jira", BaseURL: "https://x.atlassian.net", Project: "OPS", User: "bot@example.com", Token: NewSecret("jt-1"),
			IssueType: "Bug", Teams: []string{"sre", "platform"}, Export: "always"},
	}
	if diff := cmp.Diff(want, c.Trackers, compare); diff != "" {
		t.Errorf("Trackers (-want +got):\n%s", diff)
	}
	r := &rotation.Roster{Teams: []rotation.Team{{ID: "sre"}, {ID: "platforms"}}}
	if got, want := c.Strangers(r).Error(), "trackers[1].teams[1]: the roster has no team platform; did you mean platforms?"; got != want {
		t.Errorf("Strangers() = %q, want %q", got, want)
	}
}

// TestTrackerProblems says of each mistake where it is and how it is mended, and shows no
// token.
func TestTrackerProblems(t *testing.T) {
	const ok, gitHub = "kind: github, project: o/a, token: tk-s3cret", "trackers:\n  - {kind: github, project: o/a, token: tk-s3cret}\n"
	for yaml, want := range map[string]string{
		"trackers: x\n":   "FILE:3: trackers: needs a list, not a text; begin each with a dash, as stormbell.example.yaml shows",
		"trackers: [x]\n": "FILE:3: trackers[0]: needs a group of keys, not a text; write kind:, project: and token:",
		"trackers:\n  - kind: githup\n    project: o/a\n":                              `FILE:4: trackers[0].kind: "githup" is none of its values; use github, gitlab, jira or linear`,
		"trackers:\n  - {project: o/a, token: x}\n":                                    `FILE:4: trackers[0].kind: "" is none of its values; use github, gitlab, jira or linear`,
		"trackers:\n  - kind: github\n    project: a\n    token: x\n":                  "FILE:5: trackers[0].project: this names no project; write OWNER/REPOSITORY",
		"trackers:\n  - {" + ok + ", export: never}\n":                                 `FILE:4: trackers[0].export: "never" is none of its values; use ask or always`,
		"trackers:\n  - {" + ok + ", user: a@b}\n":                                     "FILE:4: trackers[0].user: only Jira Cloud needs it; take it out",
		"trackers:\n  - {" + ok + ", issue_type: Bug}\n":                               "FILE:4: trackers[0].issue_type: only Jira has issue types; take it out",
		"trackers:\n  - {" + ok + ", base_url: git.example}\n":                         "FILE:4: trackers[0].base_url: this is not a web address; write it whole, beginning with https:// or http://",
		"trackers:\n  - {" + ok + ", base_url: 'https://a:b@c'}\n":                     "FILE:4: trackers[0].base_url: it has more in it than an address; leave out names, a question mark and a #",
		"trackers:\n  - {" + ok + ", name: A/B}\n":                                     "FILE:4: trackers[0].name: it is no name for a tracker; use up to 32 lower-case letters, digits and -",
		gitHub + "  - {" + ok + "}\n":                                                  `FILE:5: trackers[1].name: an earlier tracker has the name "github"; give each its own name`,
		"trackers:\n  - {kind: github, project: o/a}\n":                                "FILE:4: trackers[0].token: it is missing; make a token for an account of the bot's own, and write token: or token_file:",
		"trackers:\n  - {kind: github, project: o/a, token: 'tk s3cret'}\n":            "FILE:4: trackers[0].token: there is white space or an unusual character in it; paste it again, in one line",
		"trackers:\n  - {kind: github, project: o/a, token: your-token}\n":             "FILE:4: trackers[0].token: this is a placeholder; put the real one in its place, or take the tracker out",
		"trackers:\n  - {kind: github, project: o/a, token: x, token_file: y}\n":       "FILE:4: trackers[0].token_file: token is set as well; keep one of the two",
		"trackers:\n  - kind: github\n    project: o/a\n    token_file: none\n":        "FILE:6: trackers[0].token_file: cannot read DIR/none: there is no such file; check the path and who may read it",
		"trackers:\n  - {kind: jira, project: OPS, token: x}\n":                        "FILE:4: trackers[0].base_url: it is missing; write the address of your Jira, such as https://example.atlassian.net",
		"trackers:\n  - {kind: jira, base_url: 'https://x', project: ops, token: x}\n": "FILE:4: trackers[0].project: this names no project; write the project's key, as in OPS",
		"trackers:\n  - {kind: gitlab, project: 7, token: x}\n":                        `FILE:4: trackers[0].project: needs text, not the number 7; put it in quotes: "7"`,
		"trackers:\n  - {kind: gitlab, project: '7', projct: x, token: x}\n":           "FILE:4: trackers[0].projct: there is no such key; did you mean project?",
		"trackers:\n  - {kind: gitlab, project: '7', tk-s3cret: }\n":                   "FILE:4: trackers[0]: it has a key that is not known; use base_url, export, issue_type, kind, name, project, teams, token, token_file, user",
	} {
		checkProblems(t, tokens+yaml, nil, want)
		if _, err := Load(write(t, tokens+yaml), nil); err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v shows a secret", yaml, err)
		}
	}
	checkProblems(t, tokens, []string{"STORMBELL_TRACKERS=github"}, "STORMBELL_TRACKERS: trackers: it cannot be set by a variable; write it into the configuration file; a token can be in a file of its own")
}
