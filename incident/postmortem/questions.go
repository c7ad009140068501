package postmortem

import (
	"slices"

	"github.com/stormbell/stormbell/incident"
)

// told is whom a delivery went to. A person with an interest had no part in it, so there
// is no other word for them.
func (f *facts) told(e incident.Event) string {
	if e.Person != "" {
		return "a person with an interest"
	}
	return f.cast.clean(incident.TargetWords(e.Target))
}

func (f *facts) answered(id string) bool {
	return slices.ContainsFunc(f.answers, func(e incident.Event) bool { return e.Question == id })
}

// ask completes the questions of a document: with the answers that were given, with who
// could know, and with which of them this incident needs.
func (f *facts) ask(d *Document) {
	needs := f.needs(*d)
	open := f.writable()
	for k := range d.Sections {
		s := &d.Sections[k]
		if !open {
			s.Questions = nil
		}
		for n := range s.Questions {
			q := &s.Questions[n]
			q.rank, q.who = slices.Index(needs, q.ID), f.couldKnow(q.ID)
			q.Asked = q.rank >= 0
			for _, e := range f.answers {
				if e.Question == q.ID {
					q.Answers = append(q.Answers, Answer{Who: f.cast.label(e.By), Text: f.cast.clean(e.Text), At: e.At, by: e.By, seq: e.Seq})
				}
			}
		}
	}
}

// writable reports whether anything is asked about the incident: not of a part of another
// one, nor of what was no incident.
func (f *facts) writable() bool {
	return f.i.Status != incident.Merged && (f.i.Status != incident.Cancelled || f.i.Outcome != "")
}

// askedMost is how many questions somebody is asked in one go: what takes longer than
// about twenty minutes is put off for ever.
const askedMost = 5

// needs are the questions that this incident needs an answer to, the most important
// first: by its severity, its length and what is missing. All others are welcome.
func (f *facts) needs(d Document) []string {
	if !d.Due.Required || f.i.Status.Hurting() {
		return nil
	}
	severe := f.i.Highest <= incident.Sev2
	missed := slices.ContainsFunc(d.Promises, func(p Promise) bool { return p.State == Missed })
	ids := []string{Cause, "factors"}
	add := func(id string, when bool) {
		if when {
			ids = append(ids, id)
		}
	}
	add(Cue, len(f.couldKnow(Cue)) > 0)
	add("first_week", len(f.couldKnow("first_week")) > 0)
	decided := slices.ContainsFunc(f.entries, func(n incident.Entry) bool { return n.Decision > 0 })
	add("impact", severe && f.hurt() && (len(f.i.Hit.Who) == 0 || f.i.Hit.Count == 0))
	add("harder", missed || f.i.Highest == incident.Sev1 || f.hurting().Hours() >= 1)
	add("decision_screen", decided && f.i.Highest == incident.Sev1)
	add("lucky", f.i.Highest == incident.Sev1)
	for _, q := range incident.Open(f.entries) {
		if severe || q.Kind == incident.HowNote {
			ids = append(ids, "note_"+string(q.Kind))
		}
	}
	return ids
}

// couldKnow are who could know the answer to a question, the likeliest first; none: it is
// for whoever writes the document.
func (f *facts) couldKnow(id string) []incident.Actor {
	var list []incident.Actor
	add := func(who incident.Actor) {
		if kind, _ := who.Split(); (kind == "person" || kind == "slack") && !slices.Contains(list, who) {
			list = append(list, who)
		}
	}
	wrote := func(kinds ...incident.NoteKind) {
		for _, n := range f.entries {
			if n.Kind == incident.KindNote && slices.Contains(kinds, n.Note) {
				add(author(n.Event))
			}
		}
	}
	by := func(kinds ...incident.Kind) {
		for _, e := range f.events {
			if slices.Contains(kinds, e.Kind) {
				add(e.By)
			}
		}
	}
	switch id {
	case Cue: // nobody else knows what made them look there
		wrote(incident.Where, incident.HowNote)
		list = list[:min(len(list), 1)]
	case "note_what", "note_when":
		by(incident.KindDeclared, incident.KindAcknowledged)
	case "note_where", "note_how":
		wrote(incident.Where, incident.HowNote)
		by(incident.KindMitigated, incident.KindMitigating)
	case "decision_screen", "decision_options":
		wrote(incident.Decision)
	case "undo", "enough":
		by(incident.KindMitigated)
	case "first_week":
		for _, a := range f.i.Involved {
			if f.ctx.People[a].Junior && f.acted(a) {
				add(a)
			}
		}
	}
	return list
}

// acted reports whether somebody did anything in the incident: being paged is not enough.
func (f *facts) acted(a incident.Actor) bool {
	return slices.ContainsFunc(f.events, func(e incident.Event) bool { return e.By == a || e.Kind == incident.KindRole && e.Person == a })
}

// author is whose words a note has.
func author(e incident.Event) incident.Actor {
	if e.Mark != nil && e.Person != "" {
		return e.Person
	}
	return e.By
}

// Questions returns all questions of the document, in its order.
func (d Document) Questions() []Question {
	var list []Question
	for _, s := range d.Sections {
		list = append(list, s.Questions...)
	}
	return list
}

// Question returns a question by its ID.
func (d Document) Question(id string) (Question, bool) {
	for _, q := range d.Questions() {
		if q.ID == id {
			return q, true
		}
	}
	return Question{}, false
}

// For returns the questions that who is asked: those that the incident needs, that nobody
// has answered, and that they could know, or that are for whoever writes the document
// where they do.
//
// They are at most as many as somebody answers in one go, the most important first.
func (d Document) For(who incident.Actor, writes bool) []Question {
	list := slices.DeleteFunc(d.Questions(), func(q Question) bool {
		mine := slices.Contains(q.who, who) || len(q.who) == 0 && writes
		return !q.Asked || len(q.Answers) > 0 || !mine
	})
	slices.SortStableFunc(list, func(a, b Question) int { return a.rank - b.rank })
	return list[:min(len(list), askedMost)]
}

// Reaching returns the document with its questions for those alone who can be asked: what
// only others could know is asked of whoever writes it.
func (d Document) Reaching(there func(incident.Actor) bool) Document {
	d.Sections = slices.Clone(d.Sections)
	for k := range d.Sections {
		s := &d.Sections[k]
		s.Questions = slices.Clone(s.Questions)
		for n := range s.Questions {
			q := &s.Questions[n]
			q.who = slices.DeleteFunc(slices.Clone(q.who), func(a incident.Actor) bool { return !there(a) })
		}
	}
	return d
}

// Knowing returns everybody whom a question is for because they could know, in the order
// of the questions.
func (d Document) Knowing() []incident.Actor {
	var list []incident.Actor
	for _, q := range d.Questions() {
		if !q.Asked || len(q.Answers) > 0 {
			continue
		}
		for _, a := range q.who {
			if !slices.Contains(list, a) {
				list = append(list, a)
			}
		}
	}
	return list
}

// Answered returns what somebody has answered to the question, with the number of the
// event; "" and 0 where they have not.
func (q Question) Answered(who incident.Actor) (text string, seq int) {
	for _, a := range q.Answers {
		if a.by == who {
			return a.Text, a.seq
		}
	}
	return "", 0
}

// Said returns the answers to a question as one text; "" where there is none.
func (d Document) Said(id string) string {
	q, _ := d.Question(id)
	text := ""
	for _, a := range q.Answers {
		if text != "" {
			text += "\n"
		}
		text += a.Text
	}
	return text
}

// InShort returns what people said in a few sentences, or else what the timeline alone
// allows to say; "" where that is nothing.
func (d Document) InShort() string {
	if said := d.Said("summary"); said != "" {
		return said
	}
	for _, s := range d.Sections {
		if s.ID == "summary" && len(s.Lines) > 0 {
			return s.Lines[0]
		}
	}
	return ""
}
