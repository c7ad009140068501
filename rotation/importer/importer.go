// Package importer turns another system's export into a roster, and says what could
// not be carried over.
//
// Its nouns are the [File], whose content alone says what it is, and the [Result]: a
// roster, its text with a comment at every entry that differs, and the [Report]. What
// cannot be said exactly stands in the report; nothing is dropped in silence.
//
// It refuses to read a file, to ask a network and to know what time it is, and it
// returns no roster that [rotation.Parse] would not read.
package importer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// MaxFile is how long one file of an export may be.
const MaxFile = 64 << 20

// File is one file of an export.
type File struct {
	Name string // as people know it; it matters only where an answer does not say whom it is about
	Data []byte

	// Refused is why whoever opened it could not read it; Data is not looked at then.
	Refused *Refusal
}

// Options are what the export does not say.
type Options struct {
	At         time.Time         // when it was made: decides what is past, and whose turn is first in a layer that begins later
	LastResort []rotation.Target // of every policy; empty: channel:incidents
}

// Result is what an export became.
type Result struct {
	Roster *rotation.Roster
	Text   []byte // of the roster, with comments
	Report Report

	// Rendered are the schedules as the source itself renders them, as far as the
	// export holds that, by the IDs of the roster.
	Rendered []rotation.Timeline

	entries map[string]string // of the building
}

// Import makes a roster of the files of an export. The error is [Refusals] where the
// export cannot be used: everything that is wrong with it, at once.
func Import(name string, files []File, o Options) (*Result, error) {
	s, ok := systems[name]
	if !ok {
		return nil, fmt.Errorf("unknown system %q", name)
	}
	if len(o.LastResort) == 0 {
		o.LastResort = []rotation.Target{{Kind: rotation.TargetChannel, ID: "incidents"}}
	}
	if s.read != nil {
		return s.read(s, files, o)
	}
	r := newReading(s)
	for _, f := range files {
		r.file(f)
	}
	r.complete(len(files))
	if len(r.refused) > 0 {
		return nil, r.refused
	}
	b := newBuilding(r, o)
	s.build(b)
	if len(b.refused) > 0 {
		return nil, b.refused
	}
	return b.finish(len(files))
}

// building is a roster that is being made, with the report of it.
type building struct {
	*reading
	Options
	roster    rotation.Roster
	report    Report
	ids       map[string]map[string]int // by what they are of: how often each was wanted
	people    map[string]string         // a person's ID there: the ID here
	mails     map[string]string         // a mail address in lower case: the ID here
	names     map[string]string         // a person's name: the entry of the first who has it
	rotations map[string]string         // likewise; what was left out is in none of them
	policies  map[string]string
	teams     map[string]string
	entries   map[string]string // a rotation that came from a schedule: the schedule as the report names it
	theirs    []rotation.Timeline
	aliases   map[string]string // an entry under the name that it had before it had an ID: the entry
}

func newBuilding(r *reading, o Options) *building {
	b := &building{reading: r, Options: o, ids: map[string]map[string]int{}, people: map[string]string{}, mails: map[string]string{}, names: map[string]string{},
		rotations: map[string]string{}, policies: map[string]string{}, teams: map[string]string{}, entries: map[string]string{}, aliases: map[string]string{}}
	for _, name := range r.unknown {
		b.leftOut("file "+clean(name), "not recognised as an answer of "+r.system.name, "check whether it is needed")
	}
	return b
}

// finish reads what was made as a roster file is read, and closes the report.
func (b *building) finish(files int) (*Result, error) {
	if len(b.roster.People) == 0 {
		return nil, Refusals{{What: "no user of the export can be carried over: nobody could be paged", Mend: "see whether all of them are blocked or deleted"}}
	}
	b.lastResort()
	if len(b.refused) > 0 {
		return nil, b.refused
	}
	b.lookAt("last resort", "no counterpart in "+b.system.name+"; when nobody answers, "+targetWords(b.LastResort)+" is told", "name others with --last-resort")
	b.gaps()
	b.report.sort()
	b.report.Counts = Counts{People: len(b.roster.People), Teams: len(b.roster.Teams), Rotations: len(b.roster.Rotations),
		Policies: len(b.roster.Policies), Services: len(b.roster.Services)}
	text := b.text(files)
	roster, err := rotation.Parse("the roster", text)
	var problems rotation.Problems
	if errors.As(err, &problems) {
		var refused Refusals
		for _, p := range problems {
			refused = append(refused, Refusal{What: "the roster would not be read: " + p.Entry + ": " + p.Message, Mend: p.Hint})
		}
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return &Result{Roster: roster, Text: text, Report: b.report, Rendered: b.theirs, entries: b.entries}, nil
}

// lastResort refuses a last resort that would not be in the roster.
func (b *building) lastResort() {
	for _, t := range b.LastResort {
		ok := true
		switch t.Kind {
		case rotation.TargetPerson:
			_, ok = b.roster.Person(t.ID)
		case rotation.TargetTeam:
			_, ok = b.roster.Team(t.ID)
		case rotation.TargetRotation:
			_, ok = b.roster.Rotation(t.ID)
		}
		if !ok {
			b.refuse("", "last resort "+t.String()+": no such "+string(t.Kind)+" comes out of the export", "import without --last-resort first, and take an ID of that roster")
		}
	}
}

func targetWords(targets []rotation.Target) string {
	list := make([]string, len(targets))
	for i, t := range targets {
		list[i] = t.String()
	}
	return strings.Join(list, ", ")
}

// gapMonths is how far ahead gaps are counted, as by the plan of a roster.
const gapMonths = 13

// gaps says of each schedule how often nobody would be on call.
func (b *building) gaps() {
	for i := range b.roster.Rotations {
		r := &b.roster.Rotations[i]
		entry, ok := b.entries[r.ID]
		if !ok {
			continue
		}
		gaps := r.Gaps(b.At, b.At.AddDate(0, gapMonths, 0))
		if len(gaps) == 0 {
			continue
		}
		b.lookAt(entry, plural(len(gaps), "gap")+" within "+strconv.Itoa(gapMonths)+" months, in which nobody is on call; the first from "+
			instantWords(gaps[0].Start)+" to "+instantWords(gaps[0].End), "see whether they are meant")
	}
}

// carried notes that a rotation came from a schedule of the export.
func (b *building) carried(source, entry string, r rotation.Rotation) {
	b.rotations[source] = r.ID
	b.entries[r.ID] = entry
	b.roster.Rotations = append(b.roster.Rotations, r)
}

// rotation returns a rotation of the roster by its ID.
func (b *building) rotation(id string) *rotation.Rotation {
	for i := range b.roster.Rotations {
		if b.roster.Rotations[i].ID == id {
			return &b.roster.Rotations[i]
		}
	}
	return nil
}

func instantWords(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if strings.HasSuffix(word, "y") {
		return strconv.Itoa(n) + " " + strings.TrimSuffix(word, "y") + "ies"
	}
	return strconv.Itoa(n) + " " + word + "s"
}
