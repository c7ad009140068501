package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

const (
	actCloseSeveral  = "close_several" // open the form that closes several; the value is their numbers
	formCloseSeveral = "close_several"
)

// closeSeveralButton closes several of the incidents; nothing where fewer than two are
// resolved.
func closeSeveralButton(list []incident.Incident) []slack.BlockElement {
	var numbers []string
	for _, i := range list {
		if i.Status == incident.Resolved && len(numbers) < optionsMost {
			numbers = append(numbers, strconv.Itoa(i.Number))
		}
	}
	if len(numbers) < 2 {
		return nil
	}
	return []slack.BlockElement{button(actCloseSeveral, strings.Join(numbers, ","), "Close several", "")}
}

// pressedCloseSeveral is the button.
func (s *Slack) pressedCloseSeveral(ctx context.Context, trigger string, c desk.Caller, value string) answer {
	var numbers []int
	for number := range strings.SplitSeq(value, ",") {
		n, _ := strconv.Atoi(number) // 0, which is no incident, is not found
		numbers = append(numbers, n)
	}
	return s.askClose(ctx, trigger, c, numbers, "")
}

// askClose opens the form in which the incidents are chosen that are to be closed. It says
// of each what is missing, and leaves out what cannot be closed, with the reason.
func (s *Slack) askClose(ctx context.Context, trigger string, c desk.Caller, numbers []int, text string) answer {
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var list []desk.Ending
	var not []string
	for _, n := range numbers[:min(len(numbers), optionsMost)] {
		e, err := s.desk.Ending(ctx, c.Actor, n)
		if err == nil && e.Incident.Status != incident.Resolved {
			err = e.Incident.MayClose()
		}
		switch {
		case err != nil:
			not = append(not, s.trouble(err))
		default:
			list = append(list, e)
		}
	}
	if left := len(numbers) - optionsMost; left > 0 {
		not = append(not, fmt.Sprintf("%d more do not fit here: do it again afterwards.", left))
	}
	if len(list) == 0 {
		return s.told(c, ephemeral(strings.Join(not, "\n"), sections(strings.Join(not, "\n"))...))
	}
	return s.thenForm(trigger, c, closeSeveralForm(list, not, text, formState{ReplyURL: c.ReplyURL}))
}

// closeSeveralForm lists incidents with a box each, and what is missing of each. Those of
// which nothing is missing are ticked already.
func closeSeveralForm(list []desk.Ending, not []string, text string, state formState) slack.ModalViewRequest {
	head := "What is ticked is closed, each by itself. Ticked already is what is ready for it."
	if len(not) > 0 {
		head += "\n" + clip(strings.Join(not, "\n"), 2500)
	}
	blocks := []slack.Block{section(head)}
	gaps := false
	for k, part := range slices.Collect(slices.Chunk(list, boxesMost)) {
		boxes := slack.NewCheckboxGroupsBlockElement(inputValue)
		for _, e := range part {
			i, about := e.Incident, "ready"
			if len(e.Gaps) > 0 {
				var missing []string
				for _, g := range e.Gaps {
					missing = append(missing, g.Says)
				}
				about, gaps = strings.Join(missing, "; "), true
			}
			o := slack.NewOptionBlockObject(i.Name(), plainText(clip(i.Name()+" · "+i.Severity.String()+" · "+esc(i.Title), 75)), plainText(clip(esc(about), 75)))
			if boxes.Options = append(boxes.Options, o); len(e.Gaps) == 0 {
				boxes.InitialOptions = append(boxes.InitialOptions, o)
			}
		}
		label := "Incidents"
		if k > 0 {
			label = "Further incidents"
		}
		blocks = append(blocks, slack.NewInputBlock(inputBoxes+strconv.Itoa(k), plainText(label), nil, boxes).WithOptional(true))
	}
	if gaps {
		blocks = append(blocks, slack.NewInputBlock(inputAnyway, plainText("Close what is not ready anyway, because"),
			plainText("Whatever is missing then is kept in each timeline, with your words."), longInput("The same as INC-4, which has a post-mortem", "")).WithOptional(true))
	}
	blocks = append(blocks, slack.NewInputBlock(inputText, plainText("Words for the end"), nil, longInput("", text)).WithOptional(true))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formCloseSeveral, PrivateMetadata: state.String(),
		Title: plainText("Close several"), Submit: plainText("Close"), Close: plainText("Cancel"), Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// submittedCloseSeveral closes what is ticked, each by itself, and says of which that was
// refused.
func (s *Slack) submittedCloseSeveral(ctx context.Context, c desk.Caller, v slack.View) answer {
	chosen := ticked(v)
	if len(chosen) == 0 {
		return answer{payload: slack.NewErrorsViewSubmissionResponse(map[string]string{inputText: "Nothing is ticked. Tick what is to be closed, or press Cancel."})}
	}
	words := named(strings.TrimSpace(stateOf(v, inputText).Value), s.nameOf)
	anyway := named(strings.TrimSpace(stateOf(v, inputAnyway).Value), s.nameOf)
	do := func(ctx context.Context, c desk.Caller, n int) error { return s.closeOne(ctx, c, n, words, anyway) }
	return s.severally(ctx, c, "Closed", chosen, do, func(context.Context) []slack.BlockElement { return nil })
}

// closeOne closes an incident, whatever is missing where a reason for that is given.
func (s *Slack) closeOne(ctx context.Context, c desk.Caller, n int, words, anyway string) error {
	x := desk.Closure{Text: words}
	if anyway != "" {
		e, err := s.desk.Ending(ctx, c.Actor, n)
		if err != nil {
			return err
		}
		if len(e.Gaps) > 0 {
			x = desk.Closure{Anyway: strings.TrimSpace(anyway + " " + words)}
		}
	}
	_, err := s.desk.CloseWith(ctx, c, n, x)
	var r *incident.Refusal
	if errors.As(err, &r) && r.Who == c.Actor { // who has done it already need not hear it
		return nil
	}
	return err
}

// ticked are the names of the incidents that are ticked in a form of several.
func ticked(v slack.View) []string {
	var chosen []string
	for k := range optionsMost / boxesMost {
		for _, o := range stateOf(v, inputBoxes+strconv.Itoa(k)).SelectedOptions {
			chosen = append(chosen, o.Value)
		}
	}
	return chosen
}

// outcomeOf says how many of several it was done to, and of which it was refused.
func outcomeOf(did string, done, of int, refused []string, more ...slack.BlockElement) reply {
	lines := []string{fmt.Sprintf("%s: %d of %d.", did, done, of)}
	lines = append(lines, refused[:min(len(refused), 20)]...)
	if more := len(refused) - 20; more > 0 {
		lines = append(lines, fmt.Sprintf("And %d more.", more))
	}
	text := strings.Join(lines, "\n")
	blocks := sections(text)
	if len(more) > 0 {
		blocks = append(blocks, slack.NewActionBlock("", more...))
	}
	return ephemeral(text, blocks...)
}
