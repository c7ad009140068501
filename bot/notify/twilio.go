package notify

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/stormbell/stormbell/pattern"
)

// Twilio is an account with Twilio, of which SMS and Voice make use.
type Twilio struct {
	API       string // https://api.twilio.com
	SID       string // the account, AC…
	AuthToken Secret
	From      string            // the number that sends and calls
	Transport http.RoundTripper // nil: the default
}

const (
	sms   = "sms"
	voice = "voice"
)

// smsText is how long a text message may be, in UTF-16 units, as Twilio
// counts: three messages' worth in plain Latin, seven with other characters.
// Twilio refuses more than 1,600.
const smsText = 459

// SMS sends text messages. A person's address is a number that CheckPhone
// accepts. People can answer; nothing is known about an opened message.
type SMS struct{ Twilio }

// twilioResource is what Twilio says about a message or a call.
type twilioResource struct {
	SID         string `json:"sid"`
	Status      string `json:"status"`
	ErrorCode   int    `json:"error_code"` // of a message that failed
	Direction   string `json:"direction"`
	From        string `json:"from"`
	Body        string `json:"body"`
	DateCreated string `json:"date_created"` // RFC 2822
}

// Send sends one text message. Twilio has no key for repetitions: a message
// sent again after an unclear failure arrives twice.
func (s *SMS) Send(ctx context.Context, m Message) (Receipt, error) {
	return s.create(ctx, sms, "Messages.json", m.To, url.Values{"Body": {smsBody(m)}})
}

// smsBody returns the text with what is needed to act on it, which is never
// cut off.
func smsBody(m Message) string {
	reply := ""
	if m.AckCode != "" {
		reply = "Reply " + m.AckCode + " to acknowledge."
	}
	link := m.AckURL
	if link == "" {
		link = m.URL
	}
	tail := lines(link, reply)
	room := max(smsText-utf16Len(tail)-1, 60)
	return lines(shorten(lines(oneLine(m.Subject), m.Text), room, utf16Len), tail)
}

// Poll returns how far the message has come. Sent means handed to the
// telephone network, which is not delivered.
func (s *SMS) Poll(ctx context.Context, id string) (Receipt, error) {
	got, err := s.fetch(ctx, sms, "Messages", id)
	if err != nil {
		return Receipt{}, err
	}
	switch got.Status {
	case "accepted", "scheduled", "queued", "sending", "sent":
		return Receipt{id, Accepted}, nil
	case "delivered":
		return Receipt{id, Delivered}, nil
	case "read":
		return Receipt{id, Seen}, nil
	case "undelivered", "failed", "canceled":
		return Receipt{}, refused(sms, "not delivered"+codeWords(got.ErrorCode))
	}
	return Receipt{}, unavailable(sms, "Twilio names a status of the message that it should not have")
}

// Replies reads the text messages sent to From, the newest hundred at most.
func (s *SMS) Replies(ctx context.Context, since time.Time) ([]Reply, error) {
	// The filter knows whole days only.
	query := url.Values{"To": {s.From}, "DateSent>": {since.UTC().Format(time.DateOnly)}, "PageSize": {"100"}}
	address, err := s.address(sms, "Messages.json")
	if err != nil {
		return nil, err
	}
	a, err := s.call(ctx, sms, address+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	var page struct {
		Messages *[]twilioResource `json:"messages"`
	}
	if !a.ok() {
		return nil, twilioError(sms, a)
	}
	if !a.decode(&page) || page.Messages == nil {
		return nil, unavailable(sms, "the server answers, but not as Twilio does")
	}
	var out []Reply
	for _, m := range *page.Messages {
		at, err := time.Parse(time.RFC1123Z, m.DateCreated)
		if err != nil || m.Direction != "inbound" || at.Before(since.Truncate(time.Second)) {
			continue
		}
		out = append([]Reply{{ID: m.SID, From: m.From, Text: strings.TrimSpace(m.Body), At: at}}, out...) // the newest come first
	}
	return out, nil
}

// Check returns nil when the account is there and active. It sends nothing.
func (t *Twilio) Check(ctx context.Context) error {
	address, err := under(sms, t.API, "2010-04-01", "Accounts", t.SID+".json")
	if err != nil {
		return err
	}
	a, err := t.call(ctx, sms, address, nil)
	if err != nil {
		return err
	}
	if !a.ok() {
		return twilioError(sms, a)
	}
	var got twilioResource
	if !a.decode(&got) || got.SID != t.SID {
		return unavailable(sms, "the server answers, but not as Twilio does")
	}
	if got.Status != "active" {
		return misconfigured(sms, "the Twilio account is not active; see Twilio's console")
	}
	return nil
}

// create makes a message or a call.
func (t *Twilio) create(ctx context.Context, way, what, to string, form url.Values) (Receipt, error) {
	if err := CheckPhone(to); err != nil {
		return Receipt{}, refused(way, "the person's number cannot be used: "+err.Error())
	}
	address, err := t.address(way, what)
	if err != nil {
		return Receipt{}, err
	}
	form.Set("To", to)
	form.Set("From", t.From)
	a, err := t.call(ctx, way, address, form)
	if err != nil {
		return Receipt{}, err
	}
	if !a.ok() {
		return Receipt{}, twilioError(way, a)
	}
	var got twilioResource
	if !a.decode(&got) || !twilioSID.MatchString(got.SID) {
		return Receipt{}, unavailable(way, "the server reports success, but not as Twilio does")
	}
	if got.Status == "failed" || got.Status == "undelivered" || got.Status == "canceled" {
		return Receipt{}, refused(way, "Twilio has taken it on as failed"+codeWords(got.ErrorCode))
	}
	return Receipt{ID: got.SID, Level: Accepted}, nil
}

// fetch asks what has become of a message or a call.
func (t *Twilio) fetch(ctx context.Context, way, what, id string) (twilioResource, error) {
	if !twilioSID.MatchString(id) {
		return twilioResource{}, refused(way, "there is no such message")
	}
	address, err := t.address(way, what, id+".json")
	if err != nil {
		return twilioResource{}, err
	}
	a, err := t.call(ctx, way, address, nil)
	switch {
	case err != nil:
		return twilioResource{}, err
	case a.status == http.StatusNotFound:
		return twilioResource{}, refused(way, "Twilio knows nothing of the message (404)")
	case !a.ok():
		return twilioResource{}, twilioError(way, a)
	}
	var got twilioResource
	if !a.decode(&got) || got.SID != id {
		return twilioResource{}, unavailable(way, "the server answers, but not as Twilio does")
	}
	return got, nil
}

func (t *Twilio) address(way string, elem ...string) (string, error) {
	return under(way, t.API, append([]string{"2010-04-01", "Accounts", t.SID}, elem...)...)
}

// call posts a form, or gets when there is none.
func (t *Twilio) call(ctx context.Context, way, address string, form url.Values) (answer, error) {
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, misconfigured(way, "the configured address cannot be used")
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.SetBasicAuth(t.SID, string(t.AuthToken))
	return do(ctx, t.Transport, way, req)
}

// twilioSID is the form of Twilio's names for things.
var twilioSID = pattern.New(`^[A-Z]{2}[0-9a-f]{32}$`)

// twilioError reads Twilio's refusal by its code: the texts repeat the number.
func twilioError(way string, a answer) error {
	var got struct {
		Code int `json:"code"`
	}
	if !a.decode(&got) {
		return statusError(way, a)
	}
	at := " (Twilio " + strconv.Itoa(got.Code) + ")"
	switch got.Code {
	case 20003, 20005, 20008:
		return misconfigured(way, "Twilio refuses the account SID or auth token, or the account is not active"+at)
	case 21210, 21212, 21603, 21606, 21659, 21660, 21661:
		return misconfigured(way, "the number configured to send from cannot do so"+at)
	case 20429, 14107, 21611:
		return busy(way, "Twilio asks to slow down"+at, a.retryAfter)
	case 21211, 21214, 21217, 21401, 21614, 21635:
		return refused(way, "the person's number does not exist or cannot be reached this way"+at)
	case 21610:
		return refused(way, "the person has opted out; a text message START to the sender's number undoes that"+at)
	case 21408, 21215, 21216:
		return refused(way, "the account may not reach that country; allow it in Twilio's geographic permissions"+at)
	case 21608, 21219:
		return refused(way, "a trial account reaches only numbers verified with Twilio"+at)
	}
	return statusError(way, a)
}

// codeWords returns why the telephone network has not delivered a message.
func codeWords(code int) string {
	words := map[int]string{
		30003: "the phone is off or has no signal", 30004: "blocked by the recipient's network", 30005: "the number is not in use",
		30006: "a landline, or the network cannot be reached", 30007: "filtered as spam by the network",
		30008: "the network gives no reason", 30034: "the sender's number is not registered for that country",
	}[code]
	switch {
	case code == 0:
		return ""
	case words == "":
		return " (Twilio " + strconv.Itoa(code) + ")"
	}
	return ": " + words + " (Twilio " + strconv.Itoa(code) + ")"
}

// utf16Len returns the length of s as Twilio counts it.
func utf16Len(s string) int { return len(utf16.Encode([]rune(s))) }
