package chat

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

const (
	actImpact  = "impact" // opens the form
	formImpact = "impact"

	inputSince  = "since"
	inputUntil  = "until"
	inputWho    = "who"
	inputCount  = "count"
	inputSource = "source"
	inputSeen   = "seen"

	nobodyHit = "nobody" // the option of inputWho that says that there was no impact
)

// impact reads what is said of the impact: since, until or both with a time, or that there is none.
func (c *Command) impact() {
	c.impactPart()
	one := c.Impact.Since == "" && c.Impact.Until != "" || c.Impact.Until == "" && c.Impact.Since != ""
	if _, rest := cut(c.Text); !one || !beginsTime(rest) {
		return
	}
	other := Command{Text: c.Text}
	other.impactPart()
	switch {
	case c.Impact.Until == "" && other.Impact.Until != "":
		c.Impact.Until, c.Text = other.Impact.Until, other.Text
	case c.Impact.Since == "" && other.Impact.Since != "":
		c.Impact.Since, c.Text = other.Impact.Since, other.Text
	}
}

// beginsTime tells whether a text begins with a time or a day in digits: "since 14:05 to 3
// customers" says nothing of an end.
func beginsTime(text string) bool {
	word, _ := cut(text)
	return word != "" && word[0] >= '0' && word[0] <= '9' && strings.ContainsAny(dashes.Replace(word), ":-")
}

// impactPart reads one thing that is said of the impact.
func (c *Command) impactPart() {
	word, rest := cut(c.Text)
	switch strings.Trim(strings.ToLower(word), trimmed) {
	case "since", "from", "began", "start", "started":
		c.Impact.Since, c.Text = typedTime(rest)
	case "until", "to", "till", "over", "ended", "end":
		c.Impact.Until, c.Text = typedTime(rest)
	case "none", "nobody", "no":
		c.Impact.None, c.Text = true, rest
	case "seen":
		c.seen(rest)
	}
}

// seen reads who saw the incident first, as in "by customers they wrote to us". Other words
// stay what they are.
func (c *Command) seen(rest string) {
	word, after := cut(rest)
	if low := strings.Trim(strings.ToLower(word), trimmed); low == "first" || low == "by" {
		c.seen(after)
		return
	}
	if by, ok := incident.ParseSeen(strings.Trim(word, trimmed)); ok {
		c.Impact.Seen, c.Text = by, after
	}
}

// typedTime takes a time off the beginning of a text, with its day if that stands before it.
func typedTime(text string) (when, rest string) {
	when, rest = cut(text)
	if day, err := time.Parse(time.DateOnly, dashes.Replace(when)); err == nil { // and then the minute
		word, after := cut(rest)
		return day.Format(time.DateOnly) + " " + strings.TrimRight(word, ",;:"), after
	}
	return strings.TrimRight(when, ",;:"), rest
}

// impactFormOn opens the form about the impact, whatever the status: most is known of it
// when it is over.
func (s *Slack) impactFormOn(ctx context.Context, trigger string, c desk.Caller, cmd Command, n int) answer {
	b, err := s.desk.Show(ctx, c.Actor, n)
	if err != nil {
		return s.told(c, s.mistake(err, cmd))
	}
	return s.thenForm(trigger, c, impactForm(b.Incident, b.Service.Functions, s.zoneOf(c.Actor), cmd.Text, formState{Incident: n, ReplyURL: c.ReplyURL}))
}

// impactFields are what the record says of the impact, as the fields of the form have it.
func impactFields(i incident.Incident, zone *time.Location) map[string]string {
	f := map[string]string{inputSource: i.Hit.Source, inputFunction: i.Function, inputSeen: string(i.SeenBy())}
	if n := len(i.Impact); n > 0 {
		f[inputSince] = i.Impact[0].Start.In(zone).Format("2006-01-02 15:04")
		if end := i.Impact[n-1].End; !end.IsZero() && !i.Status.Hurting() {
			f[inputUntil] = end.In(zone).Format("2006-01-02 15:04")
		}
	}
	if i.Hit.Count > 0 {
		f[inputCount] = strconv.Itoa(i.Hit.Count)
	}
	var who []string
	for _, a := range incident.Audiences {
		if i.Hit.Hits(a) {
			who = append(who, string(a))
		}
	}
	if i.ImpactNone() {
		who = append(who, nobodyHit)
	}
	f[inputWho] = strings.Join(who, ",")
	for block, value := range f {
		f[block] = short(strings.TrimSpace(value), impactMost)
	}
	return f
}

// impactMost is how many characters a line of the form has.
const impactMost = 300

// impactForm asks for what is known of the impact, beginning with what the record says.
func impactForm(i incident.Incident, functions []string, zone *time.Location, known string, state formState) slack.ModalViewRequest {
	now := impactFields(i, zone)
	state.Shown = map[string]string{}
	for block, value := range now {
		state.Shown[block] = asShown(value)
	}
	line := func(block, label, hint, value string) slack.Block {
		e := slack.NewPlainTextInputBlockElement(nil, inputValue)
		e.MaxLength, e.InitialValue = impactMost, short(value, impactMost)
		var help *slack.TextBlockObject
		if hint != "" {
			help = plainText(hint)
		}
		return slack.NewInputBlock(block, plainText(label), help, e).WithOptional(true)
	}
	blocks := []slack.Block{
		section("*" + i.Name() + " · " + esc(i.Title) + "*"),
		line(inputSince, "It began", "On your own clock: 14:05, or with the day.", now[inputSince]),
	}
	if !i.Status.Hurting() {
		blocks = append(blocks, line(inputUntil, "It was over", "", now[inputUntil]))
	}
	hint := ""
	if len(functions) > 0 {
		hint = "As in: " + clip(strings.Join(functions, ", "), 140)
	}
	blocks = append(blocks, whoInput(i),
		line(inputCount, "How many", "A number. Empty where nobody has counted.", now[inputCount]),
		line(inputSource, "Where the number is from", "", now[inputSource]),
		line(inputFunction, "What they cannot do", hint, now[inputFunction]),
		seenInput(i.SeenBy()),
		line(inputReason, "What you know it from", "", known))
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: formImpact, PrivateMetadata: state.String(),
		Title: plainText(clip("Impact of "+i.Name(), 24)), Submit: plainText("Save"), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// whoInput asks whom it hits.
func whoInput(i incident.Incident) slack.Block {
	option := func(value, words string) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(value, plainText(words), nil)
	}
	var options, chosen []*slack.OptionBlockObject
	for _, a := range incident.Audiences {
		o := option(string(a), incident.Capital(a.Words()))
		if options = append(options, o); i.Hit.Hits(a) {
			chosen = append(chosen, o)
		}
	}
	none := option(nobodyHit, "Nobody: there was no impact")
	if options = append(options, none); i.ImpactNone() {
		chosen = append(chosen, none)
	}
	boxes := slack.NewCheckboxGroupsBlockElement(inputValue, options...)
	boxes.InitialOptions = chosen
	return slack.NewInputBlock(inputWho, plainText("Who is hit"), nil, boxes).WithOptional(true)
}

// seenInput asks who saw it first.
func seenInput(by incident.Seen) slack.Block {
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Nobody has said"), inputValue)
	for _, s := range incident.Sights {
		o := slack.NewOptionBlockObject(string(s), plainText(incident.Capital(s.Words())), nil)
		if menu.Options = append(menu.Options, o); s == by {
			menu.InitialOption = o
		}
	}
	return slack.NewInputBlock(inputSeen, plainText(impactLabels[inputSeen]), nil, menu).WithOptional(true)
}

// submittedImpact records what somebody changed in the form.
func (s *Slack) submittedImpact(ctx context.Context, c desk.Caller, state formState, v slack.View) answer {
	sent := map[string]string{}
	for _, block := range impactBlocks {
		sent[block] = strings.TrimSpace(stateOf(v, block).Value)
	}
	sent[inputSeen] = stateOf(v, inputSeen).SelectedOption.Value
	var who []string
	for _, o := range stateOf(v, inputWho).SelectedOptions {
		who = append(who, o.Value)
	}
	slices.SortFunc(who, func(a, b string) int { return slices.Index(whoOrder, a) - slices.Index(whoOrder, b) })
	sent[inputWho] = strings.Join(who, ",")
	at, zone := inputSince, s.zoneOf(c.Actor)
	act := desk.Act{Verb: desk.SetImpact, Text: named(stateOf(v, inputReason).Value, s.nameOf), Zone: zone}
	act.Fit = func(i incident.Incident, a *desk.Act) (err error) {
		f := fields{state.Shown, sent, impactFields(i, zone)}
		if a.Impact, at, err = impactSent(f, i.Hit); err == nil && !a.Impact.Said() {
			at, err = inputReason, errUnchanged
			if incident.CleanText(a.Text) != "" {
				err = refuse("To write down what you know: note, and the words.", "Nothing else in the form was changed.")
			}
		}
		return err
	}
	_, err := s.desk.Do(ctx, c, state.Incident, act)
	switch {
	case errors.Is(err, errUnchanged), err == nil:
		return answer{}
	default:
		return s.atInput(at, err)
	}
}

// errUnchanged says that a form was sent as it was: then there is nothing to say.
var errUnchanged = errors.New("the form was sent as it was")

// impactBlocks are the lines of the form, with what each is called; whoOrder are the
// options of the boxes, in the order in which they are remembered.
var (
	impactBlocks = []string{inputSince, inputUntil, inputCount, inputSource, inputFunction}
	impactLabels = map[string]string{inputSince: "It began", inputUntil: "It was over", inputWho: "Who is hit", inputCount: "How many",
		inputSource: "Where the number is from", inputFunction: "What they cannot do", inputSeen: "First seen by"}
	whoOrder = func() (order []string) {
		for _, a := range incident.Audiences {
			order = append(order, string(a))
		}
		return append(order, nobodyHit)
	}()
)

// impactSent is what somebody changed in the form, of what is said of whom it hits now, and
// the input at which an error belongs.
func impactSent(f fields, hit incident.Hit) (m desk.Impact, at string, err error) {
	if err := overtakenImpact(f); err != nil {
		return m, inputSince, err
	}
	if f.changed(inputSince) {
		m.Since = f.sent[inputSince]
	}
	if f.changed(inputUntil) {
		m.Until = f.sent[inputUntil]
	}
	if f.changed(inputFunction) {
		m.Function = f.sent[inputFunction]
	}
	if f.changed(inputSeen) {
		m.Seen = incident.Seen(f.sent[inputSeen])
	}
	if m.Hit, err = hitSent(f, hit); err != nil {
		return m, inputCount, err
	}
	who := strings.Split(f.sent[inputWho], ",")
	nobody := slices.Contains(who, nobodyHit)
	switch {
	case nobody && len(who) > 1:
		return m, inputWho, refuse("", "Nobody was hit, or somebody was: choose one of the two.")
	case nobody && f.changed(inputWho):
		return desk.Impact{None: true, Function: m.Function, Seen: m.Seen, Hit: &incident.Hit{}}, inputWho, nil
	case nobody && (m.Hit != nil || m.Since != "" || m.Until != ""):
		return m, inputWho, refuse("If somebody was, say who.", "It says that nobody was hit.")
	}
	if m.Hit != nil && !m.Hit.Known() && strings.Contains(f.now[inputWho], nobodyHit) && m.Since == "" && m.Until == "" {
		return m, inputWho, refuse("Say who, how many, or since when.", "Somebody was hit after all.")
	}
	if m.Until != "" && m.Since == "" {
		return m, inputUntil, nil
	}
	return m, inputSince, nil
}

// hitSent is whom it hits, with what somebody changed in the form; nil: nothing.
func hitSent(f fields, hit incident.Hit) (*incident.Hit, error) {
	if !f.changed(inputWho) && !f.changed(inputCount) && !f.changed(inputSource) {
		return nil, nil
	}
	if f.changed(inputSource) {
		hit.Source = f.sent[inputSource]
	}
	if f.changed(inputCount) {
		n, err := countOf(f.sent[inputCount])
		if err != nil {
			return nil, err
		}
		hit.Count = n
	}
	if f.changed(inputWho) {
		hit.Who = nil
		for a := range strings.SplitSeq(f.sent[inputWho], ",") {
			if a != "" && a != nobodyHit {
				hit.Who = append(hit.Who, incident.Audience(a))
			}
		}
	}
	return &hit, nil
}

// overtakenImpact says of which fields of the form somebody else has changed the same.
func overtakenImpact(f fields) error {
	m := &meanwhile{shown: map[string]string{}}
	var says []string
	for _, block := range append([]string{inputWho, inputSeen}, impactBlocks...) {
		if !f.overtaken(block) {
			continue
		}
		m.shown[block] = asShown(f.now[block])
		m.input = cmp.Or(m.input, block)
		now := cmp.Or(strings.ReplaceAll(strings.ReplaceAll(f.now[block], "_", " "), ",", ", "), "empty")
		says = append(says, "“"+impactLabels[block]+"” is "+now+" by now")
	}
	if len(says) == 0 {
		return nil
	}
	m.says = "Somebody else has changed this since you opened the form: " + strings.Join(says, "; ") + "." + sayAgain
	return m
}

// countOf reads how many somebody says were hit; none where nobody has counted.
func countOf(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.NewReplacer(",", "", ".", "", " ", "", "’", "", "'", "").Replace(text))
	if err != nil || n < 0 {
		return 0, refuse("", "Write a number, as in 1200.")
	}
	return n, nil
}

// saidImpact tells the channel what somebody says of the impact.
func (n names) saidImpact(e incident.Event) string {
	e.Text = "" // it is quoted
	return n.line(e)
}
