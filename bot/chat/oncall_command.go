package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// oncallWords are the words after /oncall with those that mean the same.
var oncallWords = map[string]string{
	"override": "override", "change": "override", "replace": "override", "overrides": "override",
	"swap": "swap", "trade": "swap", "exchange": "swap",
	"cover": "cover", "give": "cover", "takeover": "cover",
	"off": "off", "away": "off", "vacation": "off", "holiday": "off", "pto": "off", "leave": "off", "timeoff": "off",
	"requests": "requests", "open": "requests", "cancel": "requests", "mine": "requests", "end": "requests", "back": "requests",
	"history": "history", "log": "history",
	"me": "me", "myself": "me", "my": "me", "shifts": "me",
	"next": "next", "upcoming": "next", "handovers": "next",
	"calendar": "calendar", "cal": "calendar", "schedule": "calendar", "picture": "calendar",
	"report": "report", "figures": "report", "stats": "report",
	"why": "why", "test": "test",
	"help": "help", "?": "help",
}

// oncallCommand handles what is typed after /oncall. A team that is called like a
// word is reached by the ID of its rotation.
func (s *Slack) oncallCommand(ctx context.Context, c slack.SlashCommand) answer {
	typed := tidy(c.Text)
	first, rest := cut(typed)
	word := strings.ToLower(first)
	if word == "time" && strings.HasPrefix(strings.ToLower(rest), "off") {
		word = "off"
	}
	caller := desk.Caller{Actor: s.people.Current().Actor(c.UserID), Key: key("command", c.TriggerID, c.UserID, c.ChannelID, c.Text), ReplyURL: c.ResponseURL}
	switch oncallWords[word] {
	case "override", "swap", "cover", "off":
		if err := s.desk.May(caller, incident.DoRoster); err != nil {
			return answer{payload: ephemeral(s.trouble(err))}
		}
	}
	switch oncallWords[word] {
	case "override":
		return s.openOverride(c, caller, rest)
	case "swap", "cover":
		return s.openSwap(c, caller, oncallWords[word])
	case "off":
		return s.openOncall(c, caller, func(f oncallForm) slack.ModalViewRequest { return f.away() })
	case "requests":
		return answer{payload: s.requests(caller.Actor)}
	case "history":
		return answer{payload: s.history(ctx)}
	case "me":
		return answer{payload: s.ownShifts(caller.Actor)}
	case "next":
		return answer{payload: s.handOvers(caller.Actor)}
	case "calendar":
		return s.calendar(c.UserID, caller, rest)
	case "test":
		return answer{payload: s.testPages(ctx, caller)}
	case "why":
		return answer{payload: s.why(ctx, caller.Actor, c.ChannelID, rest)}
	case "report":
		return s.report(caller, rest)
	case "help":
		return answer{payload: s.oncallHelp()}
	}
	return answer{payload: s.oncallNow(ctx, caller, typed)}
}

// openOncall opens a form on the person's clock as far as that is known. Slack is
// asked for their zone only when the form stands, since its trigger lives three
// seconds; a form on another clock is then put right.
func (s *Slack) openOncall(c slack.SlashCommand, caller desk.Caller, make func(oncallForm) slack.ModalViewRequest) answer {
	if err := s.planner(caller.Actor); err != nil {
		return answer{payload: ephemeral(s.trouble(err))}
	}
	return answer{after: func(ctx context.Context) {
		on := func(zone *time.Location) slack.ModalViewRequest {
			f := oncallForm{roster: s.people.Current().Roster, state: oncallState{Zone: zone.String(), ReplyURL: caller.ReplyURL}, values: map[string]slack.BlockAction{}}
			f.preset(tidy(c.Text), time.Now().In(zone))
			f.typed = named(f.typed, s.nameOf)
			return make(f)
		}
		zone := s.knownZone(c.UserID)
		view := on(zone)
		opened, err := s.wire.OpenView(ctx, c.TriggerID, view)
		if err != nil {
			s.log.Warn().Str("form", view.CallbackID).Str("error", err.Error()).Msg("a form could not be opened")
			s.told(caller, ephemeral("The form could not be opened. Please type `"+s.opt.OncallCommand+"` and the word once more.")).after(ctx)
			return
		}
		if now := s.askZone(ctx, c.UserID); now.String() != zone.String() {
			if err := s.wire.UpdateView(ctx, opened, on(now)); err != nil {
				s.log.Warn().Str("form", view.CallbackID).Str("error", err.Error()).Msg("a form stays on the clock of the roster")
			}
		}
	}}
}

// planner refuses people who are not in the roster before they fill in a form.
func (s *Slack) planner(a incident.Actor) error {
	if kind, _ := a.Split(); kind != "person" {
		return refuse("Ask for your name and your Slack user ID to be put there.", "Only people of the roster can change who is on call, and you are not in it.")
	}
	if len(s.people.Current().Roster.Rotations) == 0 {
		return refuse("The roster file says who is on call.", "There is no rotation yet.")
	}
	return nil
}

// preset fills in what is known: the rotation named after the word, the people mentioned
// after that, and today. Other words are kept to be shown, since nothing is read from them.
func (f *oncallForm) preset(typed string, now time.Time) {
	_, rest := cut(typed)
	id, more := findRotation(f.roster, rest), ""
	if first, after := cut(rest); id == "" {
		if id, more = findRotation(f.roster, first), after; id == "" {
			more = rest
		}
	}
	if id == "" && len(f.roster.Rotations) == 1 {
		id = f.roster.Rotations[0].ID
	}
	if id != "" {
		f.values[inputRotation] = slack.BlockAction{SelectedOption: slack.OptionBlockObject{Value: id}}
	}
	if users, after := mentions(more); len(users) > 0 {
		f.values[inputBy], f.values[inputWith], more = slack.BlockAction{SelectedUsers: users}, slack.BlockAction{SelectedUser: users[0]}, after
	}
	if more != "" {
		f.typed = typed
	}
	f.values[inputFrom+"_date"] = slack.BlockAction{SelectedDate: now.Format(time.DateOnly)}
}

// findRotation finds a rotation by its ID, or by its team where that has one only.
func findRotation(r *rotation.Roster, word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	var ofTeam []string
	for _, x := range r.Rotations {
		if strings.EqualFold(x.ID, word) {
			return x.ID
		}
		if word != "" && (strings.EqualFold(x.Team, word) || strings.EqualFold(teamName(r, x.Team), word)) {
			ofTeam = append(ofTeam, x.ID)
		}
	}
	if len(ofTeam) == 1 {
		return ofTeam[0]
	}
	return ""
}

func (s *Slack) openOverride(c slack.SlashCommand, caller desk.Caller, rest string) answer {
	if r := s.people.Current().Roster; rest != "" && findRotation(r, rest) == "" && len(r.Rotations) > 100 {
		return answer{payload: ephemeral("Name the rotation in full, as in `" + s.opt.OncallCommand + " override " + esc(r.Rotations[0].ID) + "`: there are too many for a list.")}
	}
	return s.openOncall(c, caller, func(f oncallForm) slack.ModalViewRequest { return f.override() })
}

// shiftsAhead is how far ahead own shifts are offered.
const shiftsAhead = 90 * 24 * time.Hour

func (s *Slack) openSwap(c slack.SlashCommand, caller desk.Caller, word string) answer {
	_, person := caller.Actor.Split()
	now := time.Now()
	shifts := slices.DeleteFunc(oncall.Conflicts(s.people.Current().Roster, person, now, now.Add(shiftsAhead)), func(g oncall.Gap) bool { return !g.End.After(now) })
	if err := s.planner(caller.Actor); err == nil && len(shifts) == 0 {
		return answer{payload: ephemeral("You are not on call within 90 days, so there is nothing to give away.")}
	}
	return s.openOncall(c, caller, func(f oncallForm) slack.ModalViewRequest {
		delete(f.values, inputFrom+"_date")
		if word == "swap" {
			return f.swap(shifts)
		}
		return f.cover(shifts)
	})
}

func (s *Slack) oncallHelp() reply {
	return ephemeral("What can be done about on call", helpBlocks(s.opt.OncallCommand, OncallHelp())...)
}

// history shows the last changes of the roster.
func (s *Slack) history(ctx context.Context) reply {
	const shown = 20
	list, err := s.people.History(ctx, shown+1)
	if err != nil {
		return ephemeral(s.trouble(err))
	}
	if len(list) == 0 {
		return ephemeral("There is no roster yet.")
	}
	lines := historyLines(list[:min(len(list), shown)], s.names())
	const how = "`stormbell roster history` prints all."
	blocks := sections(firstLines(lines, 2900, how))
	if len(list) > shown {
		blocks = append(blocks, contextLine("There are older changes. "+how))
	}
	return ephemeral("Who changed the roster", blocks...)
}

// historyLines says each change of the roster in a line.
func historyLines(list []oncall.Change, n names) []string {
	var lines []string
	for _, c := range list {
		line := fmt.Sprintf("%s · %s by %s", at(c.At), c.Kind, c.Through.After(n.who(c.By)))
		if c.Rotation != "" {
			line += " in *" + esc(c.Rotation) + "*"
		}
		if c.Why != "" {
			line += ": " + clip(esc(c.Why), 150)
		}
		lines = append(lines, line)
	}
	return lines
}

// rows is how many things of each kind are listed with a button.
const rows = 12

// requests lists what is open or planned, each with what the reader can do to it.
func (s *Slack) requests(who incident.Actor) reply {
	_, self := who.Split()
	l := planned{view: s.viewNow(), self: self, counts: map[string]int{}, away: map[string]bool{}}
	for i := range l.view.roster.Rotations {
		l.rotation(&l.view.roster.Rotations[i])
	}
	if len(l.blocks) == 0 {
		return ephemeral("Nothing is open or planned: no request, no override, no time off.")
	}
	if left := leftOut(l.counts); left != "" {
		l.blocks = append(l.blocks, contextLine(left))
	}
	return ephemeral("What is open or planned", l.blocks...)
}

// planned is a list of what is open or planned, as one person sees it.
type planned struct {
	view   oncallView
	self   string // the person's ID
	blocks []slack.Block
	counts map[string]int  // by kind, those that are not listed too
	away   map[string]bool // absences that are in it: they concern several rotations
}

// add lists one thing of a kind, unless there are too many; then it is counted.
func (l *planned) add(kind, text string, b *slack.ButtonBlockElement) {
	if l.counts[kind]++; l.counts[kind] > rows {
		return
	}
	var accessory *slack.Accessory
	if b != nil {
		accessory = slack.NewAccessory(b)
	}
	l.blocks = append(l.blocks, slack.NewSectionBlock(mrkdwn(clip(text, 1000)), nil, accessory))
}

// rotation lists what is open or planned in a rotation.
func (l *planned) rotation(x *rotation.Rotation) {
	v := l.view
	for _, w := range x.Swaps {
		if done := !w.End.After(v.now) && !w.BackEnd.After(v.now); done {
			continue
		}
		if text, b := v.swapRow(x, w, l.self); text != "" {
			l.add("requests", text, b)
		}
	}
	for _, o := range x.Overrides {
		if o.End.After(v.now) {
			l.add("overrides", "*"+esc(x.ID)+"*: "+v.override(o), button(actEnd, fmt.Sprintf("%s/%d", x.ID, o.Seq), "End it", ""))
		}
	}
	for _, a := range x.TimeOff {
		value := fmt.Sprintf("%s/%d/%d", a.Person, a.Start.Unix(), a.End.Unix())
		if !a.End.After(v.now) || l.away[value] {
			continue
		}
		l.away[value] = true
		var b *slack.ButtonBlockElement
		if a.Person == l.self {
			b = button(actBack, value, "I am here after all", "")
		}
		l.add("absences", v.who([]string{a.Person})+" is away "+span(oncall.Span{Start: a.Start, End: a.End}), b)
	}
}

// leftOut says what is not listed because there is too much of its kind.
func leftOut(counts map[string]int) string {
	var list []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		if more := counts[kind] - rows; more > 0 {
			list = append(list, fmt.Sprintf("%s (%d)", kind, more))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "Not shown: " + strings.Join(list, ", ") + ". `stormbell roster export` prints everything."
}

// swapRow shows a swap that is open or agreed, with what the reader can do.
func (v oncallView) swapRow(x *rotation.Rotation, w rotation.Swap, self string) (string, *slack.ButtonBlockElement) {
	value := fmt.Sprintf("%s/%d", x.ID, w.Seq)
	when := span(oncall.Span{Start: w.Start, End: w.End})
	_, counts := w.Counts()
	mine := w.Person == self || w.With == self && counts
	switch {
	case w.Status == rotation.SwapOpen && mine:
		return fmt.Sprintf("*%s*: you ask %s to take %s", esc(x.ID), v.orEverybody(w.With), when), button(actCancel, value, "Cancel", "")
	case w.Status == rotation.SwapOpen && w.With == "":
		return fmt.Sprintf("*%s*: %s asks who takes %s", esc(x.ID), v.who([]string{w.Person}), when), button(actTake, value, "Take this shift", "")
	case w.Status == rotation.SwapOpen && w.With == self:
		return fmt.Sprintf("*%s*: %s asks you to take %s", esc(x.ID), v.who([]string{w.Person}), when), button(actAccept, value, "Accept", "")
	case w.Status == rotation.SwapOpen:
		return fmt.Sprintf("*%s*: %s asks %s to take %s", esc(x.ID), v.who([]string{w.Person}), v.who([]string{w.With}), when), nil
	case counts && w.Status == rotation.SwapAccepted && mine:
		return fmt.Sprintf("*%s*: %s takes over from %s, %s", esc(x.ID), v.who([]string{w.With}), v.who([]string{w.Person}), when), button(actCancel, value, "Take it back", "")
	case counts && w.Status == rotation.SwapAccepted:
		return fmt.Sprintf("*%s*: %s takes over from %s, %s", esc(x.ID), v.who([]string{w.With}), v.who([]string{w.Person}), when), nil
	default:
		return "", nil
	}
}

func (v oncallView) orEverybody(person string) string {
	if person == "" {
		return "everybody"
	}
	return v.who([]string{person})
}
