package slacksim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/stormbell/stormbell/pattern"
)

// Manifest is what the workspace needs to know of an app's manifest.
type Manifest struct {
	Name        string // of the app
	DisplayName string // of its bot user; the app's name where there is none

	BotScopes   []string // scopes that every install grants
	BotOptional []string // scopes that the person who installs may decline
	Events      []string // bot events that are delivered
	Commands    []ManifestCommand
	Shortcuts   []ManifestShortcut

	HomeTab       bool
	MessagesTab   bool // people may open a DM with the bot; on unless it is switched off
	Interactivity bool
	SocketMode    bool
}

// ManifestCommand is a slash command, Command with its slash. ShouldEscape turns typed names into <@U…> and <#C…|name>.
type ManifestCommand struct {
	Command, Description, UsageHint string
	ShouldEscape                    bool
}

// ManifestShortcut is a shortcut; Type is "global" or "message".
type ManifestShortcut struct {
	Name, Type, CallbackID, Description string
}

// ValidateManifest reads an app manifest, YAML or JSON, and checks it against the published schema and the rules that
// Slack's server adds to it. Unknown keys are refused everywhere. The Manifest is nil when there are problems; pointers
// start at the document's root, so a file that cannot be parsed has the empty pointer.
// Sources: Slack, reference/app-manifest and slackapi/manifest-schema 2.0.0.
func ValidateManifest(doc []byte) (*Manifest, []Problem) {
	v, err := decodeManifest(doc)
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	c := &checker{objects: manifestShapes}
	c.value("", v, one("manifest"))
	o, ok := v.(object)
	if !ok || len(c.problems) > 0 {
		return nil, c.problems
	}
	c.manifestTogether(o)
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return manifestOf(o), nil
}

var (
	webURL   = pattern.New(`^https?:\/\/`)
	httpsURL = pattern.New(`^https:\/\/`)
	hexColor = pattern.New(`^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$`)
	slash    = pattern.New(`^\/`)
	hostname = pattern.New(`^[a-z0-9]([-a-z0-9\.])*([a-z0-9])$`)
	mailbox  = pattern.New(`^[^@\s]+@[^@\s]+$`)
	// An IPv4 address or block.
	ipRange = pattern.New(`^(([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])\.){3}` +
		`([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])(\/(3[0-2]|[1-2][0-9]|[0-9]))?$`)
)

var (
	requestURL = field{"request_url", matching(webURL, 3500)}
	scopeList  = list(0, 255, str(0, 50))
	eventList  = distinct(list(0, 100, str(0, 50)))
)

// manifestShapes is the schema. The parts for workflow apps (functions, workflows, datastores, types …) are accepted as
// they are: a bot has none, and the workspace runs none.
var manifestShapes = map[string]shape{
	"manifest": {fields: []field{
		{"display_information", need(one("display"))}, {"features", one("features")}, {"oauth_config", one("oauth")},
		{"settings", one("settings")}, {"_metadata", one("metadata")}, {"app_directory", one("directory")},
		{"outgoing_domains", distinct(list(0, 10, matching(hostname, 50)))}, {"mcp_servers", mapOf(one("mcp server"))},
		{"$schema", str(0, 0)}, {"functions", mapOf(rule{})}, {"workflows", mapOf(rule{})}, {"datastores", mapOf(rule{})},
		{"types", mapOf(rule{})}, {"external_auth_providers", mapOf(rule{})},
	}},
	"metadata": {fields: []field{
		{"schema_version", integer(0, 0)}, {"min_version", integer(0, 0)}, {"major_version", integer(0, 0)},
		{"minor_version", integer(0, 0)},
	}},
	"display": {fields: []field{
		{"name", need(str(1, 35))}, {"description", str(1, 140)}, {"long_description", str(175, 4000)},
		{"background_color", rule{kind: aString, like: hexColor, min: 4, max: 7}},
	}},
	"features": {fields: []field{
		{"app_home", one("app home")}, {"bot_user", one("bot user")},
		{"slash_commands", list(1, 50, one("command"))}, {"shortcuts", list(1, 10, one("shortcut"))},
		{"unfurl_domains", distinct(list(1, 5, matching(hostname, 255)))},
		{"workflow_steps", list(1, 10, one("workflow step"))}, {"functions", list(0, 50, rule{})},
		{"assistant_view", mapOf(rule{})}, {"agent_view", mapOf(rule{})},
	}},
	"app home": {fields: []field{
		{"home_tab_enabled", boolean()}, {"messages_tab_enabled", boolean()}, {"messages_tab_read_only_enabled", boolean()},
	}},
	"bot user": {fields: []field{{"display_name", need(str(1, 80))}, {"always_online", boolean()}}},
	"command": {fields: []field{
		{"command", need(rule{kind: aString, like: slash, min: 2, max: 32})}, {"description", need(str(1, 2000))},
		{"usage_hint", str(1, 1000)}, {"should_escape", boolean()}, {"url", matching(webURL, 3000)},
	}},
	"shortcut": {fields: []field{
		{"name", need(str(1, 24))}, {"type", need(oneOf("message", "global"))}, {"callback_id", need(str(1, 255))},
		{"description", need(str(1, 150))},
	}},
	"workflow step": {fields: []field{{"name", need(str(1, 50))}, {"callback_id", need(str(1, 50))}}},
	"oauth": {fields: []field{
		{"scopes", one("scopes")}, {"redirect_urls", distinct(list(0, 1000, str(0, 2500)))},
		{"token_management_enabled", boolean()}, {"pkce_enabled", boolean()},
	}},
	"scopes": {fields: []field{
		{"bot", scopeList}, {"user", scopeList}, {"bot_optional", scopeList}, {"user_optional", scopeList},
	}},
	"settings": {fields: []field{
		{"event_subscriptions", one("events")}, {"interactivity", one("interactivity")},
		{"socket_mode_enabled", boolean()}, {"org_deploy_enabled", boolean()}, {"token_rotation_enabled", boolean()},
		{"allowed_ip_address_ranges", distinct(list(1, 50, matching(ipRange, 0)))},
		{"incoming_webhooks", one("incoming webhooks")}, {"siws_links", one("siws links")}, {"is_hosted", boolean()},
		{"hermes_app_type", str(0, 0)}, {"function_runtime", str(0, 0)}, {"is_mcp_enabled", boolean()},
	}},
	"events": {fields: []field{
		requestURL, {"bot_events", eventList}, {"user_events", eventList},
		{"metadata_subscriptions", list(1, 20, one("metadata subscription"))},
	}},
	"metadata subscription": {fields: []field{{"app_id", need(str(0, 0))}, {"event_type", need(str(0, 50))}}},
	"interactivity": {fields: []field{
		{"is_enabled", need(boolean())}, requestURL, {"message_menu_options_url", matching(webURL, 3500)},
	}},
	"incoming webhooks": {fields: []field{{"incoming_webhooks_enabled", boolean()}}},
	"siws links":        {fields: []field{{"initiate_uri", matching(httpsURL, 3500)}}},
	"mcp server": {fields: []field{
		{"url", need(matching(httpsURL, 500))}, {"headers", mapOf(str(0, 0))}, {"auth_provider_key", str(0, 255)},
		{"auth_type", need(oneOf("dynamic_client_registration", "no_auth", "manual_auth", "slack_identity_auth"))},
	}},
	"directory": {fields: []field{
		{"installation_landing_page", need(matching(webURL, 255))}, {"privacy_policy_url", need(matching(webURL, 500))},
		{"support_url", need(matching(webURL, 350))}, {"support_email", need(matching(mailbox, 100))},
		{"supported_languages", need(list(1, 50, str(0, 50)))}, {"pricing", need(str(1, 30))},
		{"app_directory_categories", list(0, 3, str(1, 255))}, {"use_direct_install", boolean()},
		{"direct_install_url", matching(webURL, 255)},
	}},
}

// manifestTogether is what Slack's server checks beyond the schema.
func (c *checker) manifestTogether(o object) {
	settings := child(o, "settings")
	socket := settings["socket_mode_enabled"] == true
	events, hasEvents := settings["event_subscriptions"].(object)
	if _, ok := events["request_url"]; hasEvents && !ok && !socket {
		c.report("/settings/event_subscriptions", "requires a request URL or Socket Mode Enabled")
	}
	interactivity := child(settings, "interactivity")
	if _, ok := interactivity["request_url"]; interactivity["is_enabled"] == true && !ok && !socket {
		c.report("/settings/interactivity", "requires a request URL or Socket Mode Enabled")
	}
	scopes := child(child(o, "oauth_config"), "scopes")
	held := slices.Concat(words(scopes["bot"]), words(scopes["bot_optional"]))
	for i, e := range words(events["bot_events"]) {
		if scope := scopeMissing(e, held); scope != "" {
			c.report("/settings/event_subscriptions/bot_events/"+strconv.Itoa(i), "event %s requires the scope %s", e, scope)
		}
	}
	c.commandsDiffer(child(o, "features"))
}

// scopeMissing is the scope that a subscription lacks, empty where it has what it needs. People coming and going are told
// of for public and private channels, each with its own scope; one is enough to subscribe.
func scopeMissing(event string, held []string) string {
	scope := eventScopes[event]
	if event == "member_joined_channel" || event == "member_left_channel" {
		scope = "channels:read"
		if slices.Contains(held, "groups:read") {
			return ""
		}
	}
	if slices.Contains(held, scope) {
		return ""
	}
	return scope
}

func (c *checker) commandsDiffer(features object) {
	seen := map[string]bool{}
	for i, cmd := range objects(features["slash_commands"]) {
		name, _ := cmd["command"].(string)
		c.unique(seen, "/features/slash_commands/"+strconv.Itoa(i)+"/command", "command", name)
	}
	seen = map[string]bool{}
	for i, s := range objects(features["shortcuts"]) {
		id, _ := s["callback_id"].(string)
		c.unique(seen, "/features/shortcuts/"+strconv.Itoa(i)+"/callback_id", "callback_id", id)
	}
}

// manifestOf reads a valid manifest.
func manifestOf(o object) *Manifest {
	features, settings := child(o, "features"), child(o, "settings")
	scopes := child(child(o, "oauth_config"), "scopes")
	home := child(features, "app_home")
	m := &Manifest{
		Name:          word(child(o, "display_information"), "name"),
		DisplayName:   word(child(features, "bot_user"), "display_name"),
		BotScopes:     words(scopes["bot"]),
		BotOptional:   words(scopes["bot_optional"]),
		Events:        words(child(settings, "event_subscriptions")["bot_events"]),
		HomeTab:       home["home_tab_enabled"] == true,
		MessagesTab:   home["messages_tab_enabled"] != false,
		Interactivity: child(settings, "interactivity")["is_enabled"] == true,
		SocketMode:    settings["socket_mode_enabled"] == true,
	}
	if m.DisplayName == "" {
		m.DisplayName = m.Name
	}
	for _, c := range objects(features["slash_commands"]) {
		m.Commands = append(m.Commands, ManifestCommand{
			Command: word(c, "command"), Description: word(c, "description"), UsageHint: word(c, "usage_hint"),
			ShouldEscape: c["should_escape"] == true,
		})
	}
	for _, s := range objects(features["shortcuts"]) {
		m.Shortcuts = append(m.Shortcuts, ManifestShortcut{
			Name: word(s, "name"), Type: word(s, "type"), CallbackID: word(s, "callback_id"), Description: word(s, "description"),
		})
	}
	return m
}

func child(o object, key string) object { c, _ := o[key].(object); return c }

func word(o object, key string) string { s, _ := o[key].(string); return s }

func words(v any) []string {
	l, _ := v.([]any)
	var ws []string
	for _, item := range l {
		if s, ok := item.(string); ok {
			ws = append(ws, s)
		}
	}
	return ws
}

func objects(v any) []object {
	l, _ := v.([]any)
	var os []object
	for _, item := range l {
		if o, ok := item.(object); ok {
			os = append(os, o)
		}
	}
	return os
}

// decodeManifest reads JSON or YAML into the same values. JSON goes first: it may be indented with tabs, YAML may not.
func decodeManifest(doc []byte) (any, error) {
	if bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) {
		if v, err := decode(doc); err == nil {
			return v, nil
		}
	}
	var v any
	if err := yaml.Unmarshal(doc, &v); err != nil {
		return nil, fmt.Errorf("read manifest: %v", err)
	}
	return fromYAML(v)
}

// fromYAML makes a YAML value what JSON would have given: numbers as json.Number, keys as strings. A value that JSON
// cannot say (a date, a binary) stays as it is and fails as the wrong type.
func fromYAML(v any) (any, error) {
	switch v := v.(type) {
	case int, int64, uint64, float64:
		return json.Number(fmt.Sprint(v)), nil
	case []any:
		for i := range v {
			item, err := fromYAML(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = item
		}
	case map[string]any:
		for k := range v {
			item, err := fromYAML(v[k])
			if err != nil {
				return nil, err
			}
			v[k] = item
		}
	case map[any]any:
		return nil, fmt.Errorf("read manifest: a key is not a string")
	}
	return v, nil
}
