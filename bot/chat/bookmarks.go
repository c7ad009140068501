package chat

import (
	"cmp"
	"context"
	"slices"

	"github.com/stormbell/stormbell/bot/chat/wire"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/rotation"
)

// bookmarksMost is how many links of a service stand at the top of a channel. The card
// has the others.
const bookmarksMost = 3

// bookmark puts the links of the service at the top of the channel, those that are not
// there yet. What was there stays: somebody may have put it there, and that of the
// service before may still help.
func (s *Slack) bookmark(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	want := bookmarks(t.Service)
	if len(want) == 0 {
		return desk.Outcome{}, nil
	}
	there, err := s.wire.Bookmarks(ctx, t.Artifacts.Channel)
	if err != nil {
		return desk.Outcome{}, err
	}
	for _, b := range want {
		if slices.ContainsFunc(there, func(x wire.Bookmark) bool { return x.Link == b.Link }) {
			continue
		}
		// One that Slack does not like does not keep the others away.
		if err := s.wire.AddBookmark(ctx, t.Artifacts.Channel, b); err != nil && wire.Code(err) == "" {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, nil
}

// bookmarks are the links of a service that matter first: its runbook and its dashboards.
func bookmarks(s rotation.Service) []wire.Bookmark {
	var list []wire.Bookmark
	add := func(l rotation.Link, otherwise string) {
		if len(list) < bookmarksMost && webLink(l.URL) {
			list = append(list, wire.Bookmark{Title: short(cmp.Or(l.Title, otherwise), 100), Link: l.URL})
		}
	}
	runbook := s.Runbook
	if runbook.Title != "" {
		runbook.Title = "Runbook: " + runbook.Title
	}
	add(runbook, "Runbook")
	for _, l := range s.Dashboards {
		add(l, "Dashboard")
	}
	return list
}
