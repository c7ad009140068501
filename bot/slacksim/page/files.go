package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxUpload = 16 << 20

// pictures are the kinds of files that a message shows. None of them can run anything.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// file gives a shared file's bytes to the browser, to be saved and never to be shown as a page of this server. Only
// a picture has its own type, for the message that it is in.
func (s *server) file(rw http.ResponseWriter, r *http.Request) {
	for _, f := range s.workspace.State().Files {
		if f.ID != r.PathValue("id") {
			continue
		}
		kind := "application/octet-stream"
		if slices.Contains(pictures, f.Mimetype) {
			kind = f.Mimetype
		}
		rw.Header().Set("Content-Type", kind)
		rw.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		rw.Write(f.Content)
		return
	}
	answer(rw, http.StatusNotFound, problem{"file: there is none of this ID"})
}

// upload keeps a file that somebody chose in a modal's file input and answers with Slack's file object. The workspace
// has no files of people, so it goes the app's own way in, and needs the app's files:write.
func (s *server) upload(rw http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxUpload))
	if err != nil || len(content) == 0 {
		answer(rw, http.StatusBadRequest, problem{"upload: the file is empty or larger than 16 MiB"})
		return
	}
	file, err := s.store(r.URL.Query().Get("name"), content)
	if err != nil {
		answer(rw, http.StatusBadRequest, problem{"upload: " + err.Error()})
		return
	}
	answer(rw, http.StatusOK, file)
}

func (s *server) store(name string, content []byte) (json.RawMessage, error) {
	var begun struct {
		URL string `json:"upload_url"`
		ID  string `json:"file_id"`
	}
	form := url.Values{"filename": {name}, "length": {strconv.Itoa(len(content))}}
	if err := s.api("files.getUploadURLExternal", form, &begun); err != nil {
		return nil, err
	}
	to, err := url.Parse(begun.URL)
	if err != nil {
		return nil, err
	}
	sent := s.inside(to.Path, "application/octet-stream", content)
	if sent.status != http.StatusOK {
		return nil, fmt.Errorf("bytes of %s: %s", name, sent.body.String())
	}
	var done struct {
		Files []json.RawMessage `json:"files"`
	}
	list, err := json.Marshal([]map[string]string{{"id": begun.ID, "title": name}})
	if err != nil {
		return nil, err
	}
	if err := s.api("files.completeUploadExternal", url.Values{"files": {string(list)}}, &done); err != nil {
		return nil, err
	}
	if len(done.Files) != 1 {
		return nil, fmt.Errorf("completion of %s: %d files instead of one", name, len(done.Files))
	}
	return done.Files[0], nil
}

// api calls a method of the workspace as its app, without a network.
func (s *server) api(method string, form url.Values, into any) error {
	form.Set("token", s.workspace.BotToken())
	got := s.inside("/api/"+method, "application/x-www-form-urlencoded", []byte(form.Encode()))
	var verdict struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(got.body.Bytes(), &verdict); err != nil {
		return fmt.Errorf("%s: answered %d", method, got.status)
	}
	if !verdict.OK {
		return fmt.Errorf("%s: %s", method, verdict.Error)
	}
	return json.Unmarshal(got.body.Bytes(), into)
}

// inside serves one request from within.
func (s *server) inside(path, kind string, body []byte) *recorder {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1"+path, bytes.NewReader(body))
	if err != nil {
		rec.status = http.StatusInternalServerError
		return rec
	}
	r.RequestURI = strings.TrimPrefix(r.URL.String(), "http://127.0.0.1")
	r.Header.Set("Content-Type", kind)
	s.workspace.ServeHTTP(rec, r)
	return rec
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }
