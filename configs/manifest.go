package configs

import (
	_ "embed"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// manifest is the app with the default names of its commands.
//
//go:embed manifest.yaml
var manifest string

// Manifest returns the Slack app manifest, YAML, with the commands named as s
// names them.
func (s Slack) Manifest() []byte {
	named := strings.NewReplacer(
		"command: /incident\n", "command: "+s.Command+"\n",
		"command: /oncall\n", "command: "+s.OncallCommand+"\n",
	).Replace(manifest)
	return []byte(named)
}

// ManifestLink returns the address at which Slack offers to create the app from
// the manifest, its form filled in (Slack: app manifests, sharing).
func (s Slack) ManifestLink() string {
	var short strings.Builder
	for line := range strings.Lines(string(s.Manifest())) {
		if !strings.HasPrefix(line, "#") {
			line, _, _ = strings.Cut(line, " #")
			short.WriteString(strings.TrimRight(line, "\n") + "\n")
		}
	}
	// A space as + would be read as a plus sign by whoever takes it for a path.
	query := strings.ReplaceAll(url.QueryEscape(short.String()), "+", "%20")
	return "https://api.slack.com/apps?new_app=1&manifest_yaml=" + query
}

// Scopes returns the bot scopes that the manifest asks for: those without which
// the bot cannot do its work, and those that whoever installs the app may
// decline.
func Scopes() (required, optional []string) {
	var app struct {
		OAuth struct {
			Scopes struct {
				Bot      []string `yaml:"bot"`
				Optional []string `yaml:"bot_optional"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal([]byte(manifest), &app); err != nil {
		panic("configs: the manifest is not YAML: " + err.Error()) // it is part of the program
	}
	optional = app.OAuth.Scopes.Optional
	required = slices.DeleteFunc(app.OAuth.Scopes.Bot, func(s string) bool { return slices.Contains(optional, s) })
	return required, optional
}
