package incident

import (
	"slices"
	"time"
)

// Right is one of the rights that `access:` of the configuration gives.
type Right string

// The rights, in the words of the configuration.
const (
	DeclareRight Right = "declare" // open an incident
	ManageRight  Right = "manage"  // lower, resolve, close, cancel, merge and hide
	PrivateRight Right = "private" // see private incidents without being involved in them
	RosterRight  Right = "roster"  // change who is on call
	AdminRight   Right = "admin"   // all of the above in every incident that one sees
)

// Rights returns every right, in the order of the documentation.
func Rights() []Right {
	return []Right{DeclareRight, ManageRight, PrivateRight, RosterRight, AdminRight}
}

// Deed is what somebody wants to do, as far as it matters who may.
type Deed string

// The deeds. Those that are verbs have the words that people type.
const (
	DoRead       Deed = "read"    // what one may see
	DoWork       Deed = "work"    // everything that helps: acknowledge, note, page, raise, mitigate, take a role
	DoDeclare    Deed = "declare" //
	DoLower      Deed = "lower the severity of"
	DoResolve    Deed = "resolve"
	DoClose      Deed = "close"
	DoCancel     Deed = "cancel"
	DoMerge      Deed = "merge"
	DoHide       Deed = "hide an entry of"
	DoSeePrivate Deed = "see a private one" // without being involved in it
	DoRoster     Deed = "change the roster"
	DoOperate    Deed = "see how the bot is" // its connections, its queue, its backups
)

// need is what a deed asks of whoever does it.
type need struct {
	right Right // empty: everybody of the workspace may
	guest bool  // guests may, in what they were invited to
}

// needs is the one table of who may do what. A deed that is not in it may be done by
// nobody but operators.
var needs = map[Deed]need{
	DoRead:       {guest: true},
	DoWork:       {},
	DoDeclare:    {right: DeclareRight},
	DoLower:      {right: ManageRight},
	DoResolve:    {right: ManageRight},
	DoClose:      {right: ManageRight},
	DoCancel:     {right: ManageRight},
	DoMerge:      {right: ManageRight},
	DoHide:       {right: ManageRight},
	DoSeePrivate: {right: PrivateRight},
	DoRoster:     {right: RosterRight},
	DoOperate:    {right: AdminRight},
}

// Deeds returns every deed that there is a rule for, sorted.
func Deeds() []Deed {
	var list []Deed
	for d := range needs {
		list = append(list, d)
	}
	slices.Sort(list)
	return list
}

// RightOf returns the right that a deed needs; empty where everybody of the workspace
// may.
func RightOf(d Deed) Right { return needs[d].right }

// Standing is what is known of somebody who wants to do something.
type Standing struct {
	Operator bool // the program itself, an alert's sender, or whoever has the admin token
	Outsider bool // a guest, or somebody of another workspace, whom the roster does not know
	Near     bool // in the incident's channel, on call for it, of the owning team, or involved in it
	Listed   map[Right]Listed
}

// Listed says how `access:` of the configuration treats somebody, for one right.
type Listed int

// What the configuration says. Without a list for a right, the default holds.
const (
	DefaultHolds Listed = iota
	Named               // they are on the list
	NotNamed            // there is a list, and they are not on it
	NearOnly            // the list has everybody who is near, and they are not on it by name
)

// Verdict is whether somebody may do something, and if not, why.
type Verdict string

// The verdicts.
const (
	Allowed     Verdict = ""
	ForOutsider Verdict = "outsider" // guests and people of other workspaces only read
	TooFar      Verdict = "too far"  // joining the incident's channel would be enough
	NotListed   Verdict = "not listed"
)

// May decides whether somebody may do something. Admins of the configuration may
// do all that the table asks a right for.
func May(d Deed, s Standing) Verdict {
	n, known := needs[d]
	switch {
	case s.Operator:
		return Allowed
	case !known:
		return NotListed
	case s.Outsider && !n.guest:
		return ForOutsider
	case n.right == "", s.Listed[AdminRight] == Named:
		return Allowed
	}
	switch s.Listed[n.right] {
	case Named:
		return Allowed
	case NotNamed:
		return NotListed
	case NearOnly:
		return near(s)
	}
	switch n.right { // the defaults
	case ManageRight:
		return near(s)
	case PrivateRight, AdminRight:
		return NotListed
	default:
		return Allowed
	}
}

func near(s Standing) Verdict {
	if s.Near {
		return Allowed
	}
	return TooFar
}

// Concerns reports whether somebody belongs to the incident: they acted on it, are
// paged for it, or were let into it. Whoever is to be paged does so already while the
// page is on its way, since its answer may come before the record of its leaving.
func (i Incident) Concerns(who Actor) bool {
	return slices.Contains(i.Involved, who) || slices.Contains(i.Called, who) || slices.Contains(i.Admitted, who)
}

// Admit lets somebody in who could not see the incident: by has invited them into its
// channel. It changes nothing for whom it concerns already.
func (i Incident) Admit(who, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	if who != "" && !i.Concerns(who) {
		c.add(Event{Kind: KindAdmitted, Person: who})
	}
	return c.change()
}

// Leave says that somebody is not in the channel any more. Who was let in because of
// that sees no more of it, unless they have acted on it since.
func (i Incident) Leave(who Actor, now time.Time) Change {
	c := begin(i, Bot, now)
	if slices.Contains(i.Admitted, who) {
		c.add(Event{Kind: KindLeft, Person: who})
	}
	return c.change()
}

func (i *Incident) admit(who Actor) {
	if !slices.Contains(i.Admitted, who) {
		i.Admitted = append(slices.Clip(i.Admitted), who)
	}
}

func (i *Incident) dismiss(who Actor) {
	i.Admitted = slices.DeleteFunc(slices.Clone(i.Admitted), func(a Actor) bool { return a == who })
	if len(i.Admitted) == 0 {
		i.Admitted = nil
	}
}
