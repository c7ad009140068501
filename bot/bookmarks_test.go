package bot

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestBookmarks: the links of the service stand at the top of the channel, once, also
// after it was moved and after a restart; without the right to set them nothing else is lost.
func TestBookmarks(t *testing.T) {
	t.Parallel()
	roster := strings.Replace(rosterText, "    runbook: {url: https://runbooks.example/checkout}\n", "    runbook: {title: Cards, url: https://runbooks.shop.example/cards}\n"+
		"    dashboards: [{title: Rates, url: https://graphs.shop.example/rates}]\n", 1)
	if roster == rosterText {
		t.Fatal("the roster has no such service")
	}
	titles := func(r *rig) string {
		var list []string
		for _, b := range r.channelOf(func() string { i, _ := r.fold(1); return i.Channel }()).Bookmarks {
			list = append(list, b.Title+" "+b.Link)
		}
		return strings.Join(list, "\n")
	}
	const want = "Runbook: Cards https://runbooks.shop.example/cards\nRates https://graphs.shop.example/rates"
	inBubbleWith(t, roster, func(r *rig) {
		r.command("eve", "general", "declare card payments fail sev1 service:search")
		r.pass(time.Minute)
		if got := titles(r); got != "" {
			t.Errorf("a service without links has bookmarks %s", got)
		}
		r.command("ada", "general", "ack INC-1")
		r.command("ada", "general", "reroute INC-1 checkout it is the cards")
		r.pass(time.Minute)
		if got := titles(r); got != want {
			t.Errorf("bookmarks are\n%s\nwant\n%s", got, want)
		}
		i, _ := r.fold(1)
		r.api("bookmarks.add", url.Values{"channel_id": {i.Channel}, "title": {"The provider's page"}, "type": {"link"}, "link": {"https://status.provider.example"}})
		r.command("cleo", "general", "service INC-1 search")
		r.pass(time.Minute)
		if got := titles(r); got != "The provider's page https://status.provider.example" {
			t.Errorf("after it was moved away bookmarks are\n%s", got)
		}
		r.stop()
		r.start()
		r.command("cleo", "general", "service INC-1 checkout")
		r.pass(time.Minute)
		if got := titles(r); got != "The provider's page https://status.provider.example\n"+want {
			t.Errorf("after a restart bookmarks are\n%s\nwant\n%s", got, want)
		}
	})
	inBubbleWith(t, roster, func(r *rig) {
		r.fault(slacksim.Fault{Method: "bookmarks.list", Error: "missing_scope", Times: 100})
		r.command("eve", "general", "declare card payments fail sev1 service:checkout")
		r.pass(2 * time.Minute)
		i, _ := r.fold(1)
		r.find(r.channel(i.ChannelName).Messages, "card payments fail")
		r.unfinished()
	})
}

// TestBookmarkOfThePostmortem leads from the top of the channel to the latest draft, once,
// also for a service without links.
func TestBookmarkOfThePostmortem(t *testing.T) {
	t.Parallel()
	inBubble(t, slacksim.Options{Manifest: manifest(t)}, func(r *rig) {
		r.command("eve", "general", "declare search is slow sev1 service:search")
		r.pass(time.Minute)
		room := r.incidentChannel(1)
		draft := func() slacksim.Message {
			t.Helper()
			return r.find(newestFirst(r.channelOf(room).Messages), "Draft of the post-mortem")
		}
		links := func() (list []string) {
			for _, b := range r.channelOf(room).Bookmarks {
				list = append(list, b.Title+" "+b.Link)
			}
			return list
		}
		r.command("ada", room, "resolve all is calm")
		r.pass(time.Minute)
		first := draft().TS
		if got := links(); len(got) != 1 || !strings.Contains(got[0], "Post-mortem (draft) ") || !strings.Contains(got[0], strings.Replace(first, ".", "", 1)) {
			t.Errorf("bookmarks: %v; want one to %s", got, first)
		}
		r.command("ada", room, "reopen it is slow again")
		r.pass(time.Minute)
		r.command("ada", room, "resolve now it is calm")
		r.pass(time.Minute)
		second := draft().TS
		if got := links(); second == first || len(got) != 1 || !strings.Contains(got[0], strings.Replace(second, ".", "", 1)) {
			t.Errorf("bookmarks: %v; want one to %s", got, second)
		}
		r.noErrors()
	})
}

func newestFirst(list []slacksim.Message) []slacksim.Message {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
