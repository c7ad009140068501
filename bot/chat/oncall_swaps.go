package chat

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// swapMode is whether a message about a swap asks for the first time or again.
type swapMode int

const (
	swapStands swapMode = iota
	swapReminds
)

// swapHead says what was asked. Whether everybody was asked is not known any more
// once somebody has accepted.
func (v oncallView) swapHead(s oncall.Swap) string {
	what := fmt.Sprintf("*%s* %s.", esc(s.Rotation), span(oncall.Span{Start: s.Start, End: s.End}))
	who := v.who([]string{s.Person})
	switch {
	case s.Status != rotation.SwapOpen:
		return who + " asked for somebody to take " + what
	case s.With == "":
		return who + " asks who takes " + what
	default:
		return who + " asks " + v.who([]string{s.With}) + " to take " + what
	}
}

// swapMessage shows a swap as it stands, with buttons while it is open.
func (v oncallView) swapMessage(s oncall.Swap, mode swapMode) message {
	if s.Person == "" {
		return plainMessage(v.swapState(s)) // a roster without it was applied
	}
	head := v.swapHead(s)
	if !s.BackStart.IsZero() {
		head += "\nIn return: " + span(oncall.Span{Start: s.BackStart, End: s.BackEnd}) + "."
	}
	if s.Why != "" {
		head += "\n" + quote(s.Why, 300)
	}
	if mode == swapReminds {
		head = "Still open: " + head
	}
	m := message{text: "Who takes " + s.Rotation + "?", blocks: []slack.Block{section(head)}}
	value := fmt.Sprintf("%s/%d", s.Rotation, s.Seq)
	switch {
	case s.Status != rotation.SwapOpen:
		m.text = "Who takes " + s.Rotation + "? " + string(s.Status)
		m.blocks = append(m.blocks, section(v.swapState(s)))
	case s.With == "":
		m.blocks = append(m.blocks, slack.NewActionBlock("", button(actTake, value, "Take this shift", slack.StylePrimary), button(actCancel, value, "Cancel", "")))
		if could := v.couldCover(s); could != "" {
			m.blocks = append(m.blocks, contextLine(could))
		}
	default:
		m.blocks = append(m.blocks, slack.NewActionBlock("", button(actAccept, value, "Accept", slack.StylePrimary), button(actDecline, value, "Decline", "")))
		if open := v.warnings(s); open != "" {
			m.blocks = append(m.blocks, contextLine(open))
		}
	}
	return m
}

// couldCover names who is free, whoever has had the least of it first. It names no
// figures.
func (v oncallView) couldCover(s oncall.Swap) string {
	people := without(v.roster.CouldCover(s.Rotation, rotation.Stretch{Start: s.Start, End: s.End}, v.load), []string{s.Person})
	if len(people) == 0 {
		return ""
	}
	var names []string
	for _, p := range people {
		names = append(names, personName(v.roster, p))
	}
	return "Free then: " + esc(incident.FirstOf(names, most))
}

// warnings says what speaks against the stand-in.
func (v oncallView) warnings(s oncall.Swap) string {
	var lines []string
	for _, g := range oncall.Conflicts(v.roster, s.With, s.Start, s.End) {
		if len(lines) < 3 {
			lines = append(lines, ":warning: Already on call for *"+esc(g.Rotation)+"* "+span(g.Span))
		}
	}
	if x, ok := v.roster.Rotation(s.Rotation); ok {
		for _, a := range x.TimeOff {
			if a.Person == s.With && a.Start.Before(s.End) && s.Start.Before(a.End) {
				lines = append(lines, ":warning: Away "+span(oncall.Span{Start: a.Start, End: a.End}))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// swapState says what became of a swap.
func (v oncallView) swapState(s oncall.Swap) string {
	switch s.Status {
	case rotation.SwapAccepted:
		return ":white_check_mark: " + v.who([]string{s.With}) + " takes it."
	case rotation.SwapDeclined:
		return v.who([]string{s.With}) + " declined."
	case rotation.SwapExpired:
		return "It has begun and nobody took it. " + v.who([]string{s.Person}) + " stays on call."
	case rotation.SwapCancelled:
		return "The request was withdrawn."
	default:
		return "It is not in the roster any more."
	}
}

// outcome tells one of the two what became of a swap.
func (v oncallView) outcome(n oncall.Notice) message {
	s := v.swap
	text := fmt.Sprintf("*%s* %s: %s", esc(s.Rotation), span(oncall.Span{Start: s.Start, End: s.End}), v.swapState(s))
	if s.Status == rotation.SwapAccepted && !s.BackStart.IsZero() {
		text += " In return: " + span(oncall.Span{Start: s.BackStart, End: s.BackEnd}) + "."
	}
	m := plainMessage(text)
	m.text = "The swap in " + s.Rotation + ": " + string(s.Status)
	if s.Status == rotation.SwapDeclined && n.To == s.Person && s.Start.After(v.now) {
		g := oncall.Gap{Rotation: s.Rotation, Span: oncall.Span{Start: s.Start, End: s.End}}
		m.blocks = append(m.blocks, slack.NewActionBlock("", button(actCover, stretchValue(g, s.Person), "Ask everybody", "")))
	}
	return m
}
