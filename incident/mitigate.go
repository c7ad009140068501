package incident

import (
	"strings"
	"time"
)

// Mitigation is what somebody says of how the impact ended.
type Mitigation struct {
	How  How    // empty: nobody has said, so it counts as a workaround
	Text string // what was changed
	Undo string // how that is undone; may be empty
	Team string // which owns the follow-up; the service's team where there is one
}

// Hows are the ways an impact ends, in the order in which people are asked. All but
// [Fix] leave something temporary in place.
var Hows = []How{Rollback, Restart, Failover, Flag, Workaround, Fix}

// howWords are the ways with the words that mean the same.
var howWords = map[string]How{
	"rollback": Rollback, "roll back": Rollback, "rolled back": Rollback, "revert": Rollback, "reverted": Rollback,
	"restart": Restart, "restarted": Restart, "reboot": Restart, "rebooted": Restart,
	"failover": Failover, "fail over": Failover, "failed over": Failover,
	"flag": Flag, "feature flag": Flag,
	"workaround": Workaround, "work around": Workaround,
	"fix": Fix, "fixed": Fix,
}

// ParseHow reads one of [Hows] that stands alone or before a colon, as in "rollback" or
// "rollback: to 430", and returns what else was said. It never guesses from free words:
// in "fixed by a restart" the first word would say the opposite of what is meant. Then
// how is empty and rest is all of it.
func ParseHow(text string) (how How, rest string) {
	head, rest, _ := strings.Cut(text, ":")
	head = strings.Trim(strings.ToLower(strings.Join(strings.Fields(head), " ")), ".,;!")
	if how, ok := howWords[head]; ok {
		return how, strings.TrimSpace(rest)
	}
	return "", text
}

// Mitigate is [Incident.MitigateBy] for what somebody wrote, as in "rollback: to 430".
func (i Incident) Mitigate(by Actor, text, team string, now time.Time) (Change, error) {
	how, rest := ParseHow(text)
	return i.MitigateBy(by, Mitigation{How: how, Text: rest, Team: team}, now)
}

// MitigateBy says that customers are fine again, and how that came about. Unless it was
// a permanent fix, the follow-up for one is opened, due as the severity demands. Of what
// is mitigated already it corrects how that came about.
func (i Incident) MitigateBy(by Actor, m Mitigation, now time.Time) (Change, error) {
	if i.How != "" && (i.Status == Mitigated || i.Status == Resolved || i.Status == Closed) {
		return i.correctHow(by, m, now)
	}
	how := m.How
	if how == "" {
		how = Workaround
	}
	e := Event{Kind: KindMitigated, How: how, Assumed: m.How == "", Text: m.Text, Undo: CleanText(m.Undo)}
	c, err := i.worked(e, by, now)
	if err != nil {
		return Change{}, err
	}
	m.How = how
	c.temporary(m, false)
	return c.change(), nil
}

// correctHow says that it was mitigated in another way than the timeline has it, or in
// which words. What follows from that is corrected too.
func (i Incident) correctHow(by Actor, m Mitigation, now time.Time) (Change, error) {
	m.Text, m.Undo = CleanText(m.Text), CleanText(m.Undo)
	said := m.How != ""
	if !said {
		m.How = i.How
	}
	assumed := i.HowAssumed && !said // still nobody has said how
	if m.How == i.How && (!i.HowAssumed || !said) && m.Text == "" && m.Undo == "" {
		return Change{}, Refuse("To correct that: mitigate rollback, restart, failover, flag, workaround or fix.",
			"%s is already %s%s.", i.Name(), i.Status, i.How.with())
	}
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindHowCorrected, How: m.How, Assumed: assumed, Text: m.Text, Undo: m.Undo}))
	c.temporary(m, true)
	c.do(CloseAsks)
	c.refresh()
	return c.change(), nil
}

// ResolveUnsaid resolves what customers still suffered from as far as anybody has said,
// without a word on how that ended. It counts as a workaround, so that the permanent fix
// is not forgotten; team is its owner.
func (i Incident) ResolveUnsaid(by Actor, text, team string, now time.Time) (Change, error) {
	c, err := i.moved(Event{Kind: KindResolved, Text: text, How: Workaround, Assumed: true}, by, now)
	if err != nil {
		return Change{}, err
	}
	c.temporary(Mitigation{How: Workaround, Team: team}, false)
	c.do(StopPaging, CloseAsks, DraftPostmortem)
	return c.change(), nil
}

// correctedToFix is why a follow-up is dropped that should not have been opened.
const correctedToFix = "It was mitigated by a permanent fix."

// temporary opens the follow-up for a permanent fix, or changes the one that is there.
// There is at most one open one for an incident.
func (b *building) temporary(m Mitigation, correcting bool) {
	if b.i.Test {
		return // nothing real was left in place
	}
	f, found := b.i.permanentFix()
	switch {
	case m.How == Fix:
		if correcting && found && f.Open() {
			f.end(Dropped, correctedToFix, b.by, b.now)
			b.add(Event{Kind: KindFollowUpDropped, FollowUp: &f, Text: correctedToFix})
		}
	case found && f.Open() && !correcting: // it was reopened; the trouble is the same one
	case found && f.Open():
		if title := fixTitle(m.How); f.Title != title && titledByHow(f.Title) {
			f.Title = title
			b.add(Event{Kind: KindFollowUpTitle, FollowUp: &f})
		}
	case found && f.Outcome == correctedToFix && correcting:
		f.State, f.Outcome, f.Ended, f.EndedBy, f.Title = "", "", time.Time{}, "", fixTitle(m.How)
		b.add(Event{Kind: KindFollowUpAgain, FollowUp: &f, Text: "It was mitigated" + m.How.with() + "."})
	case found && correcting: // it was finished or decided against by somebody
	default:
		b.openFollowUp(FollowUp{Kind: PermanentFix, Title: fixTitle(m.How), Team: m.Team,
			Due: b.now.AddDate(0, 0, fixDays(b.i.Highest))})
	}
}

// nothingTemporary drops the follow-up for a permanent fix that a mitigation has opened,
// as decided against for the reason why.
func (b *building) nothingTemporary(why string) {
	if f, found := b.i.permanentFix(); found && f.Open() {
		f.end(Dropped, why, b.by, b.now)
		b.say(b.add(Event{Kind: KindFollowUpDropped, FollowUp: &f, Text: why}))
	}
}

// permanentFix returns the latest follow-up for a permanent fix.
func (i Incident) permanentFix() (FollowUp, bool) {
	for n := len(i.FollowUps) - 1; n >= 0; n-- {
		if i.FollowUps[n].Kind == PermanentFix {
			return i.FollowUps[n], true
		}
	}
	return FollowUp{}, false
}

func fixTitle(how How) string { return "Replace the " + string(how) + " with a permanent fix" }

// titledByHow reports whether a title is one of ours, not somebody's own.
func titledByHow(title string) bool {
	for _, how := range Hows {
		if title == fixTitle(how) {
			return true
		}
	}
	return false
}

// fixDays is how many days the permanent fix has, by the highest severity.
func fixDays(s Severity) int {
	switch s {
	case Sev1:
		return 15
	case Sev2:
		return 30
	case Sev3:
		return 60
	default:
		return 90
	}
}
