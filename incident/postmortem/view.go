package postmortem

// View is a document as other programs and templates read it: names that stay, lists that
// are lists, null where something is not known, lengths in seconds. The tag doc says what
// a field is; the schema and the table in the documentation are made from it.
type View struct {
	Format    int           `json:"format" doc:"the version of this data model, 1; a field is only ever added to it"`
	Name      string        `json:"name" doc:"INC-N"`
	Title     Text          `json:"title" doc:"the title, with roles in place of names"`
	Status    string        `json:"status" doc:"where the incident is in its life"`
	State     Text          `json:"state" doc:"where the document is: draft, in review, published or waived; null before there is one"`
	Version   int           `json:"version" doc:"of a published document, counted from 1; 0 for a draft"`
	Reason    Text          `json:"reason" doc:"what a version after the first corrects"`
	Published Instant       `json:"published" doc:"when this version was published"`
	Severity  Text          `json:"severity" doc:"sev1 to sev4, at the end"`
	Highest   Text          `json:"highest" doc:"the most severe that it has been"`
	Symptom   Text          `json:"symptom" doc:"what customers saw"`
	Function  Text          `json:"function" doc:"the business function that was hit"`
	Service   Text          `json:"service" doc:"name of the service"`
	Owner     Text          `json:"owner" doc:"name of the owning team"`
	Outcome   Text          `json:"outcome" doc:"of what hurt nobody: near miss, false alarm"`
	PartOf    Text          `json:"part_of" doc:"the incident whose post-mortem tells of this one"`
	Private   bool          `json:"private" doc:"only the people involved may read it"`
	Drill     bool          `json:"drill" doc:"it was an exercise"`
	Public    bool          `json:"public" doc:"this is the version for readers outside"`
	Due       DueView       `json:"due" doc:"whether a post-mortem is asked for, and by when"`
	FirstSeen Text          `json:"first_seen" doc:"who saw it first: alert, staff or customers"`
	Hit       Text          `json:"hit" doc:"who was hit and how many"`
	Impact    []ImpactView  `json:"impact" doc:"when customers were affected"`
	Hurting   Length        `json:"impact_seconds" doc:"how long in all; an impact that lasts counts until the record ends"`
	Measures  []MeasureView `json:"measures" doc:"detection, first acknowledgement, mitigation and resolution"`
	Promises  []PromiseView `json:"promises" doc:"what was agreed, and how it was kept"`
	Gaps      []GapView     `json:"gaps" doc:"time between updates while customers were affected"`
	Roles     []RoleView    `json:"roles" doc:"who did what, by role"`
	Pages     []PageView    `json:"pages" doc:"whom it asked"`
	Changes   []ChangeView  `json:"changes" doc:"each status and severity, and since when"`
	Timeline  []EntryView   `json:"timeline" doc:"what happened, in the order in which it did"`
	Replaced  int           `json:"replaced" doc:"how many names in typed text stand as roles"`
	Sections  []SectionView `json:"sections" doc:"the document in reading order"`
}

// DueView says whether a post-mortem is asked for.
type DueView struct {
	Required bool    `json:"required" doc:"it is asked for"`
	Because  Text    `json:"because" doc:"the rule that says so"`
	Draft    Instant `json:"draft" doc:"by when a draft is due"`
	Publish  Instant `json:"publish" doc:"by when it is to be published"`
}

// ImpactView is a stretch of time in which customers were affected.
type ImpactView struct {
	Start Instant `json:"start" doc:"since when"`
	End   Instant `json:"end" doc:"until when; null while it lasts"`
	Took  Length  `json:"took_seconds" doc:"how long; null while it lasts"`
}

// MomentView is an instant with the event that it is taken from.
type MomentView struct {
	What Text    `json:"what" doc:"what happened"`
	At   Instant `json:"at" doc:"when"`
	Seq  int     `json:"seq" doc:"the number of the event in the timeline; 0: the incident itself says so"`
}

// MeasureView is a time between two moments.
type MeasureView struct {
	Name    Text       `json:"name" doc:"detected, first acknowledged, first mitigated, stable, resolved"`
	From    MomentView `json:"from" doc:"where it begins"`
	To      MomentView `json:"to" doc:"where it ends"`
	Took    Length     `json:"took_seconds" doc:"how long it took"`
	Missing Text       `json:"missing" doc:"what is not known, where it cannot be told"`
}

// PromiseView is a promise and how it was kept.
type PromiseView struct {
	What   Text   `json:"what" doc:"acknowledge, update or restore"`
	Target Length `json:"target_seconds" doc:"what was agreed"`
	Used   Length `json:"used_seconds" doc:"what it took"`
	State  string `json:"state" doc:"met, missed, or what else can be said"`
}

// GapView is the time between two updates.
type GapView struct {
	From  Instant `json:"from" doc:"the first update"`
	To    Instant `json:"to" doc:"the one after"`
	Took  Length  `json:"took_seconds" doc:"how long"`
	Limit Length  `json:"limit_seconds" doc:"what was agreed"`
	Met   bool    `json:"met" doc:"it was kept"`
}

// RoleView is a stretch of time in which somebody held a role.
type RoleView struct {
	Role  Text    `json:"role" doc:"commander, responder …"`
	Label Text    `json:"label" doc:"as the document calls that person"`
	From  Instant `json:"from" doc:"since when"`
	Until Instant `json:"until" doc:"until when; null: until the incident was over"`
}

// PageView is one notification.
type PageView struct {
	To       Text    `json:"to" doc:"who was asked, by role"`
	Via      Text    `json:"via" doc:"the contact method"`
	Sent     Instant `json:"sent" doc:"when it was sent"`
	Answered Instant `json:"answered" doc:"when that person answered"`
	Delay    Length  `json:"delay_seconds" doc:"how long that took"`
	Band     Text    `json:"band" doc:"working, early, evening, night or weekend, where that person lives"`
	Lost     bool    `json:"lost" doc:"it is known not to have got through"`
	Reason   Text    `json:"reason" doc:"the rule by which it was sent"`
}

// ChangeView is a status and a severity, and since when the incident has had them.
type ChangeView struct {
	At       Instant `json:"at" doc:"since when"`
	Status   string  `json:"status" doc:"the status since then"`
	Severity Text    `json:"severity" doc:"the severity since then"`
}

// EntryView is a line of the timeline.
type EntryView struct {
	Seq  int     `json:"seq" doc:"the number of the event"`
	At   Instant `json:"at" doc:"when it was"`
	Who  Text    `json:"who" doc:"by role"`
	Kind string  `json:"kind" doc:"the kind of the event"`
	What Text    `json:"what" doc:"what was done"`
	Text Text    `json:"text" doc:"what was written with it"`
}

// SectionView is a part of the document.
type SectionView struct {
	ID        Text           `json:"id" doc:"one and the same for ever"`
	Title     Text           `json:"title" doc:"its heading"`
	Source    Text           `json:"source" doc:"record, both or people: who fills it"`
	Lines     []Text         `json:"lines" doc:"its sentences"`
	Table     *TableView     `json:"table" doc:"its table"`
	List      []ItemView     `json:"list" doc:"its list"`
	Questions []QuestionView `json:"questions" doc:"what only people can say"`
}

// TableView is a table whose rows are as long as its head.
type TableView struct {
	Head []Text   `json:"head" doc:"the names of the columns"`
	Rows [][]Text `json:"rows" doc:"the cells"`
}

// ItemView is a line of a list.
type ItemView struct {
	Lead Text `json:"lead" doc:"what it is about"`
	Text Text `json:"text" doc:"the text"`
}

// QuestionView is a question and what was answered.
type QuestionView struct {
	ID      string       `json:"id" doc:"one and the same for ever"`
	Text    Text         `json:"text" doc:"the question"`
	Hint    Text         `json:"hint" doc:"who could know, or what the record offers"`
	Asked   bool         `json:"asked" doc:"this incident needs an answer; otherwise one is welcome"`
	Answers []AnswerView `json:"answers" doc:"what was answered; empty: it is open"`
}

// AnswerView is an answer.
type AnswerView struct {
	Who  Text    `json:"who" doc:"by role"`
	Text Text    `json:"text" doc:"what they wrote, with roles in place of names"`
	At   Instant `json:"at" doc:"when"`
}

// Section returns the section with an ID, or an empty one.
func (v View) Section(id string) SectionView {
	for _, s := range v.Sections {
		if string(s.ID) == id {
			return s
		}
	}
	return SectionView{}
}
