package slacksim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// contract is one documented refusal: the call that must get it. Values that
// begin with $ name something that contractRig prepared.
type contract struct {
	method string
	form   map[string]string
	code   string
}

// f makes a form out of names and values.
func f(pairs ...string) map[string]string {
	out := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// contractRig is a workspace with one of everything that calls can stumble
// over; the map says what the $names are.
func contractRig(r *rig) map[string]string {
	r.t.Helper()
	ada := r.w.As("ada")
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	ops, err := ada.Create("ops", Public)
	must(err)
	secret, err := ada.Create("secret", Private)
	must(err)
	names := map[string]string{"$general": r.channelID("general"), "$ops": ops, "$secret": secret, "$bot": r.w.BotUserID()}
	create := func(name, private string) string {
		o := r.want("conversations.create", f("name", name, "is_private", private), "")
		return o["channel"].(map[string]any)["id"].(string)
	}
	names["$war"], names["$room"], names["$old"] = create("war", "true"), create("room", "false"), create("old", "false")
	r.want("conversations.invite", f("channel", names["$room"], "users", "UADA"), "")
	mine := func(channel, text string) string {
		return r.want("chat.postMessage", f("channel", channel, "text", text), "")["ts"].(string)
	}
	names["$mine"], names["$oldts"] = mine(names["$room"], "mine"), mine(names["$old"], "mine")
	names["$reply"] = r.want("chat.postMessage", f("channel", names["$room"], "text", "reply", "thread_ts", names["$mine"]), "")["ts"].(string)
	m, err := ada.Message("room", "hers", "")
	must(err)
	names["$hers"] = m.TS
	there, err := ada.Message("ops", "not for the bot", "")
	must(err)
	names["$opsts"] = there.TS
	r.want("pins.add", f("channel", names["$room"], "timestamp", m.TS), "")
	r.want("reactions.add", f("channel", names["$room"], "timestamp", m.TS, "name", "eyes"), "")
	o := r.want("chat.postMessage", f("channel", "UBEN", "text", "hello"), "")
	names["$dm"], names["$dmts"] = o["channel"].(string), o["ts"].(string)
	r.want("conversations.archive", f("channel", names["$old"]), "")
	names["$big"] = strings.Repeat("x", 4001)
	names["$bigblocks"] = manySections(6, 2500)
	names["$longname"] = strings.Repeat("x", 81)
	names["$longtopic"] = strings.Repeat("x", 251)
	for _, m := range r.messagesOf("room") {
		if m.Subtype == "channel_join" {
			names["$system"] = m.TS
		}
	}
	return names
}

func (r *rig) messagesOf(name string) []Message {
	c, _ := r.w.State().Channel(name)
	return c.Messages
}

// manySections is blocks of n sections with that many characters each.
func manySections(n, length int) string {
	var blocks []object
	for range n {
		blocks = append(blocks, object{"type": "section", "text": object{"type": "mrkdwn", "text": strings.Repeat("y", length)}})
	}
	return string(mustJSON(blocks))
}

func contractPeople() []Person {
	return []Person{
		{ID: "UADA", Name: "ada"}, {ID: "UBEN", Name: "ben"},
		{ID: "UGONE", Name: "gone", Deleted: true}, {ID: "UROBOT", Name: "robot", IsBot: true},
	}
}

func TestDocumentedRefusals(t *testing.T) {
	bubble(t, Options{People: contractPeople()}, func(t *testing.T, r *rig) {
		names := contractRig(r)
		for _, c := range contracts() {
			form := map[string]string{}
			for k, v := range c.form {
				if prepared, ok := names[v]; ok {
					v = prepared
				}
				form[k] = v
			}
			r.want(c.method, form, c.code)
		}
	})
}

func TestRefusalsOfOtherWorkspaces(t *testing.T) {
	for name, k := range specialRefusals() {
		t.Run(name, func(t *testing.T) {
			k.o.People = contractPeople()
			bubble(t, k.o, func(t *testing.T, r *rig) {
				names := contractRig(r)
				time.Sleep(time.Second)
				for _, c := range k.rows {
					form := map[string]string{}
					for key, v := range c.form {
						if prepared, ok := names[v]; ok {
							v = prepared
						}
						form[key] = v
					}
					r.want(c.method, form, c.code)
				}
			})
		})
	}
}

func TestEveryScopeIsNeeded(t *testing.T) {
	for name, m := range methodTable() {
		need := m.scopes.all()
		if len(need) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{DeclinedScopes: need}, func(t *testing.T, r *rig) {
				o := r.want(name, nil, "missing_scope")
				if got := strings.Split(o["needed"].(string), ","); !slices.Equal(got, need) {
					t.Errorf("needed = %v, want %v", got, need)
				}
				provided := strings.Split(o["provided"].(string), ",")
				for _, s := range need {
					if slices.Contains(provided, s) {
						t.Errorf("provided has %s, which was declined", s)
					}
				}
			})
		})
	}
}

func TestScopeByKindOfConversation(t *testing.T) {
	bubble(t, Options{DeclinedScopes: []string{"groups:read", "groups:write", "groups:history"}}, func(t *testing.T, r *rig) {
		ada := r.w.As("ada")
		id, err := ada.Create("secret", Private)
		if err != nil {
			t.Fatal(err)
		}
		if err := ada.Invite("secret", r.w.BotUserID()); err != nil {
			t.Fatal(err)
		}
		o := r.want("conversations.info", f("channel", id), "missing_scope")
		if o["needed"] != "groups:read" {
			t.Errorf("needed = %v, want groups:read", o["needed"])
		}
		r.want("conversations.create", f("name", "x", "is_private", "true"), "missing_scope")
		r.want("conversations.create", f("name", "x"), "")
		r.want("conversations.list", f("types", "public_channel,private_channel"), "missing_scope")
		r.want("conversations.history", f("channel", id), "missing_scope")
	})
}

func TestTokens(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		for _, c := range []struct{ token, method, code string }{
			{"", "auth.test", "not_authed"},
			{"xoxb-wrong", "auth.test", "invalid_auth"},
			{r.w.AppToken(), "auth.test", "not_allowed_token_type"},
			{r.w.BotToken(), "apps.connections.open", "not_allowed_token_type"},
			{"xapp-wrong", "apps.connections.open", "invalid_auth"},
			{"", "apps.connections.open", "missing_args"},
			{r.w.AppToken(), "apps.connections.open", ""},
			{"", "blocks.validate", "invalid_arguments"},
		} {
			o := r.callAs(c.token, c.method, nil)
			if got, _ := o["error"].(string); got != c.code {
				t.Errorf("%s with token %.8q = %q, want %q", c.method, c.token, got, c.code)
			}
		}
	})
}

// TestManifestDecides is about what the manifest leaves out.
func TestManifestDecides(t *testing.T) {
	manifest := `
display_information: {name: Small}
features:
  app_home: {home_tab_enabled: false, messages_tab_enabled: false}
  bot_user: {display_name: small}
oauth_config: {scopes: {bot: ["chat:write", "channels:read", "im:write", "channels:history", "channels:join", "users:read"]}}
settings: {socket_mode_enabled: true, event_subscriptions: {bot_events: [message.channels, app_home_opened]}}
`
	bubble(t, Options{Manifest: []byte(manifest), Channels: []string{"ops"}}, func(t *testing.T, r *rig) {
		p := r.connect()
		ada := r.w.As("ada")
		if _, err := ada.Command("general", "/incident", ""); err == nil {
			t.Error("an undeclared command was sent")
		}
		if _, err := ada.Shortcut(Shortcut{CallbackID: "declare_incident"}); err == nil {
			t.Error("an undeclared shortcut was sent")
		}
		if _, err := ada.OpenHome(); err == nil {
			t.Error("a Home tab that is off was opened")
		}
		m, err := ada.Message("general", "hello <@"+r.w.BotUserID()+">", "")
		if err != nil {
			t.Fatal(err)
		}
		ada.Message("ops", "the bot is not here", "")
		ada.React("general", m.TS, "eyes")
		if got := p.kinds(); !slices.Equal(got, []string{"hello", "events_api"}) {
			t.Errorf("frames = %v, want one message: app_mention, reactions and other channels are not subscribed or not seen", got)
		}
		r.want("views.publish", f("user_id", "UADA", "view", goodHome), "not_enabled")
		r.want("chat.postMessage", f("channel", "UADA", "text", "x"), "messages_tab_disabled")
		r.want("chat.postMessage", f("channel", r.channelID("ops"), "text", "x"), "not_in_channel")
		dm, err := ada.OpenDM(r.w.BotUserID())
		if err != nil {
			t.Fatal(err)
		}
		r.want("chat.postEphemeral", f("channel", dm, "user", "UADA", "text", "x"), "messages_tab_disabled")
		r.want("conversations.join", f("channel", r.channelID("ops")), "")
		r.want("chat.postMessage", f("channel", r.channelID("ops"), "text", "x"), "")
		r.want("users.info", f("user", "UADA"), "")
		if u := r.call("users.info", f("user", "UADA"))["user"].(map[string]any)["profile"].(map[string]any); u["email"] != nil {
			t.Errorf("profile shows an e-mail address without users:read.email: %v", u)
		}
	})
	off := strings.Replace(permissiveManifest, "socket_mode_enabled: true", "socket_mode_enabled: false", 1)
	off = off[:strings.Index(off, "  event_subscriptions:")] + "  socket_mode_enabled: false\n"
	bubble(t, Options{Manifest: []byte(off)}, func(t *testing.T, r *rig) {
		if o := r.callAs(r.w.AppToken(), "apps.connections.open", nil); o["error"] != "forbidden_team" {
			t.Errorf("apps.connections.open with Socket Mode off = %v", o)
		}
	})
}

func TestRateLimits(t *testing.T) {
	bubble(t, Options{RateLimits: true}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		for i := range tier2 {
			if o := r.call("conversations.list", nil); o["ok"] != true {
				t.Fatalf("call %d of 20 in a minute = %v", i+1, o)
			}
		}
		r.want("conversations.list", nil, "ratelimited")
		time.Sleep(3 * time.Second)
		r.want("conversations.list", nil, "")
		for range 5 {
			r.want("chat.postMessage", f("channel", general, "text", "x"), "")
		}
		r.want("chat.postMessage", f("channel", general, "text", "x"), "ratelimited")
		r.want("chat.postMessage", f("channel", "UADA", "text", "x"), "") // another channel
		_, _, err := r.api.PostMessage(general)
		if err == nil || !strings.Contains(err.Error(), "retry after 1s") {
			t.Errorf("slack-go's error = %v, want its rate limit error with 1 s", err)
		}
	})
}
