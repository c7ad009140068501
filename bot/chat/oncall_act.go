package chat

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// pressedOncall handles a button about on call.
func (s *Slack) pressedOncall(ctx context.Context, caller desk.Caller, action *slack.BlockAction) answer {
	if err := s.desk.May(caller, incident.DoRoster); err != nil {
		return s.told(caller, ephemeral(s.trouble(err)))
	}
	rot, seq := swapTarget(action.Value)
	switch action.ActionID {
	case actTake, actAccept:
		a, err := s.people.AcceptSwap(ctx, caller, rot, seq)
		return s.changedRoster(caller, deed{rot, "You take it. Thank you."}, a, err)
	case actDecline:
		a, err := s.people.DeclineSwap(ctx, caller, rot, seq)
		return s.changedRoster(caller, deed{"", "Declined; they are told."}, a, err)
	case actCancel:
		a, err := s.people.CancelSwap(ctx, caller, rot, seq)
		return s.changedRoster(caller, deed{rot, "Taken back."}, a, err)
	case actEnd:
		a, err := s.people.EndOverride(ctx, caller, rot, seq)
		return s.changedRoster(caller, deed{rot, "Ended."}, a, err)
	case actCover:
		g, person, ok := stretch(action.Value)
		if !ok {
			return answer{}
		}
		swap := rotation.Swap{Person: person, Start: fromNow(g, time.Now()), End: g.End}
		a, err := s.people.AskSwap(ctx, caller, oncall.SwapRequest{Rotation: g.Rotation, Swap: swap})
		return s.changedRoster(caller, deed{"", "Everybody is asked who takes it."}, a, err)
	case actBack:
		parts := strings.Split(action.Value, "/")
		if len(parts) != 3 {
			return answer{}
		}
		start, _ := strconv.ParseInt(parts[1], 10, 64)
		end, _ := strconv.ParseInt(parts[2], 10, 64)
		a, err := s.people.Back(ctx, caller, rotation.TimeOff{Person: parts[0], Start: time.Unix(start, 0).UTC(), End: time.Unix(end, 0).UTC()})
		return s.changedRoster(caller, deed{"", "Welcome back: the absence ends."}, a, err)
	}
	return answer{}
}

// answerWithin is how long people have to agree to take what is left of a shift
// that runs: consent counts only before the start.
const answerWithin = 30 * time.Minute

// fromNow is when a stand-in for a shift can begin: with it, or where it runs
// already after the time that people need to answer.
func fromNow(g oncall.Gap, now time.Time) time.Time {
	if g.Start.After(now) {
		return g.Start
	}
	return now.Add(min(answerWithin, g.End.Sub(now)/2)).Truncate(time.Second)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// deed is what was done to the roster, in words, and the only rotation concerned,
// if there is one.
type deed struct{ rotation, done string }

// changedRoster answers an act on the roster: what was done, what speaks against
// it, and who is on call now.
func (s *Slack) changedRoster(c desk.Caller, d deed, a oncall.Answer, err error) answer {
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(s.rosterWords(d, a)))
}

func (s *Slack) rosterWords(d deed, a oncall.Answer) string {
	lines := []string{d.done}
	for _, w := range a.Warnings {
		lines = append(lines, ":warning: "+esc(w))
	}
	v := s.viewNow()
	if r, ok := v.roster.Rotation(d.rotation); ok {
		lines = append(lines, "Now: "+v.line(r))
	}
	return strings.Join(lines, "\n")
}

// submittedOncall handles a form about on call.
func (s *Slack) submittedOncall(ctx context.Context, i slack.InteractionCallback) answer {
	f := readFilled(i.View)
	caller := desk.Caller{Actor: s.people.Current().Actor(i.User.ID), Key: key("form", i.View.ID), ReplyURL: f.state.ReplyURL}
	if err := s.desk.May(caller, incident.DoRoster); err != nil {
		return s.told(caller, ephemeral(s.trouble(err)))
	}
	switch i.View.CallbackID {
	case formOverride:
		return s.submitOverride(ctx, caller, f)
	case formSwap, formCover:
		return s.submitSwap(ctx, caller, f, i.View.CallbackID)
	case formAway:
		return s.submitAway(ctx, caller, f)
	}
	return answer{}
}

// person is the roster's person of a Slack user that was chosen in a form.
func (s *Slack) person(f *filled, block, user string) string {
	kind, id := s.people.Current().Actor(user).Split()
	if kind != "person" {
		f.wrong(block, "%s is not in the roster, so they cannot be on call.", s.nameOf(user))
		return ""
	}
	return id
}

// refused shows what is wrong at the inputs concerned, or the form once more with
// the question which of two equal times is meant. ok means that nothing is wrong.
func (f *filled) refused(view func() slack.ModalViewRequest) (a answer, ok bool) {
	if len(f.errors) > 0 {
		return answer{payload: slack.NewErrorsViewSubmissionResponse(f.errors)}, false
	}
	if len(f.twice) > 0 {
		v := view()
		return answer{payload: slack.NewUpdateViewSubmissionResponse(&v)}, false
	}
	return answer{}, true
}

// ended checks that an end lies after its start and ahead.
func (f *filled) ended(from, to time.Time, block string) {
	switch {
	case from.IsZero() || to.IsZero() || len(f.twice) > 0:
	case !to.After(from):
		f.wrong(block+"_time", "The end is not after the start.")
	case !to.After(time.Now()):
		f.wrong(block+"_time", "That is over already.")
	}
}

func (s *Slack) submitOverride(ctx context.Context, c desk.Caller, f *filled) answer {
	o := rotation.Override{Kind: rotation.OverrideKind(f.values[inputKind].SelectedOption.Value), Reason: named(f.values[inputReason].Value, s.nameOf)}
	rot := f.values[inputRotation].SelectedOption.Value
	var people []string
	for _, u := range f.values[inputBy].SelectedUsers {
		people = append(people, s.person(f, inputBy, u))
	}
	whose := f.values[inputPerson].SelectedUser
	switch {
	case o.Kind == rotation.Replace && whose == "":
		f.wrong(inputPerson, "Choose whose duty it is.")
	case o.Kind == rotation.Replace && len(people) != 1:
		f.wrong(inputBy, "Choose one person who takes it.")
	case o.Kind == rotation.Replace:
		o.Person, o.By = s.person(f, inputPerson, whose), people[0]
		if o.Person == o.By && o.By != "" {
			f.wrong(inputBy, "Nobody can stand in for themselves. Choose somebody else.")
		}
	case o.Kind != rotation.Set && len(people) == 0:
		f.wrong(inputBy, "Choose somebody.")
	default:
		o.People = people
	}
	o.Start, o.End = f.instant(inputFrom), f.instant(inputTo)
	f.ended(o.Start, o.End, inputTo)
	if a, ok := f.refused(func() slack.ModalViewRequest { return f.again(s.people.Current().Roster).override() }); !ok {
		return a
	}
	a, err := s.people.Override(ctx, c, rot, o)
	if err != nil {
		return s.atInput(inputRotation, err)
	}
	return s.changedRoster(c, deed{rot, "Done: " + s.viewNow().override(o) + "."}, a, nil)
}

func (s *Slack) submitSwap(ctx context.Context, c desk.Caller, f *filled, form string) answer {
	g, _, ok := stretch(f.values[inputShift].SelectedOption.Value)
	if !ok {
		f.wrong(inputShift, "Choose one of your shifts.")
	}
	_, self := c.Actor.Split()
	swap := rotation.Swap{Person: self, Start: fromNow(g, time.Now()), End: g.End}
	if from := f.instant(inputFrom); !from.IsZero() {
		swap.Start = from
	}
	if to := f.instant(inputTo); !to.IsZero() {
		swap.End = to
	}
	f.ended(swap.Start, swap.End, inputTo)
	if form == formSwap {
		swap.With = s.person(f, inputWith, f.values[inputWith].SelectedUser)
		if swap.With == self {
			f.wrong(inputWith, "Choose somebody else than yourself.")
		}
		swap.BackStart, swap.BackEnd = f.instant(inputBackFrom), f.instant(inputBackTo)
		switch {
		case swap.BackStart.IsZero() != swap.BackEnd.IsZero() && len(f.errors) == 0:
			f.wrong(inputBackTo+"_time", "In return: fill in both the start and the end, or neither.")
		default:
			f.ended(swap.BackStart, swap.BackEnd, inputBackTo)
		}
	}
	shifts := oncall.Conflicts(s.people.Current().Roster, self, time.Now(), time.Now().Add(shiftsAhead))
	again := func() slack.ModalViewRequest {
		if form == formSwap {
			return f.again(s.people.Current().Roster).swap(shifts)
		}
		return f.again(s.people.Current().Roster).cover(shifts)
	}
	if a, ok := f.refused(again); !ok {
		return a
	}
	a, err := s.people.AskSwap(ctx, c, oncall.SwapRequest{Rotation: g.Rotation, Swap: swap, Why: named(f.values[inputReason].Value, s.nameOf)})
	if err != nil {
		return s.atInput(inputShift, err)
	}
	asked := "everybody of the team is"
	if swap.With != "" {
		asked = s.names().who(incident.Person(swap.With)) + " is"
	}
	return s.changedRoster(c, deed{g.Rotation, "Asked: " + asked + " told. Until somebody accepts, you stay on call."}, a, nil)
}

func (s *Slack) submitAway(ctx context.Context, c desk.Caller, f *filled) answer {
	_, self := c.Actor.Split()
	off := rotation.TimeOff{Person: self, Start: f.instant(inputFrom), End: f.instant(inputTo)}
	f.ended(off.Start, off.End, inputTo)
	if a, ok := f.refused(func() slack.ModalViewRequest { return f.again(s.people.Current().Roster).away() }); !ok {
		return a
	}
	a, err := s.people.TimeOff(ctx, c, off)
	if err != nil {
		return s.atInput(inputFrom+"_date", err)
	}
	return s.changedRoster(c, deed{"", "Recorded: you are away " + span(oncall.Span{Start: off.Start, End: off.End}) + "."}, a, nil)
}
