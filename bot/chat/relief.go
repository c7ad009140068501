package chat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

const (
	actWatchMore   = "watch_more"  // the value is the number of the incident and that of the event that asks
	actHurtsAgain  = "hurts_again" // open the form that asks what came back
	formHurtsAgain = "hurts_again"
)

// Limits of the message about what a mitigation has changed.
const (
	reliefMost     = 5500 // characters
	reliefEntries  = 30
	reliefLineMost = 400 // characters
	temporaryMost  = 4   // follow-ups
)

// relief keeps the message in the channel that says what a mitigation has changed.
func (s *Slack) relief(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	m := reliefMessage(t.Brief, t.Incident.ReliefOf(t.Timeline), s.names())
	return s.keepNew(ctx, t.Job, in(t.Artifacts.Channel, t.Artifacts.Relief), t.Artifacts.PastReliefs, m)
}

// reliefPast says in the hand-over of an earlier mitigation that another one holds. Without
// its channel or its message there is nothing to say it in.
func (s *Slack) reliefPast(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	err := s.edit(ctx, t.Job.Message, reliefPastMessage(t.Incident, t.Timeline))
	if code := wire.Code(err); code == "message_not_found" || code == "cant_update_message" {
		err = nil
	}
	return desk.Outcome{}, err
}

// reliefPastMessage says when it was mitigated again. All that was changed stands in the
// hand-over that holds.
func reliefPastMessage(i incident.Incident, events []incident.Event) message {
	text := drillMark(i) + "*This hand-over is superseded.* It came back, and was mitigated again"
	for _, e := range slices.Backward(events) {
		if e.Kind == incident.KindMitigated {
			text += " (" + at(e.At) + ")"
			break
		}
	}
	text += ". What was changed, how it is undone and who watches stands in the hand-over further down."
	return message{text: drillMark(i) + i.Name() + ": an earlier hand-over", blocks: []slack.Block{section(text)}}
}

// reliefMessage is the hand-over of a mitigation: what was changed, how it is undone,
// what is still temporary, and who watches until when.
func reliefMessage(b desk.Brief, r incident.Relief, n names) message {
	i := b.Incident
	n.slackID = func(incident.Actor) string { return "" } // nobody is called by a list of what was done
	head := drillMark(i) + "*Hand-over: what was changed, and what is left*"
	if n := len(i.Impact); i.Status.Hurting() && n > 0 {
		head += "\nIt hurts again (" + at(i.Impact[n-1].Start) + "). This was in place before."
	} else if i.Status.Hurting() { // somebody said that nobody is hit
		head += "\nIt is worked on again. This was in place before."
	}
	m := message{text: drillMark(i) + i.Name() + ": what was changed, and what is left"}
	m.blocks = append([]slack.Block{section(head)}, sectionsOf(changedLines(r, n))...)
	m.blocks = append(m.blocks, sectionsOf([]string{undoText(r), temporaryText(b, r, n), watchText(i, r.Watch, n)})...)
	if i.Status == incident.Mitigated {
		value := strconv.Itoa(i.Number)
		m.blocks = append(m.blocks, row(i, button(actMitigated, value, "Correct", ""), button(actHurtsAgain, value, "It is back", ""))...)
	}
	return m
}

// changedLines list what was done, the latest where there is more than a message holds.
func changedLines(r incident.Relief, n names) []string {
	if len(r.Changed) == 0 {
		return []string{"*Changed:* nobody has written it down. A note that begins with `how:` does."}
	}
	var lines []string
	left := reliefMost
	for k := len(r.Changed) - 1; k >= 0; k-- {
		e := r.Changed[k]
		e.Undo = "" // it stands below
		line := "• " + at(e.At) + " " + onOneLine.Replace(clip(n.entry(e), reliefLineMost))
		if left -= length(line) + 1; left < 0 || len(lines) == reliefEntries {
			lines = append(lines, fmt.Sprintf("• and %d more before; the timeline has all", k+1))
			break
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	return append([]string{"*Changed*"}, lines...)
}

func undoText(r incident.Relief) string {
	switch len(r.Undo) {
	case 0:
		return "*To undo it:* nobody has said how."
	case 1:
		return "*To undo it:* " + clip(esc(r.Undo[0]), 700)
	}
	lines := []string{"*To undo it*"}
	for _, undo := range r.Undo[max(0, len(r.Undo)-4):] {
		lines = append(lines, "• "+clip(esc(undo), 300))
	}
	return strings.Join(lines, "\n")
}

func temporaryText(b desk.Brief, r incident.Relief, n names) string {
	if len(r.Temporary) == 0 {
		switch {
		case b.Incident.Test:
			return "*Still temporary:* nothing; it is a drill."
		case len(r.Ended) > 0:
			f := r.Ended[len(r.Ended)-1]
			return "*Still temporary:* nothing any more. " + esc(f.ID) + " is " + f.StateWords() + ": " + clip(esc(f.Outcome), 300)
		case b.Incident.How == incident.Fix:
			return "*Still temporary:* nothing; it is a permanent fix."
		default:
			return "*Still temporary:* nothing is open."
		}
	}
	var lines []string
	for k, f := range r.Temporary {
		if k == temporaryMost {
			lines = append(lines, fmt.Sprintf("and %d more", len(r.Temporary)-k))
			break
		}
		lines = append(lines, clip(fixWords(f, teamOf(b, f.Team), n), 500))
	}
	return "*Still temporary:* " + strings.Join(lines, "\n")
}

// fixWords are a follow-up in one line: what, whose, and until when.
func fixWords(f incident.FollowUp, team string, n names) string {
	parts := []string{esc(f.ID) + " " + esc(f.Title)}
	switch {
	case f.Owner != "":
		parts = append(parts, n.who(f.Owner))
	case team != "":
		parts = append(parts, esc(team))
	default:
		parts = append(parts, "no team owns it yet")
	}
	if !f.Due.IsZero() {
		parts = append(parts, "due "+day(f.Due))
	}
	return strings.Join(parts, " · ")
}

// teamOf names a team, as far as the incident's own is it.
func teamOf(b desk.Brief, id string) string {
	if id == b.Team.ID && b.Team.Name != "" {
		return b.Team.Name
	}
	return id
}

func watchText(i incident.Incident, w incident.Watch, n names) string {
	who := i.Watches()
	switch {
	case i.Status != incident.Mitigated:
		return "*Watching:* nobody; it is " + string(i.Status) + "."
	case w.Until.IsZero():
		return "*Watching:* not asked for at " + i.Severity.String() + "."
	case who == "":
		return "*Watching:* nobody has taken it, until " + at(w.Until) + "."
	case w.Asked > 0:
		return "*Watching:* the time is over (" + at(w.Until) + "). " + n.who(who) + " is asked how it went."
	default:
		return "*Watching:* " + n.who(who) + ", until " + at(w.Until) + "."
	}
}

// day shows an instant as a day in the reader's own time zone.
func day(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short}|%s>", t.Unix(), t.UTC().Format("2 Jan 2006"))
}

// watched asks how it went after the watch time, or says what came of it.
func watched(b desk.Brief, e incident.Event) message {
	i := b.Incident
	s := drillMark(i) + i.Name() + ": "
	value := fmt.Sprintf("%d %d", i.Number, e.Seq)
	switch {
	case i.Status != incident.Mitigated:
		s += "nothing is asked any more; it is " + string(i.Status) + "."
	case b.Watch.Asked == e.Seq:
		s += "mitigated for " + long(e.At.Sub(b.Watch.Since)) + ", and nobody has said that it is back. Is it over?"
		return message{text: s, blocks: append([]slack.Block{section("*" + i.Name() + " · " + esc(i.Title) + "*\n" + s)}, row(i,
			button(actResolve, strconv.Itoa(i.Number), "Resolve", slack.StylePrimary), button(actWatchMore, value, "Keep watching 30 min", ""),
			button(actHurtsAgain, strconv.Itoa(i.Number), "It is back", ""))...)}
	case b.Watch.Asked == 0 && !b.Watch.Until.IsZero():
		s += "it is watched until " + at(b.Watch.Until) + "; then this is asked again."
	default:
		s += "this was asked again since."
	}
	return message{text: s, blocks: []slack.Block{section(s)}}
}

// tellWatch asks whoever watches how it went.
func (s *Slack) tellWatch(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.Watch.Asked != t.Event.Seq { // it is not asked any more
		return desk.Outcome{}, nil
	}
	o, err := s.tellPerson(ctx, t.Job, watched(t.Brief, t.Event))
	o.Seen = t.Incident.Events
	return o, err
}

// pressedWatchMore has it watched for longer. That is seen in the message.
func (s *Slack) pressedWatchMore(ctx context.Context, c desk.Caller, value string) answer {
	var n, seq int
	_, _ = fmt.Sscanf(value, "%d %d", &n, &seq) // what is missing is 0, which is refused
	if _, err := s.desk.WatchMore(ctx, c, n, seq); err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return answer{}
}

// backForm asks what came back: everybody was told that it is over.
func backForm(i incident.Incident, state formState) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(plainText("Errors are rising again"), inputValue)
	text.Multiline, text.MaxLength = true, 3000
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formHurtsAgain, PrivateMetadata: state.String(),
		Title: plainText(clip("Back: "+i.Name(), 24)), Submit: plainText("It is back"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			section("*" + i.Name() + " · " + esc(i.Title) + "*"),
			slack.NewInputBlock(inputText, plainText("What came back"), plainText("Whoever was told that it is over is told this."), text),
		}},
	}
}

func (s *Slack) submittedBack(ctx context.Context, c desk.Caller, n int, v slack.View) answer {
	act := desk.Act{Verb: desk.Investigate, Back: true, Text: named(stateOf(v, inputText).Value, s.nameOf)}
	if _, err := s.desk.Do(ctx, c, n, act); err != nil {
		return s.atInput(inputText, err)
	}
	return answer{}
}
