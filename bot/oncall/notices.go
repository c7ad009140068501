package oncall

import (
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// NoticeKind says what a [Notice] tells.
type NoticeKind string

// The kinds of notices.
const (
	NoticeHandover NoticeKind = "handover" // to the team: other people are on call in Rotation from At
	NoticeSoon     NoticeKind = "soon"     // to a person: their shift in Rotation begins At
	NoticeChanged  NoticeKind = "changed"  // to the team: who will be on call in Rotations has changed
	NoticeMoved    NoticeKind = "moved"    // to a person: their next shifts moved
	NoticeGaps     NoticeKind = "gaps"     // to the team: nobody is on call during Gaps
	NoticeSwap     NoticeKind = "swap"     // the swap Seq of Rotation wants an answer
	NoticeOutcome  NoticeKind = "outcome"  // to a person: what became of the swap Seq of Rotation
	NoticeAway     NoticeKind = "away"     // to the team and the person: Person is on call in Gaps and away
	NoticeGroup    NoticeKind = "group"    // to the team: Text about its user group
)

// Notice is something about on call that a person or a team is told once. It
// holds what happened; who is on call at its instants is read when it is told.
type Notice struct {
	V        int            `json:"v"`
	Kind     NoticeKind     `json:"kind"`
	Made     time.Time      `json:"made"`
	To       string         `json:"to,omitempty"`   // person; empty: the team
	Team     string         `json:"team,omitempty"` // empty: the announcement channel
	Rotation string         `json:"rotation,omitempty"`
	Seq      int            `json:"seq,omitempty"`
	At       time.Time      `json:"at,omitzero"`
	Person   string         `json:"person,omitempty"`
	By       incident.Actor `json:"by,omitempty"`
	What     string         `json:"what,omitempty"`
	Why      string         `json:"why,omitempty"`
	Again    bool           `json:"again,omitempty"` // it reminds of what was told before
	Moves    []Move         `json:"moves,omitempty"`
	Gaps     []Gap          `json:"gaps,omitempty"`
	Changed  []string       `json:"changed,omitempty"` // rotations
	Text     string         `json:"text,omitempty"`
}

// Span is the half-open time [Start, End); the zero Span is none.
type Span struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"` // zero: open
}

// Move is somebody's next shift in a rotation, before and after a change.
type Move struct {
	Rotation string `json:"rotation"`
	Before   Span   `json:"before"`
	After    Span   `json:"after"`
}

// Gap is a time of a rotation that somebody should look at.
type Gap struct {
	Rotation string `json:"rotation"`
	Span
	Known   bool `json:"known,omitempty"`   // it was told on an earlier day
	Regular bool `json:"regular,omitempty"` // there is the like of it every week
}

func noticeKey(n int) string { return "notice/" + ledger.Number(n) }

// tell commits a notice and the job that tells it. Somebody without a Slack user
// cannot be told, and is not waited for.
func (w *work) tell(n Notice) error {
	j := ledger.Job{Kind: ledger.Notice, Target: n.Team}
	if n.To != "" {
		if w.who.Slack(n.To) == "" {
			return nil
		}
		j.Person, j.Target = string(incident.Person(n.To)), ""
	}
	k, err := w.AddApart(j)
	if err != nil {
		return err
	}
	n.V, n.Made = 1, w.Now
	return w.Save(noticeKey(k), n)
}

// NoticeOf returns what a job of kind [ledger.Notice] tells.
func NoticeOf(tx *storage.Tx, j ledger.Job) (Notice, error) {
	return storage.Load[Notice](tx, noticeKey(j.Number))
}

// Told forgets a notice that was told, or that cannot be. A message that asks for
// an answer is remembered, to be mended when that comes.
func (o *Roster) Told(t *ledger.Tx, j ledger.Job, at ledger.Message) error {
	if j.Kind != ledger.Notice {
		return nil
	}
	n, ok, err := ledger.Load[Notice](t.Tx, noticeKey(j.Number))
	if err != nil || !ok {
		return err
	}
	if n.Kind == NoticeSwap && at.TS != "" {
		w := &work{Tx: t, who: o.current.Load()}
		if err := w.swapAsked(n, at); err != nil {
			return err
		}
	}
	return t.Delete(noticeKey(j.Number))
}
