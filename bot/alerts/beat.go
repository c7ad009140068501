package alerts

import (
	"fmt"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/alert"
	"github.com/stormbell/stormbell/rotation"
)

// beatRecord is what is kept of a heartbeat of the roster: a sign of life that must
// come, or somebody is asked.
type beatRecord struct {
	V        int           `json:"v"`
	Since    time.Time     `json:"since"`              // since when it is expected as it is now: it was put into the roster, or its times were changed
	Every    time.Duration `json:"every"`              // its times, to know when they change
	Grace    time.Duration `json:"grace"`              //
	Last     time.Time     `json:"last,omitzero"`      // when it came last; zero: it never has
	By       string        `json:"by,omitempty"`       // the name of the key with which it came
	Bot      absence       `json:"bot,omitzero"`       // when the bot was away while it may have come: it is judged from the end of that
	Missing  time.Time     `json:"missing,omitzero"`   // since when it is missing; zero: it is not
	Incident int           `json:"incident,omitempty"` // the incident that its absence opened or joined
	Next     time.Time     `json:"next,omitzero"`      // of a missing one: when it is spoken of again
	Does     alert.Does    `json:"does,omitempty"`     // of a missing one: what that did
}

// absence is a while in which the bot could hear nobody.
type absence struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (a absence) length() time.Duration { return a.To.Sub(a.From) }

const (
	beatPrefix = "beat/"
	beatsKey   = "beats"
)

func beatKey(name string) string { return beatPrefix + name }

// newBeat is a heartbeat that is expected from now on. One that never comes is missing
// after its first period: that it was put into the roster and never into the crontab is
// the commonest mistake, and who waits for the first beat never finds it.
func newBeat(h rotation.Heartbeat, now time.Time) beatRecord {
	return beatRecord{V: 1, Since: now, Every: h.Every, Grace: h.Grace}
}

// expects brings a record up to the roster and the clock: new times hold from now on,
// and what a clock that ran ahead has written is taken for now.
func (r beatRecord) expects(h rotation.Heartbeat, now time.Time) beatRecord {
	if r.Every != h.Every || r.Grace != h.Grace {
		r.Every, r.Grace, r.Since = h.Every, h.Grace, now
	}
	for _, t := range []*time.Time{&r.Since, &r.Last, &r.Bot.To, &r.Missing} {
		if t.After(now) {
			*t = now
		}
	}
	return r
}

// from is the instant from which the next beat is waited for.
func (r beatRecord) from() time.Time {
	from := r.Since
	for _, t := range []time.Time{r.Last, r.Bot.To} {
		if t.After(from) {
			from = t
		}
	}
	return from
}

// due is when it is missing.
func (r beatRecord) due() time.Time { return r.from().Add(r.Every + r.Grace) }

// missing reports whether somebody has been asked because of it.
func (r beatRecord) missing() bool { return !r.Missing.IsZero() }

// mayHaveMissed reports whether a beat may have come while the bot was away, so that
// none is to be held against the sender before another full period. That is so where the
// bot was away when the next one was to be expected; for a daily one, a restart at
// another hour changes nothing, or the bot that is restarted every day would never miss
// it. And where the bot is away again and again just then, but briefly, only the first
// time counts.
func (r beatRecord) mayHaveMissed(a absence) bool {
	if r.missing() || a.length() <= 0 || a.From.After(r.due()) {
		return false
	}
	earliest := r.from()
	if earliest.Equal(r.Last) {
		earliest = earliest.Add(max(0, r.Every-r.Grace))
	}
	if a.To.Before(earliest) {
		return false
	}
	again := !r.Bot.To.IsZero() && !r.Bot.To.Before(r.Last)
	return !again || a.length() >= (r.Every+r.Grace)/10
}

// How often it is stored that a heartbeat came, and spoken of one that is missing.
const (
	beatStoredMin = time.Second
	beatStoredMax = time.Minute
	beatAgainMin  = time.Hour
)

// stored is how long a beat stands for those after it, which are not stored: about a
// tenth of the period. It is less than the grace, so that losing those after it in a
// crash makes no sender seem late.
func (r beatRecord) stored() time.Duration {
	period := r.Every
	if period == 0 {
		period = r.Grace
	}
	return min(max(min(period/10, r.Grace/2), beatStoredMin), beatStoredMax)
}

// again is when a missing one is taken as an alert once more, as other senders repeat
// what still fires: where it was silenced, or people called it over and it has not come
// back, somebody is asked anew.
func (r beatRecord) again(now time.Time) time.Time {
	if !r.Does.Asks() {
		return now.Add(min(max(r.Every+r.Grace, time.Minute), beatAgainMin))
	}
	return now.Add(max(r.Every+r.Grace, beatAgainMin))
}

// beatSender is the kind of sender of the alert that a heartbeat is missing.
const beatSender = "heartbeat"

// beatsSend is in whose name they are taken in.
var beatsSend = Key{Name: beatSender}

// alert is the alert that it is missing, or with over, that it is no more. bot is when
// the bot itself was away meanwhile, if it was.
func (r beatRecord) alert(h rotation.Heartbeat, over bool, bot absence, zone *time.Location) alert.Alert {
	clock := func(t time.Time) string { return beatClock(t, r.Missing, zone) }
	a := alert.Alert{Key: beatSender + "/" + h.Name, Status: alert.Firing, Source: beatSender, Service: h.Service,
		Severity: alert.ReadSeverity(h.Severity), Started: r.Missing, Labels: []alert.KV{{Key: beatSender, Value: h.Name}}}
	expected := "expected every " + rotation.DurationText(h.Every)
	if h.Every == 0 {
		expected = "expected within " + rotation.DurationText(h.Grace)
	}
	if r.Last.IsZero() {
		a.Title = fmt.Sprintf("No sign of life from %s: it has never come (%s)", h.Name, expected)
		a.Summary = "It stands in the roster since " + clock(r.Since) + "."
	} else {
		a.Title = fmt.Sprintf("No sign of life from %s since %s (%s)", h.Name, clock(r.Last), expected)
		a.Summary = "It came last at " + clock(r.Last) + "."
	}
	if bot.length() > 0 {
		a.Title += fmt.Sprintf("; the bot itself was away from %s to %s", clock(bot.From), clock(bot.To))
	}
	a.Summary += " It was due by " + clock(r.due()) + "."
	if over {
		a.Status = alert.Over
	}
	return a
}

// returned says that it came again.
func (r beatRecord) returned(name string, now time.Time, zone *time.Location) string {
	if r.Last.IsZero() {
		return fmt.Sprintf("%s came at %s, for the first time.", name, beatClock(now, now, zone))
	}
	return fmt.Sprintf("%s is back at %s, it was away for %s.", name, beatClock(now, now, zone), rotation.DurationText(now.Sub(r.Last).Round(time.Second)))
}

// beatClock shows an instant with as much of its day as is needed at now.
func beatClock(t, now time.Time, zone *time.Location) string {
	s := incident.Clock(t, now, zone)
	if d := now.Sub(t); d > 300*24*time.Hour || d < -300*24*time.Hour {
		s += t.In(zone).Format(" 2006")
	}
	return s
}
