package escalation

import (
	"slices"
	"time"
)

// Throttle is how long after a message to a person by one way the next one by
// the same way waits, given how many left within [Recent]. What arrives
// meanwhile leaves as one message, so a limit never drops anything. Pages in
// Slack do not wait, see [SlackDigest].
func Throttle(via string, recent int) time.Duration {
	if (via == "sms" || via == "voice") && recent >= 5 {
		return 3 * time.Minute // carriers filter numbers that send a stream
	}
	return time.Minute
}

// Recent is how far back messages count for [Throttle].
const Recent = 15 * time.Minute

// Digest decides for one person and one way when pages leave. The first goes
// at once; those that follow within the throttle wait for its end and leave as
// one message about all that are still open. Nothing is ever dropped. The zero
// Digest is one in which nothing has been sent. It is a value: each method
// returns the next one, and it may be stored.
type Digest struct {
	Until   time.Time `json:"until,omitzero"`    // the end of the throttle
	Waiting []string  `json:"waiting,omitempty"` // what leaves then, in the order it came
}

// Add asks to page about an incident. It returns what leaves now, in one
// message: nothing when the page has to wait.
func (w Digest) Add(incident string, now time.Time, throttle time.Duration) (next Digest, send []string) {
	waiting := slices.Clone(w.Waiting)
	if !slices.Contains(waiting, incident) {
		waiting = append(waiting, incident)
	}
	return Digest{w.Until, waiting}.Flush(now, throttle)
}

// Drop takes an incident out that is no longer to be paged about. Whoever has
// both at the same instant drops first: an acknowledgement wins.
func (w Digest) Drop(incident string) Digest {
	w.Waiting = slices.DeleteFunc(slices.Clone(w.Waiting), func(s string) bool { return s == incident })
	return w
}

// Due returns when Flush has something to send, if it has.
func (w Digest) Due() (at time.Time, ok bool) { return w.Until, len(w.Waiting) > 0 }

// Flush returns what leaves now, in one message. With something to send a new
// throttle begins.
func (w Digest) Flush(now time.Time, throttle time.Duration) (next Digest, send []string) {
	if len(w.Waiting) == 0 || now.Before(w.Until) {
		return w, nil
	}
	return Digest{Until: now.Add(throttle)}, w.Waiting
}
