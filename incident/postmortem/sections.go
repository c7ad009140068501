package postmortem

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// sections lays the facts out in reading order. The IDs are those that the
// blameless reader knows, where it treats a section apart.
func (f *facts) sections(d Document) []Section {
	return []Section{
		f.head(d),
		f.summary(d),
		f.impact(d),
		f.promise(d),
		f.times(d),
		f.people(d),
		f.log(d),
		f.fourNotes(),
		f.decisions(),
		f.paging(d),
		f.factors(d),
		f.wentWell(d),
		f.wentHard(d),
		lucky(),
		f.nowAndLater(),
		f.followUps(),
		lessons(),
		f.openQuestions(),
		f.cause(d),
	}
}

func (f *facts) head(d Document) Section {
	severity := d.Severity
	if d.Highest != d.Severity {
		severity += ", at its worst " + d.Highest
	}
	rows := [][]string{
		{"Post-mortem", f.stateWords(d)},
		{"Incident", f.statusWords(d)},
		{"Severity", severity},
	}
	if sees := seen(d.Symptom, d.Function); sees != "" {
		rows = append(rows, []string{"Customers saw", sees})
	}
	rows = append(rows,
		[]string{"Service", or(d.Service, "nobody said")},
		[]string{"Owner", or(d.Owner, "no owner is set")},
		[]string{"Declared", f.clock.full(f.i.Declared)},
		[]string{"Review", f.review(d.Due)},
		[]string{"Written by", f.writer()})
	if d.Private {
		rows = append(rows, []string{"Readers", "private: only for the people involved"})
	}
	if d.Test {
		rows = append(rows, []string{"Kind", "a drill; not counted in figures"})
	}
	if names := f.i.RelatedNames(); names != "" {
		rows = append(rows, []string{"Related", names})
	}
	for n, p := range f.ctx.Alike {
		what := "Like it"
		if n > 0 {
			what = "and"
		}
		rows = append(rows, []string{what, f.precedent(p)})
	}
	return Section{ID: "head", Title: "Head", Source: Record, Table: &Table{Head: []string{"What", "Value"}, Rows: rows}}
}

// precedent says what was like it, and what helped then.
func (f *facts) precedent(p Precedent) string {
	s := plain(p.Name) + ", " + f.cast.clean(p.Title)
	if p.How != "" {
		s += "; it was mitigated " + howWords(p.How, false)
	}
	if text := f.cast.clean(p.Text); text != "" {
		s += ": " + text
	}
	return s
}

// stateWords say how far the document has come.
func (f *facts) stateWords(d Document) string {
	switch d.State {
	case incident.PostmortemPublished:
		return fmt.Sprintf("version %d is published; this is how it stands since", d.Version)
	case incident.PostmortemWaived:
		return "waived: " + f.cast.clean(f.i.Waived)
	case incident.PostmortemNone:
		if d.Whole != "" {
			return "that of " + d.Whole
		}
		return "none yet"
	default:
		return d.State.Words()
	}
}

func (f *facts) statusWords(d Document) string {
	switch {
	case d.Outcome != "":
		return d.Outcome.Words()
	case d.Whole != "":
		return "part of " + d.Whole
	case d.Status == incident.Cancelled:
		return "cancelled: it was no incident"
	default:
		return string(d.Status)
	}
}

// seen says what customers saw: the symptom, and the function that had it.
func seen(s incident.Symptom, function string) string {
	switch {
	case s == "":
		return function
	case function == "":
		return s.Word()
	default:
		return function + ": " + s.Word()
	}
}

func (f *facts) writer() string {
	switch {
	case f.i.Waived != "" || f.i.Status == incident.Merged:
		return "nobody"
	case f.i.Reviewer == "":
		return "nobody yet"
	default:
		return f.cast.label(f.i.Reviewer)
	}
}

func (f *facts) review(d Due) string {
	switch {
	case !d.Required:
		return "not required (" + d.Because + ")"
	case d.Draft.IsZero():
		return "required (" + d.Because + "); the dates are set when customers are fine"
	default:
		return "required (" + d.Because + "); draft by " + f.clock.date(d.Draft) + ", published by " + f.clock.date(d.Publish)
	}
}

func (f *facts) summary(d Document) Section {
	s := Section{ID: "summary", Title: "Summary", Source: Both}
	s.Lines = append(s.Lines, f.skeleton(d))
	s.Questions = []Question{{ID: "summary", Text: "Which three sentences say it best: what customers could not do, how it ended, what happens next?"}}
	return s
}

// skeleton says in one paragraph what the record alone allows to say.
func (f *facts) skeleton(d Document) string {
	if f.i.Declared.IsZero() {
		return "The timeline has no declaration."
	}
	s := "On " + f.clock.date(f.i.Declared) + ", " + f.subject(d)
	switch {
	case d.Whole != "":
		return s + ". It is part of " + d.Whole + ", whose post-mortem tells of both."
	case d.Outcome != "":
		return s + ". It was a " + d.Outcome.Words() + ": no customer was affected."
	case f.i.Status == incident.Cancelled:
		return s + ". It was no incident."
	case f.i.ImpactNone():
		return s + ". Nobody was affected."
	case f.i.Status.Hurting():
		return s + ". Customers have been affected for " + Span(f.hurting()).String() + " so far."
	}
	s += " for " + Span(f.hurting()).String() + "."
	if f.i.How != "" {
		s += " It was mitigated " + howWords(f.i.How, f.i.HowAssumed) + "."
	}
	for _, u := range f.i.FollowUps {
		if u.Kind == incident.PermanentFix {
			s += " " + f.fixWords(u)
		}
	}
	return s
}

// subject says what had which symptom, as the beginning of a sentence.
func (f *facts) subject(d Document) string {
	what := or(d.Service, "a service that nobody named")
	if d.Function != "" {
		what = "the function “" + d.Function + "” of " + what
	}
	switch d.Symptom {
	case incident.Slow, incident.Unavailable, incident.Partial:
		return what + " was " + d.Symptom.Word()
	case incident.Erroring:
		return what + " gave errors"
	case incident.WrongData:
		return what + " had wrong data"
	case incident.Security:
		return what + " was not secure"
	default:
		return what + " had trouble (“" + d.Title + "”)"
	}
}

// howWords say how it was mitigated, after "mitigated".
func howWords(h incident.How, assumed bool) string {
	words := map[incident.How]string{
		incident.Workaround: "by a workaround", incident.Rollback: "by rolling back", incident.Restart: "by a restart",
		incident.Failover: "by failing over", incident.Flag: "by a feature flag", incident.Fix: "by a permanent fix",
	}
	s := or(words[h], "in another way")
	if assumed {
		s += ", as far as anybody has said"
	}
	return s
}

// fixWords say how a permanent fix stands.
func (f *facts) fixWords(u incident.FollowUp) string {
	name := "The permanent fix (" + plain(u.ID) + ")"
	switch {
	case u.State == incident.Done:
		return name + " was done on " + f.clock.date(u.Ended) + "."
	case u.State == incident.Dropped:
		return name + " was decided against."
	case u.Due.IsZero():
		return name + " has no date yet."
	default:
		return name + " is due on " + f.clock.date(u.Due) + "."
	}
}

// hurting is the impact until the last event: the record knows nothing later.
func (f *facts) hurting() time.Duration { return f.i.Hurting(f.i.Updated) }

// hurt reports whether minutes of impact are counted here at all: of what was no incident
// there are none, and those of a part are counted with the whole.
func (f *facts) hurt() bool {
	return f.i.Status != incident.Cancelled && f.i.Status != incident.Merged && !f.i.ImpactNone()
}

func (f *facts) impact(d Document) Section {
	s := Section{ID: "impact", Title: "Impact", Source: Both}
	add := func(line string) { s.Lines = append(s.Lines, line) }
	switch {
	case d.Whole != "":
		add("It is counted with " + d.Whole + ".")
	case d.Outcome != "":
		add("None: it was a " + d.Outcome.Words() + ".")
	case f.i.Status == incident.Cancelled:
		add("None: it was no incident.")
	case f.i.ImpactNone():
		add("Nobody was affected.")
	}
	if by := d.SeenBy.Words(); by != "" {
		add("First seen by " + by + ".")
	}
	if !f.hurt() {
		return s
	}
	if sees := seen(d.Symptom, d.Function); sees != "" {
		add("What customers saw: " + sees + ".")
	}
	if d.Hit != "" {
		add("Affected: " + d.Hit + ".")
	}
	s.Table = f.intervals(d)
	if len(d.Impact) > 1 {
		add("Together: " + Span(f.hurting()).String() + ".")
	}
	if d.Measures[0].Missing != "" {
		add("It is counted from the declaration: nobody has said whether it began earlier.")
	}
	text := "How many customers or orders were affected, and where does the number come from?"
	if len(f.i.Hit.Who) == 0 {
		text = "Which customers could not do what? How many, and where does the number come from?"
	}
	if len(f.i.Hit.Who) == 0 || f.i.Hit.Count == 0 {
		s.Questions = append(s.Questions, Question{ID: "impact", Text: text})
	}
	return s
}

// intervals are the stretches of impact as a table.
func (f *facts) intervals(d Document) *Table {
	t := &Table{Head: []string{"From", "Until", "Length"}}
	for _, v := range d.Impact {
		end, until := v.End, f.clock.full(v.End)
		if end.IsZero() {
			end, until = f.i.Updated, "still lasting"
		}
		t.Rows = append(t.Rows, []string{f.clock.full(v.Start), until, Span(end.Sub(v.Start)).String()})
	}
	return t
}

// promiseWords are the promises as people read them.
var promiseWords = map[string]string{"acknowledge": "somebody is on it", "restore": "customers are fine again", "update": "the next update"}

func (f *facts) promise(d Document) Section {
	s := Section{ID: "promise", Title: "Promise", Source: Record}
	a := f.ctx.Agreement
	if a == nil {
		s.Lines = []string{"No agreement is set for this service."}
		return s
	}
	if words := plain(a.Words); words != "" {
		s.Lines = append(s.Lines, words)
	}
	if a.Hours != "" {
		s.Lines = append(s.Lines, "Its clocks run "+plain(a.Hours)+".")
	} else {
		s.Lines = append(s.Lines, "Its clocks run around the clock.")
	}
	if !f.hurt() {
		s.Lines = append(s.Lines, "No promise counts: nobody was affected.")
		if d.Whole != "" {
			s.Lines[len(s.Lines)-1] = "Its promises count with " + d.Whole + "."
		}
		return s
	}
	s.Table = &Table{Head: []string{"Promise", "Target", "Used", "Result"}}
	for _, p := range d.Promises {
		s.Table.Rows = append(s.Table.Rows, []string{or(promiseWords[p.What], p.What), p.Target.String(), p.Used.String(), string(p.State)})
	}
	at := f.clock.list(f.i.Declared)
	for _, g := range d.Gaps {
		s.List = append(s.List, Item{Lead: at(g.From) + " to " + at(g.To), Text: gapWords(g)})
	}
	s.Lines = append(s.Lines, f.accepted()...)
	return s
}

// gapWords say how long nothing was heard, and whether that was in time.
func gapWords(g Gap) string {
	switch {
	case g.Limit == 0:
		return g.Took.String() + " until the next word; no step is agreed"
	case g.Met:
		return g.Took.String() + " until the next word, within the " + g.Limit.String() + " agreed"
	default:
		return g.Took.String() + " until the next word; " + g.Limit.String() + " were agreed"
	}
}

// accepted says for which reason a missed promise is accepted, where somebody has.
func (f *facts) accepted() []string {
	var lines []string
	for _, e := range incident.Readable(f.events) {
		if e.Kind == incident.KindMissAccepted && e.Text != "" {
			lines = append(lines, "That a promise was missed is accepted: "+f.cast.clean(e.Text))
		}
	}
	return lines
}

func (f *facts) times(d Document) Section {
	s := Section{ID: "times", Title: "Times and changes", Source: Record}
	s.Table = &Table{Head: []string{"Time", "From", "To", "Took"}}
	for _, m := range d.Measures {
		took := m.Took.String()
		if m.Missing != "" {
			took = m.Missing
		}
		s.Table.Rows = append(s.Table.Rows, []string{m.Name, f.moment(m.From), f.moment(m.To), took})
	}
	at := f.clock.list(f.i.Declared)
	for _, e := range d.Timeline {
		if change(e.Kind) {
			s.List = append(s.List, item(e, at))
		}
	}
	return s
}

func (f *facts) moment(m Moment) string {
	switch {
	case m.At.IsZero():
		return "open"
	case m.Seq == 0:
		return m.What + ", " + f.clock.full(m.At)
	default:
		return fmt.Sprintf("%s, %s (event %d)", m.What, f.clock.full(m.At), m.Seq)
	}
}

// change reports whether a kind changes the status or the severity.
func change(k incident.Kind) bool {
	switch k {
	case incident.KindDeclared, incident.KindAcknowledged, incident.KindInvestigate, incident.KindMitigating,
		incident.KindMitigated, incident.KindResolved, incident.KindClosed, incident.KindReopened,
		incident.KindCancelled, incident.KindMerged, incident.KindSeverity, incident.KindHowCorrected:
		return true
	default:
		return false
	}
}

// item shows a timeline entry as a line of a list whose times are shown by at.
func item(e Entry, at func(time.Time) string) Item {
	text := e.Who + ": " + e.What
	if e.Text != "" {
		text += "\n" + e.Text
	}
	return Item{Lead: at(e.At), Text: text}
}

func (f *facts) people(d Document) Section {
	s := Section{ID: "people", Title: "People by role", Source: Record}
	if len(d.Roles) > 0 {
		s.Table = &Table{Head: []string{"Role", "From", "Until"}}
	}
	for _, r := range d.Roles {
		until := "the end"
		if !r.Until.IsZero() {
			until = f.clock.full(r.Until)
		}
		s.Table.Rows = append(s.Table.Rows, []string{r.Label, f.clock.full(r.From), until})
	}
	s.Lines = []string{
		incident.Count(len(f.i.Involved), "person", "people") + " acted or were paged; " + nightWords(woken(d.Pages)),
	}
	s.List = f.offers()
	return s
}

func nightWords(n int) string {
	switch n {
	case 0:
		return "nobody was woken."
	case 1:
		return "one of them was paged at night."
	default:
		return fmt.Sprintf("%d of them were paged at night.", n)
	}
}

// offers say of each offer of a role whether and when it was accepted.
func (f *facts) offers() []Item {
	var list []Item
	at := f.clock.list(f.i.Declared)
	for n, e := range f.events {
		if e.Kind != incident.KindOffered {
			continue
		}
		text := "The role of " + plain(string(e.Role)) + " was offered to " + f.cast.label(e.Person)
		list = append(list, Item{Lead: at(e.At), Text: text + "; " + f.offerEnd(e, f.events[n+1:]) + "."})
	}
	return list
}

// offerEnd says what became of an offer, by what followed.
func (f *facts) offerEnd(offer incident.Event, after []incident.Event) string {
	for _, e := range after {
		if e.Role != offer.Role {
			continue
		}
		took := Span(e.At.Sub(offer.At)).String()
		switch {
		case e.Kind == incident.KindRole && e.Person == offer.Person:
			return "it was accepted after " + took
		case e.Kind == incident.KindOfferEnded && e.Reason == "declined":
			return "it was declined after " + took
		case e.Kind == incident.KindOfferEnded, e.Kind == incident.KindOffered, e.Kind == incident.KindRole:
			return "it ended unanswered after " + took
		}
	}
	return "nobody answered it"
}

// log is the whole timeline. The date stands where a new day begins in UTC.
func (f *facts) log(d Document) Section {
	s := Section{ID: "timeline", Title: "Timeline", Source: Both}
	day := ""
	for _, e := range d.Timeline {
		it := item(e, f.clock.at)
		if today := e.At.UTC().Format(time.DateOnly); today != day {
			day, it.Lead = today, f.clock.full(e.At)
		}
		s.List = append(s.List, it)
	}
	if len(s.List) == 0 {
		s.Lines = []string{"The timeline is empty."}
	}
	if f.cast.replaced > 0 {
		s.Lines = []string{"Names in typed text are replaced by roles, in brackets."}
	}
	s.Questions = []Question{{ID: "graph", Text: "Which graph or link belongs beside which line?"}}
	return s
}

func (f *facts) fourNotes() Section {
	s := Section{ID: "notes", Title: "What, where, how, when", Source: Both}
	at := f.clock.list(f.i.Declared)
	for _, q := range incident.Questions() {
		if e, ok := f.firstNote(q.Kind); ok {
			s.List = append(s.List, Item{Lead: string(q.Kind), Text: at(e.At) + ", " + e.Who + "\n" + e.Text})
			continue
		}
		s.Questions = append(s.Questions, Question{ID: "note_" + string(q.Kind), Text: string(q.Kind) + ": " + q.Ask, Hint: "could know: " + q.Who})
	}
	return s
}

// firstNote returns the first note of a kind.
func (f *facts) firstNote(k incident.NoteKind) (Entry, bool) {
	for _, n := range f.entries {
		if n.Kind == incident.KindNote && n.Note == k {
			return f.said[n.Seq], true
		}
	}
	return Entry{}, false
}

func (f *facts) decisions() Section {
	s := Section{ID: "decisions", Title: "Decisions", Source: Record}
	at := f.clock.list(f.i.Declared)
	options := true
	for _, n := range f.entries {
		if n.Decision == 0 {
			continue
		}
		e := f.said[n.Seq]
		text, named := f.choice(e)
		options = options && named
		for _, o := range n.Objections {
			text += "\nObjection of " + f.said[o.Seq].Who + ": " + f.said[o.Seq].Text
		}
		if after := f.outcome(n.Event); after != "" {
			text += "\nWhat followed: " + after
		}
		s.List = append(s.List, Item{Lead: at(e.At), Text: text})
	}
	if len(s.List) == 0 {
		s.Lines = []string{"No decision was recorded."}
		return s
	}
	s.Questions = []Question{{ID: "decision_screen", Text: "What was on the screen when this was decided?"}}
	if !options {
		s.Questions = append(s.Questions, Question{ID: "decision_options", Text: "Which other options were on the table, and what spoke for them?"})
	}
	return s
}

// outcome says what the record has next after a decision that could have come of it:
// customers were fine again, the trouble came back, or something else was decided first.
func (f *facts) outcome(decision incident.Event) string {
	for _, e := range f.events {
		if e.Seq <= decision.Seq {
			continue
		}
		took := Span(e.At.Sub(decision.At)).String()
		switch {
		case e.Decides():
			return "another decision " + took + " later"
		case e.Kind == incident.KindMitigated, e.Kind == incident.KindResolved && e.How != "":
			return "customers were fine again " + took + " later, " + howWords(e.How, e.Assumed)
		case e.Kind == incident.KindReopened, e.Kind == incident.KindResolved, e.Kind == incident.KindCancelled:
			return ""
		}
	}
	return ""
}

// choice shows a decision in its parts, and reports whether it names its options.
func (f *facts) choice(e Entry) (text string, options bool) {
	c := incident.ParseChoice(e.Text)
	if len(c.Options) == 0 && c.Reason == "" && c.PlanB == "" {
		return e.Who + "\n" + e.Text, false
	}
	text = e.Who
	add := func(head, part string) {
		if part != "" {
			text += "\n" + head + part
		}
	}
	add("", c.Chosen)
	add("Options: ", strings.Join(c.Options, "; "))
	add("Reason: ", c.Reason)
	add("Plan B: ", c.PlanB)
	return text, len(c.Options) > 0
}

func (f *facts) paging(d Document) Section {
	s := Section{ID: "pages", Title: "Pages", Source: Record}
	if len(d.Pages) == 0 {
		s.Lines = []string{"Nobody was paged."}
		return s
	}
	s.Table = &Table{Head: []string{"To", "By", "Sent", "Answered", "Delay", "Hour there"}}
	for _, p := range d.Pages {
		answered, delay := "no answer", ""
		switch {
		case p.Lost:
			answered = "failed"
		case !p.Answered.IsZero():
			answered, delay = f.clock.list(p.Sent)(p.Answered), p.Delay.String()
		}
		s.Table.Rows = append(s.Table.Rows, []string{p.To, p.Via, f.clock.full(p.Sent), answered, delay, p.Band})
	}
	s.List = f.pageChanges()
	return s
}

// pageChanges are the steps of the escalation, the moves to other services and the pages
// that waited for a morning.
func (f *facts) pageChanges() []Item {
	var list []Item
	at := f.clock.list(f.i.Declared)
	for _, e := range f.events {
		switch {
		case e.Kind == incident.KindStep && e.Step > 1 && e.Person == "":
			list = append(list, Item{Lead: at(e.At), Text: fmt.Sprintf("Nobody had answered: the escalation went on to step %d.", e.Step)})
		case e.Kind == incident.KindService && e.Was != "":
			list = append(list, Item{Lead: at(e.At), Text: "Moved from " + or(f.service(e.Was), "no service") + " to " + or(f.service(e.Service), "no service") + "."})
		case e.Kind == incident.KindExhausted:
			list = append(list, Item{Lead: at(e.At), Text: "Nobody had answered any step of the escalation."})
		}
		for _, sk := range e.Skipped {
			if sk.Person != "" && !sk.Until.IsZero() {
				list = append(list, Item{Lead: at(e.At), Text: "The page to " + f.cast.label(sk.Person) + " waited until " + f.clock.full(sk.Until) + "."})
			}
		}
	}
	return list
}
