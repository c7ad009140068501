package page

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// window is how many messages a view holds: a screenful is about ten, so this is several to scroll through before more
// are asked for.
const window = 80

// view is everything that one person sees.
type view struct {
	Now       float64         `json:"now"` // the workspace's time, Unix seconds
	Team      teamView        `json:"team"`
	Me        slacksim.User   `json:"me"`
	Users     []slacksim.User `json:"users"`
	Groups    []groupView     `json:"groups"`
	Rooms     []roomLine      `json:"rooms"`
	Room      *roomView       `json:"room,omitempty"`
	Thread    *threadView     `json:"thread,omitempty"`
	Views     []slacksim.View `json:"views"`
	Home      *slacksim.View  `json:"home,omitempty"`
	Commands  []command       `json:"commands"`
	Shortcuts []shortcut      `json:"shortcuts"`
	Guide     []stepView      `json:"guide"`
	Phone     []ring          `json:"phone,omitzero"`
}

type teamView struct {
	Name    string `json:"name"`
	AppName string `json:"app_name"`
	BotUser string `json:"bot_user"`
	Sockets int    `json:"sockets"`
}

type groupView struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
}

// roomLine is a channel in the list at the left.
type roomLine struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Private  bool   `json:"private,omitempty"`
	IM       bool   `json:"im,omitempty"`
	MPIM     bool   `json:"mpim,omitempty"`
	Archived bool   `json:"archived,omitempty"`
	Member   bool   `json:"member,omitempty"`
	With     string `json:"with,omitempty"` // a DM's other user
	Unread   int    `json:"unread,omitempty"`
	Mentions int    `json:"mentions,omitempty"`
}

// roomView is the channel that is open. Messages are those from number Start on of Total.
type roomView struct {
	roomLine
	Topic     string              `json:"topic"`
	Purpose   string              `json:"purpose"`
	Members   []string            `json:"members"`
	Pins      []pinView           `json:"pins"`
	Bookmarks []slacksim.Bookmark `json:"bookmarks"`
	Canvas    *canvasView         `json:"canvas,omitempty"`
	Total     int                 `json:"total"`
	Start     int                 `json:"start"`
	Messages  []line              `json:"messages"`
}

type pinView struct {
	TS    string `json:"ts"`
	Text  string `json:"text"`
	Index int    `json:"index"` // number of the message in its channel
}

type canvasView struct {
	Title    string `json:"title"`
	Markdown string `json:"markdown"`
}

type threadView struct {
	TS       string `json:"ts"`
	Messages []line `json:"messages"`
}

// line is a message as one person sees it.
type line struct {
	slacksim.Message
	Ephemeral bool `json:"ephemeral,omitempty"`
}

type command struct {
	Command     string `json:"command"`
	Description string `json:"description"`
	UsageHint   string `json:"usage_hint"`
}

type shortcut struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
}

type stepView struct {
	Title string `json:"title"`
	Body  string `json:"body"`
	Done  bool   `json:"done"`
}

// question is what a view is asked for.
type question struct {
	as     string // user ID or handle
	room   string // channel ID, "home", or empty for the first
	thread string // ts of its first message, or empty
	start  int    // number of the first message, or -1 for the newest
}

func (s *server) view(rw http.ResponseWriter, r *http.Request) {
	f := r.URL.Query()
	q := question{as: f.Get("as"), room: f.Get("room"), thread: f.Get("thread"), start: -1}
	if n, err := strconv.Atoi(f.Get("start")); err == nil {
		q.start = max(n, 0)
	}
	v, err := s.look(q)
	if err != nil {
		answer(rw, http.StatusNotFound, problem{err.Error()})
		return
	}
	answer(rw, http.StatusOK, v)
}

// look makes the view. A channel that the person cannot see, or that is gone, gives way to the first that they can.
func (s *server) look(q question) (view, error) {
	st := s.workspace.State()
	me, ok := st.User(q.as)
	if !ok || me.IsBot || me.Deleted {
		return view{}, fmt.Errorf("person %q: there is nobody of this name to act as", q.as)
	}
	v := view{
		Now: seconds(st.Now), Team: teamView{st.Team.Name, appName(st), st.Team.BotUser, st.Sockets}, Me: me, Users: st.Users,
		Groups: []groupView{}, Rooms: []roomLine{}, Views: st.Views[me.ID], Commands: s.commands(), Shortcuts: s.shortcuts(),
		Guide: s.guide(st), Phone: s.rings(),
	}
	for _, g := range st.Groups {
		v.Groups = append(v.Groups, groupView{g.ID, g.Handle})
	}
	if h, ok := st.Homes[me.ID]; ok {
		v.Home = &h
	}
	for _, c := range st.Channels {
		if visible(c, me.ID) {
			v.Rooms = append(v.Rooms, s.roomLine(c, me.ID))
		}
	}
	if q.room == "home" {
		return v, nil
	}
	if c, ok := open(st, q.room, me.ID); ok {
		v.Room = s.room(st, c, me.ID, q.start)
		v.Thread = thread(st, c, me.ID, q.thread)
	}
	return v, nil
}

func appName(st slacksim.State) string {
	bot, ok := st.User(st.Team.BotUser)
	if !ok {
		return "App"
	}
	return bot.RealName
}

// visible tells whether a person may look into a channel.
func visible(c slacksim.Channel, me string) bool {
	public := !c.IsPrivate && !c.IsIM && !c.IsMPIM
	return public || slices.Contains(c.Members, me)
}

// open is the channel to show: the one that was asked for, else the first that the person is in.
func open(st slacksim.State, room, me string) (slacksim.Channel, bool) {
	var first slacksim.Channel
	for _, c := range st.Channels {
		if !visible(c, me) {
			continue
		}
		if c.ID == room {
			return c, true
		}
		if first.ID == "" && !c.IsArchived && slices.Contains(c.Members, me) {
			first = c
		}
	}
	return first, first.ID != ""
}

func (s *server) roomLine(c slacksim.Channel, me string) roomLine {
	l := roomLine{ID: c.ID, Name: c.Name, Private: c.IsPrivate, IM: c.IsIM, MPIM: c.IsMPIM, Archived: c.IsArchived,
		Member: slices.Contains(c.Members, me)}
	for _, u := range c.Members {
		if c.IsIM && u != me {
			l.With = u
		}
	}
	if !l.Member {
		return l
	}
	mark := s.marks.at(me, c.ID)
	for _, m := range slices.Backward(c.Messages) {
		if m.TS <= mark {
			break
		}
		if m.User == me || !inChannel(m) {
			continue
		}
		l.Unread++
		if c.IsIM || mentions(m.Text, me) {
			l.Mentions++
		}
	}
	return l
}

// inChannel tells a message of the channel itself from a reply that is only in its thread.
func inChannel(m slacksim.Message) bool {
	return m.ThreadTS == "" || m.ThreadTS == m.TS || m.Subtype == "thread_broadcast"
}

func mentions(text, me string) bool {
	for _, call := range []string{"<@" + me + ">", "<!here>", "<!channel>", "<!everyone>"} {
		if strings.Contains(text, call) {
			return true
		}
	}
	return false
}

// room is the open channel with a window of its messages.
func (s *server) room(st slacksim.State, c slacksim.Channel, me string, start int) *roomView {
	all := lines(st, c, me, func(m slacksim.Message) bool { return inChannel(m) })
	r := &roomView{roomLine: s.roomLine(c, me), Topic: c.Topic.Value, Purpose: c.Purpose.Value, Members: c.Members,
		Pins: []pinView{}, Bookmarks: c.Bookmarks, Total: len(all)}
	if r.Bookmarks == nil {
		r.Bookmarks = []slacksim.Bookmark{}
	}
	for _, p := range c.Pins {
		i := slices.IndexFunc(all, func(l line) bool { return l.TS == p.TS })
		if i >= 0 {
			r.Pins = append(r.Pins, pinView{TS: p.TS, Text: all[i].Text, Index: i})
		}
	}
	for _, cv := range st.Canvases {
		if cv.ID == c.CanvasID {
			r.Canvas = &canvasView{cv.Title, cv.Markdown}
		}
	}
	last := max(0, len(all)-window)
	if start < 0 || start > last {
		start = last
	}
	r.Start = start
	r.Messages = all[start:min(start+window, len(all))]
	return r
}

// thread is an open thread with its first message; nil when none is open or it is gone.
func thread(st slacksim.State, c slacksim.Channel, me, ts string) *threadView {
	if ts == "" {
		return nil
	}
	if _, ok := c.Message(ts); !ok {
		return nil
	}
	all := lines(st, c, me, func(m slacksim.Message) bool { return m.TS == ts || m.ThreadTS == ts })
	return &threadView{TS: ts, Messages: all}
}

// lines are the messages that keep lets through, with those that only this person sees among them, in order.
func lines(st slacksim.State, c slacksim.Channel, me string, keep func(slacksim.Message) bool) []line {
	out := []line{}
	for _, m := range c.Messages {
		if keep(m) {
			out = append(out, line{Message: withLinks(m)})
		}
	}
	for _, e := range st.Whispers[me] {
		if e.Channel == c.ID && keep(e.Message) {
			out = append(out, line{Message: e.Message, Ephemeral: true})
		}
	}
	slices.SortStableFunc(out, func(a, b line) int { return strings.Compare(a.TS, b.TS) })
	return out
}

// withLinks makes a message's files reachable for the page: Slack's own addresses want a token.
func withLinks(m slacksim.Message) slacksim.Message {
	files := slices.Clone(m.Files)
	for i := range files {
		files[i].URL, files[i].Content = "/file/"+files[i].ID, nil
	}
	m.Files = files
	return m
}

func (s *server) guide(st slacksim.State) []stepView {
	out := []stepView{}
	for _, step := range s.opts.Guide {
		out = append(out, stepView{step.Title, step.Body, step.Done != nil && step.Done(st)})
	}
	return out
}

func (s *server) commands() []command {
	out := []command{}
	for _, c := range s.workspace.Commands() {
		out = append(out, command{c.Command, c.Description, c.UsageHint})
	}
	return out
}

func (s *server) shortcuts() []shortcut {
	out := []shortcut{}
	for _, c := range s.workspace.Shortcuts() {
		out = append(out, shortcut{c.Name, c.Type, c.CallbackID})
	}
	return out
}

const shownCalls = 400

// calls are the newest entries of the record after number since.
func (s *server) calls(rw http.ResponseWriter, r *http.Request) {
	since, _ := strconv.Atoi(r.URL.Query().Get("since")) // anything else is from the beginning
	list := s.workspace.Calls(since)
	if len(list) > shownCalls {
		list = list[len(list)-shownCalls:]
	}
	answer(rw, http.StatusOK, struct {
		Calls []slacksim.Call `json:"calls"`
	}{list})
}

// seconds are Unix seconds with a fraction; 0 for the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
