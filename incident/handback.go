package incident

import "time"

// Unacknowledge takes the acknowledgement back: nobody is on it, and somebody is
// looked for again. Roles stay with who has them until others take them.
func (i Incident) Unacknowledge(text string, by Actor, now time.Time) (Change, error) {
	if !i.Status.Active() {
		return Change{}, i.over("there is no acknowledgement to take back")
	}
	if i.AcknowledgedBy == "" {
		return Change{}, Refuse("", "Nobody has acknowledged %s, so there is nothing to take back.", i.Name())
	}
	c := begin(i, by, now)
	c.say(c.add(Event{Kind: KindGivenBack, Text: CleanText(text)}))
	c.do(CloseAsks)
	c.refresh()
	return c.change(), nil
}
