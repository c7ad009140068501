package desk

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
	"github.com/stormbell/stormbell/storage"
)

// documentRecord is a version of a post-mortem as it was published. Nothing changes it:
// neither what people are called later, nor what a later version of the program would make
// of the same timeline.
type documentRecord struct {
	V        int    `json:"v"`
	Version  int    `json:"version"`
	Sum      string `json:"sum"`      // the SHA-256 of Text
	Text     []byte `json:"text"`     // Markdown, compressed
	Document []byte `json:"document"` // the same for the other forms, as JSON, compressed
}

func documentKey(n, version int) string {
	return "document/" + ledger.Number(n) + "/" + ledger.Number(version)
}

// draft is the document of the incident as its timeline has it by now.
func (w *work) draft() (postmortem.Document, error) {
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return postmortem.Document{}, err
	}
	return postmortem.New(w.inc, events, documentContext(w.who, w.past, w.inc, w.d.opt.Zone)), nil
}

// answer decides an answer to a question of the post-mortem.
func (w *work) answer(a Act) (incident.Change, error) {
	doc, err := w.draft()
	if err != nil {
		return incident.Change{}, err
	}
	q, err := question(doc, a.Question)
	if err != nil {
		return incident.Change{}, err
	}
	_, before := q.Answered(w.caller.Actor)
	return w.inc.Answer(q.ID, a.Text, before, w.caller.Actor, w.Now)
}

// question finds a question by its ID, and names the others where there is none.
func question(doc postmortem.Document, id string) (postmortem.Question, error) {
	id = strings.ToLower(strings.TrimSpace(id))
	if q, ok := doc.Question(id); ok {
		return q, nil
	}
	var ids []string
	for _, q := range doc.Questions() {
		ids = append(ids, q.ID)
	}
	if len(ids) == 0 {
		return postmortem.Question{}, refusal("", "The post-mortem of %s asks nothing.", doc.Name)
	}
	next := "There are: " + strings.Join(ids, ", ") + "."
	if near := incident.Nearest(id, ids); near != "" {
		next = "Did you mean " + near + "?"
	}
	return postmortem.Question{}, refusal(next, "The post-mortem has no question “%s”.", id)
}

// publish decides whether the document is published, and keeps it as it is then.
func (w *work) publish(a Act) (incident.Change, error) {
	if by := w.caller.Actor; w.inc.Reviewer == "" && by.Human() && w.inc.MayAnswer() == nil { // who publishes it has written it
		c, err := w.inc.Review(by, by, w.Now)
		if err == nil {
			err = w.apply(c)
		}
		if err != nil {
			return incident.Change{}, err
		}
	}
	doc, err := w.draft()
	if err != nil {
		return incident.Change{}, err
	}
	record, err := w.ending()
	if err != nil {
		return incident.Change{}, err
	}
	events, err := timeline(w.Tx.Tx, w.inc.Number)
	if err != nil {
		return incident.Change{}, err
	}
	reason := ""
	if w.inc.Postmortem.Version > 0 { // the first corrects nothing
		reason = incident.CleanText(a.Text)
	}
	doc = doc.Publish(w.inc.Postmortem.Version+1, reason, w.Now).In(w.d.form(w.inc))
	frozen, err := freeze(doc)
	if err != nil {
		return incident.Change{}, err
	}
	p := incident.Publication{Sum: frozen.Sum, Cause: doc.Said(postmortem.Cause) != "", Reason: reason,
		Same: !incident.ChangedSincePublished(events)}
	c, err := w.inc.PublishPostmortem(p, record, w.caller.Actor, w.Now)
	if err != nil {
		return incident.Change{}, err
	}
	return c, w.Save(documentKey(w.inc.Number, frozen.Version), frozen)
}

// documentMost is how large a document may be in the store: it is one record of one
// transaction.
const documentMost = storage.MaxBytes / 2

// freeze makes the record of a version of the document.
func freeze(doc postmortem.Document) (r documentRecord, err error) {
	text := []byte(doc.Markdown())
	sum := sha256.Sum256(text)
	r = documentRecord{V: 1, Version: doc.Version, Sum: hex.EncodeToString(sum[:])}
	whole, err := json.Marshal(doc)
	if err != nil {
		return r, err
	}
	if r.Text, err = packed(text); err != nil {
		return r, err
	}
	if r.Document, err = packed(whole); err != nil {
		return r, err
	}
	if len(r.Text)+len(r.Document) > documentMost {
		return r, refusal("Hide entries of the timeline that help nobody: hide N REASON.", "The document of %s is too large to be kept.", doc.Name)
	}
	return r, nil
}

// packers are used again: a new one makes a megabyte of tables, for a text of a few pages.
var packers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func packed(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	err := z.Close() // which writes the rest
	return out.Bytes(), err
}

func unpacked(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Frozen is a version of a post-mortem as it was published.
type Frozen struct {
	postmortem.Document
	Text string // Markdown, of which Sum is the SHA-256
	Sum  string
}

func loadFrozen(tx *storage.Tx, n, version int) (Frozen, error) {
	r, err := storage.Load[documentRecord](tx, documentKey(n, version))
	if err != nil {
		return Frozen{}, err
	}
	text, err := unpacked(r.Text)
	if err != nil {
		return Frozen{}, fmt.Errorf("read version %d of the post-mortem of %s: %v", version, incident.Name(n), err)
	}
	whole, err := unpacked(r.Document)
	if err != nil {
		return Frozen{}, fmt.Errorf("read version %d of the post-mortem of %s: %v", version, incident.Name(n), err)
	}
	f := Frozen{Text: string(text), Sum: r.Sum}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != r.Sum {
		return Frozen{}, fmt.Errorf("version %d of the post-mortem of %s is not the one that was published: its SHA-256 is another one", version, incident.Name(n))
	}
	err = json.Unmarshal(whole, &f.Document)
	f.Document = f.Document.Kept(f.Text)
	return f, err
}

// AnswerOf returns what somebody has answered to a question of the post-mortem of incident
// n, in their own words; empty where they have not.
func (d *Desk) AnswerOf(ctx context.Context, who incident.Actor, n int, question string) (string, error) {
	_, events, err := d.Timeline(ctx, who, n)
	for _, e := range incident.AnswersOf(incident.Readable(events)) {
		if e.By == who && e.Question == question {
			return e.Text, err
		}
	}
	return "", err
}

// Published returns a version of the post-mortem of incident n as it was published; 0 is
// the latest.
func (d *Desk) Published(ctx context.Context, viewer incident.Actor, n, version int) (f Frozen, err error) {
	var i incident.Incident
	err = d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		if i, err = d.visible(tx, viewer, n); err != nil {
			return err
		}
		latest := i.Postmortem.Version
		if version == 0 {
			version = latest
		}
		if latest == 0 || version < 1 || version > latest {
			next := "None is published yet."
			if latest > 0 {
				next = "The latest is version " + strconv.Itoa(latest) + "."
			}
			return refusal(next, "The post-mortem of %s has no version %d.", i.Name(), version)
		}
		f, err = loadFrozen(tx, n, version)
		return err
	})
	if err != nil {
		return Frozen{}, err
	}
	return f, d.read(ctx, i, viewer)
}

// spread has the service's stakeholders told of a document that is published, and the
// channel shown what it says. Of a private incident and of a drill nobody else is told.
func (w *work) spread(c incident.Change) error {
	for _, e := range c.Events {
		if e.Kind != incident.KindPublished {
			continue
		}
		err := errors.Join(w.job(ledger.Job{Kind: ledger.Postmortem, Seq: e.Seq, Person: string(w.caller.Actor)}), w.canvas())
		if err != nil || w.inc.Outcome != "" {
			return err
		}
		if err := w.tellInterested(e, w.inc.Service, ""); err != nil {
			return err
		}
	}
	return nil
}

// sent records what became of telling somebody that the document is published.
func (w *work) sent(j ledger.Job, failed string) error {
	target := ""
	if j.Target != "" {
		target = "channel:" + j.Target
	}
	return w.apply(w.inc.Sent(j.Pass, incident.Actor(j.Person), target, failed, w.Now))
}
