package chat

import (
	"context"
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

	nobodyHit = "nobody" // the option of inputWho that says that there was no impact
)

// impact reads what is said of the impact: since or until and a time, or that there is none.
func (c *Command) impact() {
	word, rest := cut(c.Text)
	switch strings.Trim(strings.ToLower(word), trimmed) {
	case "since", "from", "began", "start", "started":
		c.Impact.Since, c.Text = typedTime(rest)
	case "until", "to", "till", "over", "ended", "end":
		c.Impact.Until, c.Text = typedTime(rest)
	case "none", "nobody", "no":
		c.Impact.None, c.Text = true, rest
	}
}

// typedTime takes a time off the beginning of a text, with its day if that stands before it.
func typedTime(text string) (when, rest string) {
	when, rest = cut(text)
	if day, err := time.Parse(time.DateOnly, dashes.Replace(when)); err == nil { // and then the minute
		word, after := cut(rest)
		return day.Format(time.DateOnly) + " " + word, after
	}
	return when, rest
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

// impactForm asks for what is known of the impact, beginning with what the record says.
func impactForm(i incident.Incident, functions []string, zone *time.Location, known string, state formState) slack.ModalViewRequest {
	line := func(block, label, hint, value string) slack.Block {
		e := slack.NewPlainTextInputBlockElement(nil, inputValue)
		e.MaxLength, e.InitialValue = 300, short(value, 300)
		var help *slack.TextBlockObject
		if hint != "" {
			help = plainText(hint)
		}
		return slack.NewInputBlock(block, plainText(label), help, e).WithOptional(true)
	}
	since, until, count := "", "", ""
	if n := len(i.Impact); n > 0 {
		since = i.Impact[0].Start.In(zone).Format("2006-01-02 15:04")
		if end := i.Impact[n-1].End; !end.IsZero() {
			until = end.In(zone).Format("2006-01-02 15:04")
		}
	}
	if i.Hit.Count > 0 {
		count = strconv.Itoa(i.Hit.Count)
	}
	blocks := []slack.Block{
		section("*" + i.Name() + " · " + esc(i.Title) + "*"),
		line(inputSince, "It began", "On your own clock: 14:05, or with the day.", since),
	}
	if !i.Status.Hurting() {
		blocks = append(blocks, line(inputUntil, "It was over", "", until))
	}
	hint := ""
	if len(functions) > 0 {
		hint = "As in: " + clip(strings.Join(functions, ", "), 140)
	}
	blocks = append(blocks, whoInput(i),
		line(inputCount, "How many", "A number. Empty where nobody has counted.", count),
		line(inputSource, "Where the number is from", "", i.Hit.Source),
		line(inputFunction, "What they cannot do", hint, i.Function),
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

// submittedImpact records what the form says where it says something new.
func (s *Slack) submittedImpact(ctx context.Context, c desk.Caller, n int, v slack.View) answer {
	b, err := s.desk.Show(ctx, c.Actor, n)
	if err != nil {
		return s.atInput(inputSince, err)
	}
	zone := s.zoneOf(c.Actor)
	value := func(block string) string { return strings.TrimSpace(stateOf(v, block).Value) }
	m := desk.Impact{Function: value(inputFunction)}
	was := impactForm(b.Incident, nil, zone, "", formState{})
	if m.Since = value(inputSince); m.Since == initialOf(was, inputSince) {
		m.Since = "" // to the second as it was
	}
	if m.Until = value(inputUntil); m.Until == initialOf(was, inputUntil) {
		m.Until = ""
	}
	h := incident.Hit{Source: value(inputSource)}
	for _, o := range stateOf(v, inputWho).SelectedOptions {
		if o.Value == nobodyHit {
			m.None = true
			continue
		}
		h.Who = append(h.Who, incident.Audience(o.Value))
	}
	if m.None && len(h.Who) > 0 {
		return s.atInput(inputWho, refuse("", "Nobody was hit, or somebody was: choose one of the two."))
	}
	if count := value(inputCount); count != "" {
		if h.Count, err = strconv.Atoi(strings.NewReplacer(",", "", ".", "", " ", "", "’", "", "'", "").Replace(count)); err != nil || h.Count < 0 {
			return s.atInput(inputCount, refuse("", "Write a number, as in 1200."))
		}
	}
	if m.None {
		m.Since, m.Until, h = "", "", incident.Hit{}
	}
	m.Hit = &h
	act := desk.Act{Verb: desk.SetImpact, Impact: m, Text: named(value(inputReason), s.nameOf), Zone: zone}
	if _, err := s.desk.Do(ctx, c, n, act); err != nil {
		if block := inputUntil; m.Until != "" && m.Since == "" {
			return s.atInput(block, err)
		}
		return s.atInput(inputSince, err)
	}
	return answer{}
}

// initialOf is what a text field of a form begins with.
func initialOf(v slack.ModalViewRequest, block string) string {
	for _, b := range v.Blocks.BlockSet {
		if in, ok := b.(*slack.InputBlock); ok && in.BlockID == block {
			if e, ok := in.Element.(*slack.PlainTextInputBlockElement); ok {
				return e.InitialValue
			}
		}
	}
	return ""
}

// saidImpact tells the channel what somebody says of the impact.
func (n names) saidImpact(e incident.Event) string {
	e.Text = "" // it is quoted
	return n.line(e)
}
