package main

import "time"

// scene is a row of steps that belong together: what somebody does about an incident, with
// the fault that goes wrong just then. What comes before it and after it is chance.
func (w *writer) scene() []step {
	switch {
	case w.of.archives():
		return w.oldTimes()
	case w.of.Seed%7 == 6:
		return w.answeredFirst()
	case w.of.setsClock() && w.IntN(2) == 0:
		return w.setBack()
	case w.of.setsClock() || w.IntN(4) > 0:
		return []func() []step{w.ticket, w.sentAgain, w.twoVersions}[w.IntN(3)]()
	}
	return w.covers()
}

// then is a step that comes after a while; args are the names and values of what is not
// left to chance. It is about the latest of what it is about.
func (w *writer) then(after time.Duration, verb string, args ...string) step {
	s := w.fillIn(verb)
	s.After = after
	if _, ok := s.Args["pick"]; ok {
		s.Args["pick"] = "0"
	}
	if s.Args["who"] == "eve" { // she is in no roster, and may do little
		s.Args["who"] = "bob"
	}
	for k := 0; k < len(args); k += 2 {
		s.Args[args[k]] = args[k+1]
	}
	return s
}

// seconds and minutes are a time between two.
func (w *writer) seconds(from, to int) time.Duration {
	return time.Duration(from+w.IntN(to-from)) * time.Second
}

func (w *writer) minutes(from, to int) time.Duration { return w.seconds(60*from, 60*to) }

// ticket has a follow-up opened at a tracker that does not do as it should, and the issue
// closed there, or gone.
func (w *writer) ticket() []step {
	steps := []step{
		w.then(w.seconds(0, 60), "declare", "as", ""),
		w.then(w.seconds(1, 60), "task"),
		w.then(w.seconds(1, 60), "provider", "via", "tracker", "how", w.one("lost", "lost", "hang", "error"), "for", w.one("30s", "4m")),
		w.then(w.seconds(0, 9), "export"),
		w.then(w.minutes(7, 20), "issue", "state", w.one("completed", "completed", "not_planned", "gone", "odd")),
	}
	if w.IntN(2) == 0 {
		steps = append(steps, w.then(w.minutes(1, 30), "issue"))
	}
	return steps
}

// sentAgain has forms sent of which nobody hears that they were taken.
func (w *writer) sentAgain() []step {
	steps := []step{w.then(w.seconds(0, 60), "declare", "as", "")}
	for _, which := range []string{"declare", "impact", "silence"} {
		steps = append(steps, w.then(w.seconds(1, 90), "form", "which", which, "how", "twice", "late", w.one("0s", "20s")))
	}
	return steps
}

// answeredFirst has a page wait that cannot be sent, and an answer come before it leaves.
func (w *writer) answeredFirst() []step {
	return []step{
		w.then(w.seconds(0, 60), "provider", "via", "sms", "how", w.one("error", "busy"), "for", "4m"),
		w.then(w.seconds(0, 5), "declare", "sev", w.one("1", "2"), "service", "search", "as", "", "via", "http"),
		w.then(w.seconds(10, 90), "ack", "via", w.one("http", "slack")),
	}
}

// setBack has the clock set back while a ladder climbs that nobody answers.
func (w *writer) setBack() []step {
	return []step{
		w.then(w.seconds(0, 60), "declare", "sev", w.one("1", "2"), "service", w.one("checkout", "search"), "as", "", "via", "http"),
		w.then(w.seconds(5, 200), "clock", "by", w.one("-40m", "-3h", "-26h")),
		w.then(w.minutes(20, 40), "look"),
	}
}

// covers has somebody on call who would not be, and an incident while they are.
func (w *writer) covers() []step {
	return []step{
		w.then(w.seconds(0, 60), "override", "who", w.one("cleo", "dan"), "in", "5m", "for", w.one("1h", "8h")),
		w.then(w.minutes(7, 50), "declare", "sev", w.one("1", "2"), "service", w.one("checkout", "ledger"), "as", ""),
	}
}

// twoVersions has a post-mortem published, and again when something has come to it.
func (w *writer) twoVersions() []step {
	return []step{
		w.then(w.seconds(0, 60), "declare", "as", "", "sev", w.one("1", "2", "3")),
		w.then(w.seconds(1, 90), "publish"),
		w.then(w.seconds(1, 90), w.one("answer", "note", "service", "task"), "via", "slack"),
		w.then(w.seconds(1, 90), "publish"),
	}
}

// oldTimes has an incident end, and read again when it was archived long ago.
func (w *writer) oldTimes() []step {
	return []step{
		w.then(w.seconds(0, 60), "declare", "as", "", "sev", w.one("2", "3", "4")),
		w.then(w.seconds(1, 90), "publish"),
		w.then(w.seconds(1, 90), "note"),
		w.then(w.seconds(1, 90), w.one("publish", "close")),
		w.then(w.minutes(1, 10), "months"),
		w.then(w.seconds(1, 90), w.one("reopen", "note", "answer", "publish")),
	}
}
