package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
	"github.com/stormbell/stormbell/rotation"
)

// monthName is the wake-up at which everybody is told what was kept of each agreement.
const monthName = "month"

func monthKey(agreement string) string { return "month/" + agreement }

// monthRecord is the last month of which was told, or of which there was nothing to tell.
type monthRecord struct {
	V     int    `json:"v"`
	Month string `json:"month"` // YYYY-MM
}

// monthLate is how late a month is told still: a bot that was away over the first days of
// one tells it when it is back.
const monthLate = 7 * 24 * time.Hour

// monthForm is how a month is stored, and monthWords how people read it.
const (
	monthForm = "2006-01"
	monthSays = "January 2006"
)

// monthTold is when the month before that of an instant is told: on the first day from
// Monday to Friday, 9:30, of a zone.
func monthTold(y int, m time.Month, zone *time.Location) time.Time {
	at := time.Date(y, m, 1, 9, 30, 0, 0, zone)
	for at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// nextMonth is when a month is told next; zero: there is no agreement.
func (d *Desk) nextMonth(r *rotation.Roster, now time.Time) time.Time {
	if len(r.Agreements) == 0 {
		return time.Time{}
	}
	y, m, _ := now.In(d.opt.Zone).Date()
	if at := monthTold(y, m, d.opt.Zone); at.After(now) {
		return at
	}
	return monthTold(y, m+1, d.opt.Zone)
}

// startMonth plans the monthly messages as the roster holds, and whenever another one does.
func (d *Desk) startMonth(ctx context.Context) error {
	return d.startRegular(ctx, monthName, d.nextMonth)
}

// tickMonth tells what was kept of each agreement in the month that is over.
func (d *Desk) tickMonth(ctx context.Context, name string, now time.Time) error {
	who := d.oncall.Current()
	y, m, _ := now.In(d.opt.Zone).Date()
	var failed []error
	if at := monthTold(y, m, d.opt.Zone); !now.Before(at) && now.Sub(at) < monthLate {
		month := time.Date(y, m-1, 1, 0, 0, 0, 0, d.opt.Zone)
		for k := range who.Roster.Agreements {
			failed = append(failed, d.tellMonth(ctx, who.Roster.Agreements[k].ID, month, now))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	return d.planRegular(ctx, name, d.nextMonth, now)
}

func (d *Desk) tellMonth(ctx context.Context, agreement string, month, now time.Time) error {
	of, err := d.monthOf(ctx, agreement, month)
	if err != nil {
		return err
	}
	return d.ledger.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		name := month.Format(monthForm)
		r, _, err := ledger.Load[monthRecord](t.Tx, monthKey(agreement))
		if err != nil || r.Month >= name && r.Month <= now.Format(monthForm) { // a later one is of a clock that was ahead
			return err
		}
		if text := of.Words(); text != "" {
			_, err := t.AddApart(ledger.Job{Kind: ledger.Month, Target: agreement, Text: text})
			if err == nil {
				_, err = t.AddApart(ledger.Job{Kind: ledger.MonthPicture, Target: agreement, Text: name})
			}
			if err != nil {
				return err
			}
		}
		return t.Save(monthKey(agreement), monthRecord{V: 1, Month: name})
	})
}

// Month is what became of an agreement in a month.
type Month struct {
	Agreement string
	Begins    time.Time // in the zone of the business
	Incidents report.Incidents
	Kept      report.Kept
}

// Title names the month and the agreement.
func (m Month) Title() string { return m.Agreement + ", " + m.Begins.Format(monthSays) }

// monthOf reads what became of an agreement in a month. Everybody reads it, so that
// private incidents are left out.
func (d *Desk) monthOf(ctx context.Context, agreement string, month time.Time) (Month, error) {
	roster := d.oncall.Current().Roster
	data, err := d.figures(ctx, month, month.AddDate(0, 1, 0), func(i incident.Incident) bool {
		s, ok := roster.Service(i.Service)
		return ok && s.Agreement == agreement && !i.Private
	})
	return Month{agreement, month, report.IncidentsOf(data), report.PromisesOf(data).All}, err
}

// pictured reads what a job draws.
func (d *Desk) pictured(ctx context.Context, j ledger.Job) (Month, error) {
	month, err := time.ParseInLocation(monthForm, j.Text, d.opt.Zone)
	if err != nil {
		return Month{}, fmt.Errorf("read month of a job: %v", err)
	}
	return d.monthOf(ctx, j.Target, month)
}

// ends says what a duration leads to.
var ends = map[report.Measure]string{report.Mitigate: "the mitigation", report.Impact: "the end of the impact"}

// missesMost is how many incidents with a miss one message names.
const missesMost = 10

// Words tell the month, complete without a picture; empty where there was no incident.
func (m Month) Words() string {
	if m.Incidents.Counts.Counted == 0 {
		return ""
	}
	lines := []string{fmt.Sprintf("Agreement %s: %s. %s.", m.Title(), incident.Count(m.Incidents.Counts.Counted, "incident", "incidents"), incident.Capital(m.Kept.Words()))}
	if out := m.Incidents.LeftOutWords(); out != "" {
		lines = append(lines, "Left out: "+out+".")
	}
	if misses := report.MissesWords(m.Kept.Misses); len(misses) > 0 {
		lines = append(lines, "Promises were missed in "+incident.Count(len(misses), "incident", "incidents")+":")
		for _, x := range misses[:min(len(misses), missesMost)] {
			lines = append(lines, "• "+x+".")
		}
		if more := len(misses) - missesMost; more > 0 {
			lines = append(lines, fmt.Sprintf("• and in %d more.", more))
		}
	}
	if open := report.Unanswered(m.Kept.Misses); len(open) > 0 {
		lines = append(lines, "Still without a follow-up or an acceptance: "+incident.FirstOf(open, missesMost)+". In its channel: task TEXT, or accept REASON.")
	}
	for _, x := range m.Incidents.Durations {
		if x.Measure == report.Mitigate || x.Measure == report.Impact {
			against := "against the month before: " + string(x.Against.Verdict)
			if x.Against.Before == 0 {
				against = "there is no figure of the month before"
			}
			lines = append(lines, fmt.Sprintf("Time to %s (%s → %s): %s; %s.", ends[x.Measure], x.Start, x.End, x.Spread.Words(), against))
		}
	}
	lines = append(lines, "First seen by: "+report.CountsWords(m.Incidents.FirstSeenBy)+".")
	return strings.Join(lines, "\n")
}

// AltWords tell what the picture shows to those who do not see it.
func (m Month) AltWords() string {
	lines := []string{"Durations and promises of " + m.Title()}
	for _, x := range m.Incidents.Durations {
		lines = append(lines, strings.ReplaceAll(string(x.Measure), "_", " ")+" "+x.Spread.Words())
	}
	return strings.Join(slices.Concat(lines, []string{m.Kept.Words()}), ". ")
}
