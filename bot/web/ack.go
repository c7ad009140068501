package web

import (
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// Phone is what the server needs to know of the telephone provider.
type Phone struct {
	// Pressed reads a report of a key pressed in a call about a token; the error
	// means that the report is not the provider's.
	Pressed func(token string, r *http.Request) (digit string, err error)
	// Speak returns what makes the provider read a text out, and its content type.
	Speak func(text string) (body []byte, contentType string)
}

// ackPage is the one page that an acknowledgement needs: no script, nothing
// fetched from anywhere.
var ackPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("ack").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style nonce="{{.Nonce}}">
body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 34rem; padding: 0 1rem; color: #1b1b1b; background: #fff; }
button { font: inherit; font-weight: 600; padding: .8rem 1.6rem; border: 0; border-radius: .4rem; background: #1a7f4b; color: #fff; width: 100%; }
li { margin: .4rem 0; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #16181c; } }
</style></head><body>
<h1>{{.Title}}</h1>
{{with .Lines}}<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{if .Button}}<form method="post"><button type="submit">{{.Button}}</button></form>{{end}}
{{with .Next}}<p>{{.}}</p>{{end}}
</body></html>
`))
})

// ackSheet is what the page shows.
type ackSheet struct {
	Nonce  string
	Title  string
	Lines  []string
	Button string
	Next   string
}

// showAck answers with the page. A form may be sent to where it came from only.
func showAck(w http.ResponseWriter, status int, sheet ackSheet) {
	sheet.Nonce = rand.Text()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+sheet.Nonce+"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	_ = ackPage().Execute(w, sheet) // whoever has gone does not miss it
}

// offer shows what a link is good for, with the button that uses it. It never
// acknowledges: programs that look at mail open every link.
func (s *Server) offer(w http.ResponseWriter, r *http.Request) {
	d, err := s.leading()
	var o desk.Offer
	if err == nil {
		o, err = d.Offered(r.Context(), r.PathValue("token"))
	}
	if err != nil {
		s.noAck(w, r, err)
		return
	}
	sheet := ackSheet{Title: "Acknowledge?", Button: "Acknowledge"}
	left := 0
	for _, i := range o.Incidents {
		line := i.Name() + " · " + i.Severity.String() + " · " + i.Title
		switch {
		case !i.Status.Active():
			line += " (" + string(i.Status) + ")"
		case i.Acked():
			line += " (" + d.People.Current().DisplayName(i.AcknowledgedBy) + " is on it)"
		default:
			left++
		}
		sheet.Lines = append(sheet.Lines, line)
	}
	sheet.Next = "You acknowledge as " + d.People.Current().DisplayName(o.Person) + ": you are on it, and nobody else is paged."
	if len(o.Incidents) > 1 {
		sheet.Button = "Acknowledge these"
	}
	if left == 0 {
		sheet.Title, sheet.Button, sheet.Next = "Nothing is left to acknowledge", "", ""
	}
	showAck(w, http.StatusOK, sheet)
}

// acknowledged uses a link: a person's press of the button on the page, or a
// phone's notification that posts by itself and wants JSON.
func (s *Server) acknowledged() http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		showAck(w, http.StatusForbidden, ackSheet{Title: "Not from here", Next: "A page of another site may not acknowledge. Open the link of the message itself."})
	}))
	return guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		taken, err := s.redeem(r)
		if err != nil {
			s.noAck(w, r, err)
			return
		}
		lines, mine := s.takenWords(taken)
		if !wantsPage(r) {
			writeJSON(w, http.StatusOK, acknowledged{Acknowledged: mine, Words: lines})
			return
		}
		sheet := ackSheet{Title: "You are on it", Lines: lines, Next: "Nobody else is paged. You may close this page."}
		if len(mine) == 0 {
			sheet.Title, sheet.Next = "Somebody was first", "You may close this page."
		}
		showAck(w, http.StatusOK, sheet)
	}))
}

func (s *Server) redeem(r *http.Request) ([]desk.Taken, error) {
	d, err := s.leading()
	if err != nil {
		return nil, err
	}
	taken, err := d.Redeem(r.Context(), r.PathValue("token"))
	outcome := "done"
	if err != nil {
		outcome = "refused"
	}
	s.metrics.Act("link", string(desk.Acknowledge), outcome)
	return taken, err
}

// acknowledged is what a link did.
type acknowledged struct {
	Acknowledged []string `json:"acknowledged"` // the incidents that the person is on now
	Words        []string `json:"words"`        // what became of each, one a line
}

// takenWords says what became of each incident, and names those that the person
// is on now.
func (s *Server) takenWords(taken []desk.Taken) (lines, mine []string) {
	lines, mine = []string{}, []string{}
	for _, t := range taken {
		if t.Refused == nil {
			mine = append(mine, t.Incident.Name())
			lines = append(lines, t.Incident.Name()+" · "+t.Incident.Severity.String()+" · "+t.Incident.Title)
			continue
		}
		why, next := s.words(t.Refused)
		lines = append(lines, strings.TrimSpace(why+" "+next))
	}
	return lines, mine
}

// wantsPage reports whether the answer is for a person in a browser.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// noAck says why a link is no good: each reason has its own words.
func (s *Server) noAck(w http.ResponseWriter, r *http.Request, err error) {
	p := &problem{}
	switch {
	case errors.Is(err, desk.ErrGrantUsed):
		p.Status, p.Why, p.Next = http.StatusConflict, "This link was used.", "Each one acknowledges once. How the incident stands is shown in Slack."
	case errors.Is(err, desk.ErrGrantExpired):
		p.Status, p.Why, p.Next = http.StatusGone, "This link has expired.", "Acknowledge in Slack, or from a newer message."
	case errors.Is(err, desk.ErrGrantForged):
		p.Status, p.Why, p.Next = http.StatusNotFound, "This link is not one of ours.", "Open it from the message itself; it may have been cut short."
	default:
		p = s.explain(r, err)
	}
	if !wantsPage(r) {
		writeProblem(w, p, p)
		return
	}
	showAck(w, p.Status, ackSheet{Title: p.Why, Next: p.Next})
}

// pressed takes the report of a key pressed in a call. What it answers is read
// out to the person who still holds the phone.
func (s *Server) pressed(w http.ResponseWriter, r *http.Request) {
	d, err := s.leading()
	if err == nil && d.Phone.Pressed == nil {
		err = &problem{Status: http.StatusNotFound, Why: "There are no calls here."}
	}
	if err != nil {
		p := s.explain(r, err)
		writeProblem(w, p, p)
		return
	}
	digit, err := d.Phone.Pressed(r.PathValue("token"), r)
	if err != nil {
		p := &problem{Status: http.StatusForbidden, Why: "This is not a report of the telephone provider.",
			Next: "http.public_url must be exactly the address that the provider calls."}
		writeProblem(w, p, p)
		return
	}
	body, kind := d.Phone.Speak(s.spoken(r, digit))
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(body) // a line that was cut hears nothing
}

// spoken does what a key asks for and says what came of it.
func (s *Server) spoken(r *http.Request, digit string) string {
	if digit != "1" {
		return "Only the key one acknowledges."
	}
	taken, err := s.redeem(r)
	switch {
	case errors.Is(err, desk.ErrGrantUsed):
		return "It was acknowledged before." // the provider may report a key twice
	case errors.Is(err, desk.ErrGrantExpired), errors.Is(err, desk.ErrGrantForged):
		return "This call is too old. Acknowledge in Slack."
	case err != nil:
		s.explain(r, err)
		return "That did not work. Acknowledge in Slack, or wait for the next call."
	}
	mine := 0
	var why *incident.Refusal
	for _, t := range taken {
		if t.Refused == nil {
			mine++
		} else {
			why = t.Refused
		}
	}
	if mine == 0 {
		words, _ := s.words(why)
		return words
	}
	return "Thank you. You are on it."
}
