package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// archiveWanted is what is to be moved.
type archiveWanted struct {
	DryRun bool `json:"dry_run"` // only say which
}

// archived is what was moved into archive files, or would be.
type archived struct {
	Before    time.Time           `json:"before"` // who ended before this
	DryRun    bool                `json:"dry_run"`
	Incidents int                 `json:"incidents"`
	Records   int                 `json:"records"` // of them, that were moved
	Bytes     int                 `json:"bytes"`   // of these
	Files     []desk.ArchivedFile `json:"files"`   // into which, the earliest month first
	Stay      []desk.Staying      `json:"stay"`    // of those that ended before, how many stay for now, and why
}

// archive moves what ended long ago into archive files, as far as that has not been done.
func (s *Server) archive(w http.ResponseWriter, r *http.Request, d *Parts) error {
	var in archiveWanted
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	// Years of incidents take longer than an ordinary answer may.
	if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
		s.log.Debug().Err(err).Msg("archiving keeps the ordinary time limit")
	}
	moved, err := d.Archive(r.Context(), time.Now(), in.DryRun, r.Context().Err)
	if err != nil {
		if refusal := (*incident.Refusal)(nil); errors.As(err, &refusal) {
			s.log.Warn().Err(err).Int("incidents", moved.Incidents).Msg("archiving was refused or broke off")
		}
		return unprocessable(err)
	}
	writeJSON(w, http.StatusOK, archived{Before: moved.Before.UTC(), DryRun: in.DryRun, Incidents: moved.Incidents, Records: moved.Records, Bytes: moved.Bytes,
		Files: append([]desk.ArchivedFile{}, moved.Files...), Stay: append([]desk.Staying{}, moved.Stay...)})
	return nil
}
