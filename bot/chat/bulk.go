package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

const (
	actSeveral  = "several" // open the form that resolves several; the value is "n" and their numbers, or "w" and the words of a list
	formSeveral = "several"
	inputBoxes  = "boxes_" // with the number of the group behind it
)

// boxesMost is how many checkboxes Slack takes in one group.
const boxesMost = 10

// severalButton resolves several of the incidents of a message; nothing where fewer than
// two are open.
func severalButton(list []incident.Incident) []slack.BlockElement {
	var numbers []string
	for _, i := range list {
		if i.Status.Active() && len(numbers) < optionsMost {
			numbers = append(numbers, strconv.Itoa(i.Number))
		}
	}
	if len(numbers) < 2 {
		return nil
	}
	return []slack.BlockElement{button(actSeveral, "n "+strings.Join(numbers, ","), "Resolve several", "")}
}

// stillOpen are the open incidents that a button means and that somebody may see.
func (s *Slack) stillOpen(ctx context.Context, who incident.Actor, value string) (open []incident.Incident, more int, err error) {
	kind, what, _ := strings.Cut(value, " ")
	if kind == "n" {
		for number := range strings.SplitSeq(what, ",") {
			n, _ := strconv.Atoi(number) // 0, which is no incident, is not found
			if b, err := s.desk.Show(ctx, who, n); err == nil && b.Incident.Status.Active() {
				open = append(open, b.Incident)
			}
		}
		return open, 0, nil
	}
	f, err := readFilter(who, what, s.people.Current().FindService)
	if search, ok := strings.CutPrefix(what, "? "); ok {
		f, err = searchFilter(search), nil
	}
	if err != nil {
		return nil, 0, err
	}
	q := f.query
	q.All, q.Limit, q.Shown = false, optionsMost, true // what is over would take the room of what is not
	if len(q.Statuses) > 0 {
		if q.Statuses = slices.DeleteFunc(q.Statuses, func(s incident.Status) bool { return !s.Active() }); len(q.Statuses) == 0 {
			return nil, 0, nil
		}
	}
	found, err := s.desk.Search(ctx, who, q)
	open = slices.DeleteFunc(found.Incidents, func(i incident.Incident) bool { return !i.Status.Active() })
	return open, found.Total - len(found.Incidents), err
}

// askSeveral opens the form in which the incidents are chosen that are to be resolved.
func (s *Slack) askSeveral(ctx context.Context, trigger string, c desk.Caller, value string) answer {
	open, more, err := s.stillOpen(ctx, c.Actor, value)
	switch {
	case err != nil:
		return s.told(c, ephemeral(s.trouble(err)))
	case len(open) == 0:
		return s.told(c, ephemeral("None of these is open any more."))
	}
	return s.thenForm(trigger, c, severalForm(open, more, formState{ReplyURL: c.ReplyURL}))
}

// severalForm lists incidents with a box each. Those whose alerts are over, as their
// senders say, are ticked already.
func severalForm(open []incident.Incident, more int, state formState) slack.ModalViewRequest {
	head := "What is ticked is resolved, each by itself. Ticked already is what has no alert that fires any more."
	if left := more + max(0, len(open)-optionsMost); left > 0 {
		head += fmt.Sprintf(" %d more do not fit here: do it again afterwards.", left)
	}
	blocks := []slack.Block{section(head)}
	for k, part := range slices.Collect(slices.Chunk(open[:min(len(open), optionsMost)], boxesMost)) {
		boxes := slack.NewCheckboxGroupsBlockElement(inputValue)
		for _, i := range part {
			about := string(i.Status)
			if i.AlertOver {
				about += "; all its alerts are over"
			}
			o := slack.NewOptionBlockObject(i.Name(), plainText(clip(i.Name()+" · "+i.Severity.String()+" · "+esc(i.Title), 75)), plainText(about))
			if boxes.Options = append(boxes.Options, o); i.AlertOver {
				boxes.InitialOptions = append(boxes.InitialOptions, o)
			}
		}
		label := "Incidents"
		if k > 0 {
			label = "Further incidents"
		}
		blocks = append(blocks, slack.NewInputBlock(inputBoxes+strconv.Itoa(k), plainText(label), nil, boxes).WithOptional(true))
	}
	text := slack.NewPlainTextInputBlockElement(plainText("In a sentence, for each of their timelines"), inputValue)
	text.MaxLength = 3000
	blocks = append(blocks, slack.NewInputBlock(inputText, plainText("What was done"), nil, text).WithOptional(true))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formSeveral, PrivateMetadata: state.String(),
		Title: plainText("Resolve several"), Submit: plainText("Resolve"), Close: plainText("Cancel"), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// submittedSeveral resolves what is ticked, each by itself, and says of which that was
// refused.
func (s *Slack) submittedSeveral(ctx context.Context, c desk.Caller, v slack.View) answer {
	chosen := ticked(v)
	if len(chosen) == 0 {
		return answer{payload: slack.NewErrorsViewSubmissionResponse(map[string]string{inputText: "Nothing is ticked. Tick what is over, or press Cancel."})}
	}
	act := desk.Act{Verb: desk.Resolve, Text: named(stateOf(v, inputText).Value, s.nameOf)}
	return s.severally(ctx, c, "Resolved", chosen, s.doing(act), func(ctx context.Context) []slack.BlockElement {
		return s.closeNext(ctx, c.Actor, chosen)
	})
}

// severally does the same to each of the incidents that are ticked in a form, before the form
// closes as far as there is time, and says then to how many it was done, with the buttons
// that follow.
func (s *Slack) severally(ctx context.Context, c desk.Caller, did string, chosen []string, do func(context.Context, desk.Caller, int) error,
	next func(context.Context) []slack.BlockElement) answer {
	refused, late := s.forEach(ctx, c, chosen, do)
	return answer{after: func(ctx context.Context) {
		more, late := s.forEach(ctx, c, late, do)
		refused = append(refused, more...)
		done := len(chosen) - len(refused) - len(late)
		if len(late) > 0 {
			refused = append(refused, "That did not work for "+strings.Join(late, ", ")+". Please try again.")
		}
		s.told(c, outcomeOf(did, done, len(chosen), refused, next(ctx)...)).after(ctx)
	}}
}

// closeNext offers to close what has been resolved together.
func (s *Slack) closeNext(ctx context.Context, who incident.Actor, names []string) []slack.BlockElement {
	var list []incident.Incident
	for _, name := range names {
		n, _ := incident.ParseName(name) // 0, which is no incident, is not found
		if b, err := s.desk.Show(ctx, who, n); err == nil {
			list = append(list, b.Incident)
		}
	}
	return closeSeveralButton(list)
}
