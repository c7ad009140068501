package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The actions of the answer to whoever declared an incident.
const (
	actSetSeverity = "set_severity" // a menu; the value is the number and the severity
	actSetService  = "set_service"  // a menu; the value is the number and the service
	actReal        = "real"         // a drill is none
	actDrill       = "drill"        // what nobody has answered is a drill
	actAnother     = "declare_another"
)

// declare opens an incident at once, or the form when there is no title yet.
func (s *Slack) declare(ctx context.Context, c desk.Caller, cmd Command, trigger string) answer {
	if cmd.Text == "" {
		return s.thenForm(trigger, c, declareForm(cmd, s.people.Current().Roster.Services, formState{ReplyURL: c.ReplyURL}))
	}
	d := incident.Declaration{Title: named(cmd.Text, s.nameOf), Details: named(cmd.Details, s.nameOf),
		Severity: cmd.Severity, Service: cmd.Service, Private: cmd.Private, Test: cmd.Test}
	declare := s.desk.DeclareOnce
	if cmd.Another {
		declare = s.desk.Declare
	}
	a, err := declare(ctx, c, d)
	if err != nil {
		return answer{payload: s.mistake(err, cmd)}
	}
	return answer{payload: s.declared(ctx, c.Actor, a, cmd)}
}

// declared tells the caller what became of a declaration: what was taken for the
// severity and the service, with menus to change both, and what can be put right by a
// click.
func (s *Slack) declared(ctx context.Context, who incident.Actor, a desk.Answer, cmd Command) reply {
	i := a.Incident
	text := drillMark(i) + "*" + i.Name() + "* is open: " + taken(i, s.names())
	switch {
	case a.Twin:
		text = drillMark(i) + "*" + i.Name() + "* is open already: you declared it in the same words just now."
	case i.Private:
		text += "\n🔒 It is private: only those involved can see it."
	case cmd.Word == "declare" && strings.Contains(strings.ToLower(i.Title), "private"):
		cmd.Doubts = append(cmd.Doubts, "Everybody can see it: “private” is understood as the last word.")
	}
	text += "\n" + s.pagedFor(ctx, i)
	if i.Channel != "" {
		text += "\nIts channel is <#" + i.Channel + ">."
	} else if !a.Twin {
		text += " Its channel is being made."
	}
	for _, n := range append(slices.Clone(a.Notes), cmd.Doubts...) {
		text += "\n" + esc(n)
	}
	corrections := s.corrections(i, a, cmd)
	if !a.Twin && desk.NamesSomebody(s.people.Current(), i.Title) {
		text += "\nThe title names a person, and so does the name of the channel. The post-mortem names nobody."
		corrections = append(corrections, button(actRename, strconv.Itoa(i.Number), "Rename", ""))
	}
	blocks := append(sections(text), slack.NewActionBlock("declared_"+strconv.Itoa(i.Number), corrections...))
	if !a.Twin {
		blocks = append(blocks, s.alike(ctx, who, i)...)
	}
	return ephemeral(text, blocks...)
}

// taken says what an incident is about, and what of it nobody said.
func taken(i incident.Incident, n names) string {
	text := i.Severity.String()
	if i.Assumed {
		text += " (nobody said how bad it is)"
	}
	if i.Service != "" {
		text += " · " + n.wording().Service(i.Service)
		if how := i.ServiceBy.Words(); how != "" {
			text += " (" + how + ")"
		}
	}
	return text + " · " + esc(i.Title)
}

// corrections are the menus and buttons by which a declaration is put right.
func (s *Slack) corrections(i incident.Incident, a desk.Answer, cmd Command) []slack.BlockElement {
	elements := []slack.BlockElement{severityMenu(i)}
	if menu := serviceMenu(i, s.people.Current().Roster.Services); menu != nil {
		elements = append(elements, menu)
	}
	n := strconv.Itoa(i.Number)
	if i.Test {
		elements = append(elements, button(actReal, n, "This is real", ""))
	} else if i.AcknowledgedBy == "" {
		elements = append(elements, button(actDrill, n, "This is a drill", ""))
	}
	if a.Twin && cmd.Typed != "" {
		_, typed := cut(cmd.Typed)
		elements = append(elements, button(actAnother, short(typed, 1900), "Declare another", ""))
	}
	return elements
}

func severityMenu(i incident.Incident) *slack.SelectBlockElement {
	var options []*slack.OptionBlockObject
	for s := incident.Sev1; s <= incident.Sev4; s++ {
		options = append(options, slack.NewOptionBlockObject(strconv.Itoa(i.Number)+" "+s.String(), plainText(s.String()+" · "+s.Word()), nil))
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Severity"), actSetSeverity, options...)
	menu.InitialOption = options[i.Severity-1]
	return menu
}

// severityWords is a severity with its meaning.
func severityWords(s incident.Severity) string {
	return s.String() + " · " + s.Word() + ": " + s.Meaning()
}

// serviceMenu is nil when there is nothing to choose from.
func serviceMenu(i incident.Incident, services []rotation.Service) *slack.SelectBlockElement {
	options, initial := serviceOptions(i.Service, services, strconv.Itoa(i.Number)+" ")
	if len(options) == 0 {
		return nil
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Service"), actSetService)
	menu.InitialOption = initial
	fill(menu, options)
	return menu
}

// serviceOptions are the services to choose from, by name, with a prefix before the
// value of each.
func serviceOptions(chosen string, services []rotation.Service, prefix string) (options []*slack.OptionBlockObject, initial *slack.OptionBlockObject) {
	services = slices.SortedStableFunc(slices.Values(services), func(a, b rotation.Service) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return inOrder(services, chosen, prefix)
}

// inOrder are services to choose from, as they stand.
func inOrder(services []rotation.Service, chosen, prefix string) (options []*slack.OptionBlockObject, initial *slack.OptionBlockObject) {
	for _, s := range services {
		if length(prefix+s.ID) > valueMost || len(options) == servicesMost {
			continue
		}
		o := slack.NewOptionBlockObject(prefix+s.ID, plainText(clip(esc(cmp.Or(strings.TrimSpace(s.Name), s.ID)), 75)), nil)
		options = append(options, o)
		if chosen != "" && (strings.EqualFold(s.ID, chosen) || strings.EqualFold(s.Name, chosen)) {
			initial = o
		}
	}
	return options, initial
}

// fill puts options into a menu, in groups where they are many.
func fill(menu *slack.SelectBlockElement, options []*slack.OptionBlockObject) {
	if len(options) <= optionsMost {
		menu.Options = options
	} else {
		menu.OptionGroups = grouped(options)
	}
}

// alike offers to make the incident a part of an open one that looks alike.
func (s *Slack) alike(ctx context.Context, who incident.Actor, i incident.Incident) []slack.Block {
	o, ok, err := s.desk.Like(ctx, who, i)
	if err != nil || !ok { // it is open all the same
		return nil
	}
	where := ""
	if o.Channel != "" {
		where = " <#" + o.Channel + ">"
	}
	state := ""
	if o.Status != incident.Declared {
		state = string(o.Status) + ", "
	}
	text := fmt.Sprintf("*%s* looks alike: %s · %sdeclared %s.%s", o.Name(), clip(esc(o.Title), 300), state, at(o.Declared), where)
	value := strconv.Itoa(i.Number) + " " + strconv.Itoa(o.Number)
	return []slack.Block{section(text), slack.NewActionBlock("alike_"+strconv.Itoa(i.Number), button(actSame, value, "It is the same", ""))}
}

// partOf tells whoever said that two incidents are the same where it goes on.
func (s *Slack) partOf(ctx context.Context, who incident.Actor, n, into int) reply {
	text := incident.Name(n) + " is a part of " + incident.Name(into) + " now."
	if b, err := s.desk.Show(ctx, who, into); err == nil && b.Incident.Channel != "" {
		text += " It goes on in <#" + b.Incident.Channel + ">."
	}
	return ephemeral(text)
}

// pagedFor says who is paged for an incident now.
func (s *Slack) pagedFor(ctx context.Context, i incident.Incident) string {
	switch {
	case i.Acked() || !i.Status.Active():
		return "It is " + string(i.Status) + "."
	case i.Severity == incident.Sev4 || i.Test:
		return whoIsPaged(i)
	case len(i.Called) == 0:
		return "Nobody is on call for it, so the last resort is told."
	}
	b, err := s.desk.Brief(ctx, i.Number)
	if err != nil {
		b = desk.Brief{Asked: i.Called} // it is open all the same
	}
	return strings.TrimSpace(s.names().paged("Paging ", b))
}

// whoIsPaged says it without names.
func whoIsPaged(i incident.Incident) string {
	switch {
	case i.Severity == incident.Sev4 && !i.NoChannel:
		return "A sev4 pages nobody."
	case i.Test:
		return "It is a drill: only who declared it is paged."
	default:
		return "The people on call for it are being paged."
	}
}

// drillMark stands before whatever is said of a drill.
func drillMark(i incident.Incident) string {
	if i.Test {
		return "🧪 Drill · "
	}
	return ""
}

// pressedDeclared puts right what was taken for a declaration.
func (s *Slack) pressedDeclared(ctx context.Context, c desk.Caller, action *slack.BlockAction) answer {
	number, value, _ := strings.Cut(cmp.Or(action.SelectedOption.Value, action.Value), " ")
	n, _ := strconv.Atoi(number) // 0, which is no incident, is refused
	var act desk.Act
	switch action.ActionID {
	case actReal:
		act.Verb = desk.Real
	case actDrill:
		act.Verb = desk.Drill
	case actSetService:
		act.Verb, act.Service = desk.Reroute, value
	default:
		act.Verb = desk.SetSeverity
		act.Severity, _ = incident.ParseSeverity(value)
	}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(drillMark(a.Incident)+s.did(act, a)))
}
