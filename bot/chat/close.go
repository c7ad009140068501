package chat

import (
	"context"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
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
	return s.thenForm(trigger, c, closeForm(e, text, formState{Incident: n, ReplyURL: c.ReplyURL})), true
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
func closeForm(e desk.Ending, text string, state formState) slack.ModalViewRequest {
	i := e.Incident
	blocks := []slack.Block{section("*" + i.Name() + " · " + esc(i.Title) + "*\n" + strings.Join(endingLines(e), "\n"))}
	for _, g := range e.Gaps {
		blocks = append(blocks, gapInputs(i, g)...)
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

// endingLines are the items of the list, each with how it stands.
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
			lines = append(lines, ":white_large_square: "+name+": "+esc(says))
		case there != "":
			lines = append(lines, ":white_check_mark: "+name+": "+there)
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
	add(incident.ItemImpact, "Impact", impactLine(i))
	add(incident.ItemHow, "How it was mitigated", string(i.How))
	add(incident.ItemPublic, "Last words for the public", "")
	add(incident.ItemReview, "Post-mortem", review)
	add(incident.ItemFollowUps, "Follow-ups", followUps)
	add(incident.ItemPromises, "Promises", promises)
	add(incident.ItemStakeholders, "Those with an interest", "")
	return lines
}

// gapInputs ask for what is missing of an item; nothing of it is required.
func gapInputs(i incident.Incident, g incident.Gap) []slack.Block {
	ask := func(block, label, placeholder string) slack.Block {
		return slack.NewInputBlock(block, plainText(label), nil, longInput(placeholder, "")).WithOptional(true)
	}
	switch g.Item {
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
			return nil // the list says which one lacks what
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

func (s *Slack) submittedClose(ctx context.Context, c desk.Caller, n int, v slack.View) answer {
	words := func(block string) string { return named(strings.TrimSpace(stateOf(v, block).Value), s.nameOf) }
	x := desk.Closure{
		How: incident.How(stateOf(v, inputHow).SelectedOption.Value), Public: words(inputPublic), Update: words(inputUpdate),
		Waive: words(inputWaive), Task: words(inputTask), NoFollowUps: words(inputNoTasks), Accept: words(inputAccept),
		Anyway: words(inputAnyway), Text: words(inputText),
	}
	if user := stateOf(v, inputReviewer).SelectedUser; user != "" {
		x.Reviewer = s.people.Current().Actor(user)
	}
	if _, err := s.desk.CloseWith(ctx, c, n, x); err != nil {
		return s.atInput(inputAnyway, err)
	}
	return answer{}
}

// review handles what stands after "postmortem": who writes it, or that nobody does.
func (s *Slack) review(ctx context.Context, c desk.Caller, cmd Command, n int) (r reply, ok bool) {
	word, rest := cut(cmd.Text)
	act := desk.Act{Text: named(rest, s.nameOf)}
	switch strings.Trim(strings.ToLower(word), trimmed) {
	case "owner", "author", "writer":
		act.Verb = desk.Review
		people, left := mentions(rest)
		switch {
		case len(people) > 0:
			act.Person = s.people.Current().Actor(people[0])
		case strings.Trim(left, trimmed+"@ ") != "":
			who, err := s.people.Current().Named(strings.Trim(left, trimmed+"@ "))
			if err != nil {
				return s.mistake(err, cmd), true
			}
			act.Person = who
		}
	case "waive", "waived":
		act.Verb = desk.Waive
	default:
		return reply{}, false
	}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.mistake(err, cmd), true
	}
	return ephemeral(drillMark(a.Incident) + s.did(act, a)), true
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
