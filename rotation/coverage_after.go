package rotation

import "time"

// afterMost is how far ahead [Coverage.After] looks.
const afterMost = 400 * 24 * time.Hour

// After returns the instant at which d of the time since from has been counted, see
// [Coverage.Counted]: eight hours after Friday 16:00 are Monday 16:00 where Mondays to
// Fridays count from nine to five. Hours that never come, or not within 400 days, end
// after that; from itself is the answer where d is not positive. A nil Coverage counts
// everything.
func (c *Coverage) After(from time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return from
	}
	if c == nil {
		return from.Add(d)
	}
	low, step := from, max(d, time.Hour)
	for { // what is counted from low is added up, so that no day is walked twice
		high := low.Add(step)
		counted := c.Counted(low, high)
		if counted >= d {
			return c.within(low, high, d)
		}
		if high.Sub(from) > afterMost {
			return high
		}
		low, d, step = high, d-counted, min(2*step, 7*24*time.Hour)
	}
}

// within finds the instant in a stretch that counts at least d, to the second.
func (c *Coverage) within(low, high time.Time, d time.Duration) time.Time {
	from := low
	for high.Sub(low) > time.Second {
		middle := low.Add(high.Sub(low) / 2)
		if c.Counted(from, middle) >= d {
			high = middle
		} else {
			low = middle
		}
	}
	if at := high.Truncate(time.Second); c.Counted(from, at) >= d {
		return at
	}
	return high
}
