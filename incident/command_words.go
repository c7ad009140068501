package incident

import "strings"

// oneNamed is what the program wrote about a step. Versions until November 2026 wrote of
// one person who was named in the place of a policy "Step 0: Dana as person:dana".
func oneNamed(e Event) string {
	rest, ok := strings.CutPrefix(e.Text, "Step 0: ")
	if !ok {
		return e.Text
	}
	name, _, _ := strings.Cut(rest, " as ")
	return "Paging only " + name
}

// missed says that a promise was not kept, without a word about anybody.
func (w Wording) missed(e Event) string {
	switch e.Promise {
	case PromiseAck:
		return "the acknowledgement was due and nobody was on it yet"
	case PromiseRestore:
		return "the restore target has passed"
	default:
		if e.Assumed {
			return "the first update is usual by now and was not there yet"
		}
		return "the update was due and was not there yet"
	}
}

func (w Wording) silent(e Event) string {
	return "nothing was heard from the commander, " + w.actor(e.Person) + ", after two reminders"
}

// offerEnded says what became of an offer of command that was not accepted.
func (w Wording) offerEnded(e Event, s Sentence) Sentence {
	role := w.text(plainWord(string(e.Role)))
	switch e.Reason {
	case OfferDeclined:
		s.Did = "declined to be " + role
	case OfferReplaced:
		s.Did = "asked somebody else than " + w.actor(e.Person) + " to be " + role
	default:
		s.By, s.Did = "", "the offer to be "+role+" was not answered by "+w.actor(e.Person)+" and has lapsed"
	}
	return s
}

func (w Wording) left(e Event) string {
	if e.Person == e.By {
		return "gave up the role of " + w.text(plainWord(string(e.Role)))
	}
	return "took the role of " + w.text(plainWord(string(e.Role))) + " from " + w.actor(e.Person)
}
