package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Item is something that an incident has before it is closed. The words are in the
// store and are never changed.
type Item string

// The items of the closing list, in their order.
const (
	ItemImpact       Item = "impact"       // since when and until when it hurt, or that it did not
	ItemHow          Item = "how"          // how it was mitigated
	ItemPublic       Item = "public"       // the last words for the public, where there were any
	ItemReview       Item = "postmortem"   // who writes the post-mortem, or why nobody does
	ItemFollowUps    Item = "follow_ups"   // each with a team and a date, or why none is needed
	ItemPromises     Item = "promises"     // of one that was missed, what follows
	ItemStakeholders Item = "stakeholders" // that those with an interest know that it is over
)

// Gap is an item of the closing list that is missing.
type Gap struct {
	Item Item   `json:"item"`
	Says string `json:"says"` // what is missing, without a full stop
	Mend string `json:"mend"` // what to type
}

// Record is what the timeline and the roster say of an incident besides its state, as far
// as its end is concerned.
type Record struct {
	Missed      []Promise // the promises that were not kept, each once
	Accepted    string    // why the misses so far are accepted; empty: nobody has said so
	NoFollowUps string    // why none is needed
	Informed    time.Time // of the last update for those inside with an interest
	Public      time.Time // of the last words for the public
	Interested  bool      // the service names people with an interest
}

// RecordOf reads what the end needs out of a timeline.
func RecordOf(events []Event) Record {
	var r Record
	for _, e := range events {
		switch {
		case e.Kind == KindMissed && e.Assumed: // the agreement allowed more
		case e.Kind == KindMissed:
			r.Accepted = "" // what was accepted before was another one
			if !slices.Contains(r.Missed, e.Promise) {
				r.Missed = append(r.Missed, e.Promise)
			}
		case e.Kind == KindMissAccepted:
			r.Accepted = e.Text
		case e.Kind == KindNoFollowUps:
			r.NoFollowUps = e.Text
		case e.Kind == KindPublic:
			r.Public = e.At
		case e.Kind == KindNote && e.Note == Update:
			r.Informed = e.At
		}
	}
	return r
}

// AtOnce reports whether an incident is closed without a list: a drill, or one that was
// never worse than sev3 and of which every promise was kept.
func (i Incident) AtOnce(r Record) bool {
	return i.Test || i.Highest >= Sev3 && len(r.Missed) == 0
}

// Missing returns what a resolved incident lacks before it can be closed, in the order of
// the list; none where it is closed at once.
func (i Incident) Missing(r Record) []Gap {
	if i.AtOnce(r) {
		return nil
	}
	var list []Gap
	add := func(item Item, missing bool, says, mend string) {
		if missing {
			list = append(list, Gap{item, says, mend})
		}
	}
	over := i.Resolved
	if n := len(i.Impact); n > 0 {
		add(ItemImpact, i.Impact[n-1].End.IsZero(), "the impact has no end", "impact until 14:40")
		if end := i.Impact[n-1].End; !end.IsZero() {
			over = end
		}
	}
	add(ItemHow, i.How == "" || i.HowAssumed, "nobody has said how it was mitigated", "mitigate rollback, restart, failover, flag, workaround or fix")
	add(ItemPublic, !r.Public.IsZero() && r.Public.Before(over), "the public was told of it, and not that it is over", "public TEXT")
	add(ItemReview, i.Reviewer == "" && i.Waived == "", "nobody writes the post-mortem", "postmortem owner @ada, or: postmortem waive REASON")
	says, mend := i.unowned(r)
	add(ItemFollowUps, says != "", says, mend)
	add(ItemPromises, i.missUnanswered(r), missedWords(r.Missed), "task TEXT, or: accept REASON")
	add(ItemStakeholders, r.Interested && !i.Private && r.Informed.Before(over), "those with an interest do not know that it is over", "update TEXT")
	return list
}

// unowned says which follow-ups have no team or no date, or that there is none, and what to
// type.
func (i Incident) unowned(r Record) (says, mend string) {
	var lacks, types []string
	for _, f := range i.FollowUps {
		if f.NoTeam() {
			lacks, types = append(lacks, f.ID+" has no team"), append(types, "give "+f.ID+" team:ID")
		}
		if f.NoDate() {
			lacks, types = append(lacks, f.ID+" has no date"), append(types, "date "+f.ID+" 2027-01-31")
		}
	}
	switch {
	case len(lacks) > 0:
		return strings.Join(lacks, ", "), strings.Join(types, ", and: ")
	case len(i.FollowUps) == 0 && r.NoFollowUps == "":
		return "there is no follow-up", "task TEXT, or: no-follow-ups REASON"
	}
	return "", ""
}

// NoTeam reports whether nobody is to do what is to be done.
func (f FollowUp) NoTeam() bool { return f.Open() && f.Team == "" && f.Owner == "" }

// NoDate reports whether it is to be done at no time.
func (f FollowUp) NoDate() bool { return f.Open() && f.Due.IsZero() }

// missUnanswered reports whether a promise was missed and nothing follows from it: the
// follow-up that a mitigation opens by itself does not say so.
func (i Incident) missUnanswered(r Record) bool {
	return len(r.Missed) > 0 && r.Accepted == "" &&
		!slices.ContainsFunc(i.FollowUps, func(f FollowUp) bool { return f.Kind == TaskKind })
}

func missedWords(list []Promise) string {
	words := map[Promise]string{PromiseAck: "acknowledgement", PromiseUpdate: "update", PromiseRestore: "restore"}
	var named []string
	for _, p := range list {
		named = append(named, or(words[p], string(p)))
	}
	return "a promise was missed (" + strings.Join(named, ", ") + ")"
}

// anywayWords is what stands before the reason of somebody who closes an incident as it is.
const anywayWords = "anyway"

// ParseClose reads what was said with "close": "anyway" as the first word closes it with
// what is missing, for the reason behind it.
func ParseClose(text string) (anyway bool, rest string) {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if strings.EqualFold(strings.Trim(first, ".,:;-"), anywayWords) {
		return true, strings.TrimSpace(rest)
	}
	return false, text
}

// CloseBy is [Incident.Close], if nothing of the list is missing. What is missing does not
// hold up whoever says why it is closed all the same: the timeline keeps both.
func (i Incident) CloseBy(r Record, text string, by Actor, now time.Time) (Change, error) {
	gaps := i.Missing(r)
	anyway, reason := ParseClose(text)
	if anyway {
		text = reason
	}
	if i.Status != Resolved || len(gaps) == 0 {
		return i.Close(by, text, now)
	}
	var says []string
	for _, g := range gaps {
		says = append(says, fmt.Sprintf("%s (%s)", g.Says, g.Mend))
	}
	switch {
	case anyway && CleanText(reason) == "":
		return Change{}, Refuse("As in: close anyway the rest is done in the review.", "Say in a sentence what speaks for closing %s as it is.", i.Name())
	case !anyway:
		return Change{}, Refuse("To close it all the same: close anyway REASON.", "%s is not ready to be closed: %s.", i.Name(), strings.Join(says, "; "))
	}
	e := Event{Kind: KindClosed, Text: text}
	for _, g := range gaps {
		e.Left = append(e.Left, g.Item)
	}
	c, err := i.moved(e, by, now)
	if err != nil {
		return Change{}, err
	}
	return c.change(), nil
}

// Review says who writes the post-mortem.
func (i Incident) Review(who, by Actor, now time.Time) (Change, error) {
	if err := i.documented(); err != nil {
		return Change{}, err
	}
	if i.Reviewer == who {
		r := Refuse("", "{who} writes the post-mortem of %s already.", i.Name())
		r.Who = who
		return Change{}, r
	}
	return i.said(Event{Kind: KindReviewer, Person: who}, by, now), nil
}

// Waive says why nobody writes a post-mortem.
func (i Incident) Waive(reason string, by Actor, now time.Time) (Change, error) {
	if i.PostmortemState() == PostmortemPublished {
		return Change{}, Refuse("", "The post-mortem of %s is published.", i.Name())
	}
	return i.because(KindWaived, reason, "As in: postmortem waive the same as INC-4, which has one.", "a post-mortem is not needed", "it needs no post-mortem anyway", by, now)
}

// AcceptMiss says why it is accepted that a promise was missed.
func (i Incident) AcceptMiss(reason string, by Actor, now time.Time) (Change, error) {
	return i.because(KindMissAccepted, reason, "As in: accept the provider was down for everybody.", "the miss is accepted", "no promise counts for it", by, now)
}

// NeedsNoFollowUp says why nothing is left to do.
func (i Incident) NeedsNoFollowUp(reason string, by Actor, now time.Time) (Change, error) {
	return i.because(KindNoFollowUps, reason, "As in: no-follow-ups the provider has mended it.", "no follow-up is needed", "nobody asks for its follow-ups", by, now)
}

// because records a reason for what. needless says of a cancelled incident that nobody
// asks for one.
func (i Incident) because(kind Kind, reason, next, what, needless string, by Actor, now time.Time) (Change, error) {
	if reason = CleanText(reason); reason == "" {
		return Change{}, Refuse(next, "Say for which reason %s.", what)
	}
	switch i.Status {
	case Merged:
		return Change{}, i.over("this belongs there")
	case Cancelled:
		return Change{}, i.over(needless)
	}
	return i.said(Event{Kind: kind, Text: reason}, by, now), nil
}

// said appends an event that the channel is told.
func (i Incident) said(e Event, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	c.say(c.add(e))
	c.do(RefreshCard)
	return c.change()
}

// closing says what somebody said for the end.
func (w Wording) closing(e Event) string {
	switch e.Kind {
	case KindClosed:
		if len(e.Left) > 0 {
			return "closed it anyway, without " + e.LeftWords()
		}
		return "closed it"
	case KindReviewer:
		if e.Person == e.By {
			return "writes the post-mortem"
		}
		return "asked " + w.actor(e.Person) + " to write the post-mortem"
	case KindWaived:
		return "said that no post-mortem is needed"
	case KindMissAccepted:
		return "accepted that a promise was missed"
	default:
		return "said that no follow-up is needed"
	}
}

// LeftWords are what was missing of the closing list when an incident was closed all the
// same, in words.
func (e Event) LeftWords() string {
	words := map[Item]string{ItemImpact: "the end of the impact", ItemHow: "how it was mitigated", ItemPublic: "the last words for the public",
		ItemReview: "an owner of the post-mortem", ItemFollowUps: "follow-ups with a team and a date", ItemPromises: "what follows from the missed promise",
		ItemStakeholders: "the last update for those with an interest"}
	var list []string
	for _, item := range e.Left {
		list = append(list, or(words[item], plainWord(string(item))))
	}
	return strings.Join(list, ", ")
}
