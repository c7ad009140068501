package oncall

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
)

// swapRecord is what of a swap stands outside the roster: who asked, why, and the
// messages that ask for an answer.
type swapRecord struct {
	V        int              `json:"v"`
	By       incident.Actor   `json:"by"`
	At       time.Time        `json:"at"`
	Why      string           `json:"why,omitempty"`
	Messages []ledger.Message `json:"messages,omitempty"`
	Until    time.Time        `json:"until,omitzero"` // when nobody needs it any more; zero: it is not known yet
}

// swapName names a swap: in keys, in what the pager looks at, and in jobs.
func swapName(rotation string, seq int) string {
	return fmt.Sprintf("swap/%s/%s", rotation, ledger.Number(seq))
}

// self returns the roster's person who acts, or a refusal: only people of the
// roster change it from Slack, so that the history names somebody who can be
// asked. Operators may do anything.
func (o *Roster) self(a incident.Actor) (person string, err error) {
	switch kind, id := a.Split(); kind {
	case "person":
		if _, ok := o.Current().Roster.Person(id); ok {
			return id, nil
		}
	case "admin":
		return "", nil
	}
	return "", refusal("Ask for your name and your Slack user ID to be put there.", "Only people of the roster can change who is on call, and you are not in it.")
}

// Override changes who is on call for a while.
func (o *Roster) Override(ctx context.Context, c Caller, rot string, x rotation.Override) (Answer, error) {
	if _, err := o.self(c.Actor); err != nil {
		return Answer{}, err
	}
	x.Reason, _ = incident.CleanTitle(x.Reason)
	return o.changeRoster(ctx, change{
		caller: c, log: Change{Kind: ChangeOverride, Rotation: rot, Why: x.Reason, What: overrideWords(x)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) { return r.WithOverride(rot, x, now) },
	})
}

func overrideWords(o rotation.Override) string {
	span := fmt.Sprintf("%s to %s", o.Start.UTC().Format(time.RFC3339), o.End.UTC().Format(time.RFC3339))
	switch o.Kind {
	case rotation.Replace:
		return fmt.Sprintf("%s instead of %s, %s", o.By, o.Person, span)
	case rotation.Set:
		return fmt.Sprintf("exactly %v, %s", o.People, span)
	default:
		return fmt.Sprintf("%s %v, %s", o.Kind, o.People, span)
	}
}

// EndOverride takes back what is still ahead of an override.
func (o *Roster) EndOverride(ctx context.Context, c Caller, rot string, seq int) (Answer, error) {
	if _, err := o.self(c.Actor); err != nil {
		return Answer{}, err
	}
	return o.changeRoster(ctx, change{
		caller: c, log: Change{Kind: ChangeEnded, Rotation: rot, What: fmt.Sprintf("override %d", seq)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) { return r.EndOverride(rot, seq, now) },
	})
}

// TimeOff records an absence. What it collides with is told to the team, with a
// way to ask who takes it.
func (o *Roster) TimeOff(ctx context.Context, c Caller, a rotation.TimeOff) (Answer, error) {
	if err := o.onBehalf(c.Actor, a.Person); err != nil {
		return Answer{}, err
	}
	return o.changeRoster(ctx, change{
		caller: c, log: Change{Kind: ChangeAway, What: awayWords(a)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) { return r.WithTimeOff(a, now) },
		with: func(w *work, made rotation.Change) error { return w.awayTold(made.Roster, a) },
	})
}

func awayWords(a rotation.TimeOff) string {
	return fmt.Sprintf("%s, %s to %s", a.Person, a.Start.UTC().Format(time.RFC3339), a.End.UTC().Format(time.RFC3339))
}

// Back takes back what is still ahead of an absence.
func (o *Roster) Back(ctx context.Context, c Caller, a rotation.TimeOff) (Answer, error) {
	if err := o.onBehalf(c.Actor, a.Person); err != nil {
		return Answer{}, err
	}
	return o.changeRoster(ctx, change{
		caller: c, log: Change{Kind: ChangeBack, What: awayWords(a)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) { return r.WithoutTimeOff(a, now) },
	})
}

// onBehalf refuses an act about somebody else, but for the lead of a team of
// theirs and for operators.
func (o *Roster) onBehalf(a incident.Actor, person string) error {
	self, err := o.self(a)
	if err != nil || self == "" || self == person {
		return err
	}
	for _, t := range o.Current().Roster.Teams {
		if t.Lead == self && slices.Contains(t.Members, person) {
			return nil
		}
	}
	return refusal("They can do it themselves, or the lead of their team.", "You cannot do that for %s.", person)
}

// Conflicts are the times within [from, to) at which somebody is on call.
func Conflicts(r *rotation.Roster, person string, from, to time.Time) []Gap {
	var list []Gap
	for i := range r.Rotations {
		x := &r.Rotations[i]
		for _, s := range x.Final(from, to) {
			if slices.Contains(s.People, person) {
				list = append(list, Gap{Rotation: x.ID, Span: Span{s.Start.UTC(), s.End.UTC()}})
			}
		}
	}
	return joined(list)
}

// joined puts together what touches in one rotation.
func joined(list []Gap) []Gap {
	var out []Gap
	for _, g := range list {
		if n := len(out) - 1; n >= 0 && out[n].Rotation == g.Rotation && out[n].End.Equal(g.Start) {
			out[n].End = g.End
			continue
		}
		out = append(out, g)
	}
	return out
}

// awayTold tells the team and the person of the shifts that they will miss.
func (w *work) awayTold(r *rotation.Roster, a rotation.TimeOff) error {
	teams := map[string]*Notice{}
	for _, g := range Conflicts(r, a.Person, later(a.Start, w.Now), a.End) {
		x, _ := r.Rotation(g.Rotation)
		if teams[x.Team] == nil {
			teams[x.Team] = &Notice{Kind: NoticeAway, Team: x.Team, Person: a.Person, By: w.by()}
		}
		teams[x.Team].Gaps = append(teams[x.Team].Gaps, g)
	}
	for _, team := range sortedKeys(teams) {
		n := *teams[team]
		if err := w.tell(n); err != nil {
			return err
		}
		n.To = a.Person
		if err := w.tell(n); err != nil {
			return err
		}
	}
	return nil
}

// SwapRequest asks for a swap in a rotation.
type SwapRequest struct {
	Rotation string
	Swap     rotation.Swap
	Why      string
}

// AskSwap asks the swap's With, or with no such person everybody of the team, to
// take a shift over, in a trade for another one where it has a second half.
func (o *Roster) AskSwap(ctx context.Context, c Caller, q SwapRequest) (Answer, error) {
	s := q.Swap
	if err := o.onBehalf(c.Actor, s.Person); err != nil {
		return Answer{}, err
	}
	if s.With != "" && o.current.Load().Slack(s.With) == "" {
		return Answer{}, refusal("Give them slack or email in the roster, or ask everybody.", "%s cannot be asked: nobody knows their Slack user.", s.With)
	}
	q.Why, _ = incident.CleanTitle(q.Why)
	what := fmt.Sprintf("%s asks %s, %s to %s", s.Person, orEverybody(s.With), s.Start.UTC().Format(time.RFC3339), s.End.UTC().Format(time.RFC3339))
	return o.changeRoster(ctx, change{
		caller: c, log: Change{Kind: ChangeAsked, Rotation: q.Rotation, Why: q.Why, What: what},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) {
			return r.WithSwap(q.Rotation, s, now)
		},
		with: func(w *work, made rotation.Change) error {
			name := swapName(q.Rotation, made.Seq)
			asked, _ := swapOf(made.Roster, q.Rotation, made.Seq)
			return errFirst(
				w.Save(name, swapRecord{V: 1, By: c.Actor, At: w.Now, Why: q.Why}),
				w.tell(w.swapNotice(q.Rotation, asked)),
				w.Wake(name, nextLook(asked, w.Now)))
		},
	})
}

func orEverybody(person string) string {
	if person == "" {
		return "everybody"
	}
	return person
}

// swapNotice is what asks for an answer: the person, or else the team.
func (w *work) swapNotice(rot string, s rotation.Swap) Notice {
	n := Notice{Kind: NoticeSwap, Rotation: rot, Seq: s.Seq, To: s.With}
	if r, ok := w.who.Roster.Rotation(rot); ok {
		n.Team = r.Team
	}
	return n
}

// begins is when a swap can no longer be agreed to.
func begins(s rotation.Swap) time.Time {
	if !s.BackStart.IsZero() && s.BackStart.Before(s.Start) {
		return s.BackStart
	}
	return s.Start
}

// nextLook is when the pager looks at an open swap again: to remind, or just
// after it has begun, to end it.
func nextLook(s rotation.Swap, now time.Time) time.Time {
	if at, ok := s.NextReminder(now); ok {
		return at
	}
	return begins(s).Add(time.Second)
}

func swapOf(r *rotation.Roster, rot string, seq int) (rotation.Swap, bool) {
	x, ok := r.Rotation(rot)
	if !ok {
		return rotation.Swap{}, false
	}
	i := slices.IndexFunc(x.Swaps, func(s rotation.Swap) bool { return s.Seq == seq })
	if i < 0 {
		return rotation.Swap{}, false
	}
	return x.Swaps[i], true
}

// Swap is a swap with what stands around it.
type Swap struct {
	rotation.Swap
	Rotation string
	Team     string
	By       incident.Actor
	Why      string
	Messages []ledger.Message
	Gone     bool // the roster has it no more
}

// Swap returns a swap, and a refusal where there is none such any more.
func (o *Roster) Swap(ctx context.Context, rot string, seq int) (Swap, error) {
	var s Swap
	err := o.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		s, err = o.SwapOf(tx, rot, seq)
		return err
	})
	if err == nil && s.Gone {
		err = refusal("`/oncall` shows what is there now.", "That request is not in the roster any more.")
	}
	return s, err
}

// SwapOf reads a swap; one that the roster has no more is Gone.
func (o *Roster) SwapOf(tx *storage.Tx, rot string, seq int) (Swap, error) {
	roster := o.Current().Roster
	s, ok := swapOf(roster, rot, seq)
	out := Swap{Swap: s, Rotation: rot, Gone: !ok}
	if x, known := roster.Rotation(rot); known {
		out.Team = x.Team
	}
	r, _, err := ledger.Load[swapRecord](tx, swapName(rot, seq))
	out.By, out.Why, out.Messages = r.By, r.Why, r.Messages
	return out, err
}

// ParseSwapName reads what a job of kind [ledger.Swap] has as its target.
func ParseSwapName(name string) (rotation string, seq int) {
	_, rest, _ := strings.Cut(name, "/")
	rotation, _, _ = strings.Cut(rest, "/")
	return rotation, ledger.LastNumber(name)
}

// answering returns who answers a request to swap, and the request. The person is
// empty for an operator.
func (o *Roster) answering(ctx context.Context, c Caller, rot string, seq int) (person string, old Swap, err error) {
	if person, err = o.self(c.Actor); err != nil {
		return "", Swap{}, err
	}
	old, err = o.Swap(ctx, rot, seq)
	return person, old, err
}

// AcceptSwap is the consent of whoever acts. Of several the first counts; the
// others are told who that was.
func (o *Roster) AcceptSwap(ctx context.Context, c Caller, rot string, seq int) (Answer, error) {
	person, old, err := o.answering(ctx, c, rot, seq)
	if err != nil {
		return Answer{}, err
	}
	if person == "" {
		return Answer{}, refusal("", "An operator cannot agree in somebody's name.")
	}
	if old.Status == rotation.SwapAccepted && old.With == person {
		return Answer{Version: o.Current().Version, Seq: seq, Repeated: true}, nil // pressed twice, or delivered twice
	}
	if old.Status == rotation.SwapAccepted {
		return Answer{}, &incident.Refusal{Why: "{who} takes it already.", Who: incident.Person(old.With)}
	}
	if c.Actor == old.By && person != old.With {
		return Answer{}, refusal("Somebody else has to.", "Whoever asks cannot accept.")
	}
	return o.answerSwap(ctx, c, old, change{
		log: Change{Kind: ChangeSwapped, What: fmt.Sprintf("%s takes over from %s, %s to %s", person, old.Person, old.Start.UTC().Format(time.RFC3339), old.End.UTC().Format(time.RFC3339))},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) {
			return r.AcceptSwap(rot, seq, person, now)
		},
	})
}

// DeclineSwap is the answer no of whoever was asked.
func (o *Roster) DeclineSwap(ctx context.Context, c Caller, rot string, seq int) (Answer, error) {
	person, old, err := o.answering(ctx, c, rot, seq)
	if err != nil {
		return Answer{}, err
	}
	return o.answerSwap(ctx, c, old, change{
		log: Change{Kind: ChangeDeclined, What: fmt.Sprintf("%s declined to take over from %s", person, old.Person)},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) {
			return r.DeclineSwap(rot, seq, person, now)
		},
	})
}

// CancelSwap takes a swap back. What happened already stays.
func (o *Roster) CancelSwap(ctx context.Context, c Caller, rot string, seq int) (Answer, error) {
	person, old, err := o.answering(ctx, c, rot, seq)
	if err != nil {
		return Answer{}, err
	}
	if person == "" || o.onBehalf(c.Actor, old.Person) == nil {
		person = old.Person // whoever may ask for them may call it off as well
	}
	return o.answerSwap(ctx, c, old, change{
		log: Change{Kind: ChangeCalled, What: fmt.Sprintf("the swap of %s with %s", old.Person, orEverybody(old.With))},
		make: func(r *rotation.Roster, now time.Time) (rotation.Change, error) {
			return r.CancelSwap(rot, seq, person, now)
		},
	})
}

// answerSwap carries out an answer: its messages are mended, and the other one of
// the two is told.
func (o *Roster) answerSwap(ctx context.Context, c Caller, old Swap, ch change) (Answer, error) {
	ch.caller, ch.log.Rotation = c, old.Rotation
	ch.with = func(w *work, made rotation.Change) error {
		s, _ := swapOf(made.Roster, old.Rotation, old.Seq)
		return w.swapEnded(old.Rotation, s)
	}
	return o.changeRoster(ctx, ch)
}

// swapEnded commits what follows from the end of an open swap.
func (w *work) swapEnded(rot string, s rotation.Swap) error {
	name := swapName(rot, s.Seq)
	if _, err := w.AddApart(ledger.Job{Kind: ledger.Swap, Target: name}); err != nil {
		return err
	}
	if err := w.keepSwap(name, s); err != nil {
		return err
	}
	_, actor := w.by().Split()
	for _, person := range []string{s.Person, s.With} {
		if person == "" || person == actor {
			continue
		}
		if person == s.With && s.Status == rotation.SwapExpired {
			continue // they did not answer; the message says so
		}
		n := Notice{Kind: NoticeOutcome, To: person, Rotation: rot, Seq: s.Seq, By: w.by()}
		if err := w.tell(n); err != nil {
			return err
		}
	}
	return nil
}

// swapAsked remembers a message that asks for an answer, and has it mended if the
// answer came while it was on its way.
func (w *work) swapAsked(n Notice, m ledger.Message) error {
	name := swapName(n.Rotation, n.Seq)
	r, ok, err := ledger.Load[swapRecord](w.Tx.Tx, name)
	if err != nil || !ok {
		return err
	}
	if !slices.Contains(r.Messages, m) {
		r.Messages = append(r.Messages, m)
	}
	if s, ok := swapOf(w.who.Roster, n.Rotation, n.Seq); !ok || s.Status != rotation.SwapOpen {
		if _, err := w.AddApart(ledger.Job{Kind: ledger.Swap, Target: name}); err != nil {
			return err
		}
	}
	return w.Save(name, r)
}
