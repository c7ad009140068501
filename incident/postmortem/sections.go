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
		f.fourNotes(d),
		f.decisions(d),
		f.paging(d),
		f.factors(d),
		f.wentWell(d),
		f.wentHard(d),
		lucky(),
		f.nowAndLater(),
		f.followUps(),
		lessons(),
		f.openQuestions(d),
		cause(),
	}
}

func (f *facts) head(d Document) Section {
	rows := [][]string{
		{"Status", string(d.Status)},
		{"Severity", d.Severity + " (highest " + d.Highest + ")"},
		{"Service", or(d.Service, "nobody said")},
		{"Owner", or(d.Owner, "no owner is set")},
		{"Declared", f.clock.full(f.i.Declared)},
		{"Review", f.review(d.Due)},
	}
	if d.Private {
		rows = append(rows, []string{"Readers", "private: only for the people involved"})
	}
	if d.Test {
		rows = append(rows, []string{"Kind", "a drill; not counted in figures"})
	}
	return Section{ID: "head", Title: "Head", Source: Record, Table: &Table{Head: []string{"What", "Value"}, Rows: rows}}
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
	s.Asks = []Ask{{Question: "Which three sentences say it best: what customers could not do, how it ended, what happens next?"}}
	return s
}

// skeleton says in one paragraph what the record alone allows to say.
func (f *facts) skeleton(d Document) string {
	if f.i.Declared.IsZero() {
		return "The timeline has no declaration."
	}
	s := fmt.Sprintf("On %s, %s: “%s”.", f.clock.date(f.i.Declared), or(d.Service, "a service that nobody named"), d.Title)
	if hurt := f.hurting(); hurt > 0 {
		s += fmt.Sprintf(" Customers were affected for %s.", Span(hurt))
	}
	switch f.i.Status {
	case incident.Cancelled:
		return s + " It was no incident."
	case incident.Merged:
		return s + " It is part of " + f.i.Whole() + "."
	}
	switch {
	case f.i.Status.Hurting():
		return s + " Customers are still affected."
	case f.i.How != "":
		s += " It was mitigated by " + string(f.i.How) + "."
	}
	if fix, ok := f.permanentFix(); ok {
		s += " The permanent fix is due on " + f.clock.date(fix.Due) + "."
	}
	return s
}

// hurting is the impact until the last event: the record knows nothing later.
func (f *facts) hurting() time.Duration { return f.i.Hurting(f.i.Updated) }

func (f *facts) permanentFix() (incident.FollowUp, bool) {
	for _, u := range f.i.FollowUps {
		if u.Kind == "permanent_fix" && !u.Due.IsZero() {
			return u, true
		}
	}
	return incident.FollowUp{}, false
}

func (f *facts) impact(d Document) Section {
	s := Section{ID: "impact", Title: "Impact", Source: Both}
	if len(d.Impact) > 0 {
		s.Table = &Table{Head: []string{"From", "Until", "Length"}}
	}
	for _, v := range d.Impact {
		end, until := v.End, f.clock.full(v.End)
		if end.IsZero() {
			end, until = f.i.Updated, "still lasting"
		}
		s.Table.Rows = append(s.Table.Rows, []string{f.clock.full(v.Start), until, Span(end.Sub(v.Start)).String()})
	}
	if len(d.Impact) > 1 {
		s.Lines = append(s.Lines, "Together: "+Span(f.hurting()).String()+".")
	}
	s.Lines = append(s.Lines, "First seen by: "+f.seenBy()+".")
	if f.i.ImpactNone() {
		s.Lines = append(s.Lines, "Nobody was hit.")
	}
	if hit := f.i.Hit.Words(); hit != "" {
		s.Lines = append(s.Lines, "Hit: "+f.cast.clean(hit)+".")
	}
	if len(f.i.Hit.Who) == 0 && !f.i.ImpactNone() {
		s.Asks = append(s.Asks, Ask{Question: "Which customers could not do what?", Hint: "end users, customers, partners or staff"})
	}
	if f.i.Hit.Count == 0 && !f.i.ImpactNone() {
		s.Asks = append(s.Asks, Ask{Question: "How many customers or orders were hit, and where does the number come from?"})
	}
	if d.Measures[0].Missing != "" {
		s.Asks = append(s.Asks, Ask{Question: "When did the impact begin?", Hint: "the timeline begins with the declaration"})
	}
	return s
}

func (f *facts) seenBy() string {
	if f.i.Alert != "" {
		return "an alert"
	}
	if f.i.DeclaredBy.Human() {
		return "a person"
	}
	return "not in the timeline"
}

func (f *facts) promise(d Document) Section {
	s := Section{ID: "promise", Title: "Promise", Source: Record}
	if f.ctx.Agreement == nil {
		s.Lines = []string{"No agreement is set for this service."}
		return s
	}
	if words := plain(f.ctx.Agreement.Words); words != "" {
		s.Lines = append(s.Lines, words)
	}
	s.Table = &Table{Head: []string{"Promise", "Target", "Used", "Result"}}
	for _, p := range d.Promises {
		s.Table.Rows = append(s.Table.Rows, []string{p.What, p.Target.String(), p.Used.String(), string(p.State)})
	}
	at := f.clock.list(f.i.Declared)
	for _, g := range d.Gaps {
		text := g.Took.String() + " without an update"
		if g.Limit > 0 {
			text += ", " + g.Limit.String() + " agreed"
		}
		s.List = append(s.List, Item{Lead: at(g.From) + " to " + at(g.To), Text: text})
	}
	return s
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
		incident.KindCancelled, incident.KindMerged, incident.KindSeverity:
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
		count(len(f.i.Involved), "person", "people") + " acted or were paged; " + fmt.Sprint(woken(d.Pages)) + " of them at night.",
	}
	return s
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
	s.Asks = []Ask{{Question: "Which graph or link belongs beside which line?"}}
	return s
}

func (f *facts) fourNotes(d Document) Section {
	s := Section{ID: "notes", Title: "What, where, how, when", Source: Both}
	at := f.clock.list(f.i.Declared)
	for _, q := range incident.Questions() {
		if e, ok := f.firstNote(q.Kind); ok {
			s.List = append(s.List, Item{Lead: string(q.Kind), Text: at(e.At) + ", " + e.Who + "\n" + e.Text})
			continue
		}
		s.Asks = append(s.Asks, Ask{Question: string(q.Kind) + ": " + q.Ask, Hint: "could know: " + q.Who})
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

func (f *facts) decisions(d Document) Section {
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
		s.List = append(s.List, Item{Lead: at(e.At), Text: text})
	}
	if len(s.List) == 0 {
		s.Lines = []string{"No decision was recorded."}
		return s
	}
	s.Asks = []Ask{{Question: "What was on the screen when this was decided?"}}
	if !options {
		s.Asks = append(s.Asks, Ask{Question: "Which other options were on the table, and what spoke for them?"})
	}
	return s
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
	return s
}
