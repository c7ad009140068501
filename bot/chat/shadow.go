package chat

import (
	"context"
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// tellShadow tells somebody that those are paged whom they shadow.
func (s *Slack) tellShadow(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	return s.tellPerson(ctx, t.Job, shadowMessage(t.Brief, strings.Split(t.Job.Target, ","), s.names()))
}

// shadowMessage is the copy of a page for somebody who only watches. It has no
// buttons: nothing that a shadow presses there would count.
func shadowMessage(b desk.Brief, of []string, n names) message {
	i := b.Incident
	who := make([]string, len(of))
	for k, id := range of {
		who[k] = n.who(incident.Person(id))
	}
	verb := " is"
	if len(who) > 1 {
		verb = " are"
	}
	responsible := "Shadow: " + clip(strings.Join(who, ", "), 500) + verb + " responsible"
	head := fmt.Sprintf("%s%s *%s · %s · %s*\n%s", drillMark(i), i.Marks(), i.Name(), i.Severity, clip(esc(b.ServiceName()), 200), esc(i.Title))
	facts := "This is a copy for you to follow; nothing is asked of you"
	if b.Artifacts.Channel != "" {
		facts = "<#" + b.Artifacts.Channel + "> · " + facts
	}
	return message{text: responsible + " for " + headline(b), blocks: []slack.Block{section("*" + responsible + "*"), section(head), contextLine(facts)}}
}
