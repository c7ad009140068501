package ledger

import (
	"slices"
	"strings"
)

// Family is a kind of key in the store. A key is a readable path whose numbers have
// a fixed width, so that keys stand in the order of what they name; its value is JSON
// with a version field v, unless Holds says otherwise.
type Family struct {
	Key   string // as it is written, with the parts that vary in capitals
	Owner string // the package that writes it, under bot/
	Holds string
	Ends  string // when it is removed; empty: never
}

// Families returns every kind of key that the store holds. A key that belongs to none
// of them is a mistake, which every test that runs the whole bot would notice.
func Families() []Family { return slices.Clone(families) }

// Archived begin the keys of the records that lie in an archive file once an incident is
// archived; its number follows. What grows is among them, what an incident is found by and
// what ends by itself is not.
var Archived = []string{"document/", "event/", "file/", "filepart/"}

var families = []Family{
	{"incident/N", "desk", "an incident as its timeline makes it", ""},
	{"event/N/SEQ", "desk", "one event of a timeline, numbered without gaps, never changed", ""},
	{"open/N", "desk", "nothing: an index of the open incidents", "with the incident"},
	{"part/N/PART", "desk", "nothing: an index of the incidents that are a part of another one", "when it is opened again"},
	{"papers/N", "desk", "which messages in Slack show the incident, and what they showed last", ""},
	{"channel/ID", "desk", "the incident of a Slack channel", ""},
	{"page/N", "desk", "the incident's escalation", "30 days after the incident"},
	{"ask/N/CHANNEL/TS", "desk", "a message of the incident that carries buttons", "when they are gone; 30 days after the incident"},
	{"mark/N/CHANNEL/TS", "desk", "a message that is marked for the timeline, in which ways, and its entry", "30 days after the incident"},
	{"file/N/SEQ/FILE", "desk", "a file of a marked message: its name, its size, and whether it is kept", "when the mark is taken off"},
	{"filepart/N/SEQ/FILE/PIECE", "desk", "a piece of what is in such a file; not JSON", "when the mark is taken off"},
	{"turn/POLICY/STEP", "desk", "how often a step has been taken, to know whose turn it is", ""},
	{"window/PERSON/METHOD", "desk", "what was sent by a contact method lately, and whether messages wait to be one", ""},
	{"way/PERSON/METHOD/N/JOB", "desk", "nothing: an index of the messages that wait to be sent together with others", "when it is sent"},
	{"gather/PERSON", "desk", "pages that somebody got in Slack lately, and their message about several incidents", ""},
	{"together/PERSON/NUMBER", "desk", "what one message about several incidents says of which", "when none of them needs it"},
	{"grant/ID", "desk", "what the holder of a link or a code may do", "when it expires"},
	{"codes/PERSON", "desk", "the codes by which somebody answers a message, and the wrong ones they sent", ""},
	{"tryout/ID", "desk", "a test message and what became of it", "after a day"},
	{"secret/NAME", "desk", "a key that signs grants, or makes the topics of push notifications", ""},
	{"promise/N", "desk", "what is due of an open incident, and who was reminded of it", "with the incident"},
	{"reminded/PERSON", "desk", "when somebody was reminded lately, of any incident", ""},
	{"nags/DAY", "desk", "how often which role was reminded of what on that day in UTC, and what followed; no person is in it", "13 months later"},
	{"followup/N/K", "desk", "an index of the open follow-ups, with who is reminded of each, and when they were last", "when it is done or decided against"},
	{"idle/N", "desk", "an incident that is mitigated or resolved, since when nothing has happened in it, and who was asked about that", "when it hurts again, or is closed"},
	{"review/N", "desk", "a post-mortem that is required and not published yet, or published before the incident hurt again, when it is due, and who was asked for what when", "when it is published or waived, or the incident hurts again"},
	{"document/N/VERSION", "desk", "a version of the post-mortem as it was published, with the SHA-256 of its text", ""},
	{"archived/N", "desk", "in which archive file the timeline, the published versions and the files of an incident lie, with the SHA-256 of them; the file has the same record", ""},
	{"cue/SERVICE/N", "desk", "what made somebody look at the right place in that incident", "when it is taken back"},
	{"followups", "desk", "that the index has the follow-ups of versions before it", ""},
	{"night/PERSON", "desk", "somebody's last night with a page, and what they answered in the morning", ""},
	{"week/TEAM", "desk", "for which Monday a team was told of its week last", ""},
	{"month/AGREEMENT", "desk", "for which month everybody was told last what was kept of an agreement", ""},
	{"woken/SERVICE", "desk", "when people were disturbed at night or on a weekend because of a service", "14 days after, when the next one comes"},
	{"exported/N/K", "desk", "an index of the open follow-ups that are at a tracker, with the issue there", "when it is done, decided against, or not to be seen there for a day"},
	{"tracker/NAME", "desk", "that a tracker does not answer, and how often it was asked in vain", "when it answers"},
	{"slack/gap", "desk", "since when Slack has not been reachable", "when it is again"},
	{"slack/heard", "desk", "until when Slack was heard: to the minute where something else is committed, or to 20", ""},
	{"read/N/HOUR/ACTOR", "desk", "that somebody read a private incident in that hour", "13 months later"},
	{"folded", "desk", "with which version the states of all incidents were computed from their timelines", ""},
	{"numbers", "desk", "which numbers of incidents are left out, since a copy of the store was put back", ""},
	{"homes", "desk", "who has looked at their Home tab lately, so that it is kept up to date", ""},
	{"backup", "desk", "when a copy of the store was last taken, the number of the last one in the folder, and why none could be", ""},
	{"archiving", "desk", "when it was last gone through for incidents to archive, how many it left, and why", ""},
	{"workspace", "desk", "which users of Slack are guests, and who is in the user groups and channels that `access` names", ""},

	{"alert/HASH", "alerts", "an alert, by the hash of its integration key and its own key", "90 days after its sender spoke of it last; 360 if it fires and asked somebody"},
	{"alerts/N", "alerts", "how many alerts of the incident fire and are over", ""},
	{"member/N/HASH", "alerts", "nothing: an index of the alerts of an incident", "with the alert"},
	{"change/HASH/INSTANT", "alerts", "something that was changed in a service, by the hash of its name", "7 days after, when the next one comes"},
	{"alertcount/MONTH/HASH", "alerts", "how many alerts of a sender and a service there were, of those that are removed by now", ""},
	{"alertgroup/HASH", "alerts", "the incident that the next alert of a group joins, and until when", "90 days after it was open"},
	{"silence/ID", "alerts", "a silence made while the bot ran, or what was told of one of the roster", "30 days after its end"},
	{"maintenance/ID", "alerts", "the same of a maintenance", "30 days after its end"},
	{"silences", "alerts", "the number of the last silence that was made here", ""},
	{"maintenances", "alerts", "the number of the last maintenance that was made here", ""},
	{"held/KIND/ID/HASH", "alerts", "nothing: an index of the alerts that a silence or a maintenance holds back", "when it is over, or the alert is"},
	{"beat/NAME", "alerts", "when a heartbeat came last, and whether it is missing", "when the roster has it no more"},
	{"beats", "alerts", "when the bot was last at work, to the minute", "when the roster has no heartbeat any more"},
	{"key/NAME", "alerts", "the hash of an alert sender's key, and what may be shown of it", "when it is revoked"},
	{"keyuse/NAME", "alerts", "when a key was used last, to the minute", "with the key"},

	{"roster/current", "oncall", "the number of the current version of the roster", ""},
	{"roster/VERSION/PIECE", "oncall", "a piece of a version's text, or of its difference; not JSON", ""},
	{"version/VERSION", "oncall", "who made a version, when and why, and how its text is put together", ""},
	{"link/PERSON", "oncall", "somebody's ID in Slack, found by their mail address", ""},
	{"announce/VERSION", "oncall", "who is to be told of a change of the roster", "when they were told"},
	{"notice/NUMBER", "oncall", "what an on-call notice says", "when it was sent"},
	{"swap/ROTATION/NUMBER", "oncall", "a request to swap shifts", "some time after its shift"},
	{"handover", "oncall", "until when hand-overs were told", ""},
	{"gaps/ROTATION", "oncall", "which gaps of a rotation were told", "with the rotation"},
	{"gapsrun", "oncall", "how far the look for gaps has come", "at its end"},
	{"group/TEAM", "oncall", "what a Slack user group was last set to", "with the team"},
	{"groups", "oncall", "why user groups cannot be set", ""},

	{"outbox/N/JOB", "ledger", "a job that is to be done", "when it is done"},
	{"aside", "ledger", "the number of the last job that concerns no incident", ""},
	{"setaside/NAME", "ledger", "a job that a mistake of the program stops, or that only a newer version can do, with the reason; NAME is its key", "after 30 days, or when that version starts"},
	{"stale/N", "ledger", "what of an incident in Slack is to be brought up to date", "when it is"},
	{"wake/NAME", "ledger", "when something is to be looked at: escalation/N, swap/ID, beat/NAME, handover and so on", "when nothing of it is due"},
	{"seen/HASH", "ledger", "the answer to a request, for when it comes again", "after the time in its forget key"},
	{"forget/INSTANT/HASH", "ledger", "nothing: when a request may be forgotten", "with the request"},
	{"health", "ledger", "what a check of the store writes", ""},
	{"copy", "ledger", "when the store was made as a copy of another one", "when a bot works on it"},
	{"migration", "ledger", "from where a migration fills the store; no bot starts on it", "when it is complete"},
	{"due/INSTANT/NAME", "ledger", "a wake-up as versions until November 2026 wrote it", "at the next start"},
}

// FamilyOf returns the family to which a key of the store belongs.
func FamilyOf(key string) (Family, bool) {
	parts := strings.Split(key, "/")
	for _, f := range families {
		if f.has(parts) {
			return f, true
		}
	}
	return Family{}, false
}

// has reports whether a key of these parts is of the family. What varies may be
// anything, and NAME may have several parts.
func (f Family) has(parts []string) bool {
	pattern := strings.Split(f.Key, "/")
	if last := len(pattern) - 1; pattern[last] == "NAME" && len(parts) > len(pattern) {
		parts = parts[:len(pattern)]
	}
	if len(parts) != len(pattern) {
		return false
	}
	for i, p := range pattern {
		if varies := p == strings.ToUpper(p); !varies && p != parts[i] || parts[i] == "" {
			return false
		}
	}
	return true
}
