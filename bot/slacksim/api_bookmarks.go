package slacksim

import (
	"net/url"
	"slices"

	"github.com/stormbell/stormbell/pattern"
)

const maxBookmarks = 100

// bookmarkMethods are the calls about links in a channel's header. They say
// channel_id, not channel.
func bookmarkMethods() map[string]*method {
	gone := map[string]string{"channel_id": "channel_not_found", "bookmark_id": "not_found", "type": "invalid_bookmark_type"}
	one := []string{"channel_id", "bookmark_id"}
	return map[string]*method{
		"bookmarks.add": {scopes: anyOf("bookmarks:write"), tier: tier2, required: []string{"channel_id", "title", "type"},
			absent: gone, run: (*call).bookmarksAdd},
		"bookmarks.edit":   {scopes: anyOf("bookmarks:write"), tier: tier2, required: one, absent: gone, run: (*call).bookmarksEdit},
		"bookmarks.remove": {scopes: anyOf("bookmarks:write"), tier: tier2, required: one, absent: gone, run: (*call).bookmarksRemove},
		"bookmarks.list":   {scopes: anyOf("bookmarks:read"), tier: tier3, required: one[:1], absent: gone, run: (*call).bookmarksList},
	}
}

var emojiCode = pattern.New(`^:[a-z0-9_+'-]+:$`)

func (c *call) bookmarkRoom() (*channel, *apiError) {
	ch, err := c.room("channel_id")
	switch {
	case err != nil:
		return nil, err
	case !ch.isMember(c.user):
		return nil, fail("access_denied")
	case ch.IsArchived:
		return nil, fail("permission_denied")
	}
	return ch, nil
}

// bookmarkProblem judges link and emoji where they are given.
func (c *call) bookmarkProblem() *apiError {
	if c.has("link") {
		u, err := url.Parse(c.str("link"))
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fail("invalid_link")
		}
	}
	if c.has("emoji") && !emojiCode.MatchString(c.str("emoji")) {
		return fail("invalid_emoji")
	}
	return nil
}

func (c *call) bookmarksAdd() (object, *apiError) {
	ch, err := c.bookmarkRoom()
	switch {
	case err != nil:
		return nil, err
	case c.str("type") != "link":
		return nil, fail("invalid_bookmark_type")
	case !c.has("link"):
		return nil, fail("invalid_link")
	case len(ch.Bookmarks) >= maxBookmarks:
		return nil, fail("too_many_bookmarks")
	}
	if err := c.bookmarkProblem(); err != nil {
		return nil, err
	}
	b := Bookmark{ID: c.id("Bk"), ChannelID: ch.ID, Title: c.str("title"), Link: c.str("link"), Emoji: c.str("emoji"),
		Type: "link", Created: unix(c.now()), Rank: "u", UpdatedBy: c.user, Team: c.teamID}
	ch.Bookmarks = append(ch.Bookmarks, b)
	return object{"bookmark": bookmarkJSON(b)}, nil
}

func bookmarkJSON(b Bookmark) object {
	o := toObj(b)
	o["entity_id"], o["shortcut_id"], o["app_id"], o["app_action_id"] = nil, nil, nil, nil
	return o
}

// bookmark finds the call's bookmark by index.
func (c *call) bookmark() (*channel, int, *apiError) {
	ch, err := c.bookmarkRoom()
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(ch.Bookmarks, func(b Bookmark) bool { return b.ID == c.str("bookmark_id") })
	if i < 0 {
		return nil, 0, fail("not_found")
	}
	return ch, i, nil
}

func (c *call) bookmarksEdit() (object, *apiError) {
	ch, i, err := c.bookmark()
	if err != nil {
		return nil, err
	}
	if err := c.bookmarkProblem(); err != nil {
		return nil, err
	}
	b := &ch.Bookmarks[i]
	for arg, field := range map[string]*string{"title": &b.Title, "link": &b.Link, "emoji": &b.Emoji} {
		if c.has(arg) {
			*field = c.str(arg)
		}
	}
	b.Updated, b.UpdatedBy = unix(c.now()), c.user
	return object{"bookmark": bookmarkJSON(*b)}, nil
}

func (c *call) bookmarksRemove() (object, *apiError) {
	ch, i, err := c.bookmark()
	if err != nil {
		return nil, err
	}
	ch.Bookmarks = slices.Delete(ch.Bookmarks, i, i+1)
	return nil, nil
}

func (c *call) bookmarksList() (object, *apiError) {
	ch, err := c.bookmarkRoom()
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, b := range ch.Bookmarks {
		list = append(list, bookmarkJSON(b))
	}
	return object{"bookmarks": list}, nil
}
