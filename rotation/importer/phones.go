package importer

import (
	"strings"

	"github.com/stormbell/stormbell/pattern"
)

var internationalForm = pattern.New(`^\+[1-9][0-9]{6,14}$`)

// phone is a number in the form of the roster: the country code and the number, digits
// only after the plus. It is false for one that does not come out in that form.
func phone(country, number string) (string, bool) {
	if strings.HasPrefix(strings.TrimSpace(number), "+") {
		country = ""
	} else if country == "" {
		return "", false
	}
	s := "+" + digits(country) + digits(number)
	return s, internationalForm.MatchString(s)
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
