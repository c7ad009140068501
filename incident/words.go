package incident

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Wording is how one place where people read shows what an event names. Every
// function returns text that is fit for that place: the sentence around it is
// ours and needs no escaping anywhere. A function that is nil shows the value
// as it is.
type Wording struct {
	Actor   func(Actor) string           // a person, an alert or the program
	By      func(Actor) string           // the same, of whoever did it; nil: as Actor
	Service func(id string) string       // a service of the roster
	Channel func(id, name string) string // a Slack channel
	Date    func(time.Time) string       // a day
	Time    func(time.Time) string       // an instant that somebody named
	Text    func(string) string          // what somebody wrote, or what else comes from outside
}

// Sentence is what happened, in plain words.
type Sentence struct {
	By    string   // who did it; empty where the program did and need not be named
	Did   string   // what was done, after By: "acknowledged", "paged Ada by Slack"
	Wrote []string // what was written with it, as it was written: not yet through [Wording.Text]
	// Alone says that what was written is a whole sentence of the program's, for
	// which Did is only a heading.
	Alone bool
}

// Line says an event in one sentence: "Ada acknowledged.", "Paged Ada by push:
// rotation primary". It is the same sentence wherever timelines are read.
func (w Wording) Line(e Event) string {
	s := w.Sentence(e)
	texts := make([]string, len(s.Wrote))
	for n, text := range s.Wrote {
		texts[n] = w.text(text)
	}
	text := strings.Join(texts, "; ")
	if s.Alone && text != "" {
		return stopped(text)
	}
	line := upperFirst(s.Did)
	if s.By != "" {
		line = s.By + " " + s.Did
		if kind, _ := e.By.Split(); kind == "alert" {
			line = upperFirst(line)
		}
	}
	if text == "" {
		return stopped(line)
	}
	return line + ": " + text
}

// Sentence says an event in its parts, for a place that sets them apart.
func (w Wording) Sentence(e Event) Sentence {
	s := Sentence{By: w.by(e), Wrote: wrote(e.Title, e.Text)}
	switch e.Kind {
	case KindDeclared:
		s.Did = w.declared(e)
	case KindDrill:
		s.Did = "said that it is real, no drill"
		if e.Test {
			s.Did = "made it a drill"
		}
	case KindAcknowledged:
		s.Did = "acknowledged"
	case KindAnsweredToo:
		s.Did = "acknowledged as well"
	case KindInvestigate:
		s.Did = "is investigating"
	case KindMitigating:
		s.Did = "started mitigation"
	case KindMitigated:
		s.Did = "mitigated it" + e.with()
		s.Wrote = wrote(e.Text, undone(e.Undo))
	case KindHowCorrected:
		s.Did = "corrected how it was mitigated:" + e.with()
		if e.Assumed { // still nobody has said how
			s.Did = "said more of how it was mitigated"
		}
		s.Wrote = wrote(e.Text, undone(e.Undo))
	case KindResolved:
		s.Did = "resolved it" + e.with()
	case KindClosed, KindReviewer, KindWaived, KindMissAccepted, KindNoFollowUps:
		s.Did = w.closing(e)
	case KindAnswered, KindInReview, KindPublished:
		s.Did = w.reviewing(e)
	case KindReopened:
		s.Did = "reopened it"
	case KindCancelled:
		s.Did = "cancelled it (no incident)"
		if o := Outcome(e.Reason); o != "" {
			s.Did = "ended it as a " + o.Words()
		}
	case KindMerged:
		s.Did = "made it a part of " + e.Whole()
	case KindNote:
		s.Did = w.noted(e.Note)
		if e.Mark != nil {
			s = w.marked(e, s)
		}
		if e.Same {
			s.Did = "posted an update (no change)"
		}
		if e.From > 0 {
			s.Did += " in " + Name(e.From)
		}
	case KindImpact:
		s.Did = w.setImpact(e)
	case KindObjection, KindHidden, KindRetimed, KindWithdrawn, KindHelp:
		w.amended(e, &s)
	case KindPublic:
		s.Did = "gave words for the public"
	case KindSeverity:
		s.Did = "set the severity to " + e.Severity.String()
	case KindTitle:
		s.Did = "renamed it"
	case KindService:
		s.Did = "moved it to " + w.service(e.Service)
	case KindRole:
		s.Did = w.gave(e)
	case KindOffered:
		s.Did = "asked " + w.actor(e.Person) + " to be " + w.text(plainWord(string(e.Role)))
	case KindOfferEnded:
		s = w.offerEnded(e, s)
	case KindRoleLeft:
		s.Did = w.left(e)
	case KindGivenBack:
		s.Did = "took the acknowledgement back"
	case KindFollowUp:
		s.Did, s.Wrote = w.followUp(e.FollowUp)
	case KindFollowUpDone, KindFollowUpDropped, KindFollowUpAgain, KindFollowUpDate, KindFollowUpOwner, KindFollowUpExport, KindFollowUpTitle, KindFollowUpRaised:
		s.Did, s.Wrote = w.followUpChange(e)
	case KindAlert:
		s.Did = fmt.Sprintf("fired again (%d times so far)", e.Count)
	case KindAlertJoined:
		s.Did = "fires too"
		if e.Count > 0 {
			s.Did = fmt.Sprintf("fires too (%d alerts so far)", e.Count)
		}
	case KindAlertOver:
		s.Did = "is over, says its sender"
	default:
		return w.program(e)
	}
	return s
}

// program says what the program did. Its sentences stand without a name.
func (w Wording) program(e Event) Sentence {
	s := Sentence{Wrote: wrote(e.Text)}
	notification := "the notification to " + w.notified(e) + " by " + w.method(e)
	switch e.Kind {
	case KindChannel:
		s.Did = "opened the channel " + w.channel(e)
	case KindPaged:
		s.Did = "paged " + w.notified(e) + " by " + w.method(e)
		s.Wrote = wrote(TargetWords(e.Reason), e.Text)
	case KindPageFailed:
		s.Did = "could not page " + w.notified(e) + " by " + w.method(e)
	case KindReceipt:
		s.Did, s.Wrote = notification+" was "+w.text(plainWord(or(e.Reason, "confirmed"))), nil
	case KindStep:
		if e.Person != "" { // it went on because of one notification
			s.Did, s.Wrote = notification+" was not confirmed", nil
			break
		}
		s.Did, s.Alone = cameTo(e), true
		s.Wrote = wrote(TargetWords(oneNamed(e)))
	case KindExhausted:
		s.Did, s.Alone = "nobody answered any step of the escalation", true
		s.Wrote = wrote(TargetWords(e.Text))
	case KindLapsed:
		s.Did, s.Alone = "is paging again, although it was acknowledged", true
		s.Wrote = wrote(TargetWords(e.Text))
	case KindRemark:
		s.Did, s.Alone = "noted", true
	case KindWatched:
		s.Did = "the watch time is over"
	case KindWatchMore:
		s.By, s.Did = w.by(e), "goes on watching"
	case KindRelated:
		s.Did, s.Alone = "found another incident", true
		if e.By.Human() {
			s.By, s.Did, s.Alone = w.by(e), "says that "+Name(e.Into)+" has to do with it", false
		}
	case KindPartJoined:
		s.By, s.Did = "", Name(e.Into)+" is a part of this incident now"
	case KindAdmitted:
		s.Did = "let " + w.actor(e.Person) + " in"
		if e.By.Human() {
			s.By = w.by(e)
		}
	case KindLeft:
		s.Did = w.actor(e.Person) + " left its channel"
	case KindSent:
		s.Did = w.reviewing(e)
	case KindMissed:
		s.Did = w.missed(e)
	case KindSilent:
		s.Did = w.silent(e)
	default:
		s.Did = "did something for which this version has no words"
	}
	return s
}

func (w Wording) declared(e Event) string {
	s := "declared a "
	if e.Alert != "" {
		s = "opened a "
	}
	if e.Private {
		s += "private "
	}
	s += e.Severity.String() + " "
	if e.Test {
		s += "drill"
	} else {
		s += "incident"
	}
	if e.Service != "" {
		s += " for " + w.service(e.Service)
		if how := e.ServiceBy.Words(); how != "" {
			s += " (" + how + ")"
		}
	}
	return s
}

func (w Wording) noted(k NoteKind) string {
	switch k {
	case "":
		return "noted"
	case Decision:
		return "decided"
	case Update:
		return "posted an update"
	case Task:
		return "noted a task"
	default:
		return "noted (" + w.text(plainWord(string(k))) + ")"
	}
}

func (w Wording) gave(e Event) string {
	role := w.text(plainWord(string(e.Role)))
	switch e.Person {
	case "":
		return "left the role of " + role + " empty"
	case e.By:
		return "took the role of " + role
	default:
		return "gave the role of " + role + " to " + w.actor(e.Person)
	}
}

func (w Wording) followUp(f *FollowUp) (did string, texts []string) {
	if f == nil {
		return "opened a follow-up", nil
	}
	did = "opened follow-up " + w.text(f.ID)
	if !f.Due.IsZero() {
		did += ", due " + w.date(f.Due)
	}
	return did, wrote(f.Title)
}

// notified is to whom a notification went: a person, or a channel.
func (w Wording) notified(e Event) string {
	switch {
	case e.Person != "":
		return w.actor(e.Person)
	case e.Target != "":
		return w.text(TargetWords(e.Target))
	default:
		return "somebody"
	}
}

// method names a contact method as people call it.
func (w Wording) method(e Event) string { return w.text(MethodWords(e.Via)) }

// MethodWords names a contact method as people call it.
func MethodWords(via string) string {
	switch via {
	case "slack", "":
		return "Slack"
	case "sms":
		return "text message"
	case "voice":
		return "phone call"
	case "email":
		return "e-mail"
	default: // push, webhook
		return plainWord(via)
	}
}

// cameTo says which step of its policy an escalation came to; 0 is one person who was named.
func cameTo(e Event) string {
	switch {
	case e.Step == 0:
		return "chose who is paged"
	case e.Pass > 1:
		return fmt.Sprintf("came to step %d of the escalation, round %d", e.Step, e.Pass)
	default:
		return fmt.Sprintf("came to step %d of the escalation", e.Step)
	}
}

// with says how customers were helped, after "mitigated it".
func (h How) with() string {
	switch h {
	case "":
		return ""
	case Workaround, Rollback, Restart, Failover, Flag, Fix:
		return " with a " + string(h)
	default:
		return " in another way"
	}
}

// undone says how a mitigation is undone, where somebody has said so.
func undone(undo string) string {
	if undo == "" {
		return ""
	}
	return "to undo it: " + undo
}

// with says how it was mitigated, where somebody has said so.
func (e Event) with() string {
	if e.Assumed {
		return ""
	}
	return e.How.with()
}

// KindWords is the kind of a follow-up as people read it.
func (f FollowUp) KindWords() string { return plainWord(f.Kind) }

// ActorWords names an actor. Only people are called by a name, which person
// returns; everything else has the same words everywhere. What text returns is
// fit for the reader; nil: as it is.
func ActorWords(a Actor, person func(Actor) string, text func(string) string) string {
	w := Wording{Text: text}
	switch kind, id := a.Split(); kind {
	case "alert":
		return "an alert from " + w.text(id)
	case "bot":
		return "Stormbell"
	case "admin":
		if id == "cli" {
			return "the command line"
		}
		return w.text(id) + " (command line)"
	case "":
		return "somebody"
	default:
		return person(a)
	}
}

// by names whoever did it, as a sentence begins.
func (w Wording) by(e Event) string {
	who := w.actor
	if w.By != nil {
		who = w.By
	}
	name := e.Through.After(who(e.By))
	if e.By == "admin:cli" {
		return Capital(name)
	}
	return name
}

func (w Wording) actor(a Actor) string {
	if w.Actor == nil {
		_, id := a.Split()
		return w.text(or(id, "somebody"))
	}
	return w.Actor(a)
}

func (w Wording) service(id string) string {
	switch {
	case id == "":
		return "no service"
	case w.Service == nil:
		return w.text(id)
	default:
		return w.Service(id)
	}
}

func (w Wording) channel(e Event) string {
	if w.Channel == nil {
		return "#" + w.text(e.ChannelName)
	}
	return w.Channel(e.Channel, e.ChannelName)
}

func (w Wording) date(t time.Time) string {
	if w.Date == nil {
		return t.UTC().Format("2 Jan 2006")
	}
	return w.Date(t)
}

func (w Wording) text(s string) string {
	if w.Text == nil {
		return s
	}
	return w.Text(s)
}

// wrote leaves out what is empty.
func wrote(texts ...string) []string {
	var list []string
	for _, s := range texts {
		if strings.TrimSpace(s) != "" {
			list = append(list, s)
		}
	}
	return list
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// stopped ends a sentence that has no end yet.
func stopped(s string) string {
	if last, _ := utf8.DecodeLastRuneInString(s); strings.ContainsRune(".!?:…", last) {
		return s
	}
	return s + "."
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
