package alert

import (
	"fmt"
	"strings"
)

// signs are the fields by which the body of a sender is known: it has all of
// those of a row. The first row that fits is right.
var signs = []struct {
	sender Sender
	has    []string // fields of the body, with dots for those of an object in it
}{
	{SenderSNS, []string{"Type", "TopicArn"}},
	{SenderPagerDutyV1, []string{"service_key", "event_type"}},
	{SenderPagerDuty, []string{"event_action"}},
	{SenderPagerDutyChange, []string{"routing_key", "payload"}},
	{SenderAzure, []string{"data.essentials"}},
	{SenderAzure, []string{"schemaId", "data.context"}},
	{SenderGCP, []string{"incident.incident_id"}},
	{SenderGCP, []string{"incident.policy_name"}},
	{SenderSentry, []string{"data.metric_alert"}},
	{SenderSentry, []string{"data.event", "action"}},
	{SenderSentry, []string{"data.issue", "action"}},
	{SenderSentry, []string{"data.error", "action"}},
	{SenderSentry, []string{"culprit", "event"}},
	{SenderGrafana, []string{"alerts", "orgId"}},
	{SenderGrafana, []string{"alerts", "appVersion"}},
	{SenderGrafana, []string{"alerts", "message", "title"}},
	{SenderAlertmanager, []string{"alerts", "groupKey"}},
	{SenderAlertmanager, []string{"alerts"}},
	{SenderGrafana, []string{"ruleId", "state"}},
	{SenderGrafana, []string{"ruleName", "state"}},
	{SenderNewRelic, []string{"issueUrl"}},
	{SenderNewRelic, []string{"impactedEntities", "priority"}},
	{SenderNewRelic, []string{"condition_name", "current_state"}},
	{SenderDatadog, []string{"alert_transition"}},
	{SenderDatadog, []string{"alert_cycle_key"}},
	{SenderDatadog, []string{"aggreg_key"}},
	{SenderDatadog, []string{"event_type", "last_updated", "title"}},
	{SenderDatadog, []string{"alert_id", "alert_type"}},
	{SenderOpsgenie, []string{"message", "alias"}},
	{SenderOpsgenie, []string{"message", "priority"}},
	{SenderOpsgenie, []string{"message", "responders"}},
	{SenderOpsgenie, []string{"message", "entity"}},
	{SenderEvent, []string{"dedup_key"}},
	{SenderEvent, []string{"title"}},
}

// Guess says which sender's body it is, for people who have a file and no
// request. A text that is no JSON is a sentence, one of ours. The error is a
// [Problems] and says what to pass instead.
func Guess(body []byte) (Sender, error) {
	if s, ok := plain(Request{Body: body}); ok && s != "" {
		return SenderEvent, nil
	}
	n, _, err := checked(body)
	if err != nil {
		return "", err
	}
	if n.kind() != isObject {
		return "", refuse("body", "is %s; a JSON object is expected", n.kind())
	}
	for _, s := range signs {
		if hasAll(n, s.has) {
			return s.sender, nil
		}
	}
	return "", refuse("body", "could be anybody's; say whose it is with --as: one of %s, or webhook/NAME for one of the roster's alerts.mappings", guessable())
}

func hasAll(n node, paths []string) bool {
	for _, path := range paths {
		v := n
		for name := range strings.SplitSeq(path, ".") {
			v = v.get(name)
		}
		if v.kind() == isNull {
			return false
		}
	}
	return true
}

// guessable returns the senders that a body can be of, in words.
func guessable() string {
	return fmt.Sprintf("%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s", SenderEvent, SenderAlertmanager, SenderGrafana, SenderSNS, SenderDatadog,
		SenderSentry, SenderAzure, SenderGCP, SenderNewRelic, SenderPagerDuty, SenderPagerDutyChange, SenderPagerDutyV1, SenderOpsgenie)
}
