package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// maxRoster is the largest roster that is taken in bytes. Ten thousand rotations
// are five megabytes.
const maxRoster = 16 << 20

// roster answers with the roster that holds, or with ?version=N an earlier one.
// Its ETag is the version.
func (s *Server) roster(w http.ResponseWriter, r *http.Request, d *Parts) error {
	version := d.People.Current().Version
	if text := r.URL.Query().Get("version"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return &problem{Status: http.StatusBadRequest, Why: "version must be a number from 1."}
		}
		version = n
	}
	if version == 0 {
		return &problem{Status: http.StatusNotFound, Why: "There is no roster yet.", Next: "Send one with POST /v1/roster, or `stormbell roster apply`."}
	}
	text, err := d.People.RosterText(r.Context(), version)
	if err != nil {
		return missing(err)
	}
	w.Header().Set("ETag", tag(version))
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	_, err = w.Write(text)
	return err
}

func tag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// history answers with the changes of the roster, the newest first, at most
// ?limit= of them (100 unless told), older than the version ?before=.
func (s *Server) history(w http.ResponseWriter, r *http.Request, d *Parts) error {
	most, err := limit(r.URL.Query().Get("limit"), listUsual, HistoryMost)
	if err != nil {
		return err
	}
	before := 0
	if text := r.URL.Query().Get("before"); text != "" {
		if before, err = strconv.Atoi(text); err != nil || before < 1 {
			return &problem{Status: http.StatusBadRequest, Why: "before must be a version of the roster, a number from 1."}
		}
	}
	list, err := d.People.History(r.Context(), 0)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, NewHistoryPage(list, before, most))
	return nil
}

// applied is the answer to a roster that was sent. Its lists are never null.
type applied struct {
	Version  int      `json:"version"` // that holds now
	Changed  bool     `json:"changed"`
	Plan     []string `json:"plan"`     // what changes, in words, one a line
	Findings []string `json:"findings"` // what somebody should look at in the new roster and could not in the old
}

// apply makes the roster in the body hold, or with ?plan=1 says only what would
// change. It is refused as a whole when anything in it is wrong, and when
// If-Match names another version than the one that holds.
func (s *Server) apply(w http.ResponseWriter, r *http.Request, d *Parts) error {
	next, text, err := readRoster(w, r)
	if err != nil {
		return err
	}
	if err := d.People.Current().Takes(next); err != nil {
		return unprocessable(err)
	}
	c, err := caller(r, d, r.URL.Query().Get("as"))
	if err != nil {
		return err
	}
	match, err := matches(r)
	if err != nil {
		return err
	}
	planOnly, err := truth(r, "plan")
	if err != nil {
		return err
	}
	old, now := d.People.Current().Roster, time.Now().UTC()
	out := applied{Version: d.People.Current().Version, Plan: rotation.Plan(old, next, now).Lines(), Findings: NewFindings(old, next, now)}
	if next.Equal(old) {
		if holds, err := d.People.RosterText(r.Context(), out.Version); err == nil && !bytes.Equal(holds, text) {
			out.Plan = []string{OnlyComments}
		}
	}
	if planOnly {
		if match != 0 && match != out.Version {
			return anotherVersion(&oncall.VersionError{Meant: match, Holds: oncall.Change{Version: out.Version}})
		}
		writeJSON(w, http.StatusOK, out)
		return nil
	}
	a, err := d.People.Apply(r.Context(), c, oncall.Application{Roster: next, Text: text, Why: oneLine(r.URL.Query().Get("why")), Match: match})
	var race *oncall.VersionError
	if errors.As(err, &race) {
		return anotherVersion(race)
	}
	if err != nil {
		return err
	}
	s.log.Info().Str("by", string(c.Actor)).Int("version", a.Version).Msg("the roster is applied")
	out.Version, out.Changed = a.Version, !a.Repeated
	w.Header().Set("ETag", tag(out.Version))
	writeJSON(w, http.StatusOK, out)
	return nil
}

// OnlyComments is the plan for a file that says what holds in another way.
const OnlyComments = "nothing would change but comments and layout"

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// findingMonths is how far ahead findings are looked for, so that both changes of
// the clocks lie within.
const findingMonths = 13

// NewFindings are what somebody should look at in the roster next and could not in
// old, one a line; new gaps are left to the plan. Old may be empty.
func NewFindings(old, next *rotation.Roster, now time.Time) []string {
	known := map[string]bool{}
	for _, f := range old.Findings(now, now.AddDate(0, findingMonths, 0)) {
		known[f.String()] = true
	}
	list := []string{}
	for _, f := range next.Findings(now, now.AddDate(0, findingMonths, 0)) {
		if f.Kind != rotation.FindGap && !known[f.String()] {
			list = append(list, f.String())
		}
	}
	return list
}

// readRoster reads a roster from a body, and returns its text as well.
func readRoster(w http.ResponseWriter, r *http.Request) (*rotation.Roster, []byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRoster))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, nil, &problem{Status: http.StatusRequestEntityTooLarge, Why: fmt.Sprintf("The roster is over %d bytes.", maxRoster), Next: "Nothing was changed."}
	case err != nil:
		return nil, nil, &problem{Status: http.StatusBadRequest, Why: "The body ended before its time.", Next: "Send it again."}
	case strings.TrimSpace(string(body)) == "":
		return nil, nil, &problem{Status: http.StatusBadRequest, Why: "There is no roster in the body.", Next: "Send the file's text as it is."}
	}
	roster, err := rotation.Parse("roster", body)
	var problems rotation.Problems
	if err == nil && len(roster.Export()) == 0 {
		return nil, nil, &problem{Status: http.StatusBadRequest, Why: "The roster in the body has no entry.", Next: "Nothing was changed."}
	}
	if !errors.As(err, &problems) {
		return roster, body, err
	}
	p := &problem{Status: http.StatusUnprocessableEntity, Why: "The roster is not valid: " + problems[0].Error() + ".", Next: "Nothing was changed."}
	if len(problems) > 1 {
		p.Why = fmt.Sprintf("The roster has %d problems, the first: %s.", len(problems), problems[0].Error())
	}
	for _, q := range problems {
		reason := q.Message
		if q.Hint != "" {
			reason += "; " + q.Hint
		}
		p.Fields = append(p.Fields, field{strings.TrimSuffix(fmt.Sprintf("line %d: %s", q.Line, q.Entry), ": "), reason})
	}
	return nil, nil, p
}

// unprocessable makes a refusal of a body that can be read a 422.
func unprocessable(err error) error {
	var r *incident.Refusal
	if !errors.As(err, &r) {
		return err
	}
	return &problem{Status: http.StatusUnprocessableEntity, Why: r.Why, Next: r.Next}
}

// matches reads the version that a change was made from; 0 is any.
func matches(r *http.Request) (int, error) {
	text := strings.Trim(r.Header.Get("If-Match"), `"`)
	if text == "" || text == "*" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, &problem{Status: http.StatusBadRequest, Why: "If-Match must be a version of the roster, as in the ETag of GET /v1/roster."}
	}
	return n, nil
}

// anotherVersion refuses a roster that was made from another version than holds.
func anotherVersion(e *oncall.VersionError) error {
	who := ""
	if e.Holds.By != "" {
		who = fmt.Sprintf(" by %s at %s", e.Holds.By, e.Holds.At.UTC().Format("2006-01-02 15:04 UTC"))
	}
	return &problem{Status: http.StatusPreconditionFailed,
		Why:  fmt.Sprintf("The roster was changed meanwhile%s: version %d is current, and this was made from version %d.", who, e.Holds.Version, e.Meant),
		Next: "Export it again and repeat the change there. Nothing was changed."}
}

// truth reads a query parameter that is set by its name alone, too.
func truth(r *http.Request, name string) (bool, error) {
	text, set := r.URL.Query().Get(name), r.URL.Query().Has(name)
	if text == "" {
		return set, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, &problem{Status: http.StatusBadRequest, Why: name + " must be true or false."}
	}
	return on, nil
}
