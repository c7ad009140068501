package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
)

// shape is what a set of JSON values looks like: the kinds seen, the fields of
// the objects among them, and the shape of the arrays' items.
type jsonShape struct {
	kinds  map[string]bool
	fields map[string]*jsonShape
	items  *jsonShape
}

func newShape() *jsonShape {
	return &jsonShape{kinds: map[string]bool{}, fields: map[string]*jsonShape{}}
}

func (s *jsonShape) add(v any) {
	switch x := v.(type) {
	case nil:
		s.kinds["null"] = true
	case bool:
		s.kinds["bool"] = true
	case float64:
		s.kinds["number"] = true
	case string:
		s.kinds["string"] = true
	case []any:
		s.kinds["array"] = true
		if s.items == nil {
			s.items = newShape()
		}
		for _, item := range x {
			s.items.add(item)
		}
	case map[string]any:
		s.kinds["object"] = true
		for k, field := range x {
			if s.fields[k] == nil {
				s.fields[k] = newShape()
			}
			s.fields[k].add(field)
		}
	}
}

// disagreements lists where ours has a field that theirs lacks, or a kind that
// theirs never has. A null of ours agrees with anything, as does anything of
// ours with a null of theirs, since blanked recordings lose kinds.
func disagreements(at string, ours, theirs *jsonShape) []string {
	if theirs == nil {
		return []string{at + " is unknown"}
	}
	var out []string
	for kind := range ours.kinds {
		if kind != "null" && !theirs.kinds[kind] && !theirs.kinds["null"] && len(theirs.kinds) > 0 {
			out = append(out, fmt.Sprintf("%s is %s, theirs is %v", at, kind, slices.Sorted(maps.Keys(theirs.kinds))))
		}
	}
	if theirs.kinds["object"] {
		for k, field := range ours.fields {
			out = append(out, disagreements(at+"."+k, field, theirs.fields[k])...)
		}
	}
	if ours.items != nil && theirs.items != nil && len(theirs.items.kinds) > 0 {
		out = append(out, disagreements(at+"[]", ours.items, theirs.items)...)
	}
	return out
}

// difference is a path that may differ from the recordings of Slack's answers
// (a leading * stands for anything before, a trailing * for anything after),
// and why.
type difference struct{ path, reason string }

func differencesAllowed() []difference {
	const (
		documented = "in Slack's documentation, absent from the recordings"
		dynamic    = "keys are names given by the caller"
		blocks     = "Block Kit, held to its schema by the validator; the recordings have a sample of it"
		newer      = "in newer payloads, absent from these recordings"
		byBot      = "recorded of a person; here it is the bot's"
		whole      = "the whole message; recorded of a plain one"
	)
	return []difference{
		{"*.blocks", blocks},
		{"*.blocks[]*", blocks},
		{"*.state.values", dynamic},
		{"*.event_payload", dynamic},
		{"*.context_team_id", newer},
		{"*.context_enterprise_id", newer},
		{"*Payload.event.event_ts", documented},
		{"*.usergroup.auto_type", documented},
		{"*.usergroup.deleted_by", documented},
		{"*.usergroup.user_count", documented},
		{"*.usergroups[].auto_type", documented},
		{"*.subteam.auto_type", documented},
		{"*.subteam.deleted_by", documented},
		{"conversations.open.channel.is_user_deleted", documented},
		{"dnd.info.snooze_*", documented},
		{"pins.list.items[].channel", documented},
		{"pins.list.items[].message", documented},
		{"*.pinned_to", documented},
		{"conversations.history.messages[].name", documented},
		{"conversations.history.messages[].old_name", documented},
		{"reactions.get.message.edited", whole},
		{"Pin*Payload.event.item.message.*", whole},
		{"Message*Payload.event.message.*", byBot},
		{"Message*Payload.event.previous_message.*", byBot},
		{"MessagePayload.event.app_id", byBot},
		{"MessageFileSharePayload.event.*", byBot},
		{"MessageShortcutPayload.api_app_id", documented},
		{"MessageShortcutPayload.user.username", documented},
		{"ViewSubmissionPayload.response_urls", documented},
		{"SlashCommandPayload.is_enterprise_install", "text in Socket Mode, recorded over HTTP"},
	}
}

// allows tells whether the difference covers a path.
func (d difference) allows(path string) bool {
	parts := strings.Split(d.path, "*")
	if !strings.HasPrefix(path, parts[0]) || !strings.HasSuffix(path, parts[len(parts)-1]) {
		return false
	}
	rest := path
	for _, part := range parts {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// recorded reads a recorded shape; ok is false when the sample lacks it.
func recorded(t *testing.T, folder, name string) (*jsonShape, bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(referenceDir, folder, name+".json"))
	if os.IsNotExist(err) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s/%s: %v", folder, name, err)
	}
	s := newShape()
	s.add(v)
	return s, true
}

// everything plays a workspace through all methods, events and interactions,
// so that its record holds one of each answer and frame.
func everything(t *testing.T, r *rig) {
	t.Helper()
	p := r.connect()
	names := contractRig(r)
	room := names["$room"]
	button := `[{"type":"actions","block_id":"b","elements":[{"type":"button","action_id":"go","value":"7","text":{"type":"plain_text","text":"Go"}},
		{"type":"users_select","action_id":"u"}]}]`
	card := r.want("chat.postMessage", f("channel", room, "text", "x", "blocks", button), "")["ts"].(string)
	everyMethod(r, names)
	everyThing(r, room)
	everyView(r, p)
	go r.w.As("ada").Press(Press{Channel: room, TS: card, ActionID: "go"})
	p.ack(p.last(), nil)
	everyAct(r, p, room)
	r.w.Uninstall()
	synctest.Wait()
}

// everyMethod calls what needs nothing but the rig.
func everyMethod(r *rig, names map[string]string) {
	room, rich := names["$room"], manySections(1, 20)
	ts := r.want("chat.postMessage", f("channel", room, "text", "x", "blocks", rich, "metadata", `{"event_type":"e","event_payload":{}}`,
		"attachments", `[{"text":"a"}]`), "")["ts"].(string)
	for _, c := range []contract{
		{"auth.test", nil, ""}, {"team.info", nil, ""}, {"bots.info", f("bot", r.w.BotID()), ""}, {"emoji.list", nil, ""},
		{"dnd.info", nil, ""}, {"users.info", f("user", "UADA"), ""}, {"users.list", nil, ""},
		{"users.lookupByEmail", f("email", "ada@acme.example"), ""}, {"users.getPresence", nil, ""},
		{"users.conversations", f("types", "public_channel,private_channel,im"), ""},
		{"conversations.info", f("channel", room, "include_num_members", "true"), ""},
		{"conversations.list", f("types", "public_channel,private_channel,im,mpim"), ""},
		{"conversations.members", f("channel", room, "limit", "1"), ""}, {"conversations.open", f("users", "UADA", "return_im", "true"), ""},
		{"conversations.setTopic", f("channel", room, "topic", "t"), ""}, {"conversations.setPurpose", f("channel", room, "purpose", "t"), ""},
		{"conversations.rename", f("channel", room, "name", "room-b"), ""}, {"conversations.join", f("channel", names["$ops"]), ""},
		{"conversations.leave", f("channel", names["$ops"]), ""}, {"conversations.kick", f("channel", room, "user", "UADA"), ""},
		{"conversations.invite", f("channel", room, "users", "UADA,UBEN"), ""},
		{"conversations.unarchive", f("channel", names["$old"]), ""}, {"conversations.archive", f("channel", names["$old"]), ""},
		{"chat.update", f("channel", room, "ts", ts, "text", "y", "blocks", rich), ""},
		{"chat.postEphemeral", f("channel", room, "user", "UADA", "text", "x"), ""}, {"chat.getPermalink", f("channel", room, "message_ts", ts), ""},
		{"pins.add", f("channel", room, "timestamp", ts), ""}, {"pins.list", f("channel", room), ""},
		{"reactions.add", f("channel", room, "timestamp", ts, "name", "eyes"), ""}, {"reactions.get", f("channel", room, "timestamp", ts), ""},
		{"conversations.history", f("channel", room, "include_all_metadata", "true"), ""}, {"conversations.history", f("channel", room, "limit", "2"), ""},
		{"conversations.replies", f("channel", room, "ts", names["$mine"]), ""},
		{"pins.remove", f("channel", room, "timestamp", ts), ""}, {"reactions.remove", f("channel", room, "timestamp", ts, "name", "eyes"), ""},
		{"chat.delete", f("channel", room, "ts", ts), ""},
		{"usergroups.create", f("name", "Ops", "handle", "opsgroup"), ""}, {"usergroups.list", f("include_users", "true"), ""},
		{"views.publish", f("user_id", "UADA", "view", goodHome), ""},
		{"canvases.create", f("title", "x"), ""}, {"conversations.canvases.create", f("channel_id", room), ""},
	} {
		r.want(c.method, c.form, c.code)
	}
}

// everyThing makes, changes and removes bookmarks, groups, canvases, files, and signs in.
func everyThing(r *rig, room string) {
	bookmark := r.want("bookmarks.add", f("channel_id", room, "title", "t", "type", "link", "link", "https://x.example"), "")["bookmark"].(map[string]any)["id"].(string)
	s := r.w.State()
	group, canvas := s.Groups[0].ID, s.Canvases[0].ID
	up := r.want("files.getUploadURLExternal", f("filename", "a.txt", "length", "3"), "")
	file := up["file_id"].(string)
	r.post(up["upload_url"].(string), "abc")
	for _, c := range []contract{
		{"bookmarks.edit", f("channel_id", room, "bookmark_id", bookmark, "title", "u"), ""},
		{"bookmarks.list", f("channel_id", room), ""}, {"bookmarks.remove", f("channel_id", room, "bookmark_id", bookmark), ""},
		{"usergroups.update", f("usergroup", group, "name", "O"), ""}, {"usergroups.users.update", f("usergroup", group, "users", "UADA"), ""},
		{"usergroups.users.list", f("usergroup", group), ""}, {"usergroups.disable", f("usergroup", group), ""}, {"usergroups.enable", f("usergroup", group), ""},
		{"canvases.edit", f("canvas_id", canvas, "changes", `[{"operation":"replace","document_content":{"type":"markdown","markdown":"x"}}]`), ""},
		{"canvases.access.set", f("canvas_id", canvas, "access_level", "read", "user_ids", "UADA"), ""}, {"canvases.delete", f("canvas_id", canvas), ""},
		{"files.completeUploadExternal", f("files", `[{"id":"`+file+`","title":"t"}]`, "channel_id", room), ""}, {"files.info", f("file", file), ""},
	} {
		r.want(c.method, c.form, c.code)
	}
	_, back, _ := r.authorize(nil)
	o := r.callAs("", "openid.connect.token", f("client_id", r.w.ClientID(), "client_secret", r.w.ClientSecret(),
		"code", back.Query().Get("code"), "redirect_uri", "http://127.0.0.1:8080/signin"))
	r.callAs(o["access_token"].(string), "openid.connect.userInfo", nil)
}

// everyView opens, changes, pushes, submits and closes modals.
func everyView(r *rig, p *peer) {
	r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON(`,"notify_on_close":true`)), "")
	id := r.w.State().Views["UADA"][0].ID
	r.want("views.update", f("view_id", id, "view", formJSON(`,"notify_on_close":true`)), "")
	r.want("views.push", f("trigger_id", r.viewTrigger(p), "view", formJSON("")), "")
	r.submitting(p, nil, map[string]map[string]any{"title": {"t": "database"}})
	go r.w.As("ada").CloseView(id, Cancel)
	p.ack(p.last(), nil)
}

// everyAct lets a person do what there are events and interactions for.
func everyAct(r *rig, p *peer, room string) {
	ada := r.w.As("ada")
	ada.OpenHome()
	ada.Message(room, "see https://stormbell.example/1", "")
	m, err := ada.Message(room, "<@"+r.w.BotUserID()+"> look", "")
	if err != nil {
		r.t.Fatal(err)
	}
	ada.React(room, m.TS, "eyes")
	ada.Unreact(room, m.TS, "eyes")
	ada.Pin(room, m.TS)
	ada.Unpin(room, m.TS)
	ada.Edit(room, m.TS, "look again")
	go ada.Shortcut(Shortcut{CallbackID: "add_to_timeline", Channel: room, TS: m.TS})
	p.ack(p.last(), nil)
	ada.Delete(room, m.TS)
	ada.Archive(room)
	ada.Unarchive(room)
	r.w.AddPerson(Person{Name: "new"})
	r.w.ChangePerson("new", func(u *User) { u.Deleted = true })
	ada.Kick(room, r.w.BotUserID())
}

func addTo(shapes map[string]*jsonShape, name string, raw json.RawMessage) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return
	}
	if shapes[name] == nil {
		shapes[name] = newShape()
	}
	shapes[name].add(v)
}

// report fails for every disagreement that has no reason.
func report(t *testing.T, folder string, ours map[string]*jsonShape, used map[difference]bool) {
	t.Helper()
	checked := 0
	var all []string
	allowed := differencesAllowed()
	for name, s := range ours {
		theirs, ok := recorded(t, folder, name)
		if !ok {
			continue
		}
		checked++
		for _, d := range disagreements(name, s, theirs) {
			path, _, _ := strings.Cut(d, " ")
			i := slices.IndexFunc(allowed, func(a difference) bool { return a.allows(path) })
			if i < 0 {
				all = append(all, d)
				continue
			}
			used[allowed[i]] = true
		}
	}
	sort.Strings(all)
	t.Logf("%s: %d shapes checked against recordings", folder, checked)
	if len(all) > 0 {
		t.Errorf("differences from the recordings:\n%s", strings.Join(all, "\n"))
	}
}

// eventFile is the recording's name for an inner event.
func eventFile(ev map[string]any) string {
	name := fmt.Sprint(ev["type"])
	if sub, ok := ev["subtype"].(string); ok {
		name += "_" + strings.TrimPrefix(sub, "message_")
	}
	var b strings.Builder
	for _, part := range strings.Split(name, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String() + "Payload"
}

// TestEverythingHasSlacksShape holds every answer, event and interaction
// against recordings of Slack's own: no field that Slack does not have, no
// other kind of value, and no exception that is not needed.
func TestEverythingHasSlacksShape(t *testing.T) {
	if _, err := os.Stat(referenceDir); err != nil {
		t.Skip("the reference data about Slack is not here")
	}
	bubble(t, Options{People: contractPeople()}, func(t *testing.T, r *rig) {
		everything(t, r)
		answers, events, interactions := map[string]*jsonShape{}, map[string]*jsonShape{}, map[string]*jsonShape{}
		for _, c := range r.w.Calls(0) {
			switch {
			case c.Kind == "api" && c.Error == "":
				addTo(answers, c.Method, c.Answer)
			case c.Kind == "frame_out":
				sortFrame(t, c.Answer, events, interactions)
			}
		}
		used := map[difference]bool{}
		report(t, "responses", answers, used)
		report(t, "events", events, used)
		report(t, "interactions", interactions, used)
		for _, d := range differencesAllowed() {
			if !used[d] {
				t.Errorf("the exception %q is not needed", d.path)
			}
		}
	})
}

// sortFrame adds a frame's payload to the events or the interactions.
func sortFrame(t *testing.T, raw json.RawMessage, events, interactions map[string]*jsonShape) {
	t.Helper()
	var f struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	var payload map[string]any
	if err := json.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Payload) == 0 {
		return
	}
	if err := json.Unmarshal(f.Payload, &payload); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"block_actions": "BlockActionPayload", "view_submission": "ViewSubmissionPayload",
		"view_closed": "ViewClosedPayload", "message_action": "MessageShortcutPayload"}
	switch f.Type {
	case "events_api":
		addTo(events, eventFile(payload["event"].(map[string]any)), f.Payload)
	case "slash_commands":
		addTo(interactions, "SlashCommandPayload", f.Payload)
	case "interactive":
		addTo(interactions, files[payload["type"].(string)], f.Payload)
	}
}
