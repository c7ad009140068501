package chat

import (
	"encoding/json"
	"slices"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/ledger"
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
	inputSymptom  = "symptom"
	inputFunction = "function"
	inputDetails  = "details"
	inputOptions  = "options"
	inputHow      = "how"
	inputText     = "text"
	inputValue    = "value"
)

// formState is what a form remembers from its opening to its submission.
type formState struct {
	Incident int             `json:"incident,omitempty"`
	ReplyURL string          `json:"reply_url,omitempty"`
	From     fromMessage     `json:"from,omitzero"` // declare: the message that made somebody declare it
	FollowUp string          `json:"follow_up,omitempty"`
	Act      string          `json:"act,omitempty"`      // of a follow-up: the button that was pressed
	Reminded *ledger.Message `json:"reminded,omitempty"` // and the message that has it

	Shown map[string]string `json:"shown,omitempty"` // what fields began with, by their blocks; see [asShown]
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

// Slack's limits on a select menu, and how many services one shows at most: a
// form has at most 250 kB.
const (
	optionsMost  = 100
	servicesMost = 1000
	valueMost    = 75 // by the stricter of two sources
)

// serviceInput is nil when there is nothing to choose from.
func serviceInput(chosen string, services []rotation.Service) slack.Block {
	options, initial := serviceOptions(chosen, services, "")
	if len(options) == 0 {
		return nil
	}
	service := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Leave empty if unsure"), inputValue)
	service.InitialOption = initial
	fill(service, options)
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
