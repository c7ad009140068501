package slacksim

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// trigger gets a fresh trigger_id out of a command of ada's.
func (r *rig) trigger(p *peer) string {
	r.t.Helper()
	out := r.command("ada")
	f := p.last()
	p.ack(f, nil)
	<-out
	return f["payload"].(map[string]any)["trigger_id"].(string)
}

// viewTrigger presses the go button of ada's topmost modal and gets the trigger.
func (r *rig) viewTrigger(p *peer) string {
	r.t.Helper()
	stack := r.w.State().Views["UADA"]
	done := make(chan Seen, 1)
	go func() {
		seen, err := r.w.As("ada").Press(Press{ViewID: stack[len(stack)-1].ID, ActionID: "go"})
		if err != nil {
			seen.Error = err.Error()
		}
		done <- seen
	}()
	synctest.Wait()
	f := p.last()
	p.ack(f, nil)
	if seen := <-done; seen.Error != "" {
		r.t.Fatalf("press: %+v", seen)
	}
	return f["payload"].(map[string]any)["trigger_id"].(string)
}

// formJSON is a modal with a title input, a select and a go button; more adds
// top-level fields.
func formJSON(more string) string {
	return `{"type":"modal","title":{"type":"plain_text","text":"T"},"submit":{"type":"plain_text","text":"Go"},"blocks":[
		{"type":"input","block_id":"title","label":{"type":"plain_text","text":"Title"},"element":{"type":"plain_text_input","action_id":"t","min_length":3,"max_length":10}},
		{"type":"input","block_id":"note","optional":true,"label":{"type":"plain_text","text":"Note"},"element":{"type":"plain_text_input","action_id":"n"}},
		{"type":"actions","block_id":"acts","elements":[{"type":"button","action_id":"go","text":{"type":"plain_text","text":"More"}}]}` +
		`]` + more + `}`
}

func TestTriggersAreGoodOnceAndBriefly(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		id := r.trigger(p)
		r.want("views.open", f("trigger_id", id, "view", `{"type":"modal"}`), "invalid_arguments")
		r.want("views.open", f("trigger_id", id, "view", goodModal), "") // a refused view did not cost it
		r.want("views.open", f("trigger_id", id, "view", goodModal), "exchanged_trigger_id")
		id = r.trigger(p)
		time.Sleep(triggerLife)
		r.want("views.open", f("trigger_id", id, "view", goodModal), "")
		id = r.trigger(p)
		time.Sleep(triggerLife + time.Millisecond)
		r.want("views.open", f("trigger_id", id, "view", goodModal), "expired_trigger_id")
		r.want("views.push", f("trigger_id", id, "view", goodModal), "expired_trigger_id")
		r.want("views.open", f("trigger_id", "1.2.abc", "view", goodModal), "invalid_trigger_id")
	})
}

func TestViewRefusals(t *testing.T) {
	huge := `{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[],"private_metadata":"` + strings.Repeat("x", 256<<10) + `"}`
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.want("views.open", f("trigger_id", r.trigger(p), "view", huge), "view_too_large")
		r.want("views.push", f("trigger_id", r.trigger(p), "view", goodModal), "not_found")
		o := r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON(`,"external_id":"one"`)), "")
		root := o["view"].(map[string]any)["id"].(string)
		r.want("views.open", f("trigger_id", r.trigger(p), "view", namedModal), "duplicate_external_id")
		hash := o["view"].(map[string]any)["hash"].(string)
		r.want("views.update", f("view_id", root, "view", formJSON(""), "hash", "x"), "hash_conflict")
		r.want("views.update", f("view_id", root, "view", huge), "view_too_large")
		r.want("views.update", f("view_id", root, "view", goodHome), "invalid_arguments")
		r.want("views.update", f("external_id", "one", "view", formJSON(`,"external_id":"one"`), "hash", hash), "")
		r.want("views.update", f("view_id", root, "view", formJSON(`,"external_id":"one"`), "hash", hash), "hash_conflict")
		id := r.viewTrigger(p)
		r.want("views.push", f("trigger_id", id, "view", namedModal), "duplicate_external_id")
		r.want("views.push", f("trigger_id", id, "view", huge), "view_too_large")
		r.want("views.push", f("trigger_id", id, "view", formJSON("")), "")
		r.want("views.push", f("trigger_id", id, "view", formJSON("")), "exchanged_trigger_id")
		top := r.w.State().Views["UADA"][1]
		r.want("views.update", f("view_id", top.ID, "view", formJSON(`,"external_id":"one"`)), "duplicate_external_id")
		r.want("views.push", f("trigger_id", r.viewTrigger(p), "view", formJSON("")), "")
		r.want("views.push", f("trigger_id", r.viewTrigger(p), "view", formJSON("")), "push_limit_reached")
		stack := r.w.State().Views["UADA"]
		if len(stack) != 3 || stack[2].Root != root || stack[2].Previous != stack[1].ID {
			t.Errorf("stack = %+v, want three that know their root and predecessor", stack)
		}
		r.want("views.publish", f("user_id", "UNONE", "view", goodHome), "invalid_arguments")
		home := r.want("views.publish", f("user_id", "UADA", "view", goodHome), "")["view"].(map[string]any)
		r.want("views.publish", f("user_id", "UADA", "view", goodHome, "hash", "x"), "hash_conflict")
		r.want("views.publish", f("user_id", "UADA", "view", `{"type":"home","external_id":"one","blocks":[{"type":"divider"}]}`), "duplicate_external_id")
		again := r.want("views.publish", f("user_id", "UADA", "view", goodHome, "hash", home["hash"].(string)), "")
		if again["view"].(map[string]any)["id"] != home["id"] {
			t.Errorf("publishing again made another view: %v", again)
		}
	})
}

// submitting runs a submission and answers it with the payload.
func (r *rig) submitting(p *peer, answer any, values map[string]map[string]any) SubmitResult {
	r.t.Helper()
	stack := r.w.State().Views["UADA"]
	out := make(chan SubmitResult, 1)
	before := len(p.frames())
	go func() {
		res, err := r.w.As("ada").Submit(stack[len(stack)-1].ID, values)
		if err != nil {
			res.Error = err.Error()
		}
		out <- res
	}()
	synctest.Wait()
	if len(p.frames()) > before {
		p.ack(p.last(), answer)
	}
	return <-out
}

func TestSubmitAnswers(t *testing.T) {
	filled := map[string]map[string]any{"title": {"t": "database"}}
	form := func() object { return object{"view": rawForm()} }
	for name, c := range map[string]struct {
		answer any
		want   SubmitResult // without the view
		stack  int
		front  string // title of the modal in front
	}{
		"empty closes":              {nil, SubmitResult{Closed: true}, 0, ""},
		"empty object closes":       {object{}, SubmitResult{Closed: true}, 0, ""},
		"clear":                     {object{"response_action": "clear"}, SubmitResult{Closed: true}, 0, ""},
		"errors":                    {object{"response_action": "errors", "errors": object{"title": "Too vague."}}, SubmitResult{Errors: map[string]string{"title": "Too vague."}}, 1, "T"},
		"errors for no input block": {object{"response_action": "errors", "errors": object{"acts": "x"}}, SubmitResult{Error: "invalid_response"}, 1, "T"},
		"errors for nothing":        {object{"response_action": "errors"}, SubmitResult{Error: "invalid_response"}, 1, "T"},
		"update":                    {object{"response_action": "update", "view": form()["view"]}, SubmitResult{}, 1, "Next"},
		"push":                      {object{"response_action": "push", "view": form()["view"]}, SubmitResult{}, 2, "Next"},
		"update with a bad view":    {object{"response_action": "update", "view": object{"type": "modal"}}, SubmitResult{Error: "invalid_arguments"}, 1, "T"},
		"unknown action":            {object{"response_action": "explode"}, SubmitResult{Error: "invalid_response"}, 1, "T"},
		"a message":                 {object{"text": "thanks"}, SubmitResult{Error: "invalid_response"}, 1, "T"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON("")), "")
				got := r.submitting(p, c.answer, filled)
				view := got.View
				got.View = nil
				if fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("Submit answered with %v = %+v, want %+v", c.answer, got, c.want)
				}
				stack := r.w.State().Views["UADA"]
				if len(stack) != c.stack {
					t.Errorf("stack = %d views, want %d", len(stack), c.stack)
				}
				if (view == nil) != (c.front == "") || (view != nil && !strings.Contains(string(view.Title), c.front)) {
					t.Errorf("in front: %+v, want the modal %q", view, c.front)
				}
			})
		})
	}
}

func rawForm() object {
	return object{"type": "modal", "title": object{"type": "plain_text", "text": "Next"}, "blocks": []object{{"type": "divider"}}}
}

func TestClientRefusesBadInput(t *testing.T) {
	for name, c := range map[string]struct{ title, want string }{
		"empty":     {"", requiredText},
		"too short": {"db", "Please enter at least 3 characters."},
		"too long":  {"database down", "Please enter at most 10 characters."},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON("")), "")
				before := len(p.frames())
				got := r.submitting(p, nil, map[string]map[string]any{"title": {"t": c.title}})
				if got.Errors["title"] != c.want || len(p.frames()) != before {
					t.Errorf("Submit(%q) = %+v after %d frames, want %q and none", c.title, got, len(p.frames())-before, c.want)
				}
			})
		})
	}
}

func TestSubmitNotAcknowledged(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON("")), "")
		v := r.w.State().Views["UADA"][0]
		res, err := r.w.As("ada").Submit(v.ID, map[string]map[string]any{"title": {"t": "database"}})
		if err != nil || res.Error != "operation_timeout" || len(r.w.State().Views["UADA"]) != 1 {
			t.Errorf("Submit = %+v, %v; want operation_timeout and the modal still open", res, err)
		}
	})
}

func TestInputSurvivesUpdateWhereIDsStay(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON("")), "")
		v := r.w.State().Views["UADA"][0]
		ada := r.w.As("ada")
		if _, err := ada.Press(Press{ViewID: v.ID, BlockID: "title", ActionID: "t", Value: "kept"}); err != nil {
			t.Fatal(err)
		}
		if _, err := ada.Press(Press{ViewID: v.ID, ActionID: "n", Value: "lost"}); err != nil {
			t.Fatal(err)
		}
		next := strings.Replace(formJSON(""), `"action_id":"n"`, `"action_id":"n2"`, 1)
		o := r.want("views.update", f("view_id", v.ID, "view", next), "")
		values := o["view"].(map[string]any)["state"].(map[string]any)["values"].(map[string]any)
		title := values["title"].(map[string]any)["t"].(map[string]any)
		note := values["note"].(map[string]any)["n2"].(map[string]any)
		if title["value"] != "kept" || note["value"] != nil {
			t.Errorf("state after update = %v, want the title kept and the note empty", values)
		}
	})
}

func TestClosingViews(t *testing.T) {
	for name, c := range map[string]struct {
		more    string // of the pushed view
		rootTo  string // of the root view
		how     Closing
		stack   int
		closed  string // which view is reported: top, root, none
		cleared bool
	}{
		"cancel without notice":     {"", "", Cancel, 1, "none", false},
		"cancel with notice":        {`,"notify_on_close":true`, "", Cancel, 1, "top", false},
		"cross reports the root":    {`,"notify_on_close":true`, `,"notify_on_close":true`, Cross, 0, "root", true},
		"cross, root wants nothing": {`,"notify_on_close":true`, "", Cross, 0, "none", true},
		"clear on close":            {`,"clear_on_close":true`, `,"notify_on_close":true`, Cancel, 0, "root", true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(t *testing.T, r *rig) {
				p := r.connect()
				r.want("views.open", f("trigger_id", r.trigger(p), "view", formJSON(c.rootTo)), "")
				r.want("views.push", f("trigger_id", r.viewTrigger(p), "view", formJSON(c.more)), "")
				stack := r.w.State().Views["UADA"]
				before := len(p.frames())
				if err := r.w.As("ada").CloseView(stack[1].ID, c.how); err != nil {
					t.Fatal(err)
				}
				if n := len(r.w.State().Views["UADA"]); n != c.stack {
					t.Errorf("stack = %d, want %d", n, c.stack)
				}
				if c.closed == "none" {
					if len(p.frames()) != before {
						t.Errorf("the app was told: %v", p.last())
					}
					return
				}
				payload := p.last()["payload"].(map[string]any)
				want := stack[1].ID
				if c.closed == "root" {
					want = stack[0].ID
				}
				if payload["type"] != "view_closed" || payload["is_cleared"] != c.cleared || payload["trigger_id"] != nil ||
					payload["view"].(map[string]any)["id"] != want {
					t.Errorf("payload = %v, want view_closed of %s, cleared %v, no trigger", payload, want, c.cleared)
				}
			})
		})
	}
}

func TestHomeTab(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		ada := r.w.As("ada")
		if v, err := ada.OpenHome(); err != nil || v != nil {
			t.Fatalf("OpenHome before anything is published = %v, %v", v, err)
		}
		ev := p.last()["payload"].(map[string]any)["event"].(map[string]any)
		if ev["type"] != "app_home_opened" || ev["tab"] != "home" || ev["view"] != nil || !strings.HasPrefix(ev["channel"].(string), "D") {
			t.Errorf("event = %v", ev)
		}
		home := `{"type":"home","blocks":[{"type":"actions","elements":[{"type":"button","action_id":"declare","text":{"type":"plain_text","text":"Declare"}}]}]}`
		r.want("views.publish", f("user_id", "UADA", "view", home), "")
		if v, err := ada.OpenHome(); err != nil || v == nil || v.Type != "home" {
			t.Errorf("OpenHome = %v, %v; want the published view", v, err)
		}
		go ada.Press(Press{Home: true, Label: "declare"})
		f := p.last()
		p.ack(f, nil)
		payload := f["payload"].(map[string]any)
		for _, absent := range []string{"response_url", "channel", "message"} {
			if payload[absent] != nil {
				t.Errorf("payload of a Home tab has %s: %v", absent, payload[absent])
			}
		}
		if payload["container"].(map[string]any)["type"] != "view" || payload["trigger_id"] == "" {
			t.Errorf("payload = %v", payload)
		}
	})
}

func TestViewResponseURLs(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		p := r.connect()
		view := `{"type":"modal","title":{"type":"plain_text","text":"T"},"submit":{"type":"plain_text","text":"Go"},"blocks":[
			{"type":"input","block_id":"where","label":{"type":"plain_text","text":"Where"},"element":{"type":"conversations_select","action_id":"c","response_url_enabled":true}}]}`
		r.want("views.open", f("trigger_id", r.trigger(p), "view", view), "")
		r.submitting(p, nil, map[string]map[string]any{"where": {"c": "general"}})
		urls := p.last()["payload"].(map[string]any)["response_urls"].([]any)
		if len(urls) != 1 {
			t.Fatalf("response_urls = %v, want one", urls)
		}
		u := urls[0].(map[string]any)
		if u["channel_id"] != r.channelID("general") || u["block_id"] != "where" || u["action_id"] != "c" {
			t.Errorf("response_urls[0] = %v", u)
		}
		if code, _ := r.post(u["response_url"].(string), `{"text":"posted from a form","response_type":"in_channel"}`); code != 200 {
			t.Errorf("posting to it = %d", code)
		}
	})
}
