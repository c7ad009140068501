package web

import (
	"mime"
	"net/http"
	"strconv"

	"github.com/stormbell/stormbell/bot/desk"
)

// listedFiles is the answer to which files there are.
type listedFiles struct {
	Files []desk.Kept `json:"files"`
}

// files lists the files of the messages in an incident's timeline.
func (s *Server) files(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	list, err := d.Files(r.Context(), viewer, n)
	if err != nil {
		return missing(err)
	}
	writeJSON(w, http.StatusOK, listedFiles{Files: list})
	return nil
}

// file answers with one of them, to be saved and not to be shown: anybody may have
// written it.
func (s *Server) file(w http.ResponseWriter, r *http.Request, d *Parts) error {
	n, err := named(r)
	if err != nil {
		return err
	}
	entry, bad := strconv.Atoi(r.PathValue("entry"))
	file, worse := strconv.Atoi(r.PathValue("file"))
	if bad != nil || worse != nil {
		return &problem{Status: http.StatusNotFound, Why: "A file is named by the numbers of its entry and of itself, as in /v1/incidents/INC-12/files/7/1."}
	}
	kept, content, err := d.FileContent(r.Context(), viewer, n, entry, file)
	if err != nil {
		return missing(err)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": kept.Name}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // whoever asked may be gone
	return nil
}
