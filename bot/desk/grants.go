package desk

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// The ways in which a grant is no good. Redeem and Offered wrap none of them.
var (
	ErrGrantForged  = errors.New("no such grant")
	ErrGrantExpired = errors.New("the grant has expired")
	ErrGrantUsed    = errors.New("the grant was used")
)

// Grant is leave to acknowledge, once, exactly the incidents that one message
// to one person named.
type Grant struct {
	Token string // for links; it cannot be guessed
	Code  string // for answers by text message, where the number says who answers; empty: there is none
}

// Offer is what a grant is good for.
type Offer struct {
	Person    incident.Actor
	Via       string
	Expires   time.Time
	Incidents []incident.Incident // as they stand now
}

// Taken is what became of one incident of a grant.
type Taken struct {
	Incident incident.Incident
	Refused  *incident.Refusal // somebody was first, or it is over; nil: it is acknowledged now
}

// grantFor is how long a grant is good, and grantKept for how long after that
// it is remembered, to say that it has expired.
const (
	grantFor  = 12 * time.Hour
	grantKept = 36 * time.Hour
)

// grantRecord is a grant that was handed out.
type grantRecord struct {
	V         int            `json:"v"`
	Person    incident.Actor `json:"person"`
	Via       string         `json:"via"`
	Incidents []int          `json:"incidents"` // that the message named
	Left      []int          `json:"left"`      // that it has not been used for
	Expires   time.Time      `json:"expires"`
	Code      string         `json:"code,omitempty"` // the person's code that stands for it
}

// codesRecord is the codes of one person, and what they sent that is none.
type codesRecord struct {
	V     int               `json:"v"`
	Grant map[string]string `json:"grant"`           // code → grant
	Wrong []wrongCode       `json:"wrong,omitempty"` // answers with a code that stands for nothing
	Until time.Time         `json:"until,omitzero"`  // no code is taken before
}

// wrongCode is an answer with a code that stands for nothing.
type wrongCode struct {
	Answer string    `json:"answer"` // its ID
	At     time.Time `json:"at"`
}

// secretRecord is a key that was made once.
type secretRecord struct {
	V      int    `json:"v"`
	Secret string `json:"secret"` // hexadecimal
}

const grantSecret = "secret/grants"

func grantKey(id string) string { return "grant/" + id }

func codesKey(a incident.Actor) string {
	_, id := a.Split()
	return "codes/" + id
}

// sizes of a token's parts, in bytes: the name of the grant and its signature.
const (
	grantName = 6
	grantSign = 12
)

// sign returns the signature of a grant: over everything that it allows.
func (r grantRecord) sign(secret []byte, id string) []byte {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s\n%s\n%v\n%d", id, r.Person, r.Incidents, r.Expires.Unix())
	return mac.Sum(nil)[:grantSign]
}

// secret returns the key that signs grants, which is made with the first one.
func (w *work) secret() ([]byte, error) { return ensureSecret(w.Tx, grantSecret) }

// ensureSecret returns a key, which is made where there is none.
func ensureSecret(t *ledger.Tx, name string) ([]byte, error) {
	r, ok, err := ledger.Load[secretRecord](t.Tx, name)
	if err != nil {
		return nil, err
	}
	if ok {
		return hex.DecodeString(r.Secret)
	}
	b := make([]byte, 32)
	rand.Read(b)
	return b, t.Save(name, secretRecord{V: 1, Secret: hex.EncodeToString(b)})
}

// GrantRequest is what a grant is to be good for. Coded asks for a code besides the
// token, for a message whose answer cannot carry one.
type GrantRequest struct {
	Person    incident.Actor
	Via       string
	Incidents []int
	Coded     bool
}

// Grant hands out leave for a person to acknowledge incidents by the answer to
// one message.
func (d *Desk) Grant(ctx context.Context, q GrantRequest) (Grant, error) {
	var g Grant
	_, err := d.act(ctx, byBot, 0, func(w *work) error {
		secret, err := w.secret()
		if err != nil {
			return err
		}
		name := make([]byte, grantName)
		rand.Read(name)
		id := hex.EncodeToString(name)
		r := grantRecord{V: 1, Person: q.Person, Via: q.Via, Incidents: q.Incidents, Left: q.Incidents, Expires: w.Now.Add(grantFor)}
		g.Token = base64.RawURLEncoding.EncodeToString(append(name, r.sign(secret, id)...))
		if q.Coded {
			if r.Code, err = w.code(q.Person, id); err != nil {
				return err
			}
			g.Code = r.Code
		}
		return errors.Join(w.Save(grantKey(id), r), w.Wake(grantKey(id), w.Now.Add(grantKept)))
	})
	return g, err
}

// code gives a grant a code of the person, by chance: who knows the codes before it
// knows nothing about it. None is used again as long as its last message is
// remembered, since until then somebody may answer that. While no codes are taken
// from the person there is none.
func (w *work) code(person incident.Actor, id string) (string, error) {
	r, _, err := ledger.Load[codesRecord](w.Tx.Tx, codesKey(person))
	if err != nil || r.stopped(w.Now) {
		return "", err
	}
	if r.Grant == nil {
		r.Grant = map[string]string{}
	}
	r.V = 1
	for try := 0; ; try++ {
		code, err := randomCode(codeDigits + try/codeTries)
		if err != nil {
			return "", err
		}
		free, err := w.free(r.Grant[code])
		if err != nil {
			return "", err
		}
		if free {
			r.Grant[code] = id
			return code, w.Save(codesKey(person), r)
		}
	}
}

// codeDigits is how long a code is: what fits into a text message and can be read
// from one screen and typed into another. Where codeTries of that length are in use
// a longer one is taken.
const (
	codeDigits = 4
	codeTries  = 100
)

// randomCode returns a number of that many digits that does not begin with 0, which
// people leave out.
func randomCode(digits int) (string, error) {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits-1)), nil)
	n, err := rand.Int(rand.Reader, new(big.Int).Mul(low, big.NewInt(9)))
	if err != nil {
		return "", err
	}
	return n.Add(n, low).String(), nil
}

// free reports whether the grant that a code stood for is forgotten.
func (w *work) free(id string) (bool, error) {
	if id == "" {
		return true, nil
	}
	_, known, err := ledger.Load[grantRecord](w.Tx.Tx, grantKey(id))
	return !known, err
}

// forgetCode makes a code of a forgotten grant one that stands for nothing.
func forgetCode(t *ledger.Tx, person incident.Actor, code string) error {
	r, ok, err := ledger.Load[codesRecord](t.Tx, codesKey(person))
	if err != nil || !ok {
		return err
	}
	if delete(r.Grant, code); len(r.Grant) == 0 && t.Now.After(r.Until) {
		return t.Delete(codesKey(person))
	}
	return t.Save(codesKey(person), r)
}

// openToken finds the grant of a token, in a time that says nothing about how much
// of it is right.
func (w *work) openToken(token string) (id string, r grantRecord, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != grantName+grantSign {
		return "", r, ErrGrantForged
	}
	secret, err := w.secret()
	if err != nil {
		return "", r, err
	}
	id = hex.EncodeToString(raw[:grantName])
	r, err = storage.Load[grantRecord](w.Tx.Tx, grantKey(id))
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", r, err
	}
	if !hmac.Equal(r.sign(secret, id), raw[grantName:]) || err != nil {
		return "", grantRecord{}, ErrGrantForged
	}
	return id, r, nil
}

// good refuses a grant that has expired or has nothing left.
func (r grantRecord) good(now time.Time) error {
	switch {
	case len(r.Left) == 0:
		return ErrGrantUsed
	case !now.Before(r.Expires):
		return ErrGrantExpired
	default:
		return nil
	}
}

// Offered returns what a token is good for, without using it. Programs that
// look at mail open every link, so looking must not acknowledge.
func (d *Desk) Offered(ctx context.Context, token string) (Offer, error) {
	var o Offer
	_, err := d.act(ctx, byBot, 0, func(w *work) error {
		_, r, err := w.openToken(token)
		if err != nil {
			return err
		}
		o = Offer{Person: r.Person, Via: r.Via, Expires: r.Expires}
		for _, n := range r.Incidents {
			i, err := loadIncident(w.Tx.Tx, n)
			if err != nil {
				return err
			}
			o.Incidents = append(o.Incidents, i)
		}
		return r.good(w.Now)
	})
	return o, err
}

// Redeem acknowledges, as the person that the token was given to, the incidents
// that it names. That it was used is recorded in the same transaction as each
// acknowledgement; one that is cut short can be used for what is left.
func (d *Desk) Redeem(ctx context.Context, token string) ([]Taken, error) {
	var id string
	_, err := d.act(ctx, byBot, 0, func(w *work) (err error) {
		id, _, err = w.openToken(token)
		return err
	})
	if err != nil {
		return nil, err
	}
	return d.redeem(ctx, id)
}

// CodesStopped is the error of an answer from a number that sent too many wrong
// codes. Just says that this answer was the last of these.
type CodesStopped struct {
	Until time.Time
	Just  bool
}

// Error says until when no codes are taken.
func (e *CodesStopped) Error() string {
	return "too many wrong codes; none is taken until " + e.Until.Format(time.RFC3339)
}

// How many wrong codes somebody sends within how long before no more are taken, and
// for how long that is. Of 9,000 codes that leaves a guess little to hope for.
const (
	wrongMost   = 5
	wrongWithin = time.Hour
	codesStop   = time.Hour
	wrongKept   = 2 * time.Hour // an answer may be read again that long after it came
)

// RedeemCode is Redeem for a person's answer with a code. The answer's ID tells one
// that is read twice from two. A wrong code counts against the person; a word that is
// no code does not.
func (d *Desk) RedeemCode(ctx context.Context, person incident.Actor, code, answer string) ([]Taken, error) {
	var id string
	var refused error
	_, err := d.act(ctx, byBot, 0, func(w *work) (err error) {
		id, refused, err = w.openCode(person, code, answer)
		return err
	})
	if err = errors.Join(err, refused); err != nil {
		return nil, err
	}
	return d.redeem(ctx, id)
}

// stopped reports whether no codes are taken; what a clock has stopped that was ahead is not.
func (r codesRecord) stopped(now time.Time) bool {
	return now.Before(r.Until) && !ahead(r.Until, now.Add(codesStop))
}

// openCode finds the grant of a code, or says why it is refused, which is recorded.
func (w *work) openCode(person incident.Actor, code, answer string) (id string, refused, err error) {
	r, ok, err := ledger.Load[codesRecord](w.Tx.Tx, codesKey(person))
	switch {
	case err != nil:
		return "", nil, err
	case !ok: // there is nothing to guess
		return "", ErrGrantForged, nil
	case r.stopped(w.Now):
		return "", &CodesStopped{Until: r.Until}, nil
	case r.Grant[code] != "":
		return r.Grant[code], nil, nil
	case code == "" || strings.Trim(code, "0123456789") != "":
		return "", ErrGrantForged, nil
	}
	if slices.ContainsFunc(r.Wrong, func(a wrongCode) bool { return a.Answer == answer }) {
		return "", ErrGrantForged, nil
	}
	r.Wrong = slices.DeleteFunc(r.Wrong, func(a wrongCode) bool { return w.Now.Sub(a.At) > wrongKept })
	r.Wrong = append(r.Wrong, wrongCode{answer, w.Now})
	wrong := 0
	for _, a := range r.Wrong {
		if a.At.After(r.Until) && w.Now.Sub(a.At) <= wrongWithin {
			wrong++
		}
	}
	if wrong < wrongMost {
		return "", ErrGrantForged, w.Save(codesKey(person), r)
	}
	r.Until = w.Now.Add(codesStop)
	name := w.who.DisplayName(person)
	text := fmt.Sprintf("%d wrong codes came by text message from the number of %s within an hour. No codes are taken from it until %s UTC. "+
		"%s can acknowledge in Slack. If %s did not send them, somebody pretends to be %s.",
		wrong, name, r.Until.UTC().Format("15:04"), name, name, name)
	return "", &CodesStopped{Until: r.Until, Just: true}, errors.Join(w.Save(codesKey(person), r), w.alarm(text))
}

func (d *Desk) redeem(ctx context.Context, id string) ([]Taken, error) {
	r, err := d.granted(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := r.good(ledger.Instant()); err != nil {
		return nil, err
	}
	taken := make([]*Taken, len(r.Left))
	err = ledger.Share(len(r.Left), func(i int) error {
		var t Taken
		a, err := d.act(ctx, Caller{Actor: r.Person}, r.Left[i], func(w *work) (err error) {
			t.Refused, err = w.take(id)
			return err
		})
		if errors.Is(err, ErrGrantUsed) {
			return nil // another request was quicker with this one
		}
		if err == nil {
			t.Incident = a.Incident
			taken[i] = &t
		}
		return err
	})
	var list []Taken
	for _, t := range taken {
		if t != nil {
			list = append(list, *t)
		}
	}
	if err != nil {
		return list, err
	}
	if len(list) == 0 {
		return nil, ErrGrantUsed
	}
	return list, nil
}

// granted loads a grant.
func (d *Desk) granted(ctx context.Context, id string) (grantRecord, error) {
	var r grantRecord
	err := d.ledger.View(ctx, func(tx *storage.Tx) (err error) {
		r, err = storage.Load[grantRecord](tx, grantKey(id))
		return err
	})
	if errors.Is(err, storage.ErrNotFound) {
		return r, ErrGrantForged
	}
	return r, err
}

// take acknowledges one incident and uses the grant for it. A refusal is
// returned as such: it uses the grant as well, and something else must not be
// undone by it.
func (w *work) take(id string) (*incident.Refusal, error) {
	r, err := storage.Load[grantRecord](w.Tx.Tx, grantKey(id))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(r.Left, w.inc.Number) {
		return nil, ErrGrantUsed
	}
	r.Left = slices.DeleteFunc(slices.Clone(r.Left), func(n int) bool { return n == w.inc.Number })
	if err := w.Save(grantKey(id), r); err != nil {
		return nil, err
	}
	var refused *incident.Refusal
	if err = w.do(Act{Verb: Acknowledge}); err == nil {
		err, w.refused = w.refused, nil
	}
	if errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// forgetGrant removes a grant that expired long ago, with its code.
func (d *Desk) forgetGrant(ctx context.Context, name string, now time.Time) error {
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		r, ok, err := ledger.Load[grantRecord](t.Tx, name) // its record is called the same
		if err != nil {
			return err
		}
		if ok && r.Code != "" {
			if err := forgetCode(t, r.Person, r.Code); err != nil {
				return err
			}
		}
		return errors.Join(t.Sleep(name), t.Delete(name))
	})
}
