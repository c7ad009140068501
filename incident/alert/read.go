package alert

// Sender names a kind of sender, by its address.
type Sender string

// The senders.
const (
	SenderEvent           Sender = "event" // our own format
	SenderAlertmanager    Sender = "alertmanager"
	SenderGrafana         Sender = "grafana"
	SenderSNS             Sender = "sns"
	SenderDatadog         Sender = "datadog"
	SenderSentry          Sender = "sentry"
	SenderAzure           Sender = "azure"
	SenderGCP             Sender = "gcp"
	SenderNewRelic        Sender = "newrelic"
	SenderWebhook         Sender = "webhook"          // any JSON, by a mapping of the roster
	SenderPagerDuty       Sender = "pagerduty"        // Events API v2: /v2/enqueue
	SenderPagerDutyChange Sender = "pagerduty_change" // Events API v2: /v2/change/enqueue
	SenderPagerDutyV1     Sender = "pagerduty_v1"     // Events API v1
	SenderOpsgenie        Sender = "opsgenie"         // create an alert
	SenderOpsgenieClose   Sender = "opsgenie_close"
	SenderOpsgenieAck     Sender = "opsgenie_acknowledge"
	SenderOpsgenieNote    Sender = "opsgenie_notes"
	SenderOpsgenieTitle   Sender = "opsgenie_message"
	SenderOpsgenieText    Sender = "opsgenie_description"
)

// senderWords are the senders of which somebody can have a body at hand.
const senderWords = "event, alertmanager, grafana, sns, datadog, sentry, azure, gcp, newrelic, pagerduty, pagerduty_change, pagerduty_v1 or opsgenie"

// Request is a body as it was posted, with what its reader must know besides.
type Request struct {
	Sender      Sender
	Body        []byte
	ContentType string // matters to SenderEvent alone: what is not called JSON may be a sentence

	ID     string // Opsgenie: the identifier in the path, decoded
	IDType string // Opsgenie: identifierType; whatever it says, the identifier is taken for the alias

	Mapping *Compiled // SenderWebhook: the mapping of the name in the path

	// Nonce makes the key of an alert whose sender means a new one each time it
	// sends none, as PagerDuty and Opsgenie do: it is different for each request,
	// such as its ID. Without it the key is made of what the alert says, so that
	// the same event twice is one alert.
	Nonce string
}

// reading reads the body of one kind of sender.
type reading func(Request) (Body, error)

// readerOf returns the reader of a sender, nil where there is none.
func readerOf(s Sender) reading {
	switch s {
	case SenderEvent:
		return readEvent
	case SenderAlertmanager, SenderGrafana:
		return inObject(readGroup)
	case SenderSNS:
		return readSNSBody
	case SenderDatadog:
		return inObject(readDatadog)
	case SenderSentry:
		return inObject(readSentry)
	case SenderAzure:
		return inObject(readAzure)
	case SenderGCP:
		return inObject(readGCP)
	case SenderNewRelic:
		return inObject(readNewRelic)
	case SenderOpsgenie:
		return inObject(readOpsgenie)
	case SenderOpsgenieClose, SenderOpsgenieAck, SenderOpsgenieNote, SenderOpsgenieTitle, SenderOpsgenieText:
		return readOpsgenieAct
	case SenderWebhook:
		return readWebhook
	case SenderPagerDuty:
		return inObject(readPagerDuty)
	case SenderPagerDutyChange:
		return inObject(readChange)
	case SenderPagerDutyV1:
		return inObject(readPagerDutyV1)
	}
	return nil
}

// inObject is the reader of a body that must be a JSON object.
func inObject(read func(*doc) (Body, error)) reading {
	return func(r Request) (Body, error) {
		d, err := open(r.Body, string(r.Sender))
		if err != nil {
			return Body{}, err
		}
		d.nonce = r.Nonce
		return read(d)
	}
}

// Read returns the alerts of a body, one by one, however the sender grouped them,
// at most MaxAlerts; it is the same for the same request. What is wrong in a part
// of it costs that part, with a note. It refuses what cannot be understood at all:
// what is no JSON, no object, or has no alert in it, and an alert that says
// neither what it is about nor what is wrong. The error is a [Problems].
func Read(r Request) (Body, error) {
	read := readerOf(r.Sender)
	if read == nil {
		return Body{}, refuse("body", "is of a sender that is not known: %q; it may be %s, or webhook/NAME for a mapping of the roster", r.Sender, senderWords)
	}
	return read(r)
}

// body returns one alert with the notes on the whole.
func (d *doc) body(alerts ...*draft) (Body, error) {
	b := Body{Notes: d.notes}
	for _, a := range alerts {
		b.Alerts = append(b.Alerts, a.finish())
	}
	return b, nil
}

// leftOut notes how many alerts were counted and no more.
func (d *doc) leftOut(n int) {
	if n > 0 {
		d.note("the first %d of %d alerts are kept one by one; the other %d are counted, and nothing may be concluded about them", MaxAlerts, MaxAlerts+n, n)
	}
}
