package incident

import "time"

// Real says that a drill is none: from now on its owner is paged.
func (i Incident) Real(by Actor, now time.Time) (Change, error) {
	switch {
	case !i.Status.Active():
		return Change{}, i.over("it stays a drill")
	case !i.Test:
		return Change{}, Refuse("", "%s is real already.", i.Name())
	}
	return i.drill(false, by, now), nil
}

// Drill says that an incident is only an exercise. Whoever has answered has been
// told otherwise, and may be at work on it: then it stays real.
func (i Incident) Drill(by Actor, now time.Time) (Change, error) {
	switch {
	case !i.Status.Active():
		return Change{}, i.over("it cannot become a drill")
	case i.Test:
		return Change{}, Refuse("", "%s is a drill already.", i.Name())
	case i.AcknowledgedBy != "":
		r := Refuse("If it was none: cancel, with a reason.", "{who} has answered {when}, so %s stays real.", i.Name())
		r.Who, r.When = i.AcknowledgedBy, i.Since
		return Change{}, r
	}
	return i.drill(true, by, now), nil
}

func (i Incident) drill(is bool, by Actor, now time.Time) Change {
	c := begin(i, by, now)
	seq := c.add(Event{Kind: KindDrill, Test: is})
	if !is && i.Acked() { // whoever answered the drill is there; whose it really is must know
		c.add(Event{Kind: KindGivenBack, Text: "it was acknowledged as a drill"})
	}
	c.do(CloseAsks, StartPaging)
	c.say(seq)
	c.refresh()
	return c.change()
}
