package postmortem

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/pattern"
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
		what := "Customers saw"
		if f.i.Status == incident.Cancelled {
			what = "Reported as" // no customer saw anything
		}
		rows = append(rows, []string{what, sees})
	}
	if kept := keptWords(d); kept != "" && f.hurt() {
		rows = append(rows, []string{"Promise", kept})
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
	if names := f.named(d); names != "" {
		rows = append(rows, []string{"Also named", names})
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

// namesIncident is the name of an incident, and not of a follow-up.
var namesIncident = pattern.New(`\bINC-([1-9][0-9]{0,8})\b(?:[^-\w]|-[^F]|$)`)

// named are the incidents that the notes name, and that no other line of
// the head has; empty: there are none.
func (f *facts) named(d Document) string {
	var list []int
	for _, e := range d.Timeline {
		if e.Kind != incident.KindNote {
			continue
		}
		for _, m := range namesIncident.FindAllStringSubmatch(e.Text, -1) {
			n, err := strconv.Atoi(m[1])
			like := slices.ContainsFunc(f.ctx.Alike, func(p Precedent) bool { return p.Name == incident.Name(n) })
			if err == nil && n != f.i.Number && n != f.i.MergedInto && !like && !slices.Contains(f.i.Related, n) {
				list = append(list, n)
			}
		}
	}
	slices.Sort(list)
	return incident.Incident{Related: slices.Compact(list)}.RelatedNames()
}

// keptWords say in a line what became of the promises; empty: none was due.
func keptWords(d Document) string {
	var missed []string
	kept := 0
	for _, p := range d.Promises {
		switch p.State {
		case Met:
			kept++
		case Missed:
			missed = append(missed, or(promiseWords[p.What], p.What)+" after "+p.Used.String()+", agreed was "+p.Target.String())
		}
	}
	switch {
	case len(missed) > 0:
		return "missed: " + strings.Join(missed, "; ")
	case kept == len(d.Promises) && kept > 0:
		return "kept"
	default:
		return ""
	}
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
		return fmt.Sprintf("version %d is published; this is how it stands now", d.Version)
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
		return "the function “" + function + "” " + had(s)
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
		return "required (" + d.Because + "); draft due on " + f.clock.date(d.Draft) + ", to be published by " + f.clock.date(d.Publish)
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
	case d.Outcome == incident.NearMiss:
		return "On " + f.clock.date(f.i.Declared) + " there was a near miss with " + what(d) + " (“" + d.Title + "”): no customer was affected."
	case d.Outcome != "":
		return "On " + f.clock.date(f.i.Declared) + " it looked as if " + f.subject(d) + ". It was a " + d.Outcome.Words() + ": no customer was affected."
	case f.i.Status == incident.Cancelled:
		return "On " + f.clock.date(f.i.Declared) + " it looked as if " + f.subject(d) + ". It was no incident."
	case f.i.ImpactNone():
		return s + ". Nobody was affected."
	case f.i.Status.Hurting():
		return s + ". Customers have been affected for " + Span(f.hurting()).String() + " so far."
	}
	s += " for " + Span(f.hurting()).String()
	if n := len(d.Impact); n > 1 {
		s += fmt.Sprintf(", in %d stretches", n)
	}
	s += "."
	if f.i.How != "" {
		s += " It was mitigated " + howWords(f.i.How, f.i.HowAssumed) + "."
	}
	for _, u := range f.i.FollowUps {
		if u.Kind == incident.PermanentFix {
			s += " " + f.fixWords(u, "")
		}
	}
	return s
}

// what names what it was about.
func what(d Document) string {
	what := or(d.Service, "a service that nobody named")
	if d.Function != "" {
		what = "the function “" + d.Function + "” of " + what
	}
	return what
}

// subject says what had which symptom, as the beginning of a sentence.
func (f *facts) subject(d Document) string {
	what := what(d)
	if d.Symptom == "" {
		return what + " had trouble (“" + d.Title + "”)"
	}
	return what + " " + had(d.Symptom)
}

// had says a symptom after what had it.
func had(s incident.Symptom) string {
	switch s {
	case incident.Slow, incident.Unavailable, incident.Partial:
		return "was " + s.Word()
	case incident.Erroring:
		return "gave errors"
	case incident.WrongData:
		return "had wrong data"
	case incident.Security:
		return "was not secure"
	default:
		return "had trouble"
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

// fixWords say how a permanent fix stands; what it is stands after its name, where that is said.
func (f *facts) fixWords(u incident.FollowUp, what string) string {
	name := "The permanent fix (" + plain(u.ID) + what + ")"
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
