package incident

import "time"

// Reroute gives the incident to the service it really belongs to: its owner is
// paged, and what the first responders wrote stays. Whoever was on it is free of it:
// the roles that they have only because they acknowledged first are the next one's.
func (i Incident) Reroute(service, reason string, by Actor, now time.Time) (Change, error) {
	if !i.Status.Active() {
		return Change{}, i.over("its service stays as it was")
	}
	if service == i.Service {
		return Change{}, Refuse("", "%s already belongs to %s.", i.Name(), service)
	}
	c := begin(i, by, now)
	seq := c.add(Event{Kind: KindService, Service: service, Was: i.Service, Text: CleanText(reason)})
	for _, h := range i.Roles {
		if h.Who == i.AcknowledgedBy && h.From.Equal(i.Since) && (h.Role == Commander || h.Role == Responder) {
			c.add(Event{Kind: KindRoleLeft, Role: h.Role, Person: h.Who})
		}
	}
	c.do(CloseAsks, StartPaging)
	c.say(seq)
	c.refresh()
	return c.change(), nil
}
