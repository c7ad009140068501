package rotation

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// zoneList is the IANA names people use, for the nearest one to a typo only;
// whether a zone exists is the zone database's to say.
//
//go:embed zones.txt
var zoneList string

// zoneWordList is words for zones that are not names of zones: cities without one,
// countries, abbreviations. Several zones stand where a word means several.
//
//go:embed zone_words.txt
var zoneWordList string

// zoneWords is the zones that a word may mean, or nothing where it is unknown: a
// place, an abbreviation, or a name that Windows has.
func zoneWords(name string) []string {
	if iana, ok := windowsZone(name); ok {
		return []string{iana}
	}
	word := strings.Map(func(c rune) rune {
		if c < 'a' || c > 'z' {
			return -1
		}
		return c
	}, strings.ToLower(name[strings.LastIndex(name, "/")+1:]))
	for line := range strings.Lines(zoneWordList) {
		if w, zones, _ := strings.Cut(strings.TrimSpace(line), "="); w == word {
			return strings.Fields(zones)
		}
	}
	return nil
}

// halfHours are zones of a fixed offset, in minutes, that Etc has no name for.
var halfHours = map[int]string{210: "Asia/Tehran", 270: "Asia/Kabul", 330: "Asia/Kolkata", 345: "Asia/Kathmandu",
	390: "Asia/Yangon", 525: "Australia/Eucla", 570: "Australia/Darwin", -570: "Pacific/Marquesas"}

// zoneHint is what to write for a zone that does not exist.
func zoneHint(name string) string {
	if m := offsetForm.FindStringSubmatch(asciiLower(name)); m != nil {
		if hint := offsetHint(m[1], m[2], m[3]); hint != "" {
			return hint
		}
	}
	switch names := zoneWords(name); len(names) {
	case 0:
	case 1:
		return "write " + names[0]
	default:
		return "it means several: write " + orWords(names)
	}
	if near := nearestZone(name); near != "" {
		return "did you mean " + near + "?"
	}
	return "write an IANA name such as Europe/Berlin"
}

func offsetHint(sign, hours, minutes string) string {
	h, _ := strconv.Atoi(hours)
	m, _ := strconv.Atoi(minutes)
	east := sign == "+"
	signed := h*60 + m
	if !east {
		signed = -signed
	}
	switch {
	case signed == 0:
		return "write UTC"
	case m != 0 && halfHours[signed] != "":
		return "write " + halfHours[signed]
	case m != 0 || east && h > 14 || !east && h > 12:
		return ""
	}
	other, way := "-", "east"
	if !east {
		other, way = "+", "west"
	}
	return fmt.Sprintf("write a place, such as Europe/Berlin, whose clocks change in summer, or Etc/GMT%s%d, which is always %d h %s of UTC (there the sign is the other way round)", other, h, h, way)
}

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
