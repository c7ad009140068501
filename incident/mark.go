package incident

// Mark returns the sign of the severity, the same wherever it is shown. The word
// stands beside it: colour alone says nothing to some.
func (s Severity) Mark() string {
	switch s {
	case Sev1:
		return "🔴"
	case Sev2:
		return "🟠"
	case Sev3:
		return "🟡"
	default:
		return "⚪"
	}
}

// Mark returns the sign of how the incident stands: nobody is on it, somebody is,
// customers are fine again, or it is over.
func (i Incident) Mark() string {
	switch {
	case i.Status == Mitigated:
		return "🩹"
	case !i.Status.Active():
		return "✅"
	case i.Acked():
		return "👀"
	default:
		return "🔥"
	}
}

// Marks returns the signs of severity and state, and of what is private, in this order.
// Of a drill everything says so besides, in words.
func (i Incident) Marks() string {
	s := i.Severity.Mark() + i.Mark()
	if i.Private {
		s += "🔒"
	}
	return s
}
