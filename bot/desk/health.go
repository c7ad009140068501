package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/escalation"
	"github.com/stormbell/stormbell/storage"
)

// overdue is how long something may be due without being done before the pager
// counts as stuck.
const overdue = 2 * time.Minute

// CheckPaging returns an error when an escalation that looks for somebody has no
// wake-up to come, or when one lies in the past and nothing has come of it.
func (d *Desk) CheckPaging(ctx context.Context, now time.Time) error {
	return d.db.View(ctx, func(tx *storage.Tx) error {
		for key := range tx.Scan("due/") {
			at, ok := dueAt(key)
			if !ok {
				continue
			}
			if now.Sub(at) <= overdue {
				break
			}
			if strings.Contains(key, "/page/") {
				return fmt.Errorf("the escalation of %s has been due since %s", incident.Name(lastNumber(key)), clockUTC(at))
			}
		}
		for key, value := range tx.Scan("page/") {
			var r pageRecord
			if err := json.Unmarshal(value, &r); err != nil {
				return fmt.Errorf("read %s: %v", key, err)
			}
			if r.Page.State != escalation.Triggered || r.Page.Urgency == escalation.Low {
				continue
			}
			name := incident.Name(lastNumber(key))
			if r.Due.IsZero() {
				return fmt.Errorf("the escalation of %s has no wake-up to come", name)
			}
			if _, err := tx.Get(dueKey(r.Due, "page/"+number(lastNumber(key)))); err != nil {
				return fmt.Errorf("the escalation of %s is not in the queue: %v", name, err)
			}
		}
		return nil
	})
}
