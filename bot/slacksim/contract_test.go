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

const (
	badBlocks  = `[{"type":"section"}]`
	goodModal  = `{"type":"modal","title":{"type":"plain_text","text":"T"},"blocks":[{"type":"divider"}]}`
	goodHome   = `{"type":"home","blocks":[{"type":"divider"}]}`
	namedModal = `{"type":"modal","external_id":"one","title":{"type":"plain_text","text":"T"},"blocks":[{"type":"divider"}]}`
)

// contracts are the refusals that a workspace with every scope can give.
func contracts() []contract {
	return []contract{
		{"conversations.create", f("name", ""), "invalid_name_required"},
		{"conversations.create", f("name", "Inc-1"), "invalid_name_specials"},
		{"conversations.create", f("name", "inc 1"), "invalid_name_specials"},
		{"conversations.create", f("name", "---"), "invalid_name_punctuation"},
		{"conversations.create", f("name", "$longname"), "invalid_name_maxlength"},
		{"conversations.create", f("name", "room"), "name_taken"},
		{"conversations.create", f("name", "old"), "name_taken"},
		{"conversations.create", f("name", "secret", "is_private", "true"), "name_taken"},
		{"conversations.invite", f("channel", "C0NONE", "users", "UADA"), "channel_not_found"},
		{"conversations.invite", f("channel", "$secret", "users", "UBEN"), "channel_not_found"},
		{"conversations.invite", f("channel", "$ops", "users", "UBEN"), "not_in_channel"},
		{"conversations.invite", f("channel", "$old", "users", "UBEN"), "is_archived"},
		{"conversations.invite", f("channel", "$room"), "no_user"},
		{"conversations.invite", f("channel", "$room", "users", "UADA"), "already_in_channel"},
		{"conversations.invite", f("channel", "$room", "users", "$bot"), "cant_invite_self"},
		{"conversations.invite", f("channel", "$room", "users", "UNONE"), "user_not_found"},
		{"conversations.invite", f("channel", "$room", "users", "UGONE"), "user_not_found"},
		{"conversations.invite", f("channel", "$room", "users", "UROBOT"), "cant_invite"},
		{"conversations.invite", f("channel", "$dm", "users", "UADA"), "method_not_supported_for_channel_type"},
		{"conversations.kick", f("channel", "$room", "user", "$bot"), "cant_kick_self"},
		{"conversations.kick", f("channel", "$room", "user", "UBEN"), "not_in_channel"},
		{"conversations.kick", f("channel", "$room", "user", "UNONE"), "user_not_found"},
		{"conversations.kick", f("channel", "$general", "user", "UADA"), "cant_kick_from_general"},
		{"conversations.kick", f("channel", "$dm", "user", "UBEN"), "method_not_supported_for_channel_type"},
		{"conversations.kick", f("channel", "C0NONE", "user", "UBEN"), "channel_not_found"},
		{"conversations.join", f("channel", "$war"), "method_not_supported_for_channel_type"},
		{"conversations.join", f("channel", "$old"), "is_archived"},
		{"conversations.join", f("channel", "$secret"), "channel_not_found"},
		{"conversations.leave", f("channel", "$general"), "cant_leave_general"},
		{"conversations.leave", f("channel", "$old"), "is_archived"},
		{"conversations.leave", f("channel", "$war"), "last_member"},
		{"conversations.leave", f("channel", "$dm"), "method_not_supported_for_channel_type"},
		{"conversations.leave", f("channel", "C0NONE"), "channel_not_found"},
		{"conversations.setTopic", f("channel", "$room", "topic", "$longtopic"), "too_long"},
		{"conversations.setTopic", f("channel", "$ops", "topic", "x"), "not_in_channel"},
		{"conversations.setTopic", f("channel", "$old", "topic", "x"), "is_archived"},
		{"conversations.setTopic", f("channel", "$secret", "topic", "x"), "channel_not_found"},
		{"conversations.setTopic", f("channel", "$dm", "topic", "x"), "method_not_supported_for_channel_type"},
		{"conversations.setPurpose", f("channel", "$room", "purpose", "$longtopic"), "too_long"},
		{"conversations.setPurpose", f("channel", "$ops", "purpose", "x"), "not_in_channel"},
		{"conversations.setPurpose", f("channel", "$old", "purpose", "x"), "is_archived"},
		{"conversations.setPurpose", f("channel", "$secret", "purpose", "x"), "channel_not_found"},
		{"conversations.setPurpose", f("channel", "$dm", "purpose", "x"), "method_not_supported_for_channel_type"},
		{"conversations.rename", f("channel", "$general", "name", "x"), "not_authorized"},
		{"conversations.rename", f("channel", "$room", "name", "war"), "name_taken"},
		{"conversations.rename", f("channel", "$room", "name", ""), "invalid_name_required"},
		{"conversations.rename", f("channel", "$room", "name", "A"), "invalid_name_specials"},
		{"conversations.rename", f("channel", "$room", "name", "-"), "invalid_name_punctuation"},
		{"conversations.rename", f("channel", "$room", "name", "$longname"), "invalid_name_maxlength"},
		{"conversations.rename", f("channel", "$ops", "name", "x"), "not_in_channel"},
		{"conversations.rename", f("channel", "$old", "name", "x"), "is_archived"},
		{"conversations.rename", f("channel", "$dm", "name", "x"), "method_not_supported_for_channel_type"},
		{"conversations.rename", f("channel", "C0NONE", "name", "x"), "channel_not_found"},
		{"conversations.archive", f("channel", "$old"), "already_archived"},
		{"conversations.archive", f("channel", "$general"), "cant_archive_general"},
		{"conversations.archive", f("channel", "$ops"), "not_in_channel"},
		{"conversations.archive", f("channel", "$dm"), "method_not_supported_for_channel_type"},
		{"conversations.archive", f("channel", "$secret"), "channel_not_found"},
		{"conversations.unarchive", f("channel", "$room"), "not_archived"},
		{"conversations.unarchive", f("channel", "$dm"), "method_not_supported_for_channel_type"},
		{"conversations.unarchive", f("channel", "$secret"), "channel_not_found"},
		{"conversations.history", f("channel", "$ops"), "not_in_channel"},
		{"conversations.history", f("channel", "$secret"), "channel_not_found"},
		{"conversations.history", f("channel", "$room", "oldest", "yesterday"), "invalid_ts_oldest"},
		{"conversations.history", f("channel", "$room", "latest", "1.2.3"), "invalid_ts_latest"},
		{"conversations.history", f("channel", "$room", "cursor", "abc"), "invalid_cursor"},
		{"conversations.history", f("channel", "$room", "limit", "1000"), "invalid_limit"},
		{"conversations.replies", f("channel", "$room", "ts", "1234567890.000001"), "thread_not_found"},
		{"conversations.replies", f("channel", "$secret", "ts", "1234567890.000001"), "channel_not_found"},
		{"conversations.replies", f("channel", "$room", "ts", "$mine", "cursor", "x"), "invalid_cursor"},
		{"conversations.replies", f("channel", "$room", "ts", "$mine", "oldest", "x"), "invalid_ts_oldest"},
		{"conversations.replies", f("channel", "$room", "ts", "$mine", "latest", "x"), "invalid_ts_latest"},
		{"conversations.members", f("channel", "$secret"), "channel_not_found"},
		{"conversations.members", f("channel", "$room", "limit", "x"), "invalid_limit"},
		{"conversations.members", f("channel", "$room", "cursor", "x"), "invalid_cursor"},
		{"conversations.info", f("channel", "$secret"), "channel_not_found"},
		{"conversations.list", f("types", "all"), "invalid_types"},
		{"conversations.list", f("limit", "1000"), "invalid_limit"},
		{"conversations.list", f("cursor", "x"), "invalid_cursor"},
		{"users.conversations", f("types", "all"), "invalid_types"},
		{"users.conversations", f("limit", "x"), "invalid_limit"},
		{"users.conversations", f("cursor", "x"), "invalid_cursor"},
		{"conversations.open", f(), "users_list_not_supplied"},
		{"conversations.open", f("users", "U1,U2,U3,U4,U5,U6,U7,U8,U9"), "too_many_users"},
		{"conversations.open", f("users", "UNONE"), "user_not_found"},
		{"conversations.open", f("users", "UGONE"), "user_disabled"},
		{"conversations.open", f("users", "$bot"), "not_enough_users"},
		{"conversations.open", f("channel", "C0NONE"), "channel_not_found"},
		{"chat.postMessage", f("channel", "$secret", "text", "x"), "channel_not_found"},
		{"chat.postMessage", f("channel", "C0NONE", "text", "x"), "channel_not_found"},
		{"chat.postMessage", f("channel", "$old", "text", "x"), "is_archived"},
		{"chat.postMessage", f("channel", "$room"), "no_text"},
		{"chat.postMessage", f("channel", "$room", "blocks", badBlocks), "invalid_blocks"},
		{"chat.postMessage", f("channel", "$room", "blocks", `{"type":"divider"}`), "invalid_blocks_format"},
		{"chat.postMessage", f("channel", "$room", "blocks", "$bigblocks"), "msg_blocks_too_long"},
		{"chat.postMessage", f("channel", "$room", "text", "x", "metadata", "{"), "invalid_metadata_format"},
		{"chat.postMessage", f("channel", "$room", "text", "x", "metadata", `{"event_type":"a"}`), "invalid_metadata_format"},
		{"chat.postMessage", f("channel", "$room", "text", "x", "metadata", `{"event_type":"a","event_payload":{"p":"`+strings.Repeat("x", 17000)+`"}}`), "metadata_too_large"},
		{"chat.postMessage", f("channel", "$room", "text", "x", "markdown_text", "x"), "markdown_text_conflict"},
		{"chat.postMessage", f("channel", "$room", "text", "x", "thread_ts", "$reply"), "cannot_reply_to_message"},
		{"chat.postMessage", f("channel", "$room", "attachments", "["+strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, 101), ",")+"]"), "too_many_attachments"},
		{"chat.update", f("channel", "$room", "ts", "$hers", "text", "x"), "cant_update_message"},
		{"chat.update", f("channel", "$room", "ts", "1234567890.000001", "text", "x"), "message_not_found"},
		{"chat.update", f("channel", "$secret", "ts", "1234567890.000001", "text", "x"), "channel_not_found"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "text", "$big"), "msg_too_long"},
		{"chat.update", f("channel", "$room", "ts", "$mine"), "no_text"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "text", "x", "blocks", badBlocks), "invalid_blocks"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "text", "x", "blocks", "7"), "invalid_blocks_format"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "text", "x", "metadata", "7"), "invalid_metadata_format"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "text", "x", "metadata", `{"event_type":"a","event_payload":{"p":"`+strings.Repeat("x", 17000)+`"}}`), "metadata_too_large"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "text", "x", "markdown_text", "x"), "markdown_text_conflict"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "attachments", "7"), "invalid_attachments"},
		{"chat.update", f("channel", "$room", "ts", "$mine", "attachments", "["+strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, 101), ",")+"]"), "too_many_attachments"},
		{"chat.update", f("channel", "$old", "ts", "$oldts", "text", "x"), "is_archived"},
		{"chat.delete", f("channel", "$room", "ts", "$hers"), "cant_delete_message"},
		{"chat.delete", f("channel", "$room", "ts", "1234567890.000001"), "message_not_found"},
		{"chat.delete", f("channel", "$secret", "ts", "1234567890.000001"), "channel_not_found"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UBEN", "text", "x"), "user_not_in_channel"},
		{"chat.postEphemeral", f("channel", "$ops", "user", "UADA", "text", "x"), "not_in_channel"},
		{"chat.postEphemeral", f("channel", "$secret", "user", "UADA", "text", "x"), "channel_not_found"},
		{"chat.postEphemeral", f("channel", "$old", "user", "UADA", "text", "x"), "is_archived"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA"), "no_text"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "blocks", badBlocks), "invalid_blocks"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "blocks", "{}"), "invalid_blocks_format"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "attachments", "7"), "invalid_attachments"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "attachments", "["+strings.TrimSuffix(strings.Repeat(`{"text":"a"},`, 101), ",")+"]"), "too_many_attachments"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "text", "x", "markdown_text", "y"), "markdown_text_conflict"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "markdown_text", strings.Repeat("m", 12001)), "msg_too_long"},
		{"chat.postEphemeral", f("channel", "$room", "user", "UADA", "text", "x", "thread_ts", "$reply"), "cannot_reply_to_message"},
		{"chat.getPermalink", f("channel", "$room", "message_ts", "1234567890.000001"), "message_not_found"},
		{"chat.getPermalink", f("channel", "$secret", "message_ts", "1234567890.000001"), "channel_not_found"},
		{"chat.scheduleMessage", f("channel", "$room", "text", "x", "post_at", "1"), "time_in_past"},
		{"chat.scheduleMessage", f("channel", "$room", "text", "x", "post_at", "9999999999"), "time_too_far"},
		{"chat.scheduleMessage", f("channel", "$room", "text", "x", "post_at", "soon"), "invalid_time"},
		{"chat.deleteScheduledMessage", f("channel", "$room", "scheduled_message_id", "Q1"), "invalid_scheduled_message_id"},
		{"pins.add", f("channel", "$room", "timestamp", "$hers"), "already_pinned"},
		{"pins.add", f("channel", "$room"), "no_item_specified"},
		{"pins.add", f("channel", "$room", "timestamp", "now"), "bad_timestamp"},
		{"pins.add", f("channel", "$room", "timestamp", "1234567890.000001"), "message_not_found"},
		{"pins.add", f("channel", "$room", "timestamp", "$system"), "not_pinnable"},
		{"pins.add", f("channel", "$secret", "timestamp", "$hers"), "channel_not_found"},
		{"pins.remove", f("channel", "$room", "timestamp", "$mine"), "no_pin"},
		{"pins.remove", f("channel", "$room"), "no_item_specified"},
		{"pins.remove", f("channel", "$room", "timestamp", "now"), "bad_timestamp"},
		{"pins.remove", f("channel", "$room", "timestamp", "1234567890.000001"), "message_not_found"},
		{"pins.remove", f("channel", "$secret", "timestamp", "$hers"), "channel_not_found"},
		{"pins.list", f("channel", "$secret"), "channel_not_found"},
		{"reactions.add", f("channel", "$room", "timestamp", "$hers", "name", "eyes"), "already_reacted"},
		{"reactions.add", f("channel", "$room", "timestamp", "$hers", "name", "no spaces"), "invalid_name"},
		{"reactions.add", f("channel", "$room", "name", "eyes"), "no_item_specified"},
		{"reactions.add", f("channel", "$room", "timestamp", "x", "name", "eyes"), "bad_timestamp"},
		{"reactions.add", f("channel", "$room", "timestamp", "1234567890.000001", "name", "eyes"), "message_not_found"},
		{"reactions.add", f("channel", "$secret", "timestamp", "$hers", "name", "eyes"), "channel_not_found"},
		{"reactions.add", f("channel", "$old", "timestamp", "$oldts", "name", "eyes"), "is_archived"},
		{"reactions.remove", f("channel", "$room", "timestamp", "$mine", "name", "eyes"), "no_reaction"},
		{"reactions.remove", f("channel", "$room", "timestamp", "$mine", "name", "UP"), "invalid_name"},
		{"reactions.remove", f("channel", "$room", "name", "eyes"), "no_item_specified"},
		{"reactions.remove", f("channel", "$room", "timestamp", "x", "name", "eyes"), "bad_timestamp"},
		{"reactions.remove", f("channel", "$room", "timestamp", "1234567890.000001", "name", "eyes"), "message_not_found"},
		{"reactions.remove", f("channel", "$secret", "timestamp", "$hers", "name", "eyes"), "channel_not_found"},
		{"reactions.remove", f("channel", "$ops", "timestamp", "$opsts", "name", "eyes"), "no_access"},
		{"reactions.get", f("channel", "$room"), "no_item_specified"},
		{"reactions.get", f("channel", "$room", "timestamp", "x"), "bad_timestamp"},
		{"reactions.get", f("channel", "$room", "timestamp", "1234567890.000001"), "message_not_found"},
		{"reactions.get", f("channel", "$secret", "timestamp", "$hers"), "channel_not_found"},
		{"bookmarks.add", f("channel_id", "$room", "title", "t", "type", "link", "link", "ftp://x"), "invalid_link"},
		{"bookmarks.add", f("channel_id", "$room", "title", "t", "type", "folder"), "invalid_bookmark_type"},
		{"bookmarks.add", f("channel_id", "$room", "title", "t", "type", "link", "link", "https://x.example", "emoji", "fire"), "invalid_emoji"},
		{"bookmarks.add", f("channel_id", "$secret", "title", "t", "type", "link", "link", "https://x.example"), "channel_not_found"},
		{"bookmarks.add", f("channel_id", "$ops", "title", "t", "type", "link", "link", "https://x.example"), "access_denied"},
		{"bookmarks.add", f("channel_id", "$old", "title", "t", "type", "link", "link", "https://x.example"), "permission_denied"},
		{"bookmarks.edit", f("channel_id", "$room", "bookmark_id", "Bk0"), "not_found"},
		{"bookmarks.edit", f("channel_id", "$secret", "bookmark_id", "Bk0"), "channel_not_found"},
		{"bookmarks.edit", f("channel_id", "$ops", "bookmark_id", "Bk0"), "access_denied"},
		{"bookmarks.edit", f("channel_id", "$old", "bookmark_id", "Bk0"), "permission_denied"},
		{"bookmarks.remove", f("channel_id", "$room", "bookmark_id", "Bk0"), "not_found"},
		{"bookmarks.remove", f("channel_id", "$secret", "bookmark_id", "Bk0"), "channel_not_found"},
		{"bookmarks.remove", f("channel_id", "$ops", "bookmark_id", "Bk0"), "access_denied"},
		{"bookmarks.remove", f("channel_id", "$old", "bookmark_id", "Bk0"), "permission_denied"},
		{"bookmarks.list", f("channel_id", "$secret"), "channel_not_found"},
		{"bookmarks.list", f("channel_id", "$ops"), "access_denied"},
		{"users.info", f("user", "UNONE"), "user_not_found"},
		{"users.list", f("cursor", "x"), "invalid_cursor"},
		{"users.lookupByEmail", f("email", "nobody@acme.example"), "users_not_found"},
		{"users.lookupByEmail", f("email", "gone@acme.example"), "users_not_found"},
		{"dnd.info", f("user", "UNONE"), "user_not_found"},
		{"bots.info", f("bot", "B0NONE"), "bot_not_found"},
		{"team.info", f("team", "T0NONE"), "team_not_found"},
		{"views.open", f("trigger_id", "1.2.3", "view", goodModal), "invalid_trigger_id"},
		{"views.push", f("trigger_id", "1.2.3", "view", goodModal), "invalid_trigger_id"},
		{"views.update", f("view_id", "V0NONE", "view", goodModal), "not_found"},
		{"views.update", f("view", goodModal), "invalid_arguments"},
		{"views.publish", f("user_id", "UADA", "view", goodModal), "invalid_arguments"},
		{"views.publish", f("user_id", "UADA", "view", `{"type":"home","blocks":[{"type":"divider"}],"private_metadata":"`+strings.Repeat("x", 256<<10)+`"}`), "view_too_large"},
		{"usergroups.create", f("name", "Ops", "handle", "BAD handle"), "bad_handle"},
		{"usergroups.create", f("name", "Ops", "handle", "here"), "forbidden_handle"},
		{"usergroups.create", f("name", "Ops", "handle", "ada"), "handle_already_exists"},
		{"usergroups.create", f("name", strings.Repeat("x", 256), "handle", "ops"), "name_too_long"},
		{"usergroups.create", f("name", "Ops", "handle", "ops", "description", strings.Repeat("x", 141)), "description_too_long"},
		{"usergroups.create", f("name", "Ops", "handle", "ops", "channels", "C0NONE"), "invalid_channel_provided"},
		{"usergroups.create", f(), "missing_subteam_name"},
		{"usergroups.update", f(), "missing_argument"},
		{"usergroups.enable", f(), "missing_argument"},
		{"usergroups.disable", f(), "missing_argument"},
		{"usergroups.users.list", f("usergroup", "S0NONE"), "no_such_subteam"},
		{"usergroups.users.update", f("users", "UADA"), "missing_argument"},
		{"files.getUploadURLExternal", f("filename", "x", "length", "0"), "missing_argument"},
		{"files.getUploadURLExternal", f("filename", "x", "length", "99999999"), "file_upload_size_restricted"},
		{"files.getUploadURLExternal", f("filename", "x", "length", "1", "alt_txt", strings.Repeat("x", 1001)), "alt_txt_too_large"},
		{"files.completeUploadExternal", f("files", `[{"id":"F0NONE"}]`), "file_not_found"},
		{"files.completeUploadExternal", f("files", `[{"id":"F0NONE"}]`, "channel_id", "$secret"), "channel_not_found"},
		{"files.completeUploadExternal", f("files", `[{"id":"F0NONE"}]`, "channel_id", "$ops"), "not_in_channel"},
		{"files.completeUploadExternal", f("files", `[{"id":"F0NONE"}]`, "channel_id", "$old"), "posting_to_channel_denied"},
		{"files.completeUploadExternal", f("files", `[{"id":"F0NONE"}]`, "channels", strings.TrimSuffix(strings.Repeat("C1,", 101), ",")), "channels_limit_exceeded"},
		{"files.completeUploadExternal", f("files", `[{"id":"F0NONE"}]`, "blocks", badBlocks), "invalid_blocks"},
		{"files.info", f("file", "F0NONE"), "file_not_found"},
		{"files.upload", f("content", "x"), "method_deprecated"},
		{"canvases.edit", f("canvas_id", "F0NONE", "changes", "[]"), "canvas_not_found"},
		{"canvases.delete", f("canvas_id", "F0NONE"), "canvas_not_found"},
		{"canvases.access.set", f("canvas_id", "F0NONE", "access_level", "read"), "canvas_not_found"},
		{"canvases.sections.lookup", f("canvas_id", "F0NONE", "criteria", "{}"), "canvas_not_found"},
		{"conversations.canvases.create", f("channel_id", "$secret"), "channel_not_found"},
		{"canvases.create", f("document_content", `{"type":"markdown","markdown":"`+strings.Repeat("x", 1<<20+1)+`"}`), "canvas_too_large"},
		{"chat.nothing", f(), "unknown_method"},
		{"auth.test", f("ids[]", "1"), "invalid_array_arg"},
		{"auth.test", f("a-b", "1"), "invalid_arg_name"},
	}
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

// specialRefusals need a workspace of another kind, or steps before them.
func specialRefusals() map[string]struct {
	o    Options
	rows []contract
} {
	type kind = struct {
		o    Options
		rows []contract
	}
	return map[string]kind{
		"free plan": {Options{Plan: Free}, []contract{
			{"usergroups.list", nil, "plan_upgrade_required"},
			{"usergroups.create", f("name", "x"), "plan_upgrade_required"},
			{"usergroups.enable", f("usergroup", "S"), "plan_upgrade_required"},
			{"usergroups.disable", f("usergroup", "S"), "plan_upgrade_required"},
			{"usergroups.users.list", f("usergroup", "S"), "plan_upgrade_required"},
			{"usergroups.users.update", f("usergroup", "S", "users", "UADA"), "plan_upgrade_required"},
			{"canvases.create", nil, "free_teams_cannot_create_standalone_canvases"},
			{"canvases.create", f("channel_id", "$room"), ""},
			{"canvases.create", f("channel_id", "$room"), "free_team_canvas_tab_already_exists"},
			{"conversations.canvases.create", f("channel_id", "$room"), "free_team_canvas_tab_already_exists"},
		}},
		"paid plan": {Options{}, []contract{
			{"conversations.canvases.create", f("channel_id", "$room"), ""},
			{"conversations.canvases.create", f("channel_id", "$room"), "channel_canvas_already_exists"},
			{"usergroups.create", f("name", "Ops", "handle", "ops"), ""},
			{"usergroups.create", f("name", "ops", "handle", "other"), "name_already_exists"},
			{"usergroups.create", f("name", "Other", "handle", "ops"), "handle_already_exists"},
		}},
		"only admins edit groups": {Options{AdminsOnlyGroups: true}, []contract{
			{"usergroups.create", f("name", "x"), "permission_denied"},
			{"usergroups.update", f("usergroup", "S"), "permission_denied"},
			{"usergroups.enable", f("usergroup", "S"), "permission_denied"},
			{"usergroups.disable", f("usergroup", "S"), "permission_denied"},
			{"usergroups.users.update", f("usergroup", "S", "users", "UADA"), "permission_denied"},
			{"usergroups.list", nil, ""},
		}},
		"only admins may": {Options{Restricted: []string{"conversations.kick", "canvases.create", "canvases.edit", "canvases.delete"}}, []contract{
			{"conversations.kick", f("channel", "$room", "user", "UADA"), "restricted_action"},
			{"canvases.create", f(), "restricted_action"},
			{"canvases.edit", f("canvas_id", "F", "changes", "[]"), "restricted_action"},
			{"canvases.delete", f("canvas_id", "F"), "restricted_action"},
		}},
		"messages stay as they are": {Options{EditWindow: time.Nanosecond}, []contract{
			{"chat.update", f("channel", "$room", "ts", "$mine", "text", "x"), "edit_window_closed"},
		}},
		"bots cannot unarchive": {Options{NoUnarchive: true}, []contract{
			{"conversations.unarchive", f("channel", "$old"), "not_in_channel"},
		}},
	}
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
