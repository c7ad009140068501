package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// grafana fetches everything that an import of Grafana OnCall reads.
func (f *fetcher) grafana() error {
	if _, err := f.numbered("users", nil, "users"); err != nil {
		return err
	}
	schedules, err := f.numbered("schedules", nil, "schedules")
	if err != nil {
		return err
	}
	if _, err := f.numbered("on_call_shifts", nil, "on_call_shifts"); err != nil {
		return err
	}
	for _, what := range []string{"teams", "user_groups", "shift_swaps", "escalation_chains", "escalation_policies", "integrations", "routes", "personal_notification_rules", "webhooks"} {
		if err := f.spare(f.numbered(what, nil, what)); err != nil {
			return err
		}
	}
	for _, s := range schedules {
		dates := url.Values{"start_date": {f.now.Format(time.DateOnly)}, "end_date": {f.now.AddDate(0, 3, 0).Format(time.DateOnly)}}
		if err := f.spare(f.numbered("schedules/"+idOf(s)+"/final_shifts", dates, "final_shifts-"+idOf(s))); err != nil {
			return err
		}
	}
	return nil
}

// numbered gets a list of Grafana OnCall, whose pages have numbers.
func (f *fetcher) numbered(what string, query url.Values, file string) ([]map[string]any, error) {
	if query == nil {
		query, what = url.Values{}, what+"/"
	}
	var all []map[string]any
	for n := 1; ; n++ {
		query.Set("page", strconv.Itoa(n))
		m, err := f.get("/api/v1/"+what+"?"+query.Encode(), fmt.Sprintf("%s-%d.json", file, n))
		if err != nil {
			return nil, err
		}
		all = append(all, entitiesOf(m, "results")...)
		if m["next"] == nil {
			return all, nil
		}
	}
}

// spare passes over what the key may not read, and says so: an import can do without.
func (f *fetcher) spare(_ []map[string]any, err error) error {
	var refused *refusedAnswer
	if errors.As(err, &refused) {
		fmt.Fprintf(f.say, "not fetched: %v\n", refused)
		return nil
	}
	return err
}

// goalertFields are what is asked of each list of GoAlert; the schedules also as GoAlert
// renders them, between two instants.
var goalertFields = []struct{ list, fields string }{
	{"users", "id name email role contactMethods { id type name value disabled pending dest { type args } } notificationRules { id delayMinutes contactMethodID }"},
	{"rotations", "id name start timeZone type shiftLength activeUserIndex userIDs nextHandoffTimes(num: 3)"},
	{"schedules", `id name timeZone targets { target { id type name } rules { start end weekdayFilter } }
		temporarySchedules { start end shifts { userID start end } } onCallNotificationRules { id time weekdayFilter target { id type name } }
		shifts(start: %q, end: %q) { userID start end }`},
	{"userOverrides", "id start end addUserID removeUserID target { id type name }"},
	{"escalationPolicies", "id name repeat steps { id stepNumber delayMinutes multiAck targets { id type name } }"},
	{"services", "id name escalationPolicyID maintenanceExpiresAt integrationKeys { id type name } heartbeatMonitors { id name timeoutMinutes }"},
}

// goalert fetches everything that an import of GoAlert reads.
func (f *fetcher) goalert() error {
	for _, x := range goalertFields {
		fields := x.fields
		if x.list == "schedules" {
			fields = fmt.Sprintf(fields, f.now.Format(time.RFC3339), f.now.AddDate(0, 1, 0).Format(time.RFC3339))
		}
		err := f.connected(x.list, fields)
		if older := strings.ReplaceAll(fields, " multiAck", ""); errors.Is(err, errQuery) && older != fields {
			err = f.connected(x.list, older) // which did not have it
		}
		if err != nil {
			return fmt.Errorf("%s: %w", x.list, err)
		}
	}
	return nil
}

// connected gets a list of GoAlert, each page of which names where the next one begins.
func (f *fetcher) connected(list, fields string) error {
	after := ""
	for n, more := 1, true; more; n++ {
		query, err := json.Marshal(map[string]string{"query": fmt.Sprintf("{ %s(input: {first: 150%s}) { nodes { %s } pageInfo { endCursor hasNextPage } } }", list, after, fields)})
		if err != nil {
			return err
		}
		m, err := f.answer("/api/graphql", query, fmt.Sprintf("%s-%d.json", list, n))
		if err != nil {
			return err
		}
		data, _ := m["data"].(map[string]any)
		connection, _ := data[list].(map[string]any)
		info, _ := connection["pageInfo"].(map[string]any)
		cursor, _ := info["endCursor"].(string)
		more, _ = info["hasNextPage"].(bool)
		after = ", after: " + strconv.Quote(cursor)
	}
	return nil
}
