package alerts

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident/alert"
)

// line is the bodies of one alert each that wait for their transaction. Of those with
// the same key the first waits for its turn, and takes the others with it, as if they had
// come as one body: their incident is loaded once, and what they do to it is done once.
// Where its caller has no patience, or not all have room, another one of them goes first.
type line struct {
	mu      sync.Mutex
	waiting map[Key][]*waiting // in the order in which they came
}

// waiting is one of them. What became of it may be read when done is closed.
type waiting struct {
	key   Key
	body  alert.Body
	first bool          // of those with its key; guarded by the line
	goes  chan struct{} // closed when it has become the first
	done  chan struct{}

	taken Taken
	err   error
	apart bool // it is to be taken alone, since one of those beside it was refused
}

// errBroken is what those are told who were in one transaction with a mistake in the
// program. Nothing of it was stored.
var errBroken = errors.New("take in alerts: a mistake in the program, with an alert that came at the same moment")

// takeOne takes in a body of one alert, with those that wait beside it. A caller whose
// ctx ends before that is not taken.
func (a *Alerts) takeOne(ctx context.Context, k Key, b alert.Body) (Taken, error) {
	w := &waiting{key: k, body: b, goes: make(chan struct{}), done: make(chan struct{})}
	a.line.enter(w)
	if err := a.waitInLine(ctx, w); err != nil && a.line.leave(w) {
		return Taken{}, err
	}
	<-w.done // by now it is in a transaction that has run, its own or another one's
	if w.apart {
		return a.takeAlone(ctx, k, b)
	}
	return w.taken, w.err
}

// waitInLine returns when w was taken, or may be. An error is no answer to w if that is
// in line no more.
func (a *Alerts) waitInLine(ctx context.Context, w *waiting) error {
	select {
	case <-w.done:
		return nil
	case <-w.goes:
		return a.takeWaiting(ctx, w)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeWaiting waits for the turn of w, and takes and answers it and those with its key.
// An error is no answer to w if that is in line no more.
func (a *Alerts) takeWaiting(ctx context.Context, w *waiting) error {
	var batch []*waiting
	var refused error // what one of them ran into: nothing is stored then
	err := errBroken
	defer func() { // also when it panics
		if err == errBroken {
			a.line.leave(w) // nobody waits for its answer, and those behind it must not wait for it
		}
		for _, one := range batch {
			one.err, one.apart = err, len(batch) > 1 && refused != nil && errors.Is(err, refused)
			close(one.done)
		}
	}()
	err = a.ledger.Update(ctx, ledger.Request{By: w.key.actor()}, func(tx *ledger.Tx) error {
		defer a.line.follow(w.key)
		t := a.taking(tx, w.key, alert.Body{})
		for len(batch) == 0 || t.room(tx) {
			next := a.line.next(w.key)
			if next == nil {
				break
			}
			batch = append(batch, next)
			if refused = t.beside(next); refused != nil {
				return refused
			}
		}
		if refused = t.close(); refused == nil {
			refused = tx.Settle() // what they are too much for together, one of them alone may not be
		}
		return refused
	})
	return err
}

// beside takes in one alert after others that came beside it.
func (t *taking) beside(w *waiting) error {
	in := w.body.Alerts[0]
	if in.Status != alert.Firing {
		// What those before it ask of people comes before, say, its acknowledgement.
		if err := t.joinedAll(); err != nil {
			return err
		}
	}
	t.body = w.body
	for _, c := range t.touched {
		c.noted = false
	}
	var err error
	w.taken, err = t.one(in)
	return err
}

// enter puts w at the end of the line.
func (l *line) enter(w *waiting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.waiting = map[Key][]*waiting{}
	}
	l.waiting[w.key] = append(l.waiting[w.key], w)
	l.goFirst(w.key)
}

// leave takes w out of the line, and reports false where it is not in it any more.
func (l *line) leave(w *waiting) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := slices.Index(l.waiting[w.key], w)
	if n >= 0 {
		l.waiting[w.key] = slices.Delete(l.waiting[w.key], n, n+1)
	}
	l.goFirst(w.key)
	return n >= 0
}

// follow has those with a key go on when the first of them was taken.
func (l *line) follow(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.goFirst(k)
}

// goFirst sees to it that of those with a key one goes first, and that it is the one who
// came first. The caller holds mu.
func (l *line) goFirst(k Key) {
	switch all := l.waiting[k]; {
	case len(all) == 0:
		delete(l.waiting, k)
	case !all[0].first:
		all[0].first = true
		close(all[0].goes)
	}
}

// next takes the first with a key out of the line; nil: there is none.
func (l *line) next(k Key) *waiting {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.waiting[k]
	if len(all) == 0 {
		return nil
	}
	first := all[0]
	all[0], l.waiting[k] = nil, all[1:] // its body is not kept any longer
	return first
}
