package ledger

// entries is a heap of wake-ups, the earliest first.
type entries []*entry

// Len, Less, Swap, Push and Pop are for container/heap.
func (h entries) Len() int { return len(h) }

// Less orders by instant, and by name where that is the same.
func (h entries) Less(i, j int) bool {
	if a, b := h[i].at(), h[j].at(); !a.Equal(b) {
		return a.Before(b)
	}
	return h[i].name < h[j].name
}

// Swap changes the places of two entries, which know theirs.
func (h entries) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push appends an entry.
func (h *entries) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop removes the last entry.
func (h *entries) Pop() any {
	e := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	e.index = -1
	return e
}
