package alerts

import "github.com/stormbell/stormbell/incident/alert"

// Taken is what became of one alert of a body.
type Taken struct {
	Key      string       // of the alert, as its sender knows it
	Incident int          // 0 when it concerns none
	Result   alert.Result // in the word that the sender is answered
	Does     string       // incident, page, count, heartbeat or suppressed
}
