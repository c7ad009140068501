package chat

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The callback IDs of forms.
const (
	formDeclare = "declare"
	formResolve = "resolve"
	formUpdate  = "update"
)

// The blocks of forms; each has one input, whose action is "value".
const (
	inputTitle    = "title"
	inputSeverity = "severity"
	inputService  = "service"
	inputDetails  = "details"
	inputOptions  = "options"
	inputHow      = "how"
	inputText     = "text"
	inputValue    = "value"
)

// formState is what a form remembers from its opening to its submission.
type formState struct {
	Incident int    `json:"incident,omitempty"`
	ReplyURL string `json:"reply_url,omitempty"`
}

// String returns the state as a form keeps it.
func (f formState) String() string {
	if len(f.ReplyURL) > 2000 {
		f.ReplyURL = "" // Slack takes 3,000 characters; the answer goes without
	}
	b, _ := json.Marshal(f) // of strings and numbers: cannot fail
	return string(b)
}

func readState(s string) formState {
	var f formState
	_ = json.Unmarshal([]byte(s), &f) // an unreadable state is an empty one
	return f
}

// declareForm asks what is broken. What is known already is filled in.
func declareForm(c Command, services []rotation.Service, state formState) slack.ModalViewRequest {
	title := slack.NewPlainTextInputBlockElement(plainText("Card payments fail"), inputValue)
	title.InitialValue = short(c.Text, 3000)
	title.MaxLength = 3000
	titleBlock := slack.NewInputBlock(inputTitle, plainText("What can customers not do?"), nil, title)

	severities := []*slack.OptionBlockObject{}
	for s := incident.Sev1; s <= incident.Sev4; s++ {
		severities = append(severities, slack.NewOptionBlockObject(s.String(), plainText(s.String()+" · "+s.Word()), nil))
	}
	severity := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("How bad"), inputValue, severities...)
	initial := c.Severity
	if initial == 0 {
		initial = incident.DefaultSeverity
	}
	severity.InitialOption = severities[initial-1]
	severityBlock := slack.NewInputBlock(inputSeverity, plainText("Severity"),
		plainText("If you are unsure between two, take the worse one. You can change it at any time."), severity)

	blocks := []slack.Block{titleBlock, severityBlock}
	if b := serviceInput(c.Service, services); b != nil {
		blocks = append(blocks, b)
	}
	details := slack.NewPlainTextInputBlockElement(plainText("What you see, since when, what you tried"), inputValue)
	details.Multiline = true
	details.MaxLength = 3000
	blocks = append(blocks, slack.NewInputBlock(inputDetails, plainText("Details"), nil, details).WithOptional(true), optionsInput(c))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formDeclare, PrivateMetadata: state.String(),
		Title: plainText("Declare an incident"), Submit: plainText("Declare"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// Slack's limits on a select menu, and how many services one shows at most: a
// form has at most 250 kB.
const (
	optionsMost  = 100
	servicesMost = 1000
	valueMost    = 75 // by the stricter of two sources
)

// serviceInput is nil when there is nothing to choose from.
func serviceInput(chosen string, services []rotation.Service) slack.Block {
	var initial *slack.OptionBlockObject
	var options []*slack.OptionBlockObject
	services = slices.SortedStableFunc(slices.Values(services), func(a, b rotation.Service) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	for _, s := range services {
		if length(s.ID) > valueMost || len(options) == servicesMost {
			continue
		}
		o := slack.NewOptionBlockObject(s.ID, plainText(clip(esc(cmp.Or(strings.TrimSpace(s.Name), s.ID)), 75)), nil)
		options = append(options, o)
		if chosen != "" && (strings.EqualFold(s.ID, chosen) || strings.EqualFold(s.Name, chosen)) {
			initial = o
		}
	}
	if len(options) == 0 {
		return nil
	}
	service := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Leave empty if unsure"), inputValue)
	service.InitialOption = initial
	if len(options) <= optionsMost {
		service.Options = options
	} else {
		service.OptionGroups = grouped(options)
	}
	return slack.NewInputBlock(inputService, plainText("Service"), plainText("Its owner is paged."), service).WithOptional(true)
}

// grouped puts options in groups that Slack takes, each named by its first and
// last.
func grouped(options []*slack.OptionBlockObject) []*slack.OptionGroupBlockObject {
	var groups []*slack.OptionGroupBlockObject
	for part := range slices.Chunk(options, optionsMost) {
		label := clip(part[0].Text.Text, 36) + " – " + clip(part[len(part)-1].Text.Text, 36)
		groups = append(groups, slack.NewOptionGroupBlockElement(plainText(label), part...))
	}
	return groups
}

func optionsInput(c Command) slack.Block {
	private := slack.NewOptionBlockObject("private", plainText("Private: only the people involved can see it"), nil)
	test := slack.NewOptionBlockObject("test", plainText("A test: only you are paged"), nil)
	boxes := slack.NewCheckboxGroupsBlockElement(inputValue, private, test)
	if c.Private {
		boxes.InitialOptions = append(boxes.InitialOptions, private)
	}
	if c.Test {
		boxes.InitialOptions = append(boxes.InitialOptions, test)
	}
	return slack.NewInputBlock(inputOptions, plainText("Options"), nil, boxes).WithOptional(true)
}

// readDeclaration reads a submitted declare form.
func readDeclaration(v slack.View) incident.Declaration {
	d := incident.Declaration{
		Title:   stateOf(v, inputTitle).Value,
		Service: stateOf(v, inputService).SelectedOption.Value,
		Details: stateOf(v, inputDetails).Value,
	}
	d.Severity, _ = incident.ParseSeverity(stateOf(v, inputSeverity).SelectedOption.Value)
	for _, o := range stateOf(v, inputOptions).SelectedOptions {
		d.Private = d.Private || o.Value == "private"
		d.Test = d.Test || o.Value == "test"
	}
	return d
}

func stateOf(v slack.View, block string) slack.BlockAction {
	if v.State == nil {
		return slack.BlockAction{}
	}
	return v.State.Values[block][inputValue]
}

// resolveForm asks, and demands nothing: every field may stay empty.
func resolveForm(i incident.Incident, state formState) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(plainText("In a sentence, for whoever reads the timeline"), inputValue)
	text.Multiline = true
	text.MaxLength = 3000
	blocks := []slack.Block{section("*" + i.Name() + " · " + esc(i.Title) + "*")}
	if i.Status.Hurting() {
		blocks = append(blocks, howInput(i))
	}
	blocks = append(blocks, slack.NewInputBlock(inputText, plainText("What was done"), nil, text).WithOptional(true))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formResolve, PrivateMetadata: state.String(),
		Title: plainText(clip("Resolve "+i.Name(), 24)), Submit: plainText("Resolve"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// updateForm asks what those who wait should know.
func updateForm(i incident.Incident, state formState) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(plainText("Who is affected, what works instead, what is being done"), inputValue)
	text.Multiline = true
	text.MaxLength = 3000
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formUpdate, PrivateMetadata: state.String(),
		Title: plainText(clip("Update of "+i.Name(), 24)), Submit: plainText("Add"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			section("*" + i.Name() + " · " + esc(i.Title) + "*"),
			slack.NewInputBlock(inputText, plainText("Update"), plainText("It becomes part of the timeline."), text),
		}},
	}
}
