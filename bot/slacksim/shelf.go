package slacksim

// shelf keeps things by ID in order of arrival and lets the oldest go once
// they are past use, so that a long run does not fill the memory and putting
// something there costs the same however much there is. The zero value works.
type shelf[T any] struct {
	byID  map[string]T
	order []string
}

// put adds v, then drops things from the old end as long as stale says so.
func (s *shelf[T]) put(id string, v T, stale func(T) bool) {
	if s.byID == nil {
		s.byID = map[string]T{}
	}
	s.byID[id] = v
	s.order = append(s.order, id)
	for len(s.order) > 0 {
		old, ok := s.byID[s.order[0]]
		if ok && !stale(old) {
			return
		}
		delete(s.byID, s.order[0])
		s.order = s.order[1:]
	}
}

// at finds a thing; the zero value when there is none.
func (s *shelf[T]) at(id string) T { return s.byID[id] }

// drop takes a thing away before its time.
func (s *shelf[T]) drop(id string) { delete(s.byID, id) }
