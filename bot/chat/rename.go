package chat

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

const (
	actRename  = "rename" // opens the form
	formRename = "rename"
)

// titleMost is how long a title may be in a form; what is longer is kept as a note.
const titleMost = 3000

// renameForm asks for another title.
func renameForm(i incident.Incident, state formState) slack.ModalViewRequest {
	title := slack.NewPlainTextInputBlockElement(plainText("What customers see, in a few words"), inputValue)
	title.InitialValue, title.MaxLength = i.Title, titleMost
	state.Shown = map[string]string{inputTitle: asShown(i.Title)}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formRename, PrivateMetadata: state.String(),
		Title: plainText(clip("Rename "+i.Name(), 24)), Submit: plainText("Save"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock(inputTitle, plainText("Title"), plainText("The channel keeps its name. You can change that in Slack."), title),
		}},
	}
}

// submittedRename gives the incident the title of the form, unless it got another one
// meanwhile, which is said first.
func (s *Slack) submittedRename(ctx context.Context, c desk.Caller, state formState, v slack.View) answer {
	act := desk.Act{Verb: desk.Rename, Text: named(stateOf(v, inputTitle).Value, s.nameOf)}
	act.Fit = func(i incident.Incident, a *desk.Act) error {
		f := fields{state.Shown, map[string]string{inputTitle: a.Text}, map[string]string{inputTitle: i.Title}}
		if f.overtaken(inputTitle) {
			return f.overtake(inputTitle, "its title became “"+i.Title+"”")
		}
		return nil
	}
	a, err := s.desk.Do(ctx, c, state.Incident, act)
	if err != nil {
		return s.atInput(inputTitle, err)
	}
	return s.told(c, ephemeral(drillMark(a.Incident)+s.did(act, a)))
}
