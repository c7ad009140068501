package postmortem

import (
	"encoding/json"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// View returns the document as other programs read it.
func (d Document) View() View {
	return View{
		Format: 1, Name: d.Name, Title: Text(d.Title), Status: string(d.Status), State: Text(d.State.Words()), Version: d.Version, Reason: Text(d.Reason),
		Published: Instant{d.Sealed}, Severity: severity(d.Severity), Highest: severity(d.Highest), Symptom: Text(d.Symptom), Function: Text(d.Function),
		Service: Text(d.Service), Owner: Text(d.Owner), Outcome: Text(d.Outcome), PartOf: Text(d.Whole), Private: d.Private, Drill: d.Test, Public: d.Public,
		Due:       DueView{d.Due.Required, Text(d.Due.Because), Instant{d.Due.Draft}, Instant{d.Due.Publish}},
		FirstSeen: Text(d.SeenBy), Hit: Text(d.Hit), Replaced: d.Replaced,
		Impact: each(d.Impact, impactView), Hurting: d.hurting(),
		Measures: each(d.Measures, func(m Measure) MeasureView {
			return MeasureView{Text(m.Name), moment(m.From), moment(m.To), lengthOf(m.Took, m.Missing == ""), Text(m.Missing)}
		}),
		Promises: each(d.Promises, func(p Promise) PromiseView {
			return PromiseView{Text(p.What), lengthOf(p.Target, true), lengthOf(p.Used, true), string(p.State)}
		}),
		Gaps: each(d.Gaps, func(g Gap) GapView {
			return GapView{Instant{g.From}, Instant{g.To}, lengthOf(g.Took, true), lengthOf(g.Limit, g.Limit > 0), g.Met}
		}),
		Roles: each(d.Roles, func(r RoleLine) RoleView {
			return RoleView{Text(r.Role), Text(r.Label), Instant{r.From}, Instant{r.Until}}
		}),
		Pages: each(d.Pages, func(p Page) PageView {
			return PageView{Text(p.To), Text(p.Via), Instant{p.Sent}, Instant{p.Answered}, lengthOf(p.Delay, !p.Answered.IsZero()), Text(p.Band), p.Lost, Text(p.Reason)}
		}),
		Changes: each(d.Changes, func(c Change) ChangeView { return ChangeView{Instant{c.At}, string(c.Status), severity(c.Severity)} }),
		Timeline: each(d.Timeline, func(e Entry) EntryView {
			return EntryView{e.Seq, Instant{e.At}, Text(e.Who), string(e.Kind), Text(e.What), Text(e.Text)}
		}),
		Sections: each(d.Sections, sectionView),
	}
}

// JSON returns the document as other programs read it, see [View].
func (d Document) JSON() []byte {
	out, err := json.MarshalIndent(d.View(), "", "  ")
	if err != nil {
		panic("postmortem: a view that is no JSON: " + err.Error()) // of texts and numbers: it cannot fail
	}
	return append(out, '\n')
}

func sectionView(s Section) SectionView {
	v := SectionView{
		ID: Text(s.ID), Title: Text(s.Title), Source: Text(s.Source), Lines: texts(s.Lines),
		List: each(s.List, func(i Item) ItemView { return ItemView{Text(i.Lead), Text(i.Text)} }),
		Questions: each(s.Questions, func(q Question) QuestionView {
			return QuestionView{q.ID, Text(q.Text), Text(q.Hint), q.Asked,
				each(q.Answers, func(a Answer) AnswerView { return AnswerView{Text(a.Who), Text(a.Text), Instant{a.At}} })}
		}),
	}
	if s.Table != nil {
		v.Table = &TableView{texts(s.Table.Head), each(s.Table.Rows, texts)}
	}
	return v
}

func moment(m Moment) MomentView { return MomentView{Text(m.What), Instant{m.At}, m.Seq} }

func impactView(v incident.Interval) ImpactView {
	return ImpactView{Instant{v.Start}, Instant{v.End}, lengthOf(Span(v.End.Sub(v.Start)), !v.End.IsZero())}
}

// severity is a severity, or nothing where there is none yet.
func severity(s string) Text {
	for sev := incident.Sev1; sev <= incident.Sev4; sev++ {
		if s == sev.String() {
			return Text(s)
		}
	}
	return ""
}

// hurting is the impact in all, until the last entry where it lasts.
func (d Document) hurting() Length {
	var sum time.Duration
	for _, v := range d.Impact {
		if v.End.IsZero() {
			v.End = d.last()
		}
		sum += max(0, v.End.Sub(v.Start))
	}
	return lengthOf(Span(sum), len(d.Impact) > 0)
}

// last is the time of the last entry.
func (d Document) last() time.Time {
	var at time.Time
	for _, e := range d.Timeline {
		if e.At.After(at) {
			at = e.At
		}
	}
	return at
}

func texts(list []string) []Text { return each(list, func(s string) Text { return Text(s) }) }

// each returns f of every value; of none an empty list, which JSON does not show as null.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}
