package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Files says how much of the files of marked messages is kept, in bytes; the zero Files
// keeps nothing.
type Files struct {
	Each int // of one file
	All  int // of all files of one incident
}

// filePiece is how many bytes of a file are one record: a transaction takes it.
const filePiece = 1 << 20

// fileRecord is a file of a marked message. Its content stands in pieces of its own.
type fileRecord struct {
	V      int       `json:"v"`
	Entry  int       `json:"entry"`
	File   int       `json:"file"` // its place in the message, from 1
	Name   string    `json:"name"`
	Type   string    `json:"type,omitempty"`
	Size   int       `json:"size,omitempty"` // bytes
	Hash   string    `json:"sha256,omitempty"`
	Pieces int       `json:"pieces,omitempty"`
	At     time.Time `json:"at"`
	Why    string    `json:"why,omitempty"` // it is not kept, in words
}

func filePrefix(n int) string { return "file/" + ledger.Number(n) + "/" }

func fileKey(n, entry, file int) string {
	return filePrefix(n) + ledger.Number(entry) + "/" + strconv.Itoa(file)
}

func pieceKey(n, entry, file, piece int) string {
	return "filepart/" + ledger.Number(n) + "/" + ledger.Number(entry) + "/" + strconv.Itoa(file) + "/" + ledger.Number(piece)
}

// Kept is a file of a marked message, as the store has it.
type Kept struct {
	Entry int       `json:"entry"` // of the timeline
	File  int       `json:"file"`  // its place in the message, from 1
	Name  string    `json:"name"`
	Type  string    `json:"type,omitempty"`
	Size  int       `json:"size"`
	Hash  string    `json:"sha256,omitempty"`
	At    time.Time `json:"at"`            // since when it is kept
	Why   string    `json:"why,omitempty"` // it is not kept, in words

	pieces int
}

// keepFiles has the files of a marked message fetched.
func (w *work) keepFiles(entry int, files []incident.File) error {
	for k, f := range files {
		if f.ID == "" || w.d.opt.Files.Each <= 0 {
			continue
		}
		if err := w.job(ledger.Job{Kind: ledger.File, Seq: entry, Step: k + 1, Target: f.ID, Text: f.Name}); err != nil {
			return err
		}
	}
	return nil
}

// fileRoom is how many bytes a file may have for it to be kept.
func (d *Desk) fileRoom(tx *storage.Tx, n int) (int, error) {
	room := d.opt.Files.All
	for key, value := range tx.Scan(filePrefix(n)) {
		var r fileRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return 0, fmt.Errorf("read %s: %v", key, err)
		}
		if r.Pieces > 0 {
			room -= r.Size
		}
	}
	return max(min(room, d.opt.Files.Each), 0), nil
}

// FileRoom is how many bytes a file of a job may have for it to be kept: what is left to
// its incident, and to one file at most.
func (d *Desk) FileRoom(ctx context.Context, j ledger.Job) (room int, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		room, err = d.fileRoom(tx, j.Incident)
		return err
	})
	return room, err
}

// KeepContent stores the content of a job's file, piece by piece. It counts only when the
// job is done.
func (d *Desk) KeepContent(ctx context.Context, j ledger.Job, content []byte) (pieces int, err error) {
	for piece := range slices.Chunk(content, filePiece) {
		err := d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
			return t.Put(pieceKey(j.Incident, j.Seq, j.Step, pieces), piece)
		})
		if err != nil {
			return 0, err
		}
		pieces++
	}
	return pieces, nil
}

// FileRead is what came of fetching a file.
type FileRead struct {
	Type   string
	Size   int
	Hash   string // SHA-256, in hexadecimal
	Pieces int    // in which it is stored; 0: it is not
	Why    string // it is not, in words
}

// fileStands records a file that was fetched, or why it was not; nothing of an entry that
// was withdrawn meanwhile.
func (w *work) fileStands(j ledger.Job, f FileRead) error {
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil || withdrawn(events, j.Seq) {
		return err
	}
	return w.Save(fileKey(w.inc.Number, j.Seq, j.Step), fileRecord{V: 1, Entry: j.Seq, File: j.Step, Name: j.Text,
		Type: f.Type, Size: f.Size, Hash: f.Hash, Pieces: f.Pieces, At: w.Now, Why: f.Why})
}

// withdrawn reports whether an entry was taken out of the timeline.
func withdrawn(events []incident.Event, entry int) bool {
	return slices.ContainsFunc(events, func(e incident.Event) bool { return e.Kind == incident.KindWithdrawn && e.Of == entry })
}

// sweepFile removes what was stored of a file whose entry was withdrawn while it was
// fetched. It does so while the job still stands: of one withdrawn after this, whoever
// withdraws it removes what is stored.
func (d *Desk) sweepFile(ctx context.Context, r Result) error {
	if r.Job.Kind != ledger.File || r.Outcome.File == nil || r.Outcome.File.Pieces == 0 {
		return nil
	}
	gone := false
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		events, err := timeline(tx, r.Job.Incident)
		gone = withdrawn(events, r.Job.Seq)
		return err
	})
	if err != nil || !gone {
		return err
	}
	return d.dropFiles(ctx, r.Job.Incident, r.Job.Seq)
}

// Files returns the files of the entries of incident n that are shown, kept or not.
func (d *Desk) Files(ctx context.Context, viewer incident.Actor, n int) ([]Kept, error) {
	_, events, err := d.Timeline(ctx, viewer, n)
	if err != nil {
		return nil, err
	}
	shown := map[int]bool{}
	for _, e := range incident.Shown(incident.Entries(events)) {
		shown[e.Seq] = !e.Hidden
	}
	list := []Kept{}
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		for key, value := range tx.Scan(filePrefix(n)) {
			var r fileRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if shown[r.Entry] {
				list = append(list, Kept{Entry: r.Entry, File: r.File, Name: r.Name, Type: r.Type, Size: r.Size, Hash: r.Hash, At: r.At, Why: r.Why, pieces: r.Pieces})
			}
		}
		return nil
	})
	return list, err
}

// FileContent returns a file of an entry of incident n with its content.
func (d *Desk) FileContent(ctx context.Context, viewer incident.Actor, n, entry, file int) (Kept, []byte, error) {
	list, err := d.Files(ctx, viewer, n)
	if err != nil {
		return Kept{}, nil, err
	}
	k := slices.IndexFunc(list, func(f Kept) bool { return f.Entry == entry && f.File == file })
	switch {
	case k < 0:
		return Kept{}, nil, refusal("`/v1/incidents/"+incident.Name(n)+"/files` lists them.", "Entry %d of %s has no such file.", entry, incident.Name(n))
	case list[k].Why != "":
		return Kept{}, nil, refusal("The entry has its link in Slack.", "%s is not kept here: %s.", list[k].Name, strings.TrimSuffix(list[k].Why, "."))
	}
	var content []byte
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		content = make([]byte, 0, list[k].Size)
		for piece := range list[k].pieces {
			part, err := tx.Get(pieceKey(n, entry, file, piece))
			if err != nil {
				return err
			}
			content = append(content, part...)
		}
		return nil
	})
	return list[k], content, err
}

// dropFiles removes the content of files of an entry that was withdrawn, a piece at a
// time. What is left when it is cut short is shown to nobody.
func (d *Desk) dropFiles(ctx context.Context, n, entry int) error {
	var keys []string
	err := d.ledger.View(ctx, func(tx *storage.Tx) error {
		for _, prefix := range []string{"filepart/" + ledger.Number(n) + "/", filePrefix(n)} {
			for key := range tx.Scan(prefix + ledger.Number(entry) + "/") {
				keys = append(keys, key)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for some := range slices.Chunk(keys, 50) {
		err := d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
			for _, key := range some {
				if err := t.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
