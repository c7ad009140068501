package slacksim

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestRequestForms(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		token := r.w.BotToken()
		for name, c := range map[string]struct {
			verb, query, kind, body, header string
			code, warning                   string
		}{
			"form with token":          {"POST", "", "application/x-www-form-urlencoded", "token=" + token, "", "", ""},
			"form with charset":        {"POST", "", "application/x-www-form-urlencoded; charset=utf-8", "token=" + token, "", "", "superfluous_charset"},
			"header":                   {"POST", "", "", "", "Bearer " + token, "", ""},
			"get":                      {"GET", "", "", "", "Bearer " + token, "", ""},
			"token in the query":       {"GET", "?token=" + token, "", "", "", "not_authed", ""},
			"token in JSON":            {"POST", "", "application/json; charset=utf-8", `{"token":"` + token + `"}`, "", "not_authed", ""},
			"JSON":                     {"POST", "", "application/json; charset=utf-8", `{"a":null,"b":[1]}`, "Bearer " + token, "", ""},
			"JSON without charset":     {"POST", "", "application/json", "{}", "Bearer " + token, "", "missing_charset"},
			"JSON in another charset":  {"POST", "", "application/json; charset=koi8-r", "{}", "Bearer " + token, "invalid_charset", ""},
			"broken JSON":              {"POST", "", "application/json; charset=utf-8", "{", "Bearer " + token, "invalid_json", ""},
			"JSON array":               {"POST", "", "application/json; charset=utf-8", "[]", "Bearer " + token, "json_not_object", ""},
			"no content type":          {"POST", "", "", "a=b", "Bearer " + token, "missing_post_type", ""},
			"text":                     {"POST", "", "text/plain", "a=b", "Bearer " + token, "invalid_post_type", ""},
			"broken form":              {"POST", "", "application/x-www-form-urlencoded", "a=%zz", "Bearer " + token, "invalid_form_data", ""},
			"broken multipart":         {"POST", "", "multipart/form-data; boundary=x", "nothing", "Bearer " + token, "invalid_form_data", ""},
			"another scheme of header": {"GET", "", "", "", "Digest abc", "invalid_auth", ""},
		} {
			req, err := http.NewRequest(c.verb, "http://slack.test/api/auth.test"+c.query, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.kind != "" {
				req.Header.Set("Content-Type", c.kind)
			}
			if c.header != "" {
				req.Header.Set("Authorization", c.header)
			}
			o := r.do(req)
			code, _ := o["error"].(string)
			warning, _ := o["warning"].(string)
			if code != c.code || warning != c.warning {
				t.Errorf("%s: auth.test = %v, want error %q, warning %q", name, o, c.code, c.warning)
			}
		}
	})
}

func TestConnectionsOpenWantsPOST(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		req, err := http.NewRequest("GET", "http://slack.test/api/apps.connections.open", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+r.w.AppToken())
		if o := r.do(req); o["error"] != "insecure_request" {
			t.Errorf("GET apps.connections.open = %v, want insecure_request", o)
		}
	})
}

func TestScopesAreInTheHeaders(t *testing.T) {
	bubble(t, Options{DeclinedScopes: []string{"files:write"}}, func(t *testing.T, r *rig) {
		resp, err := r.http.PostForm("http://slack.test/api/pins.list", map[string][]string{"token": {r.w.BotToken()}})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		scopes := strings.Split(resp.Header.Get("X-OAuth-Scopes"), ",")
		if !slices.Contains(scopes, "pins:write") || slices.Contains(scopes, "files:write") {
			t.Errorf("X-OAuth-Scopes = %v", scopes)
		}
		if got := resp.Header.Get("X-Accepted-OAuth-Scopes"); got != "pins:read" {
			t.Errorf("X-Accepted-OAuth-Scopes = %q", got)
		}
	})
}
