package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/bot/web"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// The commands below ask the running bot. Where none runs they open its store
// themselves, as the only process that has it.

// reach is the two ways to a roster.
type reach struct {
	bot   func(*operator) error
	store func(context.Context, *oncall.Roster) error // where no bot answers
}

// withRoster goes one of the two ways.
func withRoster(cmd *cobra.Command, p process, flags *operatorFlags, r reach) error {
	c, err := flags.configuration(cmd, p.Env)
	if err != nil {
		return err
	}
	noBot := fmt.Errorf("http.admin_token is not set, so a running bot cannot be asked")
	if c.HTTP.AdminToken.Reveal() != "" {
		o, err := flags.operatorOf(c)
		if err != nil {
			return err
		}
		o.look = "roster history"
		err = r.bot(o)
		absent := (*absentError)(nil)
		if !errors.As(err, &absent) {
			return err
		}
		noBot = fmt.Errorf("nothing answers at %s", absent.address)
	}
	return inStore(cmd.Context(), c, noBot, r.store)
}

// inStore opens the store, which nobody else may have open.
func inStore(ctx context.Context, c *configs.Config, noBot error, f func(context.Context, *oncall.Roster) error) error {
	if c.Store.Engine != "bolt" {
		return fmt.Errorf("%v, and the store is a cluster, which only a running bot writes; start the bot", noBot)
	}
	if _, err := os.Stat(c.Store.Path); err != nil {
		return fmt.Errorf("%v, and there is no store at %s yet; `stormbell run` makes it and applies the roster of the configuration", noBot, c.Store.Path)
	}
	engine, err := bolt.Open(c.Store.Path, bolt.Options{})
	if err != nil {
		return fmt.Errorf("%v, and the store cannot be used: %v", noBot, err)
	}
	db := storage.New(engine)
	people, err := openRoster(ctx, db, c)
	if err == nil {
		err = f(ctx, people)
	}
	return errors.Join(err, db.Close())
}

func openRoster(ctx context.Context, db *storage.DB, c *configs.Config) (*oncall.Roster, error) {
	l, err := ledger.Open(ctx, db)
	if err != nil {
		return nil, err
	}
	return oncall.Open(ctx, l, oncall.Options{Zone: c.BusinessTimeZone})
}

// exportLive returns the text of the roster that holds, or of another version.
func exportLive(cmd *cobra.Command, p process, flags *operatorFlags, version int) ([]byte, error) {
	if flags.config == "" && !cmd.Flag("version").Changed {
		if _, err := loadConfig(cmd, "", p.Env); usage(err) {
			return nil, wrong(cmd, "--config FILE or --roster FILE is missing")
		}
	}
	text, _, err := liveText(cmd, p, flags, version)
	return text, err
}

func usage(err error) bool {
	var u usageError
	return errors.As(err, &u)
}

// liveText returns a version of the roster, the one that holds for 0, and its
// number.
func liveText(cmd *cobra.Command, p process, flags *operatorFlags, version int) (text []byte, n int, err error) {
	err = withRoster(cmd, p, flags, reach{func(o *operator) (err error) {
		query := url.Values{}
		if version != 0 {
			query.Set("version", strconv.Itoa(version))
		}
		text, n, err = o.roster(cmd.Context(), query)
		return err
	}, func(ctx context.Context, people *oncall.Roster) (err error) {
		n = version
		if n == 0 {
			n = people.Current().Version
		}
		if n == 0 {
			return errNoRoster
		}
		text, err = people.RosterText(ctx, n)
		return plainWords(err)
	}})
	return text, n, err
}

// errNoRoster is that no roster was ever applied.
var errNoRoster = errors.New("there is no roster yet; `stormbell roster apply` makes a file the first version")

// roster asks for a version of the roster.
func (o *operator) roster(ctx context.Context, query url.Values) ([]byte, int, error) {
	text, err := o.get(ctx, "/v1/roster", query)
	if err != nil {
		return nil, 0, err
	}
	n, _ := strconv.Atoi(strings.Trim(o.tag, `"`))
	return text, n, nil
}

// holding is the roster that holds.
type holding struct {
	roster  *rotation.Roster
	text    []byte
	version int // 0 before the first, and of a file
}

// liveRoster returns the roster that holds; an empty one where there is none yet.
func liveRoster(cmd *cobra.Command, p process, flags *operatorFlags) (holding, error) {
	if flags.config == "" {
		if _, err := loadConfig(cmd, "", p.Env); usage(err) {
			return holding{}, wrong(cmd, "--config FILE or --roster CURRENT is missing")
		}
	}
	text, n, err := liveText(cmd, p, flags, 0)
	var refused *refusedError
	if errors.As(err, &refused) && refused.status == http.StatusNotFound || errors.Is(err, errNoRoster) {
		return holding{roster: &rotation.Roster{}}, nil
	}
	if err != nil {
		return holding{}, err
	}
	r, err := rotation.ParseStored("the current roster", text)
	return holding{r, text, n}, err
}

// plainWords makes one line of a refusal.
func plainWords(err error) error {
	var r *incident.Refusal
	if errors.As(err, &r) {
		return errors.New(strings.TrimSpace(r.Why + " " + r.Next))
	}
	return err
}

func rosterApplyCommand(p process) *cobra.Command {
	var flags operatorFlags
	var why string
	var match int
	cmd := &cobra.Command{
		Use:   "apply --config FILE [--match VERSION] [--why TEXT] [--json] FILE",
		Short: "Make a file the current roster",
		Long: "Makes FILE the current roster, and prints what changes. Everything that is not in\n" +
			"FILE is removed, overrides and swaps made in Slack too: change a new export, not an\n" +
			"old file. Nothing is applied unless everything is valid. With --match it is refused\n" +
			"if another version is current by now. The history says who applied it and why.\n",
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			next, text, err := readRosterText(args[0])
			if err != nil {
				return err
			}
			if len(next.Export()) == 0 {
				return fmt.Errorf("%s has no entry; nothing was changed", args[0])
			}
			a := application{next, text, why, match}
			return withRoster(cmd, p, &flags, reach{
				func(o *operator) error { return a.throughBot(cmd.Context(), p, &flags, o) },
				func(ctx context.Context, people *oncall.Roster) error { return a.inStore(ctx, p, &flags, people) }})
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&why, "why", "", "the reason, a `TEXT` for the history")
	cmd.Flags().IntVar(&match, "match", 0, "refuse it unless this `VERSION` is current")
	return cmd
}

// application is a roster that is to hold.
type application struct {
	roster *rotation.Roster
	text   []byte
	why    string
	match  int
}

// appliedJSON is what became of it.
type appliedJSON struct {
	Version  int      `json:"version"`
	Changed  bool     `json:"changed"`
	Plan     []string `json:"plan"`
	Findings []string `json:"findings"`
}

func (a appliedJSON) words(p process) error {
	lines := a.Plan
	for _, f := range a.Findings {
		lines = append(lines, "look at: "+f)
	}
	if a.Changed {
		lines = append(lines, fmt.Sprintf("version %d is current now", a.Version))
	}
	text := strings.Join(lines, "\n")
	if a.Changed {
		text = strings.ReplaceAll(strings.ReplaceAll(text, " would be added\n", " is added\n"), " would be removed\n", " is removed\n")
		text = strings.ReplaceAll(text, " would be changed\n", " is changed\n")
		text = strings.Replace(text, web.OnlyComments, "nothing is changed but comments and layout", 1)
	}
	_, err := fmt.Fprintln(p.Out, text)
	return err
}

func (a application) throughBot(ctx context.Context, p process, flags *operatorFlags, o *operator) error {
	o.kind = "application/yaml"
	if a.match > 0 {
		o.match = strconv.Quote(strconv.Itoa(a.match))
	}
	path := "/v1/roster"
	if a.why != "" {
		path += "?" + url.Values{"why": {a.why}}.Encode()
	}
	answer, err := o.ask(ctx, http.MethodPost, path, a.text)
	if err != nil {
		return err
	}
	return flags.write(p.Out, answer, func() error {
		var out appliedJSON
		if err := read(answer, &out); err != nil {
			return err
		}
		return out.words(p)
	})
}

func (a application) inStore(ctx context.Context, p process, flags *operatorFlags, people *oncall.Roster) error {
	now := time.Now().UTC()
	out := appliedJSON{Plan: rotation.Plan(people.Current().Roster, a.roster, now).Lines(), Findings: web.NewFindings(people.Current().Roster, a.roster, now)}
	same := a.roster.Equal(people.Current().Roster)
	done, err := people.Apply(ctx, oncall.Caller{Actor: oncall.CommandLine}, oncall.Application{Roster: a.roster, Text: a.text, Why: a.why, Match: a.match})
	var race *oncall.VersionError
	if errors.As(err, &race) {
		return fmt.Errorf("version %d of the roster is current, and this was made from version %d; export it again and repeat the change there", race.Holds.Version, race.Meant)
	}
	if err != nil {
		return plainWords(err)
	}
	out.Version, out.Changed = done.Version, !done.Repeated
	if out.Changed && same {
		out.Plan = []string{web.OnlyComments}
	}
	if flags.json {
		return printJSON(p.Out, out)
	}
	return out.words(p)
}

func rosterHistoryCommand(p process) *cobra.Command {
	var flags operatorFlags
	var most, before int
	cmd := &cobra.Command{
		Use:   "history --config FILE [--limit N] [--before VERSION] [--json]",
		Short: "Who changed the roster, when and why",
		Long:  "Prints every change of the roster, the newest first. `roster export --version N`\nprints the roster as a change left it.\n",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if most < 1 || most > web.HistoryMost {
				return wrong(cmd, fmt.Sprintf("--limit must be a number from 1 to %d", web.HistoryMost))
			}
			if before < 0 {
				return wrong(cmd, "--before must be a version of the roster, a number from 1")
			}
			var answer []byte
			err := withRoster(cmd, p, &flags, reach{func(o *operator) (err error) {
				answer, err = o.get(cmd.Context(), "/v1/roster/history", historyQuery(most, before))
				return err
			}, func(ctx context.Context, people *oncall.Roster) error {
				list, err := people.History(ctx, 0)
				if err == nil {
					answer, err = json.Marshal(web.NewHistoryPage(list, before, most))
				}
				return err
			}})
			if err != nil {
				return err
			}
			return flags.write(p.Out, answer, func() error { return printHistory(p, answer) })
		},
	}
	flags.add(cmd)
	cmd.Flags().IntVar(&most, "limit", web.HistoryMost, "at most `N` changes")
	cmd.Flags().IntVar(&before, "before", 0, "older than this `VERSION`")
	return cmd
}

func historyQuery(most, before int) url.Values {
	q := url.Values{"limit": {strconv.Itoa(most)}}
	if before > 0 {
		q.Set("before", strconv.Itoa(before))
	}
	return q
}

func printHistory(p process, answer []byte) error {
	var out web.HistoryPage
	if err := read(answer, &out); err != nil {
		return err
	}
	table := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VERSION\tAT\tBY\tWHAT\tWHERE\tDETAILS")
	for _, c := range out.History {
		details := c.What
		if c.Why != "" {
			details += " (" + c.Why + ")"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", c.Version, c.At.UTC().Format(time.RFC3339), c.Through.After(string(c.By)), c.Kind, people([]string{c.Rotation}, "-"), details)
	}
	if err := table.Flush(); err != nil || out.More == 0 {
		return err
	}
	_, err := fmt.Fprintf(p.Out, "There are older changes, which are not shown. To see them, add --before %d.\n", out.More)
	return err
}
