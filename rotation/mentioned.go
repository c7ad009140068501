package rotation

import (
	"slices"
	"strings"
	"unicode"
)

// Mentioned returns the service that a text names, by ID or name, in whole words and
// in any case: "Checkout is down" names the service checkout. A name that is a part of
// a longer one that is there does not count. Where the text names several services,
// none is returned, and all of them as others, in the roster's order.
func (r *Roster) Mentioned(text string) (service *Service, others []*Service) {
	said := wordsOf(text)
	taken := make([]int, len(said)) // how long the name is in which each word stands
	type place struct{ service, at, length int }
	var places []place
	for n := range r.Services {
		for _, name := range []string{r.Services[n].ID, r.Services[n].Name} {
			words := wordsOf(name)
			if len(words) == 0 {
				continue
			}
			for at := 0; at+len(words) <= len(said); at++ {
				if !slices.Equal(said[at:at+len(words)], words) {
					continue
				}
				places = append(places, place{n, at, len(words)})
				for k := at; k < at+len(words); k++ {
					taken[k] = max(taken[k], len(words))
				}
			}
		}
	}
	var found []*Service
	for _, p := range places {
		whole := slices.Max(taken[p.at:p.at+p.length]) == p.length
		if s := &r.Services[p.service]; whole && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, found
}

// wordsOf returns the words of a text in lower case: letters and digits.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}
