package chat

import (
	"context"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// fromMessage is the message from which somebody declares an incident.
type fromMessage struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	Author  string `json:"author,omitempty"` // a Slack user; empty for what no person wrote
	Link    string `json:"link,omitempty"`
}

// declareForm asks what is broken. What is known already is filled in; only the title
// is required.
func declareForm(c Command, services []rotation.Service, state formState) slack.ModalViewRequest {
	title := slack.NewPlainTextInputBlockElement(plainText("Card payments fail"), inputValue)
	title.InitialValue = short(c.Text, 3000)
	title.MaxLength = 3000
	blocks := []slack.Block{
		slack.NewInputBlock(inputTitle, plainText("What can customers not do?"), nil, title),
		symptomInput(), functionInput(services), severityInput(c.Severity),
	}
	if b := serviceInput(c.Service, services); b != nil {
		blocks = append(blocks, b)
	}
	details := slack.NewPlainTextInputBlockElement(plainText("What you see, since when, what you tried"), inputValue)
	details.Multiline = true
	details.MaxLength = 3000
	details.InitialValue = short(c.Details, 2900)
	blocks = append(blocks, slack.NewInputBlock(inputDetails, plainText("Details"), nil, details).WithOptional(true), optionsInput(c))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formDeclare, PrivateMetadata: state.String(),
		Title: plainText("Declare an incident"), Submit: plainText("Declare"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// symptomInput asks what customers see, with the question that tells each from the
// others.
func symptomInput() slack.Block {
	var options []*slack.OptionBlockObject
	for _, s := range incident.Symptoms() {
		options = append(options, slack.NewOptionBlockObject(string(s), plainText(incident.Capital(s.Word())), plainText(s.Help())))
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Leave empty if unsure"), inputValue, options...)
	return slack.NewInputBlock(inputSymptom, plainText("What do they see?"), nil, menu).WithOptional(true)
}

// functionInput asks for the business function: one of those that services have, or
// else in words.
func functionInput(services []rotation.Service) slack.Block {
	var functions []string
	for _, s := range services {
		for _, f := range s.Functions {
			if f = strings.TrimSpace(f); f != "" && length(f) <= valueMost && !slices.Contains(functions, f) {
				functions = append(functions, f)
			}
		}
	}
	slices.Sort(functions)
	label := plainText("Business function")
	if len(functions) == 0 {
		words := slack.NewPlainTextInputBlockElement(plainText("Paying, logging in, searching"), inputValue)
		words.MaxLength = valueMost
		return slack.NewInputBlock(inputFunction, label, nil, words).WithOptional(true)
	}
	var options []*slack.OptionBlockObject
	for _, f := range functions[:min(len(functions), servicesMost)] {
		options = append(options, slack.NewOptionBlockObject(f, plainText(clip(esc(f), 75)), nil))
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Leave empty if unsure"), inputValue)
	fill(menu, options)
	return slack.NewInputBlock(inputFunction, label, plainText("Of one that one service has, its owner is paged."), menu).WithOptional(true)
}

// severityInput asks how bad it is, in words.
func severityInput(chosen incident.Severity) slack.Block {
	var options []*slack.OptionBlockObject
	for s := incident.Sev1; s <= incident.Sev4; s++ {
		options = append(options, slack.NewOptionBlockObject(s.String(), plainText(clip(severityWords(s), 75)), nil))
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("If you leave it empty: "+incident.DefaultSeverity.String()), inputValue, options...)
	if chosen > 0 {
		menu.InitialOption = options[chosen-1]
	}
	return slack.NewInputBlock(inputSeverity, plainText("Severity"),
		plainText("If you are unsure between two, take the worse one. You can change it at any time."), menu).WithOptional(true)
}

func optionsInput(c Command) slack.Block {
	private := slack.NewOptionBlockObject("private", plainText("Private: only the people involved can see it"), nil)
	drill := slack.NewOptionBlockObject("drill", plainText("A drill: only you are paged"), nil)
	boxes := slack.NewCheckboxGroupsBlockElement(inputValue, private, drill)
	if c.Private {
		boxes.InitialOptions = append(boxes.InitialOptions, private)
	}
	if c.Test {
		boxes.InitialOptions = append(boxes.InitialOptions, drill)
	}
	return slack.NewInputBlock(inputOptions, plainText("Options"), nil, boxes).WithOptional(true)
}

// readDeclaration reads a submitted declare form.
func readDeclaration(v slack.View) incident.Declaration {
	d := incident.Declaration{
		Title:    stateOf(v, inputTitle).Value,
		Service:  stateOf(v, inputService).SelectedOption.Value,
		Function: stateOf(v, inputFunction).Value + stateOf(v, inputFunction).SelectedOption.Value, // one of both
		Details:  stateOf(v, inputDetails).Value,
	}
	d.Severity, _ = incident.ParseSeverity(stateOf(v, inputSeverity).SelectedOption.Value)
	d.Symptom, _ = incident.ParseSymptom(stateOf(v, inputSymptom).SelectedOption.Value)
	for _, o := range stateOf(v, inputOptions).SelectedOptions {
		d.Private = d.Private || o.Value == "private"
		d.Test = d.Test || o.Value == "drill" || o.Value == "test" // as forms had it that stand open
	}
	return d
}

// submittedDeclaration declares what the form says. Whoever did is always answered: by
// the message that opened it, or else by a direct message.
func (s *Slack) submittedDeclaration(ctx context.Context, c desk.Caller, v slack.View, state formState) answer {
	d := readDeclaration(v)
	d.Title, d.Details = named(d.Title, s.nameOf), named(d.Details, s.nameOf)
	from := state.From
	if from.Author != "" {
		d.Reporter = s.people.Current().Actor(from.Author)
	}
	if from.Link != "" && !strings.Contains(d.Details, from.Link) {
		d.Details = strings.TrimSpace(d.Details + "\n" + from.Link)
	}
	a, err := s.desk.Declare(ctx, c, d)
	if err != nil {
		return s.atInput(inputTitle, err)
	}
	r := s.declared(ctx, c.Actor, a, Command{})
	return answer{after: func(ctx context.Context) {
		if c.ReplyURL != "" {
			s.told(c, r).after(ctx)
		} else {
			s.tellDirectly(ctx, c.Actor, r)
		}
		if from.TS != "" && !a.Incident.Private && !a.Repeated {
			s.tellThread(ctx, from, a.Incident)
		}
	}}
}

// tellDirectly answers by a direct message who pressed where no answer can be shown.
func (s *Slack) tellDirectly(ctx context.Context, who incident.Actor, r reply) {
	user := s.people.Current().SlackOf(who)
	if user == "" {
		return
	}
	err := wire.Patiently(ctx, func() error {
		dm, err := s.wire.OpenDM(ctx, user)
		if err == nil {
			_, err = s.wire.Post(ctx, dm, slack.MsgOptionText(r.Text, false), slack.MsgOptionBlocks(shownBlocks(r)...))
		}
		return err
	})
	if err != nil {
		s.log.Warn().Str("error", wire.Plain(err)).Msg("whoever declared an incident was not answered")
	}
}

// tellThread tells those who read a message that it has become an incident.
func (s *Slack) tellThread(ctx context.Context, from fromMessage, i incident.Incident) {
	text := drillMark(i) + "*" + i.Name() + "* was declared from this message: " + taken(i, s.names())
	err := wire.Patiently(ctx, func() error {
		_, err := s.wire.Post(ctx, from.Channel, slack.MsgOptionTS(from.TS), slack.MsgOptionText(text, false))
		return err
	})
	if err != nil {
		s.log.Warn().Str("incident", i.Name()).Str("error", wire.Plain(err)).Msg("the thread of a message was not told that it is an incident")
	}
}

// declareFrom opens the form for a message: its first line is the title, all of it
// with its link the first note.
func (s *Slack) declareFrom(i slack.InteractionCallback) answer {
	m := i.Message
	text := strings.TrimSpace(tidy(m.Text))
	title, _, _ := strings.Cut(text, "\n")
	from := fromMessage{Channel: i.Channel.ID, TS: m.Timestamp, Author: m.User}
	if s.ours(m.User) || m.BotID != "" {
		from.Author = ""
	}
	if i.Team.Domain != "" {
		from.Link = "https://" + i.Team.Domain + ".slack.com/archives/" + from.Channel + "/p" + strings.ReplaceAll(from.TS, ".", "")
	}
	wrote := ""
	if m.User != "" {
		wrote = s.nameOf(m.User) + " wrote: "
	}
	cmd := Command{Text: named(short(title, 200), s.nameOf), Details: strings.TrimSpace(wrote + named(text, s.nameOf))}
	caller := desk.Caller{Actor: s.people.Current().Actor(i.User.ID), ReplyURL: i.ResponseURL}
	state := formState{ReplyURL: i.ResponseURL, From: from}
	return s.thenForm(i.TriggerID, caller, declareForm(cmd, s.people.Current().Roster.Services, state))
}

// seen is what customers see of an incident, and in which business function.
func seen(i incident.Incident) string {
	var parts []string
	if i.Symptom != "" {
		parts = append(parts, i.Symptom.Word())
	}
	if i.Function != "" {
		parts = append(parts, i.Function)
	}
	return strings.Join(parts, ": ")
}
