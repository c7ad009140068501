package incident

import (
	"testing"
	"time"
)

func TestNextOf(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	for what, tt := range map[string]struct {
		list   []Waiting
		fair   bool
		want   int
		fairly bool
	}{
		"nobody":                          {nil, true, -1, false},
		"the worse":                       {[]Waiting{{Sev3, ago(0)}, {Sev1, ago(0)}}, true, 1, false},
		"of two alike the first named":    {[]Waiting{{Sev2, ago(5)}, {Sev2, ago(5)}}, true, 0, false},
		"of two alike who waited longer":  {[]Waiting{{Sev2, ago(5)}, {Sev2, ago(6)}}, true, 1, false},
		"almost an hour is not long":      {[]Waiting{{Sev3, ago(59)}, {Sev1, ago(0)}}, true, 1, false},
		"who waited for an hour":          {[]Waiting{{Sev1, ago(90)}, {Sev3, ago(60)}}, true, 1, true},
		"but once an hour":                {[]Waiting{{Sev1, ago(0)}, {Sev3, ago(600)}}, false, 0, false},
		"of these who waited longest":     {[]Waiting{{Sev1, ago(0)}, {Sev2, ago(61)}, {Sev3, ago(70)}}, true, 2, true},
		"the worst are none of these":     {[]Waiting{{Sev1, ago(0)}, {Sev1, ago(600)}, {Sev2, ago(61)}}, true, 2, true},
		"where all are alike it is no go": {[]Waiting{{Sev2, ago(61)}, {Sev2, ago(62)}}, true, 1, false},
	} {
		if n, fairly := NextOf(tt.list, tt.fair, now); n != tt.want || fairly != tt.fairly {
			t.Errorf("%s: %d, fairly %t; want %d, %t", what, n, fairly, tt.want, tt.fairly)
		}
	}
}
