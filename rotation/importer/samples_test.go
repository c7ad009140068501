package importer

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/stormbell/stormbell/rotation"
)

// expected is what is known about a sample: the right answers.
type expected struct {
	AsOf            time.Time `json:"as_of"`
	People          []person  `json:"people"`
	AbsentPeople    []string  `json:"absent_people"`
	AbsentRotations []string  `json:"absent_rotations"`
	AbsentServices  []string  `json:"absent_services"`
	Teams           []struct {
		Name    string
		Members []string
	}
	OnCall []struct {
		Schedule string
		At       time.Time
		OnCall   []string `json:"on_call"`
	} `json:"on_call"`
	Escalations []struct {
		Policy string
		At     time.Time
		Repeat int
		Steps  []step
	}
	Services []struct {
		Name, Team string
		PagesFirst struct {
			At     time.Time
			People []string
		} `json:"pages_first"`
	}
	Report []struct {
		Mentions []string
		Never    []string
	}
}

type person struct {
	Email, Name, Phone, Slack string
	TimeZone                  string `json:"time_zone"`
	Rules                     *struct{ High, Low [][2]string }
}

type step struct {
	After    string
	People   []string
	Includes []string
	OneOf    []string `json:"one_of"`
}

// TestSamples imports whole organisations and compares everything that is known about
// them.
func TestSamples(t *testing.T) {
	samples, err := filepath.Glob("testdata/*/*/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range samples {
		folder := filepath.Dir(known)
		system := filepath.Base(filepath.Dir(folder))
		t.Run(system+"/"+filepath.Base(folder), func(t *testing.T) {
			var want expected
			data, err := os.ReadFile(known)
			if err == nil {
				err = json.Unmarshal(data, &want)
			}
			if err != nil {
				t.Fatal(err)
			}
			result, err := Import(system, sampleFiles(t, folder), Options{At: want.AsOf})
			if err != nil {
				t.Fatal(err)
			}
			s := &sample{T: t, want: &want, Result: result}
			s.report()
			written, err := rotation.Parse("export.yaml", result.Roster.Export())
			if err != nil {
				t.Fatalf("what roster export writes of it cannot be read: %v", err)
			}
			for _, r := range []*rotation.Roster{result.Roster, written} { // as it is imported, and as it comes back
				s.Roster = r
				s.entries()
				s.onCall()
				s.escalations()
				s.services()
			}
		})
	}
}

// sampleFiles reads a sample's export.
func sampleFiles(t testing.TB, folder string) []File {
	t.Helper()
	var files []File
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "expected.json" {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, File{Name: filepath.ToSlash(path), Data: data})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// sample is one that was imported.
type sample struct {
	*testing.T
	*Result
	want *expected
}

// who finds a person by mail address or name.
func (s *sample) who(word string) *rotation.Person {
	for i := range s.Roster.People {
		p := &s.Roster.People[i]
		if strings.EqualFold(p.Email, word) || p.Email == "" && p.Name == word {
			return p
		}
	}
	return nil
}

// words are mail addresses, or names where there is none, of people in the roster.
func (s *sample) words(ids []string) []string {
	words := []string{}
	for _, id := range ids {
		p, _ := s.Roster.Person(id)
		if p.Email != "" {
			words = append(words, strings.ToLower(p.Email))
		} else {
			words = append(words, strings.ToLower(p.Name))
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func lower(words []string) []string {
	list := []string{}
	for _, w := range words {
		list = append(list, strings.ToLower(w))
	}
	slices.Sort(list)
	return list
}

func (s *sample) entries() {
	for _, want := range s.want.People {
		word := want.Email
		if word == "" {
			word = want.Name
		}
		p := s.who(word)
		if p == nil {
			s.Errorf("person %s is missing", word)
			continue
		}
		if p.Name != want.Name || want.TimeZone != "" && p.TimeZone != want.TimeZone || p.Phone != want.Phone || want.Slack != "" && p.Slack != want.Slack {
			s.Errorf("person %s: have %+v, want %+v", word, *p, want)
		}
		if want.Rules != nil {
			s.rules(p, "high", p.Rules.High, want.Rules.High)
			s.rules(p, "low", p.Rules.Low, want.Rules.Low)
		}
	}
	for _, word := range s.want.AbsentPeople {
		if s.who(word) != nil {
			s.Errorf("person %s should not be there", word)
		}
	}
	for _, want := range s.want.Teams {
		i := slices.IndexFunc(s.Roster.Teams, func(t rotation.Team) bool { return t.Name == want.Name })
		if i < 0 {
			s.Errorf("team %s is missing", want.Name)
		} else if have := s.words(s.Roster.Teams[i].Members); !slices.Equal(have, lower(want.Members)) {
			s.Errorf("team %s: have %v, want %v", want.Name, have, want.Members)
		}
	}
	for _, name := range s.want.AbsentRotations {
		if _, ok := s.Roster.Rotation(slug(name)); ok {
			s.Errorf("rotation %s should not be there", name)
		}
	}
}

func (s *sample) rules(p *rotation.Person, urgency string, have []rotation.Rule, want [][2]string) {
	var words [][2]string
	for _, r := range have {
		words = append(words, [2]string{r.Via, rotation.DurationText(r.After)})
	}
	if !slices.Equal(words, want) {
		s.Errorf("person %s, rules %s: have %v, want %v", p.ID, urgency, words, want)
	}
}

func (s *sample) onCall() {
	right := 0
	for _, want := range s.want.OnCall {
		r, ok := s.Roster.Rotation(slug(want.Schedule))
		if !ok {
			s.Errorf("rotation %s is missing", want.Schedule)
			continue
		}
		if have := s.words(r.People(want.At)); slices.Equal(have, lower(want.OnCall)) {
			right++
		} else {
			s.Errorf("%s at %s: have %v, want %v", want.Schedule, want.At.Format(time.RFC3339), have, want.OnCall)
		}
	}
	s.Logf("instants right: %d of %d", right, len(s.want.OnCall))
}

// told are the people of a step at an instant.
func (s *sample) told(step rotation.Step, at time.Time) []string {
	var ids []string
	for _, t := range step.Notify {
		switch t.Kind {
		case rotation.TargetPerson:
			ids = append(ids, t.ID)
		case rotation.TargetRotation:
			r, _ := s.Roster.Rotation(t.ID)
			ids = append(ids, r.People(at)...)
		case rotation.TargetTeam:
			team, _ := s.Roster.Team(t.ID)
			ids = append(ids, team.Members...)
		}
	}
	return s.words(ids)
}

func (s *sample) escalations() {
	for _, want := range s.want.Escalations {
		p, ok := s.Roster.Policy(slug(want.Policy))
		if !ok {
			s.Errorf("policy %s is missing", want.Policy)
			continue
		}
		if p.Repeat != want.Repeat {
			s.Errorf("policy %s: repeat %d, want %d", want.Policy, p.Repeat, want.Repeat)
		}
		for _, x := range want.Steps {
			after, _ := time.ParseDuration(x.After)
			s.step(p, x, want.At.Add(after), after)
		}
	}
}

func (s *sample) step(p *rotation.Policy, want step, at time.Time, after time.Duration) {
	var passed time.Duration
	for range p.Repeat + 1 {
		for _, step := range p.Steps {
			if passed != after {
				passed += step.Wait
				continue
			}
			have := s.told(step, at)
			switch {
			case want.Includes != nil:
				for _, w := range lower(want.Includes) {
					if !slices.Contains(have, w) {
						s.Errorf("policy %s after %s: have %v, want at least %v", p.ID, want.After, have, want.Includes)
					}
				}
			case want.OneOf != nil:
				if !step.RoundRobin || !slices.Equal(have, lower(want.OneOf)) {
					s.Errorf("policy %s after %s: have %v, round robin %t, want one of %v", p.ID, want.After, have, step.RoundRobin, want.OneOf)
				}
			case !slices.Equal(have, lower(want.People)):
				s.Errorf("policy %s after %s: have %v, want %v", p.ID, want.After, have, want.People)
			}
			return
		}
	}
	s.Errorf("policy %s has no step after %s", p.ID, want.After)
}

func (s *sample) services() {
	for _, want := range s.want.Services {
		i := slices.IndexFunc(s.Roster.Services, func(x rotation.Service) bool { return x.Name == want.Name })
		if i < 0 {
			s.Errorf("service %s is missing", want.Name)
			continue
		}
		x := &s.Roster.Services[i]
		if t, ok := s.Roster.Team(x.Team); want.Team != "" && (!ok || t.Name != want.Team) {
			s.Errorf("service %s: team %q, want %q", want.Name, x.Team, want.Team)
		}
		p, ok := s.Roster.PolicyOf(x.ID)
		if !ok {
			s.Errorf("service %s has no policy", want.Name)
		} else if have := s.told(p.Steps[0], want.PagesFirst.At); !slices.Equal(have, lower(want.PagesFirst.People)) {
			s.Errorf("service %s pages %v first, want %v", want.Name, have, want.PagesFirst.People)
		}
	}
	for _, name := range s.want.AbsentServices {
		if slices.ContainsFunc(s.Roster.Services, func(x rotation.Service) bool { return x.Name == name }) {
			s.Errorf("service %s should not be there", name)
		}
	}
}

func (s *sample) report() {
	lines := s.Report.Lines()
	for i := range lines {
		lines[i] = strings.ToLower(lines[i])
	}
	met, all := 0, 0
	for _, want := range s.want.Report {
		for _, word := range want.Never {
			if strings.Contains(strings.Join(lines, "\n")+string(s.Text), word) {
				s.Errorf("the report or the roster says %q", word)
			}
		}
		if len(want.Mentions) == 0 {
			continue
		}
		all++
		if slices.ContainsFunc(lines, func(line string) bool {
			return !slices.ContainsFunc(want.Mentions, func(w string) bool { return !strings.Contains(line, strings.ToLower(w)) })
		}) {
			met++
		} else {
			s.Errorf("no line of the report mentions %q", want.Mentions)
		}
	}
	s.Logf("mentions met: %d of %d", met, all)
}
