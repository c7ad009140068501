// Package slacksim is a strict simulated Slack workspace behind one
// http.Handler: the Web API under /api/, Socket Mode under /link, uploads,
// files and response URLs, Sign in with Slack under /openid/, and a control API
// under /control/ for whoever plays the people and breaks things on purpose.
//
// Its two nouns are the Workspace, which holds everything, and the Actor, which
// is one person doing something in it. The rules are Slack's own, written down
// as far as they are known, and refused with Slack's own error codes; where
// Slack is generous in a way that would hide a bot's mistake, the simulator is
// not. It imports nothing of the bot, reads no clock but time.Now plus the
// offset that Advance moves, opens no socket of its own, and ends every
// goroutine it started on Close, so that it runs inside a testing/synctest
// bubble on a Listener.
//
// It refuses to be lenient (an undeclared event is not delivered, an unheld
// scope is an error) and to be a second Slack: what the bot does not use is
// unknown_method.
package slacksim

import (
	crand "crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Plan is the workspace's price plan; Free has no user groups and no
// standalone canvases.
type Plan int

// The plans. Paid is the zero value.
const (
	Paid Plan = iota
	Free
)

// String names the plan.
func (p Plan) String() string {
	if p == Free {
		return "free"
	}
	return "paid"
}

// Options says what workspace to make. The zero value is a paid workspace
// named Acme with nobody in it but the bot and Slackbot, one channel, and an
// app that may do everything.
type Options struct {
	Team     string   // workspace name; "Acme" when empty
	People   []Person // who works here
	Channels []string // public channels at the start, everyone in them; "general" always exists
	Manifest []byte   // the app's manifest, YAML or JSON; nil is a permissive one with every scope and event, /incident and /oncall
	// DeclinedScopes are bot_optional scopes that the installing person did not grant.
	DeclinedScopes []string

	Plan             Plan
	RateLimits       bool    // answer 429 when a method's tier is exceeded
	RateBurst        float64 // burst per method as a multiple of the tier's minute; 1 when zero
	AdminsOnlyGroups bool    // only admins edit user groups: a bot token may not
	NoUnarchive      bool    // a bot may not unarchive: it left when the channel was archived
	// Restricted are methods that the workspace's settings keep to its admins:
	// they answer restricted_action.
	Restricted []string
	EditWindow time.Duration // how long messages may be edited; 0 is for ever

	AppToken string // generated when empty
	BotToken string // generated when empty

	PingInterval   time.Duration // WebSocket pings; 5 s when zero
	ConnectionLife time.Duration // 1 h when zero; a warning comes 10 s ahead
	MaxContent     int           // characters of block content per message; 13,200 when zero
	// AckOnlyWhereDelivered ignores an acknowledgement that comes over another
	// connection than the envelope went to. What Slack does is not known.
	AckOnlyWhereDelivered bool
	DelayedEvents         bool // 24 hourly retries after the three usual ones

	Hosts     []string // host names, besides loopback ones, under which /control/ answers
	Seed      uint64   // of every random choice; 0 draws one
	KeepCalls int      // how many calls and frames are kept for Calls; 10,000 when zero
}

const (
	defaultPing    = 5 * time.Second
	defaultLife    = time.Hour
	warningAhead   = 10 * time.Second
	ackWait        = 3 * time.Second
	triggerLife    = 3 * time.Second
	responseLife   = 30 * time.Minute
	responseUses   = 5
	maxConnections = 10
	maxAckBytes    = 20 * 1024
	defaultContent = 13200
	defaultKept    = 10000
	ticketLife     = time.Minute
	// slackbot is listed by users.list as if it were a person: is_bot is false.
	slackbot = "USLACKBOT"
)

// Workspace is one simulated Slack workspace with one app installed. Make it
// with New; all its methods may be called at once from any goroutine.
type Workspace struct {
	opts      Options
	manifest  *Manifest
	methods   map[string]*method
	granted   []string        // the bot token's scopes, in the manifest's order
	scopes    map[string]bool // the same as a set
	events    map[string]bool // subscribed bot events
	domains   []string        // whose links the app may unfurl
	redirects []string        // where a sign-in may return to

	teamID, domain, appID, botUser, botID string
	verification                          string // the deprecated "token" of every payload
	clientID, clientSecret                string
	signingKey                            func() *rsa.PrivateKey // of ID tokens

	// mu guards everything below. It is never held across I/O, a timer or a
	// channel operation that can block: inside a synctest bubble a goroutine
	// waiting for a mutex stops the clock.
	mu       sync.Mutex
	rnd      *rand.Rand
	lastID   int
	lastTS   int64 // microseconds of the newest ts handed out
	offset   time.Duration
	closed   bool
	users    map[string]*user
	people   []string // user IDs in order of arrival
	channels map[string]*channel
	rooms    []string // channel IDs in order of creation
	whispers map[string][]*Ephemeral
	views    map[string]*View
	stacks   map[string][]string // open modals per user, root first
	homes    map[string]*View
	entered  map[string]values // input in messages, by user, channel and ts
	files    map[string]*file
	uploads  map[string]*file // by upload token
	groups   []*UserGroup
	canvases map[string]*Canvas
	planned  map[string]*scheduled

	triggers  shelf[*trigger]
	responses shelf[*responseURL]
	tickets   shelf[*ticket]
	codes     shelf[*signIn]
	signIns   map[string]*signIn // by access token
	envelopes shelf[*envelope]
	conns     []*conn
	connSeq   int

	faults   []*Fault
	loseAcks int
	gone     bool // the app was uninstalled
	down     bool
	buckets  map[string]*bucket
	calls    []Call
	callSeq  int

	watchers map[chan struct{}]bool
	agenda   *agenda
	done     chan struct{}
	wg       sync.WaitGroup
}

// New makes a workspace and starts its one clock goroutine; Close ends it. It
// fails when the manifest is refused, two people share a name, or a channel
// name breaks Slack's rules.
func New(o Options) (*Workspace, error) {
	o = o.withDefaults()
	doc := o.Manifest
	if doc == nil {
		doc = []byte(permissiveManifest)
	}
	m, problems := ValidateManifest(doc)
	if len(problems) > 0 {
		return nil, fmt.Errorf("manifest: invalid_manifest: %s", joinProblems(problems))
	}
	w := &Workspace{
		opts: o, manifest: m, domains: declared(doc, "features", "unfurl_domains"),
		redirects: declared(doc, "oauth_config", "redirect_urls"), signIns: map[string]*signIn{},
		signingKey: sync.OnceValue(newSigningKey),
		scopes:     map[string]bool{}, events: map[string]bool{},
		users: map[string]*user{}, channels: map[string]*channel{},
		whispers: map[string][]*Ephemeral{}, views: map[string]*View{},
		stacks: map[string][]string{}, homes: map[string]*View{}, entered: map[string]values{},
		files: map[string]*file{}, uploads: map[string]*file{}, canvases: map[string]*Canvas{},
		planned: map[string]*scheduled{}, buckets: map[string]*bucket{},
		watchers: map[chan struct{}]bool{}, done: make(chan struct{}),
		rnd:     rand.New(rand.NewPCG(o.Seed, o.Seed^0x9e3779b97f4a7c15)),
		methods: methodTable(),
	}
	w.grant()
	if err := w.populate(); err != nil {
		return nil, err
	}
	w.agenda = newAgenda(w)
	w.wg.Go(w.agenda.run)
	return w, nil
}

func (o Options) withDefaults() Options {
	if o.Team == "" {
		o.Team = "Acme"
	}
	if o.PingInterval <= 0 {
		o.PingInterval = defaultPing
	}
	if o.ConnectionLife <= 0 {
		o.ConnectionLife = defaultLife
	}
	if o.MaxContent <= 0 {
		o.MaxContent = defaultContent
	}
	if o.KeepCalls <= 0 {
		o.KeepCalls = defaultKept
	}
	if o.RateBurst <= 0 {
		o.RateBurst = 1
	}
	if o.Seed == 0 {
		var b [8]byte
		crand.Read(b[:]) // never fails: it ends the process instead
		o.Seed = binary.LittleEndian.Uint64(b[:])
	}
	return o
}

// grant turns the manifest's wishes into what the tokens may do.
func (w *Workspace) grant() {
	declined := map[string]bool{}
	for _, s := range w.opts.DeclinedScopes {
		declined[s] = true
	}
	for _, s := range append(append([]string{}, w.manifest.BotScopes...), w.manifest.BotOptional...) {
		if declined[s] || w.scopes[s] {
			continue
		}
		w.scopes[s] = true
		w.granted = append(w.granted, s)
	}
	for _, e := range w.manifest.Events {
		w.events[e] = true
	}
}

// populate makes the team, the app, the people and the first channels.
func (w *Workspace) populate() error {
	w.domain = slug(w.opts.Team)
	w.teamID, w.appID = w.id("T"), w.id("A")
	w.verification = w.secret(24)
	w.clientID, w.clientSecret = w.digits(12)+"."+w.digits(13), w.secret(32)
	if w.opts.AppToken == "" {
		w.opts.AppToken = "xapp-1-" + w.appID + "-" + w.digits(13) + "-" + w.secret(64)
	}
	if w.opts.BotToken == "" {
		w.opts.BotToken = "xoxb-" + w.digits(12) + "-" + w.digits(13) + "-" + w.secret(24)
	}
	w.botID = w.id("B")
	name := w.manifest.DisplayName
	if name == "" {
		name = w.manifest.Name
	}
	bot, err := w.addUser(Person{Name: slug(name), RealName: name, IsBot: true})
	if err != nil {
		return err
	}
	w.botUser = bot.ID
	w.users[slackbot] = &user{User: User{ID: slackbot, Name: "slackbot", RealName: "Slackbot", TimeZone: "UTC"},
		zone: time.UTC, updated: w.now()}
	for _, p := range w.opts.People {
		if _, err := w.addUser(p); err != nil {
			return err
		}
	}
	return w.firstChannels()
}

func (w *Workspace) firstChannels() error {
	creator := w.botUser
	if len(w.people) > 1 {
		creator = w.people[1]
	}
	names := []string{"general"}
	for _, n := range w.opts.Channels {
		if n = strings.TrimPrefix(n, "#"); n != "general" {
			names = append(names, n)
		}
	}
	for _, n := range names {
		if code := nameProblem(n); code != "" {
			return fmt.Errorf("channel %q: %s", n, code)
		}
		if w.channelNamed(n) != nil {
			return fmt.Errorf("channel %q: name_taken", n)
		}
		c := w.addChannel(n, creator, visibility{})
		c.IsGeneral = n == "general"
		for _, id := range w.people {
			if u := w.users[id]; !u.Deleted && (!u.IsBot || c.IsGeneral) {
				c.Members = append(c.Members, id)
			}
		}
	}
	return nil
}

// Close cuts every connection, stops every goroutine that the workspace
// started and waits for them. Later calls do nothing.
func (w *Workspace) Close() {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		w.wg.Wait()
		return
	}
	w.closed = true
	close(w.done)
	conns := append([]*conn{}, w.conns...)
	for ch := range w.watchers {
		delete(w.watchers, ch)
		close(ch)
	}
	w.mu.Unlock()
	for _, c := range conns {
		c.cut()
	}
	w.wg.Wait()
}

// AppToken is the app-level token (xapp-…), good for apps.connections.open only.
func (w *Workspace) AppToken() string { return w.opts.AppToken }

// BotToken is the bot token (xoxb-…), good for everything else.
func (w *Workspace) BotToken() string { return w.opts.BotToken }

// BotUserID is the bot's user (U…).
func (w *Workspace) BotUserID() string { return w.botUser }

// BotID is the bot (B…) that the bot's messages carry.
func (w *Workspace) BotID() string { return w.botID }

// AppID is the installed app (A…).
func (w *Workspace) AppID() string { return w.appID }

// TeamID is the workspace (T…).
func (w *Workspace) TeamID() string { return w.teamID }

// Commands are the app's slash commands as its manifest declares them.
func (w *Workspace) Commands() []ManifestCommand { return w.manifest.Commands }

// Shortcuts are the app's shortcuts as its manifest declares them.
func (w *Workspace) Shortcuts() []ManifestShortcut { return w.manifest.Shortcuts }

// Now is the workspace's own time: time.Now plus everything Advance added.
func (w *Workspace) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now()
}

// Advance moves the workspace's clock forward by d; what falls due on the way
// (retries of events, scheduled messages, the end of a connection) happens at
// once. The three seconds that an app has to answer are real time and do not
// shrink. A negative d is ignored: Slack's clock does not run backwards.
func (w *Workspace) Advance(d time.Duration) {
	if d <= 0 {
		return
	}
	w.mu.Lock()
	w.offset += d
	w.agenda.shift(d)
	w.changed()
	w.mu.Unlock()
}

func (w *Workspace) now() time.Time { return time.Now().Add(w.offset) }

// declared is a list of texts in a manifest that was found valid.
func declared(doc []byte, section, key string) []string {
	v, err := decodeManifest(doc)
	o, ok := v.(object)
	if err != nil || !ok {
		return nil
	}
	return words(child(o, section)[key])
}

func joinProblems(ps []Problem) string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "; ")
}
