package chat

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

const (
	actClose  = "close" // close it, or open the form with what is missing
	formClose = "close"
)

// The blocks of the form besides the common ones.
const (
	inputPublic   = "public"
	inputUpdate   = "update"
	inputReviewer = "reviewer"
	inputWaive    = "waive"
	inputTask     = "task"
	inputNoTasks  = "no_tasks"
	inputAccept   = "accept"
	inputAnyway   = "anyway"
)

// closeButton is on the card of what is resolved.
func closeButton(i incident.Incident) []slack.BlockElement {
	if i.Status != incident.Resolved {
		return nil
	}
	return []slack.BlockElement{button(actClose, strconv.Itoa(i.Number), "Close", "")}
}

// closes closes an incident of which nothing is missing, or opens the form with the list
// of what is. done is false where neither can be: then the desk says what is wrong.
func (s *Slack) closes(ctx context.Context, trigger string, c desk.Caller, n int, text string) (a answer, done bool) {
	if anyway, _ := incident.ParseClose(text); anyway {
		return answer{}, false
	}
	e, err := s.desk.Ending(ctx, c.Actor, n)
	if err != nil || e.Incident.Status != incident.Resolved || len(e.Gaps) == 0 {
		return answer{}, false
	}
	if s.desk.MayAct(ctx, c, n, desk.Act{Verb: desk.Close}) != nil {
		return answer{}, false
	}
	return s.thenForm(trigger, c, closeForm(e, s.people.Current().Roster.Teams, text, formState{Incident: n, ReplyURL: c.ReplyURL})), true
}

// pressedClose is the button of the card. What it did is seen there and in the channel; where
// it is not, it is said.
func (s *Slack) pressedClose(ctx context.Context, trigger string, c desk.Caller, value string, unseen bool) answer {
	n, _ := strconv.Atoi(value) // 0, which is no incident, is refused
	if a, done := s.closes(ctx, trigger, c, n, ""); done {
		return a
	}
	act := desk.Act{Verb: desk.Close}
	a, err := s.desk.Do(ctx, c, n, act)
	switch {
	case err != nil:
		return s.told(c, s.mistake(err, Command{Typed: "close " + incident.Name(n)}))
	case unseen:
		return s.told(c, ephemeral(drillMark(a.Incident)+s.did(act, a)))
	}
	return answer{}
}

// closeForm says item by item what is there and what is missing, and asks for the latter.
func closeForm(e desk.Ending, teams []rotation.Team, text string, state formState) slack.ModalViewRequest {
	i := e.Incident
	blocks := []slack.Block{section("*" + i.Name() + " · " + esc(i.Title) + "*\n" + strings.Join(endingLines(e), "\n"))}
	for _, g := range e.Gaps {
		inputs := gapInputs(i, teams, g)
		if len(inputs) == 0 || g.Item == incident.ItemFollowUps && len(teams) == 0 {
			inputs = append(inputs, contextLine("To mend that, press Cancel and type: `"+esc(g.Mend)+"`"))
		}
		blocks = append(blocks, inputs...)
	}
	if text != "" {
		blocks = append(blocks, slack.NewInputBlock(inputText, plainText("Words for the end"), nil, longInput("", text)).WithOptional(true))
	}
	blocks = append(blocks, slack.NewInputBlock(inputAnyway, plainText("Close it anyway, because"),
		plainText("Whatever is missing then is kept in the timeline, with your words."), longInput("The rest is done in the review", "")).WithOptional(true))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formClose, PrivateMetadata: state.String(),
		Title: plainText(clip("Close "+i.Name(), 24)), Submit: plainText("Close it"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

func longInput(placeholder, value string) *slack.PlainTextInputBlockElement {
	input := slack.NewPlainTextInputBlockElement(nil, inputValue)
	if placeholder != "" {
		input.Placeholder = plainText(placeholder)
	}
	input.Multiline, input.MaxLength, input.InitialValue = true, 3000, short(value, 3000)
	return input
}

// endingLines are the items of the list, each with how it stands. What is missing is a
// sentence by itself, as is what is known of the impact.
func endingLines(e desk.Ending) []string {
	missing := map[incident.Item]string{}
	for _, g := range e.Gaps {
		missing[g.Item] = g.Says
	}
	i := e.Incident
	var lines []string
	add := func(item incident.Item, name, there string) {
		switch says := missing[item]; {
		case says != "":
			lines = append(lines, ":white_large_square: "+esc(incident.Capital(says)))
		case there != "":
			lines = append(lines, ":white_check_mark: "+name+there)
		}
	}
	promises := "none was missed"
	if len(e.Record.Missed) > 0 {
		promises = "missed, and there is an answer to it"
	}
	review := "waived"
	if i.Reviewer != "" {
		review = "somebody writes it"
	}
	followUps := strconv.Itoa(len(i.FollowUps)) + ", each with a team and a date"
	if len(i.FollowUps) == 0 {
		followUps = "none is needed"
	}
	add(incident.ItemImpact, "", impactLine(i))
	add(incident.ItemHow, "How it was mitigated: ", string(i.How))
	add(incident.ItemPublic, "", "")
	add(incident.ItemReview, "Post-mortem: ", review)
	add(incident.ItemFollowUps, "Follow-ups: ", followUps)
	add(incident.ItemPromises, "Promises: ", promises)
	add(incident.ItemStakeholders, "", "")
	return lines
}

// gapInputs ask for what is missing of an item; nothing of it is required.
func gapInputs(i incident.Incident, teams []rotation.Team, g incident.Gap) []slack.Block {
	ask := func(block, label, placeholder string) slack.Block {
		return slack.NewInputBlock(block, plainText(label), nil, longInput(placeholder, "")).WithOptional(true)
	}
	switch g.Item {
	case incident.ItemImpact:
		until := slack.NewPlainTextInputBlockElement(plainText("14:40"), inputValue)
		until.MaxLength = 40
		return []slack.Block{slack.NewInputBlock(inputUntil, plainText("When was the impact over?"), plainText("On your own clock: 14:40, or with the day, as in 2026-11-29 14:40."), until).WithOptional(true)}
	case incident.ItemHow:
		return []slack.Block{howInput(i)}
	case incident.ItemPublic:
		return []slack.Block{ask(inputPublic, "Last words for the public", "All card payments work again")}
	case incident.ItemStakeholders:
		return []slack.Block{ask(inputUpdate, "Last update for those with an interest", "Card payments work again; what failed is refunded")}
	case incident.ItemReview:
		who := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Whoever was there last, or volunteers"), inputValue)
		return []slack.Block{
			slack.NewInputBlock(inputReviewer, plainText("Who writes the post-mortem?"), nil, who).WithOptional(true),
			ask(inputWaive, "Or none is needed, because", "It is the same as INC-4, which has one"),
		}
	case incident.ItemFollowUps:
		if len(i.FollowUps) > 0 {
			return unownedInputs(i, teams)
		}
		return []slack.Block{ask(inputTask, "What is to be done yet?", "Load the provider's roots weekly"), ask(inputNoTasks, "Or nothing, because", "The provider has mended it")}
	case incident.ItemPromises:
		list := []slack.Block{ask(inputAccept, "The missed promise is accepted, because", "The provider was down for everybody")}
		if len(i.FollowUps) > 0 { // otherwise it is asked for already
			list = append([]slack.Block{ask(inputTask, "What is to be done, so that the promise is kept?", "Page the secondary after three minutes")}, list...)
		}
		return list
	}
	return nil
}

// unownedMost is of how many follow-ups the form asks what they lack.
const unownedMost = 10

// unownedInputs ask for the teams and the dates that follow-ups lack.
func unownedInputs(i incident.Incident, teams []rotation.Team) []slack.Block {
	var blocks []slack.Block
	for _, f := range i.FollowUps {
		name := clip(f.ID+" “"+f.Title, 60) + "”"
		if options := teamOptions(teams); f.NoTeam() && len(options) > 0 {
			team := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("A team"), inputValue)
			fill(team, options)
			blocks = append(blocks, slack.NewInputBlock(inputTeam+" "+f.ID, plainText("Who does "+name+"?"), nil, team).WithOptional(true))
		}
		if f.NoDate() {
			blocks = append(blocks, slack.NewInputBlock(inputDue+" "+f.ID, plainText("Until when is "+name+" done?"), nil, slack.NewDatePickerBlockElement(inputValue)).WithOptional(true))
		}
	}
	return blocks[:min(len(blocks), unownedMost)]
}

// readClosure reads what was filled in.
func (s *Slack) readClosure(c desk.Caller, v slack.View) (x desk.Closure, err error) {
	words := func(block string) string { return named(strings.TrimSpace(stateOf(v, block).Value), s.nameOf) }
	x = desk.Closure{
		How: incident.How(stateOf(v, inputHow).SelectedOption.Value), Public: words(inputPublic), Update: words(inputUpdate),
		Waive: words(inputWaive), Task: words(inputTask), NoFollowUps: words(inputNoTasks), Accept: words(inputAccept),
		Anyway: words(inputAnyway), Text: words(inputText), Until: strings.TrimSpace(stateOf(v, inputUntil).Value), Zone: s.zoneOf(c.Actor),
		Teams: map[string]string{}, Dates: map[string]time.Time{},
	}
	if user := stateOf(v, inputReviewer).SelectedUser; user != "" {
		x.Reviewer = s.people.Current().Actor(user)
	}
	for _, b := range v.Blocks.BlockSet {
		block := b.ID()
		if id, ok := strings.CutPrefix(block, inputTeam+" "); ok {
			if team := stateOf(v, block).SelectedOption.Value; team != "" {
				x.Teams[id] = team
			}
		}
		if id, ok := strings.CutPrefix(block, inputDue+" "); ok {
			if date := stateOf(v, block).SelectedDate; date != "" {
				x.Dates[id], err = incident.DayOf(date, time.Now(), s.opt.Zone)
			}
		}
	}
	return x, err
}

func (s *Slack) submittedClose(ctx context.Context, c desk.Caller, n int, v slack.View) answer {
	if a, seen := s.closedMeanwhile(ctx, c, n, v); seen {
		return a
	}
	x, err := s.readClosure(c, v)
	if err == nil {
		_, err = s.desk.CloseWith(ctx, c, n, x)
	}
	if err != nil {
		return s.atInput(inputAnyway, err)
	}
	return answer{}
}

// closedMeanwhile shows the form anew where something was filled in that is not missing any
// more, since somebody else has seen to it.
func (s *Slack) closedMeanwhile(ctx context.Context, c desk.Caller, n int, v slack.View) (a answer, seen bool) {
	e, err := s.desk.Ending(ctx, c.Actor, n)
	if err != nil || e.Incident.Status != incident.Resolved {
		return answer{}, false // closing it says what is wrong
	}
	now := closeForm(e, s.people.Current().Roster.Teams, stateOf(v, inputText).Value, readState(v.PrivateMetadata))
	asked := map[string]bool{inputText: true}
	for _, b := range now.Blocks.BlockSet {
		asked[b.ID()] = true
	}
	for _, b := range v.Blocks.BlockSet {
		seen = seen || !asked[b.ID()] && answered(stateOf(v, b.ID()))
	}
	if !seen {
		return answer{}, false
	}
	r := refused{input: inputAnyway, text: "Since you opened this form, somebody else has seen to a part of the list: it is ticked above, and not asked for any more. To close it, send the form again.", shown: map[string]string{}}
	v.Blocks = now.Blocks
	return answer{payload: r.in(v)}, true
}

// answered reports whether an input was filled in.
func answered(a slack.BlockAction) bool {
	return strings.TrimSpace(a.Value) != "" || a.SelectedOption.Value != "" || a.SelectedUser != "" || a.SelectedDate != "" || len(a.SelectedOptions) > 0
}

// plainLine is the line of an event without a mention of whoever did it.
func (n names) plainLine(e incident.Event) string {
	w := n.wording()
	w.Actor = func(a incident.Actor) string {
		if a == e.By {
			return n.plainly(a)
		}
		return n.who(a)
	}
	return w.Line(e)
}
