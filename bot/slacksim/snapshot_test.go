package slacksim

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"
)

// lived does a little of everything in a workspace.
func lived(r *rig) {
	r.t.Helper()
	general := r.channelID("general")
	try := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	ada, ben := r.w.As("ada"), r.w.As("ben")
	m, err := ada.Message("general", "hello <@UBEN> & <b>", "")
	try(err)
	_, err = ben.Message("general", "in the thread", m.TS)
	try(err)
	try(ben.React("general", m.TS, "eyes"))
	try(ada.Pin("general", m.TS))
	_, err = ada.Create("quiet", Private)
	try(err)
	try(ada.SetTopic("quiet", "the topic"))
	dm, err := ben.OpenDM("ada")
	try(err)
	_, err = ben.Message(dm, "between us", "")
	try(err)
	r.want("chat.postMessage", map[string]string{"channel": general, "text": "by the app",
		"blocks":   `[{"type":"section","text":{"type":"mrkdwn","text":"a < b"}}]`,
		"metadata": `{"event_type":"card","event_payload":{"incident":7}}`}, "")
	r.want("chat.postEphemeral", map[string]string{"channel": general, "user": "UADA", "text": "only you"}, "")
	r.want("chat.scheduleMessage", map[string]string{"channel": general, "text": "later",
		"post_at": fmt.Sprint(r.w.Now().Add(time.Hour).Unix())}, "")
	r.want("views.publish", map[string]string{"user_id": "UADA", "view": `{"type":"home","blocks":[{"type":"divider"}]}`}, "")
	r.want("usergroups.create", map[string]string{"name": "On call", "handle": "oncall"}, "")
	r.want("bookmarks.add", map[string]string{"channel_id": general, "title": "Wiki", "type": "link", "link": "https://example.com"}, "")
	r.want("canvases.create", map[string]string{"title": "Notes", "document_content": `{"type":"markdown","markdown":"# Notes"}`}, "")
	_, err = r.api.UploadFile(slack.UploadFileParameters{Filename: "pm.md", Title: "Post-mortem", Channel: general,
		Content: "# all of it", FileSize: 11})
	try(err)
	try(r.w.ChangePerson("ben", func(u *User) { u.Away = true }))
	r.w.Advance(26 * time.Minute)
}

// restored saves a workspace and makes it anew.
func restored(t *testing.T, w *Workspace, o Options) *Workspace {
	t.Helper()
	var saved bytes.Buffer
	if err := w.Save(&saved); err != nil {
		t.Fatal(err)
	}
	next, err := Restore(o, &saved)
	if err != nil {
		t.Fatalf("Restore: %v", err)
	}
	return next
}

func TestRestore(t *testing.T) {
	bubble(t, Options{Team: "Pinewater", Channels: []string{"ops"}}, func(t *testing.T, r *rig) {
		lived(r)
		before := r.w.State()
		next := restored(t, r.w, Options{Team: "Another", People: []Person{{ID: "UBEN", Name: "ben"}, {ID: "UNEW", Name: "new"}}})
		defer next.Close()
		after := next.State()
		if got := next.Now(); got != before.Now {
			t.Errorf("the clock after = %v, want it where it was, %v", got, before.Now)
		}
		hired, _ := after.User("new")
		if general, _ := after.Channel("general"); hired.ID == "" || !strings.Contains(fmt.Sprint(general.Members), hired.ID) {
			t.Errorf("somebody new in the options = %+v, members of general %v; want them hired", hired, general.Members)
		}
		after.Users = after.Users[:len(before.Users)]
		for n := range after.Channels {
			if c := &after.Channels[n]; c.IsGeneral {
				c.Members = c.Members[:len(c.Members)-1]
			}
		}
		before.Views, after.Views = nil, nil
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the state (-before +after):\n%s", diff)
		}
		if next.AppToken() != r.w.AppToken() || next.BotToken() != r.w.BotToken() || next.BotUserID() != r.w.BotUserID() {
			t.Error("the tokens or the bot have changed")
		}
	})
}

// TestRestoredGoesOn: what happens after a restart does not collide with what
// was before.
func TestRestoredGoesOn(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		lived(r)
		next := restored(t, r.w, Options{})
		defer next.Close()
		before, _ := next.State().Channel("general")
		last := before.Messages[len(before.Messages)-1].TS
		m, err := next.As("ada").Message("general", "after", "")
		if err != nil || m.TS <= last {
			t.Errorf("a message after = %s, %v; want it later than %s", m.TS, err, last)
		}
		id, err := next.As("ada").Create("another", Public)
		if err != nil {
			t.Fatal(err)
		}
		if _, taken := r.w.State().Channel(id); taken {
			t.Errorf("a new channel has the ID %s, which one of before has", id)
		}
		call := httptest.NewRequest(http.MethodPost, "http://slack.test/api/auth.test", nil)
		call.Header.Set("Authorization", "Bearer "+r.w.BotToken())
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, call)
		if !strings.Contains(answer.Body.String(), `"ok":true`) {
			t.Errorf("auth.test with the token of before = %s", answer.Body)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		now, _ := next.State().Channel("general")
		if got := now.Messages[len(now.Messages)-1].Text; got != "later" {
			t.Errorf("an hour after, the last message = %q, want the one planned before", got)
		}
	})
}

func TestRestoreRefuses(t *testing.T) {
	var saved bytes.Buffer
	w, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Save(&saved); err != nil {
		t.Fatal(err)
	}
	good := saved.String()
	for name, text := range map[string]string{
		"nothing":         "",
		"half of it":      good[:len(good)/2],
		"another version": strings.Replace(good, `"version":1`, `"version":2`, 1),
		"no bot":          strings.Replace(good, `"bot_user":"`+w.BotUserID(), `"bot_user":"UNONE`, 1),
		"fewer users":     strings.Replace(good, `"users":[`, `"users":[{"id":"U1","name":"x","tz":"UTC"},`, 1),
		"no such zone":    strings.Replace(good, `"tz":"UTC"`, `"tz":"Moon/Base"`, 1),
	} {
		if text == good {
			t.Fatalf("%s: the text did not change", name)
		}
		if w, err := Restore(Options{}, strings.NewReader(text)); err == nil {
			w.Close()
			t.Errorf("Restore of %s: no error", name)
		} else if !strings.HasPrefix(err.Error(), "restore the workspace: ") {
			t.Errorf("Restore of %s = %q, want it to say what failed", name, err)
		}
	}
}
