package escalation

import (
	"slices"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// DigestFor is how long the pages of one person in Slack are put into one message after the
// first.
const DigestFor = time.Minute

// digestMost is how many incidents one message is about: what its buttons can
// carry and a person can read.
const digestMost = 100

// Place is where a page to a person stands in Slack.
type Place string

// The places.
const (
	Alone  Place = "alone"  // in a message of its own, which rings
	Begins Place = "begins" // in a message that is posted for it and for those to come, and rings
	Joins  Place = "joins"  // in that message as it stands, at once but without a ring until the minute is over
)

// SlackDigest decides for one person in how many messages their pages in Slack
// stand, and how often those ring. A message there costs nothing and can grow,
// so unlike in a [Digest] no page waits: the first stands by itself; those about
// other incidents that follow within a minute share one message, which rings
// when it is posted, and once more when the minute is over for what joined it
// meanwhile. What is worse than all before it rings by itself, and so does an
// incident that asks again. The zero SlackDigest is one in which nothing has been
// sent. It is a value, and it may be stored.
type SlackDigest struct {
	Until  time.Time         `json:"until,omitzero"`   // the end of the minute
	Worst  incident.Severity `json:"worst,omitempty"`  // that has rung by itself in it
	Alone  []int             `json:"alone,omitempty"`  // incidents in messages of their own, in it
	Number int               `json:"number,omitempty"` // of the last message that several share, counted from 1
	Joined []int             `json:"joined,omitempty"` // the incidents in that message; empty: in this minute there is none yet
}

// Add places a page about an incident. With Begins and Joins that is in the
// shared message with the number of the returned SlackDigest.
func (g SlackDigest) Add(number int, severity incident.Severity, now time.Time) (next SlackDigest, place Place) {
	next = g
	if !now.Before(g.Until) || g.Until.Sub(now) > DigestFor { // the latter when the clock was set back
		next = SlackDigest{Until: now.Add(DigestFor), Worst: severity, Number: g.Number}
		next.Alone = []int{number}
		return next, Alone
	}
	switch {
	case slices.Contains(g.Alone, number) || slices.Contains(g.Joined, number):
		return next, Alone
	case severity < g.Worst:
		next.Worst, next.Alone = severity, append(slices.Clip(g.Alone), number)
		return next, Alone
	case len(g.Joined) == 0 || len(g.Joined) >= digestMost:
		next.Number, next.Joined = g.Number+1, []int{number}
		return next, Begins
	}
	next.Joined = append(slices.Clip(g.Joined), number)
	return next, Joins
}
