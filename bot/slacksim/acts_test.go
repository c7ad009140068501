package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// event is the inner event of a frame; nil when it is not one.
func eventOf(f map[string]any) map[string]any {
	payload, _ := f["payload"].(map[string]any)
	ev, _ := payload["event"].(map[string]any)
	return ev
}

// events lists the inner events so far by type, message ones with subtype.
func (p *peer) events() []string {
	var out []string
	for _, f := range p.frames() {
		ev := eventOf(f)
		if ev == nil {
			continue
		}
		kind := fmt.Sprint(ev["type"])
		if sub, ok := ev["subtype"]; ok {
			kind += "/" + fmt.Sprint(sub)
		}
		out = append(out, kind)
	}
	return out
}

// TestActsOfPeople plays a person through everything that people do in a
// channel of the bot's, and wants the events in order.
func TestActsOfPeople(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		room := r.want("conversations.create", f("name", "room"), "")["channel"].(map[string]any)["id"].(string)
		p := r.connect()
		ada, ben := r.w.As("ada"), r.w.As("@ben")
		var m Message
		steps := []struct {
			name string
			do   func() error
			want []string
		}{
			{"join", func() error { return ada.Join("room") }, []string{"message/channel_join", "member_joined_channel"}},
			{"invite", func() error { return ada.Invite("#room", "ben") }, []string{"message/channel_join", "member_joined_channel"}},
			{"message", func() (err error) { m, err = ada.Message("room", "hi", ""); return err }, []string{"message"}},
			{"mention", func() error { _, err := ben.Message(room, "@incident-bot help", m.TS); return err }, []string{"message", "app_mention"}},
			{"edit", func() error { return ada.Edit("room", m.TS, "hello") }, []string{"message/message_changed"}},
			{"react", func() error { return ben.React("room", m.TS, ":eyes:") }, []string{"reaction_added"}},
			{"unreact", func() error { return ben.Unreact("room", m.TS, "eyes") }, []string{"reaction_removed"}},
			{"pin", func() error { return ben.Pin("room", m.TS) }, []string{"pin_added"}},
			{"unpin", func() error { return ben.Unpin("room", m.TS) }, []string{"pin_removed"}},
			{"topic", func() error { return ada.SetTopic("room", "calm") }, []string{"message/channel_topic"}},
			{"rename", func() error { return ada.Rename("room", "room-2") }, []string{"message/channel_name", "channel_rename"}},
			{"delete", func() error { return ada.Delete(room, m.TS) }, []string{"message/message_deleted"}},
			{"kick", func() error { return ada.Kick(room, "ben") }, []string{"message/channel_leave", "member_left_channel"}},
			{"leave", func() error { return ada.Leave(room) }, []string{"message/channel_leave", "member_left_channel"}},
			{"archive", func() error { return ada.Archive(room) }, []string{"message/channel_archive", "channel_archive"}},
			{"unarchive", func() error { return ada.Unarchive(room) }, []string{"message/channel_unarchive", "channel_unarchive"}},
			{"direct message", func() error { _, err := ada.Message("incident-bot", "psst", ""); return err }, []string{"message"}},
			{"hire", func() error { _, err := r.w.AddPerson(Person{Name: "cleo"}); return err }, []string{"team_join", "message/channel_join", "member_joined_channel"}},
			{"fire", func() error { return r.w.ChangePerson("cleo", func(u *User) { u.Deleted = true }) }, []string{"user_change"}},
		}
		for _, s := range steps {
			before := len(p.events())
			if err := s.do(); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
			if got := p.events()[before:]; !slices.Equal(got, s.want) {
				t.Errorf("%s sent %v, want %v", s.name, got, s.want)
			}
			for _, f := range p.frames() {
				if eventOf(f) != nil && f["retry_attempt"] == 0.0 {
					p.ack(f, nil)
				}
			}
		}
	})
}

func TestActsThatAreRefused(t *testing.T) {
	bubble(t, Options{Channels: []string{"ops"}}, func(t *testing.T, r *rig) {
		ada, ben := r.w.As("ada"), r.w.As("ben")
		if _, err := ada.Create("secret", Private); err != nil {
			t.Fatal(err)
		}
		m, err := ada.Message("general", "hers", "")
		if err != nil {
			t.Fatal(err)
		}
		card := r.want("chat.postMessage", f("channel", r.channelID("general"), "text", "card"), "")["ts"].(string)
		one := func(_ any, err error) error { return err }
		for _, c := range []struct {
			name string
			err  error
			want string
		}{
			{"nobody", one(r.w.As("zoe").Message("general", "x", "")), `user "zoe": user_not_found`},
			{"unseen channel", one(ben.Message("secret", "x", "")), `channel "secret": channel_not_found`},
			{"unknown thread", one(ada.Message("general", "x", "1.0")), `thread 1.0 in "general": thread_not_found`},
			{"another's message", ben.Edit("general", m.TS, "x"), "message " + m.TS + ": cant_update_message"},
			{"the bot's message", ada.Delete("general", card), "message " + card + ": cant_delete_message"},
			{"unknown message", ada.Pin("general", "1.0"), `message 1.0 in "general": message_not_found`},
			{"pin twice", func() error { ada.Pin("general", m.TS); return ada.Pin("general", m.TS) }(), "message " + m.TS + ": already_pinned"},
			{"reaction twice", func() error { ada.React("general", m.TS, "x"); return ada.React("general", m.TS, "x") }(), "reaction x on " + m.TS + ": already_reacted"},
			{"leave general", ada.Leave("general"), `channel "general": cant_leave_general`},
			{"join private", ben.Join("secret"), `channel "secret": channel_not_found`},
			{"bad channel name", one(ada.Create("Big", Public)), `channel "Big": invalid_name_specials`},
			{"taken channel name", one(ada.Create("secret", Public)), `channel "secret": name_taken`},
			{"command typo", one(ada.Command("general", "/inicdent", "")), "command /inicdent: not a command of this app: its manifest does not declare it"},
			{"press nothing", one(ada.Press(Press{Channel: "general", TS: m.TS, ActionID: "x"})), `element "x": not here; here are `},
		} {
			if c.err == nil || c.err.Error() != c.want {
				t.Errorf("%s = %v, want %s", c.name, c.err, c.want)
			}
		}
	})
}

// TestEveryElementSendsItsValue uses one element of every kind in a message
// and wants the action and the state that Slack documents for it.
func TestEveryElementSendsItsValue(t *testing.T) {
	options := `"options":[{"text":{"type":"plain_text","text":"One"},"value":"1"},{"text":{"type":"plain_text","text":"Two"},"value":"2"}]`
	two := `{"text":{"type":"plain_text","text":"Two","emoji":true},"value":"2"}`
	for name, c := range map[string]struct {
		element string
		value   any
		key     string // of the action
		want    string // its value as JSON; GENERAL is the channel
		state   bool   // whether it is in state.values
	}{
		"button":                     {`{"type":"button","value":"v","text":{"type":"plain_text","text":"B"}`, nil, "value", `"v"`, false},
		"link button":                {`{"type":"button","url":"https://x.example","text":{"type":"plain_text","text":"B"}`, nil, "url", `"https://x.example"`, false},
		"static_select":              {`{"type":"static_select",` + options, "2", "selected_option", two, true},
		"static_select by text":      {`{"type":"static_select",` + options, "two", "selected_option", two, true},
		"multi_static_select":        {`{"type":"multi_static_select",` + options, []any{"2"}, "selected_options", "[" + two + "]", true},
		"overflow":                   {`{"type":"overflow",` + options, "2", "selected_option", two, false},
		"checkboxes":                 {`{"type":"checkboxes",` + options, "2", "selected_options", "[" + two + "]", true},
		"checkboxes cleared":         {`{"type":"checkboxes",` + options, nil, "selected_options", "[]", true},
		"radio_buttons":              {`{"type":"radio_buttons",` + options, "2", "selected_option", two, true},
		"users_select":               {`{"type":"users_select"`, "@ben", "selected_user", `"UBEN"`, true},
		"multi_users_select":         {`{"type":"multi_users_select"`, "ben, ada", "selected_users", `["UBEN","UADA"]`, true},
		"channels_select":            {`{"type":"channels_select"`, "#general", "selected_channel", `"GENERAL"`, true},
		"conversations_select":       {`{"type":"conversations_select"`, "general", "selected_conversation", `"GENERAL"`, true},
		"multi_conversations_select": {`{"type":"multi_conversations_select"`, "general", "selected_conversations", `["GENERAL"]`, true},
		"datepicker":                 {`{"type":"datepicker"`, "2026-11-24", "selected_date", `"2026-11-24"`, true},
		"timepicker":                 {`{"type":"timepicker"`, "03:04", "selected_time", `"03:04"`, true},
		"datetimepicker":             {`{"type":"datetimepicker"`, 1700000000.0, "selected_date_time", `1700000000`, true},
		"external_select":            {`{"type":"external_select"`, "x", "selected_option", `{"text":{"emoji":true,"text":"x","type":"plain_text"},"value":"x"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				general := r.channelID("general")
				blocks := `[{"type":"actions","block_id":"b","elements":[` + c.element + `,"action_id":"a"}]}]`
				ts := r.want("chat.postMessage", f("channel", general, "text", "x", "blocks", blocks), "")["ts"].(string)
				done := make(chan error, 1)
				go func() {
					_, err := r.w.As("ada").Press(Press{Channel: "general", TS: ts, ActionID: "a", Value: c.value})
					done <- err
				}()
				synctest.Wait()
				payload := p.last()["payload"].(map[string]any)
				p.ack(p.last(), nil)
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				act := payload["actions"].([]any)[0].(map[string]any)
				want := parsed(t, strings.ReplaceAll(c.want, "GENERAL", general))
				if !reflect.DeepEqual(act[c.key], want) {
					t.Errorf("action[%q] = %v, want %v", c.key, act[c.key], want)
				}
				if act["action_id"] != "a" || act["block_id"] != "b" || act["action_ts"] == nil {
					t.Errorf("action = %v, lacks its IDs or time", act)
				}
				values := payload["state"].(map[string]any)["values"].(map[string]any)
				if kept, ok := values["b"].(map[string]any); ok != c.state || (ok && !reflect.DeepEqual(kept["a"].(map[string]any)[c.key], want)) {
					t.Errorf("state.values = %v, want the element there: %v", values, c.state)
				}
			})
		})
	}
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestDispatchActionDecidesForInputBlocks(t *testing.T) {
	for name, c := range map[string]struct {
		dispatch string
		sent     bool
	}{"kept": {"", false}, "sent": {`"dispatch_action":true,`, true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				view := strings.Replace(formJSON(""), `"block_id":"title",`, `"block_id":"title",`+c.dispatch, 1)
				r.want("views.open", f("trigger_id", r.trigger(p), "view", view), "")
				v := r.w.State().Views["UADA"][0]
				before := len(p.frames())
				go r.w.As("ada").Press(Press{ViewID: v.ID, ActionID: "t", Value: "typed"})
				if sent := len(p.frames()) > before; sent != c.sent {
					t.Errorf("block_actions sent: %v, want %v", sent, c.sent)
				}
				if got := r.w.State().Views["UADA"][0].Values["title"]["t"]["value"]; got != "typed" {
					t.Errorf("kept value = %v", got)
				}
				time.Sleep(ackWait)
			})
		})
	}
}

func TestShortcuts(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		ada := r.w.As("ada")
		go ada.Shortcut(Shortcut{CallbackID: "declare_incident"})
		payload := p.last()["payload"].(map[string]any)
		p.ack(p.last(), nil)
		if payload["type"] != "shortcut" || payload["channel"] != nil || payload["response_url"] != nil || payload["trigger_id"] == nil {
			t.Errorf("global shortcut = %v", payload)
		}
		m, err := ada.Message("general", "look at this", "")
		if err != nil {
			t.Fatal(err)
		}
		go ada.Shortcut(Shortcut{CallbackID: "add_to_timeline", Channel: "general", TS: m.TS})
		payload = p.last()["payload"].(map[string]any)
		p.ack(p.last(), nil)
		if payload["type"] != "message_action" || payload["message_ts"] != m.TS || payload["message"].(map[string]any)["text"] != "look at this" ||
			payload["response_url"] == nil {
			t.Errorf("message shortcut = %v", payload)
		}
	})
}

func TestSuggestions(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		general := r.channelID("general")
		blocks := `[{"type":"actions","block_id":"b","elements":[{"type":"external_select","action_id":"a","placeholder":{"type":"plain_text","text":"p"}}]}]`
		ts := r.want("chat.postMessage", f("channel", general, "text", "x", "blocks", blocks), "")["ts"].(string)
		type result struct {
			options []Option
			err     error
		}
		out := make(chan result, 1)
		go func() {
			o, err := r.w.As("ada").Suggest(Press{Channel: "general", TS: ts, ActionID: "a", Value: "che"})
			out <- result{o, err}
		}()
		synctest.Wait()
		f := p.last()
		payload := f["payload"].(map[string]any)
		if payload["type"] != "block_suggestion" || payload["value"] != "che" || payload["action_id"] != "a" || f["accepts_response_payload"] != true {
			t.Errorf("frame = %v", f)
		}
		p.ack(f, object{"options": []object{{"text": object{"type": "plain_text", "text": "checkout"}, "value": "svc-1"}}})
		got := <-out
		if got.err != nil || !slices.Equal(got.options, []Option{{"checkout", "svc-1"}}) {
			t.Errorf("Suggest = %+v", got)
		}
	})
}

func TestAckPayloadOfAButtonIsIgnored(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.pressed(p, "")
		f := p.last()
		if f["accepts_response_payload"] != false {
			t.Errorf("accepts_response_payload = %v, want false", f["accepts_response_payload"])
		}
		before := len(r.messagesOf("general"))
		go r.w.As("ada").Press(Press{Channel: "general", TS: r.messagesOf("general")[before-1].TS, ActionID: "go"})
		p.ack(p.last(), object{"text": "this shows nowhere"})
		synctest.Wait()
		if after := len(r.messagesOf("general")); after != before || len(r.w.State().Whispers) != 0 {
			t.Errorf("an acknowledgement's payload became a message")
		}
		if v := r.verdicts(); v[len(v)-1] != "acknowledged; its payload is ignored for this kind" {
			t.Errorf("verdict = %q", v[len(v)-1])
		}
	})
}

func TestInChannelAnswerShowsTheCommand(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		out := r.command("ada")
		p.ack(p.last(), object{"text": "for all", "response_type": "in_channel"})
		if seen := <-out; seen.Ephemeral || seen.Text != "for all" {
			t.Errorf("seen = %+v", seen)
		}
		ms := r.messagesOf("general")
		if len(ms) < 2 || ms[len(ms)-2].User != "UADA" || ms[len(ms)-2].Text != "/incident x" || ms[len(ms)-1].Text != "for all" {
			t.Errorf("messages = %+v, want the command and the answer", ms)
		}
	})
}

func TestInvalidAnswerToACommandIsShownAsError(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		out := r.command("ada")
		p.ack(p.last(), object{"blocks": []object{{"type": "section"}}})
		if seen := <-out; seen.Error != "invalid_blocks" {
			t.Errorf("seen = %+v, want invalid_blocks", seen)
		}
	})
}

func TestWatchIsCoalescedAndEnds(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithCancel(context.Background())
		watch := r.w.Watch(ctx)
		for range 100 {
			r.w.As("ada").Message("general", "x", "")
		}
		<-watch
		select {
		case <-watch:
			t.Error("a hundred changes gave more than one signal")
		default:
		}
		r.w.As("ada").Message("general", "x", "")
		<-watch
		cancel()
		synctest.Wait()
		if _, open := <-watch; open {
			t.Error("the channel is open after its context ended")
		}
	})
}
