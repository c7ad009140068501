package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// The actions and the forms of silences and maintenance.
const (
	actSilence      = "silence"   // open the form for the worst alert of the incident that is the value
	actEndQuiet     = "end_quiet" // the value is the ID
	formSilence     = "silence"
	formMaintenance = "maintenance"
)

// The blocks of these forms, besides those of others.
const (
	inputMatch = "match"
	inputEnd   = "end"
	inputBegin = "begin"
)

// askingZone is how long an answer waits for Slack to say in which zone somebody is.
const askingZone = 1500 * time.Millisecond

// quietCommand makes a silence or a maintenance, or opens the form where nothing is
// said, or lists them. In a direct message, which has no trigger, there is no form.
func (s *Slack) quietCommand(ctx context.Context, caller desk.Caller, cmd Command, user, trigger string) answer {
	if err := s.desk.May(caller, incident.DoWork); err != nil {
		return answer{payload: ephemeral(s.trouble(err))}
	}
	switch {
	case cmd.Word == "silences":
		return answer{payload: s.quietList(ctx)}
	case cmd.Text == "" && trigger != "":
		return s.thenForm(trigger, caller, s.quietForm(cmd.Word, "", formState{ReplyURL: caller.ReplyURL}))
	}
	now := ledger.Instant()
	var q quietWords
	var err error
	if cmd.Word == "silence" {
		q, err = parseSilence(cmd.Text, now, s.zoneSoon(ctx, user))
	} else {
		q, err = parseMaintenance(cmd.Text, s.people.Current().Roster, now, s.zoneSoon(ctx, user))
	}
	if err != nil {
		return answer{payload: s.mistake(err, cmd)}
	}
	made, err := s.makeQuiet(ctx, caller, q)
	if err != nil {
		return answer{payload: s.mistake(err, cmd)}
	}
	return answer{payload: s.quietMade(made)}
}

// zoneSoon is the zone of a Slack user, which Slack is asked for, but not for long.
func (s *Slack) zoneSoon(ctx context.Context, user string) *time.Location {
	ctx, cancel := context.WithTimeout(ctx, askingZone)
	defer cancel()
	return s.askZone(ctx, user)
}

func (s *Slack) makeQuiet(ctx context.Context, c desk.Caller, q quietWords) (alerts.Quiet, error) {
	reason := named(q.reason, s.nameOf)
	if q.service != "" {
		return s.room.Maintain(ctx, c, q.service, q.from, q.until, reason)
	}
	return s.room.Silence(ctx, c, q.match, q.from, q.until, reason)
}

// quietMade tells whoever made it what it does.
func (s *Slack) quietMade(q alerts.Quiet) reply {
	text := s.quietLine(q) + "\nAlerts that it holds back ask nobody. Those that still fire at its end count as if they fired then. " +
		"What people declare is never held back."
	return ephemeral(text, slack.NewSectionBlock(mrkdwn(clip(text, 3000)), nil, slack.NewAccessory(endButton(q))))
}

func endButton(q alerts.Quiet) *slack.ButtonBlockElement {
	return button(actEndQuiet, q.ID, "End now", "")
}

// quietWhat names what is held back, in mrkdwn.
func (s *Slack) quietWhat(q alerts.Quiet) string {
	if q.Kind == alerts.Maintenance {
		return "Maintenance of " + esc(s.names().service(q.Service))
	}
	return "Silence of `" + clip(strings.ReplaceAll(esc(q.What()), "`", "'"), 500) + "`"
}

// quietBy says who made it, and why.
func (s *Slack) quietBy(q alerts.Quiet) string {
	text := ""
	switch {
	case q.By != "":
		text = " by " + q.Through.After(s.names().who(q.By))
	case q.ByWord != "":
		text = " by " + clip(esc(q.ByWord), 100)
	}
	if q.Reason != "" {
		text += ": " + clip(esc(q.Reason), 350)
	}
	return text
}

// quietLine is one silence or maintenance in a line.
func (s *Slack) quietLine(q alerts.Quiet) string {
	from := ""
	if q.From.After(ledger.Instant()) {
		from = " from " + at(q.From)
	}
	return fmt.Sprintf("*%s* (%s)%s until %s%s", s.quietWhat(q), q.ID, from, at(q.Until), s.quietBy(q))
}

// quietsMost is how many are listed; Slack takes 50 blocks.
const quietsMost = 40

// quietList lists what is in force and planned.
func (s *Slack) quietList(ctx context.Context) reply {
	list, err := s.room.Quiets(ctx, false)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	if len(list) == 0 {
		return ephemeral("Nothing is silenced, and no service is in maintenance. To silence alerts: `" + s.opt.Command +
			" silence alertname=DiskFull for 2h`, and `" + s.opt.Command + " maintenance SERVICE for 2h` for all of a service.")
	}
	text := "Silences and maintenance"
	blocks := []slack.Block{section("*" + text + "*, the one that ends first at the top")}
	for _, q := range list[:min(len(list), quietsMost)] {
		line := s.quietLine(q)
		switch {
		case q.Held == 1:
			line += "\n1 alert held back so far"
		case q.Held > 1:
			line += fmt.Sprintf("\n%d alerts held back so far", q.Held)
		}
		if q.Roster {
			blocks = append(blocks, section(line+"\nIt is in the roster, and is ended there."))
			continue
		}
		blocks = append(blocks, slack.NewSectionBlock(mrkdwn(clip(line, 3000)), nil, slack.NewAccessory(endButton(q))))
	}
	if more := len(list) - quietsMost; more > 0 {
		blocks = append(blocks, contextLine(fmt.Sprintf("… and %d more. `stormbell silence list` lists all.", more)))
	}
	return ephemeral(text, blocks...)
}

// endQuiet ends one by a button.
func (s *Slack) endQuiet(ctx context.Context, c desk.Caller, id string) answer {
	q, err := s.room.EndQuiet(ctx, c, id)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(s.quietWhat(q)+" is over. What it held back and still fires counts from now on."))
}

// quietForm asks for a silence, with what it matches filled in, or for a maintenance.
func (s *Slack) quietForm(word, match string, state formState) slack.ModalViewRequest {
	text := func(block, label, hint, placeholder string) *slack.InputBlock {
		e := slack.NewPlainTextInputBlockElement(plainText(placeholder), inputValue)
		e.MaxLength = 300
		var under *slack.TextBlockObject
		if hint != "" {
			under = plainText(hint)
		}
		return slack.NewInputBlock(block, plainText(label), under, e)
	}
	view := slack.ModalViewRequest{Type: slack.VTModal, PrivateMetadata: state.String(), Close: plainText("Cancel")}
	var blocks []slack.Block
	if word == "silence" {
		view.CallbackID, view.Title, view.Submit = formSilence, plainText("Silence alerts"), plainText("Silence")
		e := slack.NewPlainTextInputBlockElement(plainText("alertname=DiskFull"), inputValue)
		e.Multiline, e.MaxLength, e.InitialValue = true, 3000, short(match, 3000)
		blocks = append(blocks, slack.NewInputBlock(inputMatch, plainText("Which alerts"),
			plainText("LABEL=VALUE, one a line; all must match. A value between slashes is a regular expression."), e))
	} else {
		view.CallbackID, view.Title, view.Submit = formMaintenance, plainText("Maintenance"), plainText("Begin")
		if b, ok := serviceInput("", s.people.Current().Roster.Services).(*slack.InputBlock); ok {
			b.Hint, b.Optional = plainText("Its alerts ask nobody meanwhile."), false
			blocks = append(blocks, b)
		}
	}
	blocks = append(blocks,
		text(inputEnd, "For how long, or until when", "At most 30 days. On your own clock.", "2h, or until 14:00"),
		text(inputBegin, "From", "Leave it empty for now.", "22:00, or tomorrow 9:00").WithOptional(true),
		text(inputReason, "Reason", "", "What is being done").WithOptional(true))
	view.Blocks = slack.Blocks{BlockSet: blocks}
	return view
}

// submittedQuiet makes what a form asks for.
func (s *Slack) submittedQuiet(ctx context.Context, c desk.Caller, i slack.InteractionCallback) answer {
	now, zone := ledger.Instant(), s.zoneSoon(ctx, i.User.ID)
	value := func(block string) string { return strings.TrimSpace(stateOf(i.View, block).Value) }
	q := quietWords{service: stateOf(i.View, inputService).SelectedOption.Value}
	first := inputService
	if i.View.CallbackID == formSilence {
		first = inputMatch
		for line := range strings.Lines(value(inputMatch)) {
			list, err := matchersIn(line)
			if err != nil {
				return s.atInput(inputMatch, err)
			}
			q.match = append(q.match, list...)
		}
	}
	if begin := value(inputBegin); begin != "" {
		words := wordsOf(strings.TrimPrefix(strings.ToLower(begin), "from "))
		used := 0
		if q.from, used = moment(words, now, zone); used == 0 || used < len(words) {
			return s.atInput(inputBegin, refuse("", "Write it like 22:00, tomorrow 9:00 or 2026-12-01 14:00."))
		}
	}
	end := quietWords{from: q.from}
	words := wordsOf(value(inputEnd))
	if _, used := moment(words, now, zone); used > 0 { // 14:00 alone
		words = append([]string{"until"}, words...)
	}
	if err := end.times(words, now, zone); err != nil || end.reason != "" {
		return s.atInput(inputEnd, refuse("", "Write it like 30m, 2h, 1d, until 14:00 or until tomorrow 9:00."))
	}
	q.until, q.reason = end.until, value(inputReason)
	made, err := s.makeQuiet(ctx, c, q)
	if err != nil {
		if r, ok := err.(*incident.Refusal); ok && (strings.Contains(r.Why, "end") || strings.Contains(r.Why, "30 days")) {
			first = inputEnd
		}
		return s.atInput(first, err)
	}
	if c.ReplyURL == "" {
		return answer{}
	}
	return s.told(c, s.quietMade(made))
}

// silenceWorst opens the form for the worst alert of an incident.
func (s *Slack) silenceWorst(ctx context.Context, i slack.InteractionCallback, c desk.Caller, n int) answer {
	if err := s.desk.May(c, incident.DoWork); err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	if _, err := s.desk.Show(ctx, c.Actor, n); err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	v, err := s.room.Of(ctx, n)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.thenForm(i.TriggerID, c, s.quietForm("silence", matchOf(v), formState{ReplyURL: c.ReplyURL}))
}

// matchOf is what matches the worst alert and those like it: its name and its service;
// where it has no name, its title.
func matchOf(v alerts.View) string {
	if len(v.Alerts) == 0 {
		return ""
	}
	a := v.Alerts[0]
	line := matchLine("title", a.Title)
	for _, l := range a.Labels {
		if l.Key == "alertname" && l.Value != "" {
			line = matchLine("alertname", l.Value)
		}
	}
	if a.Service != "" {
		line += "\n" + matchLine("service", a.Service)
	}
	return line
}

// announceQuiet keeps the one line about a silence or a maintenance in the channel for
// announcements.
func (s *Slack) announceQuiet(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	q, shown, err := s.room.QuietByKey(ctx, t.Job.Target)
	if err != nil || q.ID == "" {
		return desk.Outcome{}, err
	}
	m := s.quietMessage(q, ledger.Instant())
	var o desk.Outcome
	switch {
	case shown.TS != "" || t.Job.Doubtful:
		if shown.Channel == "" {
			if shown.Channel, err = s.wire.EnsureChannel(ctx, s.opt.AnnounceChannel); err != nil {
				return desk.Outcome{}, err
			}
		}
		o, err = s.keep(ctx, t.Job, shown, m)
	default:
		o.Message, err = s.postIn(ctx, s.opt.AnnounceChannel, t.Job, m)
	}
	if err == nil {
		err = s.room.QuietShown(ctx, t.Job.Target, o.Message)
	}
	return o, err
}

// quietMessage says how it stands: its start, and in the same place its end.
func (s *Slack) quietMessage(q alerts.Quiet, now time.Time) message {
	what := s.quietWhat(q)
	text := fmt.Sprintf(":no_bell: *%s* until %s%s. Its alerts ask nobody meanwhile; `%s silences` lists them.", what, at(q.Until), s.quietBy(q), s.opt.Command)
	if q.State(now) == "over" {
		early := ""
		switch {
		case q.EndedBy == incident.Bot:
			early = ", taken out of the roster"
		case q.EndedBy != "":
			early = ", ended by " + s.names().who(q.EndedBy)
		}
		text = fmt.Sprintf(":bell: *%s* is over since %s%s. It was%s. %s", what, at(q.Until), early, strings.TrimSuffix(s.quietBy(q), "."), esc(q.Outcome()))
		if s.quietBy(q) == "" {
			text = strings.Replace(text, " It was.", "", 1)
		}
	}
	return message{text: text, blocks: []slack.Block{section(text)}}
}

// quietLines say what holds back alerts of the incident's service.
func (s *Slack) quietLines(ctx context.Context, b desk.Brief) ([]string, error) {
	list, err := s.room.QuietOf(ctx, b.Incident.Service)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, q := range list[:min(len(list), 3)] {
		what := "Maintenance"
		if q.Kind == alerts.Silence {
			what = s.quietWhat(q)
		}
		lines = append(lines, fmt.Sprintf(":no_bell: %s until %s%s", what, at(q.Until), s.quietBy(q)))
	}
	if more := len(list) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	return lines, nil
}

// quietTyped is quietCommand for what is written to the bot.
func (s *Slack) quietTyped(ctx context.Context, caller desk.Caller, cmd Command, user string) reply {
	r, _ := s.quietCommand(ctx, caller, cmd, user, "").payload.(reply)
	return r
}
