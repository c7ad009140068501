package web

import (
	"context"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
)

// setter takes one value of a gauge, with its labels in their order.
type setter func(value float64, labels ...string)

// gauge is a metric whose values are asked for when somebody looks.
type gauge struct {
	desc *prometheus.Desc
	ask  func(setter)
}

// Describe is a part of [prometheus.Collector].
func (g gauge) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect is a part of [prometheus.Collector].
func (g gauge) Collect(to chan<- prometheus.Metric) {
	g.ask(func(value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, labels...)
	})
}

func (m *Metrics) gauge(name, help string, ask func(setter), labels ...string) {
	m.list("gauge", name, help, labels...)
	m.registry.MustRegister(gauge{prometheus.NewDesc("stormbell_"+name, help, labels, nil), ask})
}

// Sources are asked when somebody looks at the metrics. Those that are nil have no
// values.
type Sources struct {
	Sockets    func() int            // how many sockets to Slack are connected
	Methods    []string              // the contact methods that are configured, besides Slack
	Failing    func(via string) bool // whether the provider of a contact method is taken to be out
	Size, Free func() (int64, error) // of the store, in bytes: what it takes, and what its file system has left

	Standbys func(context.Context) (int, error) // how many processes wait to take over

	Unread, Damaged func() bool // whether records of the store are still to be read for the first time, and whether its file was found damaged

	BackupEvery   time.Duration // how often the store is copied by itself; 0: it is not
	BackupFailing func() bool   // whether the copy that was due last could not be taken
}

// Watch adds what is asked of the parts of the program. It is called at most once.
func (m *Metrics) Watch(s Sources) {
	m.gauge("slack_sockets_connected", "Sockets to Slack that are connected, of the two that are kept.", func(set setter) {
		if s.Sockets != nil {
			set(float64(s.Sockets()))
		}
	})
	m.gauge("contact_method_failing", "1 when the contact method's provider has failed three times in a row and nothing has got through since: notifications take the next method at once, and one attempt is let through from time to time. Else 0.", func(set setter) {
		for _, via := range s.Methods {
			set(oneIf(s.Failing(via)), word(via))
		}
	}, "via")
	m.gauge("store_size_bytes", "Size of the store's file.", ifKnown(s.Size))
	m.gauge("store_free_bytes", "What is left for the store on its file system. Not there on systems that cannot be asked.", ifKnown(s.Free))
	m.gauge("standbys", "Bots that stand by to take over from this one, which does the work. Not there without a cluster.", func(set setter) {
		if s.Standbys == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		if n, err := s.Standbys(ctx); err == nil {
			set(float64(n))
		}
	})
	m.gauge("store_unread", "1 while records of a large store are still to be read for the first time since the start, else 0. Not there with a cluster.", ifSo(s.Unread))
	m.gauge("store_damaged", "1 when the store's file was found damaged after the start, else 0. A small store is read before the start, which refuses a damaged one. Not there with a cluster.", ifSo(s.Damaged))
	m.gauge("backup_interval_seconds", "How often the store is copied into backup.folder. Not there without one.", func(set setter) {
		if s.BackupEvery > 0 {
			set(s.BackupEvery.Seconds())
		}
	})
	m.gauge("backup_failing", "1 when the copy of the store that was due last could not be taken, or its records do not fit each other; else 0. Not there without backup.folder.", ifSo(s.BackupFailing))
	for _, via := range s.Methods {
		for _, outcome := range outcomes {
			for _, c := range m.attempts {
				c.WithLabelValues(word(via), outcome)
			}
		}
	}
}

// ifSo sets 1 or 0, where somebody knows which.
func ifSo(ask func() bool) func(setter) {
	return func(set setter) {
		if ask != nil {
			set(oneIf(ask()))
		}
	}
}

// ifKnown sets a value unless it cannot be told.
func ifKnown(ask func() (int64, error)) func(setter) {
	return func(set setter) {
		if ask == nil {
			return
		}
		if n, err := ask(); err == nil {
			set(float64(n))
		}
	}
}

// watch adds what is asked of the server when somebody looks.
func (m *Metrics) watch(s *Server) {
	m.gauge("open_incidents", "Incidents that are open, by severity and status. Private ones are not counted, since anybody may read this, and neither are tests.", s.openIncidents, "severity", "status")
	m.gauge("leader", "1 when this process is the writer, 0 while it stands by.", func(set setter) { set(oneIf(s.desk.Load() != nil)) })
	m.gauge("ready", "What GET /readyz says: 1 while the process does its work, else 0.", func(set setter) {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		for _, c := range s.checks(ctx) {
			if !c.OK {
				set(0)
				return
			}
		}
		set(1)
	})
	m.gauge("last_backup_timestamp_seconds", "When a copy of the store was last taken, by itself or by hand, in Unix time; 0 when none is known of.", s.lastBackup)
	m.watchArchive(s)
	m.gauge("slack_token_refused", "1 while Slack does not take the app or the bot token, else 0.", s.ofSlack(func(_ time.Time, refused string) float64 {
		return oneIf(refused != "")
	}))
	m.gauge("slack_last_frame_timestamp_seconds", "When the last frame came from Slack, in Unix time; 0 while none has come.", s.ofSlack(func(heard time.Time, _ string) float64 {
		if heard.IsZero() {
			return 0
		}
		return float64(heard.UnixMilli()) / 1000
	}))
	m.gauge("slack_last_frame_seconds", "The time since then, under its old name, until the next version; -1 while none has come.", s.ofSlack(func(heard time.Time, _ string) float64 {
		if heard.IsZero() {
			return -1
		}
		return time.Since(heard).Seconds()
	}))
}

// ofSlack sets a value that is about Slack, unless this process has nothing to do with
// it.
func (s *Server) ofSlack(value func(heard time.Time, refused string) float64) func(setter) {
	return func(set setter) {
		if d := s.desk.Load(); d != nil && d.Heard != nil {
			set(value(d.Heard(), d.Refused()))
		}
	}
}

// watchArchive adds what is known of the archive.
func (m *Metrics) watchArchive(s *Server) {
	wanted := func(value func(desk.Archival) float64) func(setter) {
		return s.ofArchive(func(a desk.Archival) (float64, bool) { return value(a), a.After > 0 })
	}
	looked := func(value func(desk.ArchiveFiles) float64) func(setter) {
		return s.ofArchive(func(a desk.Archival) (float64, bool) { return value(a.Files), !a.Files.At.IsZero() })
	}
	m.gauge("archive_last_run_timestamp_seconds", "When it was last gone through to the end for incidents to archive, in Unix time; before the first time, since when archive.after is set. Not there without archive.after.",
		wanted(func(a desk.Archival) float64 { return float64(a.Done().UnixMilli()) / 1000 }))
	m.gauge("archive_failing", "1 when not every incident that was due could be archived the last time, or not every archive file be read; else 0. Not there without archive.after.",
		wanted(func(a desk.Archival) float64 { return oneIf(a.Trouble != "") }))
	m.gauge("archive_waiting_incidents", "Incidents that ended longer ago than archive.after and were in the store still when that was last looked for: they could not be moved, or something is left to be done about them. Not there without archive.after.",
		wanted(func(a desk.Archival) float64 {
			n := a.Waiting
			for _, s := range a.Stay {
				n += s.Incidents
			}
			return float64(n)
		}))
	m.gauge("archive_files", "Archive files in which the store says that incidents lie.", looked(func(f desk.ArchiveFiles) float64 { return float64(f.Files) }))
	m.gauge("archive_unreadable_files", "Those of them that are missing on this machine, damaged or of another day. They are looked at every 10 minutes, by a bot that stands by as well.", looked(func(f desk.ArchiveFiles) float64 { return float64(len(f.Unread)) }))
	m.gauge("archive_size_bytes", "Size of the archive files.", looked(func(f desk.ArchiveFiles) float64 { return float64(f.Bytes) }))
}

// ofArchive sets a value that is about the archive, where there is one.
func (s *Server) ofArchive(value func(desk.Archival) (v float64, ok bool)) func(setter) {
	return func(set setter) {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		a, err := s.archival(ctx)
		if err != nil {
			return
		}
		if v, ok := value(a.Archival); ok {
			set(v)
		}
	}
}

// lastBackup sets when a copy of the store was last taken. A store that cannot be read
// is no store without copies: nothing is set.
func (s *Server) lastBackup(set setter) {
	d := s.desk.Load()
	if d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	known, err := d.Desk.Backup(ctx)
	if err != nil {
		return
	}
	if known.At.IsZero() {
		set(0)
		return
	}
	set(float64(known.At.UnixMilli()) / 1000)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// askFor is how long the store is asked for one metric.
const askFor = 5 * time.Second

// openStatuses are those of open incidents, in their order.
var openStatuses = []incident.Status{incident.Declared, incident.Investigating, incident.Mitigating, incident.Mitigated}

func severityWords() []string {
	return []string{incident.Sev1.String(), incident.Sev2.String(), incident.Sev3.String(), incident.Sev4.String()}
}

// openIncidents sets every combination, so that a sum of none is 0 and not nothing.
// A store that cannot be read is no store without incidents: nothing is set.
func (s *Server) openIncidents(set setter) {
	d := s.desk.Load()
	if d == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	list, err := d.Active(ctx, incident.SlackUser("")) // somebody who is involved in nothing
	if err != nil {
		return
	}
	open := map[[2]string]int{}
	for _, i := range list {
		if !i.Test {
			open[[2]string{i.Severity.String(), string(i.Status)}]++
		}
	}
	for _, severity := range severityWords() {
		for _, status := range openStatuses {
			set(float64(open[[2]string{severity, string(status)}]), severity, string(status))
		}
	}
}

// priorities is how many priorities the jobs of the outbox have.
const priorities = 4

// backlog is what waits of one priority.
type backlog struct {
	jobs   int
	oldest time.Time
}

// Waiting tells how many jobs of a priority, from 0, wait, and since when the one that
// waits longest could have left; the zero time: none could.
func (m *Metrics) Waiting(priority, jobs int, oldest time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.backlog[priority] = backlog{jobs, oldest}
}

// waits adds what waits in the outbox. The age grows while the loop that should call
// Waiting hangs.
func (m *Metrics) waits() {
	const by = " By priority: 0 asks somebody, 1 follows from that, 2 is what people read, 3 is cosmetic."
	each := func(ask func(backlog) float64) func(setter) {
		return func(set setter) {
			m.mu.Lock()
			all := m.backlog
			m.mu.Unlock()
			for priority, b := range all {
				set(ask(b), strconv.Itoa(priority))
			}
		}
	}
	m.gauge("outbox_jobs", "Jobs that wait in the outbox."+by, each(func(b backlog) float64 { return float64(b.jobs) }), "priority")
	m.gauge("outbox_oldest_seconds", "How long the job that waits longest in the outbox could have left; what is to wait for its time is not late."+by, each(func(b backlog) float64 {
		if b.jobs == 0 || b.oldest.IsZero() {
			return 0
		}
		return max(time.Since(b.oldest).Seconds(), 0)
	}), "priority")
}
