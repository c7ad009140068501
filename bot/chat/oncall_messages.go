package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// The actions of buttons about on call. The value names a swap, or a stretch of
// a rotation.
const (
	actTake    = "shift_take"    // rotation/seq
	actAccept  = "shift_accept"  // rotation/seq
	actDecline = "shift_decline" // rotation/seq
	actCancel  = "shift_cancel"  // rotation/seq
	actCover   = "shift_cover"   // rotation/start/end/person: ask everybody
	actEnd     = "shift_end"     // rotation/seq of an override
	actBack    = "shift_back"    // person/start/end of an absence
)

// oncallView is what messages about on call are made from; its methods are pure.
type oncallView struct {
	roster  *rotation.Roster
	names   names
	now     time.Time
	command string
	open    []incident.Incident  // of the team concerned
	woken   map[string]time.Time // people who were woken in the night before
	load    map[string]float64   // hours of load by person, for whom to ask first
	swap    oncall.Swap
	gone    func(person string) bool // whose account in Slack is deactivated; nil: nobody's
}

// notice shows a notice, or nothing where what it was about is no more.
func (v oncallView) notice(n oncall.Notice) (message, bool) {
	switch n.Kind {
	case oncall.NoticeHandover:
		return v.handover(n)
	case oncall.NoticeSoon:
		return v.soon(n)
	case oncall.NoticeChanged:
		return v.changed(n), true
	case oncall.NoticeMoved:
		return v.moved(n), true
	case oncall.NoticeGaps:
		return v.gaps(n), true
	case oncall.NoticeAway:
		return v.away(n), true
	case oncall.NoticeSwap:
		if v.swap.Status != rotation.SwapOpen {
			return message{}, false
		}
		stands := swapStands
		if n.Again {
			stands = swapReminds
		}
		return v.swapMessage(v.swap, stands), true
	case oncall.NoticeOutcome:
		return v.outcome(n), true
	default:
		m := plainMessage(esc(n.Text))
		m.text = clip(n.Text, 500)
		return m, true
	}
}

// plainMessage is a message of one section of mrkdwn. What a phone shows of it is
// to be set besides, in plain text.
func plainMessage(s string) message {
	return message{text: "About on call", blocks: []slack.Block{section(s)}}
}

func (v oncallView) who(people []string) string {
	if len(people) == 0 {
		return "nobody"
	}
	return v.names.people(people)
}

// until says how long a shift lasts.
func until(t time.Time) string {
	if t.IsZero() {
		return "until further notice"
	}
	return "until " + at(t)
}

// span shows a stretch of time.
func span(s oncall.Span) string {
	if s.End.IsZero() {
		return "from " + at(s.Start) + " on"
	}
	return at(s.Start) + " to " + at(s.End)
}

// late is how long after a hand-over its message counts as late.
const late = 5 * time.Minute

// handover tells a team who is on call now: who leaves, who comes, until when,
// who is next, what is open, what is special within the shift, and gaps ahead.
func (v oncallView) handover(n oncall.Notice) (message, bool) {
	r, ok := v.roster.Rotation(n.Rotation)
	if !ok {
		return message{}, false
	}
	before, after := r.People(n.At.Add(-1)), r.People(n.At)
	next, ends := r.NextChange(n.At)
	if slices.Equal(before, after) || ends && !next.After(v.now) {
		return message{}, false // changed meanwhile, or over
	}
	if !ends {
		next = time.Time{}
	}
	var lines []string
	name := "*" + esc(r.ID) + "*"
	if len(after) == 0 {
		lines = append(lines, fmt.Sprintf(":warning: %s: nobody is on call %s. The last one was %s.", name, until(next), v.who(before)))
	} else {
		lines = append(lines, fmt.Sprintf("%s: %s on call now, %s.", name, v.are(after), until(next)))
		if leaves := without(before, after); len(leaves) > 0 {
			lines = append(lines, "Their shift ended: "+v.who(leaves)+".")
		}
	}
	concerned := after
	if ends {
		concerned = slices.Concat(after, r.People(next))
		lines = append(lines, "Next: "+v.who(r.People(next))+".")
	}
	lines = append(lines, v.goneLines(concerned)...)
	if v.now.Sub(n.At) > late {
		lines = append(lines, "_This is late: the hand-over was at "+at(n.At)+"._")
	}
	m := message{text: r.ID + ": " + v.plainNames(after) + " on call now", blocks: []slack.Block{section(strings.Join(lines, "\n"))}}
	for _, part := range []string{v.restLines(slices.Concat(before, after)), v.openLines(), v.special(r, n.At, next), v.gapsAhead(r, later(v.now, next))} {
		if part != "" {
			m.blocks = append(m.blocks, contextLine(part))
		}
	}
	return m, true
}

// goneLines warn of people who are on call, or next, and cannot be told anything in Slack.
func (v oncallView) goneLines(people []string) (lines []string) {
	for _, p := range slices.Compact(slices.Sorted(slices.Values(people))) {
		if v.gone != nil && v.gone(p) {
			lines = append(lines, ":warning: The Slack account of "+esc(personName(v.roster, p))+" is deactivated, so they are not reached there. Change the roster; until then somebody can take the shift with `"+v.command+" override`.")
		}
	}
	return lines
}

// are shows people with the verb that fits.
func (v oncallView) are(people []string) string {
	if len(people) == 1 {
		return v.who(people) + " is"
	}
	return v.who(people) + " are"
}

func (v oncallView) plainNames(people []string) string {
	if len(people) == 0 {
		return "nobody"
	}
	var list []string
	for _, p := range people {
		list = append(list, personName(v.roster, p))
	}
	return strings.Join(list, ", ")
}

func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// restLines propose to let somebody sleep who was woken. The bot does not advise on
// law; it says what was.
func (v oncallView) restLines(people []string) string {
	var lines []string
	for _, p := range slices.Compact(slices.Sorted(slices.Values(people))) {
		if woken, ok := v.woken[p]; ok {
			lines = append(lines, ":zzz: "+v.who([]string{p})+" was woken ("+at(woken)+"), less than 11 hours ago. They should start late, or ask with `"+v.command+" cover` for somebody to take the rest.")
		}
	}
	return strings.Join(lines, "\n")
}

// most is how many lines of a kind are shown.
const most = 5

func (v oncallView) openLines() string {
	var lines []string
	for k, i := range v.open {
		if k == most {
			lines = append(lines, fmt.Sprintf("… and %d more open", len(v.open)-k))
			break
		}
		line := fmt.Sprintf("Open: *%s* · %s · %s", i.Name(), i.Severity, clip(esc(i.Title), 120))
		if i.Acked() {
			line += " (" + v.names.who(i.AcknowledgedBy) + ")"
		}
		if i.Channel != "" {
			line += " <#" + i.Channel + ">"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// special is the overrides and swaps within a shift.
func (v oncallView) special(r *rotation.Rotation, from, to time.Time) string {
	if to.IsZero() {
		to = from.Add(31 * 24 * time.Hour)
	}
	var lines []string
	for _, o := range r.Overrides {
		if o.Start.Before(to) && o.End.After(from) {
			lines = append(lines, "Override: "+v.override(o))
		}
	}
	for _, s := range r.Swaps {
		if _, counts := s.Counts(); counts && s.Start.Before(to) && s.End.After(from) {
			lines = append(lines, fmt.Sprintf("Swap: %s for %s, %s", v.who([]string{s.With}), v.who([]string{s.Person}), span(oncall.Span{Start: s.Start, End: s.End})))
		}
	}
	if len(lines) > most {
		lines = append(lines[:most], fmt.Sprintf("… and %d more", len(lines)-most))
	}
	return strings.Join(lines, "\n")
}

// override says an override in a line.
func (v oncallView) override(o rotation.Override) string {
	var s string
	switch o.Kind {
	case rotation.Replace:
		s = v.who([]string{o.By}) + " instead of " + v.who([]string{o.Person})
	case rotation.Add:
		s = v.who(o.People) + " in addition"
	case rotation.Remove:
		s = "without " + v.who(o.People)
	default:
		s = "exactly " + v.who(o.People)
	}
	s += ", " + span(oncall.Span{Start: o.Start, End: o.End})
	if o.Reason != "" {
		s += " (" + clip(esc(o.Reason), 100) + ")"
	}
	return s
}

// gapsAhead is when nobody will be on call within the thirty days after a shift.
func (v oncallView) gapsAhead(r *rotation.Rotation, from time.Time) string {
	var lines []string
	for _, g := range r.Gaps(from, from.Add(30*24*time.Hour)) {
		if len(lines) == 3 {
			lines = append(lines, "… and more")
			break
		}
		lines = append(lines, ":warning: Nobody is on call "+span(oncall.Span{Start: g.Start, End: g.End}))
	}
	return strings.Join(lines, "\n")
}

// soon tells a person that their shift begins.
func (v oncallView) soon(n oncall.Notice) (message, bool) {
	r, ok := v.roster.Rotation(n.Rotation)
	if !ok || !v.now.Before(n.At) || !slices.Contains(r.People(n.At), n.To) {
		return message{}, false
	}
	end, ends := r.NextChange(n.At)
	if !ends {
		end = time.Time{}
	}
	text := fmt.Sprintf("You are on call for *%s* from %s, %s.", esc(r.ID), at(n.At), until(end))
	if before := without(r.People(n.At.Add(-1)), []string{n.To}); len(before) > 0 {
		text += " You take over from " + v.who(before) + "."
	}
	return message{text: "You are on call for " + r.ID + " in " + long(n.At.Sub(v.now)), blocks: []slack.Block{
		section(text), contextLine("You cannot? `" + v.command + " swap` asks somebody, `" + v.command + " cover` asks everybody.")}}, true
}

// changed tells a team that its schedule is another one, and who is on call now.
func (v oncallView) changed(n oncall.Notice) message {
	lines := []string{"The schedule has changed" + v.by(n) + "."}
	for k, id := range n.Changed {
		if k == most {
			lines = append(lines, "… and "+incident.Count(len(n.Changed)-k, "more rotation", "more rotations"))
			break
		}
		r, ok := v.roster.Rotation(id)
		if !ok {
			lines = append(lines, "*"+esc(id)+"* is no more.")
			continue
		}
		lines = append(lines, v.line(r))
	}
	m := plainMessage(strings.Join(lines, "\n"))
	m.text = "The schedule has changed: " + incident.FirstOf(n.Changed, most)
	return m
}

func (v oncallView) by(n oncall.Notice) string {
	s := ""
	if n.By != "" {
		s = " by " + v.names.who(n.By)
	}
	if n.Why != "" {
		s += ": " + clip(esc(n.Why), 300)
	}
	return s
}

// line says of a rotation who is on call, until when, and who is next.
func (v oncallView) line(r *rotation.Rotation) string {
	return rotationLine(r, v.roster, v.names, v.now)
}

// moved tells a person of their next shifts, before and after.
func (v oncallView) moved(n oncall.Notice) message {
	lines := []string{"Your shifts have moved" + v.by(n) + "."}
	for k, move := range n.Moves {
		if k == 10 {
			lines = append(lines, "… and in "+incident.Count(len(n.Moves)-k, "more rotation", "more rotations"))
			break
		}
		lines = append(lines, "*"+esc(move.Rotation)+"*: "+v.move(move))
	}
	m := plainMessage(strings.Join(lines, "\n"))
	m.text = "Your shifts have moved"
	return m
}

func (v oncallView) move(m oncall.Move) string {
	none := oncall.Span{}
	switch {
	case m.After == none:
		return "you were on call " + span(m.Before) + ", and are not any more"
	case m.Before == none && !m.After.Start.After(v.now):
		return "you are on call *now*, " + until(m.After.End)
	case m.Before == none:
		return "you are on call " + span(m.After)
	default:
		return "you were on call " + span(m.Before) + ", and are now " + span(m.After)
	}
}

// gaps tells a team when nobody will be on call.
func (v oncallView) gaps(n oncall.Notice) message {
	var lines []string
	for k, g := range n.Gaps {
		if k == 10 {
			lines = append(lines, fmt.Sprintf("… and %d more", len(n.Gaps)-k))
			break
		}
		line := "*" + esc(g.Rotation) + "*: " + span(g.Span)
		switch {
		case !g.Start.After(v.now):
			line = ":rotating_light: " + line + " – *now*"
		case g.Start.Before(n.At):
			line = ":warning: " + line + " – soon"
		case g.Regular:
			line += ", as every week; it is not told again"
		}
		lines = append(lines, line)
	}
	m := plainMessage("Nobody is on call:\n" + strings.Join(lines, "\n"))
	m.text = "Nobody is on call for some time ahead"
	m.blocks = append(m.blocks, contextLine("`"+v.command+" override` puts somebody there."))
	return m
}

// away tells of shifts that somebody will miss, with a way to ask who takes them.
func (v oncallView) away(n oncall.Notice) message {
	m := plainMessage(v.who([]string{n.Person}) + " is away and on call all the same:")
	m.text = personName(v.roster, n.Person) + " is away and on call all the same"
	for k, g := range n.Gaps {
		if k == most {
			m.blocks = append(m.blocks, contextLine(fmt.Sprintf("… and %d more", len(n.Gaps)-k)))
			break
		}
		line := slack.NewSectionBlock(mrkdwn("*"+esc(g.Rotation)+"*: "+span(g.Span)), nil,
			slack.NewAccessory(button(actCover, stretchValue(g, n.Person), "Ask who takes it", "")))
		m.blocks = append(m.blocks, line)
	}
	return m
}

// stretchValue names a stretch of somebody's duty in a button.
func stretchValue(g oncall.Gap, person string) string {
	return fmt.Sprintf("%s/%d/%d/%s", g.Rotation, g.Start.Unix(), g.End.Unix(), person)
}
