package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/pattern"
	"github.com/stormbell/stormbell/rotation"
)

// stepTime is how long a step of the play may take to be seen.
const stepTime = 15 * time.Second

// stage is the play: an incident of the demonstration's company, acted by its
// people in the simulated workspace. Whatever it prints as seen was found there.
type stage struct {
	ctx    context.Context
	out    io.Writer
	demo   *demo
	pause  time.Duration
	began  time.Time
	opener string // who declares it
	oncall *rotation.Person
	name   string // of the incident, INC-N
	room   slacksim.Channel
	err    error // the first step that was not seen; later ones do nothing
}

// play acts one incident through and returns an error for the first step that
// did not happen.
func play(ctx context.Context, out io.Writer, d *demo, speed float64) error {
	s := &stage{ctx: ctx, out: out, demo: d, opener: "elif"}
	if speed > 0 {
		s.pause = time.Duration(float64(1200*time.Millisecond) / speed)
	}
	if err := s.cast(); err != nil {
		return err
	}
	fmt.Fprintf(out, "Pinewater Goods, an online shop. The workspace is at %s/ while this runs.\n\n", d.space.base)
	s.wait("the bot to connect", func(st slacksim.State) bool { return st.Sockets > 0 && has(st, "incidents") })
	s.began = time.Now()
	s.declare()
	s.acknowledge()
	s.work()
	s.resolve()
	if s.err != nil {
		return s.err
	}
	return s.document()
}

// cast finds out who is on call for payments now.
func (s *stage) cast() error {
	rotation, ok := s.demo.roster.Rotation("checkout-primary")
	if !ok {
		return errors.New("play: the demonstration has no rotation checkout-primary")
	}
	people := rotation.People(time.Now())
	if len(people) == 0 {
		return errors.New("play: nobody is on call for payments in the demonstration")
	}
	s.oncall, _ = s.demo.roster.Person(people[0])
	return nil
}

func (s *stage) declare() {
	s.says(s.opener, "/incident declare Card payments fail at the last step sev1 service:payments")
	seen := s.command(s.opener, "team-support", "declare Card payments fail at the last step sev1 service:payments")
	s.name = anyName.FindString(seen.Text)
	s.sees(s.opener, "only they see: "+firstLine(seen.Text), seen.Ephemeral && s.name != "")
	s.see("a direct message pages "+s.oncall.Name+", on call for Checkout", func(st slacksim.State) bool {
		return onScreen(s.paged(st), "Acknowledge")
	})
	s.see("its channel is made", func(st slacksim.State) bool {
		for _, c := range st.Channels {
			if strings.HasPrefix(c.Name, strings.ToLower(s.name)+"-card-payments-fail-at-the-last-step") {
				s.room = c
			}
		}
		return s.room.ID != ""
	})
	s.see("its summary card is pinned: status, owner, safe first steps, where to look", func(st slacksim.State) bool {
		return len(s.channel(st).Pins) == 1 && onScreen(s.channel(st).Messages, "Safe first steps")
	})
	s.see(s.oncall.Name+" and "+s.called(s.opener)+" are in it", func(st slacksim.State) bool {
		return s.inRoom(st, s.oncall.ID) && s.inRoom(st, s.opener)
	})
	s.see("it is announced in #incidents", func(st slacksim.State) bool {
		c, _ := st.Channel("incidents")
		return onScreen(about(s.name, c.Messages), "Card payments fail")
	})
}

func (s *stage) acknowledge() {
	s.says(s.oncall.ID, "presses [Acknowledge] in the direct message")
	s.act(func() error {
		st := s.demo.space.sim.State()
		dm, _ := st.DM(s.oncall.Slack, s.demo.space.sim.BotUserID())
		pages := s.paged(st)
		if len(pages) == 0 {
			return errors.New("there is no page to press")
		}
		_, err := s.demo.space.sim.As(s.oncall.Slack).Press(slacksim.Press{Channel: dm.ID, TS: pages[len(pages)-1].TS, Label: "Acknowledge"})
		return err
	})
	s.see("the message says who acknowledged and when, and has no button Acknowledge any more", func(st slacksim.State) bool {
		return onScreen(s.paged(st), "Acknowledged by") && !onScreen(s.paged(st), `"ack"`)
	})
	s.see("so does the summary card", func(st slacksim.State) bool {
		return onScreen(s.channel(st).Messages, "Acknowledged by")
	})
}

func (s *stage) work() {
	s.types("note what: approvals of one card network fell to zero", "Noted")
	s.types("note where: provider A; provider B is fine", "Noted")
	s.types("decide route that network to provider B", "Noted")
	s.types("mitigate workaround: PAY_ROUTE sends the network to provider B", "mitigated")
	s.see("the channel hears that customers are fine, and that a follow-up for the permanent fix is open", func(st slacksim.State) bool {
		return onScreen(s.channel(st).Messages, "Customers have been fine") && onScreen(s.channel(st).Messages, "permanent fix")
	})
}

func (s *stage) resolve() {
	s.types("resolve approvals are back to normal for 20 minutes", "resolved")
	s.see("the draft of the post-mortem is in the channel", func(st slacksim.State) bool {
		return onScreen(s.channel(st).Messages, "Post-mortem of "+s.name)
	})
	s.see("the whole document is there as a file", func(st slacksim.State) bool { return s.file(st) != nil })
	s.types("postmortem answer cause A payment provider changed its certificates, and our list of trusted ones did not know the new one.", "stands in the post-mortem")
	s.types("postmortem publish", "Published: version 1")
	s.see("those with an interest are told the cause in plain words, and what changes", func(st slacksim.State) bool {
		for _, c := range st.Channels {
			if strings.HasPrefix(c.Name, "stakeholders") && onScreen(c.Messages, "A payment provider changed its certificates") {
				return true
			}
		}
		return false
	})
	s.see("the published document is there as a file", func(st slacksim.State) bool {
		f := s.file(st)
		return f != nil && strings.Contains(string(f.Content), "| version 1, published on")
	})
}

// document prints the post-mortem as it was uploaded.
func (s *stage) document() error {
	f := s.file(s.demo.space.sim.State())
	_, err := fmt.Fprintf(s.out, "\n%s\n%s\nEvery step was seen, in %s.\n", strings.Repeat("─", 72), f.Content,
		time.Since(s.began).Round(time.Millisecond))
	return err
}

// types runs a command of the person on call in the incident's channel.
func (s *stage) types(text, answer string) {
	s.says(s.oncall.ID, "/incident "+text)
	seen := s.command(s.oncall.Slack, s.room.ID, text)
	s.sees(s.oncall.ID, "only they see: "+firstLine(seen.Text), strings.Contains(seen.Text, answer))
}

func (s *stage) command(who, channel, text string) slacksim.Seen {
	var seen slacksim.Seen
	s.act(func() (err error) {
		seen, err = s.demo.space.sim.As(who).Command(channel, "/incident", text)
		if err == nil && seen.Error != "" {
			err = errors.New(seen.Error)
		}
		return err
	})
	return seen
}

// act does something in the workspace, unless a step before it has failed.
func (s *stage) act(f func() error) {
	if s.err != nil {
		return
	}
	if err := f(); err != nil {
		s.err = fmt.Errorf("play: %v", err)
	}
}

// says prints what somebody does, after a pause in which one can read.
func (s *stage) says(who, what string) {
	if s.err != nil {
		return
	}
	select {
	case <-time.After(s.pause):
	case <-s.ctx.Done():
	}
	fmt.Fprintf(s.out, "%8s  %s  %s\n", s.clock(), s.called(who), what)
}

// sees prints what somebody sees, if it is there.
func (s *stage) sees(who, what string, there bool) {
	if s.err != nil {
		return
	}
	if !there {
		s.err = fmt.Errorf("play: %s should see something else than %q", s.called(who), what)
		return
	}
	fmt.Fprintf(s.out, "%8s    ✓ %s\n", s.clock(), what)
}

// see waits until something is there, and prints it.
func (s *stage) see(what string, there func(slacksim.State) bool) {
	s.wait(what, there)
	if s.err == nil {
		fmt.Fprintf(s.out, "%8s    ✓ %s\n", s.clock(), what)
	}
}

func (s *stage) wait(what string, there func(slacksim.State) bool) {
	if s.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, stepTime)
	defer cancel()
	changed := s.demo.space.sim.Watch(ctx)
	for !there(s.demo.space.sim.State()) {
		select {
		case <-changed:
		case <-ctx.Done():
			s.err = fmt.Errorf("play: not seen within %s: %s", stepTime, what)
			return
		}
	}
}

// clock is the time since the play began.
func (s *stage) clock() string {
	d := time.Since(s.began)
	return fmt.Sprintf("%d:%05.2f", int(d.Minutes()), (d % time.Minute).Seconds())
}

func (s *stage) called(who string) string {
	if p, ok := s.demo.roster.Person(who); ok {
		return p.Name
	}
	return who
}

func (s *stage) channel(st slacksim.State) slacksim.Channel {
	c, _ := st.Channel(s.room.ID)
	return c
}

func (s *stage) inRoom(st slacksim.State, who string) bool {
	user, _ := st.User(who)
	for _, m := range s.channel(st).Members {
		if m == user.ID {
			return true
		}
	}
	return false
}

// paged is what the person on call is told of the incident directly.
func (s *stage) paged(st slacksim.State) []slacksim.Message {
	dm, _ := st.DM(s.oncall.Slack, s.demo.space.sim.BotUserID())
	return about(s.name, dm.Messages)
}

func (s *stage) file(st slacksim.State) *slacksim.File {
	for n := len(st.Files) - 1; n >= 0; n-- { // the latest
		if name := st.Files[n].Name; strings.HasPrefix(name, strings.ToLower(s.name)+"-") && strings.HasSuffix(name, ".md") {
			return &st.Files[n]
		}
	}
	return nil
}

func has(st slacksim.State, channel string) bool {
	_, ok := st.Channel(channel)
	return ok
}

// onScreen reports whether one of the messages shows the words.
func onScreen(messages []slacksim.Message, words string) bool {
	for _, m := range messages {
		if strings.Contains(m.Text, words) || strings.Contains(string(m.Blocks), words) {
			return true
		}
	}
	return false
}

// about is those of the messages that name an incident.
func about(name string, messages []slacksim.Message) []slacksim.Message {
	word := regexp.MustCompile(`\b` + name + `\b`)
	var list []slacksim.Message
	for _, m := range messages {
		if word.MatchString(m.Text) || word.Match(m.Blocks) {
			list = append(list, m)
		}
	}
	return list
}

var anyName = pattern.New(`INC-\d+`)

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
