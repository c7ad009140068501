package web

import (
	"context"
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

// archiveHolds says how the archive is.
type archiveHolds struct {
	Last      *time.Time        `json:"last"`              // when it was last gone through to the end for incidents to archive; null: not yet
	After     string            `json:"after,omitempty"`   // how long after its end an incident is archived, as in 8760h0m0s; absent: none is
	Folder    string            `json:"folder,omitempty"`  // where the files are
	Late      bool              `json:"late,omitempty"`    // it has not been gone through for three days
	Trouble   string            `json:"trouble,omitempty"` // why not everything could be moved the last time, or not every file be read
	Since     *time.Time        `json:"since,omitempty"`   // since when that is so
	Waiting   int               `json:"waiting"`           // incidents that could not be moved the last time
	Stay      []desk.Staying    `json:"stay"`              // how many ended long enough ago and stay for now, and why
	Incidents int               `json:"incidents"`         // that are archived
	Files     int               `json:"files"`             // in which they lie
	Bytes     int64             `json:"bytes"`             // of these
	Unread    []desk.UnreadFile `json:"unread"`            // those of them that cannot be read
}

// SawArchive says how the archive files of this machine are, in folder, while this process stands by.
func (s *Server) SawArchive(files desk.ArchiveFiles, folder string) {
	s.saw.Store(&archiveSeen{desk.Archival{Files: files}, folder})
}

// archiveSeen is what a process that stands by knows of its archive files.
type archiveSeen struct {
	desk.Archival
	folder string
}

// archival returns what is known of the archive: by the process that does the work all of it, by
// one that stands by how its files are.
func (s *Server) archival(ctx context.Context) (archiveSeen, error) {
	d, err := s.leading()
	if err != nil {
		if saw := s.saw.Load(); saw != nil {
			return *saw, nil
		}
		return archiveSeen{}, err
	}
	a, err := d.Archival(ctx)
	return archiveSeen{a, d.ArchiveFolder}, err
}

// archiveState says how the archive is.
func (s *Server) archiveState(w http.ResponseWriter, r *http.Request) error {
	a, err := s.archival(r.Context())
	if err != nil {
		return err
	}
	holds := archiveHolds{Last: instantOf(a.Last), Folder: a.folder, Late: a.Late(time.Now()), Trouble: a.Trouble, Since: instantOf(a.Failing.Since),
		Waiting: a.Waiting, Stay: append([]desk.Staying{}, a.Stay...), Incidents: a.Files.Incidents, Files: a.Files.Files, Bytes: a.Files.Bytes,
		Unread: append([]desk.UnreadFile{}, a.Files.Unread...)}
	if a.After > 0 {
		holds.After = a.After.String()
	}
	writeJSON(w, http.StatusOK, holds)
	return nil
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
