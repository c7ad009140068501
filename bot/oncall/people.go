package oncall

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Named returns the person of the roster with that ID or name, without regard to
// case. An ID counts more than somebody else's name.
func (w *Directory) Named(word string) (incident.Actor, error) {
	var known, called []string
	for _, p := range w.Roster.People {
		if strings.EqualFold(p.ID, word) {
			return incident.Person(p.ID), nil
		}
		if strings.EqualFold(p.Name, word) {
			called = append(called, p.ID)
		}
		known = append(known, p.ID, p.Name)
	}
	switch {
	case len(called) == 1:
		return incident.Person(called[0]), nil
	case len(called) > 1:
		return "", refusal("Say which by the ID: "+strings.Join(called, ", ")+".", "%d people of the roster are called %s.", len(called), incident.Quoted(word))
	}
	next := "Name a person with @."
	if near := incident.Nearest(word, known); near != "" {
		next = fmt.Sprintf("Did you mean %s?", near)
	}
	return "", refusal(next, "There is no person %s in the roster.", incident.Quoted(word))
}

// Takes refuses a roster that brings a person whose ID is a word of the program's
// own. Somebody who is in the roster already stays: a store must go on working.
func (w *Directory) Takes(next *rotation.Roster) error {
	for _, p := range next.People {
		if _, there := w.Roster.Person(p.ID); !there && rotation.Reserved(p.ID) {
			return refusal("Give them another id, such as their name.", "The id %s of a person is a word of Stormbell's own: what they do would read as if the program, or nobody, had done it.", incident.Quoted(p.ID))
		}
	}
	return nil
}

// WhoIs returns whom a word stands for.
func (w *Directory) WhoIs(word string, now time.Time) ([]incident.Actor, error) {
	name := strings.TrimPrefix(strings.TrimSpace(word), "@")
	if p, ok := w.FindPerson(name); ok {
		return []incident.Actor{incident.Person(p)}, nil
	}
	var ids []string
	if id, ok := w.FindService(name); ok {
		if p, ok := w.Roster.PolicyOf(id); ok {
			first, _ := p.First(now)
			ids = w.Targeted(first.Notify, now)
		}
	} else if t, ok := w.FindTeam(name); ok {
		ids = w.OnCall(t, now)
	} else {
		return nil, w.nobody(name)
	}
	if len(ids) == 0 {
		return nil, refusal("Name a person, as in: page @ada.", "Nobody is on call for %s.", name)
	}
	var who []incident.Actor
	for _, id := range ids {
		who = append(who, incident.Person(id))
	}
	return who, nil
}

// Targeted returns the people that targets come to, each once.
func (w *Directory) Targeted(targets []rotation.Target, now time.Time) []string {
	var ids []string
	for _, t := range targets {
		switch t.Kind {
		case rotation.TargetPerson:
			ids = append(ids, t.ID)
		case rotation.TargetRotation:
			if r, ok := w.Roster.Rotation(t.ID); ok {
				ids = append(ids, r.People(now)...)
			}
		case rotation.TargetTeam:
			if team, ok := w.Roster.Team(t.ID); ok {
				ids = append(ids, team.Members...)
			}
		}
	}
	return distinct(ids)
}

// OnCall returns who is on call for any rotation of the team; all of the team
// when it has no rotation or nobody is.
func (w *Directory) OnCall(t *rotation.Team, now time.Time) []string {
	var ids []string
	for _, r := range w.Roster.RotationsOf(t.ID) {
		ids = append(ids, r.People(now)...)
	}
	if len(ids) == 0 {
		ids = t.Members
	}
	return distinct(ids)
}

func distinct(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// FindPerson finds a person by ID or name, as [Directory.Named] does.
func (w *Directory) FindPerson(s string) (string, bool) {
	a, err := w.Named(s)
	_, id := a.Split()
	return id, err == nil
}

// FindTeam finds a team by ID or name, without regard to case.
func (w *Directory) FindTeam(s string) (*rotation.Team, bool) {
	for n := range w.Roster.Teams {
		if t := &w.Roster.Teams[n]; strings.EqualFold(t.ID, s) || strings.EqualFold(t.Name, s) {
			return t, true
		}
	}
	return nil, false
}

// nobody says in words that a word stands for nobody, and what is near it.
func (w *Directory) nobody(s string) error {
	var known []string
	for _, p := range w.Roster.People {
		known = append(known, p.ID)
	}
	for _, t := range w.Roster.Teams {
		known = append(known, t.ID)
	}
	for _, v := range w.Roster.Services {
		known = append(known, v.ID)
	}
	next := "Name a person with @, a team or a service."
	if near := incident.Nearest(s, known); near != "" {
		next = fmt.Sprintf("Did you mean %s?", near)
	}
	return refusal(next, "There is no person, team or service %s.", incident.Quoted(s))
}

// Methods returns every contact method that reaches a person, the most direct first. Who
// is known to Slack only by mail address is looked up when they are paged.
func (w *Directory) Methods(person string) []string {
	p, ok := w.Roster.Person(person)
	if !ok {
		return nil
	}
	var methods []string
	if w.Slack(person) != "" || p.Email != "" {
		methods = append(methods, "slack")
	}
	for _, via := range w.methods {
		if p.HasAddress(via) {
			methods = append(methods, via)
		}
	}
	return methods
}

// FirstAsked returns the rotations that the first step of a service's policy asks.
func (w *Directory) FirstAsked(service string) []string {
	p, ok := w.Roster.PolicyOf(service)
	if !ok || len(p.Steps) == 0 {
		return nil
	}
	var ids []string
	for _, t := range p.Steps[0].Notify {
		if t.Kind == rotation.TargetRotation {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// Holidays returns the holidays of the agreements whose coverage is in the zone of
// a person: the roster has no other calendar of an office.
func (w *Directory) Holidays(person string) []string {
	p, ok := w.Roster.Person(person)
	if !ok {
		return nil
	}
	var days []string
	for _, a := range w.Roster.Agreements {
		if a.Coverage != nil && a.Coverage.TimeZone == p.TimeZone {
			days = append(days, a.Coverage.Holidays...)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// EverybodyOnCall returns who is on call for any rotation, each once.
func (w *Directory) EverybodyOnCall(now time.Time) []string {
	var ids []string
	for i := range w.Roster.Rotations {
		ids = append(ids, w.Roster.Rotations[i].People(now)...)
	}
	return distinct(ids)
}
