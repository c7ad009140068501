package page

import (
	"encoding/json"
	"net/http"
	"sync"
)

// marks is how far each person has read each channel. It lives as long as the page: what was there before is read.
type marks struct {
	since string // the ts at which the page began

	mu   sync.Mutex
	read map[string]map[string]string // user, channel, newest ts that was in sight
}

func (m *marks) at(user, channel string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(m.since, m.read[user][channel])
}

func (m *marks) set(user, channel, ts string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read[user] == nil {
		m.read[user] = map[string]string{}
	}
	m.read[user][channel] = max(m.read[user][channel], ts)
}

// markRead notes that a person saw a channel up to a message. Users and channels that do not exist are refused, so that
// the table cannot grow without end.
func (s *server) markRead(rw http.ResponseWriter, r *http.Request) {
	var body struct{ User, Channel, TS string }
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<16)).Decode(&body); err != nil {
		answer(rw, http.StatusBadRequest, problem{"read: the body is not {\"user\":…,\"channel\":…,\"ts\":…}"})
		return
	}
	st := s.workspace.State()
	user, known := st.User(body.User)
	room, there := st.Channel(body.Channel)
	if !known || !there || len(body.TS) > 32 {
		answer(rw, http.StatusNotFound, problem{"read: no such user or channel"})
		return
	}
	s.marks.set(user.ID, room.ID, body.TS)
	answer(rw, http.StatusOK, struct{}{})
}
