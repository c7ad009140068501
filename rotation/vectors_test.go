package rotation

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
)

// The vectors were reasoned out by hand and agree with two implementations that
// share no code with this one.

type vectorFile struct {
	Cases []vector `json:"cases"`
}

type vector struct {
	ID, Kind, Note string
	Zone, Local    string
	Schedule       vectorSchedule
	From, To       time.Time
	Expect         json.RawMessage
	Queries        []vectorQuery
	Segments       []vectorSegment
	Gaps           []vectorSegment
	ICS            string             `json:"ics"`
	KnownUsers     []string           `json:"known_users"`
	Warnings       []string           `json:"warnings"`
	Holidays       []string           `json:"holidays"`
	Pages          []time.Time        `json:"pages"`
	Shifts         []vectorSegment    `json:"shifts"`
	ExpectMinutes  map[string]int     `json:"expect_minutes"`
	LoadHours      map[string]float64 `json:"load_hours"`
}

type vectorQuery struct {
	At     time.Time
	OnCall []string `json:"on_call"`
	Shadow []string
}

type vectorSegment struct {
	Start, End time.Time
	OnCall     []string `json:"on_call"`
}

type vectorSchedule struct {
	Zone          string
	Layers        []vectorLayer
	Overrides     []vectorOverride
	Swaps         []vectorSwap
	TimeOff       []vectorTimeOff `json:"time_off"`
	TimeOffPolicy string          `json:"time_off_policy"`
	Shadows       []vectorShadow
}

type vectorLayer struct {
	ID, Zone, Start, Unit, Clock string
	Priority, Length             int
	Participants                 []any
	Until                        time.Time
	Windows                      []struct {
		Days     []string
		From, To string
		Span     int
	}
	SkipDates []string `json:"skip_dates"`
	OnlyDates []string `json:"only_dates"`
	Edits     []struct {
		At                   time.Time
		Participants         []any
		Start, Unit, Rollout string
		Length               int
	}
}

type vectorOverride struct {
	Seq            int
	Kind, User, By string
	Users          []string
	Layer          string
	Start, End     time.Time
}

type vectorSwap struct {
	Seq         int
	User, With  string
	Start, End  time.Time
	BackStart   time.Time `json:"back_start"`
	BackEnd     time.Time `json:"back_end"`
	Status      string
	AcceptedAt  time.Time `json:"accepted_at"`
	CancelledAt time.Time `json:"cancelled_at"`
}

type vectorTimeOff struct {
	User       string
	Start, End time.Time
}

type vectorShadow struct {
	User, Of   string
	Start, End time.Time
}

// vectors returns the cases of one kind.
func vectors(t *testing.T, kind string) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/oncall_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file vectorFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	cases := slices.DeleteFunc(file.Cases, func(v vector) bool { return v.Kind != kind })
	if len(cases) == 0 {
		t.Fatalf("no vectors of kind %q", kind)
	}
	return cases
}

func vectorSlots(list []any) []Slot {
	if list == nil {
		return nil
	}
	slots := []Slot{}
	for _, p := range list {
		switch p := p.(type) {
		case nil:
			slots = append(slots, nil)
		case string:
			slots = append(slots, Slot{p})
		case []any:
			var s Slot
			for _, x := range p {
				s = append(s, x.(string))
			}
			slots = append(slots, s)
		}
	}
	return slots
}

var vectorDays = map[string]time.Weekday{"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}

func mustLocal(t *testing.T, s string) Local {
	t.Helper()
	l, err := ParseLocal(s)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func clockMinutes(t *testing.T, s string) int {
	t.Helper()
	return int(mustLocal(t, "1970-01-01T"+s)) / 60
}

func (v vectorLayer) layer(t *testing.T) Layer {
	l := Layer{
		ID: v.ID, Priority: v.Priority, TimeZone: v.Zone, People: vectorSlots(v.Participants),
		Start: mustLocal(t, v.Start), Every: Cadence{Unit(v.Unit + "s"), v.Length}, Clock: Clock(v.Clock),
		Until: v.Until, SkipDates: v.SkipDates, OnlyDates: v.OnlyDates,
	}
	for _, w := range v.Windows {
		x := Window{From: clockMinutes(t, w.From), To: clockMinutes(t, w.To), Span: w.Span}
		for _, d := range w.Days {
			x.Days = append(x.Days, vectorDays[d])
		}
		l.Windows = append(l.Windows, x)
	}
	for _, e := range v.Edits {
		x := Edit{At: e.At, People: vectorSlots(e.Participants), Rollout: Rollout(e.Rollout)}
		if e.Length > 0 {
			x.Start, x.Every = mustLocal(t, e.Start), Cadence{Unit(e.Unit + "s"), e.Length}
		}
		l.Edits = append(l.Edits, x)
	}
	return l
}

func (v vectorSchedule) rotation(t *testing.T) *Rotation {
	t.Helper()
	r := &Rotation{ID: "vector", TimeZone: v.Zone, TimeOffPolicy: TimeOffPolicy(v.TimeOffPolicy)}
	for _, l := range v.Layers {
		r.Layers = append(r.Layers, l.layer(t))
	}
	for _, o := range v.Overrides {
		r.Overrides = append(r.Overrides, Override{
			Seq: o.Seq, Kind: OverrideKind(o.Kind), Person: o.User, By: o.By,
			People: o.Users, Layer: o.Layer, Start: o.Start, End: o.End,
		})
	}
	for _, s := range v.Swaps {
		r.Swaps = append(r.Swaps, Swap{
			Seq: s.Seq, Person: s.User, With: s.With, Start: s.Start, End: s.End, BackStart: s.BackStart,
			BackEnd: s.BackEnd, Status: SwapStatus(s.Status), AcceptedAt: s.AcceptedAt, CancelledAt: s.CancelledAt,
		})
	}
	for _, a := range v.TimeOff {
		r.TimeOff = append(r.TimeOff, TimeOff{a.User, a.Start, a.End})
	}
	for _, s := range v.Shadows {
		of := s.Of
		if of == "*" {
			of = ""
		}
		r.Shadows = append(r.Shadows, Shadow{s.User, of, s.Start, s.End})
	}
	if err := r.build(atlas{}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVectorsResolve(t *testing.T) {
	verdicts := map[Verdict]string{Accept: "normal", Reject: "gap", Ask: "fold"}
	for _, v := range vectors(t, "resolve") {
		t.Run(v.ID, func(t *testing.T) {
			loc, err := time.LoadLocation(v.Zone)
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Status, Entry    string
				Handoff, RFC5545 time.Time
				Occurrences      []time.Time
			}
			if err := json.Unmarshal(v.Expect, &want); err != nil {
				t.Fatal(err)
			}
			l := mustLocal(t, v.Local)
			m := Place(loc, l)
			if got := Instant(loc, l); !got.Equal(want.Handoff) || !m.First.Equal(want.Handoff) {
				t.Errorf("Instant(%s, %s) = %v, Place: %v, want %v", v.Zone, l, got, m.First, want.Handoff)
			}
			if got := shifted(loc, l); !got.Equal(want.RFC5545) {
				t.Errorf("shifted(%s, %s) = %v, want %v", v.Zone, l, got, want.RFC5545)
			}
			if string(m.Verdict) != want.Entry || verdicts[m.Verdict] != want.Status {
				t.Errorf("Place(%s, %s).Verdict = %s, want %s for a %s", v.Zone, l, m.Verdict, want.Entry, want.Status)
			}
			if !slices.EqualFunc(m.Instants, want.Occurrences, time.Time.Equal) {
				t.Errorf("Place(%s, %s).Instants = %v, want %v", v.Zone, l, m.Instants, want.Occurrences)
			}
		})
	}
}

func TestVectorsHandoffs(t *testing.T) {
	for _, v := range vectors(t, "handoffs") {
		t.Run(v.ID, func(t *testing.T) {
			var want []struct {
				vectorSegment
				Slot int64
			}
			if err := json.Unmarshal(v.Expect, &want); err != nil {
				t.Fatal(err)
			}
			r := v.Schedule.rotation(t)
			var turns []Turn
			for _, w := range want {
				turns = append(turns, Turn{Start: w.Start.UTC(), End: w.End.UTC(), Slot: w.Slot, People: w.OnCall})
			}
			got := r.Turns(r.Layers[0].ID, v.From, v.To)
			if diff := cmp.Diff(turns, got); diff != "" {
				t.Errorf("Turns(%s, %s) of %q: -want +got\n%s", v.From, v.To, v.Note, diff)
			}
		})
	}
}

func TestVectorsOnCall(t *testing.T) {
	for _, v := range vectors(t, "oncall") {
		t.Run(v.ID, func(t *testing.T) {
			r := v.Schedule.rotation(t)
			for _, q := range v.Queries {
				at := r.At(q.At)
				if !slices.Equal(at.People, q.OnCall) {
					t.Errorf("At(%s).People = %v, want %v (%s)", q.At, at.People, q.OnCall, v.Note)
				}
				if got := r.People(q.At); !slices.Equal(got, q.OnCall) {
					t.Errorf("People(%s) = %v, want %v (%s)", q.At, got, q.OnCall, v.Note)
				}
				if q.Shadow != nil && !slices.Equal(at.Shadows, q.Shadow) {
					t.Errorf("At(%s).Shadows = %v, want %v (%s)", q.At, at.Shadows, q.Shadow, v.Note)
				}
			}
		})
	}
}

func TestVectorsFinal(t *testing.T) {
	for _, v := range vectors(t, "final") {
		t.Run(v.ID, func(t *testing.T) {
			r := v.Schedule.rotation(t)
			if diff := cmp.Diff(v.Segments, asVector(r.Final(v.From, v.To))); diff != "" {
				t.Errorf("Final(%s, %s): -want +got\n%s", v.From, v.To, diff)
			}
			gaps := asVector(r.Gaps(v.From, v.To))
			for i := range gaps {
				gaps[i].OnCall = nil
			}
			if diff := cmp.Diff(v.Gaps, gaps); diff != "" {
				t.Errorf("Gaps(%s, %s): -want +got\n%s", v.From, v.To, diff)
			}
		})
	}
}

func asVector(list []Segment) []vectorSegment {
	out := []vectorSegment{}
	for _, s := range list {
		out = append(out, vectorSegment{s.Start, s.End, s.People})
	}
	return out
}
