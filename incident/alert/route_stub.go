package alert

// Verdict stands in.
type Verdict struct {
	Route    string
	Does     Does
	Service  string
	Severity Severity
	Group    []string
	Why      []string
	Notes    []string
}
