package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Postmortem is how far the document of an incident has come. Who writes it, or why
// nobody does, stands beside it in the [Incident].
type Postmortem struct {
	Answers   int       `json:"answers,omitempty"`  // how often a question was answered
	Reviewed  time.Time `json:"reviewed,omitzero"`  // since when others read it; zero: they do not yet
	Version   int       `json:"version,omitempty"`  // the latest that was published; 0: none
	Published time.Time `json:"published,omitzero"` // when that was
	Sum       string    `json:"sum,omitempty"`      // the SHA-256 of its text, in hexadecimal
	Since     int       `json:"since,omitempty"`    // answers given after that
}

// PostmortemState says in one word how far a document has come.
type PostmortemState string

// The states of a post-mortem.
const (
	PostmortemNone      PostmortemState = "none"      // customers are still affected, or there will be none
	PostmortemDraft     PostmortemState = "draft"     // its facts grow until the incident is resolved
	PostmortemInReview  PostmortemState = "in_review" // whoever writes it asks others to read it
	PostmortemPublished PostmortemState = "published"
	PostmortemWaived    PostmortemState = "waived"
)

// Words are the state as people read it.
func (s PostmortemState) Words() string { return plainWord(string(s)) }

// PostmortemState returns how far the document of the incident has come.
func (i Incident) PostmortemState() PostmortemState {
	switch {
	case i.Postmortem.Version > 0:
		return PostmortemPublished
	case i.Waived != "":
		return PostmortemWaived
	case i.documented() != nil || i.Status.Hurting():
		return PostmortemNone
	case !i.Postmortem.Reviewed.IsZero():
		return PostmortemInReview
	default:
		return PostmortemDraft
	}
}

// documented refuses where the incident has no document of its own. What was a near miss
// or a false alarm has one, for the few lines that can be learned from.
func (i Incident) documented() error {
	if i.Status == Merged {
		return i.over("its post-mortem tells of this one too")
	}
	if i.Status == Cancelled && i.Outcome == "" {
		return i.over("it has no post-mortem")
	}
	return nil
}

// writable is documented, and refuses as long as customers are affected: nobody is asked
// then how it came about.
func (i Incident) writable() error {
	if err := i.documented(); err != nil {
		return err
	}
	if i.Status.Hurting() {
		return Refuse("Note what you know with note; the questions come when customers are fine.",
			"%s is %s: the post-mortem waits.", i.Name(), i.Status)
	}
	return nil
}

// MayAnswer refuses where no question of a post-mortem is asked, or not yet.
func (i Incident) MayAnswer() error { return i.writable() }

// Answer answers a question of the post-mortem, by its ID. before is the number of the
// answer that the same person gave to it before, which this one replaces; 0: none. An
// empty text takes that one back.
func (i Incident) Answer(question, text string, before int, by Actor, now time.Time) (Change, error) {
	if err := i.writable(); err != nil {
		return Change{}, err
	}
	if text = CleanText(text); text == "" && before == 0 {
		return Change{}, Refuse("", "The answer is empty.")
	}
	c := begin(i, by, now)
	c.add(Event{Kind: KindAnswered, Question: question, Text: text, Of: before})
	return c.change(), nil
}

// AnswersOf returns the answers that stand in a timeline, in the order in which their
// questions were first answered by their people: of each person the latest to a question.
func AnswersOf(events []Event) []Event {
	var list []Event
	at := map[string]int{}
	for _, e := range events {
		if e.Kind != KindAnswered {
			continue
		}
		key := e.Question + "\x00" + string(e.By)
		if n, ok := at[key]; ok {
			list[n] = e
			continue
		}
		at[key] = len(list)
		list = append(list, e)
	}
	kept := list[:0]
	for _, e := range list {
		if e.Text != "" {
			kept = append(kept, e)
		}
	}
	return kept
}

// ToReview says that the draft is ready for others to read.
func (i Incident) ToReview(text string, by Actor, now time.Time) (Change, error) {
	if err := i.writable(); err != nil {
		return Change{}, err
	}
	switch i.PostmortemState() {
	case PostmortemInReview:
		r := Refuse("To publish it: postmortem publish.", "The post-mortem of %s is in review already, since {when}.", i.Name())
		r.When = i.Postmortem.Reviewed
		return Change{}, r
	case PostmortemWaived:
		return Change{}, Refuse("Say first who writes it after all: postmortem owner @name.", "The post-mortem of %s is waived.", i.Name())
	case PostmortemPublished:
		return Change{}, Refuse("To correct it: answer anew, then postmortem publish REASON.", "The post-mortem of %s is published.", i.Name())
	}
	return i.said(Event{Kind: KindInReview, Text: CleanText(text)}, by, now), nil
}

// Publication is a text of a post-mortem that is to be published.
type Publication struct {
	Sum    string // the SHA-256 of its text, in hexadecimal
	Cause  bool   // it says the cause in plain words
	Same   bool   // nothing was said or done since the last version
	Reason string // from the second version on: what is corrected
}

// PublishPostmortem freezes the document. It needs a cause in plain words, and follow-ups
// of which each has somebody to do it and a date; a correction needs a reason.
func (i Incident) PublishPostmortem(p Publication, r Record, by Actor, now time.Time) (Change, error) {
	if err := i.writable(); err != nil {
		return Change{}, err
	}
	version := i.Postmortem.Version + 1
	if i.Status == Mitigated {
		return Change{}, Refuse("Resolve it first: until then the facts may change.", "%s is still being watched.", i.Name())
	}
	if lacks := i.unpublishable(p, r); len(lacks) > 0 {
		return Change{}, Refuse("", "The post-mortem of %s cannot be published yet: %s.", i.Name(), strings.Join(lacks, "; "))
	}
	p.Reason = CleanText(p.Reason)
	switch {
	case version > 1 && p.Same:
		return Change{}, Refuse("", "Nothing has changed in it since version %d was published.", version-1)
	case version > 1 && p.Reason == "":
		return Change{}, Refuse("As in: postmortem publish the number of orders was wrong.",
			"Version %d is published. Say what is corrected.", version-1)
	}
	return i.said(Event{Kind: KindPublished, Count: version, Sum: p.Sum, Text: p.Reason}, by, now), nil
}

// ChangedSincePublished reports whether a timeline says anything after the latest version
// was published, besides who was told of it; true where none was.
func ChangedSincePublished(events []Event) bool {
	for _, e := range slices.Backward(events) {
		switch e.Kind {
		case KindPublished:
			return false
		case KindSent, KindInReview:
		default:
			return true
		}
	}
	return true
}

// unpublishable says what stands against publishing, each with what to type.
func (i Incident) unpublishable(p Publication, r Record) []string {
	if i.Outcome != "" { // a few lines about what hurt nobody, which go to nobody
		return nil
	}
	var lacks []string
	if !p.Cause {
		lacks = append(lacks, "nobody has said the cause in plain words (postmortem answer cause)")
	}
	if says, mend := i.unowned(r); says != "" {
		lacks = append(lacks, fmt.Sprintf("%s (%s)", says, mend))
	}
	return lacks
}

// Sent records what became of telling somebody with an interest that the post-mortem is
// published: to a person, or to a channel by its target; failed says why not.
func (i Incident) Sent(version int, who Actor, target, failed string, now time.Time) Change {
	return i.Record(now, Event{Kind: KindSent, Count: version, Person: who, Target: target, Text: failed})
}

// reviewing says what happened to the post-mortem.
func (w Wording) reviewing(e Event) string {
	switch e.Kind {
	case KindAnswered:
		if e.Text == "" {
			return "took back an answer in the post-mortem"
		}
		return "answered a question of the post-mortem"
	case KindInReview:
		return "asked for a review of the post-mortem"
	case KindPublished:
		if e.Count > 1 {
			return fmt.Sprintf("published version %d of the post-mortem", e.Count)
		}
		return "published the post-mortem"
	default:
		told := "told " + w.notified(e) + " that the post-mortem is published"
		if e.Text != "" {
			return "could not tell " + w.notified(e) + " that the post-mortem is published"
		}
		return told
	}
}

// ReviewAt returns when whoever has the post-mortem is reminded of it next, on a weekday
// at 9:30 in their zone: on the first such morning after since, on the day on which the
// draft is due, two days before it is to be published, on that day, and then once a week.
// reminded is when they were last. Zero: never.
func ReviewAt(since, draft, publish, reminded time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	at := []time.Time{since}
	for _, due := range []time.Time{draft, publish.AddDate(0, 0, -2), publish} {
		if due.After(since) {
			y, m, d := due.In(zone).Date()
			at = append(at, time.Date(y, m, d, 0, 0, 0, 0, zone))
		}
	}
	for _, t := range at {
		if morning := nextWorkday(t, zone); morning.After(reminded) && morning.After(since) {
			return morning
		}
	}
	return nextWorkday(later(reminded, since).AddDate(0, 0, 7).Add(-time.Hour), zone)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
