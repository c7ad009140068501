package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAdvertised(t *testing.T) {
	for _, tt := range []struct{ set, listens, want string }{
		{"", "127.0.0.1:8080", "127.0.0.1:8080"},
		{"", "10.0.0.5:8080", "10.0.0.5:8080"},
		{"", "[::]:8080", "bot-1:8080"},
		{"", "0.0.0.0:8080", "bot-1:8080"},
		{"", ":8080", "bot-1:8080"},
		{"bot.example.com:80", "[::]:8080", "bot.example.com:80"},
	} {
		if got := (HTTP{Advertise: tt.set}).Advertised(tt.listens, "bot-1"); got != tt.want {
			t.Errorf("Advertised(%q) with %q set = %q, want %q", tt.listens, tt.set, got, tt.want)
		}
	}
}

// TestEtcdPaths: files are found beside the configuration, and system is none.
func TestEtcdPaths(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "stormbell.yaml")
	write := func(text string) *Config {
		if err := os.WriteFile(path, []byte("slack: {app_token: xapp-1-x, bot_token: xoxb-1-x}\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path, []string{"STORMBELL_ETCD_KEY=k.pem"})
		if err != nil {
			t.Fatalf("Load() = %v", err)
		}
		return c
	}
	c := write("etcd: {ca: ca.pem, cert: /c.pem}\n")
	want := Etcd{Lease: c.Etcd.Lease, CA: filepath.Join(dir, "ca.pem"), Cert: "/c.pem", Key: "k.pem"}
	if diff := cmp.Diff(want, c.Etcd, cmp.Comparer(Secret.Equal)); diff != "" {
		t.Errorf("etcd (-want +got):\n%s", diff)
	}
	if c := write("etcd: {ca: system, cert: /c.pem}\n"); c.Etcd.CA != SystemCA {
		t.Errorf("etcd.ca = %q, want system", c.Etcd.CA)
	}
}

func TestAdviceAboutEtcd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stormbell.yaml")
	for text, want := range map[string][]string{
		"store: etcd:127.0.0.1:2379,localhost:2380/x":                                    nil,
		"store: etcd:10.0.0.1:2379/x":                                                    {"etcd.ca: what the bot stores", "http.advertise: other machines are told that this bot is at 127.0.0.1:8080"},
		"store: etcd:10.0.0.1:2379/x\nhttp.advertise: bot:8080\netcd.ca: system":         nil,
		"store: etcd:10.0.0.1:2379/x\nhttp.listen: ':8080'\netcd.ca: system":             nil,
		"store: bolt:x.db\nhttp.listen: ':8080'":                                         nil,
		"store: etcd:127.0.0.1:2379,etcd-2.example.com:2379/x\nhttp.listen: 10.0.0.9:80": {"etcd.ca: what the bot stores"},
	} {
		if err := os.WriteFile(path, []byte("slack: {app_token: xapp-1-x, bot_token: xoxb-1-x}\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got := Advice(path, nil)
		if len(got) != len(want) {
			t.Errorf("Advice about %q = %v, want %q", text, got, want)
			continue
		}
		for i, w := range want {
			if !strings.Contains(got.Error(), w) {
				t.Errorf("Advice about %q = %v, want %q", text, got[i], w)
			}
		}
	}
}
