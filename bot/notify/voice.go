package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Voice calls and reads the message out, twice. A person's address is a number
// that CheckPhone accepts. With a KeyURL pressing 1 acknowledges.
type Voice struct {
	Twilio
	Language string // as TwiML's Say names it, e.g. de-DE; "" for English
}

// spoken is how many characters are read out: about half a minute. Twilio
// takes 4,000 for the whole document.
const spoken = 400

// Send starts a call. Whether anybody picks up is Poll's to tell.
func (v *Voice) Send(ctx context.Context, m Message) (Receipt, error) {
	return v.create(ctx, voice, "Calls.json", m.To, url.Values{"Twiml": {v.script(m)}, "Timeout": {"25"}})
}

// script is the call as TwiML.
func (v *Voice) script(m Message) string {
	text := shorten(oneLine(m.Subject+". "+m.Text), spoken, func(s string) int { return len([]rune(s)) })
	if m.KeyURL == "" {
		if m.AckCode != "" {
			// Digit by digit: nobody types "four thousand and seventy-one".
			text += " To acknowledge, send " + strings.Join(strings.Split(m.AckCode, ""), " ") + " as a text message to this number."
		}
		return "<Response>" + v.say(text) + `<Pause length="1"/>` + v.say(text) + "</Response>"
	}
	text += " Press 1 to acknowledge."
	return `<Response><Gather numDigits="1" timeout="8" method="POST" action="` + escape(m.KeyURL) + `">` +
		v.say(text) + `<Pause length="1"/>` + v.say(text) + "</Gather>" + v.say("No key was pressed.") + "</Response>"
}

func (v *Voice) say(text string) string {
	open := "<Say>"
	if v.Language != "" {
		open = `<Say language="` + escape(v.Language) + `">`
	}
	return open + escape(text) + "</Say>"
}

// Answer returns what Twilio is to be told when it has reported a key: text,
// read out before it hangs up. Its content type is text/xml.
func (v *Voice) Answer(text string) []byte {
	return []byte("<Response>" + v.say(oneLine(text)) + "<Hangup/></Response>")
}

// escape makes text of XML content or an attribute's value.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

// Poll returns how far the call has come: Delivered when it was picked up, be
// it by voicemail.
func (v *Voice) Poll(ctx context.Context, id string) (Receipt, error) {
	got, err := v.fetch(ctx, voice, "Calls", id)
	if err != nil {
		return Receipt{}, err
	}
	switch got.Status {
	case "queued", "initiated", "ringing":
		return Receipt{id, Accepted}, nil
	case "in-progress", "completed":
		return Receipt{id, Delivered}, nil
	case "busy":
		return Receipt{}, refused(voice, "the line was busy")
	case "no-answer":
		return Receipt{}, refused(voice, "nobody picked up")
	case "failed", "canceled":
		return Receipt{}, refused(voice, "the call could not be put through")
	}
	return Receipt{}, unavailable(voice, "Twilio names a status of the call that it should not have")
}

// Key is a key pressed in a call.
type Key struct {
	Call  string // the ID of the call's Receipt
	Digit string // "0" to "9", "*" or "#"
}

// Pressed reads a request to a KeyURL, given exactly as it was in the Message.
// The error means that the request is not Twilio's and must be answered 403.
// Its signature does not expire: a request may come again, so acknowledging
// twice must be harmless.
func (v *Voice) Pressed(keyURL string, r *http.Request) (Key, error) {
	r.Body = http.MaxBytesReader(nil, r.Body, bodyLimit)
	if err := r.ParseForm(); err != nil {
		return Key{}, errors.New("pressed key: unreadable form")
	}
	want := v.signature(keyURL, r.PostForm)
	if !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Twilio-Signature"))) {
		return Key{}, errors.New("pressed key: signature does not match")
	}
	return Key{Call: r.PostForm.Get("CallSid"), Digit: r.PostForm.Get("Digits")}, nil
}

// signature is Twilio's over an address and the form posted there: HMAC-SHA1
// over both, the form's names in order, each followed by its value. Twilio:
// webhooks security.
func (v *Voice) signature(address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(v.AuthToken))
	mac.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			mac.Write([]byte(name + value))
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
