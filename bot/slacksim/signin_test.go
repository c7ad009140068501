package slacksim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// authorize asks for a code and gives the status and the way back.
func (r *rig) authorize(change map[string]string) (status int, back *url.URL, page string) {
	r.t.Helper()
	q := url.Values{"client_id": {r.w.ClientID()}, "response_type": {"code"}, "scope": {"openid email profile"}, "as": {"ada"},
		"redirect_uri": {"http://127.0.0.1:8080/signin"}, "state": {"s1"}, "nonce": {"n1"}}
	for k, v := range change {
		q.Set(k, v)
	}
	client := *r.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Get("http://slack.test/openid/connect/authorize?" + q.Encode())
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	back, _ = url.Parse(resp.Header.Get("Location"))
	return resp.StatusCode, back, string(b)
}

func (r *rig) getJSON(address string) map[string]any {
	r.t.Helper()
	resp, err := r.http.Get(address)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var o map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&o); err != nil {
		r.t.Fatalf("GET %s: %v", address, err)
	}
	return o
}

func TestSignIn(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		found := r.getJSON("http://slack.test/.well-known/openid-configuration")
		status, back, _ := r.authorize(nil)
		if status != http.StatusFound || back.Query().Get("state") != "s1" || back.Host != "127.0.0.1:8080" {
			t.Fatalf("authorize = %d, back to %v", status, back)
		}
		trade := f("client_id", r.w.ClientID(), "client_secret", r.w.ClientSecret(), "code", back.Query().Get("code"),
			"redirect_uri", "http://127.0.0.1:8080/signin", "grant_type", "authorization_code")
		o := r.callAs("", "openid.connect.token", trade)
		claims := verified(t, o["id_token"].(string), r.getJSON(found["jwks_uri"].(string)))
		for k, want := range map[string]any{"iss": found["issuer"], "aud": r.w.ClientID(), "sub": "UADA", "nonce": "n1",
			"https://slack.com/team_id": r.w.TeamID(), "email": "ada@acme.example", "given_name": "Ada"} {
			if claims[k] != want {
				t.Errorf("claim %s = %v, want %v", k, claims[k], want)
			}
		}
		if o := r.callAs("", "openid.connect.token", trade); o["error"] != "invalid_code" {
			t.Errorf("the same code again = %v, want invalid_code", o)
		}
		access := o["access_token"].(string)
		if u := r.callAs(access, "openid.connect.userInfo", nil); u["sub"] != "UADA" || u["name"] != "Ada Byron" {
			t.Errorf("userInfo = %v", u)
		}
		if o := r.callAs(access, "chat.postMessage", nil); o["error"] != "not_allowed_token_type" {
			t.Errorf("posting with a sign-in token = %v", o)
		}
		if o := r.callAs(r.w.BotToken(), "openid.connect.userInfo", nil); o["error"] != "invalid_auth" {
			t.Errorf("userInfo with the bot token = %v", o)
		}
	})
}

// verified checks a token's signature against the published keys.
func verified(t *testing.T, token string, keys map[string]any) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	raw := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatalf("token part %q: %v", s, err)
		}
		return b
	}
	k := keys["keys"].([]any)[0].(map[string]any)
	pub := &rsa.PublicKey{N: new(big.Int).SetBytes(raw(k["n"].(string))), E: int(new(big.Int).SetBytes(raw(k["e"].(string))).Int64())}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], raw(parts[2])); err != nil {
		t.Errorf("signature: %v", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw(parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestSignInRefusals(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		for name, change := range map[string]map[string]string{
			"another app":       f("client_id", "1.2"),
			"no code asked for": f("response_type", "token"),
			"no openid":         f("scope", "email"),
			"somebody's site":   f("redirect_uri", "https://evil.example/"),
			"loopback look":     f("redirect_uri", "http://127.0.0.1.evil.example/"),
			"plain challenge":   f("code_challenge", "x", "code_challenge_method", "plain"),
		} {
			if status, back, page := r.authorize(change); status != http.StatusBadRequest || back.String() != "" {
				t.Errorf("%s: authorize = %d to %q: %s", name, status, back, page)
			}
		}
		status, _, page := r.authorize(f("as", ""))
		if status != http.StatusOK || !strings.Contains(page, "Ada Byron") || strings.Contains(page, "incident-bot") {
			t.Errorf("asking who it is = %d %s", status, page)
		}
		sum := sha256.Sum256([]byte("the verifier"))
		proof := f("code_challenge", b64(sum[:]), "code_challenge_method", "S256")
		for _, c := range []struct {
			change map[string]string
			wait   time.Duration
			code   string
		}{
			{f("client_id", "1.2"), 0, "invalid_client_id"},
			{f("client_secret", "x"), 0, "bad_client_secret"},
			{f("grant_type", "password"), 0, "invalid_grant_type"},
			{f("code", "x"), 0, "invalid_code"},
			{f("redirect_uri", "http://127.0.0.1:8080/other"), 0, "bad_redirect_uri"},
			{f("code_verifier", "another"), 0, "invalid_grant"},
			{f(), codeLife + time.Second, "invalid_code"},
			{f(), 0, ""},
		} {
			_, back, _ := r.authorize(proof)
			time.Sleep(c.wait)
			form := f("client_id", r.w.ClientID(), "client_secret", r.w.ClientSecret(), "code", back.Query().Get("code"),
				"redirect_uri", "http://127.0.0.1:8080/signin", "code_verifier", "the verifier")
			for k, v := range c.change {
				form[k] = v
			}
			o := r.callAs("", "openid.connect.token", form)
			if got, _ := o["error"].(string); got != c.code {
				t.Errorf("token with %v after %v = %v, want %q", c.change, c.wait, o, c.code)
			}
		}
	})
}
