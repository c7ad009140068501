package web

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/stormbell/stormbell/bot/alerts"
	"github.com/stormbell/stormbell/incident/alert"
)

// opsgenieActs are the calls of Opsgenie's Alert API that are taken, with what its
// clients are told became of them.
var opsgenieActs = []struct {
	method, path, what string
	sender             alert.Sender
	action, done       string
}{
	{"POST", "/v2/alerts", "creates an alert", alert.SenderOpsgenie, "Create", "Created alert"},
	{"POST", "/v2/alerts/{id}/close", "ends it", alert.SenderOpsgenieClose, "Close", "Closed alert"},
	{"POST", "/v2/alerts/{id}/acknowledge", "acknowledges it", alert.SenderOpsgenieAck, "Acknowledge", "Acknowledged alert"},
	{"POST", "/v2/alerts/{id}/notes", "adds a note to it", alert.SenderOpsgenieNote, "AddNote", "Added note"},
	{"PUT", "/v2/alerts/{id}/message", "changes its title", alert.SenderOpsgenieTitle, "UpdateMessage", "Updated message"},
	{"PUT", "/v2/alerts/{id}/description", "changes its description", alert.SenderOpsgenieText, "UpdateDescription", "Updated description"},
}

func isOpsgenie(s alert.Sender) bool {
	for _, act := range opsgenieActs {
		if act.sender == s {
			return true
		}
	}
	return false
}

// opsgenieAnswer is an answer of Opsgenie's API.
// Source: Opsgenie, Alert API and its client opsgenie-go-sdk-v2.
type opsgenieAnswer struct {
	Result  string            `json:"result,omitempty"`
	Message string            `json:"message,omitempty"`
	Errors  map[string]string `json:"errors,omitempty"`
	Data    any               `json:"data,omitempty"`
	Took    float64           `json:"took"` // seconds
	Request string            `json:"requestId"`
}

func (got *receipt) opsgenie(a opsgenieAnswer) opsgenieAnswer {
	a.Took, a.Request = time.Since(got.began).Round(time.Microsecond).Seconds(), got.id
	return a
}

// opsgenie is the dialect of one call, whose outcome can be asked for afterwards.
func (s *Server) opsgenie(action, done string) dialect {
	return dialect{
		taken: func(w http.ResponseWriter, got *receipt) {
			s.processed.add(got, action, done)
			writeJSON(w, http.StatusAccepted, got.opsgenie(opsgenieAnswer{Result: "Request will be processed"}))
		},
		refused: opsgenieRefused,
	}
}

func opsgenieRefused(w http.ResponseWriter, got *receipt, p *problem) {
	a := opsgenieAnswer{Message: p.Error()}
	if len(p.Fields) > 0 {
		a.Message, a.Errors = "Request body is not processable. Please check the errors.", map[string]string{}
		for _, f := range p.Fields {
			a.Errors[f.Field] = f.Reason
		}
		if p.Status == http.StatusBadRequest && p.Fields[0].Field != "body" {
			p.Status = http.StatusUnprocessableEntity
		}
	}
	writeProblem(w, p, got.opsgenie(a))
}

// maxProcessed is how many requests can be asked for afterwards.
const maxProcessed = 2048

// processed remembers the latest requests of Opsgenie's clients, who ask what became
// of them.
type processed struct {
	mu    sync.Mutex
	byID  map[string]outcomeOf
	order [maxProcessed]string // a ring
	next  int
}

// outcomeOf is what a client is told of its request.
type outcomeOf struct {
	key string // of the integration, which alone may ask

	Success     bool   `json:"success"`
	IsSuccess   bool   `json:"isSuccess"`
	Action      string `json:"action"`
	Status      string `json:"status"`
	ProcessedAt string `json:"processedAt"`
	Integration string `json:"integrationId"`
	AlertID     string `json:"alertId"`
	Alias       string `json:"alias"`
}

func newProcessed() *processed { return &processed{byID: map[string]outcomeOf{}} }

func (p *processed) add(got *receipt, action, done string) {
	o := outcomeOf{key: got.key.Name, Success: true, IsSuccess: true, Action: action, Status: done,
		ProcessedAt: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), Integration: got.key.Name, Alias: got.dedupKey()}
	o.AlertID = o.Alias
	if len(got.taken) == 1 && got.taken[0].Result == alert.Suppressed && got.taken[0].Incident == 0 && action != "Create" {
		o.Success, o.IsSuccess, o.Status = false, false, "Alert does not exist"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byID, p.order[p.next])
	p.byID[got.id], p.order[p.next] = o, got.id
	p.next = (p.next + 1) % len(p.order)
}

func (p *processed) get(k alerts.Key, id string) (outcomeOf, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o, ok := p.byID[id]
	return o, ok && o.key == k.Name
}

// opsgenieRequest answers what became of a request. It was done before it was
// answered, so what is not remembered is too old or never was.
func (s *Server) opsgenieRequest(w http.ResponseWriter, r *http.Request) {
	got := &receipt{id: requestID(), began: time.Now(), r: r}
	k, err := s.admit(r, presented(r), opsgenieAddress)
	if err != nil {
		opsgenieRefused(w, got, s.explain(r, err))
		return
	}
	o, ok := s.processed.get(k.Key, r.PathValue("id"))
	if !ok {
		opsgenieRefused(w, got, &problem{Status: http.StatusNotFound, Why: "Request not found. It might not be processed, yet.",
			Next: "The latest " + strconv.Itoa(maxProcessed) + " since the start of the bot are remembered."})
		return
	}
	got.id = r.PathValue("id")
	writeJSON(w, http.StatusOK, got.opsgenie(opsgenieAnswer{Data: o}))
}

// opsgenieAddress is that of calls without an alert.
var opsgenieAddress = &address{sender: alert.SenderOpsgenie, over: http.StatusTooManyRequests, dialect: dialect{refused: opsgenieRefused}}
