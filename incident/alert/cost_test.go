package alert

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// allocated returns how many bytes f allocates in all, which is more than it ever
// has at once.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestMemory holds the reading of a body to three times its size, whatever is in
// it, and a megabyte for what an alert costs anyway.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, with which the short tests run, takes memory of its own")
	}
	list := func(first, each, last string, n int) string { return first + strings.Repeat(each+",", n) + each + last }
	numbered := func(first, each, last string, n int) string {
		var b strings.Builder
		b.WriteString(first)
		for k := range n {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, each, k)
		}
		return b.String() + last
	}
	long := strings.Repeat("wörd and \\n line ", 60_000)
	bodies := []struct {
		name string
		body string
	}{
		{"zeros", list(`{"title":"x","message":"m","alerts":[{}],"details":[`, "0", "]}", 170_000)},
		{"many keys", numbered(`{"title":"x","message":"m","alerts":[{}],"details":{`, `"k%d":0`, "}}", 100_000)},
		{"many keys at the top", numbered(`{"title":"x","message":"m","alerts":[{}],`, `"k%d":0`, "}", 100_000)},
		{"many alerts", list(`{"title":"x","message":"m","alerts":[`, `{"labels":{"a":"b"}}`, "]}", 100_000)},
		{"many bad alerts", list(`{"title":"x","message":"m","alerts":[{},`, `7`, "]}", 150_000)},
		{"many alerts of a thousand labels", list(`{"title":"x","message":"m","alerts":[`, numbered(`{"labels":{`, `"k%d":"v"`, "}}", 1000), "]}", 199)},
		{"deep", `{"title":"x","message":"m","alerts":[{}],"details":` + strings.Repeat("[", 150_000) + strings.Repeat("]", 150_000) + "}"},
		{"deep objects", `{"title":"x","message":"m","alerts":[{}],"details":` + strings.Repeat(`{"a":`, 60_000) + "1" + strings.Repeat("}", 60_000) + "}"},
		{"a long title", `{"title":"` + long + `","message":"` + long + `","alerts":[{}]}`},
		{"a long summary", `{"title":"x","message":"m","description":"` + long + `","alerts":[{"annotations":{"summary":"` + long + `","description":"` + long + `"}}]}`},
		{"a long key", `{"title":"x","message":"m","dedup_key":"` + long + `","alias":"` + long + `","alerts":[{"fingerprint":"` + long + `"}]}`},
		{"many links", numbered(`{"title":"x","message":"m","alerts":[{}],"links":[`, `"https://a.example/%d"`, "]}", 100_000)},
		{"many tags", list(`{"title":"x","message":"m","alerts":[{}],"tags":[`, `"a:b"`, "]}", 100_000)},
		{"one text of tags", `{"title":"x","message":"m","alerts":[{}],"tags":"` + strings.Repeat("a,", 150_000) + `"}`},
		{"many addresses in a text", `{"title":"x","message":"m","alerts":[{}],"body":"` + strings.Repeat("[a](https://a.example/b) @x ", 40_000) + `"}`},
		{"many lists of pictures", list(`{"title":"x","message":"m","alerts":[{}],"images":[`, `7`, "]}", 100_000)},
	}
	mapping := mappings(t)["zabbix"]
	for n, test := range bodies {
		for k, sender := range []Sender{SenderEvent, SenderAlertmanager, SenderGrafana, SenderDatadog, SenderOpsgenie, SenderWebhook, SenderPagerDuty} {
			if os.Getenv("EVERY_CASE") == "" && (n+k)%2 > 0 {
				continue // each body for every other sender
			}
			body := []byte(test.body)
			if sender == SenderPagerDuty {
				body = []byte(`{"event_action":"trigger","payload":{"summary":"x","custom_details":` + test.body + `},"links":` + test.body + "}")
			}
			r := Request{Sender: sender, Body: body, Mapping: mapping}
			var err error
			got := allocated(func() { _, err = Read(r) })
			if err != nil {
				t.Errorf("%s: %s: %.200v", sender, test.name, err)
			}
			if most := uint64(3*len(body) + 2<<20); got > most {
				t.Errorf("%s: %s: %d bytes cost %d (%.1f times), want at most %d", sender, test.name, len(body), got, float64(got)/float64(len(body)), most)
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, s := range samples(b) {
		if s.File != "alertmanager_single.json" && s.File != "alertmanager_group_1500.json" && s.File != "grafana_firing.json" && s.File != "pagerduty_trigger.json" && s.File != "zabbix_problem.json" {
			continue
		}
		r := s.request(b)
		b.Run(s.File, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(r.Body)))
			for b.Loop() {
				if _, err := Read(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	body := []byte(`{"title":"x","message":"m","details":{"n":1}}`)
	b.Run("event", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Read(Request{Sender: SenderEvent, Body: body}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
