package slacksim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sign in with Slack, which is OpenID Connect: the app sends a browser to
// /openid/connect/authorize, where somebody says who they are (as=HANDLE in
// the address says it for them), and trades the code that comes back for an ID
// token (Slack: "Sign in with Slack").

const (
	codeLife  = 10 * time.Minute
	tokenLife = 5 * time.Minute // of an ID token
)

// signIn is one person's consent: first a code, then an access token.
type signIn struct {
	user, redirect, nonce, challenge string
	scopes                           []string
	issued                           time.Time
}

func signInMethods() map[string]*method {
	return map[string]*method{
		"openid.connect.token":    {token: noToken, tier: tier4, noJSON: true, run: (*call).signInToken},
		"openid.connect.userInfo": {token: userToken, tier: tier3, run: (*call).signInUser},
	}
}

// ClientID is the app's OAuth client ID.
func (w *Workspace) ClientID() string { return w.clientID }

// ClientSecret is the secret that goes with ClientID.
func (w *Workspace) ClientSecret() string { return w.clientSecret }

// serveSignIn answers what a browser and an OpenID library ask for outside the
// Web API.
func (w *Workspace) serveSignIn(rw http.ResponseWriter, r *http.Request) {
	base := baseURL(r)
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		writeJSON(rw, http.StatusOK, object{
			"issuer": base, "authorization_endpoint": base + "/openid/connect/authorize",
			"token_endpoint": base + "/api/openid.connect.token", "userinfo_endpoint": base + "/api/openid.connect.userInfo",
			"jwks_uri": base + "/openid/connect/keys", "scopes_supported": []string{"openid", "profile", "email"},
			"response_types_supported": []string{"code"}, "response_modes_supported": []string{"form_post"},
			"grant_types_supported": []string{"authorization_code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"claims_supported":                      []string{"sub", "auth_time", "iss"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		})
	case "/openid/connect/keys":
		pub := w.signingKey().PublicKey
		writeJSON(rw, http.StatusOK, object{"keys": []object{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": w.appID,
			"n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes())}}})
	case "/openid/connect/authorize":
		w.serveConsent(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// consentPage asks who is signing in. Everything in it is escaped by its place.
var consentPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("consent").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in to {{.Team}}</title></head>
<body><h1>Sign in to {{.Team}}</h1>
{{if .Problem}}<p>{{.Problem}}</p>{{else}}<p>This is a simulated workspace. Who are you?</p>
<ul>{{range .People}}<li><a href="{{.Link}}">{{.RealName}}</a> (@{{.Name}})</li>{{end}}</ul>{{end}}</body></html>
`))
})

// consentForm is what the page shows, or where the browser goes instead.
type consentForm struct {
	Team, Problem string
	People        []consentLink
	back          string
}

type consentLink struct {
	User
	Link string
}

// serveConsent shows the people to choose from, or sends the browser back with
// a code for the chosen one.
func (w *Workspace) serveConsent(rw http.ResponseWriter, r *http.Request) {
	form := w.askConsent(r.URL.Query())
	if form.back != "" {
		http.Redirect(rw, r, form.back, http.StatusFound)
		return
	}
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if form.Problem != "" {
		rw.WriteHeader(http.StatusBadRequest)
	}
	consentPage().Execute(rw, form) // a broken connection is the browser's business
}

func (w *Workspace) askConsent(q url.Values) consentForm {
	w.mu.Lock()
	defer w.mu.Unlock()
	form := consentForm{Team: w.opts.Team, Problem: w.consentProblem(q)}
	if form.Problem != "" {
		return form
	}
	if u := w.person(q.Get("as")); u != nil && !u.Deleted && !u.IsBot {
		form.back = w.consent(q, u.ID)
		return form
	}
	for _, id := range w.people {
		if u := w.users[id]; !u.IsBot && !u.Deleted {
			q.Set("as", u.ID)
			form.People = append(form.People, consentLink{u.User, "?" + q.Encode()})
		}
	}
	return form
}

// consentProblem judges an authorisation request; "" is fine.
func (w *Workspace) consentProblem(q url.Values) string {
	switch {
	case q.Get("client_id") != w.clientID:
		return "invalid_client_id: the app has another client ID"
	case q.Get("response_type") != "code":
		return "invalid_request: response_type must be code"
	case !slices.Contains(scopesOf(q), "openid"):
		return "invalid_scope: scope must contain openid"
	case !w.mayReturnTo(q.Get("redirect_uri")):
		return "bad_redirect_uri: the manifest's oauth_config.redirect_urls does not have it"
	case q.Get("code_challenge") != "" && q.Get("code_challenge_method") != "S256":
		return "invalid_request: code_challenge_method must be S256"
	}
	return ""
}

func scopesOf(q url.Values) []string {
	return strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ' ' || r == ',' })
}

// mayReturnTo allows what begins with a declared redirect URL and, since
// nothing here can be https, addresses on this machine.
func (w *Workspace) mayReturnTo(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	if u.Scheme == "http" && (u.Hostname() == "localhost" || isLoopback(u.Hostname())) {
		return true
	}
	return slices.ContainsFunc(w.redirects, func(r string) bool {
		return address == r || strings.HasPrefix(address, strings.TrimSuffix(r, "/")+"/") || strings.HasPrefix(address, r+"?")
	})
}

// consent issues a code and returns where the browser goes with it.
func (w *Workspace) consent(q url.Values, user string) string {
	code := w.digits(12) + "." + w.secret(48)
	s := &signIn{user: user, redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		scopes: scopesOf(q), issued: w.now()}
	w.codes.put(code, s, func(s *signIn) bool { return w.now().Sub(s.issued) > codeLife })
	back, err := url.Parse(s.redirect)
	if err != nil {
		return s.redirect // judged before: it parses
	}
	values := back.Query()
	values.Set("code", code)
	values.Set("state", q.Get("state"))
	back.RawQuery = values.Encode()
	return back.String()
}

// signInToken trades a code for an access token and an ID token.
func (c *call) signInToken() (object, *apiError) {
	s := c.codes.at(c.str("code"))
	sum := sha256.Sum256([]byte(c.str("code_verifier")))
	switch {
	case c.str("client_id") != c.clientID:
		return nil, fail("invalid_client_id")
	case c.str("client_secret") != c.clientSecret:
		return nil, fail("bad_client_secret")
	case c.has("grant_type") && c.str("grant_type") != "authorization_code":
		return nil, fail("invalid_grant_type")
	case s == nil || c.now().Sub(s.issued) > codeLife:
		return nil, fail("invalid_code")
	case c.str("redirect_uri") != s.redirect:
		return nil, fail("bad_redirect_uri")
	case s.challenge != "" && s.challenge != b64(sum[:]):
		return nil, fail("invalid_grant")
	}
	c.codes.drop(c.str("code")) // good once
	access := "xoxp-" + c.digits(12) + "-" + c.secret(32)
	c.signIns[access] = s
	claims := c.claims(s)
	for k, v := range (object{"iss": c.base, "aud": c.clientID, "exp": unix(c.now().Add(tokenLife)), "iat": unix(c.now()),
		"auth_time": unix(s.issued), "nonce": s.nonce, "at_hash": halfHash(access)}) {
		claims[k] = v
	}
	token, err := c.signed(claims)
	if err != nil {
		return nil, fail("internal_error")
	}
	return object{"access_token": access, "token_type": "Bearer", "id_token": token}, nil
}

// claims is what the consent's scopes tell of the person.
func (w *Workspace) claims(s *signIn) object {
	u := w.users[s.user]
	o := object{"sub": u.ID, "https://slack.com/user_id": u.ID, "https://slack.com/team_id": w.teamID}
	if slices.Contains(s.scopes, "email") {
		o["email"], o["email_verified"], o["date_email_verified"] = u.Email, true, unix(u.updated)
	}
	if slices.Contains(s.scopes, "profile") {
		given, family, _ := strings.Cut(u.RealName, " ")
		o["name"], o["given_name"], o["family_name"], o["locale"] = u.RealName, given, family, "en-US"
		o["https://slack.com/team_name"], o["https://slack.com/team_domain"] = w.opts.Team, w.domain
	}
	return o
}

func (c *call) signInUser() (object, *apiError) { return c.claims(c.signIns[c.token]), nil }

// halfHash is at_hash: the left half of the access token's SHA-256.
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return b64(sum[:16])
}

// signed makes a JSON Web Token with RS256.
func (w *Workspace) signed(claims object) (string, error) {
	head := b64(mustJSON(object{"typ": "JWT", "alg": "RS256", "kid": w.appID}))
	text := head + "." + b64(mustJSON(claims))
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, w.signingKey(), crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + b64(sig), nil
}

// newSigningKey makes the key when it is first needed: it takes a while, and
// most workspaces sign nobody in.
func newSigningKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic("slacksim: no random numbers: " + err.Error()) // crypto/rand ends the process before that
	}
	return key
}
