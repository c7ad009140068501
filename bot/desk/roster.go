package desk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// ChangeKind says what kind of act made a version of the roster.
type ChangeKind string

// The kinds of changes.
const (
	ChangeApplied  ChangeKind = "applied"  // a whole roster
	ChangeOverride ChangeKind = "override" // an override was made
	ChangeEnded    ChangeKind = "ended"    // what was left of an override was taken back
	ChangeAsked    ChangeKind = "asked"    // a swap or a cover was asked for
	ChangeSwapped  ChangeKind = "swapped"  // it was accepted
	ChangeDeclined ChangeKind = "declined"
	ChangeExpired  ChangeKind = "expired" // nobody accepted in time
	ChangeCalled   ChangeKind = "called off"
	ChangeAway     ChangeKind = "away" // an absence was recorded
	ChangeBack     ChangeKind = "back" // what was left of an absence was taken back
)

// RosterChange is one entry of the roster's history: a version, and who made it,
// when and why. Versions are never changed and never deleted, so that the past
// can always be asked for.
type RosterChange struct {
	Version  int            `json:"version"`
	Kind     ChangeKind     `json:"kind"`
	At       time.Time      `json:"at"`
	By       incident.Actor `json:"by"`
	Rotation string         `json:"rotation,omitempty"` // the only one concerned; empty: several or all
	What     string         `json:"what,omitempty"`     // in words
	Why      string         `json:"why,omitempty"`      // as given by whoever did it
}

// rosterRecord is a version of the roster. Its text stands in pieces of its own.
type rosterRecord struct {
	V      int `json:"v"`
	Pieces int `json:"pieces"`
	RosterChange
}

const (
	rosterCurrent = "roster/current"
	rosterPiece   = 192 << 10 // bytes of text in one record; JSON can make six times as many of them
)

func rosterKey(version, piece int) string {
	return fmt.Sprintf("roster/%s/%03d", number(version), piece)
}

func versionKey(version int) string { return "version/" + number(version) }

// HasRoster reports whether a roster was ever applied to this store.
func (d *Desk) HasRoster() bool { return d.people.Load().version > 0 }

// RosterVersion returns the number of the version that holds; 0 before the first.
func (d *Desk) RosterVersion() int { return d.people.Load().version }

// ApplyRoster makes r the roster that holds. One that says what holds already
// changes nothing and makes no version.
func (d *Desk) ApplyRoster(ctx context.Context, r *rotation.Roster, by incident.Actor, why string) error {
	_, err := d.Apply(ctx, Caller{Actor: by}, Application{Roster: r, Why: why})
	return err
}

// Application is a whole roster that is to hold.
type Application struct {
	Roster *rotation.Roster
	Text   []byte // the file that says it, which is kept with its comments; nil: there is none
	Why    string
	Match  int // the version it was made from; 0: any
}

// Apply makes a whole roster hold. It is refused when another version than the
// one it was made from holds by now.
func (d *Desk) Apply(ctx context.Context, c Caller, a Application) (RosterAnswer, error) {
	return d.changeRoster(ctx, change{
		caller: c, match: a.Match, text: a.Text,
		log: RosterChange{Kind: ChangeApplied, Why: a.Why, What: "a whole roster"},
		make: func(*rotation.Roster, time.Time) (rotation.Change, error) {
			return rotation.Change{Roster: a.Roster}, nil
		},
	})
}

// RosterAnswer is what became of a change of the roster.
type RosterAnswer struct {
	Version  int      // that holds now
	Seq      int      // of the override or swap concerned; 0 where none is
	Warnings []string // whole sentences
	Repeated bool     // the same request had been carried out before, or it says what holds already
}

// change is one act on the roster.
type change struct {
	caller Caller
	match  int    // refuse unless this version holds; 0: any
	text   []byte // what is to be kept; nil: the text that holds, changed
	log    RosterChange
	make   func(r *rotation.Roster, now time.Time) (rotation.Change, error)
	with   func(w *work, c rotation.Change) error // committed along with it; may be nil
}

// VersionError refuses a change of a roster that is not the one it was made from.
type VersionError struct {
	Meant int
	Holds RosterChange
}

// Error says which version holds in the place of the one that was meant.
func (e *VersionError) Error() string {
	return fmt.Sprintf("change roster: version %d was meant, version %d holds", e.Meant, e.Holds.Version)
}

// changeRoster carries out one act on the roster. The text of the new version is
// read back before anything is stored: a roster that could not be loaded at the
// next start must not be kept. Long texts are stored in transactions of their
// own; the last one makes the version valid, so a crash in between leaves the
// old one.
func (d *Desk) changeRoster(ctx context.Context, c change) (RosterAnswer, error) {
	d.applying.Lock()
	defer d.applying.Unlock()
	return d.changeLocked(ctx, c)
}

// changeLocked is changeRoster for whoever holds applying.
func (d *Desk) changeLocked(ctx context.Context, c change) (RosterAnswer, error) {
	now, was := instant(), d.people.Load()
	if done, err := d.wasDone(ctx, c.caller.Key); err != nil || done {
		return RosterAnswer{Version: was.version, Repeated: true}, err
	}
	if c.match != 0 && c.match != was.version {
		holds, err := d.change(ctx, was.version)
		return RosterAnswer{}, cmp.Or(err, error(&VersionError{Meant: c.match, Holds: holds}))
	}
	made, err := c.make(was.roster, now)
	if err != nil {
		return RosterAnswer{}, inRefusal(err)
	}
	old, err := d.textThatHolds(ctx)
	if err != nil {
		return RosterAnswer{}, err
	}
	text := c.text
	if text == nil {
		text = changedText(old, was, made.Roster)
	}
	if was.version > 0 && bytes.Equal(text, old) {
		return RosterAnswer{Version: was.version, Warnings: made.Warnings, Repeated: true}, nil
	}
	parsed, err := rotation.Parse("the changed roster", text)
	if err == nil && !parsed.Equal(made.Roster) {
		err = errors.New("its text says something else")
	}
	if err != nil {
		return RosterAnswer{}, fmt.Errorf("change roster: %v", err)
	}
	next := newDirectory(parsed, was.version+1, was.links)
	if err := d.replace(ctx, replacement{c, made, text, now}, was, next); err != nil {
		return RosterAnswer{}, err
	}
	return RosterAnswer{Version: next.version, Seq: made.Seq, Warnings: made.Warnings}, nil
}

// textThatHolds returns the text of the version that holds; nil before the first.
func (d *Desk) textThatHolds(ctx context.Context) ([]byte, error) {
	version := d.RosterVersion()
	if version == 0 {
		return nil, nil
	}
	return d.RosterText(ctx, version)
}

// aComment finds what is probably a comment in a roster's text.
var aComment = regexp.MustCompile(`(?m)(^|\s)#`)

// changedText returns the text of the roster next, made from the one that holds
// so that its comments stay. Where that cannot be done, the text says so itself.
func changedText(old []byte, was *directory, next *rotation.Roster) []byte {
	text, kept := next.ExportOnto(old, was.roster)
	if kept || !aComment.Match(old) {
		return text
	}
	note := fmt.Sprintf("# The comments of version %d were lost in a change; `stormbell roster export --version %[1]d` prints them.\n", was.version)
	return append([]byte(note), text...)
}

// replacement is a change with what was made of it.
type replacement struct {
	change change
	made   rotation.Change
	text   []byte
	now    time.Time
}

// replace stores the roster next and puts it in the place of was. What was still
// due by the old one is told before.
func (d *Desk) replace(ctx context.Context, x replacement, was, next *directory) error {
	pieces, err := d.storePieces(ctx, next.version, x.text)
	if err != nil {
		return err
	}
	d.watch.mu.Lock()
	defer d.watch.mu.Unlock()
	if err := d.handOver(ctx, x.now); err != nil {
		return err
	}
	r := rosterRecord{V: 1, Pieces: len(pieces), RosterChange: x.change.log}
	r.Version, r.At, r.By = next.version, x.now, x.change.caller.Actor
	w, err := d.aside(ctx, x.change.caller, x.now, func(w *work) error {
		w.who = next
		if err := errFirst(w.putVersion(r, pieces), w.rosterChanged(r, was)); err != nil || x.change.with == nil {
			return err
		}
		return x.change.with(w, x.made)
	})
	if err != nil {
		return err
	}
	d.before.Store(was)
	d.people.Store(next)
	d.committed(w)
	return nil
}

// inRefusal makes a refusal of what the rotation says against an act.
func inRefusal(err error) error {
	var p rotation.Problem
	if !errors.As(err, &p) {
		return err
	}
	return &incident.Refusal{Why: sentence(p.Message), Next: sentence(p.Hint)}
}

// sentence gives words a capital and a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:] + "."
}

// storePieces cuts a text into pieces, each a JSON string, and stores all but the
// last one.
func (d *Desk) storePieces(ctx context.Context, version int, text []byte) ([][]byte, error) {
	var pieces [][]byte
	for rest := text; len(rest) > 0; {
		n := min(len(rest), rosterPiece)
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
		err := d.db.Update(ctx, func(tx *storage.Tx) error { return tx.Put(rosterKey(version, n), pieces[n]) })
		if err != nil {
			return nil, err
		}
	}
	return pieces, nil
}

// putVersion makes a version valid.
func (w *work) putVersion(r rosterRecord, pieces [][]byte) error {
	if last := len(pieces) - 1; last >= 0 {
		if err := w.tx.Put(rosterKey(r.Version, last), pieces[last]); err != nil {
			return err
		}
	}
	if err := storage.Save(w.tx, versionKey(r.Version), r); err != nil {
		return err
	}
	return storage.Save(w.tx, rosterCurrent, r)
}

// aside runs f in a transaction that concerns no incident. Its caller hands on
// what was decided with committed.
func (d *Desk) aside(ctx context.Context, c Caller, now time.Time, f func(*work) error) (*work, error) {
	var w *work
	err := d.db.Update(ctx, func(tx *storage.Tx) error {
		w = &work{d: d, tx: tx, now: now, who: d.people.Load(), caller: c}
		if err := f(w); err != nil {
			return err
		}
		return w.remember(c.Key)
	})
	return w, err
}

// wasDone reports whether a request was carried out before.
func (d *Desk) wasDone(ctx context.Context, key string) (done bool, err error) {
	err = d.db.View(ctx, func(tx *storage.Tx) error {
		_, done, err = (&work{tx: tx}).seen(key)
		return err
	})
	return done, err
}

// History returns the changes of the roster, the newest first, at most most; 0
// means all.
func (d *Desk) History(ctx context.Context, most int) ([]RosterChange, error) {
	list := []RosterChange{}
	err := d.db.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.ScanBack("version/") {
			var r rosterRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			list = append(list, r.RosterChange)
			if len(list) == most {
				return nil
			}
		}
		return nil
	})
	return list, err
}

// change returns the entry of the history that made a version.
func (d *Desk) change(ctx context.Context, version int) (RosterChange, error) {
	var r rosterRecord
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		r, err = storage.Load[rosterRecord](tx, versionKey(version))
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		return err
	})
	return r.RosterChange, err
}

// RosterText returns the text of a version, and a refusal where there is none
// such.
func (d *Desk) RosterText(ctx context.Context, version int) ([]byte, error) {
	var text []byte
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		text, err = rosterText(tx, versionKey(version))
		return err
	})
	if errors.Is(err, storage.ErrNotFound) {
		return nil, refusal("`stormbell roster history` lists them.", "There is no version %d of the roster.", version)
	}
	return text, err
}

// rosterText reads the text of the version whose record stands at key.
func rosterText(tx *storage.Tx, key string) ([]byte, error) {
	r, err := storage.Load[rosterRecord](tx, key)
	if err != nil {
		return nil, err
	}
	var text []byte
	for piece := range r.Pieces {
		s, err := storage.Load[string](tx, rosterKey(r.Version, piece))
		if err != nil {
			return nil, fmt.Errorf("read version %d of the roster: %v", r.Version, err)
		}
		text = append(text, s...)
	}
	return text, nil
}

// rosterOf returns a version as a roster; version 0 is the empty one.
func (d *Desk) rosterOf(ctx context.Context, version int) (*rotation.Roster, error) {
	who := d.people.Load()
	switch version {
	case 0:
		return &rotation.Roster{}, nil
	case who.version:
		return who.roster, nil
	}
	if was := d.before.Load(); was != nil && was.version == version {
		return was.roster, nil
	}
	text, err := d.RosterText(ctx, version)
	if err != nil {
		return nil, err
	}
	r, err := rotation.Parse("a stored roster", text)
	if err == nil && version == who.version-1 {
		d.before.Store(newDirectory(r, version, nil)) // asked for again and again while people are told
	}
	return r, err
}

// loadDirectory reads the roster and the links from the store.
func (d *Desk) loadDirectory(ctx context.Context) error {
	var text []byte
	var current rosterRecord
	links := map[string]linkRecord{}
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		if current, err = storage.Load[rosterRecord](tx, rosterCurrent); err == nil {
			text, err = rosterText(tx, rosterCurrent)
		}
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		for key, value := range tx.Scan("link/") {
			var l linkRecord
			if err := json.Unmarshal(value, &l); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			links[strings.TrimPrefix(key, "link/")] = l
		}
		return nil
	})
	if err != nil {
		return err
	}
	roster := &rotation.Roster{}
	if current.Version > 0 {
		if roster, err = rotation.Parse("the stored roster", text); err != nil {
			return err
		}
	}
	d.people.Store(newDirectory(roster, current.Version, links))
	return nil
}
