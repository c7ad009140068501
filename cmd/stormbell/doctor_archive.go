package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
)

// grown says that a store has grown large and nothing is moved out of it. From wholeUpTo on not
// all of it is read before the bot is ready.
func (c *checkup) grown(config *configs.Config) {
	if config.Store.Engine != "bolt" || config.Archive.After > 0 {
		return
	}
	if info, err := os.Stat(config.Store.Path); err == nil && info.Size() > wholeUpTo {
		c.odd("archive.after", fmt.Sprintf("it is not set, and the store has grown to %d MiB: most of that is what incidents have that ended long ago, and each copy of it takes as long and as much room", info.Size()>>20),
			"set it, as in 365d, and they are moved into a file for each month, in which they are found as before")
	}
}

// archive asks the running bot how the archive is. Where no bot answers, that is said
// already.
func (c *checkup) archive(ctx context.Context, config *configs.Config, path string) {
	c.grown(config)
	o, err := (&operatorFlags{config: path}).operatorOf(config)
	if err != nil {
		return
	}
	answer, err := o.get(ctx, "/v1/archive/state", nil)
	if err != nil {
		return
	}
	var is archiveHolds
	if read(answer, &is) == nil {
		c.archiveIs(is, config.Archive.After > 0)
	}
}

// archiveHolds is what the bot answers.
type archiveHolds struct {
	Last, Since    time.Time
	After, Trouble string
	Late           bool
	Waiting        int
	Stay           []desk.Staying
	Incidents      int
	Files          int
	Bytes          int64
	Unread         []desk.UnreadFile
}

// archiveIs judges it. Wanted is whether the configuration has incidents archived.
func (c *checkup) archiveIs(is archiveHolds, wanted bool) {
	for _, u := range is.Unread {
		c.grave("archive "+u.File, u.Why, "the bot reads it as soon as it is there")
	}
	last := "old incidents are looked for within an hour of the start"
	if !is.Last.IsZero() {
		last = "old incidents were looked for last " + is.Last.UTC().Format(time.RFC3339)
	}
	if is.After == "" {
		last = "no more are moved there, since archive.after is not set"
	}
	switch {
	case is.After == "" && wanted:
		c.odd("archive.after", "the running bot does not know of it", "restart the bot")
	case is.After == "" && is.Files == 0 || len(is.Unread) > 0 && is.Trouble == "":
		// there is none, or it is said already
	case is.Trouble != "":
		c.grave("archive", fmt.Sprintf("since %s not all is as it should be: %s %s to be moved", is.Since.UTC().Format(time.RFC3339), is.Trouble, incident.Count(is.Waiting, "incident waits", "incidents wait")),
			"mend that, then run stormbell archive; otherwise it is tried again tomorrow")
	case is.Late:
		c.grave("archive", "it is due every day, and "+last, "look into the bot's log")
	default:
		c.good = append(c.good, fmt.Sprintf("archive: %s in %s, %d bytes; %s", incident.Count(is.Incidents, "incident", "incidents"), incident.Count(is.Files, "file", "files"), is.Bytes, last))
	}
}
