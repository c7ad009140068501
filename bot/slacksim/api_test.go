package slacksim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUpdateMetadataRules(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		ts := r.want("chat.postMessage", f("channel", general, "text", "a", "metadata", `{"event_type":"k","event_payload":{}}`), "")["ts"].(string)
		meta := func() *Metadata {
			c, _ := r.w.State().Channel("general")
			m, _ := c.Message(ts)
			return m.Metadata
		}
		r.want("chat.update", f("channel", general, "ts", ts, "text", "b"), "")
		if m := meta(); m == nil || m.EventType != "k" {
			t.Errorf("metadata left out: %+v, want it kept", m)
		}
		r.want("chat.update", f("channel", general, "ts", ts, "text", "c", "metadata", "{}"), "")
		if m := meta(); m != nil {
			t.Errorf("metadata {}: %+v, want it removed", m)
		}
	})
}

func TestTombstones(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		ts := r.want("chat.postMessage", f("channel", general, "text", "root"), "")["ts"].(string)
		reply := r.want("chat.postMessage", f("channel", general, "text", "reply", "thread_ts", ts), "")["ts"].(string)
		r.want("chat.delete", f("channel", general, "ts", ts), "")
		r.want("chat.delete", f("channel", general, "ts", ts), "message_not_found")
		r.want("reactions.add", f("channel", general, "timestamp", ts, "name", "x"), "not_reactable")
		r.want("pins.add", f("channel", general, "timestamp", ts), "not_pinnable")
		r.want("chat.delete", f("channel", general, "ts", reply), "")
		c, _ := r.w.State().Channel("general")
		if m, ok := c.Message(ts); !ok || m.Subtype != "tombstone" || m.ReplyCount != 0 {
			t.Errorf("deleted root = %+v, want a tombstone without replies", m)
		}
	})
}

func TestCountsHaveLimits(t *testing.T) {
	bubble(t, Options{Channels: []string{"ops"}}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		for range maxPins {
			ts := r.want("chat.postMessage", f("channel", general, "text", "x"), "")["ts"].(string)
			r.want("pins.add", f("channel", general, "timestamp", ts), "")
		}
		ts := r.want("chat.postMessage", f("channel", general, "text", "x"), "")["ts"].(string)
		r.want("pins.add", f("channel", general, "timestamp", ts), "too_many_pins")
		for i := range maxBookmarks {
			r.want("bookmarks.add", f("channel_id", general, "title", "t", "type", "link", "link", fmt.Sprintf("https://x.example/%d", i)), "")
		}
		r.want("bookmarks.add", f("channel_id", general, "title", "t", "type", "link", "link", "https://x.example"), "too_many_bookmarks")
		for i := range maxReactionKinds {
			r.want("reactions.add", f("channel", general, "timestamp", ts, "name", fmt.Sprintf("e%d", i)), "")
		}
		r.want("reactions.add", f("channel", general, "timestamp", ts, "name", "more"), "too_many_reactions")
		for i := range maxEmojiKinds - maxReactionKinds {
			who := []string{"ada", "ben"}[i%2]
			if err := r.w.As(who).React("general", ts, fmt.Sprintf("p%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		r.want("reactions.add", f("channel", general, "timestamp", ts, "name", "more"), "too_many_emoji")
		m, err := r.w.As("ada").Message("ops", "not yours", "")
		if err != nil {
			t.Fatal(err)
		}
		r.want("pins.add", f("channel", r.channelID("ops"), "timestamp", m.TS), "not_in_channel")
		r.want("pins.remove", f("channel", r.channelID("ops"), "timestamp", m.TS), "not_in_channel")
		r.want("reactions.add", f("channel", r.channelID("ops"), "timestamp", m.TS, "name", "x"), "no_access")
	})
}

func TestBookmarks(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		b := r.want("bookmarks.add", f("channel_id", general, "title", "Runbook", "type", "link", "link", "https://x.example/r", "emoji", ":book:"), "")["bookmark"].(map[string]any)
		id := b["id"].(string)
		r.want("bookmarks.edit", f("channel_id", general, "bookmark_id", id, "link", "x"), "invalid_link")
		r.want("bookmarks.edit", f("channel_id", general, "bookmark_id", id, "emoji", "x"), "invalid_emoji")
		r.want("bookmarks.edit", f("channel_id", general, "bookmark_id", id, "title", "Book"), "")
		list := r.want("bookmarks.list", f("channel_id", general), "")["bookmarks"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["title"] != "Book" || list[0].(map[string]any)["link"] != "https://x.example/r" {
			t.Errorf("bookmarks = %v", list)
		}
		r.want("bookmarks.remove", f("channel_id", general, "bookmark_id", id), "")
		if c, _ := r.w.State().Channel("general"); len(c.Bookmarks) != 0 {
			t.Errorf("bookmarks after removal = %v", c.Bookmarks)
		}
	})
}

func TestUserGroups(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		id := r.want("usergroups.create", f("name", "On call", "handle", "oncall"), "")["usergroup"].(map[string]any)["id"].(string)
		r.want("usergroups.users.update", f("usergroup", id), "no_users_provided")
		r.want("usergroups.users.update", f("usergroup", id, "users", "UNONE"), "invalid_users")
		r.want("usergroups.users.update", f("usergroup", id, "users", r.w.BotUserID()), "invalid_users")
		r.want("usergroups.users.update", f("usergroup", id, "users", "UADA,UBEN"), "")
		r.want("usergroups.users.update", f("usergroup", id, "users", "UBEN"), "")
		ev := eventOf(p.last())
		if ev["type"] != "subteam_members_changed" || !cmp.Equal(ev["removed_users"], []any{"UADA"}) || ev["added_users_count"] != 0.0 {
			t.Errorf("event = %v", ev)
		}
		got := r.want("usergroups.users.list", f("usergroup", id), "")["users"]
		if !cmp.Equal(got, []any{"UBEN"}) {
			t.Errorf("users = %v, want the list replaced", got)
		}
		m, err := r.w.As("ada").Message("general", "wake @oncall", "")
		if err != nil || m.Text != "wake <!subteam^"+id+">" {
			t.Errorf("typed mention of the group = %q, %v", m.Text, err)
		}
		r.want("usergroups.disable", f("usergroup", id), "")
		if list := r.want("usergroups.list", nil, "")["usergroups"].([]any); len(list) != 0 {
			t.Errorf("list shows a disabled group: %v", list)
		}
		r.want("usergroups.enable", f("usergroup", id), "")
		r.want("usergroups.update", f("usergroup", id, "handle", "x y"), "bad_handle")
		r.want("usergroups.update", f("usergroup", id, "name", "Rota", "description", "who wakes"), "")
		list := r.want("usergroups.list", f("include_users", "true"), "")["usergroups"].([]any)
		g := list[0].(map[string]any)
		if g["name"] != "Rota" || g["handle"] != "oncall" || !cmp.Equal(g["users"], []any{"UBEN"}) {
			t.Errorf("group = %v", g)
		}
	})
}

func TestCanvases(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		doc := func(s string) string { return `{"type":"markdown","markdown":"` + s + `"}` }
		id := r.want("canvases.create", f("title", "PM", "document_content", doc("# One")), "")["canvas_id"].(string)
		change := func(op, s string) string { return `[{"operation":"` + op + `","document_content":` + doc(s) + `}]` }
		r.want("canvases.edit", f("canvas_id", id, "changes", change("insert_at_end", "two")), "")
		r.want("canvases.edit", f("canvas_id", id, "changes", change("insert_at_start", "zero")), "")
		if got := r.w.State().Canvases[0].Markdown; got != "zero\n\n# One\n\ntwo" {
			t.Errorf("canvas = %q", got)
		}
		r.want("canvases.edit", f("canvas_id", id, "changes", change("explode", "x")), "canvas_editing_failed")
		r.want("canvases.edit", f("canvas_id", id, "changes", "[]"), "invalid_arguments")
		r.want("canvases.edit", f("canvas_id", id, "changes", change("replace", strings.Repeat("x", maxCanvas+1))), "canvas_too_large")
		sections := r.want("canvases.sections.lookup", f("canvas_id", id, "criteria", `{"contains_text":"One"}`), "")["sections"].([]any)
		if len(sections) != 1 {
			t.Errorf("sections = %v, want one", sections)
		}
		r.want("canvases.access.set", f("canvas_id", id, "access_level", "all", "user_ids", "UADA"), "invalid_parameters")
		r.want("canvases.access.set", f("canvas_id", id, "access_level", "read"), "invalid_parameters")
		r.want("canvases.access.set", f("canvas_id", id, "access_level", "read", "user_ids", "UNONE"), "user_not_found")
		r.want("canvases.access.set", f("canvas_id", id, "access_level", "read", "channel_ids", "C0NONE"), "channel_not_found")
		r.want("canvases.access.set", f("canvas_id", id, "access_level", "read", "channel_ids", r.channelID("general")), "")
		r.want("canvases.delete", f("canvas_id", id), "")
		tab := r.want("conversations.canvases.create", f("channel_id", r.channelID("general")), "")["canvas_id"].(string)
		if c, _ := r.w.State().Channel("general"); c.CanvasID != tab {
			t.Errorf("the channel's canvas = %q, want %q", c.CanvasID, tab)
		}
		r.want("canvases.delete", f("canvas_id", tab), "")
		if c, _ := r.w.State().Channel("general"); c.CanvasID != "" {
			t.Errorf("the deleted canvas is still the channel's: %q", c.CanvasID)
		}
	})
	bubble(t, Options{Plan: Free}, func(t *testing.T, r *rig) {
		tab := r.want("canvases.create", f("channel_id", r.channelID("general")), "")["canvas_id"].(string)
		r.want("canvases.edit", f("canvas_id", tab, "changes", `[{"operation":"replace","document_content":{"type":"markdown","markdown":"x"}}]`), "")
	})
}

func TestPeople(t *testing.T) {
	people := []Person{{ID: "UADA", Name: "ada", RealName: "Ada Byron", Email: "ada@acme.example", TimeZone: "Asia/Kolkata"}}
	for i := range 30 {
		people = append(people, Person{Name: fmt.Sprintf("p%02d", i)})
	}
	bubble(t, Options{People: people}, func(t *testing.T, r *rig) {
		u := r.want("users.info", f("user", "UADA"), "")["user"].(map[string]any)
		if u["tz_offset"] != 19800.0 || u["profile"].(map[string]any)["email"] != "ada@acme.example" || u["is_bot"] != false {
			t.Errorf("users.info = %v", u)
		}
		if u := r.want("users.lookupByEmail", f("email", "ADA@acme.example"), "")["user"].(map[string]any); u["id"] != "UADA" {
			t.Errorf("lookup = %v", u)
		}
		seen := map[any]bool{}
		for cursor, first := "", true; first || cursor != ""; first = false {
			o := r.want("users.list", f("limit", "10", "cursor", cursor), "")
			for _, m := range o["members"].([]any) {
				seen[m.(map[string]any)["id"]] = true
			}
			cursor = o["response_metadata"].(map[string]any)["next_cursor"].(string)
		}
		if len(seen) != 33 {
			t.Errorf("users.list in pages found %d, want 31 people, the bot and Slackbot", len(seen))
		}
		r.w.ChangePerson("ada", func(u *User) { u.Away = true })
		if p := r.want("users.getPresence", f("user", "UADA"), "")["presence"]; p != "away" {
			t.Errorf("presence = %v", p)
		}
		if o := r.want("users.getPresence", nil, ""); o["presence"] != "active" || o["online"] != false {
			t.Errorf("own presence = %v", o)
		}
	})
}

func TestManyPeopleAreListedInPages(t *testing.T) {
	people := make([]Person, wantsPages)
	for i := range people {
		people[i].Name = fmt.Sprintf("p%d", i)
	}
	bubble(t, Options{People: people}, func(t *testing.T, r *rig) {
		r.want("users.list", nil, "limit_required")
		r.want("users.list", f("limit", "200"), "")
	})
}

func TestDoNotDisturb(t *testing.T) {
	from := time.Date(2000, 1, 1, 22, 0, 0, 0, time.UTC)
	bubble(t, Options{People: []Person{{ID: "UADA", Name: "ada", DNDFrom: from, DNDTo: from.Add(8 * time.Hour)}, {ID: "UBEN", Name: "ben"}}}, func(t *testing.T, r *rig) {
		o := r.want("dnd.info", f("user", "UADA"), "")
		if o["dnd_enabled"] != true || o["next_dnd_start_ts"] != float64(from.Unix()) {
			t.Errorf("dnd.info = %v", o)
		}
		users := r.want("dnd.teamInfo", f("users", "UADA,UBEN"), "")["users"].(map[string]any)
		if len(users) != 2 || users["UBEN"].(map[string]any)["dnd_enabled"] != false {
			t.Errorf("dnd.teamInfo = %v", users)
		}
	})
}

func TestConversationsOpenIsIdempotent(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		id := func(o map[string]any) any { return o["channel"].(map[string]any)["id"] }
		a := r.want("conversations.open", f("users", "UADA"), "")
		b := r.want("conversations.open", f("users", "UADA"), "")
		c := r.want("chat.postMessage", f("channel", "UADA", "text", "x"), "")
		if id(a) != id(b) || id(a) != c["channel"] || b["already_open"] != true {
			t.Errorf("open twice and post = %v, %v, %v", a, b, c["channel"])
		}
		g := r.want("conversations.open", f("users", "UADA,UBEN", "return_im", "true"), "")["channel"].(map[string]any)
		if g["is_mpim"] != true || id(r.want("conversations.open", f("users", "UBEN,UADA"), "")) != g["id"] {
			t.Errorf("group DM = %v", g)
		}
		list := r.want("conversations.list", f("types", "im,mpim"), "")["channels"].([]any)
		if len(list) != 2 {
			t.Errorf("conversations.list of DMs = %v", list)
		}
	})
}

func TestInviteSeveral(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		room := r.want("conversations.create", f("name", "room"), "")["channel"].(map[string]any)["id"].(string)
		o := r.want("conversations.invite", f("channel", room, "users", "UADA,UNONE"), "user_not_found")
		want := []any{map[string]any{"user": "UNONE", "ok": false, "error": "user_not_found"}}
		if !cmp.Equal(o["errors"], want) {
			t.Errorf("errors = %v, want %v", o["errors"], want)
		}
		if c, _ := r.w.State().Channel("room"); len(c.Members) != 1 {
			t.Errorf("members = %v: nobody may come in when one name is wrong", c.Members)
		}
		o = r.want("conversations.invite", f("channel", room, "users", "UADA,UNONE", "force", "true"), "")
		if !cmp.Equal(o["errors"], want) {
			t.Errorf("forced errors = %v, want %v", o["errors"], want)
		}
		if c, _ := r.w.State().Channel("room"); !slices.Contains(c.Members, "UADA") {
			t.Errorf("members after force = %v", c.Members)
		}
	})
}

func TestScheduledMessages(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		at := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
		one := r.want("chat.scheduleMessage", f("channel", general, "text", "later", "post_at", at(time.Hour)), "")
		two := r.want("chat.scheduleMessage", f("channel", general, "text", "never", "post_at", at(time.Hour)), "")
		if list := r.want("chat.scheduledMessages.list", nil, "")["scheduled_messages"].([]any); len(list) != 2 {
			t.Errorf("scheduled = %v", list)
		}
		r.want("chat.deleteScheduledMessage", f("channel", general, "scheduled_message_id", two["scheduled_message_id"].(string)), "")
		r.w.Advance(2 * time.Hour)
		time.Sleep(time.Second)
		var texts []string
		for _, m := range r.messagesOf("general") {
			texts = append(texts, m.Text)
		}
		if !slices.Equal(texts, []string{"later"}) {
			t.Errorf("messages = %v after %v, want the one that was not deleted", texts, one)
		}
	})
}

func TestUnfurling(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		const link = "https://runs.stormbell.example/INC-1"
		m, err := r.w.As("ada").Message("general", "see "+link+" and https://other.example", "")
		if err != nil {
			t.Fatal(err)
		}
		ev := eventOf(p.last())
		if ev["type"] != "link_shared" || !cmp.Equal(ev["links"], []any{map[string]any{"domain": "stormbell.example", "url": link}}) {
			t.Fatalf("event = %v, want link_shared with the app's link only", ev)
		}
		general, unfurls := r.channelID("general"), `{"`+link+`":{"text":"INC-1"}}`
		for _, c := range []contract{
			{"chat.unfurl", f("ts", m.TS, "unfurls", unfurls), "missing_channel"},
			{"chat.unfurl", f("channel", general, "unfurls", unfurls), "missing_ts"},
			{"chat.unfurl", f("channel", general, "ts", m.TS), "missing_unfurls"},
			{"chat.unfurl", f("channel", general, "ts", m.TS, "unfurls", "[]"), "invalid_unfurls_format"},
			{"chat.unfurl", f("channel", general, "ts", m.TS, "unfurls", `{"https://other.example":{"text":"x"}}`), "cannot_unfurl_url"},
			{"chat.unfurl", f("channel", general, "ts", m.TS, "unfurls", `{"`+link+`":"x"}`), "cannot_parse_attachment"},
			{"chat.unfurl", f("channel", "C0NONE", "ts", m.TS, "unfurls", unfurls), "cannot_find_channel"},
			{"chat.unfurl", f("channel", general, "ts", "1.0", "unfurls", unfurls), "cannot_find_message"},
			{"chat.unfurl", f("unfurl_id", "x", "unfurls", unfurls), "missing_source"},
			{"chat.unfurl", f("source", "composer", "unfurls", unfurls), "missing_unfurl_id"},
			{"chat.unfurl", f("source", "elsewhere", "unfurl_id", "x", "unfurls", unfurls), "invalid_source"},
			{"chat.unfurl", f("source", "conversations_history", "unfurl_id", "x", "unfurls", unfurls), "invalid_unfurl_id"},
			{"chat.unfurl", f("source", "conversations_history", "unfurl_id", ev["unfurl_id"].(string), "unfurls", unfurls), ""},
		} {
			r.want(c.method, c.form, c.code)
		}
		ms := r.messagesOf("general")
		if got := string(ms[len(ms)-1].Attachments); !strings.Contains(got, `"from_url":"`+link+`"`) {
			t.Errorf("attachments = %s, want the preview", got)
		}
	})
}

func TestInvalidBlocksAreExplained(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		blocks := `[{"type":"divider"},{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 3001) + `"}}]`
		o := r.want("chat.postMessage", f("channel", r.channelID("general"), "text", "x", "blocks", blocks), "invalid_blocks")
		const problem = "must be less than 3001 characters [json-pointer:/blocks/1/text/text]"
		errs, _ := o["errors"].([]any)
		meta, _ := o["response_metadata"].(map[string]any)
		messages, _ := meta["messages"].([]any)
		if !slices.Contains(errs, any(problem)) || !slices.Contains(messages, any("[ERROR] "+problem)) || len(messages) != len(errs) {
			t.Errorf("answer = %v, want %q in errors and, marked, in the messages", o, problem)
		}
	})
}

func TestTextIsCutAt40000(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		o := r.want("chat.postMessage", f("channel", r.channelID("general"), "text", strings.Repeat("ü", 40001)), "")
		if got := len([]rune(o["message"].(map[string]any)["text"].(string))); got != 40000 || o["warning"] != "message_truncated" {
			t.Errorf("characters = %d, warning %v", got, o["warning"])
		}
	})
}

func TestPermalinks(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		ts := r.want("chat.postMessage", f("channel", general, "text", "x"), "")["ts"].(string)
		reply := r.want("chat.postMessage", f("channel", general, "text", "y", "thread_ts", ts), "")["ts"].(string)
		base := "https://acme.slack.com/archives/" + general + "/p"
		for at, want := range map[string]string{
			ts:    base + strings.Replace(ts, ".", "", 1),
			reply: base + strings.Replace(reply, ".", "", 1) + "?thread_ts=" + ts + "&cid=" + general,
		} {
			if got := r.want("chat.getPermalink", f("channel", general, "message_ts", at), "")["permalink"]; got != want {
				t.Errorf("permalink of %s = %v, want %s", at, got, want)
			}
		}
	})
}
