package configs

import (
	_ "embed"
	"net/url"
	"strings"
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
