package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// esc makes text from outside plain in mrkdwn: it can neither mention nor link
// nor break out of what surrounds it (Slack: escape exactly these three). It is
// the only escaper for Slack; what it returns is the only foreign text in mrkdwn.
func esc(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// clip cuts s, escaped or not, to most characters. It never cuts an entity in
// two, which would show as half of one.
func clip(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	s = string([]rune(s)[:most-1])
	if amp := strings.LastIndexByte(s, '&'); amp >= 0 && !strings.Contains(s[amp:], ";") && len(s)-amp < 6 {
		s = s[:amp]
	}
	return strings.TrimRight(s, " \n") + "…"
}

// quote shows text as a quotation of at most a few lines.
func quote(s string, most int) string {
	return "> " + strings.ReplaceAll(clip(esc(s), most), "\n", "\n> ")
}

// at shows an instant in the reader's own time zone.
func at(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 15:04 UTC"))
}

// clock shows an instant of today in the reader's own time zone.
func clock(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{time}|%s>", t.Unix(), t.UTC().Format("15:04 UTC"))
}

// long says a duration as people do, to the minute: "under a minute", "7 min", "1 h 5 min".
func long(d time.Duration) string {
	m := int(d.Round(time.Minute) / time.Minute)
	switch {
	case d < time.Minute:
		return "under a minute"
	case m < 60:
		return fmt.Sprintf("%d min", m)
	case m%60 == 0:
		return fmt.Sprintf("%d h", m/60)
	default:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	}
}

// names shows actors. It is what the builders of blocks know of people.
type names struct {
	slackID func(incident.Actor) string
	plain   func(incident.Actor) string
}

func (s *Slack) names() names { return names{slackID: s.desk.SlackID, plain: s.desk.DisplayName} }

// who shows an actor in mrkdwn: as a mention where Slack knows the person.
func (n names) who(a incident.Actor) string {
	if id := n.slackID(a); id != "" {
		return "<@" + id + ">"
	}
	switch kind, id := a.Split(); kind {
	case "alert":
		return "an alert from " + esc(id)
	case "bot":
		return "Stormbell"
	case "admin":
		return esc(id) + " (command line)"
	default:
		return esc(n.plain(a))
	}
}

// all shows several actors.
func (n names) all(actors []incident.Actor) string {
	var list []string
	for _, a := range actors {
		list = append(list, n.who(a))
	}
	return strings.Join(list, ", ")
}

// refusal shows a refusal to a person.
func (n names) refusal(r *incident.Refusal) string {
	plain := incident.Refusal{Why: esc(r.Why), Next: esc(r.Next)}
	return plain.Text(n.who(r.Who), clock(r.When))
}

// line says an event of a timeline in one line of mrkdwn.
func (n names) line(e incident.Event) string {
	text := esc(e.Text)
	with := func(s string) string {
		if text == "" {
			return s + "."
		}
		return s + ": " + text
	}
	switch e.Kind {
	case incident.KindDeclared:
		return fmt.Sprintf("Declared %s by %s: %s", e.Severity, n.who(e.By), esc(e.Title))
	case incident.KindAcknowledged:
		return n.who(e.By) + " acknowledged."
	case incident.KindInvestigate:
		return with("Back to investigating")
	case incident.KindMitigating:
		return with("Relief is being applied")
	case incident.KindMitigated:
		return with("Mitigated by " + string(e.How))
	case incident.KindResolved:
		return with("Resolved by " + n.who(e.By))
	case incident.KindClosed:
		return with("Closed by " + n.who(e.By))
	case incident.KindReopened:
		return with("Reopened by " + n.who(e.By))
	case incident.KindCancelled:
		return with("Cancelled by " + n.who(e.By) + ", it was no incident")
	case incident.KindMerged:
		return "Now a part of " + incident.Name(e.Into) + "."
	case incident.KindNote:
		if e.Note != "" {
			return fmt.Sprintf("%s, %s: %s", n.who(e.By), e.Note, text)
		}
		return n.who(e.By) + ": " + text
	case incident.KindSeverity:
		return with("Now " + e.Severity.String())
	case incident.KindTitle:
		return "Renamed: " + esc(e.Title)
	case incident.KindService:
		return with("Moved to " + esc(e.Service))
	case incident.KindRole:
		return n.who(e.Person) + " is " + esc(string(e.Role)) + "."
	case incident.KindFollowUp:
		return fmt.Sprintf("Follow-up %s: %s, due %s.", e.FollowUp.ID, esc(e.FollowUp.Title), e.FollowUp.Due.Format("2 Jan 2006"))
	case incident.KindChannel:
		return "The channel stands: <#" + e.Channel + ">."
	case incident.KindAlert:
		return fmt.Sprintf("The alert fired again, %d times by now.", e.Count)
	case incident.KindAlertOver:
		return "The alert's sender says that it is over."
	case incident.KindPaged:
		return "Paged " + n.target(e) + " by " + esc(e.Via) + because(e.Reason) + "."
	case incident.KindPageFailed:
		return "Could not page " + n.target(e) + " by " + esc(e.Via) + ": " + text
	default:
		return text
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + esc(reason) + ")"
}

// target is whom a page went to.
func (n names) target(e incident.Event) string {
	if e.Person != "" {
		return n.who(e.Person)
	}
	return esc(e.Target)
}

// said is what the channel is told of an event: a little more than its line
// where people need to know what follows.
func (n names) said(i incident.Incident, e incident.Event) string {
	switch e.Kind {
	case incident.KindAcknowledged:
		return fmt.Sprintf("%s is on it, %s after the declaration.", n.who(e.By), long(e.At.Sub(i.Declared)))
	case incident.KindMitigated:
		s := fmt.Sprintf("Customers are fine since %s (%s). ", clock(e.At), long(i.Hurting(e.At)))
		if e.How != incident.Fix {
			s += "It is a " + string(e.How) + "; a lasting fix is opened as a follow-up."
		}
		if e.Text != "" {
			s += "\n" + quote(e.Text, 2500)
		}
		return s
	case incident.KindResolved:
		s := "Resolved. Thank you. Whoever was woken: please sleep first. The draft of the post-mortem follows."
		if e.Text != "" {
			s += "\n" + quote(e.Text, 2500)
		}
		return s
	case incident.KindReopened:
		return "Back to investigating: " + clip(esc(e.Text), 2500) + "\nImpact counts again from " + clock(e.At) + "."
	case incident.KindAlertOver:
		return "The alert's sender says that it is over. If customers are fine, resolve it."
	default:
		return clip(n.line(e), 2900)
	}
}

// headline is an incident in a few words: what a phone shows of a message.
func headline(b desk.Brief) string {
	i := b.Incident
	s := i.Name() + " · " + i.Severity.String() + " · " + i.Title
	if i.Test {
		s = "TEST · " + s
	}
	return s
}
