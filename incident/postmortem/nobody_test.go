package postmortem

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/incident"
)

// everyField is an incident in which whatever can be typed names somebody: an event of
// each kind there is, every text of it and of the incident being that.
func everyField(t *testing.T, typed string) (incident.Incident, []incident.Event, Context) {
	t.Helper()
	source, err := os.ReadFile("../event.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`(?m)^\tKind\w+\s+(?:Kind\s+)?= "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 40 {
		t.Fatalf("%d kinds are read, which are not all of them", len(kinds))
	}
	start := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	i := incident.Incident{Number: 7, Status: incident.Resolved, Severity: incident.Sev1, Highest: incident.Sev1, Declared: start, Updated: start.Add(3 * time.Hour),
		DeclaredBy: "person:zeb", FollowUps: []incident.FollowUp{{}}, Impact: []incident.Interval{{Start: start, End: start.Add(time.Hour)}}}
	fill(reflect.ValueOf(&i).Elem(), typed)
	var events []incident.Event
	for n, k := range kinds {
		for _, note := range []incident.NoteKind{"", incident.What, incident.Decision, incident.Update} {
			e := incident.Event{Kind: incident.Kind(k[1]), Severity: incident.Sev2, Note: note, Seq: len(events) + 1, At: start.Add(time.Duration(n) * time.Minute), By: "person:zeb", Person: "person:bo",
				FollowUp: &incident.FollowUp{}, Hit: &incident.Hit{}, Mark: &incident.Mark{Files: []incident.File{{}}}, Skipped: []incident.Skipped{{}}}
			fill(reflect.ValueOf(&e).Elem(), typed)
			if e.Kind == incident.KindAnswered {
				e.Question = []string{Cause, Cue, "factors", "lucky"}[len(events)%4]
			}
			events = append(events, e)
		}
	}
	ctx := shop(t)
	ctx.People["person:zeb"] = Person{Names: []string{"Zébulon Quaresma", "zebq", "U0ZEBQ77"}}
	ctx.People["person:bo"] = Person{Label: "primary on-call (Checkout)", Names: []string{"Bodil Xanthopoulos", "bodilx"}}
	return i, events, ctx
}

// words are the fields that hold words of the program's own: a contact method, an outcome,
// the number and the kind of a follow-up.
var words = []string{"Via", "Reason", "ID", "Kind"}

// fill sets every text in v that has no kind of its own.
func fill(v reflect.Value, typed string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(typed)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), typed)
		}
	case reflect.Slice:
		for k := range v.Len() {
			fill(v.Index(k), typed)
		}
	case reflect.Struct:
		for k := range v.NumField() {
			if f := v.Type().Field(k); f.IsExported() && v.Type() != reflect.TypeFor[time.Time]() && !slices.Contains(words, f.Name) {
				fill(v.Field(k), typed)
			}
		}
	}
}

// TestNobodyIsNamedWhateverIsTyped puts names into every field and looks for them in every
// form of the document.
func TestNobodyIsNamedWhateverIsTyped(t *testing.T) {
	named := regexp.MustCompile(`(?i)z[eé]bulon|quaresma|zebq|bodil|xanthopoulos`)
	for _, typed := range []string{
		"Zebulon’s fix of bodilx/cache, said by <@U0ZEBQ77>", "options: zebq; Bodil\nchose: QUARESMA\nbecause: Zébulon-Quaresma", "inc-7-zebulon-broke-it", "zebq_test.png",
	} {
		i, events, ctx := everyField(t, typed)
		for form, text := range renderings(t, New(i, events, ctx)) {
			if m := named.FindStringIndex(text); m != nil {
				t.Errorf("%q typed: %s has %q", typed, form, strings.ToValidUTF8(text[max(0, m[0]-90):min(len(text), m[1]+40)], ""))
			}
			if !strings.Contains(text, "Responder") {
				t.Errorf("%q typed: %s has nobody's role", typed, form)
			}
		}
	}
}

// renderings are all the forms of a document.
func renderings(t *testing.T, d Document) map[string]string {
	t.Helper()
	stored, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	short := ""
	for _, s := range d.Summary() {
		short += s.Title + "\n" + strings.Join(s.Lines, "\n") + "\n"
	}
	return map[string]string{"markdown": d.Markdown(), "html": d.HTML(), "json": string(d.JSON()), "record": string(stored), "short": d.Title + short + "Responder"}
}
