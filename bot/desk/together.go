package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/page"
	"github.com/stormbell/stormbell/storage"
)

// gatherRecord is how the pages of one person in Slack are gathered.
type gatherRecord struct {
	V int `json:"v"`
	page.Gathering
}

// Together is one message in Slack that pages a person about several incidents.
// It may stand several times, since it rings by being posted.
type Together struct {
	V        int       `json:"v"`
	Until    time.Time `json:"until"`              // what joins from then on rings at once
	Pages    []Joined  `json:"pages,omitempty"`    // what it is about, in the order of the incidents
	Messages []Message `json:"messages,omitempty"` // where it stands; empty: it has not left yet
	Rung     []int     `json:"rung,omitempty"`     // the incidents that it has rung for
}

// Joined is one incident of a message about several.
type Joined struct {
	Incident int  `json:"incident"`
	Resort   bool `json:"resort,omitempty"` // the person is its last resort
}

func gatherKey(a incident.Actor) string {
	_, id := a.Split()
	return "gather/" + id
}

func togetherKey(a incident.Actor, n int) string {
	_, id := a.Split()
	return "together/" + id + "/" + number(n)
}

// gather decides in which message a page in Slack stands. A page by hand has
// words of its own, and a test must not hold up what is meant: both stand alone.
func (w *work) gather(j *Job) error {
	if j.Kind != JobPage || j.Via != "slack" || j.Text != "" || w.inc.Test {
		return nil
	}
	r, err := storage.Load[gatherRecord](w.tx, gatherKey(j.Person))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	next, place := r.Add(w.inc.Number, w.inc.Severity, w.now)
	rings := next.Rings && !r.Rings
	if err := storage.Save(w.tx, gatherKey(j.Person), gatherRecord{V: 1, Gathering: next}); err != nil || place == page.Alone {
		return err
	}
	j.Together = next.Number
	if place == page.Together {
		if err := storage.Save(w.tx, togetherKey(j.Person, next.Number), Together{V: 1, Until: next.Until}); err != nil {
			return err
		}
	}
	if rings {
		return w.job(Job{Kind: JobBell, Person: j.Person, Via: j.Via, Together: next.Number, NotBefore: next.Until})
	}
	return nil
}

// Together returns the message that page n of those to person about several
// incidents is.
func (d *Desk) Together(ctx context.Context, person incident.Actor, n int) (Together, error) {
	var t Together
	err := d.db.View(ctx, func(tx *storage.Tx) (err error) {
		t, err = storage.Load[Together](tx, togetherKey(person, n))
		return err
	})
	return t, err
}

// Stands records that message n of those to person about several incidents
// shows t and stands at the given places, also where it is not known to stand
// yet. With rung it has rung for all that t is about.
func (d *Desk) Stands(ctx context.Context, person incident.Actor, n int, t Together, rung bool, at ...Message) error {
	_, err := d.act(ctx, Caller{Actor: incident.Bot}, 0, func(w *work) error {
		t := t
		t.Messages = slices.Clone(t.Messages)
		for _, m := range at {
			if !slices.Contains(t.Messages, m) {
				t.Messages = append(t.Messages, m)
			}
		}
		if rung {
			t.Rung = t.Numbers()
		}
		return storage.Save(w.tx, togetherKey(person, n), t)
	})
	return err
}

// With returns the message as it is with pages that are about to join it.
func (t Together) With(pages []Paged) Together {
	t.Pages = slices.Clone(t.Pages)
	for _, p := range pages {
		if !slices.Contains(t.Numbers(), p.Job.Incident) {
			t.Pages = append(t.Pages, Joined{Incident: p.Job.Incident, Resort: p.Job.Resort})
		}
	}
	slices.SortFunc(t.Pages, func(a, b Joined) int { return cmp.Compare(a.Incident, b.Incident) })
	return t
}

// Numbers returns the numbers of the incidents that the message is about.
func (t Together) Numbers() []int {
	var list []int
	for _, p := range t.Pages {
		list = append(list, p.Incident)
	}
	return list
}

// DoneTogether records what became of one message for every page in it but the
// leading one, whose outcome it returns. What cannot be recorded leaves again;
// trouble is told of it.
func (d *Desk) DoneTogether(ctx context.Context, leading Job, pages []Paged, o Outcome, trouble func(Job, error)) Outcome {
	// It has left: that is recorded even while stopping.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	slots := make(chan struct{}, 32) // commits made together are one
	for _, p := range pages {
		if p.Job.Key() == leading.Key() {
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			own := o
			own.Seen, own.Doubled = p.Brief.Incident.Events, false // who leads looks for the earlier one
			if err := d.Done(ctx, p.Job, own); err != nil {
				trouble(p.Job, err)
			}
		})
	}
	all.Wait()
	return o
}
