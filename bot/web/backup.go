package web

import (
	"context"
	"io"
	"net/http"
	"time"
)

// backup answers with a consistent copy of the store, taken while it works.
// What goes wrong on the way ends the connection, so that half a copy is never
// taken for a whole one.
func (s *Server) backup(w http.ResponseWriter, r *http.Request, d *Parts) error {
	if s.copyStore == nil {
		return &problem{Status: http.StatusNotFound, Why: "This store cannot be copied from here.", Next: "Use its own tools."}
	}
	// A large store takes longer than an ordinary answer may.
	if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
		s.log.Debug().Err(err).Msg("a backup keeps the ordinary time limit")
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	n, err := s.copyStore(w)
	if err != nil {
		s.log.Error().Err(err).Int64("bytes", n).Msg("a backup broke off")
		panic(http.ErrAbortHandler)
	}
	s.log.Info().Int64("bytes", n).Msg("a backup was taken")
	if err := d.BackedUp(context.WithoutCancel(r.Context())); err != nil {
		s.log.Warn().Err(err).Msg("when the backup was taken is not recorded")
	}
	return nil
}

// copier writes a copy of the store.
type copier func(io.Writer) (int64, error)
