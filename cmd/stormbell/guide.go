package main

import (
	"slices"
	"strings"

	"github.com/stormbell/stormbell/bot/slacksim"
	"github.com/stormbell/stormbell/bot/slacksim/page"
)

// guide leads a newcomer through one incident in five minutes. A step is done
// when the workspace shows it, however it came about.
func guide() []page.Step {
	rooms := func(there func(slacksim.Channel) bool) func(slacksim.State) bool {
		return func(st slacksim.State) bool { return slices.ContainsFunc(st.Channels, there) }
	}
	inRoom := func(words string) func(slacksim.State) bool {
		return rooms(func(c slacksim.Channel) bool { return strings.HasPrefix(c.Name, "inc-") && onScreen(c.Messages, words) })
	}
	return []page.Step{
		{Title: "Declare", Body: "You are Elif, from customer support. In any channel, type `/incident declare card payments fail sev1 service:payments`. Customers cannot pay. That is enough to begin.",
			Done: rooms(func(c slacksim.Channel) bool { return strings.HasPrefix(c.Name, "inc-") })},
		{Title: "Acknowledge", Body: "Open the new channel, `#inc-…`: its pinned summary says who is paged, which is whoever is on call for Checkout this week. Become that person at the top left, open the direct messages with Stormbell, and press `Acknowledge`: every message that asked now says who acknowledged. Their phone has rung too, see Phones. If nobody answered, a text message would follow after two minutes, a call after four, and after five the next person would be paged.",
			Done: inRoom("Acknowledged by")},
		{Title: "Say what you see", Body: "In the incident's channel: `/incident note what: one card network is at zero`. Notes are added to the timeline, and the summary card shows the latest.",
			Done: inRoom("one card network")},
		{Title: "Mitigate", Body: "Customers first, causes later: `/incident mitigate workaround: routed to provider B`. Because it is a workaround, a follow-up for the permanent fix is opened automatically.",
			Done: inRoom("Customers have been fine")},
		{Title: "Resolve", Body: "Press `Resolve` on the summary card. You may leave every field of the form empty.",
			Done: inRoom("Resolved.")},
		{Title: "Read the post-mortem", Body: "The draft is in the channel, and the whole document is a file: times, roles, notifications and decisions come from the timeline. Questions that only people can answer are left open. Nobody is named.",
			Done: inRoom("Post-mortem of INC-")},
	}
}
