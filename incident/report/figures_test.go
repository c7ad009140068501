package report

import (
	"slices"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestBandsOnTheDaysOfTheClockChange: the repeated hour and the missing one are told by the
// rules of that date, and a page at night on a weekend is both.
func TestBandsOnTheDaysOfTheClockChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d := rotation.Desk{Zone: berlin, Holidays: []string{"2026-10-05"}}
	for _, c := range []struct {
		at, local, band, week string
		night, weekend        bool
	}{
		{"2026-10-25T00:50:00Z", "02:50", BandNight, "2026-W43", true, true}, // the first 02:50
		{"2026-10-25T01:50:00Z", "02:50", BandNight, "2026-W43", true, true}, // and the second
		{"2026-10-25T05:59:00Z", "06:59", BandNight, "2026-W43", true, true},
		{"2026-10-25T06:00:00Z", "07:00", BandWeekend, "2026-W43", false, true},
		{"2026-03-29T00:59:00Z", "01:59", BandNight, "2026-W13", true, true},
		{"2026-03-29T01:00:00Z", "03:00", BandNight, "2026-W13", true, true}, // 02:00 was never
		{"2026-03-29T05:00:00Z", "07:00", BandWeekend, "2026-W13", false, true},
		{"2026-10-05T07:50:00Z", "09:50", BandHoliday, "2026-W41", false, false},
		{"2026-10-06T05:30:00Z", "07:30", BandEarly, "2026-W41", false, false},
		{"2026-10-06T15:59:00Z", "17:59", BandWorking, "2026-W41", false, false},
		{"2026-10-06T16:00:00Z", "18:00", BandEvening, "2026-W41", false, false},
		{"2026-10-06T20:00:00Z", "22:00", BandNight, "2026-W41", true, false},
		{"2027-01-01T11:00:00Z", "12:00", BandWorking, "2026-W53", false, false},
	} {
		x := placed(at(c.at), d)
		if x.Local.Format("15:04") != c.local || x.Band != c.band || x.Week != c.week || x.Night != c.night || x.Weekend != c.weekend {
			t.Errorf("%s: %+v, want %+v", c.at, x, c)
		}
	}
}

func data(cases ...Case) Data {
	var all []incident.Incident
	for _, c := range cases {
		all = append(all, c.Incident)
	}
	return Data{From: at("2026-09-01T00:00:00Z"), To: at("2026-12-01T00:00:00Z"), Cases: cases, Earlier: all,
		Owner: func(s string) string { return "team-" + s }, Duty: func(string) []string { return nil },
		Desk: func(string) rotation.Desk { return rotation.Desk{Zone: time.UTC} }}
}

func hurt(n int, service string) Case {
	return Case{Incident: incident.Incident{Number: n, Service: service, Status: incident.Closed, Highest: incident.Sev2, Symptom: incident.Slow, DeclaredBy: "person:ada",
		Declared: at("2026-10-01T00:00:00Z").Add(time.Duration(n) * time.Hour)}, Took: map[Measure]Took{}}
}

// TestIncidentsLeaveOutAndSaySo: what was a drill, cancelled, merged or a near miss is in no
// figure and is named; what is not known of an incident is named as well.
func TestIncidentsLeaveOutAndSaySo(t *testing.T) {
	drill, merged, near, open := hurt(1, "a"), hurt(2, "a"), hurt(3, "a"), hurt(4, "b")
	drill.Incident.Test = true
	merged.Incident.Status = incident.Merged
	near.Incident.Status, near.Incident.Outcome = incident.Cancelled, incident.NearMiss
	open.Took[Mitigate] = Took{Missing: "not mitigated"}
	done := hurt(5, "b")
	done.Took[Mitigate] = Took{Took: 90*time.Second + 20*time.Millisecond, ByHand: true}
	done.Answered, done.Incident.Postmortem.Version = []string{"cause", "cue"}, 2
	drill.Answered, open.Answered = []string{"cue"}, []string{"first_week"}
	r := IncidentsOf(data(drill, merged, near, open, done))
	if r.Counts != (Counts{Counted: 2, NearMiss: 1, Merged: 1, Drills: 1}) || len(r.LeftOut) != 3 || r.LeftOut[2] != (LeftOut{"INC-3", "near miss"}) {
		t.Errorf("counts %+v, left out %v", r.Counts, r.LeftOut)
	}
	if r.ByService["b"] != 2 || len(r.ByService) != 1 || r.BySeverity["sev2"] != 2 || r.BySymptom["slow"] != 2 || r.FirstSeenBy["staff"] != 2 {
		t.Errorf("by service %v, severity %v, symptom %v, seen %v", r.ByService, r.BySeverity, r.BySymptom, r.FirstSeenBy)
	}
	if r.Learned != (Learned{Of: 2, Published: 1, Advice: 1, Cues: 1}) {
		t.Errorf("learned: %+v", r.Learned)
	}
	m := r.Durations[slices.IndexFunc(r.Durations, func(d Duration) bool { return d.Measure == Mitigate })]
	if m.N != 1 || m.Points[0] != (Point{"INC-5", 1.5, true}) || m.Median != nil || m.Unknown[0] != (Unknown{"INC-4", "not mitigated"}) || m.Start != "declared" {
		t.Errorf("mitigate: %+v", m)
	}
}

// TestMissesEndInSomething: a miss is answered by a follow-up that somebody opened or by a
// written acceptance, and not by the permanent fix that a workaround opens by itself.
func TestMissesEndInSomething(t *testing.T) {
	missed := func(n int, agreement string) Case {
		c := hurt(n, "a")
		c.Agreement = agreement
		c.Promises = []Promise{{"acknowledge", 5 * time.Minute, 7 * time.Minute, Missed}, {"restore", time.Hour, time.Minute, Met}}
		c.Incident.FollowUps = []incident.FollowUp{{ID: incident.FollowUpName(n, 1), Kind: incident.PermanentFix}}
		return c
	}
	neither, followed, accepted, running := missed(1, "gold"), missed(2, "gold"), missed(3, "silver"), hurt(4, "a")
	followed.Incident.FollowUps = append(followed.Incident.FollowUps, incident.FollowUp{ID: "INC-2-F2", Kind: incident.TaskKind})
	accepted.Events = []incident.Event{{Kind: incident.KindMissed, Promise: incident.PromiseAck}, {Kind: incident.KindMissAccepted, Text: "a flight"}}
	running.Agreement, running.Promises = "gold", []Promise{{"acknowledge", time.Hour, time.Minute, Met}, {"restore", time.Hour, time.Minute, Open}}
	r := PromisesOf(data(neither, followed, accepted, running, hurt(5, "none")))
	if r.All.Incidents != (Ratio{3, 0}) || r.All.Ack != (Ratio{4, 1}) || r.All.Restore != (Ratio{3, 3}) || r.All.Open != 1 {
		t.Errorf("all: %+v", r.All)
	}
	if len(r.Agreements) != 2 || r.Agreements[0].Agreement != "gold" || r.Agreements[0].Incidents != (Ratio{2, 0}) || r.Agreements[1].Ack != (Ratio{1, 0}) {
		t.Errorf("by agreement: %+v", r.Agreements)
	}
	for n, want := range []bool{false, true, true} {
		if m := r.All.Misses[n]; m.Answered != want || m.Over != 2 || m.Target != 5 {
			t.Errorf("miss %d: %+v, want answered: %v", n+1, m, want)
		}
	}
}

// TestFollowUpsAsTheyStoodThen: what is done after the period was open at its end, what was
// decided against before its date is not due, and titles of private incidents are left out.
func TestFollowUpsAsTheyStoodThen(t *testing.T) {
	c := hurt(1, "a")
	due := at("2026-11-01T00:00:00Z")
	task := func(n int, s incident.FollowUpState, ended string) incident.FollowUp {
		f := incident.FollowUp{ID: incident.FollowUpName(1, n), Kind: incident.PermanentFix, Title: "mend it", Due: due, Opened: at("2026-10-02T00:00:00Z"), State: s}
		if s != "" {
			f.Ended = at(ended)
		}
		return f
	}
	c.Incident.FollowUps = []incident.FollowUp{
		task(1, incident.Done, "2026-10-20T00:00:00Z"), task(2, incident.Done, "2026-11-02T00:00:00Z"), task(3, incident.Done, "2026-12-02T00:00:00Z"),
		task(4, incident.Dropped, "2026-10-20T00:00:00Z"), task(5, "", ""),
	}
	private := hurt(2, "a")
	private.Incident.Private = true
	private.Incident.FollowUps = []incident.FollowUp{{ID: "INC-2-F1", Title: "secret", Opened: at("2026-10-03T00:00:00Z")}}
	r := FollowUpsOf(data(c, private))
	if r.Opened != (Tally{Total: 6, Done: 2, Open: 3, Dropped: 1}) || r.PermanentFixes.Total != 5 || r.Due != (DueOf{Of: 4, InTime: 1, Late: 1, NotDone: 2}) {
		t.Errorf("opened %+v, permanent fixes %+v, due %+v", r.Opened, r.PermanentFixes, r.Due)
	}
	if len(r.StillOpen) != 3 || r.StillOpen[0].ID != "INC-1-F3" || r.StillOpen[0].Age != 60 || !r.StillOpen[0].Overdue || r.StillOpen[2].Title != "" || r.StillOpen[2].Due != nil {
		t.Errorf("open: %+v", r.StillOpen)
	}
	if !slices.Equal(r.Overdue, []string{"INC-1-F3", "INC-1-F5"}) || len(r.Dropped) != 1 {
		t.Errorf("overdue %v, decided against %v", r.Overdue, r.Dropped)
	}
}

// TestServicesAndWhatCameBack: an interrupt is of the service of its incident, and the same
// trouble while its permanent fix is open has come back.
func TestServicesAndWhatCameBack(t *testing.T) {
	first, again, other := hurt(1, "shop"), hurt(2, "shop"), hurt(3, "shop")
	first.Incident.FollowUps = []incident.FollowUp{{ID: "INC-1-F1", Kind: incident.PermanentFix, Opened: first.Incident.Declared.Add(time.Minute)}}
	other.Incident.Symptom = incident.WrongData
	page := incident.Event{At: at("2026-10-01T02:00:00Z"), Kind: incident.KindPaged, Person: incident.Person("ada")}
	again.Events = []incident.Event{{Kind: incident.KindDeclared, Service: "shop"}, page}
	r := ServicesOf(data(first, again, other))
	if len(r.Services) != 1 {
		t.Fatalf("services: %+v", r.Services)
	}
	s := r.Services[0]
	if s.Incidents != 3 || s.Burden != (Burden{Interrupts: 1, Night: 1, Hurts: 1}) || !slices.Equal(s.NightPages, []string{"INC-2"}) || s.FirstPages != (Ratio{1, 1}) {
		t.Errorf("shop: %+v", s)
	}
	if len(s.Fixes) != 1 || !slices.Equal(s.CameBack, []CameBack{{"INC-2", "INC-1-F1"}}) {
		t.Errorf("fixes %+v, came back %v", s.Fixes, s.CameBack)
	}
}
