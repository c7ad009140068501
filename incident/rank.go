package incident

// Ranks is how many ranks incidents have, see [Incident.Rank].
const Ranks = 32

// Rank orders incidents that compete for something there is little of, such as the
// channels that Slack makes in a minute; the lower goes first, from 0 to Ranks-1. What
// is open goes before what is over, what is real before a drill, then the worst first,
// and of equals one for which somebody is looked for before one that somebody has.
func (i Incident) Rank() int {
	rank := 2 * int(min(max(i.Severity, Sev1), Sev4)-Sev1)
	if i.Acked() {
		rank++
	}
	if i.Test {
		rank += 8
	}
	if !i.Status.Active() {
		rank += 16
	}
	return rank
}
