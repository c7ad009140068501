package dispatch

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/notify"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// message is what a person is told about the incidents of some pages.
func (w *Methods) message(j ledger.Job, pages []desk.Notification, to rotation.Person) notify.Message {
	m := notify.Message{ID: j.Key()}
	briefs := make([]desk.Brief, 0, len(pages))
	seen := map[int]bool{}
	for _, p := range pages {
		if seen[p.Job.Incident] {
			continue
		}
		seen[p.Job.Incident] = true
		briefs = append(briefs, p.Brief)
		if p.Brief.Incident.Severity <= incident.Sev2 {
			m.Urgency = notify.High
		}
	}
	if len(briefs) > 1 {
		w.several(&m, j.Via, briefs)
		return m
	}
	b := briefs[0]
	words := cmp.Or(j.Text, b.Again)
	switch j.Via {
	case "sms":
		m.Subject, m.Text = smsPage(b, words, w.smsRoom())
	case "voice":
		m.Subject = spokenLine(b, words)
	default:
		m.Subject, m.Runbook = subject(b), b.Runbook()
		m.Text = joined("\n", words, b.Incident.Says, w.details(b, to))
	}
	return m
}

// stillNeeded is what a message about several incidents says when some of them
// need nobody any more.
func (w *Methods) stillNeeded(m *notify.Message, briefs []desk.Brief) {
	var names, needed, settled []string
	for _, b := range briefs {
		if asks(b) {
			names = append(names, b.Incident.Name())
			needed = append(needed, subject(b))
		} else {
			settled = append(settled, w.news(b.Incident))
		}
	}
	first := strings.Join(names[:min(len(names), 8)], ", ")
	switch len(names) {
	case 0:
		m.Subject = "None of these incidents needs you any more."
	case 1:
		m.Subject = first + " still needs you."
	default:
		m.Subject = fmt.Sprintf("%d incidents still need you: %s", len(names), first)
	}
	m.Text = linesOf(append(needed, settled...))
}

// linesOf are lines about incidents, as many as a screen shows.
func linesOf(lines []string) string {
	const most = 30
	if more := len(lines) - most; more > 0 {
		lines = append(lines[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// several is the message about more than one incident. What it acknowledges is
// what it names, so a text message that cannot name all says how many.
func (w *Methods) several(m *notify.Message, via string, briefs []desk.Brief) {
	var names, lines []string
	for _, b := range briefs {
		names = append(names, b.Incident.Name())
		line := subject(b)
		if b.Again != "" {
			line += " · " + b.Again
		}
		lines = append(lines, line)
	}
	count := strconv.Itoa(len(briefs))
	switch via {
	case "sms":
		worst := worstOf(briefs)
		m.Subject = smsLine(count+" incidents need you: "+strings.Join(names, " "), w.smsRoom())
		if len(names) > 8 {
			m.Subject = smsLine(fmt.Sprintf("%s incidents need you, %s to %s, worst %s %s: %s", count, names[0], names[len(names)-1],
				worst.Incident.Severity, worst.ServiceName(), worst.Incident.Title), w.smsRoom())
		}
	case "voice":
		worst := worstOf(briefs)
		m.Subject = count + " incidents need you. The worst is " + spokenLine(worst, "")
	default:
		m.Subject = count + " incidents need you: " + strings.Join(names[:min(len(names), 8)], ", ")
		if via != "push" { // which shows little, and opens the pages by its button
			for n, b := range briefs {
				lines[n] = joined("\n", subject(b), b.Incident.Says, titled("Runbook: ", b.Runbook()))
			}
		}
		m.Text = linesOf(lines)
	}
}

func worstOf(briefs []desk.Brief) desk.Brief {
	worst := briefs[0]
	for _, b := range briefs {
		if b.Incident.Severity < worst.Incident.Severity {
			worst = b
		}
	}
	return worst
}

// subject is an incident in one line.
func subject(b desk.Brief) string {
	i := b.Incident
	return test(i) + i.Name() + " · " + i.Severity.String() + " · " + b.ServiceName() + " · " + i.Title
}

func test(i incident.Incident) string {
	if i.Test {
		return "DRILL "
	}
	return ""
}

// details says who declared it and when, in the reader's own time.
func (w *Methods) details(b desk.Brief, to rotation.Person) string {
	i := b.Incident
	at := incident.Clock(i.Declared, time.Now(), w.opt.People.Current().Roster.Location(to.ID))
	who := "an alert"
	if kind, _ := i.DeclaredBy.Split(); kind != "alert" {
		who = w.opt.People.Current().DisplayName(i.DeclaredBy)
	}
	text := "Declared by " + who + ", " + at + "."
	if i.ChannelName != "" {
		text += "\nSlack: #" + i.ChannelName
	}
	if i.Test {
		text += "\nThis is a drill: nothing is broken."
	}
	return text
}

// spokenLine is an incident as a voice says it, with the words of whoever asks, if
// there are any: no signs, no abbreviations.
func spokenLine(b desk.Brief, words string) string {
	i := b.Incident
	if words != "" {
		words += ". "
	}
	s := fmt.Sprintf("Incident %d, severity %d, %s. %s%s", i.Number, int(i.Severity), b.ServiceName(), words, i.Title)
	if says := withoutAddresses(i.Says); says != "" {
		s += ". " + says
	}
	if i.Test {
		s = "This is a drill. " + s
	}
	return s
}

// withoutAddresses leaves out of a text what nobody can hear.
func withoutAddresses(s string) string {
	words := strings.Fields(s)
	return strings.Join(slices.DeleteFunc(words, func(word string) bool { return strings.Contains(word, "://") }), " ")
}

// joined puts together what is not empty.
func joined(between string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), between)
}

// titled puts a title before what is not empty.
func titled(title, s string) string {
	if s == "" {
		return ""
	}
	return title + s
}

// followed puts an end behind what is not empty.
func followed(s, end string) string {
	if s == "" {
		return ""
	}
	return s + end
}

// news says how an incident stands that asks for nothing any more.
func (w *Methods) news(i incident.Incident) string {
	if i.Status.Active() && !i.Resolved.IsZero() { // this screen may say that it is over
		s := i.Name() + " is open again. "
		if i.Acked() {
			return s + incident.Capital(w.opt.People.Current().DisplayName(i.AcknowledgedBy)) + " is on it."
		}
		return s + "Nobody is on it yet."
	}
	if i.Status.Active() && i.Acked() {
		return i.Name() + " is acknowledged by " + w.opt.People.Current().DisplayName(i.AcknowledgedBy) + "."
	}
	if i.Asking { // since this was decided
		return i.Name() + " was acknowledged by " + w.opt.People.Current().DisplayName(i.AcknowledgedBy) + ", but people are being paged again."
	}
	return i.Name() + " is " + string(i.Status) + "."
}
