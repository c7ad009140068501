package configs

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// decode merges defaults, file and environment, in rising order, and fills a
// Config. Texts that do not parse become problems and leave their field zero.
func (l *loader) decode() *Config {
	v := viper.New()
	for _, k := range l.schema {
		if k.Default != "" {
			v.SetDefault(k.Name, k.Default)
		}
	}
	for key, s := range l.settings {
		if _, isTwin, _ := l.schema.find(key); !isTwin && s.value != nil {
			v.Set(key, s.value)
		}
	}
	var c Config
	err := v.Unmarshal(&c, func(d *mapstructure.DecoderConfig) {
		d.ErrorUnused = true
		// Weak typing reads the duration 5 as five nanoseconds and the address
		// 0010 as "8", without an error.
		d.WeaklyTypedInput = false
		d.DecodeHook = mapstructure.ComposeDecodeHookFunc(
			parsed(ParseStore), parsed(parseDuration), parsed(parseLocation), parsed(ParseSize), parsed(parseNumber),
			mapstructure.TextUnmarshallerHookFunc(),
		)
	})
	l.decodeProblems(err)
	if c.BusinessTimeZone == nil {
		c.BusinessTimeZone = time.UTC
	}
	return &c
}

// decodeProblems takes apart what the decoder reports: a tree of joined errors,
// each with the key that it is about.
func (l *loader) decodeProblems(err error) {
	if err == nil {
		return
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			l.decodeProblems(e)
		}
		return
	}
	field, ok := err.(*mapstructure.DecodeError)
	if !ok {
		if inner := errors.Unwrap(err); inner != nil {
			l.decodeProblems(inner)
			return
		}
		l.problems = append(l.problems, Problem{File: l.path, What: err.Error()})
		return
	}
	var bad *valueError
	if errors.As(field, &bad) {
		l.report(field.Name(), bad.what, bad.mend)
		return
	}
	l.report(field.Name(), field.Unwrap().Error(), "stormbell.example.yaml shows the form")
}

// valueError is why a text is not a value of its type.
type valueError struct{ what, mend string }

func (e *valueError) Error() string { return e.what + "; " + e.mend }

// parsed makes a decode hook of a function from a text to a value.
func parsed[T any](parse func(string) (T, error)) mapstructure.DecodeHookFuncType {
	return func(from, to reflect.Type, data any) (any, error) {
		if from.Kind() != reflect.String || to != reflect.TypeFor[T]() {
			return data, nil
		}
		return parse(data.(string))
	}
}

func parseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if days, err := strconv.Atoi(strings.TrimSuffix(s, "d")); err == nil && strings.HasSuffix(s, "d") && days >= 0 && days < 100_000 {
		return time.Duration(days) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, &valueError{fmt.Sprintf("%q is not a duration", s), "write a number and a unit, such as 30s or 5m"}
	}
	return d, nil
}

func parseNumber(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		return 0, &valueError{fmt.Sprintf("%q is not a number", s), "write a whole number, such as 2"}
	}
	return n, nil
}

func parseLocation(s string) (*time.Location, error) {
	// Local would give other figures on another machine.
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		return nil, &valueError{fmt.Sprintf("%q is not a time zone", s), "use an IANA name, such as Europe/Berlin"}
	}
	return zone, nil
}
