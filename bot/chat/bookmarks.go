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

// postmortemTitle is what the link to the latest draft is called.
const postmortemTitle = "Post-mortem (draft)"

// bookmark puts the links of the service and of the post-mortem at the top of the channel,
// those that are not there yet, and takes off those of a service that it was moved from and
// of an earlier draft. What people put there stays.
func (s *Slack) bookmark(ctx context.Context, t desk.Task) (desk.Outcome, error) {
	want := bookmarks(t.Service)
	if at := t.Artifacts.Postmortem; at.TS != "" {
		switch link, err := s.wire.Permalink(ctx, wire.Message(at)); {
		case err == nil:
			want = append(want, wire.Bookmark{Title: postmortemTitle, Link: link})
		case wire.Code(err) == "": // or somebody has deleted it
			return desk.Outcome{}, err
		}
	}
	there, err := s.wire.Bookmarks(ctx, t.Artifacts.Channel)
	if err != nil {
		return desk.Outcome{}, err
	}
	for _, b := range there {
		if !holds(want, b) && (s.ofAService(b) || b.Title == postmortemTitle) {
			if err := s.wire.RemoveBookmark(ctx, t.Artifacts.Channel, b.ID); err != nil && wire.Code(err) == "" {
				return desk.Outcome{}, err
			}
		}
	}
	for _, b := range want {
		if holds(there, b) {
			continue
		}
		// One that Slack does not like does not keep the others away.
		if err := s.wire.AddBookmark(ctx, t.Artifacts.Channel, b); err != nil && wire.Code(err) == "" {
			return desk.Outcome{}, err
		}
	}
	return desk.Outcome{}, nil
}

// holds reports whether a link is in a list.
func holds(list []wire.Bookmark, b wire.Bookmark) bool {
	return slices.ContainsFunc(list, func(x wire.Bookmark) bool { return x.Link == b.Link })
}

// ofAService reports whether a bookmark is the link of a service, as it is put there.
func (s *Slack) ofAService(b wire.Bookmark) bool {
	return slices.ContainsFunc(s.people.Current().Roster.Services, func(v rotation.Service) bool {
		return slices.ContainsFunc(bookmarks(v), func(x wire.Bookmark) bool { return x.Link == b.Link && x.Title == b.Title })
	})
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
