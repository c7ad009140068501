package incident

import (
	"slices"
	"time"
)

// WatchMore is for how much longer somebody watches who wants to see more.
const WatchMore = 30 * time.Minute

// WatchFor is how long what is mitigated is watched before it is resolved; zero: nobody
// is asked afterwards.
func WatchFor(s Severity) time.Duration {
	switch s {
	case Sev1:
		return 60 * time.Minute
	case Sev2:
		return 30 * time.Minute
	case Sev3:
		return 15 * time.Minute
	default:
		return 0
	}
}

// Watch is the time after a mitigation in which people look whether it holds.
type Watch struct {
	Since time.Time // when it was mitigated; zero: it is not, or is over
	Until time.Time // zero: nobody is asked afterwards
	Asked int       // the number of the event that says that the time is over; 0: it is not
}

// Due is when somebody is to be asked how it went; zero: not.
func (w Watch) Due() time.Time {
	if w.Since.IsZero() || w.Asked > 0 {
		return time.Time{}
	}
	return w.Until
}

// WatchOf reads from a timeline how long the incident is watched.
func WatchOf(events []Event) Watch {
	var w Watch
	var worst Severity
	for _, e := range events {
		switch e.Kind {
		case KindDeclared:
			worst = e.Severity
		case KindSeverity:
			worst = e.Severity
			w.raised(worst)
		case KindMitigated:
			w = Watch{Since: e.At}
			w.raised(worst)
		case KindWatchMore:
			w.Until, w.Asked = e.Due, 0
		case KindWatched:
			w.Asked = e.Seq
		case KindInvestigate, KindMitigating, KindReopened, KindResolved, KindClosed, KindCancelled, KindMerged:
			w = Watch{}
		}
	}
	return w
}

// raised gives what is being watched the time that its severity asks for. A lower one
// makes it no shorter, since people were told until when, unless nobody is to be asked.
func (w *Watch) raised(s Severity) {
	if w.Since.IsZero() || w.Asked > 0 {
		return
	}
	length := WatchFor(s)
	if length == 0 {
		w.Until = time.Time{}
		return
	}
	if until := w.Since.Add(length); until.After(w.Until) {
		w.Until = until
	}
}

// Watches returns who looks whether a mitigation holds: the commander, else who responds
// or has acknowledged; empty where there is nobody.
func (i Incident) Watches() Actor {
	for _, r := range []Role{Commander, Responder} {
		if h := i.Holder(r); h.Human() {
			return h
		}
	}
	if i.AcknowledgedBy.Human() {
		return i.AcknowledgedBy
	}
	return ""
}

// Watched says that the watch time is over. The channel is asked how it went only where
// nobody watches.
func (i Incident) Watched(now time.Time) Change {
	c := begin(i, Bot, now)
	seq := c.add(Event{Kind: KindWatched})
	if i.Watches() == "" {
		c.say(seq)
	}
	c.do(RefreshCard)
	return c.change()
}

// WatchMore says that somebody goes on watching for [WatchMore]. asked is the event by
// which they were asked.
func (i Incident) WatchMore(asked int, w Watch, by Actor, now time.Time) (Change, error) {
	switch {
	case i.Status != Mitigated:
		return Change{}, Refuse("", "%s is %s; nothing is watched.", i.Name(), i.Status)
	case w.Asked == 0 && !w.Until.IsZero():
		r := Refuse("", "%s is watched already; you are asked again ({when}).", i.Name())
		r.When = w.Until
		return Change{}, r
	case w.Asked != asked:
		return Change{}, Refuse("", "%s was mitigated again since this was asked.", i.Name())
	}
	c := begin(i, by, now)
	c.add(Event{Kind: KindWatchMore, Due: now.Add(WatchMore)})
	c.do(CloseAsks, RefreshCard)
	return c.change(), nil
}

// Back is [Incident.Investigate] of what was mitigated, and of nothing else: where the
// trouble was not over it cannot be back.
func (i Incident) Back(by Actor, text string, now time.Time) (Change, error) {
	if err := i.MayBeBack(); err != nil {
		return Change{}, err
	}
	return i.Investigate(by, text, now)
}

// MayBeBack refuses to say of what is not mitigated that it is back.
func (i Incident) MayBeBack() error {
	switch {
	case i.Status == Mitigated:
		return nil
	case i.Status.Hurting():
		return Refuse("To say what you see: note, and the words.", "%s is %s: as far as the record goes, it was not over.", i.Name(), i.Status)
	default:
		return i.over("it is not watched any more")
	}
}

// Relief is what a mitigation has left behind, for whoever takes over.
type Relief struct {
	Changed   []Entry    // what was done, decided and found out on the way, in order
	Undo      []string   // how what was changed is undone, each once
	Temporary []FollowUp // permanent fixes that are still to be made
	Ended     []FollowUp // and those that were, or were decided against
	Watch     Watch
}

// ReliefOf reads from a timeline what mitigations have left behind.
func (i Incident) ReliefOf(events []Event) Relief {
	r := Relief{Watch: WatchOf(events)}
	for _, n := range Shown(Entries(events)) {
		if n.Acts() {
			r.Changed = append(r.Changed, n)
		}
	}
	undo := map[int]string{} // by mitigation: a correction replaces what it corrects
	var order []int
	for _, e := range Readable(events) {
		if e.Kind == KindMitigated {
			order = append(order, e.Seq)
		}
		if e.Undo != "" && (e.Kind == KindMitigated || e.Kind == KindHowCorrected) && len(order) > 0 {
			undo[order[len(order)-1]] = e.Undo
		}
	}
	for _, seq := range order {
		if text := undo[seq]; text != "" && !slices.Contains(r.Undo, text) {
			r.Undo = append(r.Undo, text)
		}
	}
	for _, f := range i.FollowUps {
		switch {
		case f.Kind != PermanentFix:
		case f.Open():
			r.Temporary = append(r.Temporary, f)
		default:
			r.Ended = append(r.Ended, f)
		}
	}
	return r
}

// Acts reports whether an event says what was changed, or why: a mitigation, a decision,
// a note on how it comes about, and a change of status with words.
func (e Event) Acts() bool {
	switch e.Kind {
	case KindMitigated, KindHowCorrected:
		return true
	case KindInvestigate, KindMitigating, KindReopened:
		return e.Text != ""
	case KindResolved:
		return e.Text != "" || e.How != ""
	case KindNote:
		return e.Note == HowNote || e.Note == Decision
	default:
		return false
	}
}
