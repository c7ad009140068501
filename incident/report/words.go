package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// pointsMost is how many points are written out.
const pointsMost = 40

// Words say the points and what their number allows: in minutes, or where one of them is
// long, each as people say it.
func (s Spread) Words() string {
	if s.N == 0 {
		return "no figure yet"
	}
	say, unit := number, " min"
	if slices.ContainsFunc(s.Points, func(p Point) bool { return p.Minutes >= longMinutes }) {
		say, unit = hours, ""
	}
	var list []string
	for _, p := range s.Points[:min(s.N, pointsMost)] {
		list = append(list, say(p.Minutes))
	}
	if more := s.N - len(list); more > 0 {
		list = append(list, fmt.Sprintf("and %d more", more))
	}
	text := strings.Join(list, ", ") + unit + " (" + incident.Count(s.N, "figure", "figures") + ")"
	if s.Median != nil {
		text += "; median " + say(*s.Median) + unit
	}
	if s.Least != nil {
		text += ", range " + say(*s.Least) + " to " + say(*s.Most) + unit
	}
	if s.P90 != nil {
		text += ", p90 " + say(*s.P90) + unit
	}
	if s.Mean != nil {
		text += ", mean " + say(*s.Mean) + unit
	}
	return text
}

// longMinutes is from when on a number of minutes has to be divided by whoever reads it.
const longMinutes = 120

// hours says minutes in their two largest units: 40 min, 3 h 17 min, 2 d 4 h.
func hours(minutes float64) string {
	m := int(math.Round(minutes))
	switch {
	case m < 60:
		return number(math.Round(minutes*10)/10) + " min"
	case m < 24*60:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", m/60, m%60), " 0 min")
	default:
		return strings.TrimSuffix(fmt.Sprintf("%d d %d h", m/(24*60), m%(24*60)/60), " 0 h")
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// Words say whether there is a change, and how that is known.
func (c Comparison) Words() string {
	if c.Low == nil {
		return fmt.Sprintf("%s (n %d before; %s)", c.Verdict, c.Before, c.Why)
	}
	return fmt.Sprintf("%s (n %d before; the medians differ by %s min, 90 %% interval %s to %s)", c.Verdict, c.Before, number(*c.Difference), number(*c.Low), number(*c.High))
}

// leftOutMost is how many incidents are named of those that are left out.
const leftOutMost = 20

// LeftOutWords say what is not counted, by reason; empty: nothing is left out.
func (h Head) LeftOutWords() string {
	by := map[string][]string{}
	for _, l := range h.LeftOut {
		by[l.Why] = append(by[l.Why], l.Incident)
	}
	order := []string{"cancelled", "false alarm", "near miss", "merged", "drill", Unread}
	for _, why := range slices.Sorted(maps.Keys(by)) {
		if !slices.Contains(order, why) {
			order = append(order, why)
		}
	}
	var parts []string
	for _, why := range order {
		if names := by[why]; len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s %d (%s)", why, len(names), incident.FirstOf(names, leftOutMost)))
		}
	}
	return strings.Join(parts, ", ")
}

// Words say how many were kept, of how many.
func (r Ratio) Words() string {
	if r.Of == 0 {
		return "none was due"
	}
	return fmt.Sprintf("%d of %d", r.Met, r.Of)
}

// Words say how many promises were kept, without the misses.
func (k Kept) Words() string {
	text := "no promise was due"
	if k.Incidents.Of > 0 {
		text = fmt.Sprintf("%d of %s kept every promise; acknowledged in time: %s, updated: %s, restored: %s", k.Incidents.Met, incident.Count(k.Incidents.Of, "incident", "incidents"), k.Ack.Words(), k.Update.Words(), k.Restore.Words())
	}
	if k.Open > 0 {
		text += fmt.Sprintf("; %d still open", k.Open)
	}
	return text
}

// promiseWords name the promises.
var promiseWords = map[string]string{"acknowledge": "acknowledged", "update": "the next update", "restore": "restored"}

// MissesWords say of each incident in a list by how much which promises were missed, and what
// follows from it: one line for each incident, in the order of the list.
func MissesWords(list []Miss) []string {
	var lines, names []string
	for _, m := range list {
		if slices.Contains(names, m.Incident) {
			continue
		}
		names = append(names, m.Incident)
		var missed []string
		for _, x := range list {
			if x.Incident == m.Incident {
				missed = append(missed, x.words())
			}
		}
		lines = append(lines, m.Incident+": "+strings.Join(missed, ", ")+"; "+m.follows())
	}
	return lines
}

func (m Miss) words() string {
	return cmp.Or(promiseWords[m.Promise], m.Promise) + " after " + sayMinutes(m.Used) + " (promised: " + sayMinutes(m.Target) + ")"
}

// follows says what follows from the misses of an incident.
func (m Miss) follows() string {
	switch {
	case len(m.FollowUps) == 1:
		return "follow-up " + m.FollowUps[0]
	case len(m.FollowUps) > 1:
		return "follow-ups " + incident.FirstOf(m.FollowUps, 5)
	case m.Accepted != "":
		return "accepted: " + brief(m.Accepted)
	default:
		return "nothing follows from it yet"
	}
}

// briefMost is how many characters of a reason stand in a line; a message has many lines.
const briefMost = 200

func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > briefMost {
		return strings.TrimRight(string(r[:briefMost]), " ") + "…"
	}
	return text
}

// sayMinutes says minutes, and where they are many in hours and days.
func sayMinutes(minutes float64) string {
	if minutes >= longMinutes {
		return hours(minutes)
	}
	return number(minutes) + " min"
}

// CountsWords say how many there are of each, the most first.
func CountsWords(of map[string]int) string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), strings.Compare(a, b)) })
	var parts []string
	for _, name := range names {
		parts = append(parts, fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), of[name]))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Words say how often people were interrupted.
func (b Burden) Words() string {
	if b.Interrupts == 0 {
		return "no interrupt"
	}
	text := incident.Count(b.Interrupts, "interrupt", "interrupts")
	if b.Hurts > 0 {
		text += fmt.Sprintf(", %d at night or on a day off", b.Hurts)
	}
	return text
}

// Words say how often the first page reached the owner.
func (f FirstPages) Words() string {
	text := fmt.Sprintf("%d of %d, moved to another service %s", f.Reached, f.Of, incident.Count(f.Reroutes, "time", "times"))
	var names []string
	for _, n := range f.Astray {
		names = append(names, incident.Name(n))
	}
	if len(names) > 0 {
		text += "; went elsewhere first: " + incident.FirstOf(names, leftOutMost)
	}
	return text
}

// Words say whether what was due was done in time.
func (d DueOf) Words() string {
	if d.Of == 0 {
		return "none was due"
	}
	return fmt.Sprintf("%d of %d done in time, %d late, %d not done", d.InTime, d.Of, d.Late, d.NotDone)
}

// Words say how follow-ups stand.
func (t Tally) Words() string {
	return fmt.Sprintf("%d: %d done, %d open, %d decided against", t.Total, t.Done, t.Open, t.Dropped)
}

// Words say what is still to be done, and since when.
func (o OpenItem) Words(zone *time.Location) string {
	text := o.ID + " " + cmp.Or(o.Title, "(private)") + ", " + incident.Count(o.Age, "day", "days") + " old"
	switch {
	case o.Due == nil:
		text += ", no date"
	case o.Overdue:
		text += ", overdue since " + o.Due.In(zone).Format(time.DateOnly)
	default:
		text += ", due " + o.Due.In(zone).Format(time.DateOnly)
	}
	return text
}
