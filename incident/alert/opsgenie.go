package alert

import (
	"bytes"
	"cmp"
	"strings"
)

// readOpsgenie reads the body of Opsgenie's Alert API that creates an alert (POST
// /v2/alerts). Without an alias it is an alert of its own each time, see
// Request.Nonce.
// Source: docs.opsgenie.com/docs/alert-api; opsgenie/opsgenie-go-sdk-v2.
func readOpsgenie(d *doc) (Body, error) {
	var o object
	o.open(d.node)
	a := d.draft()
	a.Key = o.get("alias").text()
	a.Title = ungrouped(o.get("message").text())
	a.say("description", o.get("description").text())
	for _, name := range []string{"entity", "source"} {
		v := o.get(name)
		a.link(v.text(), "Source")
		a.label(name, v)
	}
	a.tag(o.get("tags"))
	if v := o.get("details"); v.kind() == isObject {
		v.each(func(k, value node) bool {
			if s := value.text(); address(s) == "" || !a.link(s, k.text()) {
				a.label(a.d.word(k), value)
			}
			return true
		})
	} else {
		a.labels("", "details", v)
	}
	a.severe(cmp.Or(o.get("priority").text(), a.Label("severity")))
	a.hint(a.Label("entity"))
	a.detail("note", o.get("note").text())
	a.detail("responders", names(o.get("responders")))
	a.detail("actions", o.get("actions").flat(MaxValue))
	a.detail("user", o.get("user").text())
	if line(a.Title) == "" {
		a.Title = cmp.Or(sentence(a.Summary), line(a.Label("entity")))
		a.note("The alert has no message; its title is what else it says.")
	}
	if line(a.Title) == "" {
		return Body{}, refuse("message", "is missing; say in a few words what is wrong")
	}
	a.made()
	return d.body(a)
}

// names returns the names in a list of objects.
func names(list node) string {
	var all []string
	list.items(func(_ int, v node) bool {
		if name := line(cmp.Or(v.get("name").text(), v.get("username").text())); name != "" {
			all = append(all, name)
		}
		return len(all) < 20
	})
	return strings.Join(all, ", ")
}

// opsgenieActs are what Opsgenie's API does to an alert that is named in the path.
var opsgenieActs = map[Sender]Status{
	SenderOpsgenieClose: Over, SenderOpsgenieAck: Acknowledged,
	SenderOpsgenieNote: None, SenderOpsgenieTitle: None, SenderOpsgenieText: None,
}

// readOpsgenieAct reads the body that closes, acknowledges or annotates an alert,
// or changes its message or description. The alert is named in the path; the body
// may be empty.
func readOpsgenieAct(r Request) (Body, error) {
	if strings.TrimSpace(r.ID) == "" {
		return Body{}, refuse("body", "is of an alert that the path does not name: /v2/alerts/ALIAS/close?identifierType=alias")
	}
	body := r.Body
	if len(bytes.TrimSpace(trimBOM(body))) == 0 {
		body = []byte("{}")
	}
	d, err := open(body, string(SenderOpsgenie))
	if err != nil {
		return Body{}, err
	}
	var o object
	o.open(d.node)
	a := d.draft()
	a.Key = r.ID
	a.Status = opsgenieActs[r.Sender]
	a.Title = ""
	switch r.Sender {
	case SenderOpsgenieTitle:
		if a.Title = ungrouped(o.get("message").text()); line(a.Title) == "" {
			return Body{}, refuse("message", "is missing; it is what the alert is to be called")
		}
	case SenderOpsgenieText:
		if a.Summary = strings.TrimSpace(o.get("description").text()); a.Summary == "" {
			return Body{}, refuse("description", "is missing; it is what the alert is to say")
		}
	case SenderOpsgenieNote:
		if a.Summary = strings.TrimSpace(o.get("note").text()); a.Summary == "" {
			return Body{}, refuse("note", "is missing")
		}
	}
	a.say("note", o.get("note").text())
	a.detail("user", o.get("user").text())
	a.link(o.get("source").text(), "Source")
	if s := o.get("source").text(); address(s) == "" {
		a.detail("source", s)
	}
	return d.body(a)
}
