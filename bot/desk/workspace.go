package desk

import (
	"context"
	"reflect"
	"slices"
	"sync/atomic"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Workspace is what Slack says about its people, as far as it matters who may do what.
// It is asked beforehand, never while somebody waits, and kept over restarts.
type Workspace struct {
	V         int                 `json:"v"`
	Outsiders []string            `json:"outsiders,omitempty"` // users who are guests, or of another workspace; sorted
	Gone      []string            `json:"gone,omitempty"`      // users whose account is deactivated; sorted
	Groups    map[string][]string `json:"groups,omitempty"`    // members of user groups, by ID and by handle in lower case
	Channels  map[string][]string `json:"channels,omitempty"`  // members of channels, by ID and by name
}

func (w *Workspace) outside(user string) bool {
	_, found := slices.BinarySearch(w.Outsiders, user)
	return found
}

func (w *Workspace) gone(user string) bool {
	_, found := slices.BinarySearch(w.Gone, user)
	return found
}

// Deactivated reports whether the roster, or their mail address, leads to an account in
// Slack that is deactivated.
func (d *Desk) Deactivated(who incident.Actor) bool {
	user := d.oncall.Current().SlackOf(who)
	return user != "" && d.slack.load().gone(user)
}

// toldInSlack is as inSlack, by the roster that holds.
func (d *Desk) toldInSlack(who incident.Actor) bool {
	user := d.oncall.Current().SlackOf(who)
	return user != "" && !d.slack.load().gone(user)
}

// inSlack reports whether somebody can be told anything in Slack: the roster, or their mail
// address, leads to an account, and that is not deactivated.
func (w *work) inSlack(who incident.Actor) bool {
	user := w.who.SlackOf(who)
	return user != "" && !w.d.slack.load().gone(user)
}

// workspace holds what is known. It is replaced, never changed.
type workspace struct{ now atomic.Pointer[Workspace] }

func (w *workspace) load() *Workspace {
	if known := w.now.Load(); known != nil {
		return known
	}
	return &Workspace{}
}

const workspaceKey = "workspace"

func (d *Desk) loadWorkspace(ctx context.Context) error {
	return d.ledger.View(ctx, func(tx *storage.Tx) error {
		known, _, err := ledger.Load[Workspace](tx, workspaceKey)
		d.slack.now.Store(&known)
		return err
	})
}

// LearnWorkspace replaces what is known about the people of the workspace.
func (d *Desk) LearnWorkspace(ctx context.Context, change func(*Workspace)) error {
	return d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		was, _, err := ledger.Load[Workspace](t.Tx, workspaceKey)
		if err != nil {
			return err
		}
		next := Workspace{V: 1, Outsiders: slices.Clone(was.Outsiders), Gone: slices.Clone(was.Gone), Groups: was.Groups, Channels: was.Channels}
		change(&next)
		for _, users := range []*[]string{&next.Outsiders, &next.Gone} {
			slices.Sort(*users)
			*users = slices.Compact(*users)
		}
		d.slack.now.Store(&next)
		if reflect.DeepEqual(was, next) {
			return nil
		}
		return t.Save(workspaceKey, next)
	})
}

// presentMost is how many people of a channel are remembered. Whoever is not among
// them is so again when they type there, or press the button that joins it.
const presentMost = 2000

// Visit is somebody in an incident's channel.
type Visit struct {
	Channel string // Slack channel ID
	User    string // Slack user ID
	By      string // the Slack user who invited them; empty: nobody, or the bot
	Pressed bool   // it is known only because they pressed a button there, which who looks into a public channel can do too
	Acts    bool   // what shows it is an act that names the channel, and records it too
}

// Entered records that somebody is in a channel. Where it is the channel of an
// incident that they could not see, they see it and may work on it from now on, since
// somebody who could has let them in.
func (d *Desk) Entered(ctx context.Context, v Visit) error {
	n, news, err := d.newsOf(ctx, v)
	if err != nil || !news {
		return err
	}
	_, err = d.act(ctx, byBot, n, func(w *work) error {
		who := w.who.Actor(v.User)
		w.arrived(v.User)
		if w.d.sees(w.inc, who) {
			return nil
		}
		by := incident.Bot
		if v.By != "" {
			by = w.who.Actor(v.By)
		}
		if w.d.outsider(who) { // the card says less from now on
			if err := w.refresh(ledger.Card); err != nil {
				return err
			}
		}
		return w.apply(w.inc.Admit(who, by, w.Now))
	})
	return err
}

// arrive records that the caller is in the incident's channel, where their request shows it
// and Slack's own event did not come.
func (w *work) arrive() {
	if user := w.who.SlackOf(w.caller.Actor); user != "" && w.caller.Channel != "" && w.caller.Channel == w.artifacts.Channel {
		w.arrived(user)
	}
}

func (w *work) arrived(user string) {
	if !w.artifacts.inside(user) && len(w.artifacts.Present) < presentMost {
		w.artifacts.Present = append(w.artifacts.Present, user)
	}
}

// inside reports whether a Slack user is in the incident's channel, as far as is known.
func (a Artifacts) inside(user string) bool {
	return slices.Contains(a.Present, user) || slices.Contains(a.Invited, user)
}

// newsOf returns the incident of a visit's channel, and whether the visit says more
// than is known. Most do not, and cost no commit.
func (d *Desk) newsOf(ctx context.Context, v Visit) (n int, news bool, err error) {
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		r, ok, err := ledger.Load[numberRecord](tx, channelKey(v.Channel))
		if err != nil || !ok {
			return err
		}
		n = r.Incident
		i, err := loadIncident(tx, n)
		if err != nil {
			return err
		}
		a, err := loadArtifacts(tx, n)
		known := v.Acts || a.inside(v.User) || len(a.Present) >= presentMost
		news = (!known || !d.sees(i, d.oncall.Current().Actor(v.User))) && (i.Private || !v.Pressed)
		return err
	})
	return n, news, err
}

// Left records that somebody is not in a channel any more.
func (d *Desk) Left(ctx context.Context, v Visit) error {
	n, ok, err := d.InChannel(ctx, v.Channel)
	if err != nil || !ok {
		return err
	}
	_, err = d.act(ctx, byBot, n, func(w *work) error {
		w.artifacts.Present = slices.DeleteFunc(slices.Clone(w.artifacts.Present), func(u string) bool { return u == v.User })
		w.artifacts.Invited = slices.DeleteFunc(slices.Clone(w.artifacts.Invited), func(u string) bool { return u == v.User })
		return w.apply(w.inc.Leave(w.who.Actor(v.User), w.Now))
	})
	return err
}
