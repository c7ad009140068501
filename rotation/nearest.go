package rotation

import (
	_ "embed"
	"strings"
)

// zoneList is the IANA names people use, for the nearest one to a typo only;
// whether a zone exists is the zone database's to say.
//
//go:embed zones.txt
var zoneList string

// nearest is the word of list closest to word, or empty where none is close: at
// most a third of its letters may differ, and no more than four.
func nearest(word string, list []string) string {
	best, least := "", min((len(word)+1)/3, 4)
	lower := strings.ToLower(word)
	for _, w := range list {
		if diff := len(w) - len(word); diff > least || -diff > least {
			continue
		}
		if d := distance(lower, strings.ToLower(w), least); d < least || d == least && best == "" {
			best, least = w, d
		}
	}
	return best
}

// nearestZone also knows a city by itself: Berlin is Europe/Berlin.
func nearestZone(name string) string {
	zones := strings.Fields(zoneList)
	if z := nearest(name, zones); z != "" && name != "" {
		return z
	}
	city := strings.ReplaceAll(name[strings.LastIndex(name, "/")+1:], " ", "_")
	if len(city) < 3 {
		return ""
	}
	cities := make([]string, len(zones))
	for i, z := range zones {
		cities[i] = z[strings.LastIndex(z, "/")+1:]
	}
	found := nearest(city, cities)
	for i, c := range cities {
		if found != "" && c == found {
			return zones[i]
		}
	}
	return ""
}

// distance is how many letters must be changed, added, left out or swapped with
// their neighbour to make b of a; anything over limit may be returned as
// limit+1.
func distance(a, b string, limit int) int {
	var before []int
	last, now := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		row := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			row = min(row, now[j])
		}
		if row > limit+1 {
			return limit + 1
		}
		before, last, now = last, now, make([]int, len(b)+1)
	}
	return last[len(b)]
}
