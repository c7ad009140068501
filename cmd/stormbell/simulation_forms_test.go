package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
)

// form has somebody open a form and fill it in: soon or late, and then sent, sent again since
// no answer came, or closed.
func (s *simRun) form(x step) {
	who, n := x.Args["who"], s.picked(x.int("pick"))
	which := x.Args["which"]
	if n == 0 && which != "declare" || who == "eve" && which != "declare" {
		return
	}
	user := s.sim.As("U0" + strings.ToUpper(who))
	if v := s.formOf(who); v != nil {
		_ = user.CloseView(v.ID, slacksim.Cross) // what stands there was forgotten
	}
	name := s.openForm(x, n)
	s.advance(5 * time.Second)
	v := s.formOf(who)
	s.say("  %s has the form: %t", who, v != nil)
	if v == nil {
		return
	}
	s.advance(x.duration("late"))
	text := "w" + x.Args["n"] + "w in a form"
	if x.Args["how"] == "closed" {
		err := user.CloseView(v.ID, slacksim.Closing(x.int("n")%2))
		s.say("  it is closed: %v", err)
		return
	}
	s.model.typed = append(s.model.typed, text)
	if x.Args["how"] == "twice" {
		_ = s.sim.Fault(slacksim.Fault{LoseAcks: 1})
	}
	given, p := whatIsFilled(which, text, x)
	p.incident, p.by, p.from = n, actorOf(who), time.Now()
	switch which {
	case "declare":
		p.incident = 0
	case "followup":
		p.incident = namedIn(name)
	}
	var sent slacksim.SubmitResult
	for range 3 {
		var err error
		sent, err = user.Submit(v.ID, given)
		s.say("  it is sent: closed %t, %v, %s %v", sent.Closed, sent.Errors, sent.Error, err)
		if sent.Error == "" || err != nil {
			break
		}
		s.advance(4 * time.Second)
	}
	if sent.Closed {
		s.promised(p)
	}
	if sent.Closed && which == "declare" {
		s.advance(2 * time.Second)
		for _, w := range s.sim.State().Whispers["U0"+strings.ToUpper(who)] {
			if strings.Contains(w.Text, text) {
				s.known(namedIn(w.Text))
			}
		}
	}
}

// openForm has somebody open a form, and returns the name of the follow-up that it is about.
func (s *simRun) openForm(x step, n int) string {
	who := x.Args["who"]
	switch x.Args["which"] {
	case "declare":
		s.command(who, "declare")
	case "silence", "impact":
		text := x.Args["which"]
		if text == "impact" {
			text += " " + incident.Name(n)
		}
		s.command(who, text)
	case "close":
		s.command(who, "resolve "+incident.Name(n))
		s.command(who, "close "+incident.Name(n))
	case "followup":
		if len(s.model.followUps) == 0 {
			return ""
		}
		name := s.model.followUps[x.int("pick")%len(s.model.followUps)]
		user := s.sim.As("U0" + strings.ToUpper(who))
		seen, err := user.Command("general", "/incident", "followups")
		if err == nil && seen.TS != "" {
			_, err = user.Press(slacksim.Press{Channel: seen.Channel, TS: seen.TS, ActionID: "followup_done", BlockID: "followup_" + name})
		}
		s.say("  presses Done of %s: %v", name, err)
		return name
	}
	return ""
}

// formOf is the form in front of somebody.
func (s *simRun) formOf(who string) *slacksim.View {
	list := s.sim.State().Views["U0"+strings.ToUpper(who)]
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

// whatIsFilled is what is filled into a form, and what is in the record when it was taken.
func whatIsFilled(which, text string, x step) (map[string]map[string]any, promise) {
	one := func(value any) map[string]any { return map[string]any{"value": value} }
	switch which {
	case "declare":
		return map[string]map[string]any{"title": one(text), "severity": one("sev" + x.Args["sev"]), "service": one(x.Args["service"])},
			promise{what: "declared", text: text}
	case "impact":
		return map[string]map[string]any{"count": one(fmt.Sprint(100 + x.int("n"))), "source": one("a dashboard"), "reason": one(text)},
			promise{what: "event", kind: incident.KindImpact, text: text}
	case "close":
		return map[string]map[string]any{"anyway": one(text)}, promise{what: "event", kind: incident.KindClosed, text: text}
	case "silence":
		return map[string]map[string]any{"match": one("instance=" + x.Args["n"]), "end": one("40m"), "reason": one(text)},
			promise{what: "silence", text: text}
	}
	return map[string]map[string]any{"text": one(text)}, promise{what: "event", kind: incident.KindFollowUpDone, text: text}
}
