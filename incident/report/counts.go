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
		switch why(i) {
		case "drill":
			c.Drills++
		case "merged":
			c.Merged++
		case "near miss":
			c.NearMiss++
		case "false alarm":
			c.FalseAlarm++
		case "cancelled":
			c.Cancelled++
		default:
			c.Counted++
		}
	}
	return c
}
