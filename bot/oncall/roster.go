package oncall

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
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

// Change is one entry of the roster's history: a version, and who made it,
// when and why. Versions are never changed and never deleted, so that the past
// can always be asked for.
type Change struct {
	Version  int              `json:"version"`
	Kind     ChangeKind       `json:"kind"`
	At       time.Time        `json:"at"`
	By       incident.Actor   `json:"by"`
	Through  incident.Through `json:"through,omitempty"`  // how they did it, if not in person
	Rotation string           `json:"rotation,omitempty"` // the only one concerned; empty: several or all
	What     string           `json:"what,omitempty"`     // in words
	Why      string           `json:"why,omitempty"`      // as given by whoever did it
}

// HasRoster reports whether a roster was ever applied to this store.
func (o *Roster) HasRoster() bool { return o.current.Load().Version > 0 }

// RosterVersion returns the number of the version that holds; 0 before the first.
func (o *Roster) RosterVersion() int { return o.current.Load().Version }

// ApplyRoster makes r the roster that holds. One that says what holds already
// changes nothing and makes no version.
func (o *Roster) ApplyRoster(ctx context.Context, r *rotation.Roster, by incident.Actor, why string) error {
	_, err := o.Apply(ctx, Caller{Actor: by}, Application{Roster: r, Why: why})
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
func (o *Roster) Apply(ctx context.Context, c Caller, a Application) (Answer, error) {
	if err := o.Current().Takes(a.Roster); err != nil {
		return Answer{}, err
	}
	return o.changeRoster(ctx, change{
		caller: c, match: a.Match, text: a.Text,
		log: Change{Kind: ChangeApplied, Why: a.Why, What: "a whole roster"},
		make: func(*rotation.Roster, time.Time) (rotation.Change, error) {
			return rotation.Change{Roster: a.Roster}, nil
		},
	})
}

// Answer is what became of a change of the roster.
type Answer struct {
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
	log    Change
	make   func(r *rotation.Roster, now time.Time) (rotation.Change, error)
	with   func(w *work, c rotation.Change) error // committed along with it; may be nil
}

// VersionError refuses a change of a roster that is not the one it was made from.
type VersionError struct {
	Meant int
	Holds Change
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
func (o *Roster) changeRoster(ctx context.Context, c change) (Answer, error) {
	o.applying.Lock()
	defer o.applying.Unlock()
	return o.changeLocked(ctx, c)
}

// changeLocked is changeRoster for whoever holds applying.
func (o *Roster) changeLocked(ctx context.Context, c change) (Answer, error) {
	now, was := ledger.Instant(), o.current.Load()
	if done, err := o.ledger.WasSeen(ctx, c.caller.Key); err != nil || done {
		return Answer{Version: was.Version, Repeated: true}, err
	}
	if c.match != 0 && c.match != was.Version {
		holds, err := o.change(ctx, was.Version)
		return Answer{}, cmp.Or(err, error(&VersionError{Meant: c.match, Holds: holds}))
	}
	made, err := c.make(was.Roster, now)
	if err != nil {
		return Answer{}, inRefusal(err)
	}
	old, err := o.holds(ctx)
	if err != nil {
		return Answer{}, err
	}
	text := c.text
	if text == nil {
		text = changedText(old.text, was, made.Roster)
	}
	if was.Version > 0 && bytes.Equal(text, old.text) {
		return Answer{Version: was.Version, Warnings: made.Warnings, Repeated: true}, nil
	}
	parsed, err := c.readBack(text, was.Roster, made.Roster)
	if err != nil {
		return Answer{}, fmt.Errorf("change roster: %v", err)
	}
	next := o.directory(parsed, was.Version+1, was.links)
	if err := o.replace(ctx, replacement{c, made, old, text, now}, was, next); err != nil {
		return Answer{}, err
	}
	return Answer{Version: next.Version, Seq: made.Seq, Warnings: made.Warnings}, nil
}

// readBack reads the text that is to be stored, which must say what was made. A whole
// roster must be valid; an act answers for what it changes only, and not for what an
// earlier version of the program let pass.
func (c change) readBack(text []byte, was, made *rotation.Roster) (*rotation.Roster, error) {
	parse := rotation.ParseStored
	if c.log.Kind == ChangeApplied {
		parse = rotation.Parse
	}
	parsed, err := parse("the changed roster", text)
	switch {
	case err != nil:
		return nil, err
	case len(parsed.Problems()) > len(was.Problems()):
		return nil, parsed.Problems()
	case !parsed.Equal(made):
		return nil, errors.New("its text says something else")
	}
	return parsed, nil
}

// aComment finds what is probably a comment in a roster's text.
var aComment = pattern.New(`(?m)(^|\s)#`)

// changedText returns the text of the roster next, made from the one that holds
// so that its comments stay. Where that cannot be done, the text says so itself.
func changedText(old []byte, was *Directory, next *rotation.Roster) []byte {
	if len(old) == 0 {
		return next.Export()
	}
	text, kept := next.ExportOnto(old, was.Roster)
	if kept || !aComment.Match(old) {
		return text
	}
	note := fmt.Sprintf("# The comments of version %d were lost in a change; `stormbell roster export --version %[1]d` prints them.\n", was.Version)
	return append([]byte(note), text...)
}

// replacement is a change with what was made of it.
type replacement struct {
	change change
	made   rotation.Change
	old    stored
	text   []byte
	now    time.Time
}

// replace stores the roster next and puts it in the place of was. What was still
// due by the old one is told before.
func (o *Roster) replace(ctx context.Context, x replacement, was, next *Directory) error {
	delta, own := difference(x.old.record, x.old.text, x.text)
	pieces, err := o.storePieces(ctx, next.Version, own)
	if err != nil {
		return err
	}
	o.watch.mu.Lock()
	defer o.watch.mu.Unlock()
	if err := o.handOver(ctx, x.now); err != nil {
		return err
	}
	r := rosterRecord{V: 1, Pieces: len(pieces), Delta: delta, Change: x.change.log}
	r.Version, r.At, r.By, r.Through = next.Version, x.now, x.change.caller.Actor, x.change.caller.Through
	return o.update(ctx, x.change.caller, x.now, func(w *work) error {
		w.who = next
		w.After(func() {
			o.versions.put(was.Version, was.Roster)
			o.current.Store(next)
		})
		if err := errFirst(w.putVersion(r, pieces), w.rosterChanged(r, was)); err != nil {
			return err
		}
		for _, f := range o.follow {
			if err := f(w.Tx, was, next); err != nil {
				return err
			}
		}
		if x.change.with == nil {
			return nil
		}
		return x.change.with(w, x.made)
	})
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

// loadDirectory reads the roster and the links from the store.
func (o *Roster) loadDirectory(ctx context.Context) error {
	var current stored
	links := map[string]linkRecord{}
	err := o.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		if current, err = readVersion(tx, rosterCurrent); err != nil && !missing(err) {
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
	if current.record.Version > 0 {
		if roster, err = rotation.ParseStored("the stored roster", current.text); err != nil {
			return err
		}
	}
	o.current.Store(o.directory(roster, current.record.Version, links))
	return nil
}
