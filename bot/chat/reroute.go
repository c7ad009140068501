package chat

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

const (
	actNotOurs  = "not_ours" // open the form that asks whose it is
	formReroute = "reroute"
	notOurs     = "not ours" // the reason where nobody gives one
)

// movedTo says that an incident is somebody else's now. The reason is on the same line.
func (n names) movedTo(i incident.Incident, m desk.Moved) string {
	s := i.Name() + " was moved to " + n.wording().Service(m.Service) + " by " + m.Through.After(n.plainly(m.By))
	if m.Reason == "" {
		return s + "."
	}
	return s + ": " + stop(clip(esc(strings.Join(strings.Fields(m.Reason), " ")), 1000))
}

// stop ends a sentence that has no end yet.
func stop(s string) string {
	if strings.ContainsAny(s[max(0, len(s)-1):], ".!?") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// moved tells the channel whose the incident is now, and who is paged because of it.
func (n names) moved(b desk.Brief, e incident.Event) string {
	i := b.Incident
	s := n.movedTo(i, desk.Moved{Service: e.Service, By: e.By, Through: e.Through, Reason: e.Text})
	switch {
	case len(b.Then) == 1:
		return s + " " + n.all(b.Then) + " is paged."
	case len(b.Then) > 1:
		return s + " " + n.all(lastFew(b.Then)) + " are paged."
	case !b.Paging && !i.Acked() && i.Status.Active() && !i.Test:
		return s + " Nobody is paged for it."
	}
	return s
}

// movedPage is what becomes of a page when the incident was given to somebody else.
func movedPage(b desk.Brief, m desk.Moved, n names) message {
	i := b.Incident
	said := n.movedTo(i, m)
	s := drillMark(i) + said
	head := "*" + i.Name() + " · " + esc(i.Title) + "*"
	facts := "Nothing is asked of you here any more."
	if b.Artifacts.Channel != "" {
		facts += " · <#" + b.Artifacts.Channel + ">"
	}
	return message{text: s, blocks: []slack.Block{section(head), section(s), contextLine(facts)}}
}

// notOursButton opens the form that asks whose an incident is.
func notOursButton(i incident.Incident) slack.BlockElement {
	return button(actNotOurs, strconv.Itoa(i.Number), "Not ours", "")
}

// withNotOurs adds it to the answers of a page.
func withNotOurs(i incident.Incident, elements []slack.BlockElement) []slack.BlockElement {
	if !i.Status.Active() {
		return elements
	}
	return append(elements, notOursButton(i))
}

// nameWords is how many words the name of a service has at most, where it is looked for
// at the beginning of a text.
const nameWords = 6

// serviceMeant finds in the words after "reroute" which service is meant, by its ID, its
// name or, where sure is false, the nearest of them, and returns what else was said.
func serviceMeant(text string, services []rotation.Service, sure bool) (id, rest string, ok bool) {
	var known []string
	ids := map[string]string{}
	for _, s := range services {
		for _, name := range []string{s.ID, strings.TrimSpace(s.Name)} {
			if key := strings.ToLower(name); key != "" && ids[key] == "" {
				ids[key] = s.ID
				known = append(known, key)
			}
		}
	}
	heads, rests := beginnings(text)
	for k := len(heads) - 1; k >= 0; k-- {
		name := heads[k]
		if near := incident.Nearest(name, known); ids[name] == "" && !sure && strings.Count(near, " ") == k {
			name = near
		}
		if id := ids[name]; id != "" {
			return id, rests[k], true
		}
	}
	return "", text, false
}

// beginnings are the first words of a text, one, two and so on, as a name is compared,
// with what follows each.
func beginnings(text string) (heads, rests []string) {
	head, rest := "", text
	for range nameWords {
		word, after := cut(rest)
		if word = strings.ToLower(strings.Trim(serviceID(word), trimmed)); word == "" {
			break
		}
		head, rest = strings.TrimSpace(head+" "+word), after
		heads, rests = append(heads, head), append(rests, rest)
	}
	return heads, rests
}

// rerouted reads which service a command names, and the reason.
func (s *Slack) rerouted(cmd Command) Command {
	if cmd.Word != "reroute" && cmd.Word != "service" {
		return cmd
	}
	text := strings.TrimSpace(cmd.Service + " " + cmd.Text)
	if id, rest, ok := serviceMeant(text, s.people.Current().Roster.Services, cmd.NotOurs || cmd.Word == "service"); ok {
		cmd.Service, cmd.Text = id, rest
		if cmd.NotOurs {
			cmd.Text = cmp.Or(rest, notOurs)
		}
	}
	return cmd
}

// nearestFirst are the services that may be meant, the likeliest first: what was typed,
// what the title names, what the present one needs or what needs it; then the others.
func nearestFirst(i incident.Incident, typed string, services []rotation.Service) (list []rotation.Service, likely string) {
	likely, _, _ = serviceMeant(typed, services, false)
	title := strings.ToLower(i.Title)
	var needs []string
	for _, s := range services {
		if s.ID == i.Service {
			needs = s.DependsOn
		}
	}
	far := func(s rotation.Service) int {
		switch {
		case s.ID == likely:
			return 0
		case strings.Contains(title, strings.ToLower(s.ID)), s.Name != "" && strings.Contains(title, strings.ToLower(s.Name)):
			return 1
		case slices.Contains(needs, s.ID):
			return 2
		case slices.Contains(s.DependsOn, i.Service):
			return 3
		default:
			return 4
		}
	}
	for _, s := range services {
		if s.ID != i.Service {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b rotation.Service) int {
		return cmp.Or(far(a)-far(b), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	if likely == "" && len(list) > 0 && far(list[0]) == 1 {
		likely = list[0].ID
	}
	return list, likely
}

// rerouteForm asks whose an incident is. The reason may stay empty.
func rerouteForm(i incident.Incident, typed string, services []rotation.Service, state formState) (slack.ModalViewRequest, bool) {
	list, likely := nearestFirst(i, typed, services)
	options, initial := inOrder(list, likely, "")
	if len(options) == 0 {
		return slack.ModalViewRequest{}, false
	}
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("The likeliest come first"), inputValue)
	menu.InitialOption = initial
	fill(menu, options)
	text := slack.NewPlainTextInputBlockElement(plainText("Pages are fine behind the gateway"), inputValue)
	text.MaxLength, text.InitialValue = 3000, short(typed, 3000)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formReroute, PrivateMetadata: state.String(),
		Title: plainText(clip("Not ours: "+i.Name(), 24)), Submit: plainText("Move it"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			section("*" + i.Name() + " · " + esc(i.Title) + "*"),
			slack.NewInputBlock(inputService, plainText("Whose is it?"), plainText("Its owner is paged; you are free of it. What was noted stays."), menu),
			slack.NewInputBlock(inputText, plainText("What points there"), nil, text).WithOptional(true),
		}},
	}, true
}

// askWhose opens the form that asks whose an incident is.
func (s *Slack) askWhose(ctx context.Context, trigger string, c desk.Caller, n int, typed string) answer {
	b, err := s.desk.Show(ctx, c.Actor, n)
	if err == nil && !b.Incident.Status.Active() {
		err = refuse("", b.Incident.Name()+" is already "+string(b.Incident.Status)+".")
	}
	if err == nil {
		err = s.desk.MayAct(ctx, c, n, desk.Act{Verb: desk.Reroute})
	}
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	form, ok := rerouteForm(b.Incident, typed, s.people.Current().Roster.Services, formState{Incident: n, ReplyURL: c.ReplyURL, Shown: map[string]string{inputService: b.Incident.Service}})
	if !ok {
		return s.told(c, ephemeral("The roster has no other service. To have somebody else paged: `"+s.opt.Command+" escalate "+b.Incident.Name()+"`."))
	}
	return s.thenForm(trigger, c, form)
}

func (s *Slack) submittedReroute(ctx context.Context, c desk.Caller, state formState, v slack.View) answer {
	act := desk.Act{Verb: desk.Reroute, Service: stateOf(v, inputService).SelectedOption.Value,
		Text: cmp.Or(named(strings.TrimSpace(stateOf(v, inputText).Value), s.nameOf), notOurs)}
	act.Fit = func(i incident.Incident, a *desk.Act) error {
		f := fields{state.Shown, map[string]string{inputService: a.Service}, map[string]string{inputService: i.Service}}
		if state.Shown == nil || !f.overtaken(inputService) {
			return nil
		}
		name := i.Service
		if v, ok := s.people.Current().Roster.Service(i.Service); ok {
			name = v.Name
		}
		return f.overtake(inputService, i.Name()+" was moved to "+name)
	}
	if _, err := s.desk.Do(ctx, c, state.Incident, act); err != nil {
		return s.atInput(inputService, err)
	}
	return answer{}
}
