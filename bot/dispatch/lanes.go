package dispatch

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
)

// gate is a class of jobs with slots of its own, which nothing else can take.
type gate struct {
	ready laneHeap // lanes that could go, the most urgent first
	busy  int      // jobs under way
	slots int      // how many may be

	// Of the gate of channels, see channels.go.
	inTurn bool
	queues bool      // it was closed since it was empty: one goes after another
	until  time.Time // it is closed till then
	why    string    // it is closed, in words for people
	fails  int       // tries in a row that Slack did not answer
	made   int       // channels
}

// The classes of jobs besides the contact methods, each of which is one by its
// name: a provider that hangs must hold up neither Slack nor another method.
const (
	slackPages = "pages"
	digests    = "digests" // what writes messages about several incidents
	channels   = "channels"
	theRest    = "rest"
)

// class says through which gate a job goes.
func class(j ledger.Job) string {
	switch {
	case j.ByMethod() && j.Asks():
		return j.Via
	case j.ByMethod():
		return j.Via + " aside" // what hangs here, however much it is, takes no slot from what asks somebody
	case j.ToTracker():
		return "tracker " + j.Via
	case j.Digest > 0:
		return digests
	case j.Priority() == 0:
		return slackPages
	case j.Kind == ledger.Channel:
		return channels
	default:
		return theRest
	}
}

// gate returns the gate of a job.
func (o *Outbox) gate(j ledger.Job) *gate {
	name := class(j)
	g := o.gates[name]
	if g == nil {
		g = &gate{ready: laneHeap{less: o.moreUrgent}, slots: 16}
		switch {
		case name == slackPages:
			g.slots = 32
		case name == channels:
			g.slots, g.inTurn = 24, true
		case name == theRest:
			g.slots = 24
		case j.ToTracker():
			g.slots = 1 // GitHub asks for one request after another
		}
		o.gates[name] = g
	}
	return g
}

type laneState int

const (
	idle laneState = iota
	isReady
	isLater
	isParked // until the incident's channel stands
	isBusy
)

// lane is the jobs that must keep their order.
type lane struct {
	key      string
	incident int // 0: it concerns several, or none
	waiting  []ledger.Job
	state    laneState
	hold     time.Time // not before, since the last try failed or the lane rests
	at       time.Time // not before, also for the sake of the first job; set by place
	yields   bool      // it waits only to let a page go first
	tries    int
	index    int // in its heap

	answered int       // of the last try that Slack did not answer: what it had answered until then
	told     time.Time // when it was last recorded why it waits

	rests time.Time     // not before that, since it has shown the newest state just now
	under []ledger.Job  // those of waiting, from the first, that are under way
	slot  *gate         // which under has a slot of
	did   *desk.Outcome // what came of under, done but not recorded yet
}

// insert puts a job in its place. Acts that share a commit can hand their jobs on
// in another order than they were decided in.
func (l *lane) insert(j ledger.Job) {
	if n := len(l.waiting); n > len(l.under) && j.Kind.Row().Marked {
		// All marks of one kind are one record, and one of them stands for all.
		last := &l.waiting[n-1]
		last.Number, last.Doubtful = max(last.Number, j.Number), last.Doubtful || j.Doubtful
		return
	}
	at := len(l.waiting)
	for at > len(l.under) && later(l.waiting[at-1], j) {
		at--
	}
	l.waiting = slices.Insert(l.waiting, at, j)
}

// stepBack puts the first job behind those that could leave now as well: what cannot
// be read of one incident must not hold up what the same person is to get of others.
func (l *lane) stepBack(now time.Time) {
	for i := 1; i < len(l.waiting) && !leaves(l.waiting[i]).After(now); i++ {
		l.waiting[i-1], l.waiting[i] = l.waiting[i], l.waiting[i-1]
	}
}

// later reports whether a has its turn after b. Within an incident the number says
// so; across incidents what may leave first goes first, so that what waits for a
// digest holds up nothing that does not.
func later(a, b ledger.Job) bool {
	if x, y := a.Kind.Row().First, b.Kind.Row().First; x != y {
		return y
	}
	if a.Incident == b.Incident && !a.ByMethod() {
		return a.Number > b.Number
	}
	if x, y := leaves(a), leaves(b); !x.Equal(y) {
		return x.After(y)
	}
	return a.Incident == b.Incident && a.Number > b.Number
}

// leaves is the first instant at which a job may be carried out.
func leaves(j ledger.Job) time.Time {
	if j.NotBefore.After(j.Created) {
		return j.NotBefore
	}
	return j.Created
}

// mostAtOnce is how many waiting jobs one of them stands for: what one
// transaction can take off the outbox, with room for what follows.
const mostAtOnce = 50

// next returns the jobs that one try carries out: the first, or for a job that
// shows the newest state all that wait, of which the last one is done.
func (l *lane) next() []ledger.Job {
	n := 1
	first := l.waiting[0]
	for first.Replaces() && n < min(len(l.waiting), mostAtOnce) && replaces(l.waiting[n], first) {
		n++
	}
	jobs := append([]ledger.Job(nil), l.waiting[:n]...)
	for i := 1; i < n; i++ { // whoever does one does those before it
		jobs[i].Doubtful = jobs[i].Doubtful || jobs[i-1].Doubtful
		if first.Kind.Row().Marked { // one that was handed on late has a lower number, and all of them are one record
			jobs[i].Number = max(jobs[i].Number, jobs[i-1].Number)
		}
	}
	return jobs
}

// replaces reports whether job j shows what an earlier one would have shown.
func replaces(j, earlier ledger.Job) bool {
	return j.Replaces() && j.Kind == earlier.Kind && (j.Incident == earlier.Incident || j.Digest > 0)
}

// backoff is how long to wait after that many tries: half a second, twice as
// long each time, up to a minute; a page never waits longer than five seconds.
func backoff(tries, priority int) time.Duration {
	most := time.Minute
	if priority == 0 {
		most = 5 * time.Second
	}
	d := min(500*time.Millisecond<<min(tries, 10), most)
	return d - d/5 + rand.N(2*d/5)
}

// laneHeap is a heap of lanes.
type laneHeap struct {
	lanes []*lane
	less  func(a, b *lane) bool
}

func earlier(a, b *lane) bool { return a.at.Before(b.at) }

// Len is for container/heap, like the other methods.
func (h *laneHeap) Len() int { return len(h.lanes) }

// Less reports whether one lane goes before another.
func (h *laneHeap) Less(i, j int) bool { return h.less(h.lanes[i], h.lanes[j]) }

// Swap changes the places of two lanes, which know theirs.
func (h *laneHeap) Swap(i, j int) {
	h.lanes[i], h.lanes[j] = h.lanes[j], h.lanes[i]
	h.lanes[i].index, h.lanes[j].index = i, j
}

// Push appends a lane.
func (h *laneHeap) Push(x any) {
	l := x.(*lane)
	l.index = len(h.lanes)
	h.lanes = append(h.lanes, l)
}

// Pop removes the last lane.
func (h *laneHeap) Pop() any {
	l := h.lanes[len(h.lanes)-1]
	h.lanes = h.lanes[:len(h.lanes)-1]
	return l
}
