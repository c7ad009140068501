package chat

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/postmortem"
)

// reviewsPart says of each post-mortem what is open, how long it takes and until when, and
// offers the next step.
func reviewsPart(list []desk.Wanted, zone *time.Location) morningPart {
	p := morningPart{count: incident.Count(len(list), "post-mortem", "post-mortems"), text: "Post-mortems that wait for you"}
	if len(list) == 1 {
		p.text = "The post-mortem of " + list[0].Incident.Name() + " waits for you"
	}
	p.blocks = []slack.Block{section("*Post-mortems*")}
	for _, w := range list {
		value := strconv.Itoa(w.Incident.Number)
		var elements []slack.BlockElement
		if len(w.Questions) > 0 {
			elements = append(elements, button(actAnswer, value, "Answer", slack.StylePrimary))
		}
		if w.Proposed {
			elements = append(elements, button(actWrite, value, "I write it", ""))
		}
		if w.Writes || w.Proposed || w.Corrects {
			elements = append(elements, button(actDocument, value, "Read it", ""))
		}
		if w.Writes && len(w.Questions) == 0 {
			elements = append(elements, button(actPublish, value, "Publish", slack.StylePrimary))
		}
		p.blocks = append(p.blocks, section(wantedText(w, zone)), slack.NewActionBlock("review_"+value, elements...))
	}
	return p
}

// minutesEach is how long an answer takes, about.
const minutesEach = 5

func wantedText(w desk.Wanted, zone *time.Location) string {
	i := w.Incident
	head := "*" + i.Name() + " · " + i.Highest.String() + "* " + clip(esc(i.Title), morningTitle) + "\n"
	n := len(w.Questions)
	questions := incident.Count(n, "question is", "questions are") + " open for you. About " + strconv.Itoa(n*minutesEach) + " minutes."
	due := dueWords(w.Document, zone)
	switch {
	case w.Corrects:
		return head + "It was back, and is resolved again, since version " + strconv.Itoa(i.Postmortem.Version) + " of its post-mortem was published. Is a correction due? " +
			"Answer anew what has changed, then `postmortem " + i.Name() + " publish REASON`. If it holds as it is, nothing is to be done."
	case w.Proposed && n > 0:
		return head + "Nobody writes its post-mortem yet, and you were there last. The draft has times, roles, pages and decisions. " + questions + due +
			" Somebody else: `postmortem " + i.Name() + " owner @name`."
	case w.Proposed:
		return head + "Nobody writes its post-mortem yet, and you were there last." + due
	case w.Writes && n > 0:
		return head + "The draft has times, roles, pages and decisions. " + questions + due
	case w.Writes:
		return head + "All that the post-mortem needs from you is answered. Read it, and publish it." + due
	default:
		first := ": "
		if n > 1 {
			first = ". The first: "
		}
		return head + "You could know the answer to " + incident.Count(n, "question", "questions") + first + clip(esc(asked(w.Questions[0])), 300)
	}
}

// asked is a question without the word for its kind of note, which stands before it in the
// document.
func asked(q postmortem.Question) string {
	if kind, ok := strings.CutPrefix(q.ID, "note_"); ok {
		return strings.TrimPrefix(q.Text, kind+": ")
	}
	return q.Text
}

// dueWords say by when a document is published.
func dueWords(doc postmortem.Document, zone *time.Location) string {
	if doc.Due.Publish.IsZero() {
		return ""
	}
	return " To be published by " + doc.Due.Publish.In(zone).Format("Monday 2 January") + "."
}

// tellPublished tells somebody with an interest the cause in plain words, and what changes.
func (s *Slack) tellPublished(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	if t.Frozen == nil {
		return desk.Outcome{}, nil
	}
	link, err := s.documentLink(ctx, t)
	if err != nil {
		return desk.Outcome{}, err
	}
	m := publishedMessage(t.Incident, t.Frozen.Document, link)
	switch {
	case t.Job.Person != "" && s.people.Current().SlackOf(incident.Actor(t.Job.Person)) == "":
		return desk.Outcome{Failed: "they are not in Slack"}, nil
	case t.Job.Person != "":
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

// documentFor is how long a message waits for the document to be posted, which it leads to.
const documentFor = 5 * time.Minute

// documentLink is the link to the document in the incident's channel; empty where it is not
// posted there.
func (s *Slack) documentLink(ctx context.Context, t desk.Task) (string, error) {
	at := t.Artifacts.Postmortem
	if seconds, err := strconv.ParseFloat(at.TS, 64); err != nil || int64(seconds) < t.Job.Created.Unix() {
		if t.Artifacts.Channel != "" && ledger.Instant().Sub(t.Job.Created) < documentFor {
			return "", &desk.Retry{After: 5 * time.Second, Alone: true, Cause: errors.New("the document is not posted yet")}
		}
		return "", nil
	}
	link, err := s.wire.Permalink(ctx, wire.Message(at))
	if err != nil && wire.Code(err) != "" { // somebody has deleted it
		return "", nil
	}
	return link, err
}

// changesMost is how many follow-ups somebody with an interest is told of.
const changesMost = 5

func publishedMessage(i incident.Incident, doc postmortem.Document, link string) message {
	head := "The post-mortem of *" + doc.Name + "* is published: " + clip(esc(doc.Title), 300)
	if summary := doc.InShort(); summary != "" {
		head += "\n" + clip(esc(summary), 1000)
	}
	if doc.Version > 1 {
		head += fmt.Sprintf("\nThis is version %d. It corrects: %s", doc.Version, clip(esc(doc.Reason), 600))
	}
	m := message{text: doc.Name + ": the post-mortem is published"}
	m.blocks = []slack.Block{section(head), section("*Cause in plain words*\n" + quote(doc.Said(postmortem.Cause), 2500))}
	var lines []string
	for _, s := range doc.Sections {
		if s.ID != "action_items" || s.Table == nil {
			continue
		}
		for k, r := range s.Table.Rows {
			if k == changesMost {
				lines = append(lines, "• and "+strconv.Itoa(len(s.Table.Rows)-k)+" more")
				break
			}
			lines = append(lines, fmt.Sprintf("• %s (%s, due %s, %s)", clip(esc(r[2]), 300), esc(r[3]), esc(r[4]), clip(esc(r[5]), 200)))
		}
	}
	if len(lines) > 0 {
		m.blocks = append(m.blocks, section("*What changes*\n"+strings.Join(lines, "\n")))
	}
	if link != "" {
		m.blocks = append(m.blocks, section("<"+inLink.Replace(link)+"|The document>"))
	}
	return m
}
