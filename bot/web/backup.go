package web

import (
	"context"
	"net/http"
	"time"
)

// backup answers with a consistent copy of the store, taken while it works.
// One that is not kept is no backup, and is not remembered as one.
// What goes wrong on the way ends the connection, so that half a copy is never
// taken for a whole one.
func (s *Server) backup(w http.ResponseWriter, r *http.Request, d *Parts) error {
	if d.Backup == nil {
		return &problem{Status: http.StatusNotFound, Why: "This store cannot be copied from here.", Next: "Use its own tools."}
	}
	kept, err := truth(r, "kept")
	if err != nil {
		return err
	}
	kept = kept || !r.URL.Query().Has("kept")
	// A large store takes longer than an ordinary answer may.
	if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
		s.log.Debug().Err(err).Msg("a backup keeps the ordinary time limit")
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	n, err := d.Backup(w)
	if err != nil {
		s.log.Error().Err(err).Int64("bytes", n).Msg("a backup broke off")
		panic(http.ErrAbortHandler)
	}
	if !kept {
		s.log.Info().Int64("bytes", n).Msg("a copy of the store was taken to be looked at")
		return nil
	}
	s.log.Info().Int64("bytes", n).Msg("a backup was taken")
	if err := d.BackedUp(context.WithoutCancel(r.Context())); err != nil {
		s.log.Warn().Err(err).Msg("when the backup was taken is not recorded")
	}
	return nil
}

// copies says how the copies of the store are.
type copies struct {
	Last    *time.Time `json:"last"`              // when one was taken; null: never
	Folder  string     `json:"folder,omitempty"`  // into which the store is copied by itself; absent: it is not
	Every   string     `json:"every,omitempty"`   // how often, as in 24h0m0s
	Keep    int        `json:"keep,omitempty"`    // how many are kept
	Trouble string     `json:"trouble,omitempty"` // why the last one could not be taken
	Since   *time.Time `json:"since,omitempty"`   // since when it cannot
	Damaged bool       `json:"damaged,omitempty"` // the store's own file was found damaged; see store_damaged among the metrics
}

// LookedAtBackup says whether copies of the store could be taken into a folder of this machine, while
// this process stands by: since when they could not, and why; empty: they could.
func (s *Server) LookedAtBackup(folder, trouble string, since time.Time) {
	s.looked.Store(&copies{Folder: folder, Trouble: trouble, Since: instantOf(since)})
}

// backupState says how the copies of the store are.
func (s *Server) backupState(w http.ResponseWriter, r *http.Request) error {
	d, err := s.leading()
	if err != nil {
		if is := s.looked.Load(); is != nil {
			writeJSON(w, http.StatusOK, is)
			return nil
		}
		return err
	}
	known, err := d.Desk.Backup(r.Context())
	if err != nil {
		return err
	}
	state := copies{Last: instantOf(known.At), Damaged: d.Damaged != nil && d.Damaged()}
	if d.Schedule.Folder != "" {
		state.Folder, state.Every, state.Keep = d.Schedule.Folder, d.Schedule.Every.String(), d.Schedule.Keep
		state.Trouble, state.Since = known.Trouble, instantOf(known.Since)
	}
	writeJSON(w, http.StatusOK, state)
	return nil
}

// instantOf is an instant as JSON has it; null: there is none.
func instantOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
