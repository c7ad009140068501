package chat

import (
	"context"
	"reflect"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// actNoIncident cancels an incident without a reason; the value is its number.
const actNoIncident = "no_incident"

// onAll carries out a command on incident n and on every other one that was named. What is
// answered of each in the same words, such as that a note is empty, is said once.
func (s *Slack) onAll(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	r := s.onIncident(ctx, c, cmd, n)
	said := []reply{r}
	for _, more := range cmd.More {
		own := c
		if own.Key != "" {
			own.Key += "\x00" + incident.Name(more)
		}
		next := s.onIncident(ctx, own, cmd, more)
		if slices.ContainsFunc(said, func(r reply) bool { return reflect.DeepEqual(r, next) }) {
			continue
		}
		said = append(said, next)
		blocks := append(shownBlocks(r), shownBlocks(next)...)
		r = ephemeral(r.Text+"\n"+next.Text, blocks...)
	}
	return r
}

// shownBlocks are the blocks of a reply; one of words alone has a section of them.
func shownBlocks(r reply) []slack.Block {
	if r.Blocks != nil {
		return r.Blocks.BlockSet
	}
	return []slack.Block{section(r.Text)}
}

// holders returns everybody to whom a role is to go; nil: it is one person, or none was
// named.
func (s *Slack) holders(cmd Command) ([]incident.Actor, error) {
	var list []incident.Actor
	if len(cmd.People) > 1 {
		for _, user := range cmd.People {
			list = append(list, s.people.Current().Actor(user))
		}
		return list, nil
	}
	if len(cmd.Also) == 0 {
		return nil, nil
	}
	for _, word := range append([]string{cmd.Target}, cmd.Also...) {
		one := cmd
		one.Target, one.Also = word, nil
		who, err := s.meant(one)
		if err != nil {
			return nil, err
		}
		list = append(list, who)
	}
	return list, nil
}

// orDeclare offers to declare what reads like an incident, where it was typed outside
// of any incident's channel: "sev1 card payments fail".
func (s *Slack) orDeclare(r reply, cmd Command) reply {
	if cmd.Word != "sev" || cmd.Severity == 0 || cmd.Text == "" {
		return r
	}
	return ephemeral(r.Text, append(shownBlocks(r), declareButton(cmd.Typed))...)
}

// confirmCancel asks what it was, or at least whether it is meant.
func (s *Slack) confirmCancel(n int) reply {
	text := "Say what it was, for those who were paged, as in: `" + s.opt.Command + " cancel " + incident.Name(n) + " a false alarm`. " +
		incident.Name(n) + " stays as it is until then."
	return ephemeral(text, section(text), slack.NewActionBlock("cancel_"+strconv.Itoa(n), button(actNoIncident, strconv.Itoa(n), "It was no incident", "")))
}

// cancelled cancels an incident for which nobody gives a reason.
func (s *Slack) cancelled(ctx context.Context, c desk.Caller, value string) answer {
	n, _ := strconv.Atoi(value) // 0, which is no incident, is refused
	act := desk.Act{Verb: desk.Cancel}
	a, err := s.desk.Do(ctx, c, n, act)
	if err != nil {
		return s.told(c, ephemeral(s.trouble(err)))
	}
	return s.told(c, ephemeral(drillMark(a.Incident)+s.did(act, a)))
}
