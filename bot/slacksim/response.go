package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// responseURL is the right to answer a command or an interaction for half an
// hour, five times, wherever it happened and whether or not the bot is there.
type responseURL struct {
	user    string
	channel string
	ts      string // the message it came from; empty for commands, views, shortcuts
	issued  time.Time
	used    int
}

// newResponse issues a response URL and returns its path.
func (w *Workspace) newResponse(r *responseURL) string {
	r.issued = w.now()
	id := w.secret(24)
	w.responses.put(id, r, func(r *responseURL) bool { return w.now().Sub(r.issued) > 2*responseLife })
	return "/response/" + w.teamID + "/" + id
}

// serveResponse takes a post to a response URL.
func (w *Workspace) serveResponse(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		http.Error(rw, "request_body_too_large", http.StatusRequestEntityTooLarge)
		return
	}
	plan := w.faultFor("response_url")
	if plan.latency > 0 && !w.pause(r, plan.latency) {
		panic(http.ErrAbortHandler)
	}
	if plan.hit != nil && !plan.hit.After {
		plan.hit.verdict().write(rw)
		return
	}
	w.mu.Lock()
	status, code := w.respond(r.URL.Path, r.Method, body)
	w.note(Call{Kind: "http", Method: "response_url", Status: status, Error: code, Answer: clipJSON(body)})
	w.mu.Unlock()
	if plan.hit != nil {
		panic(http.ErrAbortHandler)
	}
	if code == "" {
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(rw, "ok")
		return
	}
	writeJSON(rw, status, object{"ok": false, "error": code})
}

// respond performs a post to a response URL. The names of the refusals are
// those that clients expect; Slack documents none.
func (w *Workspace) respond(path, verb string, body []byte) (status int, code string) {
	r := w.responses.at(path[strings.LastIndexByte(path, '/')+1:])
	switch {
	case r == nil:
		return http.StatusNotFound, "no_service"
	case verb != http.MethodPost:
		return http.StatusMethodNotAllowed, "invalid_post_type"
	case w.now().Sub(r.issued) > responseLife:
		return http.StatusNotFound, "expired_url"
	case r.used >= responseUses:
		return http.StatusNotFound, "used_url"
	}
	q := request{args: args{}}
	if err := q.readJSON(body); err != nil {
		return http.StatusBadRequest, "invalid_payload"
	}
	r.used++
	if err := w.follow(r, q.args); err != nil {
		if err.code == "no_text" {
			return http.StatusBadRequest, "no_text"
		}
		return http.StatusOK, err.code
	}
	return http.StatusOK, ""
}

// follow does what the posted message says: delete the original, replace it,
// or post another.
func (w *Workspace) follow(r *responseURL, a args) *apiError {
	c := w.channels[r.channel]
	if a.yes("delete_original") {
		w.deleteOriginal(r, c)
		if !a.has("text") && !a.has("blocks") && !a.has("attachments") {
			return nil
		}
	}
	m, err := w.compose(a)
	if err != nil {
		return err
	}
	w.signBot(m, args{})
	if a.yes("replace_original") && r.ts != "" && w.replaceOriginal(r, c, m) {
		return nil
	}
	m.ThreadTS = a.str("thread_ts")
	if a.str("response_type") == "in_channel" {
		w.post(c, m)
		return nil
	}
	w.whisper(c, r.user, m)
	return nil
}

func (w *Workspace) deleteOriginal(r *responseURL, c *channel) {
	if e := w.whisperAt(r.user, r.channel, r.ts); e != nil {
		w.unwhisper(r.user, e)
		return
	}
	if m := c.at(r.ts); m != nil && r.ts != "" && m.BotID == w.botID {
		w.remove(c, m)
	}
}

// replaceOriginal puts next in place of the message that the URL came from; an
// ephemeral one stays ephemeral. false means that it is gone.
func (w *Workspace) replaceOriginal(r *responseURL, c *channel, next *Message) bool {
	if e := w.whisperAt(r.user, r.channel, r.ts); e != nil {
		e.Text, e.Blocks, e.Attachments = next.Text, next.Blocks, next.Attachments
		w.changed()
		return true
	}
	m := c.at(r.ts)
	if m == nil || m.BotID != w.botID {
		return false
	}
	if next.Metadata == nil {
		next.Metadata = m.Metadata
	}
	w.change(c, m, *next, w.botUser)
	return true
}

// rawList decodes a JSON array into its parts; nil when it is none.
func rawList(s string) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal([]byte(s), &list) != nil {
		return nil
	}
	return list
}
