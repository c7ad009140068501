package chat

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

const formFollowUp = "followup"

// The blocks of the forms, beside their text.
const (
	inputDue  = "due"
	inputTeam = "team"
)

// pressedFollowUp handles a button of a follow-up: each opens a short form.
func (s *Slack) pressedFollowUp(ctx context.Context, i slack.InteractionCallback, c desk.Caller, action *slack.BlockAction) answer {
	switch action.ActionID {
	case actFollowUps, actFollowUpMore:
		at := strings.LastIndexByte(action.Value, ' ')
		words, before := action.Value, ""
		if action.ActionID == actFollowUpMore && at >= 0 {
			words, before = action.Value[:at], action.Value[at+1:]
		}
		r, err := s.followUpList(ctx, c.Actor, words, before)
		if err != nil {
			r = ephemeral(s.trouble(err))
		}
		return s.told(c, r)
	}
	f, err := s.desk.FollowUp(ctx, c.Actor, action.Value)
	if err == nil && !f.Open() {
		r := incident.Refuse("", "%s is already %s, by {who} ({when}).", f.ID, f.StateWords())
		r.Who, r.When = f.EndedBy, f.Ended
		err = r
	}
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	state := formState{FollowUp: f.ID, Act: action.ActionID, ReplyURL: c.ReplyURL, Reminded: remindedIn(i)}
	return s.thenForm(i.TriggerID, c, s.followUpForm(f, state))
}

// remindedIn is the message whose button was pressed: it shows afterwards how its
// follow-ups stand. What only one person sees cannot be edited.
func remindedIn(i slack.InteractionCallback) *ledger.Message {
	if i.Container.IsEphemeral || i.Message.Timestamp == "" {
		return nil
	}
	return &ledger.Message{Channel: i.Channel.ID, TS: i.Message.Timestamp}
}

// followUpForm asks what an act on a follow-up needs.
func (s *Slack) followUpForm(f desk.ListedFollowUp, state formState) slack.ModalViewRequest {
	v := slack.ModalViewRequest{Type: slack.VTModal, CallbackID: formFollowUp, PrivateMetadata: state.String(), Close: plainText("Cancel")}
	blocks := []slack.Block{section("*" + f.ID + "* " + clip(esc(f.Title), 300))}
	title, submit := "Done: ", "Done"
	switch state.Act {
	case actFollowUpDate:
		title, submit = "Date of ", "Save"
		date := slack.NewDatePickerBlockElement(inputValue)
		date.InitialDate = s.dueDate(f.FollowUp)
		state.Shown = map[string]string{inputDue: date.InitialDate}
		v.PrivateMetadata = state.String()
		blocks = append(blocks, slack.NewInputBlock(inputDue, plainText("New date"), nil, date),
			followUpInput("What changed", "In a sentence, as in: it waits for the provider"))
	case actFollowUpDrop:
		title, submit = "Against ", "Save"
		blocks = append(blocks, followUpInput("What spoke against it", "In a sentence, as in: the old provider is switched off in March"))
	case actFollowUpGive:
		title, submit = "Give ", "Save"
		blocks = append(blocks, s.takerInputs()...)
	default:
		blocks = append(blocks, followUpInput("What was done", "A link to the change, or a sentence"))
	}
	v.Title, v.Submit, v.Blocks = plainText(clip(title+f.ID, 24)), plainText(submit), slack.Blocks{BlockSet: blocks}
	return v
}

// dueDate is the date of a follow-up as a form has it; empty: it has none.
func (s *Slack) dueDate(f incident.FollowUp) string {
	if f.Due.IsZero() {
		return ""
	}
	return f.Due.In(s.opt.Zone).Format(time.DateOnly)
}

// dateSent refuses a date that a follow-up has anyway, and one that overtakes another that
// it got since the form was opened.
func (s *Slack) dateSent(state formState, date string) func(incident.FollowUp) error {
	return func(f incident.FollowUp) error {
		now := s.dueDate(f)
		x := fields{state.Shown, map[string]string{inputDue: date}, map[string]string{inputDue: now}}
		switch {
		case x.overtaken(inputDue):
			return x.overtake(inputDue, f.ID+" was moved to "+now)
		case date == now && f.Open():
			return refuse("Choose another one, or press Cancel.", f.ID+" is due on "+now+" already.")
		}
		return nil
	}
}

func followUpInput(label, hint string) slack.Block {
	text := slack.NewPlainTextInputBlockElement(plainText(hint), inputValue)
	text.Multiline, text.MaxLength = true, 3000
	return slack.NewInputBlock(inputText, plainText(label), nil, text)
}

// takerInputs ask for a person or a team.
func (s *Slack) takerInputs() []slack.Block {
	who := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Somebody"), inputValue)
	blocks := []slack.Block{slack.NewInputBlock(inputHolder, plainText("To a person"), plainText("They are told by a direct message."), who).WithOptional(true)}
	options := teamOptions(s.people.Current().Roster.Teams)
	if len(options) == 0 {
		return blocks
	}
	team := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("A team"), inputValue)
	fill(team, options)
	return append(blocks, slack.NewInputBlock(inputTeam, plainText("Or to a team"), nil, team).WithOptional(true))
}

// teamOptions are the teams of the roster, to choose from.
func teamOptions(teams []rotation.Team) []*slack.OptionBlockObject {
	var options []*slack.OptionBlockObject
	for _, t := range teams {
		if len(options) < servicesMost && len(t.ID) <= valueMost {
			options = append(options, slack.NewOptionBlockObject(t.ID, plainText(clip(esc(t.Name), 75)), nil))
		}
	}
	return options
}

// submittedFollowUp does what the form says.
func (s *Slack) submittedFollowUp(ctx context.Context, c desk.Caller, v slack.View, state formState) answer {
	act := desk.FollowUpAct{Verb: desk.FinishTask, Text: named(stateOf(v, inputText).Value, s.nameOf)}
	input := inputText
	switch state.Act {
	case actFollowUpDrop:
		act.Verb = desk.DropTask
	case actFollowUpDate:
		act.Verb, input = desk.DateTask, inputDue
		act.Fit = s.dateSent(state, stateOf(v, inputDue).SelectedDate)
		var err error
		if act.Due, err = incident.DayOf(stateOf(v, inputDue).SelectedDate, time.Now(), s.opt.Zone); err != nil {
			return s.atInput(inputDue, err)
		}
		if incident.CleanText(act.Text) == "" {
			input = inputText
		}
	case actFollowUpGive:
		act.Verb, input = desk.GiveTask, inputHolder
		if user := stateOf(v, inputHolder).SelectedUser; user != "" {
			act.Person = s.people.Current().Actor(user)
		}
		act.Team = stateOf(v, inputTeam).SelectedOption.Value
	}
	_, f, err := s.desk.DoFollowUp(ctx, c, state.FollowUp, act)
	if err != nil {
		return s.atInput(input, err)
	}
	return answer{after: func(ctx context.Context) {
		if state.Reminded == nil {
			s.told(c, ephemeral(s.didFollowUp(act, f))).after(ctx)
			return
		}
		if err := s.showReminded(ctx, *state.Reminded); err != nil { // it was done all the same
			s.log.Warn().Str("error", refusalOr(err)).Msg("a message about follow-ups could not be brought up to date")
		}
	}}
}

// showReminded has a message say how the follow-ups stand of which it tells. What else it
// tells stays.
func (s *Slack) showReminded(ctx context.Context, at ledger.Message) error {
	stands, err := s.wire.Read(ctx, wire.Message(at))
	if err != nil || stands == nil {
		return err
	}
	blocks, err := s.followUpView().again(stands.Blocks.BlockSet, func(id string) (*desk.ListedFollowUp, error) {
		f, err := s.desk.FollowUp(ctx, incident.Bot, id) // whoever reads the message was shown it before
		if r := (*incident.Refusal)(nil); errors.As(err, &r) {
			return nil, nil
		}
		return &f, err
	})
	if err != nil {
		return err
	}
	return s.edit(ctx, at, message{text: stands.Text, blocks: blocks})
}
