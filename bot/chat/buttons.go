package chat

import (
	"context"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// interact handles what was pressed or submitted.
func (s *Slack) interact(ctx context.Context, i slack.InteractionCallback) answer {
	switch i.Type {
	case slack.InteractionTypeBlockActions:
		return s.pressed(ctx, i)
	case slack.InteractionTypeViewSubmission:
		return s.submitted(ctx, i)
	case slack.InteractionTypeShortcut:
		if i.CallbackID == "declare_incident" {
			caller := desk.Caller{Actor: s.people.Current().Actor(i.User.ID)}
			return s.thenForm(i.TriggerID, caller, declareForm(Command{}, s.people.Current().Roster.Services, formState{}))
		}
	case slack.InteractionTypeMessageAction:
		if i.CallbackID == "declare_from_message" {
			return s.declareFrom(i)
		}
		if i.CallbackID == "add_to_timeline" {
			return s.marked(ctx, i)
		}
	}
	return answer{}
}

// press is a button about an incident.
type press struct {
	action   string
	incident int
}

// pressedOn handles a button about an incident. What it did is seen in the
// message that has the button; in one that only the presser sees, which nothing
// refreshes, it is said.
func (s *Slack) pressedOn(ctx context.Context, i slack.InteractionCallback, c desk.Caller, p press) answer {
	var a desk.Answer
	var err error
	act := desk.Act{}
	switch p.action {
	case actResolve, actUpdate, actHandOver, actMitigated:
		return s.formOn(ctx, i.TriggerID, c, p)
	case actEscalate:
		a, err = s.desk.Escalate(ctx, c, p.incident)
	case actChannel:
		act = desk.Act{Verb: desk.WantChannel}
		if _, err = s.desk.Do(ctx, c, p.incident, act); err == nil {
			return s.told(c, ephemeral("The channel of "+incident.Name(p.incident)+" is being made."))
		}
	case actCommand:
		act = desk.Act{Verb: desk.TakeRole, Role: incident.Commander, Pressed: true}
		a, err = s.desk.Do(ctx, c, p.incident, act)
	default:
		act = desk.Act{Verb: desk.Acknowledge}
		a, err = s.desk.Do(ctx, c, p.incident, act)
	}
	switch {
	case err != nil:
		return s.told(c, ephemeral(s.trouble(err)))
	case p.action == actEscalate:
		return s.told(c, ephemeral(escalated(a)))
	case i.Container.IsEphemeral, i.View.Type == slack.VTHomeTab:
		return s.told(c, ephemeral(drillMark(a.Incident)+s.did(act, a)))
	default:
		return answer{}
	}
}

// formOn opens a form about an incident that is open.
func (s *Slack) formOn(ctx context.Context, trigger string, c desk.Caller, p press) answer {
	b, err := s.desk.Show(ctx, c.Actor, p.incident)
	switch {
	case err != nil:
	case p.action == actHurtsAgain:
		err = b.Incident.MayBeBack()
	case !b.Incident.Status.Active():
		err = refuse("", b.Incident.Name()+" is already "+string(b.Incident.Status)+".")
	}
	if err == nil && p.action == actResolve {
		err = s.desk.MayAct(ctx, c, p.incident, desk.Act{Verb: desk.Resolve})
	}
	if err != nil {
		return s.told(c, s.mistake(err, Command{}))
	}
	state := formState{Incident: p.incident, ReplyURL: c.ReplyURL, Shown: map[string]string{inputHow: saidHow(b.Incident)}}
	if p.action == actHandOver {
		return s.thenForm(trigger, c, handOverForm(b.Incident, couldCommand(b, s.people.Current().Roster, s.commanding(ctx, c.Actor, p.incident), time.Now()), state))
	}
	if p.action == actUpdate {
		return s.thenForm(trigger, c, updateForm(b.Incident, state))
	}
	if p.action == actRename {
		return s.thenForm(trigger, c, renameForm(b.Incident, state))
	}
	if p.action == actMitigated {
		return s.thenForm(trigger, c, mitigateForm(b.Incident, state))
	}
	if p.action == actHurtsAgain {
		return s.thenForm(trigger, c, backForm(b.Incident, state))
	}
	return s.thenForm(trigger, c, resolveForm(b.Incident, state))
}

// thenForm acknowledges, and then opens a form. That whoever asked for it is in the channel
// they typed in is recorded now: the form does not say where it came from.
func (s *Slack) thenForm(trigger string, c desk.Caller, form slack.ModalViewRequest) answer {
	return answer{after: func(ctx context.Context) {
		s.openForm(ctx, trigger, c, form)
		s.here(ctx, desk.Visit{Channel: c.Channel, User: s.people.Current().SlackOf(c.Actor)})
	}}
}

// submitted handles a form. Where it was opened from the Home tab, that shows at once
// what came of it.
func (s *Slack) submitted(ctx context.Context, i slack.InteractionCallback) answer {
	a := s.submittedForm(ctx, i)
	if r, ok := a.payload.(refused); ok {
		a.payload = r.in(i.View)
	}
	user, atHome := strings.CutPrefix(readState(i.View.PrivateMetadata).ReplyURL, homeAddress)
	if atHome && a.payload == nil && a.after == nil {
		a.after = func(ctx context.Context) { s.publishHome(ctx, s.homes.tab(user, time.Now(), nil)) }
	}
	return a
}

func (s *Slack) submittedForm(ctx context.Context, i slack.InteractionCallback) answer {
	state := readState(i.View.PrivateMetadata)
	caller := desk.Caller{Actor: s.people.Current().Actor(i.User.ID), Key: key("form", i.View.ID), ReplyURL: state.ReplyURL}
	switch i.View.CallbackID {
	case formDeclare:
		return s.submittedDeclaration(ctx, caller, i.View, state)
	case formUpdate:
		act := desk.Act{Verb: desk.Note, Note: incident.Update, Text: named(stateOf(i.View, inputText).Value, s.nameOf)}
		if _, err := s.desk.Do(ctx, caller, state.Incident, act); err != nil {
			return s.atInput(inputText, err)
		}
		return answer{}
	case formResolve:
		act := desk.Act{Verb: desk.Resolve, Text: named(stateOf(i.View, inputText).Value, s.nameOf),
			How: incident.How(stateOf(i.View, inputHow).SelectedOption.Value), Fit: howSent(state)}
		if _, err := s.desk.Do(ctx, caller, state.Incident, act); err != nil {
			return s.atInput(inputText, err)
		}
		return answer{}
	case formHandOver:
		return s.submittedHandOver(ctx, caller, state.Incident, stateOf(i.View, inputHolder).SelectedUser)
	case formDecide, formObject:
		return s.submittedNote(ctx, caller, i.View, state.Incident)
	case formSeveral:
		return s.submittedSeveral(ctx, caller, i.View)
	case formCloseSeveral:
		return s.submittedCloseSeveral(ctx, caller, i.View)
	case formAnswer:
		return s.submittedAnswer(ctx, caller, state, i.View)
	case formPublish:
		return s.submittedPublish(ctx, caller, state.Incident, i.View)
	case formClose:
		return s.submittedClose(ctx, caller, state.Incident, i.View)
	case formReroute:
		return s.submittedReroute(ctx, caller, state, i.View)
	case formHurtsAgain:
		return s.submittedBack(ctx, caller, state.Incident, i.View)
	case formRename:
		return s.submittedRename(ctx, caller, state, i.View)
	case formImpact:
		return s.submittedImpact(ctx, caller, state, i.View)
	case formMitigate:
		return s.submittedMitigate(ctx, caller, state, i.View)
	case formOthers:
		return s.submittedOthers(ctx, caller, i.View)
	case formFollowUp:
		return s.submittedFollowUp(ctx, caller, i.View, state)
	case formSilence, formMaintenance:
		return s.submittedQuiet(ctx, caller, i)
	default:
		return s.submittedOncall(ctx, i)
	}
}

// openForm opens a form. Its trigger lives three seconds: when it is gone the
// person is told how to go on without a form.
func (s *Slack) openForm(ctx context.Context, trigger string, c desk.Caller, v slack.ModalViewRequest) {
	_, err := s.wire.OpenView(ctx, trigger, v)
	if err == nil {
		return
	}
	s.log.Warn().Str("form", v.CallbackID).Str("error", err.Error()).Msg("a form could not be opened")
	instead := "`" + s.opt.Command + " declare` and a few words"
	switch v.CallbackID {
	case formUpdate:
		instead = "`" + s.opt.Command + " update " + incident.Name(readState(v.PrivateMetadata).Incident) + "` and the words"
	case formHandOver:
		instead = "`" + s.opt.Command + " role commander @name`"
	case formSeveral:
		instead = "`" + s.opt.Command + " resolve INC-1 INC-2`"
	case formCloseSeveral:
		instead = "`" + s.opt.Command + " close INC-…` for each"
	case formOthers:
		instead = "`" + s.opt.Command + " ack INC-…` or `" + s.opt.Command + " resolve INC-…`"
	case formSilence:
		instead = "`" + s.opt.Command + " silence alertname=DiskFull for 2h`"
	case formMaintenance:
		instead = "`" + s.opt.Command + " maintenance SERVICE for 2h`"
	case formHurtsAgain:
		instead = "`" + s.opt.Command + " status " + incident.Name(readState(v.PrivateMetadata).Incident) + " investigating` and what came back"
	case formImpact:
		instead = "`" + s.opt.Command + " impact " + incident.Name(readState(v.PrivateMetadata).Incident) + " since 14:05`"
	case formRename:
		instead = "`" + s.opt.Command + " rename " + incident.Name(readState(v.PrivateMetadata).Incident) + "` and the title"
	case formFollowUp:
		instead = "`" + s.opt.Command + " done " + readState(v.PrivateMetadata).FollowUp + "` and a link or a sentence; `drop`, `date` and `give` likewise"
	case formMitigate:
		instead = "`" + s.opt.Command + " mitigate " + incident.Name(readState(v.PrivateMetadata).Incident) + " rollback`"
	case formClose:
		instead = "`" + s.opt.Command + " close " + incident.Name(readState(v.PrivateMetadata).Incident) + " anyway` and the reason"
	case formAnswer:
		instead = "`" + s.opt.Command + " postmortem answer " + readState(v.PrivateMetadata).Shown[stateQuestion] + "` and the answer"
	case formPublish:
		instead = "`" + s.opt.Command + " postmortem publish " + incident.Name(readState(v.PrivateMetadata).Incident) + "`"
	case formReroute:
		instead = "`" + s.opt.Command + " reroute " + incident.Name(readState(v.PrivateMetadata).Incident) + " SERVICE`"
	case formResolve:
		instead = "`" + s.opt.Command + " resolve " + incident.Name(readState(v.PrivateMetadata).Incident) + "`"
	}
	if err := s.respond(ctx, c.ReplyURL, ephemeral("The form could not be opened. You can do it without the form: type "+instead+".")); err != nil {
		s.log.Warn().Str("error", err.Error()).Msg("a person could not be answered")
	}
}
