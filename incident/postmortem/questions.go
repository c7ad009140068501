package postmortem

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/incident"
)

// The sections below are for people. The record offers facts and questions; it
// never answers. Neither "why" nor "who" occurs in a question: the one asks for
// a defence, the other for somebody to defend himself.

// factors asks for the conditions that were needed together. What the record
// holds becomes a question, not an answer.
func (f *facts) factors(d Document) Section {
	s := Section{ID: "factors", Title: "Contributing factors", Source: People}
	if f.writable() && !f.answered("factors") {
		s.Lines = []string{"At least two, as conditions: several were needed together."}
	}
	s.Questions = []Question{
		{ID: "factors", Text: "Which conditions were needed for this to happen?", Hint: "one on each line"},
		{ID: "factors_length", Text: "Which conditions made it last as long as it did?"},
	}
	if f.answered("factors") {
		return s // what the record offers is a question no more
	}
	for _, fact := range f.offered(d) {
		s.Lines = append(s.Lines, "From the timeline: "+fact+". Was that a factor?")
	}
	return s
}

// maxOffers keeps what the record offers readable, however long the incident was.
const maxOffers = 6

// offered are facts of the record that may have been factors.
func (f *facts) offered(d Document) []string {
	var list []string
	for _, e := range f.events {
		at := "at " + f.clock.at(e.At) + " "
		switch {
		case e.Kind == incident.KindService && e.Was != "":
			list = append(list, at+"the incident was moved to "+or(f.service(e.Service), "no service"))
		case e.Kind == incident.KindReopened:
			list = append(list, at+"the trouble was back")
		case e.Kind == incident.KindExhausted:
			list = append(list, at+"nobody had answered any step of the escalation")
		}
		if len(list) == maxOffers {
			return list
		}
	}
	if n := lost(d.Pages); n > 0 {
		list = append(list, incident.Count(n, "notification", "notifications")+" did not get through")
	}
	return list
}

func lost(pages []Page) int {
	n := 0
	for _, p := range pages {
		if p.Lost {
			n++
		}
	}
	return n
}

// result says a promise with what was used of it.
func result(p Promise) string {
	used := ofHours(p.Used, p.Hours)
	switch p.What {
	case "acknowledge":
		return fmt.Sprintf("somebody was on it after %s; the agreement says %s", used, p.Target)
	case "restore":
		return fmt.Sprintf("customers were fine again after %s; the agreement says %s", used, p.Target)
	default:
		return fmt.Sprintf("the longest time between two updates was %s; the agreement says %s", used, p.Target)
	}
}

func (f *facts) wentWell(d Document) Section {
	s := Section{ID: "went_well", Title: "What went well", Source: People}
	add := func(fact string) { s.Lines = append(s.Lines, "From the timeline: "+fact+".") }
	said := Span(-1)
	for _, p := range d.Promises {
		if p.State == Met && f.hurt() {
			add(result(p))
			if p.What == "acknowledge" {
				said = p.Used
			}
		}
	}
	for _, p := range d.Pages {
		if !p.Answered.IsZero() {
			if p.Delay == said {
				break // that somebody was on it then is said already
			}
			add("the notification to " + p.To + " was answered after " + p.Delay.String())
			break
		}
	}
	s.Questions = []Question{{ID: "went_better", Text: "What went better than last time?"}, {ID: "helped", Text: "What helped, and can be kept?"}}
	return s
}

func (f *facts) wentHard(d Document) Section {
	s := Section{ID: "went_badly", Title: "What made it hard", Source: People}
	add := func(fact string) { s.Lines = append(s.Lines, "From the timeline: "+fact+".") }
	for _, p := range d.Promises {
		if p.State == Missed && f.hurt() {
			add(result(p))
		}
	}
	unanswered := 0
	for _, p := range d.Pages {
		if p.Answered.IsZero() {
			unanswered++
		}
	}
	if unanswered > 0 {
		add(fmt.Sprintf("%d of %s had no answer", unanswered, incident.Count(len(d.Pages), "notification", "notifications")))
	}
	if n := f.i.Reroutes; n > 0 {
		add("it was moved to another service " + times(n))
	}
	s.Questions = []Question{{ID: "harder", Text: "What was harder than it needed to be?"}}
	return s
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}

func lucky() Section {
	return Section{ID: "lucky", Title: "Where we were lucky", Source: People,
		Questions: []Question{{ID: "lucky", Text: "Where were we lucky?", Hint: "what kept it from being worse belongs here"}}}
}

// nowAndLater is the hand-over of the mitigation: what was changed, how it is undone, and
// what replaces it.
func (f *facts) nowAndLater() Section {
	s := Section{ID: "now_later", Title: "Now and later", Source: Both}
	r := f.i.ReliefOf(f.events)
	at := f.list()
	for _, n := range r.Changed {
		switch n.Kind {
		case incident.KindMitigating, incident.KindMitigated, incident.KindHowCorrected:
			x := item(f.said[n.Seq], at)
			if n.Kind == incident.KindMitigated && n.Text == "" {
				x.Text += f.before(n.Seq)
			}
			s.List = append(s.List, x)
		}
	}
	for _, undo := range r.Undo {
		s.Lines = append(s.Lines, "To undo it: "+f.cast.clean(undo))
	}
	for _, u := range f.i.FollowUps {
		if u.Kind == incident.PermanentFix {
			line := f.fixWords(u, ": "+f.cast.clean(u.Title))
			if u.Outcome != "" {
				line += " " + f.cast.clean(u.Outcome)
			}
			s.Lines = append(s.Lines, line)
		}
	}
	if len(r.Temporary) == 0 {
		if len(s.List) > 0 && len(s.Lines) > 0 && f.i.How != incident.Fix {
			s.Lines = append(s.Lines, "This is what helped until then:")
		}
		return s
	}
	if len(s.List) > 0 {
		s.Lines = append(s.Lines, "Until then this stays in place, and is temporary:")
	}
	s.Questions = []Question{{ID: "enough", Text: "Is that enough until the permanent fix is done?"}}
	if len(r.Undo) == 0 {
		s.Questions = append([]Question{{ID: "undo", Text: "What is temporary now, and how is it undone?"}}, s.Questions...)
	}
	return s
}

// before is what was noted or decided last before a mitigation, and after the one before it,
// as a line of its own: where nobody said with it what was changed, that is what the record
// has. Empty: nothing was.
func (f *facts) before(seq int) string {
	said := ""
	for _, n := range incident.Shown(f.entries) {
		switch {
		case n.Seq >= seq:
			return said
		case n.Kind == incident.KindMitigated:
			said = ""
		case n.Kind == incident.KindNote && n.By.Human() && n.Note == incident.Decision:
			said = "\nDecided before: " + f.said[n.Seq].Text
		case n.Kind == incident.KindNote && n.By.Human() && n.Note == "":
			said = "\nNoted before: " + f.said[n.Seq].Text
		}
	}
	return said
}

func (f *facts) followUps() Section {
	s := Section{ID: "action_items", Title: "Follow-ups", Source: Both}
	if len(f.i.FollowUps) > 0 {
		s.Table = &Table{Head: []string{"Name", "Kind", "What", "Team", "Due", "State"}}
	}
	for _, u := range f.i.FollowUps {
		due := "no date"
		if !u.Due.IsZero() {
			due = f.clock.date(u.Due)
		}
		s.Table.Rows = append(s.Table.Rows, []string{
			plain(u.ID), plain(u.KindWords()), f.cast.clean(u.Title), f.ownerOf(u), due, f.followUpState(u),
		})
	}
	for _, e := range incident.Readable(f.events) {
		if e.Kind == incident.KindNoFollowUps && len(f.i.FollowUps) == 0 {
			s.Lines = append(s.Lines, "None is needed: "+f.cast.clean(e.Text))
		}
	}
	s.Questions = []Question{{ID: "accept", Text: "What do we accept as it is, and for which reason?"}}
	return s
}

// ownerOf is who does a follow-up: the team, or a person by what they were.
func (f *facts) ownerOf(u incident.FollowUp) string {
	switch {
	case u.Owner != "":
		return f.cast.label(u.Owner)
	case u.Team != "":
		return f.team(u.Team)
	default:
		return "no team"
	}
}

func (f *facts) followUpState(u incident.FollowUp) string {
	s := u.StateWords()
	if u.Overdue(f.i.Updated) {
		s = "overdue"
	}
	if !u.Ended.IsZero() {
		s += " on " + f.clock.date(u.Ended)
	}
	if u.Outcome != "" {
		s += ": " + f.cast.clean(u.Outcome)
	}
	return s
}

func lessons() Section {
	return Section{ID: "lessons", Title: "Lessons", Source: People, Questions: []Question{
		{ID: "first_week", Text: "What would help someone in their first week?"},
		{ID: Cue, Text: "What made you look there?", Hint: "for someone experienced: the cue that is in no runbook"},
	}}
}

// The questions whose answers are used besides the document.
const (
	Cue   = "cue"   // what made somebody look at the right place: it is shown when the service has its next incident
	Cause = "cause" // in plain words: without it nothing is published
)

// openWords are the four kinds of notes as what nobody has written.
var openWords = map[incident.NoteKind]string{
	incident.What: "what was seen first", incident.Where: "where it was", incident.HowNote: "how it comes about", incident.When: "when it started",
}

// either lists things of which none is there.
func either(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " or " + list[n-1]
	}
	return strings.Join(list, "")
}

// openQuestions lists which of the four kinds of notes nobody has written.
func (f *facts) openQuestions() Section {
	s := Section{ID: "open", Title: "Open questions", Source: People}
	var open []string
	for _, q := range incident.Open(f.entries) {
		switch {
		case f.answered("note_"+string(q.Kind)) || !f.writable():
		case q.Kind == incident.When && !f.began().IsZero():
			open = append(open, "what else happened when it began")
		default:
			open = append(open, openWords[q.Kind])
		}
	}
	if len(open) > 0 {
		s.Lines = []string{"Nobody has written yet " + either(open) + "."}
	}
	s.Questions = []Question{{ID: "open", Text: "What is still not understood?"}}
	return s
}

// cause is what those with an interest read, and who was told when.
func (f *facts) cause(d Document) Section {
	s := Section{ID: "cause", Title: "Cause in plain words", Source: Both, Questions: []Question{
		{ID: Cause, Text: "What came together, in up to three sentences that a customer understands?"},
	}}
	at := f.list()
	for _, e := range f.events {
		if e.Kind != incident.KindSent {
			continue
		}
		text := f.told(e) + fmt.Sprintf(", version %d", e.Count)
		if e.Text != "" {
			text = "could not be sent to " + text
		}
		s.List = append(s.List, Item{Lead: at(e.At), Text: text})
	}
	switch {
	case len(s.List) > 0 || d.Whole != "":
	case f.i.Private || f.i.Test:
		s.Lines = []string{"It is sent to nobody: it is for the people involved."}
	case f.i.Outcome != "":
		s.Lines = []string{"It is sent to nobody: no customer was affected."}
	case f.i.Waived != "":
		s.Lines = []string{"It is sent to nobody: no post-mortem is written."}
	case len(f.ctx.Told) > 0:
		s.Lines = []string{"It is sent to " + incident.FirstOf(f.ctx.Told, 12) + whenPublished}
	default:
		s.Lines = []string{"The service names nobody who is to be told" + whenPublished}
	}
	return s
}

// whenPublished ends what a draft says about whoever is told. A published document is read
// afterwards.
const whenPublished = " when it is published."

func published(lines []string) []string {
	lines = slices.Clone(lines)
	for n, l := range lines {
		if before, ok := strings.CutSuffix(l, whenPublished); ok {
			lines[n] = strings.Replace(before, "It is sent to", "This version goes to", 1) + "."
		}
	}
	return lines
}

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
