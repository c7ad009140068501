package configs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTopicsThatCanBeGuessed: on a public server a topic is a password, and is
// refused like a bad one; on the operator's own it is pointed out.
func TestTopicsThatCanBeGuessed(t *testing.T) {
	const (
		public, foreign, own = "everybody's", "somebody's, maybe the operator's", "in the operator's network"

		elsewhere = "it can be guessed, and SERVER is not in a private network: whoever knows it HARM; "
		yours     = "; or set notify.ntfy.token, if the server is yours and has access rules"

		refused = "it can be guessed, and on SERVER whoever knows it HARM; "
		advised = "it can be guessed; unless the server has access rules, whoever reaches it HARM; "
		known   = "this is a placeholder, which everybody knows; "
		rules   = "; or set notify.ntfy.token for a server with access rules"
		out     = "take it out: the bot then makes topics that nobody can guess"
		create  = "make one with: openssl rand -hex 16"
	)
	for topic, secret := range map[string]bool{
		"stormbell-{person}":                            false,
		"oncall-{person}":                               false,
		"{person}":                                      false,
		"pinewater-goods-production-{person}":           false,
		"pinewatergoodsproduction-{person}":             false,
		"pages-2026-11-24-{person}":                     false,
		"shop1234-{person}":                             false,
		"aaaaaaaaaaaaaaa111-{person}":                   false,
		"stormbell-{person}-v2":                         false,
		"5f0c1f6f7f0f4a0d9d1c8a0c3e7b2a64-{person}":     true,
		"bell-{person}-k3v9x2m8q1z7w4h6":                true,
		"stormbell_{person}_mzxw6ytboi2gk3tmnfxw4zdjmu": true,
		"something-that-nobody-can-guess-{person}":      false,
	} {
		for server, is := range map[string]string{
			"https://ntfy.sh": public, "https://NTFY.sh/": public, "http://ntfy.sh:80": public, "https://ntfy.sh.": public, "https://eu.ntfy.sh": public,
			"https://ntfy.example.com": foreign, "https://ntfy.sh.example.com": foreign, "https://notntfy.sh": foreign, "https://push.internal.example.com": foreign,
			"http://203.0.113.7:8080": foreign, "http://172.32.0.1": foreign, "http://[2001:db8::1]": foreign, "https://lan": own,
			"http://127.0.0.1:8080": own, "http://[::1]": own, "http://10.1.2.3": own, "http://172.31.0.1": own, "http://192.168.1.9": own, "http://[fd00::7]": own,
			"http://ntfy": own, "http://localhost:8080": own, "https://ntfy.shop.internal": own, "https://push.local": own, "https://push.LAN": own,
		} {
			if topic != "stormbell-{person}" && server != "https://ntfy.sh" && server != "https://ntfy.example.com" && server != "http://ntfy" {
				continue // one topic tells the servers apart
			}
			for _, token := range []bool{false, true} {
				for key, mend := range map[string]string{"topic": out, "reply_topic": create} {
					value := topic
					if key == "reply_topic" {
						value = strings.Trim(strings.ReplaceAll(topic, "{person}", "answers"), "-")
					}
					text := tokens + "notify.ntfy.url: " + server + "\nnotify.ntfy." + key + ": '" + value + "'\n"
					if token {
						text += "notify.ntfy.token: tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2\n"
					}
					harm := map[string]string{"topic": "can read pages and answer them", "reply_topic": "can bury people's answers under others"}[key]
					place := "FILE:4: notify.ntfy." + key + ": "
					problem, advice := "", ""
					switch {
					case secret:
					case strings.HasPrefix(topic, "something") && key == "topic":
						problem = place + known + mend
					case is == public:
						problem = place + strings.NewReplacer("SERVER", strings.TrimRight(server, "/"), "HARM", harm).Replace(refused) + mend
					case is == foreign && !token:
						problem = place + strings.NewReplacer("SERVER", server, "HARM", harm).Replace(elsewhere) + mend + yours
					case !token:
						advice = place + strings.ReplaceAll(advised, "HARM", harm) + mend + rules
					}
					checkProblems(t, text, nil, problem)
					path := write(t, text)
					got := strings.ReplaceAll(Advice(path, nil).Error(), path, "FILE")
					if diff := cmp.Diff(advice, got); diff != "" {
						t.Errorf("Advice about\n%s(-want +got):\n%s", text, diff)
					}
				}
			}
		}
	}
}

// TestTopicsWithoutServer: nothing is sent anywhere.
func TestTopicsWithoutServer(t *testing.T) {
	path := write(t, tokens+"notify.ntfy.topic: stormbell-{person}\n")
	mustLoad(t, path)
	if got := Advice(path, nil); len(got) > 0 {
		t.Errorf("Advice(%s) = %v, want none", filepath.Base(path), got)
	}
}
