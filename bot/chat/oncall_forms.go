package chat

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/rotation"
)

// The callback IDs of forms about on call.
const (
	formOverride = "oncall_override"
	formSwap     = "oncall_swap"
	formCover    = "oncall_cover"
	formAway     = "oncall_away"
)

// The blocks of forms about on call; each has one input, whose action is "value".
const (
	inputRotation = "rotation"
	inputKind     = "kind"
	inputPerson   = "person"
	inputBy       = "by"
	inputShift    = "shift"
	inputWith     = "with"
	inputReason   = "reason"
	inputFrom     = "from" // with _date, _time and _pass
	inputTo       = "to"
	inputBackFrom = "back_from"
	inputBackTo   = "back_to"
)

// oncallState is what a form about on call remembers from its opening to its
// submission.
type oncallState struct {
	Zone     string   `json:"zone"`
	ReplyURL string   `json:"reply_url,omitempty"`
	Asked    []string `json:"asked,omitempty"` // times that happen twice, for which the form asks which
}

func (f oncallState) String() string {
	b, _ := json.Marshal(f) // of strings: cannot fail
	return string(b)
}

func readOncallState(s string) oncallState {
	var f oncallState
	_ = json.Unmarshal([]byte(s), &f) // an unreadable state is an empty one
	return f
}

// zone is the reader's zone.
func (f oncallState) zone() *time.Location {
	loc, err := time.LoadLocation(f.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// oncallForm is a form about on call: what it shows again when it must ask once
// more is taken from values.
type oncallForm struct {
	roster *rotation.Roster
	state  oncallState
	values map[string]slack.BlockAction // by block; what was filled in
	typed  string                       // what opened it, where more was typed than it could be filled in from
}

func (f oncallForm) value(block string) slack.BlockAction { return f.values[block] }

// view wraps the inputs of a form.
func (f oncallForm) view(id, title, submit string, blocks ...slack.Block) slack.ModalViewRequest {
	if f.typed != "" {
		blocks = append([]slack.Block{contextLine("You typed: " + esc(short(f.typed, 500)) + "\nPlease fill in here what is still missing.")}, blocks...)
	}
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: id, PrivateMetadata: f.state.String(),
		Title: plainText(title), Submit: plainText(submit), Close: plainText("Cancel"),
		Blocks: slack.Blocks{BlockSet: blocks},
	}
}

// override asks who is on call instead of whom, where and when.
func (f oncallForm) override() slack.ModalViewRequest {
	blocks := []slack.Block{f.rotations(), f.kinds(),
		f.user(inputPerson, "Whose duty", "Only for “instead of”."),
		f.users(inputBy, "Who", "Nobody with “exactly” is a deliberate pause.")}
	blocks = append(blocks, f.when(inputFrom, "From", required)...)
	blocks = append(blocks, f.when(inputTo, "To", required)...)
	return f.view(formOverride, "Change who is on call", "Change", append(blocks, f.reason())...)
}

// swap asks somebody to take one of the reader's shifts.
func (f oncallForm) swap(shifts []oncall.Gap) slack.ModalViewRequest {
	blocks := []slack.Block{f.shifts(shifts), f.user(inputWith, "Who should take it", "")}
	blocks[1] = slack.NewInputBlock(inputWith, plainText("Who should take it"), nil, f.userSelect(inputWith))
	blocks = append(blocks, f.part()...)
	blocks = append(blocks, section("*In return* (leave empty for none): a time in which they are on call there"))
	blocks = append(blocks, f.when(inputBackFrom, "In return from", optional)...)
	blocks = append(blocks, f.when(inputBackTo, "In return to", optional)...)
	return f.view(formSwap, "Ask for a swap", "Ask", append(blocks, f.reason())...)
}

// cover asks everybody to take one of the reader's shifts.
func (f oncallForm) cover(shifts []oncall.Gap) slack.ModalViewRequest {
	blocks := append([]slack.Block{f.shifts(shifts)}, f.part()...)
	return f.view(formCover, "Who takes it?", "Ask everybody", append(blocks, f.reason())...)
}

// away asks for an absence.
func (f oncallForm) away() slack.ModalViewRequest {
	blocks := append(f.when(inputFrom, "Away from", required), f.when(inputTo, "Back at", required)...)
	return f.view(formAway, "Time off", "Record", blocks...)
}

// need is whether an input must be filled in.
type need int

const (
	required need = iota
	optional
)

func (f oncallForm) rotations() slack.Block {
	var options []*slack.OptionBlockObject
	chosen := f.value(inputRotation).SelectedOption.Value
	var initial *slack.OptionBlockObject
	for _, r := range f.roster.Rotations {
		if len(options) == 100 {
			break // Slack takes no more; /oncall override ID chooses any
		}
		o := slack.NewOptionBlockObject(clip(r.ID, 150), plainText(clip(r.ID, 75)), nil)
		if r.ID == chosen {
			initial = o
		}
		options = append(options, o)
	}
	if initial == nil && chosen != "" {
		initial = slack.NewOptionBlockObject(clip(chosen, 150), plainText(clip(chosen, 75)), nil)
		options = append(options[:min(len(options), 99)], initial)
	}
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Which rotation"), inputValue, options...)
	e.InitialOption = initial
	return slack.NewInputBlock(inputRotation, plainText("Rotation"), nil, e)
}

var overrideKinds = []struct {
	kind  rotation.OverrideKind
	label string
}{
	{rotation.Replace, "instead of somebody"}, {rotation.Add, "in addition"},
	{rotation.Remove, "take them off"}, {rotation.Set, "exactly these people"},
}

func (f oncallForm) kinds() slack.Block {
	var options []*slack.OptionBlockObject
	chosen := 0
	for n, k := range overrideKinds {
		options = append(options, slack.NewOptionBlockObject(string(k.kind), plainText(k.label), nil))
		if string(k.kind) == f.value(inputKind).SelectedOption.Value {
			chosen = n
		}
	}
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, inputValue, options...)
	e.InitialOption = options[chosen]
	return slack.NewInputBlock(inputKind, plainText("How"), nil, e)
}

func (f oncallForm) userSelect(block string) *slack.SelectBlockElement {
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeUser, plainText("Choose"), inputValue)
	e.InitialUser = f.value(block).SelectedUser
	return e
}

func (f oncallForm) user(block, label, hint string) slack.Block {
	return slack.NewInputBlock(block, plainText(label), hintText(hint), f.userSelect(block)).WithOptional(true)
}

func hintText(s string) *slack.TextBlockObject {
	if s == "" {
		return nil
	}
	return plainText(s)
}

func (f oncallForm) users(block, label, hint string) slack.Block {
	e := slack.NewOptionsMultiSelectBlockElement(slack.MultiOptTypeUser, plainText("Choose"), inputValue)
	e.InitialUsers = f.value(block).SelectedUsers
	return slack.NewInputBlock(block, plainText(label), hintText(hint), e).WithOptional(true)
}

// shifts offers the reader's own shifts ahead.
func (f oncallForm) shifts(list []oncall.Gap) slack.Block {
	var options []*slack.OptionBlockObject
	var initial *slack.OptionBlockObject
	for _, g := range list[:min(len(list), 100)] {
		from, to := g.Start.In(f.state.zone()), g.End.In(f.state.zone())
		label := fmt.Sprintf("%s – %s · %s", from.Format("Mon 2 Jan 15:04"), to.Format("Mon 2 Jan 15:04"), g.Rotation)
		o := slack.NewOptionBlockObject(stretchValue(g, ""), plainText(clip(label, 75)), nil)
		if o.Value == f.value(inputShift).SelectedOption.Value {
			initial = o
		}
		options = append(options, o)
	}
	e := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText("Which of your shifts"), inputValue, options...)
	e.InitialOption = initial
	return slack.NewInputBlock(inputShift, plainText("Your shift"), nil, e)
}

// part asks for a part of a shift.
func (f oncallForm) part() []slack.Block {
	blocks := append([]slack.Block{section("*Only a part of it* (leave empty for all of it)")}, f.when(inputFrom, "From", optional)...)
	return append(blocks, f.when(inputTo, "To", optional)...)
}

func (f oncallForm) reason() slack.Block {
	e := slack.NewPlainTextInputBlockElement(plainText("In a few words, for the history"), inputValue)
	e.InitialValue, e.MaxLength = f.value(inputReason).Value, 200
	return slack.NewInputBlock(inputReason, plainText("Reason"), nil, e).WithOptional(true)
}

// when asks for a date and a time on the reader's clock, and for which of the two
// where that time happens twice.
func (f oncallForm) when(block, label string, n need) []slack.Block {
	date := slack.NewDatePickerBlockElement(inputValue)
	date.InitialDate = f.value(block + "_date").SelectedDate
	clock := slack.NewTimePickerBlockElement(inputValue)
	clock.InitialTime = f.value(block + "_time").SelectedTime
	dateInput := slack.NewInputBlock(block+"_date", plainText(label+", date"), nil, date)
	timeInput := slack.NewInputBlock(block+"_time", plainText(label+", time"), plainText("On your clock: "+f.state.Zone), clock)
	if n == optional {
		dateInput, timeInput = dateInput.WithOptional(true), timeInput.WithOptional(true)
	}
	blocks := []slack.Block{dateInput, timeInput}
	if slices.Contains(f.state.Asked, block) {
		first := slack.NewOptionBlockObject("first", plainText("the first one, before the clocks go back"), nil)
		second := slack.NewOptionBlockObject("second", plainText("the second one, after it"), nil)
		e := slack.NewRadioButtonsBlockElement(inputValue, first, second)
		what := f.value(block+"_time").SelectedTime + " happens twice that day. Which one?"
		blocks = append(blocks, slack.NewInputBlock(block+"_pass", plainText(label+": "+what), nil, e))
	}
	return blocks
}

// filled is what a submitted form says about on call.
type filled struct {
	state  oncallState
	values map[string]slack.BlockAction
	errors map[string]string // by block
	twice  []string          // times that happen twice and have no choice yet
}

func readFilled(v slack.View) *filled {
	f := &filled{state: readOncallState(v.PrivateMetadata), values: map[string]slack.BlockAction{}, errors: map[string]string{}}
	if v.State == nil {
		return f
	}
	for block, actions := range v.State.Values {
		f.values[block] = actions[inputValue]
	}
	return f
}

func (f *filled) wrong(block, format string, args ...any) {
	if f.errors[block] == "" {
		f.errors[block] = clip(fmt.Sprintf(format, args...), 150)
	}
}

// instant reads a date and a time on the reader's clock. A time that the clocks
// skip is refused with its neighbours; one that happens twice must be chosen. The
// zero time means that nothing was filled in, or that something is wrong.
func (f *filled) instant(block string) time.Time {
	date, clock := f.values[block+"_date"].SelectedDate, f.values[block+"_time"].SelectedTime
	switch {
	case date == "" && clock == "":
		return time.Time{}
	case date == "":
		f.wrong(block+"_date", "Choose the date too.")
		return time.Time{}
	case clock == "":
		f.wrong(block+"_time", "Choose the time too.")
		return time.Time{}
	}
	local, err := rotation.ParseLocal(date + "T" + clock)
	if err != nil {
		f.wrong(block+"_time", "%s %s is not a date and a time.", date, clock)
		return time.Time{}
	}
	m := rotation.Place(f.state.zone(), local)
	switch m.Verdict {
	case rotation.Reject:
		f.wrong(block+"_time", "The clocks skip %s that day in %s. Take %s or %s.", clock, f.state.Zone, timeOfDay(m.Before), timeOfDay(m.After))
		return time.Time{}
	case rotation.Ask:
		switch f.values[block+"_pass"].SelectedOption.Value {
		case "first":
			return m.Instants[0]
		case "second":
			return m.Instants[1]
		}
		f.twice = append(f.twice, block)
		return m.First
	}
	return m.First
}

// timeOfDay is the time of day of a wall-clock time.
func timeOfDay(l rotation.Local) string {
	_, clock, _ := strings.Cut(l.String(), "T")
	return clock
}

// again is the form with the questions about times that happen twice.
func (f *filled) again(r *rotation.Roster) oncallForm {
	f.state.Asked = f.twice
	for block := range f.values {
		if strings.HasSuffix(block, "_pass") {
			delete(f.values, block)
		}
	}
	return oncallForm{roster: r, state: f.state, values: f.values}
}

// stretch reads what stretchValue wrote.
func stretch(value string) (g oncall.Gap, person string, ok bool) {
	parts := strings.Split(value, "/")
	if len(parts) != 4 {
		return oncall.Gap{}, "", false
	}
	start, err1 := strconv.ParseInt(parts[1], 10, 64)
	end, err2 := strconv.ParseInt(parts[2], 10, 64)
	span := oncall.Span{Start: time.Unix(start, 0).UTC(), End: time.Unix(end, 0).UTC()}
	return oncall.Gap{Rotation: parts[0], Span: span}, parts[3], err1 == nil && err2 == nil
}
