package slacksim

import (
	"fmt"
	"slices"
	"testing"
)

// sevenMessages makes a room with the messages 0 to 6, numbered in their
// metadata too, and a reply to the third.
func sevenMessages(r *rig) (room string, sent []string) {
	r.t.Helper()
	room = r.want("conversations.create", f("name", "room"), "")["channel"].(map[string]any)["id"].(string)
	for i := range 7 {
		sent = append(sent, r.want("chat.postMessage", f("channel", room, "text", fmt.Sprint(i),
			"metadata", `{"event_type":"n","event_payload":{"i":`+fmt.Sprint(i)+`}}`), "")["ts"].(string))
	}
	r.want("chat.postMessage", f("channel", room, "text", "reply", "thread_ts", sent[2]), "")
	return room, sent
}

// history reads people's and apps' texts and the next cursor.
func (r *rig) history(pairs ...string) (texts []string, next string) {
	r.t.Helper()
	o := r.want("conversations.history", f(pairs...), "")
	for _, m := range o["messages"].([]any) {
		if m := m.(map[string]any); m["subtype"] == nil {
			texts = append(texts, m["text"].(string))
		}
	}
	meta, _ := o["response_metadata"].(map[string]any)
	next, _ = meta["next_cursor"].(string)
	if o["has_more"] != (next != "") {
		r.t.Errorf("has_more = %v with cursor %q", o["has_more"], next)
	}
	return texts, next
}

func TestHistoryInPages(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		room, sent := sevenMessages(r)
		all, _ := r.history("channel", room)
		if want := []string{"6", "5", "4", "3", "2", "1", "0"}; !slices.Equal(all, want) {
			t.Errorf("history = %v, want newest first without replies", all)
		}
		var paged []string
		cursor := ""
		for range 5 {
			part, next := r.history("channel", room, "limit", "3", "cursor", cursor)
			paged = append(paged, part...)
			if cursor = next; cursor == "" {
				break
			}
		}
		if !slices.Equal(paged, all) || cursor != "" {
			t.Errorf("in pages of three: %v, cursor %q; want %v", paged, cursor, all)
		}
		_, cursor = r.history("channel", room, "limit", "3")
		r.want("chat.postMessage", f("channel", room, "text", "new"), "")
		r.want("chat.delete", f("channel", room, "ts", sent[3]), "")
		if got, _ := r.history("channel", room, "limit", "3", "cursor", cursor); !slices.Equal(got, []string{"2", "1", "0"}) {
			t.Errorf("second page after one message came and the next went: %v", got)
		}
	})
}

func TestHistoryBounds(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		room, sent := sevenMessages(r)
		if got, _ := r.history("channel", room, "oldest", sent[2], "latest", sent[4]); !slices.Equal(got, []string{"3"}) {
			t.Errorf("between two, exclusive: %v", got)
		}
		if got, _ := r.history("channel", room, "oldest", sent[2], "latest", sent[4], "inclusive", "true"); !slices.Equal(got, []string{"4", "3", "2"}) {
			t.Errorf("between two, inclusive: %v", got)
		}
		if got, _ := r.history("channel", room, "oldest", "0"); len(got) != 7 {
			t.Errorf("since 0: %v, want all", got)
		}
	})
}

func TestHistoryShowsMetadataWhenAsked(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		room, _ := sevenMessages(r)
		plain := r.want("conversations.history", f("channel", room, "limit", "1"), "")["messages"].([]any)[0].(map[string]any)
		full := r.want("conversations.history", f("channel", room, "limit", "1", "include_all_metadata", "true"), "")["messages"].([]any)[0].(map[string]any)
		if plain["metadata"] != nil || full["metadata"].(map[string]any)["event_payload"].(map[string]any)["i"] != 6.0 {
			t.Errorf("metadata without asking %v, with %v", plain["metadata"], full["metadata"])
		}
	})
}

func TestReplies(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, r *rig) {
		room, sent := sevenMessages(r)
		replies := r.want("conversations.replies", f("channel", room, "ts", sent[2]), "")["messages"].([]any)
		root := replies[0].(map[string]any)
		if len(replies) != 2 || root["reply_count"] != 1.0 || replies[1].(map[string]any)["parent_user_id"] != r.w.BotUserID() {
			t.Errorf("replies = %v, want the parent and one", replies)
		}
		first := r.want("conversations.replies", f("channel", room, "ts", sent[2], "limit", "1"), "")
		next := first["response_metadata"].(map[string]any)["next_cursor"].(string)
		second := r.want("conversations.replies", f("channel", room, "ts", sent[2], "limit", "1", "cursor", next), "")["messages"].([]any)
		if len(second) != 1 || second[0].(map[string]any)["text"] != "reply" || first["has_more"] != true {
			t.Errorf("second page of replies = %v", second)
		}
	})
}
