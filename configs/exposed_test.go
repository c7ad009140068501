package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mode sets a file's mode, whatever the umask.
func mode(t *testing.T, path string, bits os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, bits); err != nil {
		t.Fatal(err)
	}
}

// openFolder is a folder that everybody can look into.
func openFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	mode(t, filepath.Dir(dir), 0o755)
	mode(t, dir, 0o755)
	return dir
}

func TestExposed(t *testing.T) {
	const what = "every user of this machine can read FILE, which holds a secret; chmod 600 FILE"
	const keys = "every user of this machine can read DIR/key, which holds a secret; chmod 600 DIR/key"
	for name, tt := range map[string]struct {
		text      string
		file, key os.FileMode // of the configuration, and of the file "key" beside it
		env       []string
		want      string
	}{
		"for its owner":              {tokens, 0o600, 0o600, nil, ""},
		"for its group":              {tokens, 0o640, 0o600, nil, ""},
		"for everybody":              {tokens, 0o644, 0o600, nil, "FILE:1: slack.app_token: " + what},
		"to be written by all":       {"log.level: debug\n" + tokens, 0o602, 0o600, nil, "FILE:2: slack.app_token: every user of this machine can change FILE, which holds a secret; chmod 600 FILE"},
		"no secret in it":            {"log.level: debug\nslack.app_token_file: key\n", 0o644, 0o600, nil, ""},
		"a placeholder":              {"slack.app_token: xapp-your-app-level-token\n", 0o644, 0o600, nil, ""},
		"a variable overrides":       {"http.admin_token: " + good + "\n", 0o644, 0o600, []string{"STORMBELL_HTTP_ADMIN_TOKEN=" + good}, "FILE:1: http.admin_token: " + what},
		"a file of its own":          {"slack.app_token_file: key\n", 0o644, 0o604, nil, "FILE:1: slack.app_token_file: " + keys},
		"a file that a variable has": {"", 0o600, 0o644, []string{"STORMBELL_HTTP_ADMIN_TOKEN_FILE=DIR/key"}, "STORMBELL_HTTP_ADMIN_TOKEN_FILE: http.admin_token_file: " + keys},
		"an integration key":         {"http.integration_keys:\n  - {name: a, key: " + good + "}\n", 0o644, 0o600, nil, "FILE:2: http.integration_keys[0].key: " + what},
		"an integration key alone":   {"http.integration_keys:\n  - " + good + "\n", 0o644, 0o600, nil, "FILE:2: http.integration_keys[0]: " + what},
		"an integration key's file":  {"http.integration_keys:\n  - name: a\n    key_file: key\n", 0o644, 0o644, nil, "FILE:3: http.integration_keys[0]: " + keys},
		"the webhook's secret":       {"notify:\n  webhook:\n    secret: " + good + "\n", 0o644, 0o600, nil, "FILE:3: notify.webhook.secret: " + what},
		"both":                       {tokens + "http.admin_token_file: key\n", 0o644, 0o644, nil, "FILE:1: slack.app_token: " + what + "\nFILE:3: http.admin_token_file: " + keys},
		"the same file twice":        {"slack.app_token_file: key\nslack.bot_token_file: key\n", 0o600, 0o644, nil, "FILE:1: slack.app_token_file: " + keys},
	} {
		t.Run(name, func(t *testing.T) {
			dir := openFolder(t)
			file, key := filepath.Join(dir, "stormbell.yaml"), filepath.Join(dir, "key")
			writeFile(t, file, tt.text)
			writeFile(t, key, good+"\n")
			mode(t, file, tt.file)
			mode(t, key, tt.key)
			for i := range tt.env {
				tt.env[i] = strings.ReplaceAll(tt.env[i], "DIR", dir)
			}
			got := strings.ReplaceAll(strings.ReplaceAll(Exposed(file, tt.env).Error(), file, "FILE"), dir, "DIR")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Exposed of\n%s\n(-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

// TestExposedBehindAFolder: what lies in a folder that others cannot enter is
// closed to them, whatever its own mode is.
func TestExposedBehindAFolder(t *testing.T) {
	dir := openFolder(t)
	inner := filepath.Join(dir, "inner")
	if err := os.Mkdir(inner, 0o750); err != nil {
		t.Fatal(err)
	}
	mode(t, inner, 0o750)
	file, link := filepath.Join(inner, "stormbell.yaml"), filepath.Join(dir, "link")
	writeFile(t, file, tokens)
	mode(t, file, 0o644)
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, link} {
		if got := Exposed(path, nil); len(got) > 0 {
			t.Errorf("Exposed(%s) = %v, want nothing: its folder is closed", path, got)
		}
	}
	mode(t, inner, 0o755)
	for _, path := range []string{file, link} {
		if got := Exposed(path, nil); len(got) != 1 {
			t.Errorf("Exposed(%s) = %v, want one problem: its folder is open", path, got)
		}
	}
}
