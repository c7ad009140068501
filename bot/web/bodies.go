package web

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// headerWait is how long a header may take.
const headerWait = 5 * time.Second

// bodyWait is how long the next megabyte of a body may take.
const bodyWait = 15 * time.Second

// answerWait is how long an answer may take once the body is there.
const answerWait = 45 * time.Second

// inflow is a body as it comes in, unpacked where it is packed.
type inflow struct {
	body   io.Reader // as it is sent
	z      *gzip.Reader
	packed bool
	limit  int // bytes that it may have, packed or unpacked
	most   int // bytes that it can have
	conn   *http.ResponseController
	since  time.Time // when it began to be waited for
}

// inflowOf prepares to read a body. Nothing of it is read yet.
func inflowOf(w http.ResponseWriter, r *http.Request, limit int) (*inflow, error) {
	if r.ContentLength > int64(limit) {
		return nil, tooLarge(limit)
	}
	in := &inflow{body: http.MaxBytesReader(w, r.Body, int64(limit)), limit: limit, most: limit, conn: http.NewResponseController(w), since: time.Now()}
	switch enc := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding"))); enc {
	case "", "identity":
		if r.ContentLength >= 0 {
			in.most = int(r.ContentLength)
		}
		return in, nil
	case "gzip", "x-gzip":
		in.packed = true
		return in, nil
	default:
		return nil, &problem{Status: http.StatusUnsupportedMediaType, Why: "The body is packed in a way that is not known here.", Next: "Send it as it is, or with gzip."}
	}
}

// Read reads the next part. What is packed is unpacked no further than p is long.
func (in *inflow) Read(p []byte) (int, error) {
	if !in.packed {
		return in.body.Read(p)
	}
	if in.z == nil {
		z, err := gzip.NewReader(in.body)
		if err != nil {
			return 0, err
		}
		in.z = z
	}
	return in.z.Read(p)
}

func tooLarge(limit int) *problem {
	return &problem{Status: http.StatusRequestEntityTooLarge,
		Why: "The body is over " + strconv.Itoa(limit) + " bytes.", Next: "Send less in one request."}
}

// broken says why a body could not be read.
func (in *inflow) broken(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge(in.limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{Status: http.StatusRequestTimeout, RetryAfter: 1, Why: "The body took too long.", Next: "Send it again."}
	case in.packed && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return &problem{Status: http.StatusBadRequest, Why: "The body is not what its Content-Encoding says.", Next: "Send it as it is, or with gzip."}
	default:
		return &problem{Status: http.StatusBadRequest, Why: "The body ended before its time.", Next: "Send it again."}
	}
}

// patience sets until when the next part of the body must be there. Where the
// connection knows no such limit, as in a test without one, it has none.
func (in *inflow) patience(d time.Duration) { _ = in.conn.SetReadDeadline(time.Now().Add(d)) }

// arrived sets the limits for what comes after the body. The one for the answer counts from
// the header's end, which is as good for a body that came at once.
func (in *inflow) arrived() {
	in.patience(answerWait)
	if time.Since(in.since) > time.Second {
		_ = in.conn.SetWriteDeadline(time.Now().Add(answerWait))
	}
}

// crowded refuses a body for which its key has no room at present.
var crowded = &problem{Status: http.StatusServiceUnavailable, RetryAfter: 1, Why: "Too much at once with this key.", Next: "Send it again in a second."}

// grown returns buf with room for more, counted with hold, whose answer is whether
// there is any. Where there is none, nothing is held any more.
func (in *inflow) grown(buf []byte, hold func(n int64) bool) ([]byte, error) {
	// Twice of what has come, and no more than was announced. A body shows its end
	// where there is room for one byte more.
	room := max(2*len(buf), 4<<10)
	if room >= in.most {
		room = max(in.most, len(buf)) + 1
	}
	if !hold(int64(room)) {
		return nil, crowded
	}
	return append(make([]byte, 0, room), buf...), nil
}

// all reads the rest of a body, the beginning of which is in buf, held already. What
// it returns is held, by its capacity; where it fails nothing is.
func (in *inflow) all(buf []byte, hold func(n int64) bool) ([]byte, error) {
	next := len(buf) + 1<<20
	// Most bodies are there at once: until they are seen not to be, the limit for the whole
	// request does.
	limited := len(buf) > 0 || in.packed
	if limited {
		in.patience(bodyWait)
	}
	for {
		if len(buf) == cap(buf) {
			had := int64(cap(buf))
			larger, err := in.grown(buf, hold)
			hold(-had)
			if err != nil {
				return nil, err
			}
			buf = larger
		}
		n, err := in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > in.limit:
			err = &http.MaxBytesError{Limit: int64(in.limit)}
		case err == io.EOF:
			in.arrived()
			return buf, nil
		}
		if err != nil {
			hold(-int64(cap(buf)))
			return nil, in.broken(err)
		}
		if !limited {
			limited = true
			in.patience(bodyWait - time.Since(in.since))
		}
		if len(buf) >= next {
			next = len(buf) + 1<<20
			in.patience(bodyWait)
		}
	}
}

// readBody reads the whole body of an operator's request, or says why not.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	in, err := inflowOf(w, r, maxAdminBody)
	if err != nil {
		return nil, err
	}
	return in.all(nil, func(int64) bool { return true })
}
