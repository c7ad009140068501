package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// command handles a slash command.
func (s *Slack) command(ctx context.Context, c slack.SlashCommand) answer {
	who := s.people.Current().Actor(c.UserID)
	if c.Command == s.opt.OncallCommand {
		return s.oncallCommand(ctx, c)
	}
	return s.commandOf(ctx, c, desk.Caller{Actor: who, Key: key("command", c.TriggerID, c.UserID, c.ChannelID, c.Text), ReplyURL: c.ResponseURL})
}

// commandOf carries out what a caller typed.
func (s *Slack) commandOf(ctx context.Context, c slack.SlashCommand, caller desk.Caller) answer {
	cmd, who := Parse(c.Text), caller.Actor
	switch cmd.Word {
	case "help":
		return answer{payload: s.helpWith(cmd.Text)}
	case "declare":
		return s.declare(ctx, caller, cmd, c.TriggerID)
	case "":
		return answer{payload: s.unknown(cmd)}
	case "list":
		return answer{payload: s.list(ctx, who, cmd.Text, 0)}
	case "search":
		return answer{payload: s.search(ctx, who, cmd.Text, 0)}
	case "silence", "maintenance", "silences":
		return s.quietCommand(ctx, caller, Parse(unlinked(c.Text)), c.UserID, c.TriggerID)
	case "heartbeats":
		return answer{payload: s.heartbeats(ctx)}
	case "followups":
		return answer{payload: s.followUpsCommand(ctx, who, cmd, c.ChannelID)}
	case "export":
		return answer{payload: s.exportCommand(ctx, caller, cmd, c.ChannelID)}
	case "done", "drop", "date", "give":
		return answer{payload: s.followUpCommand(ctx, caller, cmd, c.ChannelID)}
	}
	s.here(ctx, desk.Visit{Channel: c.ChannelID, User: c.UserID, Acts: true})
	caller.Channel = c.ChannelID
	n, err := s.which(ctx, who, cmd, c.ChannelID)
	if err != nil {
		return answer{payload: s.orDeclare(s.mistake(err, cmd), cmd)}
	}
	if form, ok := noteForms[cmd.Word]; ok && cmd.Text == "" {
		return s.noteForm(ctx, c.TriggerID, caller, press{form, n})
	}
	if anyway, _ := incident.ParseClose(cmd.Text); cmd.Word == "close" && len(cmd.More) > 0 && !anyway && c.TriggerID != "" {
		return s.askClose(ctx, c.TriggerID, caller, append([]int{n}, cmd.More...), named(cmd.Text, s.nameOf))
	}
	if cmd.Word == "close" && len(cmd.More) == 0 {
		if a, done := s.closes(ctx, c.TriggerID, caller, n, cmd.Text); done {
			return a
		}
	}
	if s.rerouted(cmd).Service == "" && cmd.Word == "reroute" && len(cmd.More) == 0 {
		return s.askWhose(ctx, c.TriggerID, caller, n, cmd.Text)
	}
	if cmd.HandOver && cmd.Target == "" && len(cmd.People) == 0 {
		return s.formOn(ctx, c.TriggerID, caller, press{actHandOver, n})
	}
	if question, ok := cmd.answers(); ok && len(cmd.More) == 0 {
		return s.answerForm(ctx, c.TriggerID, caller, n, question)
	}
	if cmd.Word == "impact" && !cmd.Impact.Said() {
		return s.impactFormOn(ctx, c.TriggerID, caller, cmd, n)
	}
	if cmd.Word == "update" && cmd.Text == "" {
		return s.formOn(ctx, c.TriggerID, caller, press{actUpdate, n})
	}
	return answer{payload: s.onAll(ctx, caller, cmd, n)}
}

// key names a request, so that the same one is recognised when Slack delivers it
// twice: by its trigger, and by all that makes it what it is, so that it takes
// more than a trigger used again to lose somebody's command. Without a trigger
// nothing is recognised.
func key(kind, trigger string, parts ...string) string {
	if trigger == "" {
		return ""
	}
	return strings.Join(append([]string{kind, trigger}, parts...), "\x00")
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
	if cmd.Perhaps > 0 {
		return cmd.Perhaps, nil
	}
	active, err := s.desk.Active(ctx, who)
	if err != nil {
		return 0, err
	}
	if len(active) == 0 {
		return 0, refuse("", "No incident is open.")
	}
	var open []string
	for _, i := range active {
		open = append(open, i.Name()+" ("+i.Title+")")
	}
	return 0, refuse(fmt.Sprintf("Say its name, as in: %s %s %s. Open: %s.",
		s.opt.Command, cmd.Word, active[0].Name(), incident.FirstOf(open, 8)),
		"This is not an incident's channel.")
}

// nameOf names a mentioned user in plain text.
func (s *Slack) nameOf(user string) string {
	return s.people.Current().DisplayName(s.people.Current().Actor(user))
}

// onIncident carries out a command on incident n.
func (s *Slack) onIncident(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	switch cmd.Word {
	case "timeline":
		return s.timeline(ctx, c.Actor, n, cmd)
	case "show":
		return s.show(ctx, c.Actor, n)
	case "postmortem":
		if r, ok := s.review(ctx, c, cmd, n); ok {
			return r
		}
		return s.postmortem(ctx, c.Actor, n)
	case "escalate":
		a, err := s.desk.Escalate(ctx, c, n)
		if err != nil {
			return s.mistake(err, cmd)
		}
		return ephemeral(escalated(a))
	case "page":
		return s.pageByHand(ctx, c, cmd, n)
	case "task":
		return s.task(ctx, c, cmd, n)
	case "unack", "snooze", "reassign":
		return s.handBack(ctx, c, cmd, n)
	}
	if cmd.Word == "role" && strings.EqualFold(cmd.Target, "none") {
		return s.dropRole(ctx, c, cmd, n)
	}
	cmd = s.rerouted(cmd)
	act, ok, err := cmd.act()
	switch {
	case err != nil:
		return s.mistake(err, cmd)
	case !ok:
		return s.show(ctx, c.Actor, n) // "status" alone
	}
	if act.Verb == desk.Cancel && act.Text == "" {
		return s.confirmCancel(n)
	}
	act.Text, act.Zone = named(act.Text, s.nameOf), s.zoneOf(c.Actor)
	if act.Person, err = s.meant(cmd); err != nil {
		return s.mistake(err, cmd)
	}
	if act.Verb == desk.TakeRole {
		if act.People, err = s.holders(cmd); err != nil {
			return s.mistake(err, cmd)
		}
	}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.mistake(err, cmd)
	}
	said := drillMark(a.Incident) + s.did(act, a)
	if (act.Verb == desk.Mitigate || act.Verb == desk.Resolve) && a.AskHow() {
		return askHow(said, a.Incident)
	}
	return ephemeral(said)
}

// did confirms an act to whoever did it; the channel is told automatically.
func (s *Slack) did(act desk.Act, a desk.Answer) string {
	i := a.Incident
	switch act.Verb {
	case desk.Acknowledge:
		return "You are on " + i.Name() + ": " + esc(i.Title) + inChannel(i)
	case desk.Note:
		if act.Note == incident.Update {
			return "Posted in " + i.Name() + "'s channel, and shown in the announcement."
		}
		return "Noted in " + i.Name() + "."
	case desk.Repeat:
		return "Posted again as “no change” in " + i.Name() + "'s channel."
	case desk.Publish:
		return "Kept as the words for the public of " + i.Name() + ". Stakeholders get their own: `update`."
	case desk.Object, desk.Hide, desk.Retime:
		return amended(act, i)
	case desk.SetImpact:
		return i.Name() + ": " + impactLine(i) + "."
	case desk.SetSeverity:
		return i.Name() + " is " + i.Severity.String() + " now."
	case desk.Relate:
		return i.Name() + " and " + incident.Name(act.Into) + " are related now."
	case desk.NearMiss, desk.FalseAlarm:
		return i.Name() + " has ended as a " + i.Outcome.Words() + "."
	case desk.Merge:
		return i.Name() + " is a part of " + incident.Name(act.Into) + " now."
	case desk.Reply, desk.ToReview, desk.PublishDocument, desk.Review:
		return didReview(act, i)
	case desk.Accept, desk.NoFollowUps, desk.Waive:
		return "Noted for the end of " + i.Name() + "."
	case desk.Rename:
		text := "The title of " + i.Name() + " is “" + esc(i.Title) + "” now."
		if desk.NamesSomebody(s.people.Current(), i.Title) {
			text += " It names a person; the post-mortem names nobody."
		}
		return text
	case desk.Reroute:
		return i.Name() + " is about " + esc(s.people.Current().ServiceName(i.Service)) + " now. " + whoIsPaged(i)
	case desk.Real:
		return i.Name() + " is real now, no drill. " + whoIsPaged(i)
	case desk.Drill:
		return i.Name() + " is a drill now. " + whoIsPaged(i)
	case desk.TakeRole:
		if act.Role == incident.Commander && act.Person != "" && i.Holder(act.Role) != act.Person {
			return s.names().who(act.Person) + " is asked to take command of " + i.Name() + ". Until they accept, nothing changes."
		}
		return "Done: " + string(act.Role) + " of " + i.Name() + "."
	case desk.Resolve:
		return i.Name() + " is resolved. The draft of its post-mortem is being posted in its channel."
	case desk.Mitigate:
		return s.didMitigate(i)
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
		return s.people.Current().Actor(cmd.People[0]), nil
	case cmd.Target == "" || cmd.Word == "page":
		return "", nil
	default:
		return s.people.Current().Named(cmd.Target)
	}
}

// pageByHand pages whoever is named: by mention, or as a person, a team or a
// service.
func (s *Slack) pageByHand(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	call := desk.Call{Target: cmd.Target, Text: named(cmd.Text, s.nameOf)}
	for _, user := range cmd.People {
		call.People = append(call.People, s.people.Current().Actor(user))
	}
	if call.Target == "" && len(call.People) == 0 {
		return s.mistake(refuse("To page the next step of the policy: "+s.opt.Command+" escalate.",
			"Say whom, as in: "+s.opt.Command+" page @ada we need you for the database."), cmd)
	}
	a, err := s.desk.Page(ctx, c, n, call)
	if err != nil {
		return s.mistake(err, cmd)
	}
	who := esc(strings.Join(a.Notes, ", "))
	if a.Twin {
		return ephemeral(who + ": paged with these words for " + incident.Name(n) + " just before.")
	}
	return ephemeral("Paging for " + incident.Name(n) + ": " + who + ".")
}

// unknown answers a first word that is no verb. Nothing that was typed is lost.
func (s *Slack) unknown(c Command) reply {
	text := "There is no word “" + clip(esc(c.Unknown), 60) + "” here."
	rest := c.Typed
	if c.Near != "" {
		_, rest = cut(c.Typed)
		text += " Did you mean `" + s.opt.Command + " " + c.Near + "`?"
	}
	blocks := []slack.Block{section(text), contextLine("You typed:")}
	blocks = append(blocks, typedBlocks(s.opt.Command+" "+c.Typed)...)
	meant := strings.TrimSpace(c.Near + " " + rest)
	switch {
	case rest != "" && (c.Near == "declare" || c.Near == "" && strings.Contains(rest, " ")):
		blocks = append(blocks, declareButton(rest))
	case c.Near != "" && c.Near != "declare" && length(meant) <= 1900:
		blocks = append(blocks, slack.NewActionBlock("meant", button(actMeant, meant, "Yes, "+c.Near, slack.StylePrimary)))
	}
	return ephemeral(text, append(blocks, s.briefHelp()...)...)
}

// doMeant does what somebody typed a letter beside.
func (s *Slack) doMeant(ctx context.Context, i slack.InteractionCallback, c desk.Caller, text string) answer {
	c.Key = key("meant", i.Container.MessageTs, i.User.ID, i.Channel.ID, text) // pressed twice, it is one
	a := s.commandOf(ctx, slack.SlashCommand{Text: text, TriggerID: i.TriggerID, UserID: i.User.ID, ChannelID: i.Channel.ID}, c)
	if r, ok := a.payload.(reply); ok {
		r.Replaces = true
		return s.told(c, r)
	}
	return a
}

// declareButton declares at once what was typed; Slack takes 2,000 characters.
func declareButton(text string) slack.Block {
	return slack.NewActionBlock("declare_typed", button(actDeclared, short(text, 1900), "Declare this", slack.StyleDanger))
}

// escalated says what became of escalating by hand.
func escalated(a desk.Answer) string {
	if a.Twin {
		return a.Incident.Name() + " was escalated just before, and the next step is being paged. To go one further, escalate again in ten seconds."
	}
	return "The next step of the policy is being paged for " + a.Incident.Name() + "."
}
