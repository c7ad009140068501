package chat

import (
	"maps"
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// plainActs are the verbs that go to the desk as they are.
var plainActs = map[string]desk.Verb{
	"ack": desk.Acknowledge, "mitigate": desk.Mitigate, "resolve": desk.Resolve, "close": desk.Close,
	"reopen": desk.Reopen, "cancel": desk.Cancel, "rename": desk.Rename, "note": desk.Note,
	"impact": desk.SetImpact, "object": desk.Object, "hide": desk.Hide, "retime": desk.Retime,
	"decide": desk.Note, "update": desk.Note, "public": desk.Publish, "sev": desk.SetSeverity,
	"service": desk.Reroute, "reroute": desk.Reroute, "role": desk.TakeRole, "duplicate": desk.Merge,
	"accept": desk.Accept, "no-follow-ups": desk.NoFollowUps,
	"near-miss": desk.NearMiss, "false-alarm": desk.FalseAlarm, "related": desk.Relate,
}

// noteKinds are the kinds of notes that have a verb of their own.
var noteKinds = map[string]incident.NoteKind{"decide": incident.Decision, "update": incident.Update}

// act returns what the desk is asked to do, or false for a verb that is no act
// on one incident, or a refusal in words.
func (c Command) act() (desk.Act, bool, error) {
	if c.Word == "status" {
		return c.statusAct()
	}
	verb, ok := plainActs[c.Word]
	if !ok {
		return desk.Act{}, false, nil
	}
	a := desk.Act{Verb: verb, Text: c.Text, Note: noteKinds[c.Word], Severity: c.Severity,
		Service: c.Service, Role: c.Role, Into: c.Into, Entry: c.Number, When: c.When, Impact: c.Impact}
	if c.Word == "update" && sameWords[strings.Trim(strings.ToLower(c.Text), trimmed)] {
		return desk.Act{Verb: desk.Repeat}, true, nil
	}
	switch {
	case c.Word == "sev" && c.Severity == 0 && c.Text != "":
		word, _ := cut(c.Text)
		return a, true, refuse("As in: sev 1 checkout is down for everybody.", "There is no severity "+word+": 1 is the worst, 4 the least.")
	case c.Word == "sev" && c.Severity == 0:
		return a, true, refuse("As in: sev 1 checkout is down for everybody.", "Say which severity: 1, 2, 3 or 4; 1 is the worst.")
	case verb == desk.Reroute && c.NotOurs && c.Service == "":
		return a, true, refuse("As in: not ours edge-gateway pages are fine behind it.", "Say whose it is, by the service's ID or name.")
	case verb == desk.Reroute && c.Service == "":
		return a, true, refuse("As in: reroute edge-gateway pages are fine behind it.", "Say which service it belongs to.")
	case verb == desk.Merge && c.Into == 0:
		return a, true, refuse("As in: duplicate INC-4.", "Say of which incident it is a part.")
	case verb == desk.Relate && c.Into == 0:
		return a, true, refuse("As in: related INC-4 the same provider.", "Say with which incident it has to do.")
	case verb == desk.TakeRole:
		role, ok := roleWords[string(c.Role)]
		if !ok {
			return a, true, noRole(string(c.Role))
		}
		a.Role = role
	}
	return a, true, nil
}

// roleWords are the roles with the words that mean the same.
var roleWords = map[string]incident.Role{
	"commander": incident.Commander, "command": incident.Commander, "lead": incident.Commander, "ic": incident.Commander,
	"responder": incident.Responder, "respond": incident.Responder, "fixer": incident.Responder,
	"communicator": incident.Communicator, "comms": incident.Communicator, "communications": incident.Communicator,
	"shadow": incident.Shadow, "observer": incident.Shadow,
}

// noRole says which roles there are.
func noRole(word string) error {
	next := "As in: role commander, or: role communicator @ada."
	if word == "" {
		return refuse(next, "Say which role: commander, responder, communicator or shadow.")
	}
	if near := incident.Nearest(word, slices.Sorted(maps.Keys(roleWords))); near != "" {
		next = "Did you mean " + string(roleWords[near]) + "?"
	}
	return refuse(next, "There is no role "+word+": commander, responder, communicator or shadow.")
}

var statusVerbs = map[incident.Status]desk.Verb{
	incident.Investigating: desk.Investigate, incident.Mitigating: desk.Mitigating, incident.Mitigated: desk.Mitigate,
	incident.Resolved: desk.Resolve, incident.Closed: desk.Close, incident.Cancelled: desk.Cancel,
}

func (c Command) statusAct() (desk.Act, bool, error) {
	word, rest := cut(c.Text)
	if word == "" {
		return desk.Act{}, false, nil // "status" alone asks how it stands
	}
	status, ok := incident.StatusWord(strings.Trim(word, trimmed))
	if !ok {
		return desk.Act{}, true, refuse("Use investigating, mitigating, mitigated, resolved, closed or cancelled.",
			"There is no status "+word+".")
	}
	return desk.Act{Verb: statusVerbs[status], Text: rest}, true, nil
}

func refuse(next, why string) error { return &incident.Refusal{Why: why, Next: next} }
