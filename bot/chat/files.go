package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
)

// keepFile fetches a file of a marked message and stores what is in it, within the limits.
func (s *Slack) keepFile(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	room, err := s.desk.FileRoom(ctx, t.Job)
	if err != nil {
		return desk.Outcome{}, err
	}
	info, content, err := s.wire.File(ctx, t.Job.Target, room)
	read := desk.FileRead{}
	if info != nil {
		read.Type, read.Size = info.Mimetype, info.Size
	}
	switch code := wire.Code(err); {
	case errors.Is(err, wire.ErrLarger):
		read.Why = fmt.Sprintf("it has %s, and %s are left for it", bytesOf(read.Size), bytesOf(room))
	case errors.Is(err, wire.ErrElsewhere):
		read.Why = "what is in it is not in Slack"
	case code == "file_not_found", code == "file_deleted":
		read.Why = "it is not in Slack any more"
	case code != "":
		read.Why = inWords(code)
	case err != nil:
		return desk.Outcome{}, err
	default:
		sum := sha256.Sum256(content)
		read.Size, read.Hash = len(content), hex.EncodeToString(sum[:])
		if read.Pieces, err = s.desk.KeepContent(ctx, t.Job, content); err != nil {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{File: &read}, nil
}

// bytesOf says a size as people do.
func bytesOf(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", (n+1<<10-1)>>10)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
