package chat

import (
	"context"
	"errors"
	"time"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
)

// canvasLocked is how long another edit of the canvas is waited for.
const canvasLocked = 15 * time.Second

// canvas keeps the post-mortem, as it was published last, on the canvas of the incident's
// channel. It stands in the channel anyway, so where Slack does not want that, or people
// have a canvas of their own there, only the log says so.
func (s *Slack) canvas(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.Frozen == nil {
		return desk.Outcome{}, nil
	}
	id, err := s.wire.Canvas(ctx, t.Artifacts.Channel, t.Artifacts.Canvas, "Post-mortem of "+t.Incident.Name(), t.Frozen.Text)
	if wire.Code(err) == "canvas_editing_locked" { // somebody writes on it at the moment
		locked := "somebody edits the canvas"
		return desk.Outcome{}, &desk.Retry{After: canvasLocked, Alone: true, Words: locked, Cause: errors.New(locked)}
	}
	if code := wire.Code(err); code != "" && code != "is_archived" {
		s.log.Warn().Str("incident", t.Incident.Name()).Str("error", code).Msg("the post-mortem stands on no canvas")
		return desk.Outcome{Canvas: t.Artifacts.Canvas}, nil
	}
	return desk.Outcome{Canvas: id}, err
}
