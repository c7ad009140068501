package rotation

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

// Parse reads a roster file; name is what its problems call it. The roster that
// comes back is valid, indexed, compiled and from then on only read, so that any
// number of goroutines may ask it. Otherwise the error is [Problems]: everything
// that is wrong, at once. What is allowed but probably not meant is in
// [Roster.Warnings].
func Parse(name string, data []byte) (*Roster, error) {
	r, roster := read(name, data)
	if len(r.problems) > 0 {
		return nil, r.problems.tidy()
	}
	return roster, r.build(roster)
}

// read reads everything that can be read; what is wrong with it is in the reader. The
// roster is nil where nothing can be read.
func read(name string, data []byte) (*reader, *Roster) {
	root, problems := readYAML(name, data)
	r := &reader{file: name, problems: problems, zones: atlas{}, badZones: map[string]string{}}
	if root == nil {
		return r, nil
	}
	roster := &Roster{}
	if root.kind == nullNode && len(problems) == 0 {
		r.problem(1, nil, "there is nothing in it", "check that it is the right file; a roster begins with people:")
	} else if root.kind != nullNode {
		r.roster(root, roster)
	}
	return r, roster
}

// build makes a roster ready to be asked.
func (r *reader) build(roster *Roster) error {
	if err := roster.build(r.zones); err != nil {
		return Problems{{File: r.file, Message: err.Error()}}
	}
	roster.index.warnings, roster.index.problems = r.warnings.tidy(), r.problems.tidy()
	return nil
}

// Warnings are what the file that made the roster says and probably does not
// mean, such as a first hand-over at a time that the clocks skip.
func (r *Roster) Warnings() Problems { return r.lookups().warnings }

func (r *reader) roster(n *node, out *Roster) {
	o := r.object(n, nil, "people", "teams", "rotations", "policies", "services", "agreements", "defaults", "alerts", "heartbeats")
	r.shapeless = o.keys == nil
	out.People = entries(o, "people", "person", r.person)
	out.Teams = entries(o, "teams", "team", r.team)
	out.Rotations = entries(o, "rotations", "rotation", r.rotation)
	out.Policies = entries(o, "policies", "policy", r.policy)
	out.Services = entries(o, "services", "service", r.service)
	out.Agreements = entries(o, "agreements", "agreement", r.agreement)
	if d := o.keys["defaults"]; d != nil {
		x := r.object(d, &place{word: "defaults"}, "service", "policy")
		out.Defaults = Defaults{Service: x.ref("service", "service"), Policy: x.ref("policy", "policy")}
	}
	out.Heartbeats = r.heartbeats(o)
	if a := o.keys["alerts"]; a != nil {
		out.Alerts = r.alerts(a, out.Heartbeats)
	}
	r.check(o, out)
}

// entries reads the list at key, each item by read.
func entries[T any](o *object, key, word string, read func(*node, *place) T) []T {
	nodes := o.list(key)
	if len(nodes) == 0 {
		return nil
	}
	list := make([]T, 0, len(nodes))
	for _, n := range nodes {
		list = append(list, read(n, &place{word: word}))
	}
	return list
}

var (
	phoneForm = pattern.New(`^\+[1-9][0-9]{6,14}$`)
	slackForm = pattern.New(`^[UW][A-Z0-9]{1,20}$`)
	emailForm = pattern.New(`^[^\s@,;:<>]+@[^\s@,;:<>]+$`)
)

func (r *reader) person(n *node, at *place) Person {
	o := r.object(n, at, "id", "name", "slack", "email", "time_zone", "level", "phone", "rules")
	p := Person{ID: o.id(), Name: o.name("name"), Slack: o.text("slack"), Email: o.text("email"), TimeZone: o.zone("time_zone")}
	if Reserved(p.ID) { // a store may have such a roster, which must still be read
		r.warn(o.line("id"), at, "the id "+quote(p.ID)+" is a word of Stormbell's own", "give the person another id, such as their name: a new roster with it is refused")
	}
	p.Level = Level(o.oneOf("level", "", string(Junior), string(Senior), string(Principal)))
	p.Phone = o.text("phone")
	if p.Name == "" {
		p.Name = p.ID
	}
	if p.Phone != "" && !phoneForm.MatchString(p.Phone) {
		o.bad("phone", "the phone number is not in international form", phoneHint(p.Phone))
	}
	if p.Slack != "" && !slackForm.MatchString(p.Slack) {
		o.bad("slack", "slack is "+quote(p.Slack)+", not a Slack user ID", slackHint(p.Slack))
	}
	if p.Email != "" && !emailForm.MatchString(p.Email) {
		o.bad("email", "email is "+quote(p.Email)+", not an address", emailHint(p.Email))
	}
	if rules := o.keys["rules"]; rules != nil {
		x := r.object(rules, &place{up: at, word: "rules"}, "high", "low")
		p.Rules = Rules{High: x.rules("high"), Low: x.rules("low")}
	}
	return p
}

// phoneHint never repeats the number: problems end up in logs.
func phoneHint(phone string) string {
	number := strings.NewReplacer(" ", "", "-", "", ".", "", "/", "", "\u00a0", "").Replace(phone)
	bare := strings.NewReplacer("(", "", ")", "").Replace(strings.Replace(number, "(0)", "", 1))
	switch {
	case strings.HasPrefix(number, "+") && strings.Contains(number, "(0)") && phoneForm.MatchString(bare):
		return "leave out the (0), the blanks and the dashes: + and digits only"
	case strings.HasPrefix(number, "+") && phoneForm.MatchString(bare):
		return "leave out the blanks, the dashes and the brackets: + and digits only"
	case strings.HasPrefix(strings.ToLower(number), "tel:") && phoneForm.MatchString(bare[4:]):
		return "leave out tel: and everything else but + and the digits"
	case strings.HasPrefix(bare, "00") && phoneForm.MatchString("+"+bare[2:]):
		return "write + in the place of the 00 in front, then digits only"
	case strings.HasPrefix(number, "+"):
		return "after the + write the country code and the number, digits only, 7 to 15 of them"
	}
	return "begin with + and the country code, digits only, like \"+4915112345678\""
}

var (
	slackWithin = pattern.New(`(?:^|[^A-Za-z0-9])([UuWw][A-Za-z0-9]{6,20})(?:$|[^A-Za-z0-9])`)
	emailWithin = pattern.New(`[^\s@,;<>:]+@[^\s@,;<>]+`)
)

func slackHint(s string) string {
	m := slackWithin.FindStringSubmatch(s)
	if m != nil && strings.ContainsAny(m[1], "0123456789") {
		return "write " + strings.ToUpper(m[1])
	}
	return "copy the member ID from the profile in Slack; it looks like U01ABCDEF"
}

func emailHint(s string) string {
	if found := emailWithin.FindAllString(s, -1); len(found) > 0 {
		return "write " + orWords(found)
	}
	return "write it like ada@shop.example"
}

func (o *object) rules(key string) []Rule {
	var rules []Rule
	for _, n := range o.list(key) {
		x := o.object(n, &place{up: o.at, word: key}, "via", "after")
		x.need("via", "slack, push, sms, voice, email or webhook")
		via := x.oneOf("via", "", "slack", "push", "sms", "voice", "email", "webhook")
		rules = append(rules, Rule{Via: via, After: x.duration("after")})
	}
	return rules
}

func (r *reader) team(n *node, at *place) Team {
	o := r.object(n, at, "id", "name", "members", "lead", "slack_group", "channel")
	t := Team{ID: o.id(), Name: o.name("name"), Members: o.refsAt("person", "members"), Lead: o.ref("person", "lead"),
		SlackGroup: strings.TrimPrefix(o.text("slack_group"), "@"), Channel: strings.TrimPrefix(o.text("channel"), "#")}
	if t.Name == "" {
		t.Name = t.ID
	}
	return t
}

func (r *reader) policy(n *node, at *place) Policy {
	o := r.object(n, at, "id", "repeat", "steps", "last_resort", "acknowledge_timeout", "support_hours")
	p := Policy{ID: o.id(), Repeat: o.whole("repeat", 0, -1), AcknowledgeTimeout: o.duration("acknowledge_timeout"),
		SupportHours: o.hours("support_hours")}
	for i, s := range o.list("steps") {
		p.Steps = append(p.Steps, r.step(s, &place{up: at, word: "step", id: strconv.Itoa(i + 1)}))
	}
	if o.hollow("steps") {
		o.bad("steps", "has no steps", "add steps: [{notify: [rotation:NAME], wait: 5m}]")
	}
	if len(p.Steps) > 0 && p.Steps[0].Outside == OutsideWait {
		r.warn(o.list("steps")[0].line, at, "the first step waits for its hours, so outside them nobody is told, however bad it is",
			"put a step without hours before it, or use support_hours, which a sev1 does not wait for")
	}
	p.LastResort = o.targets("last_resort")
	if o.hollow("last_resort") {
		o.bad("last_resort", "has no last_resort", "name who is told when nobody is on call or every step has run without an answer: last_resort: [channel:incidents, person:NAME]")
	}
	r.told = append(r.told, told{at, o.line("last_resort"), p.LastResort, true})
	return p
}

func (r *reader) step(n *node, at *place) Step {
	o := r.object(n, at, "notify", "wait", "round_robin", "hours", "outside")
	s := Step{Notify: o.targets("notify"), Wait: o.duration("wait"), RoundRobin: o.truth("round_robin"),
		Hours: o.hours("hours"), Outside: Outside(o.oneOf("outside", "", string(OutsideSkip), string(OutsideWait)))}
	switch {
	case o.has("outside") && !o.has("hours"):
		o.bad("outside", "says what happens outside its hours, and has no hours", "add "+hoursExample+", or take outside out")
	case s.Hours != nil && s.Outside == "":
		s.Outside = OutsideSkip
	}
	if o.hollow("notify") {
		o.bad("notify", "tells nobody", "add notify: [rotation:NAME], or person:, team: or channel:")
	}
	r.told = append(r.told, told{at, o.line("notify"), s.Notify, false})
	if !o.has("wait") && o.keys != nil {
		o.bad("wait", "has no wait", "say how long this step waits for an answer: wait: 5m")
	} else if s.Wait == 0 && o.keys["wait"] != nil && o.text("wait") != "" && strings.Trim(o.text("wait"), "0smh") == "" {
		o.bad("wait", "waits no time at all", "give people time to answer: wait: 5m")
	}
	return s
}

// targets is the list of kind:id at key.
func (o *object) targets(key string) []Target {
	var list []Target
	for _, n := range o.values(key) {
		if n.kind != scalarNode {
			hint := "each of " + key + " is a target like person:ada or rotation:payments-primary"
			if n.kind == mapNode && len(n.keys) == 1 && n.keys[0].value.kind == scalarNode {
				hint = "write " + n.keys[0].key + ":" + n.keys[0].value.text + ", without the blank"
			}
			o.problem(n.line, o.at, key+" holds "+n.kind.String(), hint)
			continue
		}
		kind, id, ok := strings.Cut(n.text, ":")
		t := Target{Kind: TargetKind(kind), ID: strings.TrimPrefix(strings.TrimSpace(id), "#")}
		switch {
		case !ok || t.ID == "":
			o.reader.bare = append(o.reader.bare, bare{n.text, key, n.line, o.at})
			continue
		case t.Kind == TargetPerson || t.Kind == TargetRotation || t.Kind == TargetTeam:
			o.mention(kind, t.ID, n.line, o.at)
		case t.Kind != TargetChannel:
			o.problem(n.line, o.at, "unknown kind of target "+quote(kind), targetHint(kind, t.ID))
			continue
		}
		list = append(list, t)
	}
	return list
}

var targetKinds = []string{string(TargetPerson), string(TargetRotation), string(TargetTeam), string(TargetChannel)}

func targetHint(kind, id string) string {
	word := synonyms["target"][asciiLower(kind)]
	if word == "" {
		word = nearest(kind, targetKinds)
	}
	if word != "" {
		return "write " + word + ":" + id
	}
	return unknownHint(kind, targetKinds)
}

// bare is a target without its kind, which may be guessed once everything is known.
type bare struct {
	text, key string
	line      int
	at        *place
}

// checkBare reports the targets that do not say what they name.
func (r *reader) checkBare(known map[string][]string) {
	for _, b := range r.bare {
		id := strings.TrimLeft(strings.TrimSpace(strings.TrimSuffix(b.text, ":")), "@")
		var found []string
		for _, kind := range targetKinds {
			if slices.Contains(known[kind], id) {
				found = append(found, kind+":"+id)
			}
		}
		hint := "write person:, rotation:, team: or channel: in front of the name"
		switch {
		case strings.HasPrefix(id, "#") && len(id) > 1:
			hint = "write channel:" + id[1:]
		case len(found) > 0:
			hint = "write " + orWords(found)
		}
		r.problem(b.line, b.at, quote(b.text)+" in "+b.key+" is not a target", hint)
	}
}

func (r *reader) service(n *node, at *place) Service {
	o := r.object(n, at, "id", "name", "kind", "team", "policy", "tier", "functions", "runbook", "first_looks",
		"quick_actions", "dashboards", "documents", "depends_on", "agreement", "stakeholders")
	s := Service{
		ID: o.id(), Name: o.name("name"), Kind: o.oneOf("kind", "service", "product", "service", "infrastructure"),
		Team: o.ref("team", "team"), Policy: o.ref("policy", "policy"), Tier: o.whole("tier", 0, 1),
		Functions: o.texts("functions"), FirstLooks: o.texts("first_looks"), QuickActions: o.texts("quick_actions"),
		Dashboards: o.links("dashboards"), Documents: o.links("documents"), DependsOn: o.refsAt("service", "depends_on"),
		Agreement: o.ref("agreement", "agreement"), Stakeholders: o.targets("stakeholders"),
	}
	if s.Name == "" {
		s.Name = s.ID
	}
	if x := o.keys["runbook"]; x != nil {
		b := r.object(x, &place{up: at, word: "runbook"}, "title", "url", "reviewed")
		s.Runbook = Link{Title: b.text("title"), URL: b.address("url")}
		s.Reviewed = b.text("reviewed")
		if s.Reviewed != "" && len(dayNumbers([]string{s.Reviewed})) == 0 {
			b.bad("reviewed", "reviewed is "+quote(s.Reviewed)+", not a date", dateHint(s.Reviewed))
		}
	}
	return s
}

func (o *object) links(key string) []Link {
	var list []Link
	for _, n := range o.list(key) {
		x := o.object(n, &place{up: o.at, word: key}, "title", "url")
		list = append(list, Link{Title: x.text("title"), URL: x.address("url")})
	}
	return list
}

// address is the web address at key. Only http and https are followed by people
// without a second thought, so nothing else is allowed.
func (o *object) address(key string) string {
	s := o.need(key, "https://…")
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		o.bad(key, key+" is "+quote(s)+", not a web address", "write it in full, with https:// in front")
	}
	return s
}

var severities = []string{"sev1", "sev2", "sev3", "sev4"}

func (r *reader) agreement(n *node, at *place) Agreement {
	o := r.object(n, at, "id", "kind", "coverage", "targets", "words")
	a := Agreement{ID: o.id(), Kind: o.oneOf("kind", "none", "sla", "internal", "none"), Words: o.text("words")}
	if c := o.keys["coverage"]; c != nil {
		a.Coverage = r.coverage(c, &place{up: at, word: "coverage"})
	}
	t := o.keys["targets"]
	if t == nil {
		return a
	}
	x := r.object(t, &place{up: at, word: "targets"}, severities...)
	if len(x.keys) == 0 {
		return a
	}
	a.Targets = make(map[string]Promise, len(x.keys))
	for _, sev := range severities {
		if v := x.keys[sev]; v != nil {
			p := r.object(v, &place{up: x.at, word: sev}, "acknowledge", "update", "restore")
			a.Targets[sev] = Promise{Acknowledge: p.duration("acknowledge"), Update: p.duration("update"), Restore: p.duration("restore")}
		}
	}
	return a
}

func (r *reader) coverage(n *node, at *place) *Coverage {
	o, c := r.week(n, at)
	if o.keys != nil && c.To <= c.From {
		o.bad("to", "to is not after from", "coverage lies within one day; for the whole day write from: \"00:00\", to: \"24:00\"")
	}
	return c
}

const hoursExample = `hours: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00", time_zone: Europe/Berlin}`

// hours is the part of the week at key, nil where it is absent. It may last over
// midnight. Days and zone must be said: who is woken hangs on them.
func (o *object) hours(key string) *Coverage {
	n := o.keys[key]
	if n == nil {
		return nil
	}
	x, c := o.week(n, &place{up: o.at, word: key})
	if x.hollow("days") {
		x.bad("days", "has no days, so they would never begin", "add days: [mon, tue, wed, thu, fri]")
	}
	x.need("time_zone", "an IANA name such as Europe/Berlin")
	if x.has("from") && x.text("from") == x.text("to") {
		x.bad("to", "to is the same as from", `for the whole day write from: "00:00", to: "24:00"`)
	}
	return c
}

// week reads the block of a [Coverage].
func (r *reader) week(n *node, at *place) (*object, *Coverage) {
	o := r.object(n, at, "days", "from", "to", "time_zone", "holidays")
	c := &Coverage{Days: o.days("days"), TimeZone: o.zone("time_zone"), Holidays: o.dates("holidays")}
	if o.keys != nil {
		c.From, c.To = clockText(o.clock("from")), clockText(o.clock("to"))
	}
	return o, c
}

func clockText(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }
