package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// The actions of messages about roles.
const (
	actAcceptCommand  = "accept_command" // the value is the number of the incident and that of the offer
	actDeclineCommand = "decline_command"
	actNotYet         = "not_yet" // no more people are wanted
	actKeep           = "keep_command"
	actHandOver       = "hand_over" // open the form that asks to whom
	actChecked        = "checked"   // a box of a checklist
)

const formHandOver = "hand_over"

const inputHolder = "holder"

// tellRole tells somebody what concerns them about a role.
func (s *Slack) tellRole(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	i, n := t.Incident, s.names()
	var m message
	switch t.Job.Target {
	case ledger.TellBrief:
		if i.Offer.Seq != t.Event.Seq { // it was answered, or replaced, meanwhile
			return desk.Outcome{}, nil
		}
		m = briefMessage(t, n)
	case ledger.TellOffer:
		m = offerOverMessage(t, n)
	case ledger.TellChecklist:
		m = checklistMessage(i, t.Event)
	case ledger.TellTired:
		if !i.Status.Active() || i.Holder(incident.Commander) != incident.Actor(t.Job.Person) {
			return desk.Outcome{}, nil
		}
		m = tiredMessage(i, t.Job)
	case ledger.TellWatch:
		return s.tellWatch(ctx, t)
	case ledger.TellHands:
		if !i.Status.Hurting() {
			return desk.Outcome{}, nil
		}
		m = handsMessage(i)
	default:
		return desk.Outcome{Failed: "this version does not know how to say it"}, nil
	}
	return s.tellPerson(ctx, t.Job, m)
}

// briefMessage is what somebody reads who is asked to take command.
func briefMessage(t desk.Task, n names) message {
	i, e := t.Incident, t.Event
	h := i.HandoverOf(t.Timeline, e.At)
	text := drillMark(i) + fmt.Sprintf("%s asks you to take command of %s: %s", n.begins(e), i.Name(), esc(i.Title))
	state := []string{
		fmt.Sprintf("*State* %s · %s · %s", i.Severity, i.Status, clip(esc(t.ServiceName()), 200)),
		"*Impact* " + soFar(i, e.At) + impactLine(i),
		"*Roles* " + n.roles(i),
		"*Being done* " + n.entries(h.Doing, "nothing is noted"),
		"*Decisions and objections* " + n.entries(h.Decisions, "none are open"),
	}
	due := "none is promised"
	if !t.Due.IsZero() {
		due = at(t.Due)
	}
	state = append(state, "*Next update* "+due)
	if len(h.MaySleep) > 0 {
		state = append(state, "*May sleep* "+n.all(h.MaySleep))
	} else {
		state = append(state, "*May sleep* nobody who was paged")
	}
	m := message{text: text, blocks: []slack.Block{section("*" + text + "*")}}
	for _, line := range state {
		m.blocks = append(m.blocks, section(clip(line, 1200)))
	}
	value := fmt.Sprintf("%d %d", i.Number, e.Seq)
	m.blocks = append(m.blocks, contextLine("Command stays where it is until you accept. The offer stands until "+at(e.Due)+"."))
	m.blocks = append(m.blocks, row(i, button(actAcceptCommand, value, "Accept", slack.StylePrimary), button(actDeclineCommand, value, "Decline", ""))...)
	return m
}

// soFar is how long people have been hit, as the beginning of a line; empty: nobody was.
func soFar(i incident.Incident, now time.Time) string {
	if len(i.Impact) == 0 {
		return ""
	}
	return incident.Minutes(i.Hurting(now)) + " so far. "
}

// entries are what people wrote, a line each.
func (n names) entries(events []incident.Event, none string) string {
	if len(events) == 0 {
		return none
	}
	var b strings.Builder
	for _, e := range events {
		b.WriteString("\n• " + n.plainly(e.By) + ", " + at(e.At) + ": " + clip(escLines(e.Text), 200))
	}
	return b.String()
}

// roles lists who has which role.
func (n names) roles(i incident.Incident) string {
	var list []string
	for _, r := range []incident.Role{incident.Commander, incident.Responder, incident.Communicator, incident.Shadow} {
		if h := i.Holders(r); len(h) > 0 {
			list = append(list, string(r)+" "+n.all(h))
		}
	}
	if len(list) == 0 {
		return "nobody has one"
	}
	return strings.Join(list, " · ")
}

// offerOverMessage tells whoever offered command that it was not accepted.
func offerOverMessage(t desk.Task, n names) message {
	i, e := t.Incident, t.Event
	text := drillMark(i) + n.who(e.Person) + " did not answer within five minutes, so the offer of command of " + i.Name() + " has lapsed."
	if e.Reason == incident.OfferDeclined {
		text = drillMark(i) + n.who(e.Person) + " declined command of " + i.Name() + "."
	}
	if c := i.Holder(incident.Commander); c != "" {
		text += " It stays with " + n.who(c) + "."
	}
	m := message{text: text, blocks: []slack.Block{section(text)}}
	if i.Status.Active() {
		m.blocks = append(m.blocks, row(i, button(actHandOver, strconv.Itoa(i.Number), "Ask somebody else", ""))...)
	}
	return m
}

// checklistMessage is what a role asks, with boxes that only help whoever reads them.
func checklistMessage(i incident.Incident, e incident.Event) message {
	text := drillMark(i) + "You are " + esc(string(e.Role)) + " of " + i.Name() + ": " + esc(i.Title)
	m := message{text: text, blocks: []slack.Block{section("*" + text + "*")}}
	var boxes []*slack.OptionBlockObject
	for k, line := range e.Role.Checklist() {
		boxes = append(boxes, slack.NewOptionBlockObject(strconv.Itoa(k+1), plainText(clip(esc(line), 75)), nil))
	}
	if len(boxes) > 0 {
		m.blocks = append(m.blocks, slack.NewActionBlock("checklist_"+strconv.Itoa(i.Number), slack.NewCheckboxGroupsBlockElement(actChecked, boxes...)))
	}
	if e.Role == incident.Commander {
		m.blocks = append(m.blocks, row(i, button(actHandOver, strconv.Itoa(i.Number), "Hand over", ""))...)
	}
	return m
}

// handsMessage asks whoever responds whether more people are wanted.
func handsMessage(i incident.Incident) message {
	text := drillMark(i) + i.Name() + ": 15 min without a note. Want a second pair of eyes?"
	value := strconv.Itoa(i.Number)
	return message{text: text, blocks: append([]slack.Block{section(text)},
		row(i, button(actEscalate, value, "Page secondary", slack.StylePrimary), button(actNotYet, value, "Not yet", ""))...)}
}

// tiredMessage offers the commander to hand over.
func tiredMessage(i incident.Incident, j ledger.Job) message {
	text := drillMark(i) + "You have had command of " + i.Name() + " for " + long(j.Created.Sub(commandSince(i))) + ". Hand it over to somebody who is rested?"
	value := strconv.Itoa(i.Number)
	return message{text: text, blocks: append([]slack.Block{section(text)},
		row(i, button(actHandOver, value, "Hand over", slack.StylePrimary), button(actKeep, value, "Keep it", ""))...)}
}

// commandSince is since when the commander leads.
func commandSince(i incident.Incident) time.Time {
	for _, h := range i.Roles {
		if h.Role == incident.Commander {
			return h.From
		}
	}
	return i.Declared
}

// pressedOffer answers an offer of command.
func (s *Slack) pressedOffer(ctx context.Context, c desk.Caller, action, value string) answer {
	var n, seq int
	_, _ = fmt.Sscanf(value, "%d %d", &n, &seq) // what is missing is 0, which is refused
	var err error
	words := "You have command of " + incident.Name(n) + "."
	if action == actDeclineCommand {
		words = "You declined. Command of " + incident.Name(n) + " stays where it is."
		_, err = s.desk.DeclineOffer(ctx, c, n, seq)
	} else {
		_, err = s.desk.AcceptOffer(ctx, c, n, seq)
	}
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(words))
}

// handOverForm asks to whom command is offered.
func handOverForm(i incident.Incident, could string, state formState) slack.ModalViewRequest {
	person := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Somebody who is awake"), inputValue)
	blocks := []slack.Block{section("*" + i.Name() + " · " + esc(i.Title) + "*")}
	if could != "" {
		blocks = append(blocks, section(clip(could, 2900)))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formHandOver, PrivateMetadata: state.String(),
		Title: plainText(clip("Hand over "+i.Name(), 24)), Submit: plainText("Ask"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: append(blocks, slack.NewInputBlock(inputHolder, plainText("Who takes command?"),
			plainText("They get a brief from the record. You keep command until they accept."), person))},
	}
}

// submittedHandOver offers command to whoever was chosen.
func (s *Slack) submittedHandOver(ctx context.Context, c desk.Caller, n int, user string) answer {
	act := desk.Act{Verb: desk.TakeRole, Role: incident.Commander, Person: s.people.Current().Actor(user)}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.atInput(inputHolder, err)
	}
	if c.ReplyURL == "" {
		return answer{}
	}
	return s.told(c, ephemeral(s.did(act, a)))
}

// dropRole takes a role from everybody who has it.
func (s *Slack) dropRole(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	role, ok := roleWords[string(cmd.Role)]
	if !ok {
		return s.mistake(noRole(string(cmd.Role)), cmd)
	}
	if _, err := s.desk.DropRole(ctx, c, n, role); err != nil {
		return s.mistake(err, cmd)
	}
	return ephemeral("Nobody is " + string(role) + " of " + incident.Name(n) + " now.")
}

// missed says that a promise was not kept, and what holds now.
func (n names) missed(i incident.Incident, e incident.Event) string {
	s := incident.Capital(strings.TrimSuffix(n.line(e), "."))
	return s + " (" + at(e.Due) + ")."
}

// silent says that nothing was heard from the commander, and that anybody who is there
// can take command. It is not moved by itself.
func (n names) silent(i incident.Incident, e incident.Event) string {
	holder := i.Holder(incident.Commander)
	if holder != e.Person {
		return n.line(e) + " Command has moved since."
	}
	return n.line(e) + " Command stays with " + n.who(holder) + " until somebody who is here takes it."
}
