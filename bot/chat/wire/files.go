package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/slack-go/slack"
)

// ErrLarger is why a file is not fetched: it has more bytes than the caller takes.
var ErrLarger = errors.New("the file is larger than that")

// ErrElsewhere is why a file is not fetched: what is in it is not in Slack, or nobody may
// have it any more.
var ErrElsewhere = errors.New("the file is not in Slack")

// File fetches a file, which has most bytes at most.
func (c *Client) File(ctx context.Context, id string, most int) (*slack.File, []byte, error) {
	var info *slack.File
	err := c.call(ctx, "files.info", func(ctx context.Context) (err error) {
		info, _, _, err = c.api.GetFileInfoContext(ctx, id, 1, 1)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	switch {
	case info.IsExternal || info.Mode == "external" || info.Mode == "tombstone" || info.Mode == "hidden_by_limit":
		return info, nil, ErrElsewhere
	case info.Size > most:
		return info, nil, ErrLarger
	}
	address := info.URLPrivateDownload
	if address == "" {
		address = info.URLPrivate
	}
	content := limited{most: most}
	err = c.call(ctx, "download", func(ctx context.Context) error { return c.api.GetFileContext(ctx, address, &content) })
	switch {
	case content.over:
		return info, nil, ErrLarger
	case err == nil && info.Size > 0 && content.Len() != info.Size:
		return info, nil, &Retry{Words: "Slack does not answer; trying again", Cause: fmt.Errorf("download: %d bytes, not %d", content.Len(), info.Size)}
	}
	return info, content.Bytes(), err
}

// limited takes so many bytes and no more.
type limited struct {
	bytes.Buffer
	most int
	over bool
}

// Write fails with [ErrLarger] over the limit.
func (l *limited) Write(b []byte) (int, error) {
	if l.Len()+len(b) > l.most {
		l.over = true
		return 0, ErrLarger
	}
	return l.Buffer.Write(b)
}
