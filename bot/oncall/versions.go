package oncall

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// rosterRecord is a version of the roster. Its text stands in pieces of its own.
type rosterRecord struct {
	V      int          `json:"v"`
	Pieces int          `json:"pieces"`
	Delta  *deltaRecord `json:"delta,omitempty"` // nil: the pieces are the whole text
	Change
}

// deltaRecord says that a version is stored as its difference from an earlier one:
// its text is Prefix bytes of that one's beginning, then the pieces, then Suffix
// bytes of that one's end.
type deltaRecord struct {
	Base   int `json:"base"` // the earlier version
	Prefix int `json:"prefix,omitempty"`
	Suffix int `json:"suffix,omitempty"`
	Depth  int `json:"depth"` // how many versions have to be read besides this one
}

const (
	rosterCurrent = "roster/current"
	rosterPiece   = 192 << 10 // bytes of text in one record; JSON can make six times as many of them
	wholeEvery    = 32        // a version in so many is stored as a whole text, so that no more need to be read for one
)

func rosterKey(version, piece int) string {
	return fmt.Sprintf("roster/%s/%03d", ledger.Number(version), piece)
}

func versionKey(version int) string { return "version/" + ledger.Number(version) }

// depth is how many versions have to be read besides this one.
func (r rosterRecord) depth() int {
	if r.Delta == nil {
		return 0
	}
	return r.Delta.Depth
}

// difference returns how text is stored after the version old, whose text is was,
// and what of it is to be stored in pieces. A difference that would be more than
// half of the text is not worth it.
func difference(old rosterRecord, was, text []byte) (*deltaRecord, []byte) {
	d := deltaRecord{Base: old.Version, Depth: old.depth() + 1}
	if d.Base == 0 || d.Depth >= wholeEvery {
		return nil, text
	}
	most := min(len(was), len(text))
	for d.Prefix < most && was[d.Prefix] == text[d.Prefix] {
		d.Prefix++
	}
	for d.Prefix < len(text) && d.Prefix > 0 && !utf8.RuneStart(text[d.Prefix]) {
		d.Prefix-- // a piece is JSON, which cannot hold a part of a character
	}
	most -= d.Prefix
	for d.Suffix < most && was[len(was)-1-d.Suffix] == text[len(text)-1-d.Suffix] {
		d.Suffix++
	}
	for d.Suffix > 0 && !utf8.RuneStart(text[len(text)-d.Suffix]) {
		d.Suffix--
	}
	middle := text[d.Prefix : len(text)-d.Suffix]
	if len(middle) > len(text)/2 {
		return nil, text
	}
	return &d, middle
}

// storePieces cuts a text into pieces, each a JSON string, and stores all but the
// last one.
func (o *Roster) storePieces(ctx context.Context, version int, text []byte) ([][]byte, error) {
	var pieces [][]byte
	for rest := text; len(rest) > 0; {
		n := min(len(rest), o.piece)
		for n < len(rest) && !utf8.RuneStart(rest[n]) {
			n--
		}
		piece, err := json.Marshal(string(rest[:n]))
		if err != nil {
			return nil, fmt.Errorf("store roster: %v", err)
		}
		pieces, rest = append(pieces, piece), rest[n:]
	}
	for n := range max(len(pieces)-1, 0) {
		err := o.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error { return t.Put(rosterKey(version, n), pieces[n]) })
		if err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// putVersion makes a version valid.
func (w *work) putVersion(r rosterRecord, pieces [][]byte) error {
	if last := len(pieces) - 1; last >= 0 {
		if err := w.Tx.Put(rosterKey(r.Version, last), pieces[last]); err != nil {
			return err
		}
	}
	if err := w.Save(versionKey(r.Version), r); err != nil {
		return err
	}
	return w.Save(rosterCurrent, r)
}

// History returns the changes of the roster, the newest first, at most most; 0
// means all.
func (o *Roster) History(ctx context.Context, most int) ([]Change, error) {
	list := []Change{}
	err := o.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.ScanBack("version/") {
			var r rosterRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			list = append(list, r.Change)
			if len(list) == most {
				return nil
			}
		}
		return nil
	})
	return list, err
}

// change returns the entry of the history that made a version.
func (o *Roster) change(ctx context.Context, version int) (Change, error) {
	var r rosterRecord
	err := o.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, _, err = ledger.Load[rosterRecord](tx, versionKey(version))
		return err
	})
	return r.Change, err
}

// stored is a version as the store has it.
type stored struct {
	record rosterRecord
	text   []byte
}

// holds reads the version that holds; before the first the zero value.
func (o *Roster) holds(ctx context.Context) (s stored, err error) {
	err = o.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		s, err = readVersion(tx, rosterCurrent)
		if missing(err) {
			return nil
		}
		return err
	})
	return s, err
}

// RosterText returns the text of a version, and a refusal where there is none
// such.
func (o *Roster) RosterText(ctx context.Context, version int) ([]byte, error) {
	var s stored
	err := o.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		s, err = readVersion(tx, versionKey(version))
		return err
	})
	if missing(err) {
		return nil, refusal("`stormbell roster history` lists them.", "There is no version %d of the roster.", version)
	}
	return s.text, err
}

// readVersion reads the version whose record stands at key.
func readVersion(tx *storage.Tx, key string) (stored, error) {
	r, err := storage.Load[rosterRecord](tx, key)
	if err != nil {
		return stored{}, err
	}
	text, err := textOf(tx, r)
	if err != nil {
		return stored{}, fmt.Errorf("read version %d of the roster: %v", r.Version, err)
	}
	return stored{r, text}, nil
}

// textOf reads the text of a version, with those that it differs from.
func textOf(tx *storage.Tx, r rosterRecord) ([]byte, error) {
	var own []byte
	for piece := range r.Pieces {
		s, err := storage.Load[string](tx, rosterKey(r.Version, piece))
		if err != nil {
			return nil, err
		}
		own = append(own, s...)
	}
	d := r.Delta
	if d == nil {
		return own, nil
	}
	if d.Base >= r.Version {
		return nil, fmt.Errorf("it differs from version %d, which is no earlier one", d.Base)
	}
	base, err := storage.Load[rosterRecord](tx, versionKey(d.Base))
	if err != nil {
		return nil, err
	}
	was, err := textOf(tx, base)
	if err != nil {
		return nil, err
	}
	if d.Prefix < 0 || d.Suffix < 0 || d.Prefix+d.Suffix > len(was) {
		return nil, fmt.Errorf("version %d is shorter than what is taken of it", d.Base)
	}
	return slices.Concat(was[:d.Prefix], own, was[len(was)-d.Suffix:]), nil
}

// cachedVersions is how many earlier versions are kept as they were read: figures
// of ninety days and what is told of a change ask for the same ones again and
// again.
const cachedVersions = 64

// versionCache holds earlier versions as rosters. Versions never change, so
// nothing in it can be out of date.
type versionCache struct {
	mu   sync.Mutex
	list []cachedVersion // the one that was asked for last comes last
}

type cachedVersion struct {
	version int
	roster  *rotation.Roster
}

func (c *versionCache) get(version int) (*rotation.Roster, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.list, func(v cachedVersion) bool { return v.version == version })
	if i < 0 {
		return nil, false
	}
	v := c.list[i]
	c.list = append(slices.Delete(c.list, i, i+1), v)
	return v.roster, true
}

func (c *versionCache) put(version int, r *rotation.Roster) {
	if version == 0 {
		return
	}
	if _, has := c.get(version); has {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, cachedVersion{version, r})
	if len(c.list) > cachedVersions {
		c.list = slices.Delete(c.list, 0, 1)
	}
}

// rosterOf returns a version as a roster; version 0 is the empty one.
func (o *Roster) rosterOf(ctx context.Context, version int) (*rotation.Roster, error) {
	who := o.current.Load()
	switch version {
	case 0:
		return &rotation.Roster{}, nil
	case who.Version:
		return who.Roster, nil
	}
	if r, ok := o.versions.get(version); ok {
		return r, nil
	}
	text, err := o.RosterText(ctx, version)
	if err != nil {
		return nil, err
	}
	r, err := rotation.ParseStored(fmt.Sprintf("version %d of the roster", version), text)
	if err == nil {
		o.versions.put(version, r)
	}
	return r, err
}

// InForce is a roster and the time in which it held.
type InForce struct {
	From, To time.Time
	Roster   *rotation.Roster
}

// InForce returns the rosters that held within [from, to), in order. Who was on
// call before the first version is what that says.
//
// An override, a swap or time off changes nothing before the instant at which it
// is made. So of the versions between two rosters that were applied the last one
// says who was on call in the time of all of them, and the others are not read.
func (o *Roster) InForce(ctx context.Context, from, to time.Time) ([]InForce, error) {
	history, err := o.History(ctx, 0)
	if err != nil {
		return nil, err
	}
	slices.Reverse(history)
	var list []InForce
	begin := from
	for n, c := range history {
		end := to
		if n+1 < len(history) {
			next := history[n+1]
			if next.Kind != ChangeApplied {
				continue
			}
			end = earlier(next.At, to)
		}
		if !begin.Before(end) {
			continue
		}
		r, err := o.rosterOf(ctx, c.Version)
		if err != nil {
			return nil, err
		}
		list = append(list, InForce{From: begin, To: end, Roster: r})
		begin = end
	}
	return list, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
