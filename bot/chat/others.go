package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// formOthers is the form in which the incidents of a message are answered that have
// no buttons of their own there, since a message has room for some only.
const formOthers = "others"

// The blocks of the form.
const (
	inputIncidents = "incidents"
	inputAnswer    = "answer"
)

// othersButton is the button that opens the form, for those of the incidents that can be
// answered; nothing when there is none.
func othersButton(others []desk.Brief) []slack.BlockElement {
	var numbers []string
	for _, b := range others {
		if len(answers(b.Incident)) > 0 {
			numbers = append(numbers, strconv.Itoa(b.Incident.Number))
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	label := fmt.Sprintf("Answer the other %d", len(numbers))
	return []slack.BlockElement{button(actOthers, strings.Join(numbers, ","), label, "")}
}

// answerOthers opens the form for the incidents that the button named.
func (s *Slack) answerOthers(ctx context.Context, trigger string, c desk.Caller, value string) answer {
	var open []incident.Incident
	for number := range strings.SplitSeq(value, ",") {
		n, _ := strconv.Atoi(number) // 0, which is no incident, is not found
		b, err := s.desk.Show(ctx, c.Actor, n)
		if err == nil && b.Incident.Status.Active() && len(open) < optionsMost {
			open = append(open, b.Incident)
		}
	}
	if len(open) == 0 {
		return s.told(c, ephemeral("None of these is open any more."))
	}
	return s.thenForm(trigger, c, othersForm(open, formState{ReplyURL: c.ReplyURL}))
}

// othersForm asks which incidents are meant, and how they are answered.
func othersForm(open []incident.Incident, state formState) slack.ModalViewRequest {
	var options []*slack.OptionBlockObject
	for _, i := range open {
		text := i.Name() + " · " + i.Severity.String() + " · " + esc(i.Title)
		options = append(options, slack.NewOptionBlockObject(i.Name(), plainText(clip(text, 75)), nil))
	}
	which := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeStatic, plainText("One or several"), inputValue, options...)
	ack := slack.NewOptionBlockObject(string(desk.Acknowledge), plainText("Acknowledge"), nil)
	resolve := slack.NewOptionBlockObject(string(desk.Resolve), plainText("Resolve"), nil)
	how := slack.NewRadioButtonsBlockElement(inputValue, ack, resolve)
	how.InitialOption = ack
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formOthers, PrivateMetadata: state.String(),
		Title: plainText("Answer incidents"), Submit: plainText("Answer"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(inputIncidents, plainText("Incidents"), nil, which),
			slack.NewInputBlock(inputAnswer, plainText("Answer"), plainText("What was done can be added in the channel of each."), how),
		}},
	}
}

// submittedOthers answers the incidents that were chosen.
func (s *Slack) submittedOthers(ctx context.Context, c desk.Caller, v slack.View) answer {
	var names []string
	for _, o := range stateOf(v, inputIncidents).SelectedOptions {
		names = append(names, o.Value)
	}
	verb := desk.Acknowledge
	if stateOf(v, inputAnswer).SelectedOption.Value == string(desk.Resolve) {
		verb = desk.Resolve
	}
	return s.each(ctx, c, names, desk.Act{Verb: verb})
}
