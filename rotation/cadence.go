package rotation

import "time"

// cadence turns instants into turn numbers and back.
type cadence struct {
	unit    Unit
	length  int64
	anchor  int64 // wall clock of the start
	origin  int64 // instant of the start
	step    int64 // seconds a turn; 0 for months and windows
	elapsed bool
}

func newCadence(l *clayer, start Local, every Cadence, clock Clock) cadence {
	c := cadence{unit: every.Unit, length: int64(every.Length), anchor: int64(start)}
	c.origin = l.zone.first(c.anchor)
	switch every.Unit {
	case Hours:
		c.step = c.length * hour
	case Days:
		c.step = c.length * day
	case Weeks:
		c.step = c.length * 7 * day
	}
	wall := c.step%day == 0 || (c.step > 0 && day%c.step == 0)
	c.elapsed = c.step > 0 && (clock == ElapsedClock || clock == "" && !wall)
	return c
}

// turn is the number of the turn that runs at t; negative before the start. High
// is the zone's high mark at t.
func (c *cadence) turn(l *clayer, t, high int64) int64 {
	switch {
	case c.elapsed:
		return floorDiv(t-c.origin, c.step)
	case c.step > 0:
		return floorDiv(high-c.anchor, c.step)
	case c.unit == Months:
		return c.month(high)
	case high < c.anchor:
		return -1
	}
	return max(0, l.windows.began(c.anchor, high)-1) / c.length
}

// begin is the instant at which turn n begins. Turns counted in windows have no
// closed form; theirs is the end of time, because a window's own edge comes first.
func (c *cadence) begin(z *zone, n int64) int64 {
	switch {
	case c.elapsed:
		return c.origin + n*c.step
	case c.step > 0:
		return z.first(c.anchor + n*c.step)
	case c.unit == Months:
		return z.first(c.monthBegin(n))
	case n <= 0:
		return c.origin
	}
	return forever
}

// month is the turn at the wall-clock time high when turns are months.
func (c *cadence) month(high int64) int64 {
	from, to := Local(c.anchor).utc(), Local(high).utc()
	months := int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	n := floorDiv(months, c.length)
	if c.monthBegin(n) > high {
		n--
	}
	return n
}

// monthBegin is the wall clock of turn n, clamped to the last day of its month
// and always counted from the start, so that the 31st comes back.
func (c *cadence) monthBegin(n int64) int64 {
	t := Local(c.anchor).utc()
	first := time.Date(t.Year(), t.Month()+time.Month(n*c.length), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.Unix() + int64(min(t.Day(), last)-1)*day + floorMod(c.anchor, day)
}
