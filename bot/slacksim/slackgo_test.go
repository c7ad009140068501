package slacksim

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
)

func TestCommandIsAnsweredInTheAck(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		var got slack.SlashCommand
		r.listen(func(e socketmode.Event) {
			if e.Type == socketmode.EventTypeSlashCommand {
				got = e.Data.(slack.SlashCommand)
				r.socket.Ack(*e.Request, map[string]any{"text": "hello <@" + got.UserID + ">"})
			}
		})
		seen, err := r.w.As("ada").Command("general", "/incident", "declare @ben in #general & fast")
		if err != nil || seen.Error != "" {
			t.Fatalf("Command = %+v, %v", seen, err)
		}
		if seen.Text != "hello <@UADA>" || !seen.Ephemeral {
			t.Errorf("seen = %+v, want an ephemeral hello", seen)
		}
		synctest.Wait()
		general := r.channelID("general")
		if want := "declare <@UBEN> in <#" + general + "|general> & fast"; got.Text != want {
			t.Errorf("text = %q, want %q", got.Text, want)
		}
		if got.ChannelName != "general" || got.UserName != "ada" || got.ResponseURL == "" || got.TriggerID == "" {
			t.Errorf("payload = %+v", got)
		}
	})
}

// opener is a bot that opens the declare form on a command and keeps what
// people do with it and with its buttons.
type opener struct{ submitted, pressed slack.InteractionCallback }

func (o *opener) listen(r *rig) {
	r.listen(func(e socketmode.Event) {
		switch e.Type {
		case socketmode.EventTypeSlashCommand:
			r.socket.Ack(*e.Request)
			if _, err := r.api.OpenView(e.Data.(slack.SlashCommand).TriggerID, declareForm()); err != nil {
				r.t.Errorf("views.open: %v", err)
			}
		case socketmode.EventTypeInteractive:
			cb := e.Data.(slack.InteractionCallback)
			r.socket.Ack(*e.Request)
			if cb.Type == slack.InteractionTypeViewSubmission {
				o.submitted = cb
			} else {
				o.pressed = cb
			}
		}
	})
}

func TestDeclareFormWithSlackGo(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		var bot opener
		bot.listen(r)
		ada := r.w.As("ada")
		if seen, err := ada.Command("general", "incident", "declare"); err != nil || seen.Error != "" {
			t.Fatalf("Command = %+v, %v", seen, err)
		}
		synctest.Wait()
		form := r.w.State().Views["UADA"][0]
		if res, err := ada.Submit(form.ID, nil); err != nil || res.Errors["title"] == "" {
			t.Fatalf("Submit of an empty form = %+v, %v; want the client to refuse it", res, err)
		}
		res, err := ada.Submit(form.ID, map[string]map[string]any{"title": {"text": "db is down"}, "sev": {"pick": "2"}})
		if err != nil || !res.Closed {
			t.Fatalf("Submit = %+v, %v", res, err)
		}
		synctest.Wait()
		values := bot.submitted.View.State.Values
		if values["title"]["text"].Value != "db is down" || values["sev"]["pick"].SelectedOption.Value != "2" {
			t.Errorf("state.values = %+v", values)
		}
	})
}

func TestIncidentChannelWithSlackGo(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		var bot opener
		bot.listen(r)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ch, err := r.api.CreateConversation(slack.CreateConversationParams{ChannelName: "inc-1-db-is-down"})
		must(err)
		_, err = r.api.InviteUsersToConversation(ch.ID, "UADA", "UBEN")
		must(err)
		button := slack.NewButtonBlockElement("ack", "1", slack.NewTextBlockObject("plain_text", "Acknowledge", false, false))
		_, ts, err := r.api.PostMessage(ch.ID, slack.MsgOptionText("INC-1", false), slack.MsgOptionBlocks(slack.NewActionBlock("acts", button)),
			slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "card", EventPayload: map[string]any{"incident": "INC-1"}}))
		must(err)
		if seen, err := r.w.As("ben").Press(Press{Channel: ch.ID, TS: ts, Label: "Acknowledge"}); err != nil || seen.Error != "" {
			t.Fatalf("Press = %+v, %v", seen, err)
		}
		synctest.Wait()
		if a := bot.pressed.ActionCallback.BlockActions; len(a) != 1 || a[0].ActionID != "ack" || a[0].Value != "1" || bot.pressed.User.ID != "UBEN" {
			t.Errorf("block_actions = %+v", bot.pressed)
		}
		if bot.pressed.Message.Metadata.EventType != "card" {
			t.Errorf("message.metadata in the payload = %+v", bot.pressed.Message.Metadata)
		}
		_, _, _, err = r.api.UpdateMessage(ch.ID, ts, slack.MsgOptionText("INC-1: acknowledged by Ben", false))
		must(err)
		must(r.api.AddPin(ch.ID, slack.NewRefToMessage(ch.ID, ts)))
		c, _ := r.w.State().Channel(ch.ID)
		m, _ := c.Message(ts)
		if m.Text != "INC-1: acknowledged by Ben" || m.Edited == nil || len(c.Pins) != 1 || len(c.Members) != 3 {
			t.Errorf("channel = %+v", c)
		}
	})
}

func declareForm() slack.ModalViewRequest {
	plain := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	sev := slack.NewOptionsSelectBlockElement("static_select", nil, "pick",
		slack.NewOptionBlockObject("1", plain("SEV1"), nil), slack.NewOptionBlockObject("2", plain("SEV2"), nil))
	sev.InitialOption = slack.NewOptionBlockObject("1", plain("SEV1"), nil)
	return slack.ModalViewRequest{
		Type: "modal", Title: plain("Declare"), Submit: plain("Declare"), CallbackID: "declare",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("title", plain("What is wrong?"), nil, slack.NewPlainTextInputBlockElement(nil, "text")),
			slack.NewInputBlock("sev", plain("Severity"), nil, sev),
		}},
	}
}

func TestMessageEventsAndRetries(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		type delivery struct {
			at      time.Duration
			attempt int
			reason  string
			eventID string
		}
		start := time.Now()
		var got []delivery
		deaf := true
		r.listen(func(e socketmode.Event) {
			if e.Type != socketmode.EventTypeEventsAPI {
				return
			}
			ev := e.Data.(slackevents.EventsAPIEvent)
			if _, ok := ev.InnerEvent.Data.(*slackevents.MessageEvent); !ok {
				r.socket.Ack(*e.Request)
				return
			}
			cb := ev.Data.(*slackevents.EventsAPICallbackEvent)
			got = append(got, delivery{time.Since(start), e.Request.RetryAttempt, e.Request.RetryReason, cb.EventID})
			if !deaf {
				r.socket.Ack(*e.Request)
			}
		})
		if _, err := r.w.As("ada").Message("general", "hi", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		wantAt := []time.Duration{0, 3 * time.Second, 66 * time.Second, 369 * time.Second}
		if len(got) != len(wantAt) {
			t.Fatalf("deliveries = %+v, want %d", got, len(wantAt))
		}
		for i, d := range got {
			reason := "timeout"
			if i == 0 {
				reason = ""
			}
			if d.at != wantAt[i] || d.attempt != i || d.reason != reason || d.eventID != got[0].eventID {
				t.Errorf("delivery %d = %+v, want at %v, attempt %d, reason %q, event %s", i, d, wantAt[i], i, reason, got[0].eventID)
			}
		}
		deaf, got = false, nil
		r.w.As("ada").Message("general", "again", "")
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(got) != 1 {
			t.Errorf("an acknowledged event came %d times: %+v", len(got), got)
		}
	})
}

func TestFileUpload(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		general := r.channelID("general")
		content := "# Post-mortem\n" + strings.Repeat("x", 100000)
		f, err := r.api.UploadFile(slack.UploadFileParameters{Filename: "pm.md", Title: "Post-mortem", Channel: general,
			Reader: strings.NewReader(content), FileSize: len(content), InitialComment: "here it is"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		s := r.w.State()
		if len(s.Files) != 1 || string(s.Files[0].Content) != content || s.Files[0].Title != "Post-mortem" {
			t.Errorf("files = %d, want the one that was uploaded whole", len(s.Files))
		}
		c, _ := s.Channel("general")
		if m := c.Messages[len(c.Messages)-1]; m.Subtype != "file_share" || len(m.Files) != 1 || m.Text != "here it is" {
			t.Errorf("last message = %+v, want a file_share", m)
		}
		info, _, _, err := r.api.GetFileInfo(f.ID, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := r.api.GetFile(info.URLPrivateDownload, &b); err != nil || b.String() != content {
			t.Errorf("download = %d bytes, %v; want %d", b.Len(), err, len(content))
		}
		if err := r.api.DeleteFile(f.ID); err != nil || len(r.w.State().Files) != 0 {
			t.Errorf("files.delete = %v, files left %v", err, r.w.State().Files)
		}
		r.want("files.info", map[string]string{"file": f.ID}, "file_deleted")
	})
}

func TestDispatchFailedAndOperationTimeout(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		ada := r.w.As("ada")
		if seen, err := ada.Command("general", "/incident", ""); err != nil || seen.Error != "dispatch_failed" {
			t.Errorf("Command with nobody connected = %+v, %v; want dispatch_failed", seen, err)
		}
		r.listen(func(socketmode.Event) {})
		start := time.Now()
		seen, err := ada.Command("general", "/incident", "")
		if err != nil || seen.Error != "operation_timeout" || time.Since(start) != 3*time.Second {
			t.Errorf("Command never acknowledged = %+v, %v after %v; want operation_timeout after 3s", seen, err, time.Since(start))
		}
	})
}
