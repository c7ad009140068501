package chat

import (
	"context"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// actNoIncident cancels an incident without a reason; the value is its number.
const actNoIncident = "no_incident"

// onAll carries out a command on incident n and on every other one that was named.
func (s *Slack) onAll(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	r := s.onIncident(ctx, c, cmd, n)
	for _, more := range cmd.More {
		own := c
		if own.Key != "" {
			own.Key += "\x00" + incident.Name(more)
		}
		next := s.onIncident(ctx, own, cmd, more)
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

// several reports whether a role is to go to more than one person.
func (c Command) several() bool {
	return c.Word == "role" && (len(c.People) > 1 || len(c.Also) > 0)
}

// roleForAll gives a role to each of several people. Only one at a time can hold
// another role than responder, so the last one named would take it from the others.
func (s *Slack) roleForAll(ctx context.Context, c desk.Caller, cmd Command, n int) reply {
	act, _, err := cmd.act()
	if err == nil && act.Role != incident.Responder {
		err = refuse("Name one.", "One person at a time is "+string(act.Role)+".")
	}
	if err != nil {
		return s.mistake(err, cmd)
	}
	one := cmd
	one.Also = nil
	var texts []string
	do := func(key string) {
		own := c
		if own.Key != "" {
			own.Key += "\x00" + key
		}
		texts = append(texts, s.onIncident(ctx, own, one, n).Text)
	}
	for _, user := range cmd.People {
		one.People = []string{user}
		do(user)
	}
	if len(cmd.People) == 0 {
		for _, word := range append([]string{cmd.Target}, cmd.Also...) {
			one.Target = word
			do(word)
		}
	}
	return ephemeral(strings.Join(texts, "\n"))
}

// orDeclare offers to declare what reads like an incident, where it was typed outside
// of any incident's channel: "sev1 card payments fail".
func (s *Slack) orDeclare(r reply, cmd Command) reply {
	if cmd.Word != "sev" || cmd.Severity == 0 || cmd.Text == "" {
		return r
	}
	return ephemeral(r.Text, append(shownBlocks(r), declareButton(cmd.Typed))...)
}

// followUpNamed answers words about a follow-up that would otherwise be about its
// incident.
func (s *Slack) followUpNamed(cmd Command) reply {
	name, _, _ := strings.Cut(cmd.FollowUp, "-F")
	return s.mistake(refuse("To resolve the incident itself: "+s.opt.Command+" resolve "+name+".",
		cmd.FollowUp+" is a follow-up of "+name+", which stays as it is."), cmd)
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
