// Package monitoring holds what docs/monitoring has for Prometheus and Grafana to
// Prometheus' own code: its readers of rules and of queries, and its engine. It is
// a module of its own, so that none of that is a dependency of the product.
package monitoring

import (
	"bufio"
	"encoding/json"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/teststorage"
)

const docs = "../../docs/"

var language = parser.NewParser(parser.Options{})

// rules reads the rules as Prometheus does.
func rules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(docs+"monitoring/rules.yaml", false, model.UTF8Validation, language, slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatalf("Prometheus would not load the rules: %v", errs)
	}
	var list []rulefmt.Rule
	for _, g := range groups.Groups {
		list = append(list, g.Rules...)
	}
	if len(list) < 10 {
		t.Fatalf("only %d rules", len(list))
	}
	return list
}

// exposed returns the names of the series that the program exposes, with the labels
// of each, from the table that its own tests write.
func exposed(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open(docs + "http.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[string][]string{"up": nil}
	row := regexp.MustCompile("^\\| `(stormbell_\\w+)` \\| (counter|gauge|histogram) \\| ([^|]*) \\|")
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := row.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		of := strings.FieldsFunc(m[3], func(r rune) bool { return r == ',' || r == ' ' })
		if m[2] != "histogram" {
			names[m[1]] = of
			continue
		}
		names[m[1]+"_bucket"], names[m[1]+"_sum"], names[m[1]+"_count"] = append([]string{"le"}, of...), of, of
	}
	if len(names) < 20 {
		t.Fatalf("the table of metrics in http.md has only %d names", len(names))
	}
	return names
}

// problems returns what is wrong with a query: that it cannot be read, or that it asks for
// a metric or a label that there is not.
func problems(query string, names map[string][]string) []string {
	e, err := language.ParseExpr(query)
	if err != nil {
		return []string{err.Error()}
	}
	var list []string
	labelsOf := []string{"instance", "job"}
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		of, known := names[s.Name]
		if !known {
			list = append(list, "there is no metric "+s.Name)
		}
		labelsOf = append(labelsOf, of...)
		for _, m := range s.LabelMatchers {
			if m.Name != model.MetricNameLabel && !slices.Contains(append([]string{"instance", "job"}, of...), m.Name) {
				list = append(list, s.Name+" has no label "+m.Name)
			}
		}
		return nil
	})
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok {
			for _, by := range a.Grouping {
				if !slices.Contains(labelsOf, by) {
					list = append(list, "nothing here has the label "+by)
				}
			}
		}
		return nil
	})
	return list
}

func TestProblems(t *testing.T) {
	names := exposed(t)
	for query, want := range map[string]string{
		`sum by (via) (rate(stormbell_notification_attempts_total{outcome="ok"}[5m]))`: "",
		`rate(stormbell_nothing_total[5m])`:                                            "there is no metric stormbell_nothing_total",
		`stormbell_ready{via="sms"}`:                                                   "stormbell_ready has no label via",
		`sum by (vai) (stormbell_contact_method_failing)`:                              "nothing here has the label vai",
		`sum by (via`: "parse error",
	} {
		if got := strings.Join(problems(query, names), "; "); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("problems(%s) = %q, want %q", query, got, want)
		}
	}
}

func TestRules(t *testing.T) {
	names, seen := exposed(t), map[string]bool{}
	for _, r := range rules(t) {
		if seen[r.Alert] || r.Alert == "" {
			t.Errorf("the rule %q is there twice, or is no alert", r.Alert)
		}
		seen[r.Alert] = true
		for _, p := range problems(r.Expr, names) {
			t.Errorf("%s: %s", r.Alert, p)
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" || r.Labels["service"] != "stormbell" {
			t.Errorf("%s has the labels %v, want a severity and service: stormbell", r.Alert, r.Labels)
		}
		if len(r.Annotations["summary"]) < 10 || len(r.Annotations["description"]) < 80 {
			t.Errorf("%s does not say what is wrong and what to do about it: %v", r.Alert, r.Annotations)
		}
	}
}

// TestDashboard reads every query of the dashboard, with values in the place of Grafana's
// variables.
func TestDashboard(t *testing.T) {
	type target struct {
		Expr, RefID string
		Datasource  struct{ UID string }
	}
	var board struct {
		UID, Title    string
		SchemaVersion int
		Templating    struct {
			List []struct{ Name, Type, Query any }
		}
		Panels []struct {
			ID          int
			Type, Title string
			GridPos     struct{ H, W, X, Y int }
			Targets     []target
		}
	}
	text, err := os.ReadFile(docs + "monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	if board.UID == "" || board.Title == "" || board.SchemaVersion < 36 {
		t.Errorf("uid %q, title %q, schemaVersion %d: Grafana needs all three, the last at least 36", board.UID, board.Title, board.SchemaVersion)
	}
	if !slices.ContainsFunc(board.Templating.List, func(v struct{ Name, Type, Query any }) bool {
		return v.Name == "datasource" && v.Type == "datasource" && v.Query == "prometheus"
	}) {
		t.Error("there is no variable for the data source, so it cannot be chosen when the dashboard is imported")
	}
	names, queries, ids := exposed(t), 0, map[int]bool{}
	variables := strings.NewReplacer("$__rate_interval", "1m", "$instance", ".*")
	for _, p := range board.Panels {
		if ids[p.ID] || p.GridPos.W < 1 || p.GridPos.H < 1 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d %q: its number is taken, or it has no place: %+v", p.ID, p.Title, p.GridPos)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, q := range p.Targets {
			queries++
			if q.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q asks the data source %q, want the variable", p.Title, q.Datasource.UID)
			}
			for _, problem := range problems(variables.Replace(q.Expr), names) {
				t.Errorf("panel %q: %s: %s", p.Title, q.Expr, problem)
			}
		}
	}
	if queries < 20 {
		t.Errorf("only %d queries were read", queries)
	}
}

// recording is what the program's own test has written: see TestMonitoringScenarios in
// cmd/stormbell.
type recording struct {
	Fires   []string
	Scrapes []struct {
		At     int64 // Unix milliseconds
		Up     int
		Series map[string]model.SampleValue
	}
}

// TestRulesFire evaluates every rule after every scrape of every scenario, as Prometheus
// would have. Those that the scenario is for must fire, and no others; what every good day
// looks like is a scenario as well.
func TestRulesFire(t *testing.T) {
	folder := os.Getenv("RECORDED")
	if folder == "" {
		t.Fatal("RECORDED must name the folder that go test ./cmd/stormbell -run TestMonitoringScenarios -record FOLDER has written; the stage monitoring of .ci/run does both")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d recordings in %s, %v", len(files), folder, err)
	}
	all := rules(t)
	ever := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			var r recording
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &r); err != nil {
				t.Fatal(err)
			}
			fired := r.replay(t, all)
			for name := range fired {
				ever[name] = true
			}
			if got, want := slices.Sorted(maps.Keys(fired)), slices.Sorted(slices.Values(r.Fires)); !slices.Equal(got, want) {
				t.Errorf("the rules that fired are %v, want %v", got, want)
			}
		})
	}
	for _, r := range all {
		if !ever[r.Alert] {
			t.Errorf("%s never fired", r.Alert)
		}
	}
}

// replay stores one scrape after another, evaluates the rules, and returns those that fired.
func (r recording) replay(t *testing.T, all []rulefmt.Rule) map[string]bool {
	t.Helper()
	store := teststorage.New(t)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, Parser: language})
	defer engine.Close()
	fired, since, last := map[string]bool{}, map[string]time.Time{}, map[string]bool{}
	for _, s := range r.Scrapes {
		at := time.UnixMilli(s.At)
		app := store.Appender(t.Context())
		put := func(series string, v float64) {
			l, err := language.ParseMetric(series)
			if err != nil {
				t.Fatal(err)
			}
			b := labels.NewBuilder(l)
			b.Set("job", "stormbell")
			b.Set("instance", "bell.test:80")
			if _, err := app.Append(0, b.Labels(), s.At, v); err != nil {
				t.Fatal(err)
			}
		}
		put("up", float64(s.Up))
		now := map[string]bool{}
		for series, v := range s.Series {
			put(series, float64(v))
			now[series] = true
		}
		for series := range last {
			if !now[series] { // Prometheus marks what has gone
				put(series, math.Float64frombits(value.StaleNaN))
			}
		}
		last = now
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, rule := range all {
			r.evaluate(t, engine, store, rule, at, since, fired)
		}
	}
	return fired
}

// evaluate asks one rule at one instant. What it returned since long enough, without a gap,
// fires.
func (r recording) evaluate(t *testing.T, engine *promql.Engine, store *teststorage.TestStorage, rule rulefmt.Rule, at time.Time, since map[string]time.Time, fired map[string]bool) {
	t.Helper()
	q, err := engine.NewInstantQuery(t.Context(), store, nil, rule.Expr, at)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	found, err := q.Exec(t.Context()).Vector()
	if err != nil {
		t.Fatalf("%s: %v", rule.Alert, err)
	}
	active := map[string]bool{}
	for _, sample := range found {
		key := rule.Alert + sample.Metric.String()
		active[key] = true
		if _, known := since[key]; !known {
			since[key] = at
		}
		if at.Sub(since[key]) >= time.Duration(rule.For) {
			fired[rule.Alert] = true
		}
	}
	for key := range since {
		if strings.HasPrefix(key, rule.Alert+"{") && !active[key] {
			delete(since, key)
		}
	}
}
