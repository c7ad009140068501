package configs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// app is the part of a manifest without which the bot cannot work.
type app struct {
	Features struct {
		AppHome struct {
			Home     bool `yaml:"home_tab_enabled"`
			Messages bool `yaml:"messages_tab_enabled"`
			ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		Commands []struct {
			Command string `yaml:"command"`
			Escape  bool   `yaml:"should_escape"`
			URL     string `yaml:"url"`
		} `yaml:"slash_commands"`
		Shortcuts []struct {
			Type     string `yaml:"type"`
			Callback string `yaml:"callback_id"`
		} `yaml:"shortcuts"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot      []string `yaml:"bot"`
			Optional []string `yaml:"bot_optional"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled bool `yaml:"is_enabled"`
		} `yaml:"interactivity"`
		Socket   bool `yaml:"socket_mode_enabled"`
		Rotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

func parseApp(t *testing.T, manifest []byte) app {
	t.Helper()
	var a app
	if err := yaml.Unmarshal(manifest, &a); err != nil {
		t.Fatalf("the manifest is not YAML: %v", err)
	}
	return a
}

// eventScopes is which scope lets an app hear of what (Slack: events reference).
var eventScopes = map[string]string{
	"app_mention": "app_mentions:read", "message.im": "im:history", "message.channels": "channels:history",
	"message.groups": "groups:history", "pin_added": "pins:read", "pin_removed": "pins:read", "reaction_added": "reactions:read", "reaction_removed": "reactions:read",
	"channel_unarchive": "channels:read", "group_unarchive": "groups:read",
	"app_home_opened": "", "tokens_revoked": "", "app_uninstalled": "",
	"member_joined_channel": "channels:read", "member_left_channel": "channels:read", "team_join": "users:read", "user_change": "users:read",
}

func TestManifest(t *testing.T) {
	a := parseApp(t, Default().Slack.Manifest())
	var commands, shortcuts []string
	for _, c := range a.Features.Commands {
		commands = append(commands, c.Command)
		if !c.Escape || c.URL != "" {
			t.Errorf("command %s: got should_escape %t, url %q, want escaped and without an address", c.Command, c.Escape, c.URL)
		}
	}
	for _, s := range a.Features.Shortcuts {
		shortcuts = append(shortcuts, s.Type+" "+s.Callback)
	}
	if got, want := commands, []string{"/incident", "/oncall"}; !slices.Equal(got, want) {
		t.Errorf("commands: got %q, want %q", got, want)
	}
	if got, want := shortcuts, []string{"global declare_incident", "message declare_from_message", "message add_to_timeline"}; !slices.Equal(got, want) {
		t.Errorf("shortcuts: got %q, want %q", got, want)
	}
	if h := a.Features.AppHome; !h.Home || !h.Messages || h.ReadOnly {
		t.Errorf("app home: got %+v, want a home tab and messages that can be answered", h)
	}
	if s := a.Settings; !s.Socket || !s.Interactivity.Enabled || s.Rotation {
		t.Errorf("settings: got socket mode %t, interactivity %t, token rotation %t, want true, true, false", s.Socket, s.Interactivity.Enabled, s.Rotation)
	}
	scopes := a.OAuth.Scopes.Bot
	if !slices.IsSorted(scopes) || len(slices.Compact(slices.Clone(scopes))) != len(scopes) {
		t.Errorf("scopes: got %q, want them sorted and each once", scopes)
	}
	optional := a.OAuth.Scopes.Optional
	if !slices.IsSorted(optional) {
		t.Errorf("optional scopes: got %q, want them sorted", optional)
	}
	for _, scope := range optional {
		if !slices.Contains(scopes, scope) {
			t.Errorf("optional scope %s is not in the list of all scopes, where Slack wants it as well", scope)
		}
	}
}

func TestScopes(t *testing.T) {
	a := parseApp(t, Default().Slack.Manifest())
	required, optional := Scopes()
	if diff := cmp.Diff(a.OAuth.Scopes.Optional, optional); diff != "" {
		t.Errorf("Scopes(): optional (-manifest +got):\n%s", diff)
	}
	all := slices.Sorted(slices.Values(slices.Concat(required, optional)))
	if diff := cmp.Diff(a.OAuth.Scopes.Bot, all); diff != "" {
		t.Errorf("Scopes(): required and optional together (-manifest +got):\n%s", diff)
	}
	for _, scope := range []string{"chat:write", "commands", "im:write", "users:read"} {
		if !slices.Contains(required, scope) {
			t.Errorf("Scopes(): %s may be declined, but nobody is paged without it", scope)
		}
	}
}

func TestManifestNames(t *testing.T) {
	// each takes the other's default: a replacement must not be replaced again
	a := parseApp(t, Slack{Command: "/oncall", OncallCommand: "/incident"}.Manifest())
	if got := a.Features.Commands[0].Command + a.Features.Commands[1].Command; got != "/oncall/incident" {
		t.Errorf("commands with the names exchanged: got %s, want /oncall/incident", got)
	}
}

func TestManifestLink(t *testing.T) {
	link := Slack{Command: "/inc", OncallCommand: "/rota"}.ManifestLink()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatalf("ManifestLink() = %s: %v", link, err)
	}
	text := u.Query().Get("manifest_yaml")
	a := parseApp(t, []byte(text))
	if u.Host != "api.slack.com" || u.Path != "/apps" || u.Query().Get("new_app") != "1" || a.Features.Commands[0].Command != "/inc" {
		t.Errorf("ManifestLink() = %s, want api.slack.com/apps?new_app=1 with the manifest", link)
	}
	whole := parseApp(t, Slack{Command: "/inc", OncallCommand: "/rota"}.Manifest())
	if got, want := fmt.Sprint(a), fmt.Sprint(whole); got != want {
		t.Errorf("the link's manifest is another one:\ngot  %s\nwant %s", got, want)
	}
	if strings.ContainsAny(link, "+ \n") || strings.Contains(text, " # ") || len(link) > 4096 {
		t.Errorf("ManifestLink(): %d bytes, want at most 4096 without a plus, a blank or a comment: %s", len(link), link)
	}
}

// schemaFile is Slack's own schema of manifests, read where it lies.
const schemaFile = "../../shared/design/data/slack/manifest.schema.2.0.0.json"

func TestManifestFitsSlacksSchema(t *testing.T) {
	raw, err := os.ReadFile(schemaFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("Slack's manifest schema is not on this machine; TestManifest has checked what the bot needs")
	}
	if err != nil {
		t.Fatal(err)
	}
	var v validator
	if err := json.Unmarshal(raw, &v.root); err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(Default().Slack.Manifest(), &doc); err != nil {
		t.Fatal(err)
	}
	v.check("", v.root, doc)
	for _, p := range v.problems {
		t.Error(p)
	}
	if v.checked < 80 {
		t.Errorf("only %d values of the manifest were checked against the schema", v.checked)
	}
	// the validator itself must be able to refuse
	doc.(map[string]any)["settings"].(map[string]any)["socket_mod"] = true
	if v.check("", v.root, doc); len(v.problems) == 0 {
		t.Error("a manifest with an unknown key passed: the check is worth nothing")
	}
}

// validator knows as much of JSON Schema as Slack's manifest schema uses for
// the parts that ours has.
type validator struct {
	root     map[string]any
	problems []string
	checked  int
}

func (v *validator) failf(at, format string, args ...any) {
	v.problems = append(v.problems, at+": "+fmt.Sprintf(format, args...))
}

func (v *validator) check(at string, schema map[string]any, value any) {
	v.checked++
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/definitions/")
		v.check(at, v.root["definitions"].(map[string]any)[name].(map[string]any), value)
		return
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, value) {
		v.failf(at, "%v is not one of %v", value, enum)
	}
	want, _ := schema["type"].(string)
	switch value := value.(type) {
	case map[string]any:
		v.object(at, schema, value)
		v.kind(at, want, "object")
	case []any:
		v.array(at, schema, value)
		v.kind(at, want, "array")
	case string:
		v.text(at, schema, value)
		v.kind(at, want, "string")
	case bool:
		v.kind(at, want, "boolean")
	case int:
		v.kind(at, want, "integer")
	default:
		v.failf(at, "a %T has no place in a manifest", value)
	}
}

func (v *validator) kind(at, want, got string) {
	if want != "" && want != got {
		v.failf(at, "is of type %s, want %s", got, want)
	}
}

func (v *validator) object(at string, schema, value map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	for name, part := range value {
		sub, known := properties[name].(map[string]any)
		if !known {
			v.failf(at+"/"+name, "is not in the schema")
			continue
		}
		v.check(at+"/"+name, sub, part)
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := value[name.(string)]; !ok {
			v.failf(at, "lacks %v", name)
		}
	}
}

func (v *validator) array(at string, schema map[string]any, value []any) {
	if n, ok := schema["maxItems"].(float64); ok && len(value) > int(n) {
		v.failf(at, "has %d items, at most %v fit", len(value), n)
	}
	if n, ok := schema["minItems"].(float64); ok && len(value) < int(n) {
		v.failf(at, "has %d items, at least %v are needed", len(value), n)
	}
	items, _ := schema["items"].(map[string]any)
	for i, item := range value {
		v.check(fmt.Sprintf("%s/%d", at, i), items, item)
		if schema["uniqueItems"] == true && slices.ContainsFunc(value[:i], func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(item) }) {
			v.failf(at, "has %v twice", item)
		}
	}
}

func (v *validator) text(at string, schema map[string]any, value string) {
	if n, ok := schema["maxLength"].(float64); ok && len([]rune(value)) > int(n) {
		v.failf(at, "has %d characters, at most %v fit", len([]rune(value)), n)
	}
	if n, ok := schema["minLength"].(float64); ok && len([]rune(value)) < int(n) {
		v.failf(at, "has %d characters, at least %v are needed", len([]rune(value)), n)
	}
	if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(value) {
		v.failf(at, "%q does not match %s", value, pattern)
	}
}
