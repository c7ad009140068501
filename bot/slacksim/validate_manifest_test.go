package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const botManifest = `
_metadata: {major_version: 2, minor_version: 1}
display_information:
  name: Incident Bot
  description: Runs incidents without leaving Slack
  background_color: "#1f2937"
features:
  app_home: {home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false}
  bot_user: {display_name: incident-bot, always_online: true}
  slash_commands:
    - {command: /inc, description: Declare and run an incident, usage_hint: "new | list", should_escape: true}
    - {command: /oncall, description: Who is on call}
  shortcuts:
    - {name: Declare an incident, type: global, callback_id: declare, description: Open the form}
    - {name: Add to timeline, type: message, callback_id: add, description: Record this message}
oauth_config:
  scopes:
    bot: [commands, "chat:write", "app_mentions:read", "channels:history"]
    bot_optional: ["reactions:read"]
settings:
  event_subscriptions:
    bot_events: [app_home_opened, app_mention, message.channels, reaction_added]
  interactivity: {is_enabled: true}
  socket_mode_enabled: true
`

var botManifestRead = &Manifest{
	Name: "Incident Bot", DisplayName: "incident-bot",
	BotScopes:   []string{"commands", "chat:write", "app_mentions:read", "channels:history"},
	BotOptional: []string{"reactions:read"},
	Events:      []string{"app_home_opened", "app_mention", "message.channels", "reaction_added"},
	Commands: []ManifestCommand{
		{Command: "/inc", Description: "Declare and run an incident", UsageHint: "new | list", ShouldEscape: true},
		{Command: "/oncall", Description: "Who is on call"},
	},
	Shortcuts: []ManifestShortcut{
		{Name: "Declare an incident", Type: "global", CallbackID: "declare", Description: "Open the form"},
		{Name: "Add to timeline", Type: "message", CallbackID: "add", Description: "Record this message"},
	},
	HomeTab: true, MessagesTab: true, Interactivity: true, SocketMode: true,
}

func TestManifest(t *testing.T) {
	fromJSON := asJSON(t, m{"display_information": m{"name": "a"}})
	for _, c := range []struct {
		name, doc string
		want      *Manifest
	}{
		{"YAML", botManifest, botManifestRead},
		{"the least", "display_information: {name: a}", &Manifest{Name: "a", DisplayName: "a", MessagesTab: true}},
		{"JSON", string(fromJSON), &Manifest{Name: "a", DisplayName: "a", MessagesTab: true}},
		{"JSON with tabs", "{\n\t\"display_information\": {\n\t\t\"name\": \"a\"\n\t}\n}", &Manifest{Name: "a", DisplayName: "a", MessagesTab: true}},
		{"YAML that begins like JSON", "{display_information: {name: a}}", &Manifest{Name: "a", DisplayName: "a", MessagesTab: true}},
		{"no messages tab", "display_information: {name: a}\nfeatures: {app_home: {messages_tab_enabled: false}}", &Manifest{Name: "a", DisplayName: "a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ps := ValidateManifest([]byte(c.doc))
			if diff := cmp.Diff(c.want, got); diff != "" || len(ps) > 0 {
				t.Errorf("ValidateManifest(%s) problems %v (-want +got):\n%s", c.doc, ps, diff)
			}
		})
	}
}

// TestManifestRefused changes one line of a good manifest.
func TestManifestRefused(t *testing.T) {
	name := "display_information: {name: a}\n"
	for _, c := range []struct {
		old, new string // of botManifest; without old, new is the whole document
		want     string
	}{
		{"", "", "must provide an object [json-pointer:]"},
		{"", "[]", "must provide an object [json-pointer:]"},
		{"", "features: {}", "missing required field: display_information [json-pointer:]"},
		{"", "a: b: c", "read manifest: yaml: mapping values are not allowed in this context [json-pointer:]"},
		{"", "1: 2", "read manifest: a key is not a string [json-pointer:]"},
		{"", name + "display: 1", "invalid additional property: display [json-pointer:]"},
		{"", name + "settings: {shortcuts: []}", "invalid additional property: shortcuts [json-pointer:/settings]"},
		{"", name + "features: {slash_commands: []}", "must provide at least 1 items [json-pointer:/features/slash_commands]"},
		{"", name + "outgoing_domains: ['https://a.com']", "input must match regex pattern: ^[a-z0-9]([-a-z0-9\\.])*([a-z0-9])$ [json-pointer:/outgoing_domains/0]"},
		{"", name + "settings: {socket_mode_enabled: 'yes'}", "must be a boolean [json-pointer:/settings/socket_mode_enabled]"},
		{"", name + "settings: {interactivity: {}}", "missing required field: is_enabled [json-pointer:/settings/interactivity]"},
		{"", name + "_metadata: {major_version: 1.5}", "must provide an integer [json-pointer:/_metadata/major_version]"},
		{"name: Incident Bot", "name: ''", "must be more than 0 characters [json-pointer:/display_information/name]"},
		{"name: Incident Bot", "name: " + long(36), "must be less than 36 characters [json-pointer:/display_information/name]"},
		{"#1f2937", "navy", "input must match regex pattern: ^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$ [json-pointer:/display_information/background_color]"},
		{"display_name: incident-bot", "display_name: " + long(81), "must be less than 81 characters [json-pointer:/features/bot_user/display_name]"},
		{"command: /inc,", "command: inc,", "input must match regex pattern: ^\\/ [json-pointer:/features/slash_commands/0/command]"},
		{"command: /inc,", "command: /,", "must be more than 1 characters [json-pointer:/features/slash_commands/0/command]"},
		{"command: /inc,", "command: /" + long(32) + ",", "must be less than 33 characters [json-pointer:/features/slash_commands/0/command]"},
		{"command: /inc,", "command: /oncall,", "`command` \"/oncall\" already exists [json-pointer:/features/slash_commands/1/command]"},
		{"new | list", long(1001), "must be less than 1001 characters [json-pointer:/features/slash_commands/0/usage_hint]"},
		{"name: Declare an incident", "name: " + long(25), "must be less than 25 characters [json-pointer:/features/shortcuts/0/name]"},
		{"type: global", "type: everywhere", "must be a valid enum value [json-pointer:/features/shortcuts/0/type]"},
		{"callback_id: declare", "callback_id: add", "`callback_id` \"add\" already exists [json-pointer:/features/shortcuts/1/callback_id]"},
		{"description: Open the form", "description: " + long(151), "must be less than 151 characters [json-pointer:/features/shortcuts/0/description]"},
		{"app_home_opened, app_mention", "app_mention, app_mention", "Input contains duplicate items [json-pointer:/settings/event_subscriptions/bot_events]"},
		{"app_home_opened, app_mention", strings.Repeat("e, ", 99) + "f", "no more than 100 items allowed [json-pointer:/settings/event_subscriptions/bot_events]"},
		{"\"app_mentions:read\", ", "", "event app_mention requires the scope app_mentions:read [json-pointer:/settings/event_subscriptions/bot_events/1]"},
		{"app_home_opened, app_mention", "member_left_channel", "event member_left_channel requires the scope channels:read [json-pointer:/settings/event_subscriptions/bot_events/0]"},
		{"socket_mode_enabled: true", "socket_mode_enabled: false", "requires a request URL or Socket Mode Enabled [json-pointer:/settings/event_subscriptions]"},
		{"socket_mode_enabled: true", "socket_mode_enabled: false", "requires a request URL or Socket Mode Enabled [json-pointer:/settings/interactivity]"},
	} {
		doc := c.new
		if c.old != "" {
			doc = strings.Replace(botManifest, c.old, c.new, 1)
		}
		got, ps := ValidateManifest([]byte(doc))
		if got != nil || !strings.Contains(fmt.Sprint(ps), c.want) {
			t.Errorf("ValidateManifest(%q for %q)\n got  %v, %v\n want no manifest, and %s", c.new, c.old, got, ps, c.want)
		}
	}
}

// TestManifestAtItsLimits: what the schema allows at most is allowed.
func TestManifestAtItsLimits(t *testing.T) {
	command := m{"command": "/" + long(31), "description": long(2000), "usage_hint": long(1000), "url": "https://e.com"}
	shortcut := m{"name": long(24), "type": "global", "callback_id": long(255), "description": long(150)}
	doc := m{
		"display_information": m{"name": long(35), "description": long(140), "long_description": long(4000)},
		"features": m{
			"bot_user":       m{"display_name": long(80)},
			"slash_commands": times(50, func(i int) any { return with(command, m{"command": fmt.Sprintf("/c%d", i)}) }),
			"shortcuts":      times(10, func(i int) any { return with(shortcut, m{"callback_id": fmt.Sprint(i)}) }),
			"unfurl_domains": times(5, func(i int) any { return fmt.Sprintf("d%d.example.com", i) }),
		},
		"oauth_config":     m{"scopes": m{"bot": times(255, same("chat:write")), "bot_optional": l{long(50)}}},
		"outgoing_domains": times(10, func(i int) any { return fmt.Sprintf("d%d.example.com", i) }),
		"settings": m{
			"event_subscriptions": m{"bot_events": times(100, func(i int) any { return fmt.Sprintf("event_%d", i) }), "request_url": "https://e.com"},
			"interactivity":       m{"is_enabled": true, "request_url": "https://e.com"},
		},
	}
	got, ps := ValidateManifest(asJSON(t, doc))
	if len(ps) > 0 || got == nil || len(got.Commands) != 50 || len(got.Shortcuts) != 10 || len(got.Events) != 100 {
		t.Errorf("ValidateManifest(everything at its limit) = %+v, %v; want it accepted whole", got, ps)
	}
	for key, list := range map[string]string{"slash_commands": "no more than 50", "shortcuts": "no more than 10", "unfurl_domains": "no more than 5"} {
		features := doc["features"].(m)
		longer := with(doc, m{"features": with(features, m{key: append(features[key].(l), features[key].(l)[0])})})
		if _, ps := ValidateManifest(asJSON(t, longer)); !strings.Contains(fmt.Sprint(ps), list) {
			t.Errorf("ValidateManifest(one more of %s) = %v, want %q", key, ps, list)
		}
	}
}

// opaque are the parts of a manifest that only workflow apps have; they are accepted without a look inside.
var opaque = map[string]bool{
	"/functions": true, "/workflows": true, "/datastores": true, "/types": true, "/external_auth_providers": true,
	"/features/functions/0": true, "/features/assistant_view": true, "/features/agent_view": true,
}

// TestManifestSchemaAgrees walks Slack's published schema and our own tables side by side.
func TestManifestSchemaAgrees(t *testing.T) {
	var schema m
	if err := json.Unmarshal(reference(t, "manifest.schema.2.0.0.json"), &schema); err != nil {
		t.Fatal(err)
	}
	w := schemaWalk{t: t, definitions: schema["definitions"].(m)}
	w.compare("", one("manifest"), schema)
	if w.fields < 80 {
		t.Errorf("compared %d fields, want at least 80", w.fields)
	}
}

type schemaWalk struct {
	t           *testing.T
	definitions m
	fields      int
}

func (w *schemaWalk) compare(at string, r rule, schema m) {
	if ref, ok := schema["$ref"].(string); ok {
		w.compare(at, r, w.definitions[strings.TrimPrefix(ref, "#/definitions/")].(m))
		return
	}
	if opaque[at] {
		return
	}
	w.fields++
	kinds := map[string]kind{"string": aString, "integer": anInteger, "boolean": aBoolean, "array": aList, "object": anObject}
	want := kinds[schema["type"].(string)]
	if _, ok := schema["patternProperties"]; ok || want == anObject && schema["properties"] == nil {
		want = aMap
	}
	if r.kind != want {
		w.t.Errorf("%s: kind %d, the schema says %v", at, r.kind, schema["type"])
		return
	}
	w.bounds(at, r, schema)
	if properties, ok := schema["properties"].(m); ok {
		w.properties(at, manifestShapes[r.of], properties, schema)
	}
	if items, ok := schema["items"].(m); ok {
		w.compare(at+"/0", *r.each, items)
	}
}

func (w *schemaWalk) bounds(at string, r rule, schema m) {
	figure := func(keys ...string) int {
		for _, k := range keys {
			if f, ok := schema[k].(float64); ok {
				return int(f)
			}
		}
		return 0
	}
	lowest, highest := figure("minLength", "minItems"), figure("maxLength", "maxItems")
	if r.min != lowest || r.max != highest {
		w.t.Errorf("%s: length %d to %d, the schema says %d to %d", at, r.min, r.max, lowest, highest)
	}
	_, pattern := schema["pattern"]
	_, misspelt := schema["regex"]
	if (r.like != nil) != (pattern || misspelt) {
		w.t.Errorf("%s: pattern %v, the schema says %v", at, r.like, schema["pattern"])
	}
	if unique := schema["uniqueItems"] == true; r.distinct != unique && at != "/settings/event_subscriptions/metadata_subscriptions" {
		w.t.Errorf("%s: distinct %t, the schema says %t", at, r.distinct, unique)
	}
	if enum, _ := schema["enum"].(l); fmt.Sprint(r.oneOf) != fmt.Sprint(enum) {
		w.t.Errorf("%s: one of %v, the schema says %v", at, r.oneOf, enum)
	}
}

func (w *schemaWalk) properties(at string, s shape, properties, schema m) {
	required, _ := schema["required"].(l)
	ours := map[string]rule{}
	for _, f := range s.fields {
		ours[f.key] = f.rule
		if _, ok := properties[f.key]; !ok {
			w.t.Errorf("%s/%s: not in the schema", at, f.key)
		}
		if want := slices.Contains(required, any(f.key)); f.rule.required != want {
			w.t.Errorf("%s/%s: required %t, the schema says %t", at, f.key, f.rule.required, want)
		}
	}
	for key, v := range properties {
		r, ok := ours[key]
		if !ok {
			w.t.Errorf("%s/%s: the schema has it, we refuse it", at, key)
			continue
		}
		w.compare(at+"/"+key, r, v.(m))
	}
}
