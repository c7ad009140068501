package slacksim

import (
	"encoding/binary"
	"net"
)

// sniffer watches the frames that a client sends and remembers for each data
// message whether it came in pieces. The WebSocket library puts pieces
// together; Slack does not, so the simulator must know. Only the goroutine
// that reads the connection uses it.
type sniffer struct {
	net.Conn
	head    []byte // the frame header read so far
	skip    uint64 // bytes of the current frame's body still to come
	pieces  int    // frames of the current message so far
	inParts []bool // per finished message, oldest first
}

// Read passes bytes on after looking at them.
func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.look(p[:n])
	return n, err
}

// next tells of the oldest message not yet asked about whether it was in parts.
func (s *sniffer) next() bool {
	if len(s.inParts) == 0 {
		return false
	}
	parts := s.inParts[0]
	s.inParts = s.inParts[1:]
	return parts
}

func (s *sniffer) look(p []byte) {
	for len(p) > 0 {
		if s.skip > 0 {
			n := min(s.skip, uint64(len(p)))
			s.skip -= n
			p = p[n:]
			continue
		}
		s.head = append(s.head, p[0])
		p = p[1:]
		if body, ok := headerDone(s.head); ok {
			s.frame(s.head[0])
			s.skip, s.head = body, s.head[:0]
		}
	}
}

// frame counts a frame by its first byte: final bit and opcode. Control
// frames may come between the pieces of a message and do not count.
func (s *sniffer) frame(first byte) {
	if first&0x08 != 0 {
		return
	}
	s.pieces++
	if first&0x80 != 0 {
		s.inParts = append(s.inParts, s.pieces > 1)
		s.pieces = 0
	}
}

// headerDone says whether h is a complete frame header (RFC 6455, 5.2) and how
// long the body after it is.
func headerDone(h []byte) (body uint64, ok bool) {
	if len(h) < 2 {
		return 0, false
	}
	size, mask := 2, 0
	if h[1]&0x80 != 0 {
		mask = 4
	}
	length := uint64(h[1] & 0x7f)
	switch length {
	case 126:
		size = 4
	case 127:
		size = 10
	}
	if len(h) < size+mask {
		return 0, false
	}
	switch size {
	case 4:
		length = uint64(binary.BigEndian.Uint16(h[2:]))
	case 10:
		length = binary.BigEndian.Uint64(h[2:])
	}
	return length, true
}
