package chat

import (
	"context"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// click is a button that somebody pressed, or a choice in a message that they made.
type click struct {
	slack.InteractionCallback
	by     desk.Caller
	button *slack.BlockAction
}

// number is the incident that the button is about, or whatever else its value counts; 0,
// which is no incident and is refused as such, where it is none.
func (c click) number() int {
	n, _ := strconv.Atoi(c.button.Value)
	return n
}

// unrefreshed reports whether the button is in something that only the presser sees and
// that nothing refreshes: what it did is said.
func (c click) unrefreshed() bool {
	return c.Container.IsEphemeral || c.View.Type == slack.VTHomeTab
}

// onClick is what a button does.
type onClick func(s *Slack, ctx context.Context, c click) answer

// buttons are the buttons by their action. Those about on call and those whose action
// begins with actHow are not among them; see [Slack.pressed].
var buttons = byAction([]struct {
	actions []string
	does    onClick
}{
	{[]string{actAck, actEscalate, actCommand, actResolve, actUpdate, actMitigated, actChannel}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedOn(ctx, c.InteractionCallback, c.by, press{c.button.ActionID, c.number()})
	}},
	{[]string{actHurtsAgain, actHandOver, actRename}, func(s *Slack, ctx context.Context, c click) answer {
		return s.formOn(ctx, c.TriggerID, c.by, press{c.button.ActionID, c.number()})
	}},
	{[]string{actObject, actDecide}, func(s *Slack, ctx context.Context, c click) answer {
		return s.noteForm(ctx, c.TriggerID, c.by, press{c.button.ActionID, c.number()})
	}},
	{[]string{actNotYet, actChecked}, func(*Slack, context.Context, click) answer {
		return answer{} // it helps whoever presses it, and nobody else
	}},
	{[]string{actKeep}, func(s *Slack, _ context.Context, c click) answer {
		return s.told(c.by, reply{Text: "You keep command.", Replaces: true})
	}},
	{[]string{actPostDraft, actRepeat, actPutOff + "_5", actPutOff + "_15", actPutOff + "_30"}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedReminder(ctx, c.by, c.button.ActionID, c.button.Value)
	}},
	{[]string{actAcceptCommand, actDeclineCommand}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedOffer(ctx, c.by, c.button.ActionID, c.button.Value)
	}},
	{[]string{actStartLate, actStartUsual, actCallFirst, actKeepRules}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedRest(ctx, c.by, c.button.ActionID, c.button.Value)
	}},
	{[]string{actClose}, func(s *Slack, ctx context.Context, c click) answer {
		unseen := c.Container.IsEphemeral || strings.HasPrefix(c.Channel.ID, "D")
		return s.pressedClose(ctx, c.TriggerID, c.by, c.button.Value, unseen)
	}},
	{[]string{actSetSeverity, actSetService, actReal, actDrill}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedDeclared(ctx, c.by, c.button)
	}},
	{[]string{actAlerts, actAlertsWhy}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedAlerts(ctx, c.InteractionCallback, c.by, c.button.ActionID, c.button.Value)
	}},
	{[]string{actSilence}, func(s *Slack, ctx context.Context, c click) answer {
		return s.silenceWorst(ctx, c.InteractionCallback, c.by, c.number())
	}},
	{[]string{actFollowUpDone, actFollowUpDate, actFollowUpDrop, actFollowUpGive, actFollowUps, actFollowUpMore}, func(s *Slack, ctx context.Context, c click) answer {
		return s.pressedFollowUp(ctx, c.InteractionCallback, c.by, c.button)
	}},
	{[]string{actDeclare}, func(s *Slack, _ context.Context, c click) answer {
		form := declareForm(Command{Text: c.button.Value}, s.people.Current().Roster.Services, formState{ReplyURL: c.by.ReplyURL})
		return s.thenForm(c.TriggerID, c.by, form)
	}},
	{[]string{actWorse, actLess}, func(s *Slack, _ context.Context, c click) answer { return s.turnedHome(c.User.ID, c.number()) }},
	{[]string{actEarlier, actLater}, func(s *Slack, ctx context.Context, c click) answer { return s.turned(ctx, c.by, c.button.Value) }},
	{[]string{actOlder, actNewest, actWiden}, func(s *Slack, ctx context.Context, c click) answer { return s.turnedList(ctx, c.by, c.button.Value) }},
	{[]string{actDeclared, actAnother}, (*Slack).pressedDeclare},
	{[]string{actTakeOffer}, (*Slack).pressedTakeOffer},
	{[]string{actSame}, (*Slack).pressedSame},
	{[]string{actAnswer, actWrite, actToReview, actPublish, actDocument}, (*Slack).pressedReview},
	{[]string{actWatchMore}, valued((*Slack).pressedWatchMore)},
	{[]string{actKeepOpen}, valued((*Slack).keepOpen)},
	{[]string{actNoIncident}, valued((*Slack).cancelled)},
	{[]string{actEndQuiet}, valued((*Slack).endQuiet)},
	{[]string{actAckAll}, valued((*Slack).ackAll)},
	{[]string{actFollowUpExport + "_0", actFollowUpExport + "_1", actFollowUpExport + "_2", actFollowUpExport + "_3"}, valued((*Slack).pressedExport)},
	{[]string{actSeveral}, opening((*Slack).askSeveral)},
	{[]string{actCloseSeveral}, opening((*Slack).pressedCloseSeveral)},
	{[]string{actOthers}, opening((*Slack).answerOthers)},
	{[]string{actMeant}, func(s *Slack, ctx context.Context, c click) answer {
		return s.doMeant(ctx, c.InteractionCallback, c.by, c.button.Value)
	}},
	{[]string{actJoin}, func(s *Slack, _ context.Context, c click) answer { return s.joinThen(c.by, c.User.ID, c.button.Value) }},
	{[]string{actNotOurs}, func(s *Slack, ctx context.Context, c click) answer {
		return s.askWhose(ctx, c.TriggerID, c.by, c.number(), "")
	}},
	{[]string{actImpact}, func(s *Slack, ctx context.Context, c click) answer {
		return s.impactFormOn(ctx, c.TriggerID, c.by, Command{}, c.number())
	}},
	{[]string{actMore}, func(s *Slack, ctx context.Context, c click) answer {
		return s.told(c.by, s.more(ctx, c.by.Actor, c.number()))
	}},
	{[]string{actList}, func(s *Slack, ctx context.Context, c click) answer {
		return s.told(c.by, s.list(ctx, c.by.Actor, "", 0))
	}},
	{[]string{actTestPage}, func(s *Slack, ctx context.Context, c click) answer { return s.told(c.by, s.testPages(ctx, c.by)) }},
	{[]string{actOncall}, func(s *Slack, ctx context.Context, c click) answer { return s.told(c.by, s.oncallNow(ctx, c.by, "")) }},
})

func byAction(list []struct {
	actions []string
	does    onClick
}) map[string]onClick {
	all := map[string]onClick{}
	for _, b := range list {
		for _, action := range b.actions {
			all[action] = b.does
		}
	}
	return all
}

// valued is for a button of which only the value matters, and opening for one that opens a
// form by its value.
func valued(does func(*Slack, context.Context, desk.Caller, string) answer) onClick {
	return func(s *Slack, ctx context.Context, c click) answer { return does(s, ctx, c.by, c.button.Value) }
}

func opening(does func(*Slack, context.Context, string, desk.Caller, string) answer) onClick {
	return func(s *Slack, ctx context.Context, c click) answer {
		return does(s, ctx, c.TriggerID, c.by, c.button.Value)
	}
}

// pressed handles a button.
func (s *Slack) pressed(ctx context.Context, i slack.InteractionCallback) answer {
	if len(i.ActionCallback.BlockActions) == 0 {
		return answer{}
	}
	c := click{InteractionCallback: i, button: i.ActionCallback.BlockActions[0]}
	s.here(ctx, desk.Visit{Channel: i.Channel.ID, User: i.User.ID, Pressed: true})
	id := i.TriggerID
	if id == "" { // then what was pressed when says that it is the same press
		id = i.User.ID + ":" + i.Container.MessageTs + ":" + c.button.ActionTs
	}
	c.by = desk.Caller{Actor: s.people.Current().Actor(i.User.ID), ReplyURL: i.ResponseURL,
		Key: key("press", id, i.User.ID, c.button.ActionID, c.button.Value, c.button.ActionTs)}
	if i.View.Type == slack.VTHomeTab { // where Slack gives no response_url
		c.by.ReplyURL = homeAddress + i.User.ID
	}
	if does, ok := buttons[c.button.ActionID]; ok {
		return does(s, ctx, c)
	}
	if how, ok := strings.CutPrefix(c.button.ActionID, actHow); ok {
		return s.pressedHow(ctx, c.by, c.button.Value, incident.How(how))
	}
	return s.pressedOncall(ctx, c.by, c.button)
}

// pressedSame makes an incident a part of another that looks alike.
func (s *Slack) pressedSame(ctx context.Context, c click) answer {
	part, whole, _ := strings.Cut(c.button.Value, " ")
	n, _ := strconv.Atoi(part)
	into, _ := strconv.Atoi(whole)
	if _, err := s.desk.Do(ctx, c.by, n, desk.Act{Verb: desk.Merge, Into: into}); err != nil {
		return s.told(c.by, s.mistake(err, Command{Typed: "duplicate " + incident.Name(n) + " " + incident.Name(into)}))
	}
	if c.unrefreshed() {
		return s.told(c.by, s.partOf(ctx, c.by.Actor, n, into))
	}
	return answer{}
}

// pressedTakeOffer takes command by the button that was offered to somebody.
func (s *Slack) pressedTakeOffer(ctx context.Context, c click) answer {
	number, to, _ := strings.Cut(c.button.Value, " ")
	n, _ := strconv.Atoi(number)
	if offered := incident.Actor(to); offered != c.by.Actor {
		return s.told(c.by, ephemeral(s.names().who(offered)+" was asked to take command. To take it yourself: `"+
			s.opt.Command+" role "+incident.Name(n)+" commander`."))
	}
	return s.pressedOn(ctx, c.InteractionCallback, c.by, press{actCommand, n})
}

// pressedDeclare declares at once what was typed where it was no command.
func (s *Slack) pressedDeclare(ctx context.Context, c click) answer {
	cmd := Parse("declare " + c.button.Value)
	cmd.Another = c.button.ActionID == actAnother
	a := s.declare(ctx, c.by, cmd, c.TriggerID)
	if r, ok := a.payload.(reply); ok {
		return s.told(c.by, r)
	}
	return a
}
