package desk

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

// BenchmarkSearch looks for words among 10,000 incidents, after the first search, which
// reads them all. It is to take at most 10 ms.
func BenchmarkSearch(b *testing.B) {
	d := manyIncidents(b, 10_000)
	for name, q := range map[string]Query{
		"rare":    {All: true, Search: "checkout 4711 slow", Limit: 15},
		"note":    {All: true, Search: "pool 4711", Limit: 15},
		"nothing": {All: true, Search: "zebra crossing", Limit: 15},
		"common":  {All: true, Search: "slow", Limit: 15},
		"closed":  {Statuses: []incident.Status{incident.Closed}, Limit: 15},
		"mine":    {All: true, Concerns: incident.Person("p7"), Limit: 15},
	} {
		b.Run(name, func(b *testing.B) {
			if _, err := d.Search(b.Context(), mal, q); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := d.Search(b.Context(), mal, q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFirstSearch reads everything that 10,000 incidents are found by, as after a
// start, with the notes among their 240,000 events.
func BenchmarkFirstSearch(b *testing.B) {
	d := manyIncidents(b, 10_000)
	for b.Loop() {
		d.past = past{}
		if _, err := d.Search(b.Context(), mal, Query{All: true, Search: "zebra", Limit: 15}); err != nil {
			b.Fatal(err)
		}
	}
}

// perTx is how many incidents one transaction of the store takes.
const perTx = 5

// perIncident is how many events each of the incidents has.
const perIncident = 24

// manyIncidents is a desk with so many incidents that are closed, but for every
// hundredth, which is private.
func manyIncidents(tb testing.TB, most int) *Desk {
	tb.Helper()
	engine, err := bolt.Open(filepath.Join(tb.TempDir(), "store.db"), bolt.Options{Unsynced: true})
	if err != nil {
		tb.Fatal(err)
	}
	db := storage.New(engine)
	tb.Cleanup(func() { db.Close() })
	l, err := ledger.Open(tb.Context(), db)
	if err != nil {
		tb.Fatal(err)
	}
	people, err := oncall.Open(tb.Context(), l, oncall.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	for from := 1; from <= most; from += perTx {
		err := db.Update(tb.Context(), func(tx *storage.Tx) error {
			for n := from; n < from+perTx && n <= most; n++ {
				who := incident.Person(fmt.Sprintf("p%d", n%50))
				i := incident.Incident{Number: n, Title: fmt.Sprintf("Checkout %d is slow for customers who pay by card", n), Severity: incident.Severity(1 + n%4),
					Status: incident.Closed, Service: fmt.Sprintf("service-%d", n%300), DeclaredBy: who, Declared: time.Unix(int64(n)*3600, 0).UTC(), Private: n%100 == 0,
					Says: "p99 latency is above 2.5 s in eu-west-1, says the monitor of the edge", Involved: []incident.Actor{who, incident.Person("boss")}}
				i.Events = perIncident
				if err := saveIncident(tx, i); err != nil {
					return err
				}
				for seq := 1; seq <= perIncident; seq++ {
					e := incident.Event{Seq: seq, Kind: incident.KindPaged, Person: who, Via: "slack", At: i.Declared, By: incident.Bot}
					if seq%8 == 0 {
						e.Kind, e.Text = incident.KindNote, fmt.Sprintf("the pool of release %d is empty after each deploy, and it takes a minute until it is full", n)
					}
					if err := saveEvent(tx, n, e); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	d, err := Open(tb.Context(), l, people, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return d
}
