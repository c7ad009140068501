package chat

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// Perform carries out one job. A *desk.Retry means that it is worth trying
// again; an Outcome with Failed means that it is not.
func (s *Slack) Perform(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	ctx = context.WithValue(ctx, ranked{}, j.Priority())
	var b desk.Brief
	var o desk.Outcome
	var err error
	if isAside(j.Kind) {
		o, err = s.aside(ctx, j)
	} else if b, err = s.desk.Brief(ctx, j.Incident); err == nil {
		o, err = s.perform(ctx, j, b)
	}
	if code := slackCode(err); code != "" {
		return desk.Outcome{Failed: inWords(code)}, nil
	}
	return o, err
}

func (s *Slack) perform(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	switch j.Kind {
	case desk.JobPage:
		return s.page(ctx, j, b)
	case desk.JobPageChannel:
		return s.pageChannel(ctx, j, b)
	case desk.JobAsks:
		return desk.Outcome{}, s.refreshAsks(ctx, b)
	case desk.JobStray:
		return s.findStrays(ctx, j)
	case desk.JobChannel:
		return s.makeChannel(ctx, j, b)
	case desk.JobAnswer:
		return desk.Outcome{}, s.answerCaller(ctx, j, b)
	case desk.JobCard:
		return s.keep(ctx, j, b.Papers.Channel, b.Papers.Card, cardMessage(b, s.names()))
	case desk.JobPin:
		return desk.Outcome{}, s.pin(ctx, j.Message)
	case desk.JobInvite:
		return s.invite(ctx, b)
	case desk.JobAnnounce:
		return s.announce(ctx, j, b)
	case desk.JobTopic:
		return desk.Outcome{}, s.setTopic(ctx, b)
	case desk.JobPurpose:
		return desk.Outcome{}, s.call(ctx, "conversations.setPurpose", func(ctx context.Context) error {
			_, err := s.api.SetPurposeOfConversationContext(ctx, b.Papers.Channel, purpose(b))
			return err
		})
	case desk.JobSay:
		return s.say(ctx, j, b)
	case desk.JobPostmortem:
		return s.postPostmortem(ctx, j, b)
	case desk.JobPostmortemFile:
		return s.uploadPostmortem(ctx, j, b)
	default:
		return desk.Outcome{}, fmt.Errorf("job %s: nobody carries it out", j.Kind)
	}
}

// inWords says one of Slack's codes to a person who must mend it.
func inWords(code string) string {
	switch code {
	case "missing_scope":
		return "the app lacks a scope; install it again from `stormbell manifest` (missing_scope)"
	case "is_archived":
		return "the channel is archived (is_archived)"
	case "channel_not_found", "not_in_channel":
		return "the bot is not in that channel; invite it (" + code + ")"
	case "name_taken":
		return "a channel of that name exists that the bot cannot use; invite the bot to it, or open it again if it is archived (name_taken)"
	case "restricted_action", "cannot_create_channel":
		return "the workspace does not let the bot do that; an admin can allow it (" + code + ")"
	case "user_not_found", "users_not_found":
		return "Slack knows no such user (" + code + ")"
	default:
		return "Slack refused it (" + code + ")"
	}
}

// mark is the metadata by which a message of ours is recognised.
const mark = "stormbell_job"

// post posts a message that carries the job's key. One whose blocks Slack does
// not take goes without them: plain words are better than nothing.
func (s *Slack) post(ctx context.Context, channel string, j desk.Job, m message) (desk.Message, error) {
	var posted desk.Message
	err := s.inside(ctx, channel, func() (err error) {
		posted, err = s.send(ctx, channel, j, m)
		return err
	})
	if code := slackCode(err); refusedBlocks[code] {
		s.log.Error().Str("kind", string(j.Kind)).Str("error", code).Msg("Slack does not take the blocks of a message; it goes as plain words")
		posted, err = s.send(ctx, channel, j, message{text: m.text + s.byHand(j)})
	}
	if err == nil {
		s.remember(posted, m)
	}
	return posted, err
}

// refusedBlocks are Slack's codes for blocks that it does not take.
var refusedBlocks = map[string]bool{"invalid_blocks": true, "invalid_blocks_format": true, "msg_blocks_too_long": true, "invalid_attachments": true}

// byHand says how a page without its buttons is answered.
func (s *Slack) byHand(j desk.Job) string {
	if j.Kind != desk.JobPage && j.Kind != desk.JobPageChannel {
		return ""
	}
	return "\nTo acknowledge: `" + s.opt.Command + " ack " + incident.Name(j.Incident) + "`"
}

// send makes the one call that posts a message.
func (s *Slack) send(ctx context.Context, channel string, j desk.Job, m message) (desk.Message, error) {
	options := []slack.MsgOption{
		slack.MsgOptionText(m.notice(), false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: mark, EventPayload: map[string]any{
			"incident": incident.Name(j.Incident), "kind": string(j.Kind), "job": j.Key()}}),
	}
	if len(m.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(m.blocks...))
	}
	var posted desk.Message
	err := s.callIn(ctx, "chat.postMessage", channel, func(ctx context.Context) (err error) {
		posted.Channel, posted.TS, err = s.api.PostMessageContext(ctx, channel, options...)
		return err
	})
	return posted, err
}

// edit makes a message of ours show m. One that shows it already is left alone.
func (s *Slack) edit(ctx context.Context, at desk.Message, m message) error {
	s.mu.Lock()
	same := s.shown[at] == digest(m)
	s.mu.Unlock()
	if same {
		return nil
	}
	err := s.call(ctx, "chat.update", func(ctx context.Context) error {
		_, _, _, err := s.api.UpdateMessageContext(ctx, at.Channel, at.TS,
			slack.MsgOptionText(m.notice(), false), slack.MsgOptionBlocks(m.blocks...))
		return err
	})
	if err == nil {
		s.remember(at, m)
	}
	return err
}

// remember notes what a message shows, for a while.
func (s *Slack) remember(at desk.Message, m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.shown) > rememberMost {
		clear(s.shown) // then some edits are made once more
	}
	s.shown[at] = digest(m)
}

// rememberMost is how many messages are known by what they show.
const rememberMost = 5000

func digest(m message) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%s\n", m.text)
	for _, b := range m.blocks {
		writeJSON(h, b)
	}
	return string(h.Sum(nil))
}

// keep posts a message the first time and edits it from then on. A message that
// people have deleted is posted anew.
func (s *Slack) keep(ctx context.Context, j desk.Job, channel string, old desk.Message, m message) (desk.Outcome, error) {
	if old.TS == "" && j.Doubtful {
		found, err := s.find(ctx, channel, func(x desk.Job) bool { return x.Kind == j.Kind && x.Incident == j.Incident })
		if err != nil {
			return desk.Outcome{}, err
		}
		if len(found) > 0 {
			old = found[0]
		}
	}
	if old.TS != "" {
		err := s.edit(ctx, old, m)
		if code := slackCode(err); code != "message_not_found" && code != "cant_update_message" {
			return desk.Outcome{Message: old}, err
		}
	}
	posted, err := s.post(ctx, channel, j, m)
	return desk.Outcome{Message: posted}, err
}

// find looks through a channel's latest messages for ours that match, the
// oldest first.
func (s *Slack) find(ctx context.Context, channel string, match func(desk.Job) bool) ([]desk.Message, error) {
	messages, err := s.history(ctx, channel)
	if err != nil {
		return nil, err
	}
	var found []desk.Message
	for _, m := range messages {
		if m.Metadata.EventType != mark {
			continue
		}
		word := func(k string) string { v, _ := m.Metadata.EventPayload[k].(string); return v }
		n, _ := incident.ParseName(word("incident"))
		j := desk.Job{Incident: n, Kind: desk.JobKind(word("kind"))}
		j.Number, _ = strconv.Atoi(word("job")[strings.LastIndexByte(word("job"), '/')+1:])
		if match(j) {
			found = append(found, desk.Message{Channel: channel, TS: m.Timestamp})
		}
	}
	slices.Reverse(found)
	return found, nil
}

// lookBack is how many pages of a hundred messages are looked through.
const lookBack = 5

func (s *Slack) history(ctx context.Context, channel string) ([]slack.Message, error) {
	var all []slack.Message
	cursor := ""
	for range lookBack {
		var page *slack.GetConversationHistoryResponse
		look := func() error {
			return s.call(ctx, "conversations.history", func(ctx context.Context) (err error) {
				page, err = s.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
					ChannelID: channel, Limit: 100, Cursor: cursor, IncludeAllMetadata: true})
				return err
			})
		}
		err := s.inside(ctx, channel, look)
		// Begun is half done: giving up here would spend the budget on first
		// pages for ever, and never come to the end.
		for again := (*desk.Retry)(nil); cursor != "" && errors.As(err, &again) && errors.Is(err, errTurn); {
			if err := pause(ctx, again.After); err != nil {
				return nil, err
			}
			err = s.inside(ctx, channel, look)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, page.Messages...)
		if cursor = page.ResponseMetaData.NextCursor; cursor == "" || !page.HasMore {
			break
		}
	}
	return all, nil
}

// page wakes somebody by a direct message, in one call: Slack opens the
// conversation when it is given a user. A page that may have left before is
// sent again, since a repeated one is cheaper than a lost one; then the earlier
// one is looked for, so that it too can be told what became of it.
func (s *Slack) page(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	user, err := s.userOf(ctx, j.Person)
	if err != nil {
		return desk.Outcome{}, err
	}
	if user == "" {
		return desk.Outcome{Failed: "nobody knows this person's Slack user; add `slack` or `email` in the roster"}, nil
	}
	ask := desk.Ask{Person: j.Person, Resort: j.Resort, Why: j.Text}
	posted, err := s.post(ctx, user, j, pageMessage(b, ask, s.names()))
	if code := slackCode(err); code == "channel_not_found" || code == "not_in_channel" {
		if posted, err = s.pageInOpened(ctx, user, j, b, ask); err != nil {
			return desk.Outcome{}, err
		}
	}
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{Message: posted, Seen: b.Incident.Events}, nil
}

// pageInOpened opens the conversation first, for a workspace that wants it so.
func (s *Slack) pageInOpened(ctx context.Context, user string, j desk.Job, b desk.Brief, ask desk.Ask) (desk.Message, error) {
	dm, err := s.openDM(ctx, user)
	if err != nil {
		return desk.Message{}, err
	}
	return s.post(ctx, dm, j, pageMessage(b, ask, s.names()))
}

// openDM returns the direct messages with a user.
func (s *Slack) openDM(ctx context.Context, user string) (string, error) {
	var dm *slack.Channel
	err := s.call(ctx, "conversations.open", func(ctx context.Context) (err error) {
		dm, _, _, err = s.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{user}})
		return err
	})
	if err != nil {
		return "", err
	}
	return dm.ID, nil
}

// findStrays looks for pages of which an earlier try left no record: they have
// buttons too. The conversation is the one of the page that was sent since, or
// of the person or channel that the lost one was meant for.
func (s *Slack) findStrays(ctx context.Context, j desk.Job) (desk.Outcome, error) {
	where := j.Message.Channel
	var err error
	switch {
	case where != "":
	case j.Person != "":
		user := s.desk.SlackID(j.Person)
		if user == "" {
			return desk.Outcome{}, nil // nothing can have been sent
		}
		where, err = s.openDM(ctx, user)
	default:
		where, err = s.channel(ctx, j.Target, false)
	}
	if err != nil || where == "" {
		return desk.Outcome{}, err
	}
	found, err := s.find(ctx, where, func(x desk.Job) bool {
		return x.Incident == j.Incident && (x.Kind == desk.JobPage || x.Kind == desk.JobPageChannel)
	})
	return desk.Outcome{More: found}, err
}

// pageChannel asks in a channel that a policy names.
func (s *Slack) pageChannel(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	ask := desk.Ask{Resort: j.Resort}
	m := pageMessage(b, ask, s.names())
	posted, err := s.postIn(ctx, j.Target, j, m)
	if slackCode(err) != "" && b.Papers.Channel != "" { // then at least those who are there
		posted, err = s.post(ctx, b.Papers.Channel, j, m)
	}
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{Message: posted, Seen: b.Incident.Events}, nil
}

// refreshAsks makes every message that asked for an acknowledgement say what
// became of it.
func (s *Slack) refreshAsks(ctx context.Context, b desk.Brief) error {
	asks, err := s.desk.Asks(ctx, b.Incident.Number)
	if err != nil {
		return err
	}
	var trouble error
	for _, ask := range asks {
		m := pageMessage(b, ask, s.names())
		if ask.Seq > 0 {
			e, err := s.desk.Event(ctx, b.Incident.Number, ask.Seq)
			if err != nil {
				return err
			}
			m = saidMessage(b, e, s.names())
		}
		err := s.edit(ctx, ask.Message, m)
		var again *desk.Retry
		if errors.As(err, &again) {
			trouble = err // the others first
		}
	}
	return trouble
}

// clashes is how many names are tried for a channel.
const clashes = 20

// makeChannel makes the incident's channel, or adopts the one that an earlier
// try made: ours by name, creator and age, and no other incident's.
func (s *Slack) makeChannel(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	i, title := b.Incident, j.Text
	if b.Papers.Channel != "" {
		return desk.Outcome{Channel: b.Papers.Channel, ChannelName: i.ChannelName}, nil
	}
	for clash := range clashes {
		if clash == 1 {
			continue // the second of a name is number 2
		}
		name := incident.ChannelName(i.Number, title, clash)
		made, err := s.create(ctx, slack.CreateConversationParams{ChannelName: name, IsPrivate: i.Private})
		switch code := slackCode(err); {
		case err == nil:
			return desk.Outcome{Channel: made.ID, ChannelName: made.Name}, nil
		case code == "name_taken":
			id, err := s.adopt(ctx, i, name)
			if err != nil || id != "" {
				return desk.Outcome{Channel: id, ChannelName: name}, err
			}
		case strings.HasPrefix(code, "invalid_name") && title != "":
			title = "" // Slack's rules are stricter than we know
		case code != "":
			// Only people can mend this; they may do so while the incident lasts.
			return desk.Outcome{}, &desk.Retry{After: mendedWithin, Cause: errors.New(inWords(code))}
		default:
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, &desk.Retry{After: mendedWithin, Cause: errors.New("every name for it is taken")}
}

// mendedWithin is how often a channel is tried that only people can make possible.
const mendedWithin = 2 * time.Minute

// clockSkew is how much Slack's clock may differ from ours.
const clockSkew = 2 * time.Minute

// adopt returns the channel of that name if an earlier try made it for this
// incident, or "".
func (s *Slack) adopt(ctx context.Context, i incident.Incident, name string) (string, error) {
	self, err := s.botUser(ctx)
	if err != nil {
		return "", err
	}
	c, err := s.lookUp(ctx, name)
	if slackCode(err) != "" {
		return "", nil // it cannot be seen, so another name is taken
	}
	if err != nil || c == nil || c.Creator != self {
		return "", err
	}
	if time.Unix(int64(c.Created), 0).Before(i.Declared.Add(-clockSkew)) {
		return "", nil
	}
	if _, taken, err := s.desk.InChannel(ctx, c.ID); err != nil || taken {
		return "", err
	}
	return c.ID, nil
}

// answerCaller tells whoever declared it where the channel is.
func (s *Slack) answerCaller(ctx context.Context, j desk.Job, b desk.Brief) error {
	text := fmt.Sprintf("*%s* has its channel: <#%s>", b.Incident.Name(), b.Papers.Channel)
	if b.Papers.Channel == "" {
		text = fmt.Sprintf("*%s* is open and paged, but has no channel yet: %s", b.Incident.Name(), esc(b.Papers.ChannelError))
	}
	return s.respond(ctx, j.ReplyURL, ephemeral(text))
}

func (s *Slack) pin(ctx context.Context, m desk.Message) error {
	err := s.call(ctx, "pins.add", func(ctx context.Context) error {
		return s.api.AddPinContext(ctx, m.Channel, slack.NewRefToMessage(m.Channel, m.TS))
	})
	if slackCode(err) == "already_pinned" {
		return nil
	}
	return err
}

// invitesMost is how many people one call invites (Slack: conversations.invite).
const invitesMost = 100

// invite brings everybody who belongs there into the channel, in one call for a
// hundred; when Slack refuses one of them, one after another.
func (s *Slack) invite(ctx context.Context, b desk.Brief) (desk.Outcome, error) {
	var users []string
	for _, a := range b.Belongs {
		if id := s.desk.SlackID(a); id != "" && !slices.Contains(b.Papers.Invited, id) && !slices.Contains(users, id) {
			users = append(users, id)
		}
	}
	o := desk.Outcome{}
	for part := range slices.Chunk(users, invitesMost) {
		err := s.inviteAll(ctx, b.Papers.Channel, part...)
		if slackCode(err) != "" && len(part) > 1 {
			err = s.inviteEach(ctx, b.Papers.Channel, part, &o)
		} else if slackCode(err) != "" {
			s.uninvited(&o, part[0], err)
			err = nil
		}
		if err != nil {
			return desk.Outcome{}, err
		}
		o.Invited = append(o.Invited, part...)
	}
	return o, nil
}

// inviteEach invites people one by one, since Slack refuses all for one.
func (s *Slack) inviteEach(ctx context.Context, channel string, users []string, o *desk.Outcome) error {
	for _, u := range users {
		err := s.inviteAll(ctx, channel, u)
		if err != nil && slackCode(err) == "" {
			return err
		}
		s.uninvited(o, u, err)
	}
	return nil
}

// uninvited remarks who could not be invited. Who is there already is no trouble.
func (s *Slack) uninvited(o *desk.Outcome, user string, err error) {
	if c := slackCode(err); c != "" && c != "already_in_channel" && c != "cant_invite_self" {
		o.Remark = strings.TrimSpace(o.Remark + " Could not invite " + s.nameOf(user) + ": " + inWords(c) + ".")
	}
}

func (s *Slack) inviteAll(ctx context.Context, channel string, users ...string) error {
	return s.inside(ctx, channel, func() error {
		return s.call(ctx, "conversations.invite", func(ctx context.Context) error {
			_, err := s.api.InviteUsersToConversationContext(ctx, channel, users...)
			return err
		})
	})
}

// announce keeps the line in the announcement channel.
func (s *Slack) announce(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	m := announcement(b, s.names())
	if b.Papers.Announcement.TS != "" {
		return s.keep(ctx, j, b.Papers.Announcement.Channel, b.Papers.Announcement, m)
	}
	if j.Doubtful {
		id, err := s.channel(ctx, s.opt.AnnounceChannel, true)
		if err != nil {
			return desk.Outcome{}, err
		}
		return s.keep(ctx, j, id, desk.Message{}, m)
	}
	posted, err := s.postIn(ctx, s.opt.AnnounceChannel, j, m)
	return desk.Outcome{Message: posted}, err
}

func (s *Slack) setTopic(ctx context.Context, b desk.Brief) error {
	want := topic(b)
	s.mu.Lock()
	same := s.topics[b.Incident.Number] == want
	s.mu.Unlock()
	if same {
		return nil
	}
	err := s.inside(ctx, b.Papers.Channel, func() error {
		return s.call(ctx, "conversations.setTopic", func(ctx context.Context) error {
			_, err := s.api.SetTopicOfConversationContext(ctx, b.Papers.Channel, want)
			return err
		})
	})
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.topics) > rememberMost {
			clear(s.topics)
		}
		s.topics[b.Incident.Number] = want
	}
	return err
}

// say tells an event in the channel, once.
func (s *Slack) say(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	e, err := s.desk.Event(ctx, j.Incident, j.Seq)
	if err != nil {
		return desk.Outcome{}, err
	}
	o, err := s.once(ctx, j, b.Papers.Channel, saidMessage(b, e, s.names()))
	o.Seen = b.Incident.Events
	return o, err
}

// once posts a message unless this very job has posted it before.
func (s *Slack) once(ctx context.Context, j desk.Job, channel string, m message) (desk.Outcome, error) {
	if j.Doubtful {
		found, err := s.find(ctx, channel, func(x desk.Job) bool { return x.Key() == j.Key() && x.Kind == j.Kind })
		if err != nil || len(found) > 0 {
			return desk.Outcome{Message: firstOf(found)}, err
		}
	}
	posted, err := s.post(ctx, channel, j, m)
	return desk.Outcome{Message: posted}, err
}

func firstOf(m []desk.Message) desk.Message {
	if len(m) == 0 {
		return desk.Message{}
	}
	return m[0]
}

func (s *Slack) postPostmortem(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	d, err := s.desk.Postmortem(ctx, incident.Bot, j.Incident, s.opt.Zone)
	if err != nil {
		return desk.Outcome{}, err
	}
	return s.once(ctx, j, b.Papers.Channel, wholeFollows(postmortemMessage(b.Incident, d)))
}

// uploadPostmortem shares the whole document as a file. Its name carries the
// event it was drafted at, so that the same draft is recognised.
func (s *Slack) uploadPostmortem(ctx context.Context, j desk.Job, b desk.Brief) (desk.Outcome, error) {
	d, err := s.desk.Postmortem(ctx, incident.Bot, j.Incident, s.opt.Zone)
	if err != nil {
		return desk.Outcome{}, err
	}
	name := fmt.Sprintf("%s-post-mortem-%d.md", strings.ToLower(b.Incident.Name()), j.Seq)
	if j.Doubtful {
		there, err := s.hasFile(ctx, b.Papers.Channel, name)
		if err != nil || there {
			return desk.Outcome{}, err
		}
	}
	text := d.Markdown()
	var slot *slack.GetUploadURLExternalResponse
	err = s.call(ctx, "files.getUploadURLExternal", func(ctx context.Context) (err error) {
		slot, err = s.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: name, FileSize: len(text)})
		return err
	})
	if err != nil {
		return desk.Outcome{}, err
	}
	err = s.call(ctx, "upload", func(ctx context.Context) error {
		return s.api.UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: slot.UploadURL, Content: text, Filename: name})
	})
	if err != nil {
		return desk.Outcome{}, err
	}
	return desk.Outcome{}, s.call(ctx, "files.completeUploadExternal", func(ctx context.Context) error {
		_, err := s.api.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
			Files: []slack.FileSummary{{ID: slot.FileID, Title: "Post-mortem of " + b.Incident.Name()}}, Channel: b.Papers.Channel})
		return err
	})
}

func (s *Slack) hasFile(ctx context.Context, channel, name string) (bool, error) {
	messages, err := s.history(ctx, channel)
	for _, m := range messages {
		for _, f := range m.Files {
			if f.Name == name {
				return true, nil
			}
		}
	}
	return false, err
}
