package incident

import "strings"

// Symptom is what customers see of an incident. It is never a cause.
type Symptom string

// The symptoms; empty when nobody has said.
const (
	Slow        Symptom = "slow"
	Erroring    Symptom = "erroring"
	Unavailable Symptom = "unavailable"
	Partial     Symptom = "partial"    // a part is broken, such as paying, while the site is up
	WrongData   Symptom = "wrong_data" //
	Security    Symptom = "security"   // makes the incident private
)

// Symptoms lists the symptoms in the order in which people are shown them.
func Symptoms() []Symptom {
	return []Symptom{Slow, Erroring, Unavailable, Partial, WrongData, Security}
}

// Word is the symptom as people say it.
func (s Symptom) Word() string {
	switch s {
	case Partial:
		return "partly broken"
	case WrongData:
		return "wrong data"
	default:
		return string(s)
	}
}

// Help is the one question that tells whether it is this symptom.
func (s Symptom) Help() string {
	switch s {
	case Slow:
		return "Does it work, but take too long?"
	case Erroring:
		return "Do customers get error messages?"
	case Unavailable:
		return "Does nothing answer at all?"
	case Partial:
		return "Is the site up, but a part of it broken, such as paying?"
	case WrongData:
		return "Does it show or store what is not true?"
	case Security:
		return "Could somebody see or do what they must not? It becomes private."
	default:
		return ""
	}
}

// ParseSymptom reads a symptom by its name or as people say it.
func ParseSymptom(s string) (Symptom, bool) {
	s = strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), " "))
	for _, known := range Symptoms() {
		if s == known.Word() || s == string(known) {
			return known, true
		}
	}
	switch s {
	case "not responding", "unresponsive", "down":
		return Unavailable, true
	case "errors", "error":
		return Erroring, true
	case "partly", "partially broken":
		return Partial, true
	}
	return "", false
}

// Meaning says in words what a severity stands for, so that nobody has to know it.
func (s Severity) Meaning() string {
	switch s {
	case Sev1:
		return "customers cannot buy, pay or reach us"
	case Sev2:
		return "a main function is broken for a part"
	case Sev3:
		return "limited, or there is a way around it"
	default:
		return "nobody notices; pages nobody"
	}
}

// ServiceBy says how the service of an incident was chosen, where nobody named it
// as such.
type ServiceBy string

// How a service is chosen.
const (
	ByWords    ServiceBy = "words"    // the title names it
	ByFunction ServiceBy = "function" // the business function is its own
	ByDefault  ServiceBy = "default"  // nothing said which, so the roster's default holds
)

// Words follows the service's name where it was not named as such.
func (b ServiceBy) Words() string {
	switch b {
	case ByWords:
		return "taken from the title"
	case ByFunction:
		return "taken from the business function"
	case ByDefault:
		return "the default, since nobody said which"
	default:
		return ""
	}
}
