package configs

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fields returns the key of every setting in a struct.
func fields(prefix string, typ reflect.Type) []string {
	leaves := []reflect.Type{reflect.TypeFor[Secret](), reflect.TypeFor[Store](), reflect.TypeFor[time.Duration]()}
	var keys []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		key := prefix + f.Tag.Get("mapstructure")
		if f.Type.Kind() == reflect.Struct && !slices.Contains(leaves, f.Type) {
			keys = append(keys, fields(key+".", f.Type)...)
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

func TestKeysAreTheFieldsOfConfig(t *testing.T) {
	var got []string
	for _, k := range Keys() {
		got = append(got, k.Name)
		if want := "STORMBELL_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_")); k.Variable != want {
			t.Errorf("Keys(): variable of %s: got %s, want %s", k.Name, k.Variable, want)
		}
		if k.Meaning == "" || strings.HasSuffix(k.Meaning, ".") {
			t.Errorf("Keys(): meaning of %s: got %q, want a sentence without its full stop", k.Name, k.Meaning)
		}
	}
	if diff := cmp.Diff(fields("", reflect.TypeFor[Config]()), got); diff != "" {
		t.Errorf("Keys() against the fields of Config (-fields +keys):\n%s", diff)
	}
}

// commented is a setting that the example shows at its default.
var commented = regexp.MustCompile(`(?m)^( *)#([a-z ])`)

func TestExample(t *testing.T) {
	raw, err := os.ReadFile("stormbell.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(write(t, string(raw)), nil)
	if present := problemsOf(t, err).Present(); len(present) > 0 {
		t.Errorf("the example as it stands has problems besides the two tokens that are to be put in:\n%v", present)
	}
	want := mustLoad(t, write(t, tokens))
	want.Slack.AppToken, want.Slack.BotToken = NewSecret("xapp-your-app-level-token"), NewSecret("xoxb-your-bot-token")
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Errorf("the example as it stands is not the defaults (-want +got):\n%s", diff)
	}

	all := uncomment(string(raw))
	l := newLoader(write(t, all))
	l.readFile()
	if len(l.problems) > 0 {
		t.Fatalf("the example with every setting:\n%v", l.problems)
	}
	for _, k := range Keys() {
		s, ok := l.settings[k.Name]
		if !ok {
			t.Errorf("the example does not show %s", k.Name)
		}
		if k.Default != "" && s.value != k.Default {
			t.Errorf("the example shows %s as %v, its default is %s", k.Name, s.value, k.Default)
		}
	}

	// What it shows in place of a secret is known to everybody, and so is refused.
	_, err = Load(write(t, all), nil)
	refused := map[string]bool{}
	for _, p := range problemsOf(t, err) {
		if !strings.HasPrefix(p.What, "this is a placeholder") {
			t.Errorf("the example with every setting: %v", p)
		}
		key, _, _ := strings.Cut(p.Key, "[")
		refused[key] = true
	}
	for _, k := range Keys() {
		if k.Secret && !refused[k.Name] {
			t.Errorf("what the example shows for %s is taken for a secret", k.Name)
		}
	}
}

// problemsOf returns the problems that an error of Load is.
func problemsOf(t *testing.T, err error) Problems {
	t.Helper()
	var problems Problems
	if err != nil && !errors.As(err, &problems) {
		t.Fatalf("Load: got %v, want Problems", err)
	}
	return problems
}

// uncomment takes the # off settings and leaves it on prose, which has a space
// after it and is not part of a list.
func uncomment(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if m := commented.FindStringSubmatch(line); m != nil && (m[2] != " " || strings.HasPrefix(strings.TrimLeft(line, " "), "#  ")) {
			line = strings.Replace(line, "#", "", 1)
		}
		out.WriteString(line)
	}
	return out.String()
}

func TestNearest(t *testing.T) {
	known := newSchema().names()
	for word, want := range map[string]string{
		"slack.app_tokn":         "slack.app_token",
		"slack.bto_token":        "slack.bot_token",
		"listen":                 "http.listen",
		"Store":                  "store",
		"zebra":                  "",
		strings.Repeat("x", 1e6): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%.20q, every key) = %q, want %q", word, got, want)
		}
	}
}
