package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/blameless"
	"github.com/stormbell/stormbell/incident/postmortem"
)

const (
	actAnswer   = "answer"    // opens the form with the next question; the value is the number of the incident
	actWrite    = "write"     // whoever presses it writes the post-mortem
	actToReview = "to_review" // others are asked to read it
	actPublish  = "publish"   // opens the form in which it is published
	actDocument = "document"  // shows it in short

	formAnswer  = "answer"
	formPublish = "publish"

	inputReply    = "reply" // and the ID of the question: Slack keeps what was typed in a block of the same name
	inputCorrects = "corrects"
)

// Keys of what the form with questions remembers between them.
const (
	stateQuestion = "question"
	stateLeft     = "left" // the IDs of those that follow
	stateGiven    = "given"
)

// answerForm opens the form with the next question for somebody, or with the one that is
// named.
func (s *Slack) answerForm(ctx context.Context, trigger string, c desk.Caller, n int, id string) answer {
	doc, i, err := s.drafted(ctx, c, n)
	if err != nil {
		return s.told(c, s.mistake(err, Command{}))
	}
	list := toAnswer(doc, i, c.Actor)
	if id != "" {
		q, ok := doc.Question(id)
		if !ok {
			_, err := s.desk.Do(ctx, c, n, desk.Act{Verb: desk.Reply, Question: id}) // it says which there are
			return s.told(c, s.mistake(err, Command{}))
		}
		list = append([]postmortem.Question{q}, slices.DeleteFunc(list, func(o postmortem.Question) bool { return o.ID == q.ID })...)
	}
	if len(list) == 0 {
		return s.told(c, ephemeral("Nothing is open in the post-mortem of "+i.Name()+"."))
	}
	state := formState{Incident: n, ReplyURL: c.ReplyURL, Shown: map[string]string{stateQuestion: list[0].ID, stateLeft: idsOf(list[1:])}}
	own, err := s.desk.AnswerOf(ctx, c.Actor, n, list[0].ID)
	if err != nil {
		return s.told(c, s.mistake(err, Command{}))
	}
	return s.thenForm(trigger, c, questionForm(doc, i, state, shownAnswer{by: c.Actor, text: own}))
}

// drafted is the document as its timeline has it by now, for somebody who answers in it.
// As long as customers are affected nothing is asked.
func (s *Slack) drafted(ctx context.Context, c desk.Caller, n int) (postmortem.Document, incident.Incident, error) {
	b, err := s.desk.Show(ctx, c.Actor, n)
	if err != nil {
		return postmortem.Document{}, incident.Incident{}, err
	}
	if err := b.Incident.MayAnswer(); err != nil {
		return postmortem.Document{}, b.Incident, err
	}
	doc, err := s.desk.Draft(ctx, c.Actor, n, s.opt.Zone)
	return doc, b.Incident, err
}

// toAnswer are the questions that somebody is shown, one after another: those that they
// are asked, or else those that nobody has answered, what the incident needs first.
func toAnswer(doc postmortem.Document, i incident.Incident, who incident.Actor) []postmortem.Question {
	if list := doc.For(who, i.Reviewer == who || i.Reviewer == ""); len(list) > 0 {
		return list
	}
	open := slices.DeleteFunc(doc.Questions(), func(q postmortem.Question) bool { return len(q.Answers) > 0 })
	slices.SortStableFunc(open, func(a, b postmortem.Question) int {
		switch {
		case a.Asked == b.Asked:
			return 0
		case a.Asked:
			return -1
		default:
			return 1
		}
	})
	return open
}

func idsOf(list []postmortem.Question) string {
	var ids []string
	for _, q := range list {
		ids = append(ids, q.ID)
	}
	return strings.Join(ids, " ")
}

// shownAnswer is what somebody has answered so far, and what of it is pointed out.
type shownAnswer struct {
	by          incident.Actor
	text, hints string
}

// questionForm asks one question. What stands in its section, and what others have
// answered, is above it.
func questionForm(doc postmortem.Document, i incident.Incident, state formState, own shownAnswer) slack.ModalViewRequest {
	id := state.Shown[stateQuestion]
	q, _ := doc.Question(id)
	head := "*" + i.Name() + " · " + clip(esc(i.Title), 300) + "*"
	if left := len(strings.Fields(state.Shown[stateLeft])); left > 0 {
		head += "\nAfter this one: " + incident.Count(left, "question", "questions") + "."
	}
	blocks := []slack.Block{section(head)}
	if own.hints != "" {
		blocks = append(blocks, section(own.hints))
	}
	if above := offersOf(doc, id); above != "" {
		blocks = append(blocks, section(clip(above, 2500)))
	}
	for _, a := range q.Answers {
		if a.By() != own.by && len(blocks) < 20 {
			blocks = append(blocks, section(clip(quote(a.Text, 1200), 2900)), contextLine(esc(a.Who)))
		}
	}
	if q.Hint != "" {
		blocks = append(blocks, contextLine(esc(q.Hint)))
	}
	input := longInput("Empty: go on to the next question", own.text)
	blocks = append(blocks, slack.NewInputBlock(inputReply+" "+id, plainText(clip(asked(q), 1900)), nil, input).WithOptional(true))
	submit := "Next"
	if state.Shown[stateLeft] == "" {
		submit = "Save"
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formAnswer, PrivateMetadata: state.String(),
		Title: plainText(clip("Post-mortem "+i.Name(), 24)), Submit: plainText(submit), Close: plainText("Close"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// offersOf are the facts that the section of a question offers.
func offersOf(doc postmortem.Document, id string) string {
	for _, s := range doc.Sections {
		if !slices.ContainsFunc(s.Questions, func(q postmortem.Question) bool { return q.ID == id }) {
			continue
		}
		var lines []string
		for _, l := range s.Lines {
			lines = append(lines, "• "+esc(l))
		}
		if s.ID == "decisions" || s.ID == "now_later" {
			for _, it := range s.List {
				lines = append(lines, "• "+esc(it.Line()))
			}
		}
		if id == postmortem.Cue { // what "there" is
			lines = append(lines, whereNoted(doc)...)
		}
		return strings.Join(lines, "\n")
	}
	return ""
}

// whereNoted are the notes about where it was.
func whereNoted(doc postmortem.Document) []string {
	var lines []string
	for _, s := range doc.Sections {
		for _, it := range s.List {
			if s.ID == "notes" && it.Lead == string(incident.Where) {
				lines = append(lines, "• "+esc(it.Line()))
			}
		}
	}
	return lines
}

// submittedAnswer records an answer, and shows the next question. Wording that blames is
// pointed out once it is recorded: sent again as it is, it is fine as it is.
func (s *Slack) submittedAnswer(ctx context.Context, c desk.Caller, state formState, v slack.View) answer {
	id := state.Shown[stateQuestion]
	block := inputReply + " " + id
	text := incident.CleanText(named(stateOf(v, block).Value, s.nameOf))
	doc, i, err := s.drafted(ctx, c, state.Incident)
	if err != nil {
		return s.atInput(block, err)
	}
	raw, err := s.desk.AnswerOf(ctx, c.Actor, state.Incident, id)
	if err != nil {
		return s.atInput(block, err)
	}
	if text != raw {
		c.Key = key("answer", v.ID, id, raw, text)
		if _, err := s.desk.Do(ctx, c, state.Incident, desk.Act{Verb: desk.Reply, Question: id, Text: text}); err != nil {
			return s.atInput(block, err)
		}
		if doc, i, err = s.drafted(ctx, c, state.Incident); err != nil {
			return s.atInput(block, err)
		}
		q, _ := doc.Question(id)
		own := shownAnswer{by: c.Actor, hints: s.hints(doc, q, c.Actor, text)}
		if own.hints != "" && state.Shown[stateGiven] != id {
			own.text, _ = q.Answered(c.Actor) // with roles for names: sent again, it stands so
			state.Shown[stateGiven] = id
			next := questionForm(doc, i, state, own)
			return answer{payload: slack.NewUpdateViewSubmissionResponse(&next)}
		}
	}
	left := strings.Fields(state.Shown[stateLeft])
	if len(left) == 0 {
		end := answeredView(doc, i)
		return answer{payload: slack.NewUpdateViewSubmissionResponse(&end)}
	}
	state.Shown = map[string]string{stateQuestion: left[0], stateLeft: strings.Join(left[1:], " ")}
	own := shownAnswer{by: c.Actor}
	if own.text, err = s.desk.AnswerOf(ctx, c.Actor, state.Incident, left[0]); err != nil {
		return s.atInput(block, err)
	}
	next := questionForm(doc, i, state, own)
	return answer{payload: slack.NewUpdateViewSubmissionResponse(&next)}
}

// hintsMost is how many wordings are pointed out at once.
const hintsMost = 3

// hints says what of an answer blames somebody, or names them; empty where nothing does.
func (s *Slack) hints(doc postmortem.Document, q postmortem.Question, who incident.Actor, text string) string {
	var lines []string
	var people []string
	for _, p := range s.people.Current().Roster.People {
		people = append(people, p.Name, p.ID)
	}
	for _, f := range blameless.Read(text, blameless.Options{Section: sectionOf(doc, q.ID), Names: people}) {
		if f.Level == blameless.Warn && len(lines) < hintsMost {
			lines = append(lines, fmt.Sprintf("• “%s”: %s", clip(esc(f.Phrase), 200), clip(esc(f.Suggestion), 300)))
		}
	}
	if shown, _ := q.Answered(who); shown != text && strings.Contains(shown, "[") {
		lines = append(lines, "• It names somebody. The document says instead: "+clip(esc(shown), 600))
	}
	if len(lines) == 0 {
		return ""
	}
	return "*Recorded.* Something to look at:\n" + strings.Join(lines, "\n") + "\nChange it here, or send it again: it is fine as it is."
}

// sectionOf is the ID of the section in which a question stands.
func sectionOf(doc postmortem.Document, id string) string {
	for _, s := range doc.Sections {
		if slices.ContainsFunc(s.Questions, func(q postmortem.Question) bool { return q.ID == id }) {
			return s.ID
		}
	}
	return ""
}

// answeredView ends the form.
func answeredView(doc postmortem.Document, i incident.Incident) slack.ModalViewRequest {
	text := "Thank you. Nothing else is asked of you."
	open := 0
	for _, q := range doc.Questions() {
		if q.Asked && len(q.Answers) == 0 {
			open++
		}
	}
	switch {
	case open > 0:
		text += " " + incident.Count(open, "question is", "questions are") + " still open."
	case doc.State != incident.PostmortemPublished:
		text += " Nothing that the document needs is open any more."
	default:
		text += " What you have said stands in the next version; to publish it, say what it corrects."
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formAnswer,
		Title: plainText(clip("Post-mortem "+i.Name(), 24)), Close: plainText("Close"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{section(text)}},
	}
}

// reviewButtons are what fits the state of the document.
func reviewButtons(i incident.Incident) []slack.BlockElement {
	value := strconv.Itoa(i.Number)
	if i.MayAnswer() != nil {
		return nil
	}
	list := []slack.BlockElement{button(actAnswer, value, "Answer questions", slack.StylePrimary)}
	state := i.PostmortemState()
	if i.Reviewer == "" && state != incident.PostmortemPublished {
		list = append(list, button(actWrite, value, "I write it", ""))
	}
	if state == incident.PostmortemDraft {
		list = append(list, button(actToReview, value, "Ask for a review", ""))
	}
	if i.Status != incident.Mitigated {
		label := "Publish"
		if state == incident.PostmortemPublished {
			label = "Publish a correction"
		}
		list = append(list, button(actPublish, value, label, ""))
	}
	return list
}

// pressedReview is a button under the document in short.
func (s *Slack) pressedReview(ctx context.Context, k click) answer {
	n, c := k.number(), k.by
	switch k.button.ActionID {
	case actAnswer:
		return s.answerForm(ctx, k.TriggerID, c, n, "")
	case actPublish:
		return s.publishForm(ctx, k.TriggerID, c, n)
	case actDocument:
		return s.told(c, s.postmortem(ctx, c.Actor, n))
	case actWrite:
		return s.doneReview(ctx, c, n, desk.Act{Verb: desk.Review})
	default:
		return s.doneReview(ctx, c, n, desk.Act{Verb: desk.ToReview})
	}
}

func (s *Slack) doneReview(ctx context.Context, c desk.Caller, n int, act desk.Act) answer {
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.told(c, s.mistake(err, Command{}))
	}
	return s.told(c, ephemeral(drillMark(a.Incident)+s.did(act, a)))
}

// publishForm says what publishing does, and asks what a later version corrects.
func (s *Slack) publishForm(ctx context.Context, trigger string, c desk.Caller, n int) answer {
	doc, i, err := s.drafted(ctx, c, n)
	if err == nil {
		err = s.desk.MayAct(ctx, c, n, desk.Act{Verb: desk.PublishDocument})
	}
	if err != nil {
		return s.told(c, s.mistake(err, Command{}))
	}
	return s.thenForm(trigger, c, publishView(doc, i, formState{Incident: n, ReplyURL: c.ReplyURL}))
}

// publishView shows what is published, and to whom it goes.
func publishView(doc postmortem.Document, i incident.Incident, state formState) slack.ModalViewRequest {
	blocks := []slack.Block{section(clip("*"+i.Name()+" · "+clip(esc(i.Title), 300)+"*\n"+toldWords(doc), 2900))}
	cause := doc.Said(postmortem.Cause)
	if cause == "" {
		blocks = append(blocks, section("The cause in plain words is missing: press *Answer questions* first."))
	} else {
		blocks = append(blocks, section("*Cause in plain words*\n"+quote(cause, 2500)))
	}
	open := 0
	for _, q := range doc.Questions() {
		if q.Asked && len(q.Answers) == 0 {
			open++
		}
	}
	if open > 0 {
		blocks = append(blocks, contextLine(incident.Count(open, "question is", "questions are")+" still open. They stay visibly open in the document."))
	}
	if i.Postmortem.Version > 0 {
		blocks = append(blocks, slack.NewInputBlock(inputCorrects, plainText("What is corrected?"), nil, longInput("The number of orders was wrong", "")))
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formPublish, PrivateMetadata: state.String(),
		Title: plainText(clip("Publish "+i.Name(), 24)), Submit: plainText("Publish"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// toldWords say who is told of the document, as its last section does.
func toldWords(doc postmortem.Document) string {
	text := "The document is kept as it is then; a correction is a new version."
	for _, s := range doc.Sections {
		if s.ID == "cause" && len(s.Lines) > 0 {
			text += " " + esc(s.Lines[0])
		}
	}
	return text
}

func (s *Slack) submittedPublish(ctx context.Context, c desk.Caller, n int, v slack.View) answer {
	act := desk.Act{Verb: desk.PublishDocument, Text: named(strings.TrimSpace(stateOf(v, inputCorrects).Value), s.nameOf)}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.formRefused(v, inputCorrects, err)
	}
	return answer{after: func(ctx context.Context) {
		if err := s.respond(ctx, c.ReplyURL, ephemeral(drillMark(a.Incident)+s.did(act, a))); err != nil {
			s.log.Warn().Str("error", err.Error()).Msg("a person could not be answered")
		}
	}}
}

// formRefused shows what was refused: at an input where the form has it, and otherwise
// above all else.
func (s *Slack) formRefused(v slack.View, input string, err error) answer {
	for _, b := range v.Blocks.BlockSet {
		if b.ID() == input {
			return s.atInput(input, err)
		}
	}
	again := slack.ModalViewRequest{Type: slack.VTModal, CallbackID: v.CallbackID, PrivateMetadata: v.PrivateMetadata,
		Title: v.Title, Close: plainText("Close"), Blocks: slack.Blocks{BlockSet: []slack.Block{section(clip(s.mistake(err, Command{}).Text, 2900))}}}
	return answer{payload: slack.NewUpdateViewSubmissionResponse(&again)}
}

// review handles what stands after "postmortem": answers, who writes it, its states.
func (s *Slack) review(ctx context.Context, c desk.Caller, cmd Command, n int) (r reply, ok bool) {
	word, rest := cut(cmd.Text)
	act := desk.Act{Text: named(rest, s.nameOf)}
	switch strings.Trim(strings.ToLower(word), trimmed) {
	case "owner", "author", "writer":
		act.Verb = desk.Review
		people, left := mentions(rest)
		switch {
		case len(people) > 0:
			act.Person = s.people.Current().Actor(people[0])
		case strings.Trim(left, trimmed+"@ ") != "":
			who, err := s.people.Current().Named(strings.Trim(left, trimmed+"@ "))
			if err != nil {
				return s.mistake(err, cmd), true
			}
			act.Person = who
		}
	case "waive", "waived":
		act.Verb = desk.Waive
	case "answer", "answers":
		act.Verb = desk.Reply
		act.Question, act.Text = cut(act.Text)
	case "review", "in-review":
		act.Verb = desk.ToReview
	case "publish", "published", "correct":
		act.Verb = desk.PublishDocument
	case "draft":
		return s.document(ctx, c.Actor, n, s.desk.Draft), true
	default:
		return reply{}, false
	}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.mistake(err, cmd), true
	}
	return ephemeral(drillMark(a.Incident) + s.did(act, a)), true
}

// answers reports whether a command asks for the form with questions: "postmortem answer",
// alone or with the ID of one.
func (c Command) answers() (question string, ok bool) {
	word, rest := cut(c.Text)
	if c.Word != "postmortem" || !slices.Contains([]string{"answer", "answers"}, strings.Trim(strings.ToLower(word), trimmed)) {
		return "", false
	}
	question, text := cut(rest)
	return strings.ToLower(question), text == ""
}

// didReview confirms an act on the post-mortem.
func didReview(act desk.Act, i incident.Incident) string {
	switch act.Verb {
	case desk.Reply:
		return "Your answer stands in the post-mortem of " + i.Name() + ", without your name."
	case desk.ToReview:
		return "The channel is asked to read the draft of " + i.Name() + "."
	case desk.Review:
		return "Who writes the post-mortem of " + i.Name() + " is noted."
	default:
		s := fmt.Sprintf("Published: version %d of the post-mortem of %s.", i.Postmortem.Version, i.Name())
		if !i.Private && !i.Test && i.Outcome == "" {
			s += " Those with an interest are told; the document says who and when."
		}
		return s
	}
}
