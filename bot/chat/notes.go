package chat

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// Limits of a message about what was noted. One of its lines shows the beginning of a
// long note; all of it is in the timeline. The rest to what Slack takes is for what an
// entry may gain when its time is set.
const (
	notesMost    = 8000 // characters
	notesEntries = 40
	noteLineMost = 900 // characters
)

// actObject opens the form for an objection; the value is the incident's number.
const actObject = "object"

// notes keeps the messages in the channel that list what was noted. It edits whichever
// show less than holds, and posts one at most: what was posted must be recorded before
// anything else can fail.
func (s *Slack) notes(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	o := desk.Outcome{Notes: slices.Clone(t.Artifacts.Notes)}
	pages := notePages(t.Incident, t.Noted(), t.Artifacts.Notes, s.names())
	for k, p := range pages {
		shown := hex.EncodeToString([]byte(digest(p.message)))
		is := desk.NotePage{From: p.from}
		if k < len(o.Notes) {
			if is = o.Notes[k]; is.Shown == shown {
				continue
			}
		}
		job := t.Job
		job.Target = strconv.Itoa(p.from) // by which it is found again
		kept, err := s.keep(ctx, job, in(t.Artifacts.Channel, is.Message), p.message)
		if err != nil {
			return desk.Outcome{}, err
		}
		posted := kept.Message != is.Message
		is.Message, is.Shown = kept.Message, shown
		if k < len(o.Notes) {
			o.Notes[k] = is
		} else {
			o.Notes = append(o.Notes, is)
		}
		if posted {
			o.Rest = k+1 < len(pages)
			break
		}
	}
	return o, nil
}

// notePage is a message about what was noted, from an event on.
type notePage struct {
	from    int
	message message
}

// notePages puts entries, which stand in the order in which they were entered, on
// messages: where the messages that there are begin stays as it is, since people have
// read them, and what the last one cannot hold begins another one.
func notePages(i incident.Incident, entries []incident.Entry, there []desk.NotePage, n names) []notePage {
	if len(entries) == 0 && len(there) == 0 {
		return nil
	}
	var pages []notePage
	var part []incident.Entry
	var from, size int
	next := func(begins int) {
		pages = append(pages, notePage{from, notesMessage(i, part, len(pages)+1, n)})
		from, part, size = begins, nil, 0
	}
	if len(there) > 0 {
		from = there[0].From
	} else {
		from = entries[0].Seq
	}
	for _, e := range entries {
		line := length(noteLine(e, n)) + 1
		for len(pages)+1 < len(there) && e.Seq >= there[len(pages)+1].From {
			next(there[len(pages)+1].From)
		}
		if len(pages)+1 >= len(there) && len(part) > 0 && (size+line > notesMost || len(part) == notesEntries) {
			next(e.Seq)
		}
		part, size = append(part, e), size+line
	}
	next(0)
	return pages
}

// notesMessage lists entries in the order of their own times.
func notesMessage(i incident.Incident, entries []incident.Entry, number int, n names) message {
	head := drillMark(i) + "*Notes and decisions*"
	if number > 1 {
		head = fmt.Sprintf("%s*Notes and decisions, part %d*", drillMark(i), number)
	}
	lines, decides := []string{head}, false
	entries = slices.DeleteFunc(slices.Clone(entries), func(e incident.Entry) bool { return e.Hidden })
	slices.SortStableFunc(entries, func(a, b incident.Entry) int { return a.At.Compare(b.At) })
	for _, e := range entries {
		lines = append(lines, noteLine(e, n))
		decides = decides || e.Decision > 0
	}
	if len(entries) == 0 {
		lines = append(lines, "What stood here was taken back or hidden.")
	}
	m := message{text: drillMark(i) + i.Name() + ": notes and decisions", blocks: sectionsOf(lines)}
	if number > 1 {
		m.text += fmt.Sprintf(", part %d", number)
	}
	if decides {
		m.blocks = append(m.blocks, slack.NewActionBlock("notes_"+strconv.Itoa(number), button(actObject, strconv.Itoa(i.Number), "Object…", "")))
	}
	return m
}

// noteLine shows an entry with its time and who wrote it.
func noteLine(e incident.Entry, n names) string {
	return "• " + at(e.At) + " " + clip(n.entry(e), noteLineMost)
}

// entry says an entry in one line, with which decision it is and whether its time was
// set by hand.
func (n names) entry(e incident.Entry) string {
	line := n.line(e.Event)
	if e.Decision > 0 {
		line = fmt.Sprintf("*Decision %d* · ", e.Decision) + line
	}
	if e.Set {
		line += " (time set by hand)"
	}
	return line
}
