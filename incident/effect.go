package incident

// Effect is something that must happen outside, decided together with a change
// of state and committed with it. Most effects carry no content: whoever
// carries one out shows the incident as it stands then, so that several of the
// same kind collapse into one and the newest state wins.
type Effect struct {
	Kind EffectKind `json:"kind"`
	Seq  int        `json:"seq,omitempty"` // Say: the event to tell
}

// EffectKind says what an [Effect] does.
type EffectKind string

// The kinds of effects.
const (
	StartPaging     EffectKind = "start_paging"     // open the escalation of the incident's service, or start it afresh
	StopPaging      EffectKind = "stop_paging"      // nobody needs to be woken any more
	RaisePaging     EffectKind = "raise_paging"     // the severity went up: a page that waited must go out
	LowerPaging     EffectKind = "lower_paging"     // the severity went down: a page that waits stays quiet
	CloseAsks       EffectKind = "close_asks"       // every message that asked for an acknowledgement says what became of it
	OpenChannel     EffectKind = "open_channel"     // make the channel, with topic, purpose, card and announcement
	RefreshCard     EffectKind = "refresh_card"     // the summary in the channel
	RefreshTopic    EffectKind = "refresh_topic"    //
	RefreshAnnounce EffectKind = "refresh_announce" // the line in the announcement channel
	RefreshNotes    EffectKind = "refresh_notes"    // the message in the channel that lists what is noted
	Invite          EffectKind = "invite"           // everyone involved, and whoever is being paged, into the channel
	Say             EffectKind = "say"              // event Seq in words, into the channel
	DraftPostmortem EffectKind = "draft_postmortem" // the document as it stands, into the channel
)

// Change is what a transition decided: the incident after it, the events to
// append to its timeline, and the effects to carry out.
type Change struct {
	Incident Incident
	Events   []Event
	Effects  []Effect
}
