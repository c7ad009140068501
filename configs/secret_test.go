package configs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	const hidden = "xoxb-hidden"
	s := NewSecret(hidden)
	wrapped := struct {
		Open   Secret
		closed Secret
		list   []Secret
	}{s, s, []Secret{s}}
	config := Config{Slack: Slack{BotToken: s}, HTTP: HTTP{IntegrationKeys: []IntegrationKey{{"a", s}}}}
	for _, v := range []any{s, &s, wrapped, &wrapped, config, &config, config.HTTP.IntegrationKeys, map[Secret]Secret{s: s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, hidden) || strings.Contains(got, fmt.Sprintf("%x", hidden)) {
				t.Errorf("Sprintf(%q, %T) shows the secret: %s", verb, v, got)
			}
		}
		for name, encode := range map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal} {
			raw, err := encode(v)
			if err == nil && strings.Contains(string(raw), hidden) {
				t.Errorf("%s of %T shows the secret: %s", name, v, raw)
			}
		}
	}
	if got := fmt.Sprintf("%v|%s|%#v|%v", s, s, s, Secret{}); got != "***|***|***|" {
		t.Errorf("printing a secret thrice and an empty one: got %s, want ***|***|***|", got)
	}
	raw, err := json.Marshal(config.HTTP.IntegrationKeys[0])
	if want := `{"Name":"a","Key":"***"}`; err != nil || string(raw) != want {
		t.Errorf("json.Marshal of an integration key: got %s, %v, want %s", raw, err, want)
	}
}

func TestSecretEqual(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "", false}, {"a", "aa", false}} {
		if got := NewSecret(tt.a).Equal(NewSecret(tt.b)); got != tt.want {
			t.Errorf("NewSecret(%q).Equal(NewSecret(%q)) = %t, want %t", tt.a, tt.b, got, tt.want)
		}
	}
	if s := NewSecret("x"); s.Reveal() != "x" || s.IsZero() || !NewSecret("").IsZero() || (Secret{}).Reveal() != "" {
		t.Error("NewSecret(x) must reveal x; NewSecret of nothing must be the zero Secret")
	}
}
