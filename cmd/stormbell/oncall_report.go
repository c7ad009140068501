package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/incident/report"
)

// reportFlags say what is reported, and how it is printed.
type reportFlags struct {
	operatorFlags
	from, to                instant
	person, rotation, rates string
	form
}

func (f *reportFlags) add(cmd *cobra.Command) {
	f.operatorFlags.add(cmd)
	cmd.Flags().Var(&f.from, "from", "where the period begins, RFC 3339")
	cmd.Flags().Var(&f.to, "to", "where it ends, RFC 3339")
	cmd.Flags().StringVar(&f.person, "person", "", "the `ID` of one person")
	cmd.Flags().StringVar(&f.rotation, "rotation", "", "the `ID` of one rotation")
	cmd.Flags().StringVar(&f.rates, "rates", "", "four rates for an hour, `BUSINESS,WEEKDAY_OFF,WEEKEND,HOLIDAY`")
	cmd.Flags().BoolVar(&f.csv, "csv", false, "comma-separated values, for a spreadsheet")
	cmd.Flags().BoolVar(&f.pay, "pay", false, "a draft for payroll")
}

func (f *reportFlags) query() url.Values {
	query := url.Values{"from": {f.from.String()}, "to": {f.to.String()}}
	for name, value := range map[string]string{"person": f.person, "rotation": f.rotation, "rates": f.rates} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

func oncallReportCommand(p process) *cobra.Command {
	var flags reportFlags
	cmd := &cobra.Command{
		Use:   "report --config FILE --from TIME --to TIME [--person ID] [--rotation ID] [--json|--csv] [--pay] [--rates …]",
		Short: "What being on call asked of people",
		Long: "Prints figures about a period: time on call by kind of hour on each person's own\n" +
			"clock, interruptions, disturbed nights, short rests, and the coverage and load of\n" +
			"each rotation. The versions of the roster that were current then are used. Nobody\n" +
			"is ranked: lists are sorted by name. With --pay it prints a draft for payroll, one\n" +
			"line for each person and kind of hour. --rates are for an hour, in the smallest unit\n" +
			"of the currency.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "from", "to"); err != nil {
				return err
			}
			if flags.json && flags.form != (form{}) {
				return wrong(cmd, "--json has everything; leave out --csv and --pay")
			}
			o, err := flags.operator(cmd, p.Env)
			if err != nil {
				return err
			}
			answer, err := o.get(cmd.Context(), "/v1/oncall/report", flags.query())
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error {
				var f figures
				if err := read(answer, &f); err != nil {
					return err
				}
				return f.print(p.Out, flags.form)
			})
		},
	}
	flags.add(cmd)
	return cmd
}

// figures is the answer of the bot.
type figures struct {
	report.OnCall
	Pay []struct {
		Person  string
		Kind    string
		Minutes int
		Rate    int64
		Amount  int64
	}
}

// form is how figures are printed.
type form struct{ csv, pay bool }

func (f figures) print(w io.Writer, how form) error {
	tables := [][][]string{f.people(), f.rotations(), f.reminders()}
	if how.pay {
		tables = [][][]string{f.pay()}
	}
	for n, rows := range tables {
		if len(rows) == 1 && len(tables) > 1 {
			continue // only its head: nothing of that kind was asked for
		}
		if n > 0 && len(tables[0]) > 1 {
			fmt.Fprintln(w)
		}
		if err := printRows(w, rows, how.csv); err != nil {
			return err
		}
	}
	if text := f.incidents(); text != "" && !how.csv && !how.pay {
		fmt.Fprintln(w, "\n"+text)
	}
	return nil
}

// incidents says how many there were, what is left out of that number, and how often the
// first page reached the owner.
func (f figures) incidents() string {
	c, first := f.Incidents, f.FirstPages
	if c == nil || first == nil {
		return ""
	}
	text := fmt.Sprintf("Incidents: %d. Not counted: %d cancelled, %s, %s, %d merged, %s.\n", c.Counted, c.Cancelled,
		incident.Count(c.NearMiss, "near miss", "near misses"), incident.Count(c.FalseAlarm, "false alarm", "false alarms"), c.Merged, incident.Count(c.Drills, "drill", "drills"))
	text += fmt.Sprintf("First page to the owning team: %d of %d; moved to another service: %s.", first.Reached, first.Of, incident.Count(first.Reroutes, "time", "times"))
	if len(first.Astray) > 0 {
		var names []string
		for _, n := range first.Astray {
			names = append(names, incident.Name(n))
		}
		text += " Went elsewhere first: " + incident.FirstOf(names, 20) + "."
	}
	if len(f.Unread) > 0 {
		text += "\nWhat these asked of people is not counted, since their archive files cannot be read: " + incident.FirstOf(f.Unread, 20) + "."
	}
	return text
}

// reminders are how often which role was reminded of what, for tuning the bot.
func (f figures) reminders() [][]string {
	rows := [][]string{strings.Fields("reminders_of role severity sent answered put_off moved over")}
	for _, n := range f.Reminders {
		rows = append(rows, []string{n.About, cmp.Or(string(n.Role), "-"), cmp.Or(n.Severity, "-"), strconv.Itoa(n.Sent), strconv.Itoa(n.Answered),
			strconv.Itoa(n.PutOff), strconv.Itoa(n.Moved), strconv.Itoa(n.Over)})
	}
	return rows
}

// printRows prints a table. Nothing in it can be taken for a formula.
func printRows(w io.Writer, rows [][]string, asCSV bool) error {
	if asCSV {
		c := csv.NewWriter(w)
		for _, row := range rows {
			for k, cell := range row {
				row[k] = spreadsheetText(cell)
			}
			if err := c.Write(row); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t"))
	}
	return table.Flush()
}

// spreadsheetText keeps a spreadsheet from running a cell as a formula (OWASP: CSV
// injection).
func spreadsheetText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (f figures) people() [][]string {
	rows := [][]string{strings.Fields("person zone business_h weekday_off_h weekend_h holiday_h gained_h lost_h share_% " +
		"interruptions business off sleep nights awake_min in_a_row weekends short_rests pages own_answers unanswered load_h")}
	for _, p := range f.OnCall.People {
		rows = append(rows, []string{p.ID, p.TimeZone, hours(p.Business), hours(p.WeekdayOff), hours(p.Weekend), hours(p.Holiday),
			hours(p.Gained), hours(p.Lost), strconv.Itoa(p.Share), strconv.Itoa(p.Interruptions), strconv.Itoa(p.InBusiness),
			strconv.Itoa(p.InOff), strconv.Itoa(p.InSleep), strconv.Itoa(p.Nights), strconv.Itoa(p.Awake), strconv.Itoa(p.LongestRun), strconv.Itoa(p.WeekendsOnCall),
			strconv.Itoa(len(p.Rests)), strconv.Itoa(p.Pages), strconv.Itoa(p.OwnAnswers), strconv.Itoa(p.Unanswered), decimal(p.Load)})
	}
	return rows
}

func (f figures) rotations() [][]string {
	rows := [][]string{strings.Fields("rotation coverage_% gaps gap_h pages pages_per_12h worst_12h people most_share_% balance_% pages_in_a_gap")}
	for _, r := range f.OnCall.Rotations {
		rows = append(rows, []string{r.ID, strconv.Itoa(r.Coverage), strconv.Itoa(r.Gaps), hours(r.GapMinutes), strconv.Itoa(r.Pages),
			decimal(r.PagesPer12h), strconv.Itoa(r.Worst12h), strconv.Itoa(r.People), strconv.Itoa(r.MostShare), strconv.Itoa(r.Balance), strconv.Itoa(r.Unattended)})
	}
	return rows
}

func (f figures) pay() [][]string {
	rows := [][]string{{"person", "kind", "from", "to", "minutes", "rate_per_hour", "amount"}}
	from, to := f.From.Format(time.RFC3339), f.To.Format(time.RFC3339)
	for _, l := range f.Pay {
		rows = append(rows, []string{l.Person, l.Kind, from, to, strconv.Itoa(l.Minutes), strconv.FormatInt(l.Rate, 10), strconv.FormatInt(l.Amount, 10)})
	}
	return rows
}

// hours shows minutes as hours.
func hours(minutes int) string { return decimal(float64(minutes) / 60) }

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
