package escalation

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

var update = flag.Bool("update", false, "rewrite the golden files; commit only what you understand")

// TestScenarios plays testdata/scenario/*.txt. A file is a list of commands,
// each followed by ---- and what it printed, up to an empty line. See
// (*stage).do for the commands.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenario/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(b))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(b), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// play runs a script and returns it with the outputs that it has now.
func play(t *testing.T, script string) string {
	s := newStage()
	var got strings.Builder
	inOutput := false
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			inOutput = false
			got.WriteString("\n")
		case inOutput || line == "----":
			inOutput = true
		case strings.HasPrefix(line, "#"):
			got.WriteString(line + "\n")
		default:
			before := s.page
			frozen := encode(t, before)
			s.do(t, line)
			if after := encode(t, before); after != frozen {
				t.Errorf("%q changed the page it was called on:\n%s", line, cmp.Diff(frozen, after))
			}
			got.WriteString(line + "\n----\n" + s.take())
		}
	}
	return got.String()
}

func encode(t testing.TB, p Escalation) string {
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stage is what a scenario plays on.
type stage struct {
	now    time.Time
	page   Escalation
	policy rotation.Policy
	people map[string]*actor
	duties map[string][]stint
	teams  map[string][]string
	drawn  int
	bad    map[string]string // way → what is wrong with it
	keys   map[string]string // person and way → key of the last send
	out    strings.Builder
}

type actor struct {
	rules map[Urgency][]rotation.Rule
	ways  []string
	zone  *time.Location
}

// stint is who is on call for [from, to) after the start of the scenario.
type stint struct {
	from, to time.Duration
	people   []string
}

func newStage() *stage {
	return &stage{now: origin, people: map[string]*actor{}, duties: map[string][]stint{}, teams: map[string][]string{},
		bad: map[string]string{}, keys: map[string]string{}, policy: rotation.Policy{ID: "ladder"}}
}

func (s *stage) world() World {
	return World{
		OnCall: func(id string, now time.Time) []string {
			for _, d := range s.duties[id] {
				if since := now.Sub(origin); d.from <= since && since < d.to {
					return d.people
				}
			}
			return nil
		},
		Team: func(id string, _ time.Time) []string { return s.teams[id] },
		Rules: func(person string, u Urgency) []rotation.Rule {
			if a := s.people[person]; a != nil {
				return a.rules[u]
			}
			return nil
		},
		Ways: func(person string) []string {
			if a := s.people[person]; a != nil {
				return a.ways
			}
			return nil
		},
		Turn: func(string, int) int { s.drawn++; return s.drawn - 1 },
		Awake: func(person string, now time.Time) time.Time {
			if a := s.people[person]; a != nil && a.zone != nil {
				return rotation.Daytime().Next(a.zone, now)
			}
			return now
		},
		Reports: func(via string) bool { return via == "sms" },
	}
}

// do runs one command.
func (s *stage) do(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)
	args, options := split(words[1:])
	switch words[0] {
	case "clock": // clock INSTANT: what time it is before anything opens
		s.now = must(time.Parse(time.RFC3339, args[0]))(t)
	case "person": // person NAME [high=push+0s,sms+2m] [low=…] [ways=push,sms] [zone=Europe/Berlin]
		s.people[args[0]] = person(t, options)
	case "leaves":
		delete(s.people, args[0])
	case "oncall": // oncall ROTATION [PEOPLE] [from=1h] [to=2h]
		d := stint{to: 1e6 * time.Hour}
		for _, names := range args[1:] {
			d.people = strings.Split(names, ",")
		}
		if from := options["from"]; from != "" {
			d.from = must(time.ParseDuration(from))(t)
		}
		if to := options["to"]; to != "" {
			d.to = must(time.ParseDuration(to))(t)
		}
		s.duties[args[0]] = append(s.duties[args[0]], d)
	case "team":
		s.teams[args[0]] = args[1:]
	case "policy": // policy [repeat=N] [ack=30m] [last=channel:all] [support=mon,tue/09:00-17:00/Europe/Berlin]
		s.policy.SupportHours = hours(options["support"])
		fmt.Sscan(options["repeat"], &s.policy.Repeat)
		s.policy.LastResort = parseTargets(strings.Fields(strings.ReplaceAll(options["last"], ",", " ")))
		if ack := options["ack"]; ack != "" {
			s.policy.AcknowledgeTimeout = must(time.ParseDuration(ack))(t)
		}
	case "step": // step WAIT TARGETS [mode=robin] [hours=mon,tue/09:00-17:00/Europe/Berlin] [outside=wait]
		s.policy.Steps = append(s.policy.Steps, rotation.Step{Wait: must(time.ParseDuration(args[0]))(t),
			Notify: parseTargets(args[1:]), RoundRobin: options["mode"] == "robin",
			Hours: hours(options["hours"]), Outside: rotation.Outside(options["outside"])})
	default:
		s.act(t, words[0], args, options)
	}
}

// act runs a command that concerns the open page.
func (s *stage) act(t *testing.T, word string, args []string, options map[string]string) {
	t.Helper()
	var err error
	switch word {
	case "open": // open [low] [raise=1h], or open sev2
		o := Open{ID: "INC-1", Policy: s.policy, Now: s.now}
		if len(args) > 0 {
			o.Urgency = Urgency(args[0])
			if sev, ok := incident.ParseSeverity(args[0]); ok && o.Urgency != Low {
				o.Urgency, o.RaiseAt = UrgencyAt(s.policy, sev, s.now)
			}
		}
		if raise := options["raise"]; raise != "" {
			o.RaiseAt = s.now.Add(must(time.ParseDuration(raise))(t))
		}
		s.page = New(o)
		s.tick(s.now)
	case "sev": // its incident has another severity now
		sev, _ := incident.ParseSeverity(args[0])
		u, raise := UrgencyAt(s.page.Policy, sev, s.now)
		s.page = s.page.Urge(u, raise, s.now)
		s.tick(s.now)
	case "tick": // the program is awake all the time
		s.tick(s.now.Add(must(time.ParseDuration(args[0]))(t)))
	case "away": // the program does nothing for so long
		s.now = s.now.Add(must(time.ParseDuration(args[0]))(t))
		s.due()
	case "wake": // it does what is due
		s.step(s.now)
		s.due()
	case "resume":
		var late time.Duration
		s.page, late = s.page.Resume(s.now)
		fmt.Fprintf(&s.out, "shifted by %v\n", late)
		s.step(s.now)
		s.due()
	case "down": // down WAY refused|silent|undelivered|ok
		s.bad[args[0]] = args[1]
	case "failed": // the last send to PERSON by WAY
		s.page = s.page.Failed(s.keys[args[0]+" "+args[1]], s.now)
		s.tick(s.now)
	case "accepted":
		s.page = s.page.Accepted(s.keys[args[0]+" "+args[1]], s.now)
		s.due()
	case "delivered":
		s.page = s.page.Delivered(s.keys[args[0]+" "+args[1]])
		s.due()
	case "show":
		fmt.Fprintf(&s.out, "%s %s pass %d step %d people %v acked by %q\n", s.page.State, s.page.Urgency, s.page.Pass,
			s.page.Rung, s.page.People, s.page.AckedBy)
	default:
		e, perr := parseAct(strings.Join(append([]string{word}, args...), ":"))
		if perr != nil {
			t.Fatal(perr)
		}
		var next Escalation
		if next, err = e.apply(s.page, s.now); err != nil {
			fmt.Fprintf(&s.out, "refused: %v\n", err)
			return
		}
		s.page = next
		s.tick(s.now)
	}
}

// tick lets everything until then happen when it is due.
func (s *stage) tick(then time.Time) {
	for at, ok := s.page.Due(); ok && !at.After(then); at, ok = s.page.Due() {
		s.step(later(at, s.now))
	}
	s.now = later(then, s.now)
	s.due()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// step does what is due at now and prints it in the order of its instants.
func (s *stage) step(now time.Time) {
	for at, ok := s.page.Due(); ok && !at.After(now); at, ok = s.page.Due() {
		var out Outcome
		s.page, out = s.page.Step(s.world(), now)
		for len(out.Log)+len(out.Notifications) > 0 {
			if len(out.Notifications) == 0 || len(out.Log) > 0 && !out.Notifications[0].At.Before(out.Log[0].At) {
				s.entry(out.Log[0])
				out.Log = out.Log[1:]
				continue
			}
			s.send(out.Notifications[0], now)
			out.Notifications = out.Notifications[1:]
		}
	}
}

func (s *stage) entry(e Entry) {
	fmt.Fprintf(&s.out, "%s %s %d.%d", s.clock(e.At, e.Late), e.Kind, e.Pass, e.Step)
	if e.Cause != "" {
		fmt.Fprintf(&s.out, " %s", e.Cause)
	}
	if e.Kind == Unconfirmed {
		fmt.Fprintf(&s.out, " %s by %s", e.Person, e.Via)
	}
	for _, c := range e.People {
		fmt.Fprintf(&s.out, " %s(%s)", c.Person, strings.Join(c.Targets, " "))
		if c.From.After(e.At) {
			fmt.Fprintf(&s.out, " from %s", s.clock(c.From, 0))
		}
	}
	for _, k := range e.Skipped {
		fmt.Fprintf(&s.out, " -%s%s %s", k.Target, strings.TrimSuffix("/"+k.Person, "/"), k.Why)
	}
	if e.Again {
		s.out.WriteString(" again")
	}
	if e.Kind == Waits {
		fmt.Fprintf(&s.out, " until %s", s.clock(e.Until, 0))
	}
	s.out.WriteString("\n")
}

func (s *stage) send(p Notification, now time.Time) {
	verdict := ""
	s.keys[p.Person+" "+p.Via] = p.Key
	switch s.bad[p.Via] {
	case "refused":
		s.page, verdict = s.page.Failed(p.Key, now), " REFUSED"
	case "silent":
		verdict = " no answer"
	case "undelivered":
		s.page = s.page.Accepted(p.Key, now)
	default:
		s.page = s.page.Accepted(p.Key, now).Delivered(p.Key)
	}
	way := fmt.Sprintf("%s by %s (%s)", p.Person, p.Via, p.Reason)
	if p.Channel != "" {
		way = "#" + p.Channel
	}
	if p.LastResort {
		way += " last resort"
	}
	fmt.Fprintf(&s.out, "%s   %s → %s%s\n", s.clock(p.At, p.Late), p.Key, way, verdict)
}

// due prints when the page is due next.
func (s *stage) due() {
	if at, ok := s.page.Due(); ok {
		fmt.Fprintf(&s.out, "%s, due %s\n", s.page.State, s.clock(at, 0))
		return
	}
	fmt.Fprintf(&s.out, "%s\n", s.page.State)
}

func (s *stage) clock(at time.Time, late time.Duration) string {
	text := at.Format("15:04:05")
	if !sameDay(at, s.page.Opened) {
		text = at.Format("2 Jan 15:04:05")
	}
	if late > 0 {
		text += fmt.Sprintf(" (late by %v)", late)
	}
	return text
}

func sameDay(a, b time.Time) bool {
	return a.Truncate(24 * time.Hour).Equal(b.Truncate(24 * time.Hour))
}

func (s *stage) take() string {
	defer s.out.Reset()
	return s.out.String()
}

// split separates words from key=value options.
func split(words []string) (args []string, options map[string]string) {
	options = map[string]string{}
	for _, w := range words {
		if key, value, ok := strings.Cut(w, "="); ok {
			options[key] = value
			continue
		}
		args = append(args, w)
	}
	return args, options
}

func person(t *testing.T, options map[string]string) *actor {
	a := &actor{rules: map[Urgency][]rotation.Rule{}}
	for _, u := range []Urgency{High, Low} {
		for _, r := range strings.FieldsFunc(options[string(u)], func(r rune) bool { return r == ',' }) {
			via, after, _ := strings.Cut(r, "+")
			a.rules[u] = append(a.rules[u], rotation.Rule{Via: via, After: must(time.ParseDuration(after))(t)})
		}
	}
	if ways := options["ways"]; ways != "" {
		a.ways = strings.Split(ways, ",")
	}
	if zone := options["zone"]; zone != "" {
		a.zone = must(time.LoadLocation(zone))(t)
	}
	return a
}

// hours reads days, a day's part and its zone; nil for nothing.
func hours(text string) *rotation.Coverage {
	if text == "" {
		return nil
	}
	parts := strings.SplitN(text, "/", 3)
	from, to, _ := strings.Cut(parts[1], "-")
	c := &rotation.Coverage{From: from, To: to, TimeZone: parts[2]}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.Contains(parts[0], strings.ToLower(day.String()[:3])) {
			c.Days = append(c.Days, day)
		}
	}
	return c
}

func parseTargets(words []string) []rotation.Target {
	var list []rotation.Target
	for _, w := range words {
		kind, id, _ := strings.Cut(w, ":")
		list = append(list, rotation.Target{Kind: rotation.TargetKind(kind), ID: id})
	}
	return slices.Clip(list)
}

// must turns the result of a call that cannot fail in this test into its value.
func must[T any](v T, err error) func(t fataler) T {
	return func(t fataler) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// fataler is what *testing.T and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatal(...any)
}
