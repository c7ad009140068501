package main

import (
	"context"
	"fmt"
	"time"

	"github.com/stormbell/stormbell/configs"
)

// lateBackup is how long after two intervals a copy is late.
const lateBackup = 15 * time.Minute

// backups asks the running bot how the copies of its store are. Where no bot answers, that
// is said already.
func (c *checkup) backups(ctx context.Context, config *configs.Config, path string) {
	if config.Backup.Folder == "" {
		c.odd("backup.folder", "no copy of the store is taken by itself", "name a folder, better on another disk than that of the store")
	}
	o, err := (&operatorFlags{config: path}).operatorOf(config)
	if err != nil {
		return
	}
	answer, err := o.get(ctx, "/v1/backup/state", nil)
	if err != nil {
		return
	}
	var is struct {
		Last          time.Time
		Since         time.Time
		Folder, Every string
		Trouble       string
		Damaged       bool
	}
	if read(answer, &is) != nil {
		return
	}
	if is.Damaged {
		c.grave("store", "a part of its file is damaged, and cannot be read", "at a quiet moment stop the bot and put the last sound copy back with stormbell restore; the bot's log says what is wrong")
	}
	every, _ := time.ParseDuration(is.Every) // of a bot without a folder: 0
	now := time.Now()
	last := "there is no copy"
	if !is.Last.IsZero() {
		last = "the last copy was taken " + is.Last.UTC().Format(time.RFC3339)
	}
	switch {
	case is.Folder != "" && is.Every == "" && is.Trouble != "": // of a bot that stands by
		c.grave("backup", fmt.Sprintf("when the bot takes over it could not back up the store: %s", is.Trouble), "mend that on this machine; it is looked at every 10 minutes")
	case is.Folder != "" && is.Every == "":
		c.good = append(c.good, "backup: when the bot takes over, there is a folder for copies")
	case is.Trouble != "":
		c.grave("backup", fmt.Sprintf("since %s the store could not be backed up: %s; %s", is.Since.UTC().Format(time.RFC3339), is.Trouble, last), "mend that; it is tried again every few minutes")
	case is.Folder == "" && config.Backup.Folder != "":
		c.odd("backup.folder", "the running bot does not know of it", "restart the bot")
	case is.Folder == "" && is.Last.IsZero():
		// that nothing is taken by itself is said already
	case every > 0 && !is.Last.IsZero() && now.Sub(is.Last) > 2*every+lateBackup:
		c.grave("backup", "a copy is taken every "+every.String()+", and "+last, "look into the bot's log")
	case every > 0 && is.Last.IsZero():
		c.good = append(c.good, "backup: the first copy is taken a minute after the start")
	default:
		c.good = append(c.good, "backup: "+last)
	}
}
