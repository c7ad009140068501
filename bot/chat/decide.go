package chat

import (
	"context"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// The forms about decisions, and the button that opens the one for a decision; its value
// is the incident's number.
const (
	formDecide = "decide"
	formObject = "object"
	actDecide  = "decide"
)

// noteForms are the words that open a form where nothing stands behind them.
var noteForms = map[string]string{"decide": actDecide, "object": actObject}

// The blocks of the form for a decision, beside its text.
const (
	inputPlanB    = "plan_b"
	inputDecision = "decision"
)

// noteForm opens a form about a decision, whatever the status: what was decided can be
// written down afterwards.
func (s *Slack) noteForm(ctx context.Context, trigger string, c desk.Caller, p press) answer {
	b, err := s.desk.Show(ctx, c.Actor, p.incident)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	state := formState{Incident: p.incident, ReplyURL: c.ReplyURL}
	if p.action == actDecide {
		return s.thenForm(trigger, c, decideForm(b.Incident, state))
	}
	events, err := s.desk.Noted(ctx, p.incident)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	var decisions []incident.Entry
	for _, n := range incident.Entries(events) {
		if n.Decision > 0 && !n.Hidden {
			decisions = append(decisions, n)
		}
	}
	if len(decisions) == 0 {
		return s.told(c, ephemeral("Nothing has been decided in "+b.Incident.Name()+" yet."))
	}
	return s.thenForm(trigger, c, objectForm(b.Incident, decisions, state))
}

// textInput is an input of several lines.
func textInput(block, label, hint string) *slack.InputBlock {
	text := slack.NewPlainTextInputBlockElement(plainText(hint), inputValue)
	text.Multiline = true
	text.MaxLength = 1500
	return slack.NewInputBlock(block, plainText(label), nil, text)
}

func decideForm(i incident.Incident, state formState) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formDecide, PrivateMetadata: state.String(),
		Title: plainText(clip("Decision in "+i.Name(), 24)), Submit: plainText("Record"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			section("*" + i.Name() + " · " + esc(i.Title) + "*"),
			textInput(inputText, "What was decided", "Route cards to provider B"),
			textInput(inputOptions, "Options that were on the table", "One a line").WithOptional(true),
			textInput(inputReason, "Reason", "As it looks now").WithOptional(true),
			textInput(inputPlanB, "Plan B", "What is done if it does not help").WithOptional(true),
		}},
	}
}

func objectForm(i incident.Incident, decisions []incident.Entry, state formState) slack.ModalViewRequest {
	var options []*slack.OptionBlockObject
	for _, n := range decisions[max(0, len(decisions)-optionsMost):] {
		text := strconv.Itoa(n.Decision) + " · " + esc(strings.Join(strings.Fields(incident.ParseChoice(n.Text).Chosen), " "))
		options = append(options, slack.NewOptionBlockObject(strconv.Itoa(n.Decision), plainText(clip(text, 75)), nil))
	}
	which := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Which decision"), inputValue, options...)
	which.InitialOption = options[len(options)-1]
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formObject, PrivateMetadata: state.String(),
		Title: plainText(clip("Objection, "+i.Name(), 24)), Submit: plainText("Record"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(inputDecision, plainText("Decision"), nil, which),
			textInput(inputText, "What speaks against it", "Provider B has no capacity at noon"),
		}},
	}
}

// submittedNote records a decision or an objection from its form.
func (s *Slack) submittedNote(ctx context.Context, c desk.Caller, v slack.View, n int) answer {
	text := func(block string) string { return named(strings.TrimSpace(stateOf(v, block).Value), s.nameOf) }
	act := desk.Act{Verb: desk.Object, Text: text(inputText)}
	act.Entry, _ = strconv.Atoi(stateOf(v, inputDecision).SelectedOption.Value) // none: the latest
	if v.CallbackID == formDecide {
		choice := incident.Choice{Chosen: text(inputText), Reason: text(inputReason), PlanB: text(inputPlanB)}
		for o := range strings.Lines(text(inputOptions)) {
			if o = strings.TrimSpace(o); o != "" {
				choice.Options = append(choice.Options, o)
			}
		}
		act = desk.Act{Verb: desk.Note, Note: incident.Decision, Text: choice.String()}
	}
	if _, err := s.desk.Do(ctx, c, n, act); err != nil {
		return s.atInput(inputText, err)
	}
	return answer{}
}

// helpAsked says who asks whom for help, and what for.
func (n names) helpAsked(e incident.Event) string {
	whom := n.all(e.Calls)
	if e.Target != "" {
		whom = esc(e.Target) + " (" + whom + ")"
	}
	line := n.begins(e) + " asks " + whom + " for help"
	if e.Text == "" {
		return line + "."
	}
	return line + ": " + clip(escLines(e.Text), 2000)
}
