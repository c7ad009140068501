package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// dayWidth is how many characters a day has in the terminal: one for two hours.
const dayWidth = 12

// fills are what the rest of a bar is made of, and marks what stands before the names.
var (
	fills = map[Kind]string{Turn: "─", Override: "═", Swap: "≈", Gap: " ", Differs: "═"}
	marks = map[Kind]string{Override: "*", Swap: "~", Gap: "!", Differs: "≠"}
)

// Text returns the chart as bars of characters, a block of lines for each week. People
// are called by their IDs. What does not fit into its bar stands in a line below.
func (c Chart) Text() string {
	var b strings.Builder
	label := len("rotation")
	for _, r := range c.Rows {
		label = max(label, utf8.RuneCountInString(r.Rotation))
	}
	label = min(label, 24)
	for _, w := range c.weeks() {
		rows := slices.DeleteFunc(slices.Clone(c.Rows), func(r Row) bool { return len(c.within(r, w)) == 0 })
		if len(rows) == 0 && len(c.Rows) > 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%-*s ", label, "")
		for d := w.from; d < w.to; d++ {
			fmt.Fprintf(&b, "|%-*s", dayWidth-1, c.Days[d].In(c.Zone).Format("Mon 2 Jan"))
		}
		b.WriteString("|\n")
		for _, r := range rows {
			line, rest := c.textRow(r, w)
			fmt.Fprintf(&b, "%-*s %s\n", label, fit(r.Rotation, label), line)
			for _, s := range rest {
				fmt.Fprintf(&b, "%-*s   %s\n", label, "", s)
			}
		}
	}
	for _, s := range c.legend() {
		b.WriteString("\n" + s)
	}
	return b.String() + "\n"
}

// clock says on whose clock the days lie, and when it is changed.
func (c Chart) clock() []string {
	list := []string{"Days are those of " + c.Zone.String() + "."}
	if c.Zone == time.Local {
		list[0] = "Days are those of this machine's clock (" + c.Days[0].In(c.Zone).Format("MST") + ")."
	}
	if days := c.changed(); len(days) > 0 {
		list = append(list, "The clocks are changed on "+strings.Join(days, " and ")+".")
	}
	return list
}

// legend says what the marks are, and on whose clock the days lie.
func (c Chart) legend() []string {
	list := c.clock()
	for _, k := range []struct {
		kind Kind
		says string
	}{{Override, "* somebody was put there by an override"}, {Swap, "~ shifts were swapped"}, {Gap, "! nobody is on call"}, {Differs, "≠ the two differ"}} {
		if c.has(k.kind) {
			list = append(list, k.says)
		}
	}
	return list
}

// textRow is a rotation in a week: the bars, and lines for those that have no room for
// their names.
func (c Chart) textRow(r Row, w week) (line string, rest []string) {
	cells := make([]string, (w.to-w.from)*dayWidth)
	for k := range cells {
		cells[k] = " "
	}
	for _, bar := range c.within(r, w) {
		from, to := c.place(w, bar.Start, dayWidth), c.place(w, bar.End, dayWidth)
		text := marks[bar.Kind] + bar.names(func(p Person) string { return p.ID })
		if room := to - from - 1; utf8.RuneCountInString(text) > room {
			rest = append(rest, c.span(bar)+" "+text)
			if room > 3 {
				text = fit(text, room)
			} else {
				text = fit(marks[bar.Kind], room)
			}
		}
		for k := from; k < to; k++ {
			cells[k] = fills[bar.Kind]
		}
		if from < to {
			cells[from] = "|"
		} else if from < len(cells) { // shorter than a character
			cells[from] = "|"
		}
		k := from + 1
		for _, ch := range text {
			if k < to {
				cells[k] = string(ch)
			}
			k++
		}
	}
	return strings.Join(cells, "") + "|", rest
}

// span says when a bar is.
func (c Chart) span(b Bar) string {
	from, to := b.Start.In(c.Zone), b.End.In(c.Zone)
	layout := "Mon 2 Jan 15:04"
	if from.YearDay() == to.YearDay() {
		layout = "15:04"
	}
	return from.Format("Mon 2 Jan 15:04") + " to " + to.Format(layout)
}

// fit cuts text to so many characters.
func fit(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	if most < 1 {
		return ""
	}
	return string([]rune(s)[:most-1]) + "…"
}
