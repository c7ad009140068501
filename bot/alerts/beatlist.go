package alerts

import (
	"context"
	"time"

	"github.com/stormbell/stormbell/rotation"
)

// How a heartbeat stands.
const (
	BeatWaiting = "waiting" // it has never come, and still may
	BeatAlive   = "alive"
	BeatMissing = "missing"
)

// Heartbeat is a heartbeat of the roster and how it stands.
type Heartbeat struct {
	rotation.Heartbeat
	State    string    // BeatWaiting, BeatAlive or BeatMissing
	Since    time.Time // since when it is expected with these times
	Last     time.Time // when it came last; zero: it never has
	By       string    // the name of the key with which it came
	Due      time.Time // when it is missing, or has been
	Missing  time.Time // since when it is; zero: it is not
	Incident int       // of one that is missing; 0: it asks nobody
}

// Heartbeats returns the heartbeats that the roster expects, in its order.
func (a *Alerts) Heartbeats(ctx context.Context) ([]Heartbeat, error) {
	stored, _, err := a.storedBeats(ctx)
	if err != nil {
		return nil, err
	}
	list := []Heartbeat{}
	for _, h := range a.oncall.Current().Roster.HeartbeatRules() {
		x := Heartbeat{Heartbeat: h, State: BeatWaiting}
		if r, ok := stored[h.Name]; ok {
			r = a.beats.latest(h.Name, r)
			x.Since, x.Last, x.By, x.Due, x.Missing, x.Incident = r.Since, r.Last, r.By, r.due(), r.Missing, r.Incident
			switch {
			case r.missing():
				x.State = BeatMissing
			case !r.Last.IsZero():
				x.State = BeatAlive
			}
		}
		list = append(list, x)
	}
	return list, nil
}
