package notify

import (
	"errors"
	"strings"
)

// CheckPhone returns nil for a number that can be dialled from anywhere, as
// ITU-T E.164 writes it: a plus, the country code, the rest without the
// leading zero; 8 to 15 digits and nothing else. The error says in plain words
// what is wrong, without repeating the number.
func CheckPhone(number string) error {
	digits, plus := strings.CutPrefix(number, "+")
	odd := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	switch {
	case number == "":
		return errors.New("the number is empty")
	case !plus && strings.HasPrefix(number, "00"):
		return errors.New("write a plus for the two zeros: +49 and so on")
	case !plus && strings.HasPrefix(number, "0"):
		return errors.New("the country code is missing: write +, the country code, and the number without its first zero")
	case !plus:
		return errors.New("the plus in front of the country code is missing")
	case odd >= 0:
		return errors.New("only digits may follow the plus: no spaces, hyphens, brackets or letters")
	case strings.HasPrefix(digits, "0"):
		return errors.New("no country code begins with zero")
	case len(digits) < 8:
		return errors.New("the number is too short: at least 8 digits follow the plus")
	case len(digits) > 15:
		return errors.New("the number is too long: at most 15 digits follow the plus")
	}
	return nil
}
