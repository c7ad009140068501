package desk

import (
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// head is what an incident is found by, so that a list reads no record but those that
// it shows. The record is what holds: a head only says which are worth reading.
type head struct {
	number   int // 0: there is no such incident
	status   incident.Status
	severity incident.Severity
	service  string
	declared time.Time
	private  bool
	concerns []incident.Actor // whom it concerns, see [incident.Incident.Concerns]
	text     string           // what is searched, in lower case
	notes    string           // and what was noted and decided, as far as that is known
}

// headOf returns what i is found by. Of its actors there is one copy each, in known.
func headOf(i incident.Incident, known map[incident.Actor]incident.Actor) head {
	h := head{number: i.Number, status: i.Status, severity: i.Severity, service: i.Service, declared: i.Declared,
		private: i.Private, text: strings.ToLower(searched(i))}
	for _, a := range slices.Concat(i.Involved, i.Called, i.Admitted) {
		if one, ok := known[a]; ok {
			a = one
		} else {
			known[a] = a
		}
		if !slices.Contains(h.concerns, a) {
			h.concerns = append(h.concerns, a)
		}
	}
	return h
}

// searched is the text of an incident among which words are looked for. The name of its
// service is not in it, since that may change.
func searched(i incident.Incident) string {
	parts := []string{i.Name(), i.Title, i.Service, i.Function, i.Says, i.ChannelName}
	for _, f := range i.FollowUps {
		parts = append(parts, f.Title)
	}
	return strings.Join(parts, "\n")
}

// taken reports whether q asks for the incident of the head, as far as its words do not
// matter.
func (h *head) taken(q Query) bool {
	return (len(q.Statuses) == 0 || slices.Contains(q.Statuses, h.status)) &&
		(len(q.Severities) == 0 || slices.Contains(q.Severities, h.severity)) &&
		(q.Service == "" || strings.EqualFold(h.service, q.Service)) &&
		(q.From.IsZero() || !h.declared.Before(q.From)) &&
		(q.To.IsZero() || h.declared.Before(q.To)) &&
		(q.Concerns == "" || slices.Contains(h.concerns, q.Concerns)) &&
		(q.All || len(q.Statuses) > 0 || h.status.Active())
}

// seenBy reports whether viewer may know of the incident of the head.
func (h *head) seenBy(d *Desk, viewer incident.Actor, outsider bool) bool {
	if !h.private && !outsider {
		return true
	}
	return d.sees(incident.Incident{Private: h.private, Involved: h.concerns}, viewer)
}
