package ledger

import (
	"strconv"
	"strings"
	"time"
)

// Kind says what a [Job] does outside. Each has one row in the table of kinds,
// and one performer.
type Kind string

// The kinds of jobs. The word of a kind is in the store and in the metadata of
// messages, so it is never changed.
const (
	Notify         Kind = "page"            // ask Person by Via
	NotifyChannel  Kind = "page_channel"    // ask in the channel Target
	Digest         Kind = "together"        // refresh Person's message Digest about several incidents, and ring where that is due
	DigestDue      Kind = "bell"            // the same, at an instant
	Prompts        Kind = "asks"            // refresh every message that asked for something
	Channel        Kind = "channel"         // make the incident's channel
	Answer         Kind = "answer"          // tell Person, by ReplyURL, where the channel is
	Card           Kind = "card"            // post and pin, or refresh, the summary card
	Invite         Kind = "invite"          // everyone who belongs there into the channel
	Announce       Kind = "announce"        // post or refresh the line for everybody
	Alerts         Kind = "alerts"          // post, or refresh, the message about the incident's alerts
	Notes          Kind = "notes"           // post, or refresh, the message about what was noted
	Relief         Kind = "relief"          // post, or refresh, what a mitigation has changed and left
	ReliefPast     Kind = "relief_past"     // say in Message, an earlier hand-over of a mitigation, that there is another one
	Mark           Kind = "mark"            // read the message that Person has marked for the timeline
	File           Kind = "file"            // fetch the file Target, which is called Text: the one in place Step of the message of event Seq
	ReadBack       Kind = "read_back"       // read what was missed between Since and Until of the incident, or of the direct messages in Target
	Missed         Kind = "missed"          // tell Person in the channel Target that their Message, which says Text, was missed
	Topic          Kind = "topic"           // refresh the channel's topic
	Purpose        Kind = "purpose"         // set the channel's purpose
	Bookmarks      Kind = "bookmarks"       // put the service's links at the top of the channel
	Say            Kind = "say"             // tell event Seq in the channel
	Meanwhile      Kind = "meanwhile"       // tell in a channel that is late what happened up to event Seq, part Step
	Postmortem     Kind = "postmortem"      // post the document in short, as of event Seq
	PostmortemFile Kind = "postmortem_file" // upload the whole document, as of event Seq
	FindCopies     Kind = "stray"           // find prompts that left without a record of it
	Poll           Kind = "poll"            // ask the provider of Via what became of Receipt
	Update         Kind = "update"          // tell Person by Via how the incident stands, quietly
	Shadow         Kind = "shadow"          // tell Person, who shadows the people of Target, that these are paged
	Alarm          Kind = "alarm"           // tell the operators, the team Target or Person Text
	TestPage       Kind = "try"             // reach Person by Via, as a test, for the test page Target
	Canvas         Kind = "canvas"          // put the post-mortem, as it was published last, on the channel's canvas
	Notice         Kind = "notice"          // tell Person, or the team Target, the on-call notice of the same number
	Swap           Kind = "swap"            // refresh every message about the swap Target
	Quiet          Kind = "quiet"           // post, or refresh, the line about the silence or the maintenance Target
	Nag            Kind = "nag"             // remind Person that an update is due, reminder Pass; 0: bring Message up to date; Target: why it is over
	Tell           Kind = "tell"            // tell Person what Target says, about event Seq
	Inform         Kind = "stakeholder"     // tell Person, or the channel Target, who has an interest, the update of event Seq
	Given          Kind = "given"           // tell Person that the follow-up of event Seq is theirs
	Rest           Kind = "rest"            // tell Person, or their team Via, what Target says of the night before the day Text
	Week           Kind = "week"            // tell the team Target how its week on call was
	WeekPicture    Kind = "week_picture"    // upload the picture of the week of the team Target that ended on the Monday Text
	Month          Kind = "month"           // tell everybody what was kept of the agreement Target in a month
	MonthPicture   Kind = "month_picture"   // upload the picture of the month Text of the agreement Target
	Morning        Kind = "morning"         // tell Person what waits for them after incidents; Text: how much more does
	FollowUps      Kind = "follow_ups"      // remind the team Target of what it owns; versions until November 2026: or Person
	Idle           Kind = "idle"            // of these versions: ask Person what is to become of incidents in which nothing happens
	Reviews        Kind = "reviews"         // of these versions: ask Person what post-mortems want of them
	Published      Kind = "published"       // tell Person, or the channel Target, who has an interest, that version Pass of the post-mortem is published by event Seq
	Export         Kind = "export"          // open the follow-up Target at the tracker Via, since Person asked; no Person: by itself
	ExportPoll     Kind = "export_poll"     // ask the tracker Via how what was opened there stands
	Groups         Kind = "groups"          // make the user groups equal to who is on call
)

// Row is what the outbox knows about a kind.
type Row struct {
	// Priority orders jobs that could go now; lower goes first. 0 asks somebody,
	// 1 follows from that, 2 is what people read, 3 is cosmetic.
	Priority int
	// Lane names the queue in which a job keeps its turn, within its incident: one
	// after another in a lane, lanes at the same time. nil: the kind's own.
	Lane func(Job) string
	// After is the kind in whose lane it has its turn instead: it must not be seen before
	// what it belongs to. Lane, where it is set, is that of the other kind.
	After Kind
	// Replaces reports whether the job shows the newest state, so that the waiting
	// ones of its lane are one. nil: never.
	Replaces func(Job) bool
	// Marked kinds are no records of their own: what an incident has that is out
	// of date is one record, see [Tx.Refresh].
	Marked bool
	// Settles is how long a mark waits for further ones, where each refresh is seen
	// by people; 0: not at all.
	Settles time.Duration
	// First kinds go before what else waits in their lane.
	First bool
	// PostsOnce kinds make a message or a file that must not stand twice.
	PostsOnce bool
	// NeedsChannel kinds wait until the incident's channel stands; with Without,
	// only as long as it is expected soon.
	NeedsChannel, Without bool
	// GivesUpAfter is how long a job is worth trying; 0: for ever.
	GivesUpAfter time.Duration
	// Words say what the job does, as in "could not …".
	Words func(Job) string
}

// answerFor is how long a caller is answered late; Slack takes a reply for thirty
// minutes.
const answerFor = 25 * time.Minute

// shadowFor is how long it is worth telling somebody who only watches.
const shadowFor = time.Hour

// topicSettles is how long a topic waits for further changes: Slack posts a line in
// the channel for each setting.
const topicSettles = 10 * time.Second

// alertsSettle is how often the message about an incident's alerts is edited at most.
const alertsSettle = time.Second

// notesSettle is the same of the message about what was noted: several notes in a burst
// are one edit.
const notesSettle = time.Second

// nagFor is how long a reminder is worth sending: later ones say the same, and more.
const nagFor = time.Hour

// morningFor is how long it is worth telling what waits for somebody: it is for the
// working day. What is later is told the next morning.
const morningFor = 3 * time.Hour

// missedFor is how long it is worth saying that something was missed.
const missedFor = 24 * time.Hour

// restFor is how long it is worth asking in the morning after a night, and weekFor telling
// of a week.
const (
	restFor = 2 * time.Hour
	weekFor = 6 * time.Hour
)

// monthFor is how long it is worth telling of a month.
const monthFor = 3 * 24 * time.Hour

// What a [Tell] tells.
const (
	TellHands     = "hands"     // whether more people are wanted
	TellBrief     = "brief"     // how it stands, to whoever is asked to take command
	TellOffer     = "offer"     // to whoever offered command: it was not accepted
	TellChecklist = "checklist" // what the role asks of whoever took it
	TellTired     = "tired"     // to the commander: whether somebody else is to take over
	TellWatch     = "watch"     // the watch time after mitigation is over
)

// table is the one place that knows how a kind is treated.
var table = map[Kind]Row{
	Notify: {Priority: 0, Lane: byPersonAndMethod, Replaces: func(j Job) bool { return j.Digest == 0 && j.Text == "" }, // words of a colleague must arrive
		Words: func(j Job) string { return "page " + name(j.Person) + " by " + j.Via }},
	NotifyChannel: {Priority: 0, Lane: byTarget, Replaces: always, Words: func(j Job) string { return "page #" + j.Target }},

	Digest:     {Priority: 1, Replaces: always, Words: plain("refresh a message about several incidents")},
	DigestDue:  {Priority: 1, Words: plain("refresh a message about several incidents")},
	Prompts:    {Priority: 1, Marked: true, Replaces: always, Words: plain("refresh the messages that asked")},
	FindCopies: {Priority: 1, Lane: byPersonAndTarget, Replaces: func(j Job) bool { return j.Digest > 0 }, Words: plain("look for copies of a page")},
	Channel:    {Priority: 1, Words: plain("make the channel")},
	Answer:     {Priority: 1, NeedsChannel: true, Without: true, GivesUpAfter: answerFor, Words: plain("answer the caller")},
	Poll:       {Priority: 1, Lane: func(j Job) string { return ":" + j.Send }, Words: plain("ask for a receipt")},

	Card:     {Priority: 2, Marked: true, Replaces: always, PostsOnce: true, NeedsChannel: true, Words: plain("post the summary card")},
	Invite:   {Priority: 2, Marked: true, Replaces: always, NeedsChannel: true, Words: plain("invite people")},
	Announce: {Priority: 2, Marked: true, Replaces: always, PostsOnce: true, NeedsChannel: true, Without: true, Words: plain("announce it")},
	Alerts: {Priority: 2, Marked: true, Replaces: always, PostsOnce: true, NeedsChannel: true, Settles: alertsSettle,
		Words: plain("post the message about its alerts")},
	Notes: {Priority: 2, Marked: true, Replaces: always, PostsOnce: true, NeedsChannel: true, Settles: notesSettle,
		Words: plain("post the message about what was noted")},
	Relief: {Priority: 2, Marked: true, Replaces: always, PostsOnce: true, NeedsChannel: true, Settles: notesSettle,
		Words: plain("post what was changed and what is left")},
	ReliefPast: {Priority: 2, Lane: func(j Job) string { return ":" + j.Message.Channel + ":" + j.Message.TS }, Words: plain("say in a message that another one holds")},
	Mark:       {Priority: 2, Lane: func(j Job) string { return ":" + j.Message.Channel + ":" + j.Message.TS }, Words: plain("read a marked message")},
	Missed: {Priority: 2, Lane: byTarget, PostsOnce: true, GivesUpAfter: missedFor,
		Words: func(j Job) string { return "answer " + name(j.Person) }},
	Say: {Priority: 2, PostsOnce: true, NeedsChannel: true, Words: plain("tell the channel")},
	Meanwhile: {Priority: 2, First: true, PostsOnce: true, NeedsChannel: true, Words: plain("tell the channel what happened before"),
		After: Say}, // or rather before the lines that say what follows: it is First

	File:     {Priority: 3, GivesUpAfter: missedFor, Words: plain("fetch a file of a marked message")}, // one after another: together they may be too much
	ReadBack: {Priority: 3, GivesUpAfter: missedFor, Words: plain("read back what was missed")},

	Topic:     {Priority: 3, Marked: true, Replaces: always, NeedsChannel: true, Settles: topicSettles, Words: plain("set the channel's topic")},
	Purpose:   {Priority: 3, Marked: true, Replaces: always, NeedsChannel: true, Words: plain("set the channel's purpose")},
	Bookmarks: {Priority: 3, Marked: true, Replaces: always, NeedsChannel: true, Words: plain("put links at the top of the channel")},
	Postmortem: {Priority: 3, PostsOnce: true, NeedsChannel: true, Words: plain("post the post-mortem"),
		After: Say}, // after the line that says it is resolved
	PostmortemFile: {Priority: 3, PostsOnce: true, NeedsChannel: true, Words: plain("post the post-mortem")},
	Canvas:         {Priority: 3, Marked: true, Replaces: always, NeedsChannel: true, Words: plain("put the post-mortem on a canvas")},
	Update:         {Priority: 3, Lane: byMessage, Replaces: always, Words: plain("tell a phone how it went on")},
	Shadow: {Priority: 3, Lane: byPersonAndTarget, PostsOnce: true, NeedsChannel: true, Without: true, GivesUpAfter: shadowFor,
		Words: func(j Job) string { return "tell " + name(j.Person) + ", who shadows" }},
	Alarm:    {Priority: 3, Words: plain("tell the operators")},
	TestPage: {Priority: 3, Lane: byPersonAndMethod, Words: plain("send a test page")},
	Notice:   {Priority: 3, Lane: byPersonAndTarget, PostsOnce: true, Words: plain("tell an on-call notice")},
	Swap:     {Priority: 3, Lane: byPersonAndTarget, Replaces: always, PostsOnce: true, Words: plain("refresh the messages about a swap")},
	Quiet:    {Priority: 2, Lane: byTarget, Replaces: always, PostsOnce: true, Words: plain("tell of a silence or a maintenance")},
	Nag:      {Priority: 2, PostsOnce: true, GivesUpAfter: nagFor, Words: func(j Job) string { return "remind " + name(j.Person) }},
	Tell:     {Priority: 2, Lane: byPerson, PostsOnce: true, GivesUpAfter: nagFor, Words: func(j Job) string { return "tell " + name(j.Person) }},
	Inform:   {Priority: 2, Lane: byPersonAndTarget, PostsOnce: true, Words: plain("tell a stakeholder")},
	Groups:   {Priority: 3, Replaces: always, Words: plain("make the user groups equal to who is on call")},

	Given:        {Priority: 2, Lane: byPersonAndEvent, PostsOnce: true, Words: func(j Job) string { return "tell " + name(j.Person) }},
	Rest:         {Priority: 3, Lane: byPersonAndTarget, PostsOnce: true, GivesUpAfter: restFor, Words: plain("ask after the night")},
	Week:         {Priority: 3, Lane: byTarget, PostsOnce: true, GivesUpAfter: weekFor, Words: plain("tell a team of its week")},
	WeekPicture:  {Priority: 3, After: Week, PostsOnce: true, GivesUpAfter: weekFor, Words: plain("draw a team's week")},
	Month:        {Priority: 3, Lane: byTarget, PostsOnce: true, GivesUpAfter: monthFor, Words: plain("tell what was kept of an agreement")},
	MonthPicture: {Priority: 3, After: Month, PostsOnce: true, GivesUpAfter: monthFor, Words: plain("draw what was kept of an agreement")},
	Morning:      {Priority: 3, Lane: byPerson, PostsOnce: true, GivesUpAfter: morningFor, Words: func(j Job) string { return "tell " + name(j.Person) + " what waits for them" }},
	Idle:         {Priority: 3, Lane: byPerson, PostsOnce: true, GivesUpAfter: morningFor, Words: func(j Job) string { return "ask " + name(j.Person) }},
	FollowUps:    {Priority: 2, Lane: byPersonAndTarget, PostsOnce: true, GivesUpAfter: morningFor, Words: plain("remind of follow-ups")},
	Published:    {Priority: 2, Lane: byPersonAndTarget, PostsOnce: true, Words: plain("tell a stakeholder")},
	Reviews:      {Priority: 3, Lane: byPerson, PostsOnce: true, GivesUpAfter: morningFor, Words: func(j Job) string { return "ask " + name(j.Person) }},
	Export:       {Priority: 3, Lane: byTarget, PostsOnce: true, Words: func(j Job) string { return "open " + j.Target + " in " + j.Via }},
	ExportPoll: {Priority: 3, Lane: func(j Job) string { return ":" + j.Via }, Replaces: always,
		Words: func(j Job) string { return "ask " + j.Via + " what is closed there" }},
}

// Kinds returns every kind that the table has a row for.
func Kinds() []Kind {
	var list []Kind
	for k := range table {
		list = append(list, k)
	}
	return list
}

// Known reports whether this version has a row for the kind.
func (k Kind) Known() bool {
	_, ok := table[k]
	return ok
}

// Row returns the kind's row.
func (k Kind) Row() Row {
	if row, ok := table[k]; ok {
		return row
	}
	return Row{Priority: 3} // of another version: it goes ahead of nothing
}

func always(Job) bool { return true }

func plain(words string) func(Job) string { return func(Job) string { return words } }

// name is the ID of an actor.
func name(actor string) string {
	_, id, _ := strings.Cut(actor, ":")
	return id
}

func byPersonAndMethod(j Job) string { return ":" + j.Person + ":" + j.Via }

func byPerson(j Job) string { return ":" + j.Person }

// byPersonAndEvent keeps what waits for the morning from holding up what goes at once.
func byPersonAndEvent(j Job) string { return ":" + j.Person + ":" + strconv.Itoa(j.Seq) }

func byMessage(j Job) string { return byPersonAndMethod(j) + ":" + j.Receipt }

func byTarget(j Job) string { return ":" + j.Target }

func byPersonAndTarget(j Job) string { return ":" + j.Person + ":" + j.Target }

// Priority orders jobs that could go now; lower goes first.
func (j Job) Priority() int { return j.Kind.Row().Priority }

// Replaces reports whether the job shows the newest state, so that the waiting
// ones of its lane are one.
func (j Job) Replaces() bool {
	f := j.Kind.Row().Replaces
	return f != nil && f(j)
}

// ByMethod reports whether the job goes by another contact method than Slack.
func (j Job) ByMethod() bool {
	switch j.Kind {
	case Notify, Poll, Update, TestPage:
		return j.Via != "" && j.Via != "slack"
	default:
		return false
	}
}

// ToTracker reports whether the job concerns a tracker, which Via names.
func (j Job) ToTracker() bool { return j.Kind == Export || j.Kind == ExportPoll }

// Asks reports whether the job asks somebody for an answer.
func (j Job) Asks() bool { return j.Kind == Notify || j.Kind == NotifyChannel }

// Words say what the job does, as in "could not …".
func (j Job) Words() string {
	if f := j.Kind.Row().Words; f != nil {
		return f(j)
	}
	return string(j.Kind)
}

// Lane names the queue in which the job keeps its turn. Jobs that ask somebody
// have lanes of their own, so that they wait for nothing.
func (j Job) Lane() string {
	if j.Digest > 0 {
		return j.digestLane()
	}
	if j.Kind == Notify && j.ByMethod() {
		// What goes to one person by one method may leave as one message.
		return "method" + byPersonAndMethod(j)
	}
	kind := j.Kind
	if after := kind.Row().After; after != "" {
		kind = after
	}
	f := kind.Row().Lane
	switch {
	case j.Kind == Update && len(j.About) > 1: // one screen, though each incident has news for it
		return string(j.Kind) + f(j)
	case j.Kind == ReadBack: // it takes many calls that can wait, so all of it has one slot
		return string(j.Kind)
	case f != nil:
		return Number(j.Incident) + "/" + string(kind) + f(j)
	default:
		return Number(j.Incident) + "/" + string(kind)
	}
}

// digestLane is the lane of a job about a message about several incidents, across
// these. What only waits for a time, or looks for copies, is beside it.
func (j Job) digestLane() string {
	lane := j.Person + ":" + strconv.Itoa(j.Digest)
	switch j.Kind {
	case DigestDue:
		return "digest_due:" + lane + ":" + strconv.FormatInt(j.NotBefore.UnixNano(), 10)
	case FindCopies:
		return "copies:" + lane
	default:
		return "digest:" + lane
	}
}
