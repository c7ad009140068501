package postmortem

import (
	"time"

	"github.com/stormbell/stormbell/incident"
)

// PromiseState says what became of a promise.
type PromiseState string

// The states of a promise.
const (
	Met    PromiseState = "met"
	Missed PromiseState = "missed"
	Open   PromiseState = "open" // its end is not in the record yet, nor is it overdue
)

// Promise is one target of the agreement and what was used of it.
type Promise struct {
	What   string       `json:"what"` // acknowledge, restore or update
	Target Span         `json:"target"`
	Used   Span         `json:"used"`
	State  PromiseState `json:"state"`
	// Hours says that Target and Used are of the hours in which the agreement's clocks run.
	Hours bool `json:"hours,omitempty"`
}

// Gap is a stretch without an update while customers were affected. Limit is
// zero where no step was promised.
type Gap struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Took  Span      `json:"took"`
	Limit Span      `json:"limit,omitempty"`
	Met   bool      `json:"met"`
	Hours bool      `json:"hours,omitempty"` // as in [Promise]
}

// deadline is a promise that is running: how much of it is used, in counted
// time, and at how much it is broken.
type deadline struct {
	counted func(from, to time.Time) time.Duration
	target  func(incident.Severity) time.Duration
	sev     incident.Severity
	spent   time.Duration // in the stretches that are over
	since   time.Time     // of the stretch that runs; zero: the clock stands
	limit   time.Duration // zero: nothing is promised
}

func (d *deadline) start(at time.Time, sev incident.Severity) {
	if d.sev == 0 {
		d.sev, d.limit = sev, d.target(sev)
	}
	if d.since.IsZero() {
		d.severity(at, sev) // it may have changed while the clock stood
		d.since = at
	}
}

func (d *deadline) stop(at time.Time) {
	d.spent, d.since = d.used(at), time.Time{}
}

func (d *deadline) used(at time.Time) time.Duration {
	if d.since.IsZero() {
		return d.spent
	}
	return d.spent + d.counted(d.since, at)
}

// severity moves the limit: on a raise to what the new target leaves from now
// if that is sooner, on a lowering to what it allows from the start if that is
// later. A limit that was passed stays passed.
func (d *deadline) severity(at time.Time, sev incident.Severity) {
	if d.sev == 0 || d.sev == sev {
		return
	}
	old, used := d.sev, d.used(at)
	d.sev = sev
	target := d.target(sev)
	switch {
	case target == 0 || d.limit > 0 && used > d.limit:
	case d.limit == 0:
		d.limit = used + target
	case sev < old:
		d.limit = min(d.limit, used+target)
	default:
		d.limit = max(d.limit, target)
	}
}

// promises walks the timeline once and settles what the agreement promised.
func (f *facts) promises() ([]Promise, []Gap) {
	a := f.ctx.Agreement
	if a == nil {
		a = &Agreement{}
	}
	w := newWalk(a)
	for _, e := range f.events {
		w.event(e)
	}
	gaps := w.gaps
	var promises []Promise
	asOf := f.i.Updated
	if d := w.ack; d.limit > 0 {
		promises = append(promises, settle("acknowledge", d, asOf, w.acked))
	}
	if d := w.restore; d.limit > 0 {
		promises = append(promises, settle("restore", d, asOf, d.since.IsZero()))
	}
	promises = append(promises, updates(gaps)...)
	for n := range promises {
		promises[n].Hours = a.Hours != ""
	}
	for n := range gaps {
		gaps[n].Hours = a.Hours != ""
	}
	return promises, gaps
}

// ofHours says a length as what it is a length of.
func ofHours(s Span, hours bool) string {
	if hours {
		return s.String() + " of the hours that count"
	}
	return s.String()
}

func settle(what string, d deadline, asOf time.Time, done bool) Promise {
	p := Promise{What: what, Target: Span(d.limit), Used: Span(d.used(asOf)), State: Open}
	switch {
	case time.Duration(p.Used) > d.limit:
		p.State = Missed
	case done:
		p.State = Met
	}
	return p
}

// updates is the promise about the steps between updates: as good as its worst gap.
func updates(gaps []Gap) []Promise {
	worst := -1
	for n, g := range gaps {
		if g.Limit > 0 && (worst < 0 || g.Took-g.Limit > gaps[worst].Took-gaps[worst].Limit) {
			worst = n
		}
	}
	if worst < 0 {
		return nil
	}
	p := Promise{What: "update", Target: gaps[worst].Limit, Used: gaps[worst].Took, State: Met}
	if !gaps[worst].Met {
		p.State = Missed
	}
	return []Promise{p}
}

// walk carries the three clocks of an agreement through a timeline.
type walk struct {
	sev     incident.Severity
	ack     deadline
	restore deadline
	update  deadline // of the gap that runs
	from    time.Time
	acked   bool
	gaps    []Gap
}

func newWalk(a *Agreement) *walk {
	counted := a.Counted
	if counted == nil {
		counted = func(from, to time.Time) time.Duration { return to.Sub(from) }
	}
	clock := func(pick func(Target) time.Duration) deadline {
		return deadline{counted: counted, target: func(s incident.Severity) time.Duration { return pick(a.Targets[s]) }}
	}
	return &walk{
		ack:     clock(func(t Target) time.Duration { return t.Acknowledge }),
		restore: clock(func(t Target) time.Duration { return t.Restore }),
		update:  clock(func(t Target) time.Duration { return t.Update }),
	}
}

func (w *walk) event(e incident.Event) {
	switch e.Kind {
	case incident.KindDeclared:
		w.sev = e.Severity
		w.ack.start(e.At, w.sev)
		w.hurts(e.At)
	case incident.KindReopened, incident.KindInvestigate, incident.KindMitigating:
		w.hurts(e.At)
	case incident.KindAcknowledged:
		if !w.acked && e.By.Human() {
			w.acked = true
			w.ack.stop(e.At)
		}
	case incident.KindMitigated, incident.KindResolved, incident.KindCancelled, incident.KindMerged:
		if e.Kind != incident.KindMitigated && !w.acked {
			w.ack.stop(e.At)
		}
		w.gap(e.At)
		w.from = time.Time{}
		w.restore.stop(e.At)
	case incident.KindNote:
		if e.Note == incident.Update && !w.from.IsZero() {
			w.gap(e.At)
			w.begin(e.At)
		}
	case incident.KindSeverity:
		w.sev = e.Severity
		for _, d := range []*deadline{&w.ack, &w.restore, &w.update} {
			if !d.since.IsZero() { // what was kept or missed stays as it was when it was
				d.severity(e.At, w.sev)
			}
		}
	}
}

// hurts starts the clock of restoring, and that of updates if none runs.
func (w *walk) hurts(at time.Time) {
	w.restore.start(at, w.sev)
	if w.from.IsZero() {
		w.begin(at)
	}
}

func (w *walk) begin(at time.Time) {
	w.from = at
	w.update = deadline{counted: w.update.counted, target: w.update.target}
	w.update.start(at, w.sev)
}

// gap ends the stretch without an update that runs, if one does.
func (w *walk) gap(at time.Time) {
	if w.from.IsZero() {
		return
	}
	g := Gap{From: w.from, To: at, Took: Span(w.update.used(at)), Limit: Span(w.update.limit)}
	g.Met = g.Limit == 0 || g.Took <= g.Limit
	w.gaps = append(w.gaps, g)
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
		s.Lines = append(s.Lines, "It counts "+plain(a.Hours)+".")
	} else {
		s.Lines = append(s.Lines, "It counts day and night, on every day.")
	}
	if !f.hurt() {
		s.Lines = append(s.Lines, "No promise counts: nobody was affected.")
		if d.Whole != "" {
			s.Lines[len(s.Lines)-1] = "What is promised counts with " + d.Whole + "."
		}
		return s
	}
	s.Lines = append(s.Lines, f.counting(d))
	s.Table = &Table{Head: []string{"Promise", "Target", "Used", "Result"}}
	for _, p := range d.Promises {
		s.Table.Rows = append(s.Table.Rows, []string{or(promiseWords[p.What], p.What), p.Target.String(), p.Used.String(), string(p.State)})
	}
	at := f.list()
	for _, g := range d.Gaps {
		s.List = append(s.List, Item{Lead: at(g.From) + " to " + at(g.To), Text: gapWords(g)})
	}
	s.Lines = append(s.Lines, f.accepted()...)
	return s
}

// counting says from when the promises count, and which severity moved what is agreed.
func (f *facts) counting(d Document) string {
	s := "What is promised counts from the declaration on"
	if len(d.Impact) > 1 {
		s += ", without the time in between in which customers were fine"
	}
	s += "."
	at, was := f.list(), incident.Severity(0)
	for _, e := range f.events {
		if e.Kind == incident.KindMitigated || e.Kind == incident.KindResolved {
			break
		}
		if e.Kind == incident.KindDeclared {
			was = e.Severity
		}
		if e.Kind != incident.KindSeverity {
			continue
		}
		s += " At " + at(e.At) + ", after " + f.counted(f.i.Declared, e.At).String() + ", it became " + e.Severity.String()
		switch {
		case e.Severity < was:
			s += ": the targets of " + e.Severity.String() + " count from then on."
		default:
			s += ": the targets of " + e.Severity.String() + " count from the beginning."
		}
		was = e.Severity
	}
	return s
}

// counted is how much of a time counts for the agreement.
func (f *facts) counted(from, to time.Time) Span {
	if a := f.ctx.Agreement; a != nil && a.Counted != nil {
		return Span(a.Counted(from, to))
	}
	return Span(to.Sub(from))
}

// gapWords say how long nothing was heard, and whether that was in time.
func gapWords(g Gap) string {
	took := ofHours(g.Took, g.Hours)
	switch {
	case g.Limit == 0:
		return took + " until the next word; no step is agreed"
	case g.Met:
		return took + " until the next word, within the " + g.Limit.String() + " agreed"
	default:
		return took + " until the next word; the agreement says " + g.Limit.String()
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
