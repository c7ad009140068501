package chat

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
)

// The actions of a reminder. The value is the number of the incident, that of the
// reminder, and of a delay its minutes.
const (
	actPostDraft = "post_draft"
	actRepeat    = "post_same"
	actPutOff    = "put_off"
)

// remind keeps the one message by which somebody is reminded of an update. A new one is
// posted, so that it is heard, and the former one is removed.
func (s *Slack) remind(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	j := t.Job
	if j.Target != "" {
		return desk.Outcome{}, s.remindNoMore(ctx, t)
	}
	if !t.Stands() {
		return desk.Outcome{}, nil
	}
	m := reminderMessage(t, s.names())
	if j.Pass == 0 {
		err := s.edit(ctx, j.Message, m)
		if wire.Code(err) != "" { // it was deleted: the next one is posted anew
			err = nil
		}
		return desk.Outcome{}, err
	}
	o, err := s.tellPerson(ctx, j, m)
	if err != nil || j.Message.TS == "" || o.Message == j.Message {
		return o, err
	}
	if err := s.wire.Delete(ctx, wire.Message(j.Message)); err != nil {
		o.More = []ledger.Message{j.Message} // it is made to say that it is over
	}
	return o, nil
}

// remindNoMore has a reminder say that nothing is asked any more.
func (s *Slack) remindNoMore(ctx context.Context, t desk.Task) error {
	name := drillMark(t.Incident) + t.Incident.Name()
	text := name + ": an update is not asked of you any more."
	switch {
	case t.Job.Target == "free":
		text = name + ": you are free of this; somebody else gives the updates now."
	case !t.Incident.Status.Hurting():
		text = name + " is " + string(t.Incident.Status) + ". No update is asked of you any more."
	case t.Update.Seq > 0:
		text = name + ": an update was posted (" + at(t.Update.At) + ")."
	}
	err := s.edit(ctx, t.Job.Message, message{text: text, blocks: []slack.Block{section(text)}})
	if wire.Code(err) != "" {
		return nil // people have deleted it
	}
	return err
}

// reminderMessage states what is due and when, and offers an answer in one click.
func reminderMessage(t desk.Task, n names) message {
	i, r := t.Incident, t.Reminder
	lead := "The first update"
	if t.Update.Seq > 0 {
		lead = "The next update"
	}
	lead += " is due, " + at(t.Due) + "."
	if t.Late {
		lead = strings.Replace(lead, " is due", " was due", 1)
	}
	if t.Update.Seq > 0 {
		lead = fmt.Sprintf("Last update %s ago. ", incident.Minutes(r.Asked.Sub(t.Update.At))) + lead
	}
	head := fmt.Sprintf("%s*%s · %s · %s*\n%s", drillMark(i), i.Name(), i.Severity, clip(esc(t.ServiceName()), 200), lead)
	m := message{text: drillMark(i) + i.Name() + ": " + lead, blocks: []slack.Block{section(head), section("Draft:\n" + quote(r.Draft, 2500))}}
	if !r.Until.IsZero() {
		m.blocks = append(m.blocks, contextLine("No reminder before "+at(r.Until)+". The time runs on: the update stays due, "+at(t.Due)+"."))
	}
	value := fmt.Sprintf("%d %d", i.Number, r.Number)
	elements := []slack.BlockElement{button(actPostDraft, value, "Post draft", slack.StylePrimary)}
	if r.Before != "" {
		elements = append(elements, button(actRepeat, value, "Same as before", ""))
	}
	elements = append(elements, button(actUpdate, strconv.Itoa(i.Number), "Edit", ""))
	for _, minutes := range []int{5, 15, 30} {
		later := button(actPutOff, fmt.Sprintf("%s %d", value, minutes), fmt.Sprintf("+%d", minutes), "")
		later.ActionID = fmt.Sprintf("%s_%d", actPutOff, minutes)
		elements = append(elements, later)
	}
	m.blocks = append(m.blocks, row(i, elements...)...)
	return m
}

// pressedReminder handles a button of a reminder. What it did is seen there.
func (s *Slack) pressedReminder(ctx context.Context, c desk.Caller, action, value string) answer {
	var n, number, minutes int
	_, _ = fmt.Sscanf(value, "%d %d %d", &n, &number, &minutes) // what is missing is 0, which is refused
	var err error
	switch action {
	case actPostDraft:
		_, err = s.desk.PostDraft(ctx, c, n, number)
	case actRepeat:
		_, err = s.desk.Do(ctx, c, n, desk.Act{Verb: desk.Repeat})
	default:
		_, err = s.desk.PutOff(ctx, c, n, number, time.Duration(minutes)*time.Minute)
	}
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return answer{}
}

// informStakeholder tells somebody inside with an interest an update.
func (s *Slack) informStakeholder(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	i := t.Incident
	text := fmt.Sprintf("*%s · %s · %s*\n%s", i.Name(), i.Severity, clip(esc(t.ServiceName()), 200), quote(t.Event.Text, 2500))
	if t.Event.Same {
		text = strings.Replace(text, "\n", "\nNo change:\n", 1)
	}
	m := message{text: i.Name() + " · " + clip(esc(t.Event.Text), 500), blocks: []slack.Block{section(text)}}
	switch {
	case t.Event.Kind != incident.KindNote && (!i.Status.Hurting() || i.Test):
		return desk.Outcome{}, nil // it is not back any more
	case t.Event.Kind != incident.KindNote:
		m = againMessage(t)
	case t.Late:
		m.blocks = append(m.blocks, contextLine("This is from "+at(t.Event.At)+", and is told late."))
	}
	if t.Job.Person != "" {
		return s.tellPerson(ctx, t.Job, m)
	}
	id, err := s.wire.FindChannel(ctx, t.Job.Target)
	switch {
	case err != nil:
		return desk.Outcome{}, err
	case id == "":
		return desk.Outcome{Failed: "there is no channel #" + t.Job.Target}, nil
	}
	return s.once(ctx, t.Job, id, m)
}

// againMessage tells those with an interest, who may believe that it is over, that it
// hurts again.
func againMessage(t desk.Task) message {
	i := t.Incident
	head := fmt.Sprintf("*%s · %s · %s*\nIt is back (%s), and is worked on again:", i.Name(), i.Severity, clip(esc(t.ServiceName()), 200), at(t.Event.At))
	return message{text: i.Name() + " is back: " + clip(esc(t.Event.Text), 500), blocks: []slack.Block{section(head + "\n" + quote(t.Event.Text, 2500))}}
}
