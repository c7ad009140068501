package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/stormbell/stormbell/bot/web/openapi"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/rotation"
)

// TestDescriptionOfTheDemonstration: a program that knows nothing but /openapi.json
// asks for everything that can be looked at, and gets what it was told.
func TestDescriptionOfTheDemonstration(t *testing.T) {
	roster, err := rotation.Parse("demo", configs.DemoRoster())
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{roster: roster, text: roster.Export()}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.open(t.Context(), demoOptions{listen: "127.0.0.1:0"}, t.TempDir(), zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	ask := func(path string) (status int, kind string, body []byte) {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		if path != "/openapi.json" {
			q.Header.Set("Authorization", "Bearer demo")
		}
		rec := httptest.NewRecorder()
		d.bot.server.Handler().ServeHTTP(rec, q)
		kind, _, _ = strings.Cut(rec.Header().Get("Content-Type"), ";")
		return rec.Code, kind, rec.Body.Bytes()
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
