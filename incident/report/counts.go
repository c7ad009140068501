package report

import "github.com/stormbell/stormbell/incident"

// Counts says how many incidents there were. What hurt nobody, is a part of another one
// or was a drill has a count of its own, and is not among those that count.
type Counts struct {
	Counted    int `json:"counted"`
	Cancelled  int `json:"cancelled"`
	NearMiss   int `json:"near_miss"`
	FalseAlarm int `json:"false_alarm"`
	Merged     int `json:"merged"`
	Drills     int `json:"drills"`
}

// CountsOf counts incidents, each once.
func CountsOf(list []incident.Incident) Counts {
	var c Counts
	for _, i := range list {
		switch {
		case i.Test:
			c.Drills++
		case i.Status == incident.Merged:
			c.Merged++
		case i.Outcome == incident.NearMiss:
			c.NearMiss++
		case i.Outcome == incident.FalseAlarm:
			c.FalseAlarm++
		case i.Status == incident.Cancelled:
			c.Cancelled++
		default:
			c.Counted++
		}
	}
	return c
}
