package chat

import (
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// Help is one line of help: what is typed, and what it does.
type Help struct {
	Typed string // after the command; words in capitals stand for something
	Does  string
}

// Word is the verb that the line is about.
func (h Help) Word() string {
	word, _ := cut(h.Typed)
	return word
}

// HelpGroup is what helps with one thing.
type HelpGroup struct {
	Title string
	Lines []Help
}

// IncidentHelp is everything that can be typed after /incident.
func IncidentHelp() []HelpGroup {
	return []HelpGroup{
		{"Declare", []Help{
			{"declare checkout is slow sev2", "declares an incident: the person on call is paged and a channel is made. `service:ID`, `private` and `drill` are understood as last words"},
			{"declare", "opens a form for it"},
		}},
		{"Who is on it", []Help{
			{"ack", "says that you are on it; nobody else is paged"},
			{"unack", "gives it back; somebody else is paged"},
			{"snooze 15m [REASON]", "pages nobody for that long"},
			{"reassign @ada", "pages one person instead"},
			{"escalate", "pages the next step of the escalation policy now"},
			{"page @ada we need you", "pages a person, a team or a service besides"},
			{"role commander @ada", "offers command; it moves when that person accepts, within five minutes, after a brief from the record"},
			{"role responder @ada @bob", "gives people a role: responder, communicator or shadow; without a name you take it"},
			{"role shadow none", "takes a role from everybody who has it"},
		}},
		{"How it goes", []Help{
			{"status mitigating", "sets the status: investigating, mitigating, mitigated, resolved, closed or cancelled"},
			{"mitigate rollback", "says that customers are fine again, and how: rollback, restart, failover, flag, workaround or fix"},
			{"resolve TEXT", "says that the work is over; a draft of the post-mortem is posted"},
			{"close", "says that nothing is left but follow-ups. What is missing is asked for in a form; `close anyway REASON` closes it all the same, and `close INC-1 INC-2` asks which of several"},
			{"accept REASON", "says that a promise was missed and that this is accepted"},
			{"no-follow-ups REASON", "says that nothing is to be done after the incident"},
			{"reopen REASON", "says that the trouble is back"},
			{"cancel REASON", "says that it was no incident"},
			{"near-miss REASON", "says that nobody was hurt, but nearly"},
			{"false-alarm REASON", "says that nothing was wrong"},
			{"duplicate INC-4 REASON", "says that this one is part of another incident, which takes in its people, notes and pages"},
			{"related INC-4 REASON", "says that another incident has to do with this one"},
		}},
		{"What is known", []Help{
			{"note what: error rate is at 12 %", "adds a note to the timeline; it may begin with what, where, how or when"},
			{"decide TEXT", "records a decision; lines may begin with options, reason or plan b and a colon. Without TEXT it opens a form"},
			{"object TEXT", "records what speaks against the latest decision, or against the one whose number stands before TEXT"},
			{"impact since 14:05", "says when it began to hurt; `until 14:40`, `none` and `seen customers` (who saw it first) are understood, too. Alone it opens a form: since when, whom, how many"},
			{"update TEXT", "posts a stakeholder update here and in the announcement; without TEXT it opens a form"},
			{"update same", "posts the last update again, as “no change”"},
			{"public TEXT", "keeps words for the public, apart from those for stakeholders"},
			{"sev 1 REASON", "changes the severity: 1, the worst, to 4"},
			{"rename TITLE", "changes the title"},
			{"service ID", "says which service it is about; its owner is paged"},
			{"reroute SERVICE REASON", "gives it to the service it belongs to, by its ID, its name or the nearest to what you type: its owner is paged, and you are free of it. `not ours REASON` asks whose it is"},
		}},
		{"What is left to do", []Help{
			{"task load the roots weekly @ada due:2026-12-24", "opens a follow-up. Without a person or `team:ID` it belongs to the team of the service; without a date the severity says when it is due"},
			{"followups", "lists what is still to be done: here that of the incident, elsewhere all of it; `mine`, a team, `overdue` or `all` choose others"},
			{"done INC-1-F1 LINK", "says that a follow-up is done, with a link or a sentence to know later what was done"},
			{"drop INC-1-F1 REASON", "says that it was decided against"},
			{"date INC-1-F1 2026-12-24 REASON", "gives it another date; `friday`, `10d` and `2w` are understood"},
			{"export INC-1-F1", "opens it as an issue at the team's tracker: GitHub, GitLab, Jira or Linear"},
			{"give INC-1-F1 @ada", "gives it to a person, or to a team by `team:ID`"},
		}},
		{"Alerts", []Help{
			{"silence alertname=DiskFull instance=db-7 for 2h disk swap", "holds back the alerts that match, until then; `until 14:00` and `from 22:00` are understood. Without more it opens a form"},
			{"maintenance SERVICE for 2h REASON", "holds back all alerts of a service. Without more it opens a form"},
			{"silences", "lists both, and ends them"},
		}},
		{"Look", []Help{
			{"list", "lists the open incidents, the newest first; `all`, `closed`, `mine`, `sev1`, a status or `service:ID` choose others"},
			{"search card payments", "finds incidents, open or over, by words of their title, service, alert, notes, decisions or follow-ups"},
			{"heartbeats", "shows which signs of life are expected, and which are missing"},
			{"show INC-1", "shows the summary card of one"},
			{"timeline decisions", "shows what happened, in order, with numbers: all of it or, by a word, only notes, what, where, how, when, decisions, tasks, pages and so on; `page 2` shows an earlier or later part"},
			{"hide 12 REASON", "leaves an entry, or the words of a change of status, out of what is shown and of the post-mortem; it stays in the record"},
			{"retime 12 14:05 REASON", "says when an entry really was"},
			{"postmortem", "shows the post-mortem; `postmortem answer` asks its questions one at a time, `postmortem owner @ada` says who writes it, `postmortem review` asks others to read it, `postmortem publish` publishes it (a later version with what it corrects), and `postmortem waive REASON` says that nobody writes it"},
			{"help WORD", "shows this, or only what is about one word"},
		}},
	}
}

// OncallHelp is everything that can be typed after /oncall.
func OncallHelp() []HelpGroup {
	return []HelpGroup{
		{"See who is on call", []Help{
			{"", "says who is on call now, until when, and who is next"},
			{"TEAM", "the same for one team"},
			{"me", "shows your shifts and your rotations"},
			{"next", "shows your next shift and the next hand-overs"},
			{"calendar TEAM", "draws the next two weeks, of all rotations or of one team's, with overrides and gaps; the picture comes as a direct message"},
			{"history", "shows who changed the roster"},
			{"report 30", "shows your own figures of the last 30 days"},
		}},
		{"Change it", []Help{
			{"override", "puts somebody else on call for a while"},
			{"swap", "asks one person to take a shift, in return for one of theirs or for nothing"},
			{"cover", "asks the whole team who takes a shift"},
			{"off", "records that you are away"},
			{"requests", "shows what is open or planned, to answer it or to take it back"},
		}},
		{"See how pages work", []Help{
			{"why INC-1", "says why who was paged, and what became of each notification"},
			{"test", "sends you a test message by each of your contact methods, and says which arrived"},
			{"help", "shows this"},
		}},
	}
}

// Synonyms returns the words that are understood in the place of each verb, of
// /incident and of /oncall.
func Synonyms() (incident, oncall map[string][]string) {
	incident, oncall = map[string][]string{}, map[string][]string{}
	for _, v := range verbs {
		incident[v.verb] = v.means
	}
	for _, word := range slices.Sorted(maps.Keys(oncallWords)) {
		verb := oncallWords[word]
		oncall[verb] = append(oncall[verb], word)
	}
	for verb, words := range oncall {
		oncall[verb] = slices.DeleteFunc(words, func(w string) bool { return w == verb })
	}
	return incident, oncall
}

// helpBlocks shows groups of help about a command, the first word of each line
// with the command before it.
func helpBlocks(command string, groups []HelpGroup) []slack.Block {
	var blocks []slack.Block
	for _, g := range groups {
		var lines []string
		if g.Title != "" {
			lines = []string{"*" + g.Title + "*"}
		}
		for _, h := range g.Lines {
			lines = append(lines, "`"+strings.TrimSpace(command+" "+h.Typed)+"` "+h.Does)
		}
		blocks = append(blocks, section(strings.Join(lines, "\n")))
	}
	return blocks
}
