package slacksim

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

const maxShares = 100

// File is an uploaded file with its content.
type File struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Mimetype string   `json:"mimetype"`
	Filetype string   `json:"filetype"`
	User     string   `json:"user"`
	Created  int64    `json:"created"`
	Size     int      `json:"size"`
	URL      string   `json:"url_private"` // path and host of this workspace; needs the bot token
	Channels []string `json:"channels,omitempty"`
	AltText  string   `json:"alt_txt,omitempty"`
	Content  []byte   `json:"content,omitempty"` // base64 in JSON
}

type file struct {
	File
	token  string // of the upload URL
	length int    // announced
	sent   bool   // bytes are here
	done   bool   // completed
	gone   bool   // deleted
}

// fileMethods are the three steps of an upload, and reading about files.
func fileMethods() map[string]*method {
	one := []string{"file"}
	gone := map[string]string{"file": "file_not_found", "filename": "missing_argument", "length": "missing_argument", "files": "missing_argument"}
	return map[string]*method{
		"files.getUploadURLExternal": {scopes: anyOf("files:write"), tier: tier4, noJSON: true, required: []string{"filename", "length"},
			absent: gone, run: (*call).filesUploadURL},
		"files.completeUploadExternal": {scopes: anyOf("files:write"), tier: tier4, required: []string{"files"}, absent: gone, run: (*call).filesComplete},
		"files.info":                   {scopes: anyOf("files:read"), tier: tier4, noJSON: true, required: one, absent: gone, run: (*call).filesInfo},
		"files.delete":                 {scopes: anyOf("files:write"), tier: tier3, required: one, absent: gone, run: (*call).filesDelete},
		"files.upload":                 {scopes: anyOf("files:write"), tier: tier2, run: (*call).filesUpload},
	}
}

func (c *call) filesUpload() (object, *apiError) { return nil, fail("method_deprecated") }

func (c *call) filesUploadURL() (object, *apiError) {
	n, ok := c.number("length", 0)
	if !ok || n <= 0 {
		return nil, fail("missing_argument")
	}
	if n > maxUpload {
		return nil, fail("file_upload_size_restricted")
	}
	if len([]rune(c.str("alt_txt"))) > 1000 {
		return nil, fail("alt_txt_too_large")
	}
	name := path.Base(c.str("filename"))
	f := &file{length: n, token: c.secret(40), File: File{ID: c.id("F"), Name: name, Title: name, User: c.user,
		Created: unix(c.now()), AltText: c.str("alt_txt")}}
	f.URL = c.base + "/files/" + c.teamID + "-" + f.ID + "/" + name
	c.files[f.ID], c.uploads[f.token] = f, f
	return object{"upload_url": c.base + "/upload/v1/" + f.token, "file_id": f.ID}, nil
}

// serveUpload takes the bytes. It needs no token but the URL's own.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	data, err := uploaded(rw, r)
	plan := w.faultFor("upload")
	if plan.latency > 0 && !w.pause(r, plan.latency) {
		panic(http.ErrAbortHandler)
	}
	if plan.hit != nil && !plan.hit.After {
		plan.hit.verdict().write(rw)
		return
	}
	w.mu.Lock()
	status, text := w.takeUpload(path.Base(r.URL.Path), data, err)
	w.note(Call{Kind: "http", Method: "upload", Status: status, Verdict: text})
	w.mu.Unlock()
	if plan.hit != nil {
		panic(http.ErrAbortHandler)
	}
	rw.WriteHeader(status)
	io.WriteString(rw, text)
}

// uploaded reads the bytes from a form's file field or from the plain body.
func uploaded(rw http.ResponseWriter, r *http.Request) ([]byte, error) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxUpload+1<<20)
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "multipart/form-data" {
		return io.ReadAll(r.Body)
	}
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := reader.NextPart()
		if err != nil {
			return nil, fmt.Errorf("no file in the form: %v", err)
		}
		if part.FileName() != "" || part.FormName() == "file" {
			return io.ReadAll(part)
		}
	}
}

func (w *Workspace) takeUpload(token string, data []byte, err error) (status int, text string) {
	f := w.uploads[token]
	switch {
	case f == nil || f.done:
		return http.StatusNotFound, "not_found"
	case err != nil:
		return http.StatusBadRequest, "bad_request"
	case len(data) != f.length:
		return http.StatusBadRequest, "length differs from the announced " + strconv.Itoa(f.length)
	}
	f.Content, f.Size, f.sent = data, len(data), true
	f.Mimetype = mimeOf(f.Name, data)
	f.Filetype = strings.TrimPrefix(path.Ext(f.Name), ".")
	if f.Filetype == "" {
		f.Filetype = "binary"
	}
	w.changed()
	return http.StatusOK, "OK - " + strconv.Itoa(len(data))
}

// mimeOf goes by what the bytes are, and for text by the name: the system's
// own table of types differs from machine to machine.
func mimeOf(name string, data []byte) string {
	kind, _, _ := mime.ParseMediaType(http.DetectContentType(data))
	if kind != "text/plain" {
		return kind
	}
	switch path.Ext(name) {
	case ".md":
		return "text/markdown"
	case ".csv":
		return "text/csv"
	case ".json":
		return "application/json"
	case ".ics":
		return "text/calendar"
	}
	return kind
}

func (c *call) filesComplete() (object, *apiError) {
	var wanted []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if json.Unmarshal([]byte(c.str("files")), &wanted) != nil || len(wanted) == 0 {
		return nil, badArgument("must provide an array of files [json-pointer:/files]")
	}
	rooms, err := c.shareRooms()
	if err != nil {
		return nil, err
	}
	text := &Message{}
	if err := c.composeBlocks(c.args, text); err != nil {
		return nil, err
	}
	var done []*file
	for _, x := range wanted {
		f := c.files[x.ID]
		if f == nil || !f.sent || f.done {
			return nil, fail("file_not_found")
		}
		if x.Title != "" {
			f.Title = x.Title
		}
		done = append(done, f)
	}
	out := []object{}
	for _, f := range done {
		f.done = true
		delete(c.uploads, f.token)
		for _, ch := range rooms {
			f.Channels = append(f.Channels, ch.ID)
		}
		out = append(out, c.fileJSON(f))
	}
	c.shareFiles(rooms, done, text.Blocks)
	return object{"files": out}, nil
}

// shareRooms are the channels to share in: channel_id, or channels.
func (c *call) shareRooms() ([]*channel, *apiError) {
	ids := c.list("channels")
	if c.has("channel_id") {
		ids = append(ids, c.str("channel_id"))
	}
	if len(ids) > maxShares {
		return nil, fail("channels_limit_exceeded")
	}
	var rooms []*channel
	for _, id := range ids {
		ch := c.channels[id]
		switch {
		case ch == nil || !c.sees(c.user, ch):
			return nil, fail("channel_not_found")
		case ch.IsArchived:
			return nil, fail("posting_to_channel_denied")
		case !ch.isMember(c.user):
			return nil, fail("not_in_channel")
		}
		rooms = append(rooms, ch)
	}
	return rooms, nil
}

// shareFiles posts the file_share message. Slack does it a moment after the
// call has answered, and so does this.
func (c *call) shareFiles(rooms []*channel, files []*file, blocks json.RawMessage) {
	w, a := c.Workspace, c.args
	comment, thread := a.str("initial_comment"), a.str("thread_ts")
	var shared []File
	for _, f := range files {
		x := f.File
		x.Content, x.Channels = nil, nil // the message refers to the file, it does not hold it
		shared = append(shared, x)
	}
	for _, ch := range rooms {
		w.agenda.after(0, func() {
			m := &Message{Subtype: "file_share", Text: w.readBack(comment), Files: slices.Clone(shared), Upload: true,
				ThreadTS: thread, Blocks: blocks, User: w.botUser, BotID: w.botID, AppID: w.appID, Team: w.teamID}
			w.post(ch, m)
			w.emit("file_shared", ch, object{"file_id": shared[0].ID, "user_id": w.botUser, "channel_id": ch.ID,
				"file": object{"id": shared[0].ID}})
		})
	}
}

func (w *Workspace) fileJSON(f *file) object {
	channels := f.Channels
	if channels == nil {
		channels = []string{}
	}
	return object{"id": f.ID, "created": f.Created, "timestamp": f.Created, "name": f.Name, "title": f.Title,
		"mimetype": f.Mimetype, "filetype": f.Filetype, "pretty_type": strings.ToUpper(f.Filetype), "user": f.User,
		"user_team": w.teamID, "editable": false, "size": f.Size, "mode": "hosted", "is_external": false,
		"external_type": "", "is_public": len(f.Channels) > 0, "public_url_shared": false, "display_as_bot": false,
		"username": "", "url_private": f.URL, "url_private_download": f.URL, "channels": channels, "groups": []string{},
		"ims": []string{}, "comments_count": 0, "media_display_type": "unknown", "alt_txt": f.AltText,
		"permalink": w.site() + "files/" + f.User + "/" + f.ID + "/" + f.Name}
}

// file is the finished file that the call names.
func (c *call) file() (*file, *apiError) {
	f := c.files[c.str("file")]
	switch {
	case f == nil || !f.done:
		return nil, fail("file_not_found")
	case f.gone:
		return nil, fail("file_deleted")
	}
	return f, nil
}

func (c *call) filesInfo() (object, *apiError) {
	if x := c.canvases[c.str("file")]; x != nil {
		return object{"file": c.canvasFile(x), "comments": []object{}}, nil
	}
	f, err := c.file()
	if err != nil {
		return nil, err
	}
	return object{"file": c.fileJSON(f), "comments": []object{}}, nil
}

func (c *call) filesDelete() (object, *apiError) {
	f, err := c.file()
	if err != nil {
		return nil, err
	}
	f.gone, f.Content = true, nil
	return nil, nil
}

// serveFile gives a file's bytes to who holds the bot token and files:read.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/files/"), "/")
	f := w.files[strings.TrimPrefix(parts[0], w.teamID+"-")]
	allowed := r.Header.Get("Authorization") == "Bearer "+w.opts.BotToken && w.scopes["files:read"]
	status := http.StatusOK
	switch {
	case !allowed:
		status = http.StatusFound // Slack sends strangers to its sign-in page
	case f == nil || !f.done || f.gone:
		status = http.StatusNotFound
	}
	w.note(Call{Kind: "http", Method: "download", Status: status})
	w.mu.Unlock()
	switch status {
	case http.StatusFound:
		http.Redirect(rw, r, baseURL(r)+"/?redir="+r.URL.EscapedPath(), status)
	case http.StatusNotFound:
		http.NotFound(rw, r)
	default:
		rw.Header().Set("Content-Type", f.Mimetype)
		rw.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		rw.Write(f.Content) // written once at upload and never changed
	}
}
