package chat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/oklog/ulid/v2"
	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// answer is what acknowledges an envelope: what the person sees at once, and
// what is done right after the acknowledgement.
type answer struct {
	payload any
	after   func(context.Context)
}

// reply is a message that only the caller sees.
type reply struct {
	ResponseType string        `json:"response_type"`
	Text         string        `json:"text"`
	Blocks       *slack.Blocks `json:"blocks,omitempty"`
	Replace      bool          `json:"replace_original"` // of a response_url: false keeps the message that was pressed
}

func ephemeral(text string, blocks ...slack.Block) reply {
	r := reply{ResponseType: slack.ResponseTypeEphemeral, Text: clip(text, 3500)}
	if len(blocks) > 0 {
		r.Blocks = &slack.Blocks{BlockSet: blocks}
	}
	return r
}

// trouble shows an error to a person: a refusal in its own words, anything else
// as a short apology with a reference that the log has too.
func (s *Slack) trouble(err error) string {
	var r *incident.Refusal
	if errors.As(err, &r) {
		return s.names().refusal(r)
	}
	ref := ulid.Make().String()
	s.log.Error().Err(err).Str("ref", ref).Msg("an act could not be carried out")
	return "That did not work, and nothing was recorded. Please try again. (Reference " + ref + ")"
}

// atInput shows an error at an input of a form, where nothing is markup.
func (s *Slack) atInput(input string, err error) answer {
	text := s.trouble(err)
	var r *incident.Refusal
	if errors.As(err, &r) {
		text = r.Text(s.desk.DisplayName(r.Who), r.When.In(s.opt.Zone).Format("15:04"))
	}
	return answer{payload: slack.NewErrorsViewSubmissionResponse(map[string]string{input: short(text, 150)})}
}

// mistake answers a command that could not be carried out. What was typed is
// shown again where it was more than a word, so that it can be copied.
func (s *Slack) mistake(err error, cmd Command) reply {
	text := s.trouble(err)
	if cmd.Text == "" && cmd.Details == "" {
		return ephemeral(text)
	}
	return ephemeral(text, append([]slack.Block{section(text), contextLine("You typed:")}, typedBlocks(s.opt.Command+" "+cmd.Typed)...)...)
}

// typedMost is how much of what somebody typed is shown again: an answer of
// 20 KiB or more would be lost.
const typedMost = 5500

// typedBlocks shows plain text as it was typed, in as many sections as it needs.
func typedBlocks(text string) []slack.Block {
	var blocks []slack.Block
	left := typedMost
	for rest := text; rest != "" && left > 0; {
		piece := rest
		for n := 2800; length(esc(piece)) > min(2800, left); n /= 2 {
			piece = plainPiece(rest, n)
		}
		if piece == "" {
			break
		}
		left -= length(esc(piece))
		blocks = append(blocks, section(quote(piece, 3000)))
		rest = strings.TrimLeft(rest[len(piece):], " ")
	}
	return blocks
}

// command handles a slash command.
func (s *Slack) command(ctx context.Context, c slack.SlashCommand) answer {
	who := s.desk.Actor(c.UserID)
	if c.Command == s.opt.OncallCommand {
		return s.oncallCommand(ctx, c)
	}
	cmd := Parse(c.Text)
	caller := desk.Caller{Actor: who, Key: key("command", c.TriggerID), ReplyURL: c.ResponseURL}
	switch cmd.Word {
	case "help":
		return answer{payload: s.help("")}
	case "declare":
		return s.declare(ctx, caller, cmd, c.TriggerID)
	case "":
		return answer{payload: s.unknown(cmd)}
	case "list":
		return answer{payload: s.list(ctx, who)}
	}
	n, err := s.which(ctx, who, cmd, c.ChannelID)
	if err != nil {
		return answer{payload: s.mistake(err, cmd)}
	}
	return answer{payload: s.onIncident(ctx, caller, cmd, n)}
}

// key names a request, so that the same one is recognised when Slack delivers
// it twice.
func key(kind, id string) string {
	if id == "" {
		return ""
	}
	return kind + ":" + id
}

// which says which incident a command is about: the one it names, or else the
// one whose channel it was typed in.
func (s *Slack) which(ctx context.Context, who incident.Actor, cmd Command, channel string) (int, error) {
	if cmd.Incident > 0 {
		return cmd.Incident, nil
	}
	n, ok, err := s.desk.InChannel(ctx, channel)
	if err != nil || ok {
		return n, err
	}
	active, err := s.desk.Active(ctx, who)
	if err != nil {
		return 0, err
	}
	if len(active) == 0 {
		return 0, refuse("", "No incident is open.")
	}
	var open []string
	for k, i := range active {
		if k < 8 {
			open = append(open, i.Name()+" ("+i.Title+")")
		}
	}
	return 0, refuse(fmt.Sprintf("Say its name, as in: %s %s %s. Open: %s.",
		s.opt.Command, cmd.Word, active[0].Name(), strings.Join(open, ", ")),
		"This is not an incident's channel.")
}

// declare opens an incident at once, or the form when there is no title yet.
func (s *Slack) declare(ctx context.Context, c desk.Caller, cmd Command, trigger string) answer {
	if cmd.Text == "" {
		return answer{after: func(ctx context.Context) {
			s.openForm(ctx, trigger, c, declareForm(cmd, s.desk.Roster().Services, formState{ReplyURL: c.ReplyURL}))
		}}
	}
	d := incident.Declaration{Title: named(cmd.Text, s.nameOf), Details: named(cmd.Details, s.nameOf),
		Severity: cmd.Severity, Service: cmd.Service, Private: cmd.Private, Test: cmd.Test}
	a, err := s.desk.Declare(ctx, c, d)
	if err != nil {
		return answer{payload: s.mistake(err, cmd)}
	}
	return answer{payload: ephemeral(s.declared(a))}
}

// declared tells the caller what became of a declaration.
func (s *Slack) declared(a desk.Answer) string {
	i := a.Incident
	service := i.Service
	if v, ok := s.desk.Roster().Service(i.Service); ok {
		service = v.Name
	}
	text := fmt.Sprintf("*%s* is open: %s", i.Name(), i.Severity)
	if service != "" {
		text += " · " + esc(service)
	}
	text += " · " + esc(i.Title)
	switch {
	case i.Channel != "":
		text += "\nIts channel is <#" + i.Channel + ">."
	case i.Severity == incident.Sev4:
		text += "\nA sev4 pages nobody. Its channel is being made."
	case i.Test:
		text += "\nIt is a test: only you are paged. Its channel is being made."
	default:
		text += "\nThe person on call is being paged. Its channel is being made."
	}
	for _, n := range a.Notes {
		text += "\n" + esc(n)
	}
	return text
}

// nameOf names a mentioned user in plain text.
func (s *Slack) nameOf(user string) string { return s.desk.DisplayName(s.desk.Actor(user)) }

// onIncident carries out a command on incident n.
func (s *Slack) onIncident(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	switch cmd.Word {
	case "timeline":
		return s.timeline(ctx, c.Actor, n)
	case "show":
		return s.show(ctx, c.Actor, n)
	case "postmortem":
		return s.postmortem(ctx, c.Actor, n)
	case "escalate":
		if _, err := s.desk.Escalate(ctx, c, n); err != nil {
			return s.mistake(err, cmd)
		}
		return ephemeral("The next ones are being paged for " + incident.Name(n) + ".")
	case "page":
		return s.pageByHand(ctx, c, cmd, n)
	case "unack", "snooze", "reassign":
		return s.handBack(ctx, c, cmd, n)
	}
	act, ok, err := cmd.act()
	switch {
	case err != nil:
		return s.mistake(err, cmd)
	case !ok:
		return s.show(ctx, c.Actor, n) // "status" alone
	}
	act.Text = named(act.Text, s.nameOf)
	if act.Person, err = s.meant(cmd); err != nil {
		return s.mistake(err, cmd)
	}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.mistake(err, cmd)
	}
	return ephemeral(s.did(act, a))
}

// did confirms an act to whoever did it; the channel is told by itself.
func (s *Slack) did(act desk.Act, a desk.Answer) string {
	i := a.Incident
	switch act.Verb {
	case desk.Acknowledge:
		return "You are on " + i.Name() + ": " + esc(i.Title) + inChannel(i)
	case desk.Note:
		return "Noted in " + i.Name() + "."
	case desk.SetSeverity:
		return i.Name() + " is " + i.Severity.String() + " now."
	case desk.Rename:
		return i.Name() + " is called “" + esc(i.Title) + "” now."
	case desk.Reroute:
		return i.Name() + " belongs to " + esc(i.Service) + " now; its owner is being paged."
	case desk.TakeRole:
		return "Done: " + string(act.Role) + " of " + i.Name() + "."
	case desk.Resolve:
		return i.Name() + " is resolved. The draft of its post-mortem is being posted in its channel."
	default:
		return i.Name() + " is " + string(i.Status) + " now."
	}
}

func inChannel(i incident.Incident) string {
	if i.Channel == "" {
		return "."
	}
	return ". Its channel is <#" + i.Channel + ">."
}

// meant returns the one person whom a command names, or nobody.
func (s *Slack) meant(cmd Command) (incident.Actor, error) {
	switch {
	case len(cmd.People) > 0:
		return s.desk.Actor(cmd.People[0]), nil
	case cmd.Target == "" || cmd.Word == "page":
		return "", nil
	default:
		return s.desk.Named(cmd.Target)
	}
}

// pageByHand pages whoever is named: by mention, or as a person, a team or a
// service.
func (s *Slack) pageByHand(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	text := named(cmd.Text, s.nameOf)
	var a desk.Answer
	var err error
	switch {
	case len(cmd.People) > 0:
		var who []incident.Actor
		for _, user := range cmd.People {
			who = append(who, s.desk.Actor(user))
		}
		a, err = s.desk.PagePeople(ctx, c, n, who, text)
	case cmd.Target != "":
		a, err = s.desk.PageTarget(ctx, c, n, cmd.Target, text)
	default:
		err = refuse("To page whoever is next: "+s.opt.Command+" escalate.",
			"Say whom, as in: "+s.opt.Command+" page @ada we need you for the database.")
	}
	if err != nil {
		return s.mistake(err, cmd)
	}
	return ephemeral("Being paged for " + incident.Name(n) + ": " + esc(strings.Join(a.Notes, ", ")) + ".")
}

// unknown answers a first word that is no verb. Nothing that was typed is lost.
func (s *Slack) unknown(c Command) reply {
	text := "There is no word “" + clip(esc(c.Unknown), 60) + "” here."
	var rest string
	if c.Near != "" {
		_, rest = cut(c.Typed)
		text += " Did you mean `" + strings.TrimSpace(s.opt.Command+" "+c.Near) + "`?"
	}
	blocks := []slack.Block{section(text)}
	if c.Near == "declare" && rest != "" {
		blocks = append(blocks, declareButton(rest))
	} else if c.Near == "" && strings.Contains(c.Typed, " ") {
		blocks = append(blocks, section("To open an incident with these words:\n"+quote(c.Typed, 1500)), declareButton(c.Typed))
	} else {
		blocks = append(blocks, contextLine("You typed: "+clip(esc(s.opt.Command+" "+c.Typed), 1000)))
	}
	help := s.help("")
	return ephemeral(text, append(blocks, help.Blocks.BlockSet...)...)
}

// declareButton declares at once what was typed; Slack takes 2,000 characters.
func declareButton(text string) slack.Block {
	return slack.NewActionBlock("declare_typed", button(actDeclared, short(text, 1900), "Declare this", slack.StyleDanger))
}

// help says what can be done here.
func (s *Slack) help(first string) reply {
	cmd := s.opt.Command
	text := strings.TrimSpace(first + "\n*What can be done here*\n" + strings.Join([]string{
		"`" + cmd + " declare checkout is slow sev2` opens an incident: the person on call is paged, a channel is made",
		"`" + cmd + " declare` opens a form for it",
		"`" + cmd + " ack` · `mitigate rollback` · `resolve` · `close` · `reopen it is back`",
		"`" + cmd + " note what: error rate is at 12 %` · `decide` · `task` · `update`",
		"`" + cmd + " sev 1` · `role commander` · `service ID` · `escalate` · `page @ada` · `rename`",
		"`" + cmd + " list` · `show INC-1` · `timeline` · `postmortem`",
		"`" + s.opt.OncallCommand + "` says who is on call",
	}, "\n"))
	where := "In an incident's channel they act on it; anywhere else put its name after the word, as in `" + cmd + " ack INC-1`."
	return ephemeral("What can be done here: declare, ack, mitigate, resolve, note, timeline, list, show, help",
		section(text), contextLine(where),
		slack.NewActionBlock("help", button(actDeclare, "", "Declare an incident", slack.StyleDanger),
			button(actList, "", "Open incidents", ""), button(actOncall, "", "Who is on call", "")))
}

func (s *Slack) list(ctx context.Context, who incident.Actor) reply {
	active, err := s.desk.Active(ctx, who)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	return ephemeral("Open incidents", sections(listText(active, s.names(), s.opt.Command))...)
}

func (s *Slack) show(ctx context.Context, who incident.Actor, n int) reply {
	b, err := s.desk.Show(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := cardMessage(b, s.names())
	if b.Papers.Channel != "" {
		m.blocks = append(m.blocks, contextLine("<#"+b.Papers.Channel+">"))
	}
	return ephemeral(m.text, m.blocks...)
}

func (s *Slack) timeline(ctx context.Context, who incident.Actor, n int) reply {
	i, events, err := s.desk.Timeline(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	return ephemeral("Timeline of "+i.Name(), sections(timelineText(i, events, s.names(), 7000))...)
}

func (s *Slack) postmortem(ctx context.Context, who incident.Actor, n int) reply {
	d, err := s.desk.Postmortem(ctx, who, n, s.opt.Zone)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	i, _, err := s.desk.Timeline(ctx, who, n)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	m := postmortemMessage(i, d)
	return ephemeral(m.text, m.blocks...)
}

// interact handles what was pressed or submitted.
func (s *Slack) interact(ctx context.Context, i slack.InteractionCallback) answer {
	switch i.Type {
	case slack.InteractionTypeBlockActions:
		return s.pressed(ctx, i)
	case slack.InteractionTypeViewSubmission:
		return s.submitted(ctx, i)
	case slack.InteractionTypeShortcut:
		if i.CallbackID == "declare_incident" {
			caller := desk.Caller{Actor: s.desk.Actor(i.User.ID)}
			return answer{after: func(ctx context.Context) {
				s.openForm(ctx, i.TriggerID, caller, declareForm(Command{}, s.desk.Roster().Services, formState{}))
			}}
		}
	case slack.InteractionTypeMessageAction:
		if i.CallbackID == "add_to_timeline" {
			return s.marked(ctx, i)
		}
	}
	return answer{}
}

// pressed handles a button.
func (s *Slack) pressed(ctx context.Context, i slack.InteractionCallback) answer {
	if len(i.ActionCallback.BlockActions) == 0 {
		return answer{}
	}
	action := i.ActionCallback.BlockActions[0]
	caller := desk.Caller{Actor: s.desk.Actor(i.User.ID), Key: key("press", i.TriggerID), ReplyURL: i.ResponseURL}
	n, _ := strconv.Atoi(action.Value)
	switch action.ActionID {
	case actAck:
		if _, err := s.desk.Do(ctx, caller, n, desk.Act{Verb: desk.Acknowledge}); err != nil {
			return s.told(caller, ephemeral(s.trouble(err)))
		}
		return answer{}
	case actResolve:
		b, err := s.desk.Show(ctx, caller.Actor, n)
		if err == nil && !b.Incident.Status.Active() {
			err = refuse("", b.Incident.Name()+" is already "+string(b.Incident.Status)+".")
		}
		if err != nil {
			return s.told(caller, ephemeral(s.trouble(err)))
		}
		return answer{after: func(ctx context.Context) {
			s.openForm(ctx, i.TriggerID, caller, resolveForm(b.Incident, formState{Incident: n, ReplyURL: i.ResponseURL}))
		}}
	case actDeclare:
		return answer{after: func(ctx context.Context) {
			s.openForm(ctx, i.TriggerID, caller, declareForm(Command{Text: action.Value}, s.desk.Roster().Services, formState{ReplyURL: i.ResponseURL}))
		}}
	case actDeclared:
		cmd := Parse("declare " + action.Value)
		a := s.declare(ctx, caller, cmd, i.TriggerID)
		if r, ok := a.payload.(reply); ok {
			return s.told(caller, r)
		}
		return a
	case actList:
		return s.told(caller, s.list(ctx, caller.Actor))
	case actOncall:
		return s.told(caller, s.oncall(""))
	default:
		return s.pressedOncall(ctx, caller, action)
	}
}

// told answers a press: the acknowledgement of a press carries nothing, so the
// words go to its response_url.
func (s *Slack) told(c desk.Caller, r reply) answer {
	return answer{after: func(ctx context.Context) {
		if err := s.respond(ctx, c.ReplyURL, r); err != nil {
			s.log.Warn().Str("error", err.Error()).Msg("a person could not be answered")
		}
	}}
}

// submitted handles a form.
func (s *Slack) submitted(ctx context.Context, i slack.InteractionCallback) answer {
	state := readState(i.View.PrivateMetadata)
	caller := desk.Caller{Actor: s.desk.Actor(i.User.ID), Key: key("form", i.View.ID), ReplyURL: state.ReplyURL}
	switch i.View.CallbackID {
	case formDeclare:
		d := readDeclaration(i.View)
		d.Title, d.Details = named(d.Title, s.nameOf), named(d.Details, s.nameOf)
		a, err := s.desk.Declare(ctx, caller, d)
		if err != nil {
			return s.atInput(inputTitle, err)
		}
		if caller.ReplyURL == "" {
			return answer{}
		}
		return s.told(caller, ephemeral(s.declared(a)))
	case formResolve:
		act := desk.Act{Verb: desk.Resolve, Text: named(stateOf(i.View, inputText).Value, s.nameOf),
			How: incident.How(stateOf(i.View, inputHow).SelectedOption.Value)}
		if _, err := s.desk.Do(ctx, caller, state.Incident, act); err != nil {
			return s.atInput(inputText, err)
		}
		return answer{}
	default:
		return s.submittedOncall(ctx, i)
	}
}

// marked adds a message that somebody pointed at to the timeline.
func (s *Slack) marked(ctx context.Context, i slack.InteractionCallback) answer {
	caller := desk.Caller{Actor: s.desk.Actor(i.User.ID), Key: key("mark", i.TriggerID), ReplyURL: i.ResponseURL}
	n, ok, err := s.desk.InChannel(ctx, i.Channel.ID)
	if err == nil && !ok {
		err = refuse("Do it in the incident's channel.", "This is not an incident's channel.")
	}
	if err != nil {
		return s.told(caller, ephemeral(s.trouble(err)))
	}
	text := named(tidy(i.Message.Text), s.nameOf)
	if i.Message.User != "" && i.Message.User != i.User.ID {
		text = "@" + s.nameOf(i.Message.User) + " wrote: " + text
	}
	if _, err := s.desk.Do(ctx, caller, n, desk.Act{Verb: desk.Note, Text: text}); err != nil {
		return s.told(caller, ephemeral(s.trouble(err)))
	}
	return s.told(caller, ephemeral("Added to the timeline of "+incident.Name(n)+"."))
}

// openForm opens a form. Its trigger lives three seconds: when it is gone the
// person is told how to go on without a form.
func (s *Slack) openForm(ctx context.Context, trigger string, c desk.Caller, v slack.ModalViewRequest) {
	err := s.call(ctx, "views.open", func(ctx context.Context) error {
		_, err := s.api.OpenViewContext(ctx, trigger, v)
		return err
	})
	if err == nil {
		return
	}
	s.log.Warn().Str("form", v.CallbackID).Str("error", err.Error()).Msg("a form could not be opened")
	instead := "`" + s.opt.Command + " declare` and a few words"
	if v.CallbackID == formResolve {
		instead = "`" + s.opt.Command + " resolve " + incident.Name(readState(v.PrivateMetadata).Incident) + "`"
	}
	if err := s.respond(ctx, c.ReplyURL, ephemeral("The form could not be opened. It works without: type "+instead+".")); err != nil {
		s.log.Warn().Str("error", err.Error()).Msg("a person could not be answered")
	}
}
