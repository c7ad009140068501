package bot

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stormbell/stormbell/bot/slacksim"
)

// TestBookmarks: the links of the service stand at the top of the channel, once, also
// after it was moved and after a restart; without the right to set them nothing else is lost.
func TestBookmarks(t *testing.T) {
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
