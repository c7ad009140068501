package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// The actions of a follow-up; the value is its name. That of more is what is listed, and
// behind it the last one that was shown.
const (
	actFollowUpDone = "followup_done"
	actFollowUpDate = "followup_date"
	actFollowUpDrop = "followup_drop"
	actFollowUpGive = "followup_give"
	actFollowUps    = "followups"
	actFollowUpMore = "followups_more"
)

// followUpRows is how many follow-ups one answer lists.
const followUpRows = 8

// followUpsCommand lists follow-ups: in an incident's channel those of the incident,
// elsewhere all that are open, or those that a word asks for.
func (s *Slack) followUpsCommand(ctx context.Context, who incident.Actor, cmd Command, channel string) reply {
	if cmd.FollowUp != "" {
		id, err := s.fullName(ctx, cmd, channel)
		if err != nil {
			return s.mistake(err, cmd)
		}
		f, err := s.desk.FollowUp(ctx, who, id)
		if err != nil {
			return s.mistake(err, cmd)
		}
		return ephemeral(f.ID+": "+esc(f.Title), s.followUpView().blocks(f)...)
	}
	words := strings.ToLower(strings.Trim(strings.TrimSpace(cmd.Text), trimmed))
	if words == "" && channel != "" {
		n, here, err := s.desk.InChannel(ctx, channel)
		if err != nil {
			return s.mistake(err, cmd)
		}
		if here {
			words = strings.ToLower(incident.Name(n))
		}
	}
	r, err := s.followUpList(ctx, who, words, "")
	if err != nil {
		return s.mistake(err, cmd)
	}
	return r
}

// followUpQuery reads which follow-ups are asked for, and what the list is called.
func (s *Slack) followUpQuery(who incident.Actor, words string) (q desk.FollowUpQuery, title string) {
	switch n, isIncident := incident.ParseName(words); {
	case words == "", words == "open":
		return q, "Still to be done"
	case words == "mine", words == "my", words == "me":
		q.Person = who
		return q, "Still to be done by you"
	case words == "overdue", words == "late":
		q.Overdue = true
		return q, "Overdue"
	case words == "all", words == "everything":
		q.All = true
		return q, "All follow-ups, those that are done too"
	case isIncident && strings.HasPrefix(words, "inc"):
		q.Incident, q.All = n, true
		return q, "Follow-ups of " + incident.Name(n)
	default:
		team, ok := teamWord(words)
		if !ok {
			team = words
		}
		q.Team = team
		if t, ok := s.people.Current().FindTeam(team); ok {
			team = t.Name
		}
		return q, "Still to be done by " + clip(esc(team), 100)
	}
}

// followUpList lists what words ask for, behind the one that was shown last.
func (s *Slack) followUpList(ctx context.Context, who incident.Actor, words, before string) (reply, error) {
	q, title := s.followUpQuery(who, words)
	q.Before, q.Limit, q.Shown = before, followUpRows, true
	list, more, err := s.desk.FollowUps(ctx, who, q)
	if err != nil {
		return reply{}, err
	}
	blocks := []slack.Block{section("*" + title + "*")}
	if len(list) == 0 {
		blocks = append(blocks, section(s.noFollowUps(words, before)))
	}
	rows, shown := listedBlocks(s.followUpView(), list)
	blocks, more, list = append(blocks, rows...), more || shown < len(list), list[:shown]
	var row []slack.BlockElement
	if more {
		row = append(row, button(actFollowUpMore, words+" "+list[len(list)-1].ID, "More", ""))
	}
	if q.Incident > 0 {
		row = append(row, button(actFollowUps, "open", "Those of all incidents", ""))
	}
	if len(row) > 0 {
		blocks = append(blocks, slack.NewActionBlock("followups", row...))
	}
	return ephemeral(fmt.Sprintf("%s: %d shown", title, len(list)), blocks...), nil
}

// followUpBytes is how many bytes the follow-ups of one answer have at most: one of 20 KiB
// would be lost.
const followUpBytes = 16 << 10

// listedBlocks shows as many of the first follow-ups as fit into an answer.
func listedBlocks(v followUpView, list []desk.ListedFollowUp) (blocks []slack.Block, shown int) {
	left := followUpBytes
	for _, f := range list {
		rows := v.blocks(f)
		j, _ := json.Marshal(rows) // of strings: cannot fail
		if left -= len(j); left < 0 && shown > 0 {
			break
		}
		blocks, shown = append(blocks, rows...), shown+1
	}
	return blocks, shown
}

// noFollowUps says that there is nothing, and what else may be.
func (s *Slack) noFollowUps(words, before string) string {
	command := s.opt.Command + " "
	switch {
	case before != "":
		return "There are no more."
	case words == "mine":
		return "Nothing is left for you to do. That of a team: `" + command + "followups TEAM`."
	case words == "overdue":
		return "Nothing is overdue."
	case strings.HasPrefix(words, "inc"):
		return "It has none. To open one: `" + command + "task TEXT`."
	default:
		return "There is none. To open one: `" + command + "task TEXT`, in an incident's channel."
	}
}

// fullName is the whole name of the follow-up of a command: F1 is that of the incident
// of the channel.
func (s *Slack) fullName(ctx context.Context, cmd Command, channel string) (string, error) {
	if strings.HasPrefix(cmd.FollowUp, "INC") {
		return cmd.FollowUp, nil
	}
	if channel != "" && cmd.FollowUp != "" {
		n, here, err := s.desk.InChannel(ctx, channel)
		if err != nil || here {
			return incident.Name(n) + "-" + cmd.FollowUp, err
		}
	}
	as := map[string]string{"done": "done INC-4-F1 LINK-OR-SENTENCE", "drop": "drop INC-4-F1 REASON", "date": "date INC-4-F1 2026-12-24 REASON", "give": "give INC-4-F1 @ada", "export": "export INC-4-F1"}
	return "", refuse("As in: "+s.opt.Command+" "+cmp.Or(as[cmd.Word], "followups INC-4-F1")+". Those that there are: "+s.opt.Command+" followups.",
		"Say which follow-up, by its whole name.")
}

// followUpCommand acts on a follow-up.
func (s *Slack) followUpCommand(ctx context.Context, c desk.Caller, cmd Command, channel string) reply {
	id, err := s.fullName(ctx, cmd, channel)
	if err != nil {
		return s.mistake(err, cmd)
	}
	act, err := s.followUpAct(c, cmd, id)
	if err != nil {
		return s.mistake(err, cmd)
	}
	_, f, err := s.desk.DoFollowUp(ctx, c, id, act)
	if err != nil {
		return s.mistake(err, cmd)
	}
	return ephemeral(s.didFollowUp(act, f))
}

// followUpAct reads what is to be done to the follow-up of that name.
func (s *Slack) followUpAct(c desk.Caller, cmd Command, id string) (desk.FollowUpAct, error) {
	act := desk.FollowUpAct{Text: named(cmd.Text, s.nameOf), Team: cmd.Team}
	var err error
	switch cmd.Word {
	case "done":
		act.Verb = desk.FinishTask
	case "drop":
		act.Verb = desk.DropTask
	case "date":
		act.Verb = desk.DateTask
		if cmd.When == "" {
			return act, refuse("As in: "+s.opt.Command+" date "+id+" 2026-12-24 it waits for the provider.", "Say until when, and what changed.")
		}
		act.Due, err = incident.DayOf(cmd.When, time.Now(), s.opt.Zone)
	case "give":
		act.Verb = desk.GiveTask
		if act.Team == "" {
			act.Person, act.Team, err = s.taker(cmd)
		}
	}
	return act, err
}

// taker returns the person, or the team, that a command names without saying which.
func (s *Slack) taker(cmd Command) (incident.Actor, string, error) {
	if len(cmd.People) == 0 && cmd.Target != "" {
		if t, ok := s.people.Current().FindTeam(cmd.Target); ok {
			return "", t.ID, nil
		}
	}
	who, err := s.meant(cmd)
	return who, "", err
}

// didFollowUp confirms an act to whoever did it.
func (s *Slack) didFollowUp(a desk.FollowUpAct, f incident.FollowUp) string {
	switch a.Verb {
	case desk.FinishTask:
		return f.ID + " is done: " + clip(esc(f.Title), 200)
	case desk.DropTask:
		return f.ID + " was decided against: " + clip(esc(f.Title), 200)
	case desk.DateTask:
		return f.ID + " is " + s.followUpView().due(f) + " now."
	default:
		return f.ID + " belongs to " + s.followUpView().owner(f) + " now."
	}
}

// task opens a follow-up of incident n.
func (s *Slack) task(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	f := incident.FollowUp{Title: named(cmd.Text, s.nameOf), Team: cmd.Team}
	var err error
	if f.Owner, err = s.meant(cmd); err != nil {
		return s.mistake(err, cmd)
	}
	if cmd.When != "" {
		if f.Due, err = incident.DayOf(cmd.When, time.Now(), s.opt.Zone); err != nil {
			return s.mistake(err, cmd)
		}
	}
	a, f, err := s.desk.OpenFollowUp(ctx, c, n, f)
	if err != nil {
		return s.mistake(err, cmd)
	}
	return ephemeral(f.ID+" is open: "+esc(f.Title), s.followUpView().blocks(desk.ListedFollowUp{FollowUp: f, Incident: a.Incident})...)
}

// tellGiven tells somebody that a follow-up is theirs, unless it is not any more.
func (s *Slack) tellGiven(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.Event.FollowUp == nil {
		return desk.Outcome{}, nil
	}
	f, ok := t.Incident.FollowUp(t.Event.FollowUp.ID)
	if !ok || !f.Open() || string(f.Owner) != t.Job.Person {
		return desk.Outcome{}, nil
	}
	text := drillMark(t.Incident) + s.names().begins(t.Event) + " gave you " + f.ID + ": " + clip(esc(f.Title), 200)
	m := message{text: text, blocks: []slack.Block{section(text)}}
	m.blocks = append(m.blocks, s.followUpView().blocks(desk.ListedFollowUp{FollowUp: f, Incident: t.Incident})...)
	return s.tellPerson(ctx, t.Job, m)
}
