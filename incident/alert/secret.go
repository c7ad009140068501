package alert

import (
	"errors"
	"io"
)

// maxSecret is how long an integration key may be, in bytes as it is written.
const maxSecret = 1024

// SecretField returns the name of the field in which senders of a kind put their
// integration key, "" where it is not in the body.
func SecretField(s Sender) string {
	switch s {
	case SenderPagerDuty, SenderPagerDutyChange:
		return "routing_key"
	case SenderPagerDutyV1:
		return "service_key"
	}
	return ""
}

// SecretIn returns the integration key that a body has in a field of its own,
// for the senders that put it there: routing_key of PagerDuty's Events API v2,
// service_key of v1. It reads no further than it must, and keeps nothing but the
// key, so that a stranger costs what the caller has buffered of the body, which
// the caller takes with an [io.TeeReader] and bounds. Only a field of the body
// itself counts, not those of objects in it; of several the first.
//
// What is read is checked no more than finding the key needs: [Read] does. The
// error is a [Problems], or that of r as it is.
func SecretIn(sender Sender, r io.Reader) (string, error) {
	s := &seeker{r: r, field: SecretField(sender)}
	if s.field == "" {
		return "", refuse("body", "of %s has no integration key in it", sender)
	}
	key, err := s.find()
	switch {
	case s.err != nil && !errors.Is(s.err, io.EOF):
		return "", s.err
	case s.err != nil && err == nil && key == "":
		return "", refuse("body", "is not JSON: it ends in the middle, after %d bytes", s.read)
	}
	return key, err
}

// seeker goes through the fields of an object, byte by byte.
type seeker struct {
	r     io.Reader
	field string
	buf   [512]byte
	i, n  int
	read  int   // bytes so far
	err   error // of r, or io.EOF
}

// next returns the next byte, 0 at the end.
func (s *seeker) next() byte {
	for tries := 0; s.i == s.n; tries++ {
		if s.err != nil {
			return 0
		}
		s.i = 0
		s.n, s.err = s.r.Read(s.buf[:])
		if s.n == 0 && s.err == nil && tries > 100 {
			s.err = io.ErrNoProgress
		}
		if s.n > 0 && s.err != nil {
			err := s.err
			s.err = nil
			s.r = ended{err}
		}
	}
	s.i++
	s.read++
	return s.buf[s.i-1]
}

// ended is a reader that has come to its end.
type ended struct{ err error }

func (e ended) Read([]byte) (int, error) { return 0, e.err }

// solid returns the next byte that is no white space.
func (s *seeker) solid() byte {
	c := s.next()
	for blank(c) {
		c = s.next()
	}
	return c
}

func (s *seeker) garbage() error {
	if s.err != nil {
		return nil // the caller says that it ends
	}
	return refuse("body", "is not JSON, at byte %d", s.read)
}

// find goes through the fields until it has the key.
func (s *seeker) find() (string, error) {
	c := s.solid()
	if c == 0xEF && s.next() == 0xBB && s.next() == 0xBF {
		c = s.solid()
	}
	if c != '{' {
		if s.read == 0 && s.err != nil {
			return "", refuse("body", "is empty; a JSON object is expected")
		}
		return "", s.garbage()
	}
	for c = s.solid(); c != '}'; c = s.solid() {
		if c == ',' {
			c = s.solid()
		}
		if c != '"' {
			return "", s.garbage()
		}
		name, _ := s.text(len(s.field) * 6)
		if s.solid() != ':' {
			return "", s.garbage()
		}
		c = s.solid()
		if name == s.field && c != 'n' {
			return s.key(c)
		}
		if !s.skip(c) {
			return "", s.garbage()
		}
	}
	return "", refuse(s.field, "is missing; it is the integration key")
}

// key reads the value of the field, which begins with c.
func (s *seeker) key(c byte) (string, error) {
	if c != '"' {
		return "", refuse(s.field, "must be a string")
	}
	key, whole := s.text(maxSecret)
	switch {
	case s.err != nil:
		return "", nil
	case !whole:
		return "", refuse(s.field, "is longer than an integration key can be")
	case key == "":
		return "", refuse(s.field, "is empty; it is the integration key")
	}
	return key, nil
}

// text reads a string whose quote was read. One of more than most bytes is read
// over; it is not returned, and not whole.
func (s *seeker) text(most int) (text string, whole bool) {
	var in []byte
	for size := 0; ; size++ {
		c := s.next()
		switch {
		case c == 0 && s.err != nil:
			return "", false
		case c == '"':
			return unquote(in), size <= most
		case c == '\\':
			if size < most {
				in = append(in, c)
			}
			size++
			c = s.next()
		}
		if size < most {
			in = append(in, c)
		} else {
			in = in[:0]
		}
	}
}

// skip reads over a value that begins with c.
func (s *seeker) skip(c byte) bool {
	depth := 0
	for {
		switch {
		case c == 0:
			return false
		case c == '"':
			if _, whole := s.text(0); !whole && s.err != nil {
				return false
			}
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' || c == ':':
			if depth == 0 {
				return false
			}
		default:
			if c < '!' || c > '~' {
				return false
			}
		}
		if depth == 0 {
			return s.tail(c)
		}
		c = s.solid()
	}
}

// tail reads the rest of a number or a word that begins with c, up to what ends it.
func (s *seeker) tail(c byte) bool {
	if c == '"' || c == '}' || c == ']' {
		return true
	}
	for {
		c = s.next()
		switch {
		case c == ',' || c == '}' || blank(c):
			s.i-- // it is read again: it was the last of what is buffered
			s.read--
			return true
		case c < '!' || c > '~' || c == '"' || c == '{' || c == '[' || c == ']' || c == ':':
			return false
		}
	}
}
