package chat

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// TestHomeFits: whatever texts are in it and however much is open, Slack takes the Home
// tab, and nothing is left out without a word.
func TestHomeFits(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			b, _ := subject(t, text, true)
			h := home{reader: "person:ada", roster: crowdedRoster(60), names: people, now: noon, page: 1,
				opt: Options{Command: "/incident", OncallCommand: "/oncall", Zone: time.UTC}}
			for n, i := range many(b.Incident, 60) {
				i.Number = n + 1
				if n%3 > 0 { // others' work
					i.Called, i.Roles, i.AcknowledgedBy = nil, nil, "person:bob"
				}
				i.NoChannel, i.Channel = n%5 == 0, ""
				h.active = append(h.active, i)
				h.followUps = append(h.followUps, desk.ListedFollowUp{
					FollowUp: incident.FollowUp{ID: fmt.Sprintf("INC-%d-F1", n), Title: text, Owner: h.reader, Due: noon.Add(time.Hour * time.Duration(n-30))}, Incident: i})
				h.health = append(h.health, sign(n%2 == 0)+clip(esc(text), 100))
			}
			h.health = h.health[:14]
			r := ephemeral(clip(esc(text), 2000))
			h.note = append(sections(r.Text), contextLine("You typed:"))
			view, err := json.Marshal(homeView(h))
			if err != nil {
				t.Fatal(err)
			}
			if problems := slacksim.ValidateView(view); len(problems) > 0 {
				t.Errorf("Slack would refuse the Home tab: %v", problems)
			}
			if n := len(homeView(h).Blocks.BlockSet); n > 100 {
				t.Errorf("the Home tab has %d blocks", n)
			}
			all := string(view)
			for _, want := range []string{"more of yours", "Page 2 of", "And 48 more.", "Yours"} {
				if !strings.Contains(all, want) {
					t.Errorf("the Home tab does not say %q", want)
				}
			}
		})
	}
}

// crowdedRoster has so many rotations with ada and bob.
func crowdedRoster(n int) *rotation.Roster {
	var b strings.Builder
	b.WriteString("people: [{id: ada, name: Ada Okafor}, {id: bob, name: Bob Stone}]\nrotations:\n")
	for k := range n {
		fmt.Fprintf(&b, "  - {id: rotation-%d, time_zone: Europe/Berlin, layers: [{id: l, people: [ada, bob], start: 2024-01-01T09:00, every: {weeks: 1}}]}\n", k)
	}
	r, err := rotation.Parse("roster.yaml", []byte(b.String()))
	if err != nil {
		panic(err)
	}
	return r
}

// TestHealthLines says how each part of the bot is, in words beside the mark.
func TestHealthLines(t *testing.T) {
	tests := map[string]string{
		socketLine(2, noon.Add(-5*time.Minute), "", noon):                      ":white_check_mark: Slack: 2 sockets are connected, and something was heard 5 min ago.",
		socketLine(1, noon, "", noon):                                          ":warning: One of the two sockets to Slack is connected; the other one is being opened again.",
		socketLine(0, noon, "", noon):                                          ":warning: No socket to Slack is connected.",
		socketLine(2, noon, "invalid_auth", noon):                              ":warning: Slack does not take our token (invalid_auth).",
		queueLine(Health{}, noon):                                              ":white_check_mark: Queue: nothing waits.",
		queueLine(Health{Jobs: 3}, noon):                                       ":white_check_mark: Queue: 3 wait for their time, none is late.",
		queueLine(Health{Jobs: 3, Oldest: noon.Add(-time.Hour)}, noon):         ":warning: Queue: 3 wait, the oldest for 1 h more than it should.",
		methodsLine(Health{}):                                                  "",
		methodsLine(Health{Methods: []string{"sms"}, Out: []string{"sms"}}):    ":warning: Contact methods: the provider of sms is out. The next method is taken at once.",
		storeLine(Health{Damaged: true}):                                       ":warning: Store: a part of its file is damaged. At a quiet moment put the last sound copy back with `stormbell restore`.",
		backupLine(desk.Backup{}, 0, noon):                                     ":warning: Backup: none is known of. Set `backup.folder`, or take one with `stormbell backup`.",
		backupLine(desk.Backup{}, time.Hour, noon):                             ":white_check_mark: Backup: the first copy is taken soon.",
		backupLine(desk.Backup{At: noon.Add(-9 * 24 * time.Hour)}, 0, noon):    ":warning: Backup: the last one was taken " + at(noon.Add(-9*24*time.Hour)) + ", more than a week ago. With `backup.folder` the bot takes them by itself.",
		backupLine(desk.Backup{At: noon.Add(-2 * time.Hour)}, time.Hour, noon): ":white_check_mark: Backup: the last one was taken " + at(noon.Add(-2*time.Hour)) + ".",
		backupLine(desk.Backup{At: noon.Add(-3 * time.Hour)}, time.Hour, noon): ":warning: Backup: none was taken when it was due. The last copy was taken " + at(noon.Add(-3*time.Hour)) + ".",
		backupLine(desk.Backup{Failing: desk.Failing{Trouble: "/copies is no folder", Since: noon}}, time.Hour, noon): ":warning: Backup: since " + at(noon) + " the store could not be backed up: /copies is no folder. There is no copy yet.",
	}
	healthy := desk.ArchiveFiles{At: noon, Files: 2, Incidents: 30, Bytes: 3 << 20}
	spoilt := healthy
	spoilt.Unread = []desk.UnreadFile{{File: "2026-03.archive", Why: "The timeline of INC-3 cannot be read. It lies in the archive file 2026-03.archive, which is not in /old. Put the file there from a copy."}}
	for want, a := range map[string]desk.Archival{
		"": {},
		":white_check_mark: Archive: 0 incidents in 0 files. Old incidents are looked for soon.":                                                                                                   {After: time.Hour, From: noon},
		":white_check_mark: Archive: 30 incidents in 2 files, 3.0 MiB. Old incidents were looked for last " + at(noon.Add(-time.Hour)) + ".":                                                       {After: time.Hour, From: noon.Add(-999 * time.Hour), Last: noon.Add(-time.Hour), Files: healthy},
		":white_check_mark: Archive: 30 incidents in 2 files, 3.0 MiB. No more are moved there, since `archive.after` is not set.":                                                                 {Files: healthy},
		":warning: Archive: old incidents were looked for last " + at(noon.Add(-80*time.Hour)) + ", and that is due every day. The log has the reason.":                                            {After: time.Hour, From: noon.Add(-999 * time.Hour), Last: noon.Add(-80 * time.Hour), Files: healthy},
		":warning: Archive: old incidents were never looked for, since " + at(noon.Add(-80*time.Hour)) + ". The log has the reason.":                                                               {After: time.Hour, From: noon.Add(-80 * time.Hour)},
		":warning: Archive: since " + at(noon) + " not all is as it should be. The disk of /old is full. 4 incidents wait to be moved.":                                                            {After: time.Hour, From: noon, Waiting: 4, Failing: desk.Failing{Trouble: "The disk of /old is full.", Since: noon}},
		":warning: Archive: 1 of 2 files cannot be read. The timeline of INC-3 cannot be read. It lies in the archive file 2026-03.archive, which is not in /old. Put the file there from a copy.": {Files: spoilt},
	} {
		tests[strings.Join(archiveLines(a, noon), "; ")] = want
	}
	for got, want := range tests {
		if got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
	gone := crowdedRoster(8)
	for n := range gone.Rotations {
		gone.Rotations[n].Layers[0].Until = noon.Add(48 * time.Hour)
		gone.Rotations[n] = rotation.Rotation{ID: gone.Rotations[n].ID, TimeZone: "UTC"}
	}
	lines := gapLines(gone, noon)
	if len(lines) != fewGaps+1 || !strings.Contains(lines[fewGaps], "3 more rotations") || !strings.Contains(lines[0], "Nobody is on call in *rotation-0*") {
		t.Errorf("gaps: %q", lines)
	}
}
