package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// refused is the answer to a form that cannot be carried out as it is: the words are shown
// at the input concerned, and the form stays with what was filled in.
type refused struct {
	input string
	text  string
	shown map[string]string // replaces what the form remembers of these fields; nil: nothing
}

// Slack documents no limit for the words at an input. errorMost is how many of them a phone
// shows there without hiding the next field; longer ones get a block of their own above the
// input. answerMost is how many bytes an answer has that Slack takes: one of 20 KiB or more
// is lost.
const (
	errorMost   = 200
	answerMost  = 19_000
	blockSaidAt = "said" // the block
)

// atInput shows an error at an input of a form, where nothing is markup.
func (s *Slack) atInput(input string, err error) answer {
	if m := (*meanwhile)(nil); errors.As(err, &m) {
		return answer{payload: refused{input: m.input, text: m.says, shown: m.shown}}
	}
	text := s.trouble(err)
	if r := (*incident.Refusal)(nil); errors.As(err, &r) {
		text = r.Text(s.people.Current().DisplayName(r.Who), incident.Clock(r.When, time.Now(), s.opt.Zone))
	}
	return answer{payload: refused{input: input, text: text}}
}

// in is what answers the submission of a form that is refused.
func (r refused) in(v slack.View) *slack.ViewSubmissionResponse {
	short := slack.NewErrorsViewSubmissionResponse(map[string]string{r.input: short(r.text, 900)})
	again := r.again(v)
	if length(r.text) <= errorMost && r.shown == nil && len(again.Blocks.BlockSet) > len(v.Blocks.BlockSet) {
		return short // and no longer words stand in the form from the time before
	}
	long := slack.NewUpdateViewSubmissionResponse(&again)
	if b, err := json.Marshal(long); err != nil || len(b) > answerMost {
		return short
	}
	return long
}

// again is the form once more, with the words above the input. What was filled in stays,
// since the blocks of the inputs have their names.
func (r refused) again(v slack.View) slack.ModalViewRequest {
	said := slack.NewSectionBlock(mrkdwn(clip(":warning: "+esc(r.text), 3000)), nil, nil)
	said.BlockID = blockSaidAt
	var blocks []slack.Block
	for _, b := range v.Blocks.BlockSet {
		if b.ID() == r.input {
			blocks = append(blocks, said)
		}
		if b.ID() != blockSaidAt {
			blocks = append(blocks, b)
		}
	}
	state := readState(v.PrivateMetadata)
	if state.Shown == nil {
		state.Shown = map[string]string{}
	}
	maps.Copy(state.Shown, r.shown)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: v.CallbackID, PrivateMetadata: state.String(),
		Title: v.Title, Submit: v.Submit, Close: v.Close, Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// meanwhile is the refusal of a form whose field somebody else has changed since it was
// opened: it is said, and sending the form again is meant.
type meanwhile struct {
	input string
	says  string
	shown map[string]string // what the fields are by now
}

func (m *meanwhile) Error() string { return m.says }

// asShown is the value of a field as a form remembers it: long ones by their sum.
func asShown(value string) string {
	if len(value) > 40 {
		sum := sha256.Sum256([]byte(value))
		return hex.EncodeToString(sum[:10])
	}
	return value
}

// fields compares what a form showed, what was sent, and what holds by now.
type fields struct {
	shown     map[string]string // see [asShown]
	sent, now map[string]string
}

// changed reports whether somebody changed a field, to something that does not hold anyway.
func (f fields) changed(block string) bool {
	return asShown(f.sent[block]) != f.shown[block] && f.sent[block] != f.now[block]
}

// overtaken reports whether somebody else has changed the field, too.
func (f fields) overtaken(block string) bool {
	return f.changed(block) && asShown(f.now[block]) != f.shown[block]
}

// overtake is the refusal of a field that was overtaken, with what it is by now in words.
func (f fields) overtake(block, now string) error {
	return &meanwhile{input: block, says: "Since you opened this form, " + now + "." + sayAgain, shown: map[string]string{block: asShown(f.now[block])}}
}

// sayAgain is what ends the words about a field that was overtaken.
const sayAgain = " To have yours all the same, send the form again."

// saidHow is how an incident was mitigated, as far as somebody said; empty while it hurts.
func saidHow(i incident.Incident) string {
	if i.Status.Hurting() || i.HowAssumed {
		return ""
	}
	return string(i.How)
}

// howSent fits what a form says of the mitigation to the incident as it is: what was left
// as it was shown is not said.
func howSent(state formState) func(incident.Incident, *desk.Act) error {
	return func(i incident.Incident, a *desk.Act) error {
		f := fields{state.Shown, map[string]string{inputHow: string(a.How)}, map[string]string{inputHow: saidHow(i)}}
		switch {
		case a.How == "", state.Shown == nil: // of a version before this one
		case f.overtaken(inputHow):
			return f.overtake(inputHow, "it was said that it is a "+saidHow(i))
		case state.Shown[inputHow] == string(a.How): // it was said before
			a.How = ""
		}
		return nil
	}
}
