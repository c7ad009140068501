package chat

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

const (
	actMitigated = "mitigated" // open the form that asks how
	actHow       = "how_"      // with one of incident.Hows behind it: it was mitigated that way
	formMitigate = "mitigate"
	inputUndo    = "undo"
)

// howLabels are the ways an impact ends, as buttons have them.
var howLabels = map[incident.How]string{
	incident.Rollback: "Rollback", incident.Restart: "Restart", incident.Failover: "Failover",
	incident.Flag: "Feature flag", incident.Workaround: "Workaround", incident.Fix: "Permanent fix",
}

// howRow asks how it was mitigated.
func howRow(i incident.Incident) slack.Block {
	var elements []slack.BlockElement
	for _, h := range incident.Hows {
		elements = append(elements, button(actHow+string(h), strconv.Itoa(i.Number), howLabels[h], ""))
	}
	return slack.NewActionBlock("how_"+strconv.Itoa(i.Number), elements...)
}

// askHow confirms, and asks how it was mitigated.
func askHow(did string, i incident.Incident) reply {
	return ephemeral(did, section(did), section("How was it mitigated? Until somebody says, it counts as a workaround."), howRow(i))
}

// pressedHow says how it was mitigated. Of what is mitigated already it corrects that.
func (s *Slack) pressedHow(ctx context.Context, c desk.Caller, value string, how incident.How) answer {
	n, _ := strconv.Atoi(value) // 0, which is no incident, is refused
	if !slices.Contains(incident.Hows, how) {
		return s.told(c, ephemeral("This version knows no such way. Please say it in words: `"+s.opt.Command+" mitigate workaround: …`."))
	}
	act := desk.Act{Verb: desk.Mitigate, How: how}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(s.did(act, a)))
}

// didMitigate confirms to whoever said that it is mitigated.
func (s *Slack) didMitigate(i incident.Incident) string {
	text := i.Name() + " is " + string(i.Status)
	if i.HowAssumed {
		return text + " now" + fixOpened(i)
	}
	return text + " by a " + string(i.How) + " now" + fixOpened(i)
}

// fixOpened ends a sentence with what is still to be done, and when.
func fixOpened(i incident.Incident) string {
	for _, f := range slices.Backward(i.FollowUps) {
		if f.Kind == incident.PermanentFix && f.Open() {
			return ". The permanent fix is " + f.ID + "."
		}
	}
	return "."
}

// mitigated tells the channel that customers are fine again.
func (n names) mitigated(i incident.Incident, e incident.Event) string {
	s := "Customers have been fine since " + at(e.At) + " (" + long(i.Hurting(e.At)) + "). "
	if i.ImpactNone() {
		s = "Mitigated (" + at(e.At) + "). Nobody was hit, as far as is known. "
	}
	switch {
	case e.How == incident.Fix:
		return s + "It is a permanent fix."
	case e.Assumed && i.HowAssumed:
		return s + "How was it mitigated? Until somebody says, it counts as a workaround" + fixOpened(i)
	case e.Assumed: // it was said meanwhile
		return strings.TrimRight(s, " ")
	default:
		return s + "It is a " + string(e.How) + fixOpened(i)
	}
}

// corrected tells the channel that it was mitigated in another way than was said.
func (n names) corrected(i incident.Incident, e incident.Event) string {
	if e.Assumed {
		return n.begins(e) + " says more of how it was mitigated. Until somebody says which kind it was, it counts as a workaround" + fixOpened(i)
	}
	if e.How == incident.Fix {
		return n.begins(e) + " says that it is a permanent fix, so no follow-up is needed for one."
	}
	return n.begins(e) + " says that it is a " + string(e.How) + fixOpened(i)
}

// withMitigated offers to say that a hurting incident is mitigated, before Resolve.
func withMitigated(i incident.Incident, elements []slack.BlockElement) []slack.BlockElement {
	if !i.Status.Hurting() {
		return elements
	}
	at := max(0, len(elements)-1)
	return slices.Insert(elements, at, slack.BlockElement(button(actMitigated, strconv.Itoa(i.Number), "Mitigated", "")))
}

// howInput asks how it was mitigated, in a form.
func howInput(i incident.Incident) slack.Block {
	var options []*slack.OptionBlockObject
	var chosen *slack.OptionBlockObject
	for _, h := range incident.Hows {
		o := slack.NewOptionBlockObject(string(h), plainText(howLabels[h]), nil)
		if options = append(options, o); h == i.How && !i.HowAssumed {
			chosen = o
		}
	}
	selection := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Empty counts as a workaround"), inputValue, options...)
	selection.InitialOption = chosen
	return slack.NewInputBlock(inputHow, plainText("How was it mitigated?"),
		plainText("Anything but a permanent fix opens a follow-up for one."), selection).WithOptional(true)
}

// mitigateForm asks how it was mitigated, and demands nothing.
func mitigateForm(i incident.Incident, state formState) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(plainText("In a sentence, for whoever takes over"), inputValue)
	text.Multiline, text.MaxLength = true, 3000
	undo := slack.NewPlainTextInputBlockElement(plainText("What to do, and when, to have it as before"), inputValue)
	undo.MaxLength = 3000
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formMitigate, PrivateMetadata: state.String(),
		Title: plainText(clip("Mitigated: "+i.Name(), 24)), Submit: plainText("Mitigated"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			section("*" + i.Name() + " · " + esc(i.Title) + "*"),
			howInput(i),
			slack.NewInputBlock(inputText, plainText("What was changed"), nil, text).WithOptional(true),
			slack.NewInputBlock(inputUndo, plainText("How it is undone"), nil, undo).WithOptional(true),
		}},
	}
}

func (s *Slack) submittedMitigate(ctx context.Context, c desk.Caller, state formState, v slack.View) answer {
	act := desk.Act{Verb: desk.Mitigate, Fit: howSent(state), Text: named(stateOf(v, inputText).Value, s.nameOf),
		How: incident.How(stateOf(v, inputHow).SelectedOption.Value), Undo: named(stateOf(v, inputUndo).Value, s.nameOf)}
	if _, err := s.desk.Do(ctx, c, state.Incident, act); err != nil {
		return s.atInput(inputText, err)
	}
	return answer{}
}
