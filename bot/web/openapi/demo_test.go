package openapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stormbell/stormbell/bot/web/openapi"
)

// demonstration builds the program, starts its demonstration, and returns where the bot
// answers.
func demonstration(t *testing.T) (address string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stormbell")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../../cmd/stormbell").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	demo := exec.CommandContext(t.Context(), program, "demo", "--listen", "127.0.0.1:0")
	demo.Stderr = os.Stderr
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = demo.Wait() }) // it is killed at the end of the test
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at := regexp.MustCompile(`^ *bot +(http://[^/]+)/readyz`).FindStringSubmatch(lines.Text()); at != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return at[1]
		}
	}
	t.Fatalf("the demonstration does not say where it is: %v", lines.Err())
	return ""
}

// TestDescriptionOfTheDemonstration: a program that knows nothing but /openapi.json
// asks for everything that can be looked at, and gets what it was told.
func TestDescriptionOfTheDemonstration(t *testing.T) {
	if os.Getenv("EVERY_CASE") == "" {
		t.Skip("it builds the program, and runs in CI; run it with EVERY_CASE=1")
	}
	address := demonstration(t)
	ask := func(path string) (status int, kind string, body []byte) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if path != "/openapi.json" {
			q.Header.Set("Authorization", "Bearer demo")
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err = io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		kind, _, _ = strings.Cut(resp.Header.Get("Content-Type"), ";")
		return resp.StatusCode, kind, body
	}

	_, _, text := ask("/openapi.json")
	var described openapi.Document
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	schemas := jsonschema.NewCompiler()
	schemas.AssertFormat()
	if err := schemas.AddResource("http://bell.test/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	const period = "from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z"
	queries := map[string][]string{
		"/v1/incidents": {"?all=true"}, "/v1/followups": {"", "?all=true"}, "/v1/alerts": {"?incident=INC-1"},
		"/v1/oncall/report": {"?" + period}, "/v1/report": {"?" + period}, "/v1/report/{kind}": {"?mean=true&" + period},
		"/v1/incidents/{name}/postmortem": {"?format=json", "?format=html", "?format=markdown", "?format=bundle"},
	}
	asked := 0
	for path, methods := range described.Paths {
		o := methods["get"]
		if o == nil || path == "/ack/{token}" || strings.HasPrefix(path, "/v2/") {
			continue
		}
		more := queries[path]
		if more == nil {
			more = []string{""}
		}
		for _, at := range demoPaths(t, path, o, ask) {
			for _, query := range more {
				asked++
				status, kind, body := ask(at + query)
				media, announced := o.Responses[strconv.Itoa(status)].Content[kind]
				switch {
				case !announced || status != http.StatusOK && !strings.Contains(path, "topics") && !strings.Contains(path, "readyz") && !strings.Contains(path, "files/") && !strings.Contains(path, "tests/"):
					t.Errorf("GET %s%s = %d %s %.200s", at, query, status, kind, body)
				case media.Schema.Ref != "" || media.Schema.AnyOf != nil:
					place := fmt.Sprintf("/paths/%s/get/responses/%d/content/application~1json/schema", strings.ReplaceAll(path, "/", "~1"), status)
					schema, err := schemas.Compile("http://bell.test/openapi.json#" + (&url.URL{Fragment: place}).EscapedFragment())
					if err != nil {
						t.Fatal(err)
					}
					value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					if err := schema.Validate(value); err != nil {
						t.Errorf("GET %s%s is not as described: %v", at, query, err)
					}
				}
			}
		}
	}
	if asked < 90 {
		t.Errorf("%d addresses were asked, want every one of every incident", asked)
	}
}

// demoPaths are the addresses of a path for all that the demonstration has.
func demoPaths(t *testing.T, path string, o *openapi.Operation, ask func(string) (int, string, []byte)) []string {
	t.Helper()
	switch {
	case strings.Contains(path, "/v1/incidents/{name}"):
		var list []string
		for n := 1; n <= 12; n++ {
			list = append(list, strings.NewReplacer("{name}", fmt.Sprintf("INC-%d", n), "{entry}", "1", "{file}", "1").Replace(path))
		}
		return list
	case strings.Contains(path, "/v1/followups/{name}"):
		_, _, body := ask("/v1/followups?all=true")
		var list []string
		for _, name := range regexp.MustCompile(`"id":"(INC-\d+-F\d+)"`).FindAllSubmatch(body, -1) {
			list = append(list, strings.Replace(path, "{name}", string(name[1]), 1))
		}
		if len(list) != 24 {
			t.Errorf("the demonstration has %d follow-ups, want 24", len(list))
		}
		return list
	case strings.Contains(path, "{kind}"):
		var list []string
		for _, p := range o.Parameters {
			if p.Name == "kind" {
				for _, kind := range p.Schema.Enum {
					list = append(list, strings.Replace(path, "{kind}", kind, 1))
				}
			}
		}
		return list
	default:
		return []string{strings.Replace(path, "{id}", "none", 1)}
	}
}
