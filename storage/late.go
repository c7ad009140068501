package storage

import "fmt"

// Late is a record of which the text is made when somebody asks for it, or else when the
// transaction ends: a record that is put again and again is written once.
type Late interface {
	// Text returns what is stored. It is called once.
	Text() ([]byte, error)
}

// PutLate is Put of a record whose text is made later. Until then [Tx.Late] returns it.
func (t *Tx) PutLate(key string, l Late) error {
	if err := t.PutOwn(key, nil); err != nil {
		return err
	}
	if t.late == nil {
		t.late = map[string]Late{}
	}
	t.late[key] = l
	return nil
}

// Late returns the record that was put at key last, while its text is not made; nil: it is,
// or nothing can be done in the transaction any more.
func (t *Tx) Late(key string) Late {
	if t.ended || t.err != nil {
		return nil
	}
	return t.late[key]
}

// Settle makes the texts that are not made, and returns the transaction's error. Whoever
// asks for it last in a closure knows of every reason why that is refused.
func (t *Tx) Settle() error {
	t.settleIn(Range{})
	return t.usable()
}

// settle makes the text of the record at key, if it is not made.
func (t *Tx) settle(key string) {
	l, ok := t.late[key]
	if !ok || t.ended || t.err != nil { // it is not stored
		return
	}
	delete(t.late, key)
	text, err := l.Text()
	if err != nil {
		t.stick(fmt.Errorf("save %s: %v", key, err))
		return
	}
	_ = t.PutOwn(key, text) // its error sticks
}

// settleIn makes the texts that are not made of the records in r.
func (t *Tx) settleIn(r Range) {
	for key := range t.late {
		if r.Contains(key) {
			t.settle(key)
		}
	}
}
