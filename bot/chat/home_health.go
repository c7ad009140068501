package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/rotation"
)

// Health is how the parts of the bot are that Slack does not see.
type Health struct {
	Jobs    int       // that wait to be carried out
	Oldest  time.Time // since when the one that waits longest could have left; zero: none could
	Methods []string  // the contact methods that are configured, besides Slack
	Out     []string  // those of them whose provider is taken to be out
	Damaged bool      // the store's file was found damaged
}

// How old things may be before they are marked.
const (
	lateJobs   = time.Minute
	oldBackup  = 8 * 24 * time.Hour // of one that is taken by hand
	lateBackup = 15 * time.Minute
	gapsWithin = 14 * 24 * time.Hour
	fewGaps    = 5
)

// health says to those who run the bot how it is, a line each.
func (s *Slack) health(ctx context.Context, now time.Time) []string {
	lines := []string{socketLine(s.Connected(), s.Heard(), s.Refused(), now)}
	if s.opt.Health != nil {
		h := s.opt.Health()
		lines = append(lines, queueLine(h, now))
		if line := methodsLine(h); line != "" {
			lines = append(lines, line)
		}
		if line := storeLine(h); line != "" {
			lines = append(lines, line)
		}
	}
	lines = append(lines, gapLines(s.people.Current().Roster, now)...)
	if backup, err := s.desk.Backup(ctx); err != nil {
		s.log.Warn().Err(err).Msg("when the last backup was taken cannot be read")
	} else {
		lines = append(lines, backupLine(backup, s.opt.BackupEvery, now))
	}
	archive, err := s.desk.Archival(ctx)
	if err != nil {
		s.log.Warn().Err(err).Msg("how the archive is cannot be read")
	}
	return append(lines, archiveLines(archive, now)...)
}

// sign marks what needs somebody. The words say so, too.
func sign(well bool) string {
	if well {
		return ":white_check_mark: "
	}
	return ":warning: "
}

func socketLine(connected int, heard time.Time, refused string, now time.Time) string {
	switch {
	case refused != "":
		return sign(false) + "Slack does not take our token (" + esc(refused) + ")."
	case connected == 0:
		return sign(false) + "No socket to Slack is connected."
	case connected == 1:
		return sign(false) + "One of the two sockets to Slack is connected; the other one is being opened again."
	default:
		return sign(true) + fmt.Sprintf("Slack: %d sockets are connected, and something was heard %s ago.", connected, long(now.Sub(heard)))
	}
}

func queueLine(h Health, now time.Time) string {
	switch {
	case h.Jobs == 0:
		return sign(true) + "Queue: nothing waits."
	case h.Oldest.IsZero() || now.Sub(h.Oldest) < lateJobs:
		return sign(true) + fmt.Sprintf("Queue: %d wait for their time, none is late.", h.Jobs)
	default:
		return sign(false) + fmt.Sprintf("Queue: %d wait, the oldest for %s more than it should.", h.Jobs, long(now.Sub(h.Oldest)))
	}
}

func methodsLine(h Health) string {
	switch {
	case len(h.Out) > 0:
		return sign(false) + "Contact methods: the provider of " + esc(strings.Join(slices.Sorted(slices.Values(h.Out)), ", ")) + " is out. The next method is taken at once."
	case len(h.Methods) > 0:
		return sign(true) + "Contact methods: " + esc(strings.Join(h.Methods, ", ")) + ", none of them known to be out."
	default:
		return ""
	}
}

// storeLine speaks of the store's file where it is damaged.
func storeLine(h Health) string {
	if !h.Damaged {
		return ""
	}
	return sign(false) + "Store: a part of its file is damaged. At a quiet moment put the last sound copy back with `stormbell restore`."
}

// gapLines says when nobody is on call within two weeks. Gaps that belong to a rotation,
// such as the nights of an office rotation, come again and again: of each rotation the
// first is named, and the others are counted.
func gapLines(r *rotation.Roster, now time.Time) []string {
	var lines []string
	more := 0
	for n := range r.Rotations {
		x := &r.Rotations[n]
		gaps := x.Gaps(now, now.Add(gapsWithin))
		if len(gaps) == 0 {
			continue
		}
		if len(lines) == fewGaps {
			more++
			continue
		}
		line := sign(false) + "Nobody is on call in *" + esc(x.ID) + "* from " + at(gaps[0].Start) + " until " + at(gaps[0].End)
		if len(gaps) > 1 {
			line += ", and " + incident.Count(len(gaps)-1, "more time", "more times") + " within 14 days"
		}
		lines = append(lines, line+".")
	}
	switch {
	case len(lines) == 0:
		return []string{sign(true) + "Coverage: somebody is on call in every rotation for the next 14 days."}
	case more > 0:
		lines = append(lines, "Within 14 days there are gaps in "+incident.Count(more, "more rotation", "more rotations")+": `stormbell doctor` lists them.")
	}
	return lines
}

// backupLine says how the copies of the store are, which is taken every so often by
// itself; 0: it is not.
func backupLine(b desk.Backup, every time.Duration, now time.Time) string {
	last := "There is no copy yet."
	if !b.At.IsZero() {
		last = "The last copy was taken " + at(b.At) + "."
	}
	switch {
	case every > 0 && b.Trouble != "":
		return sign(false) + "Backup: since " + at(b.Since) + " the store could not be backed up: " + esc(b.Trouble) + ". " + last
	case every > 0 && !b.At.IsZero() && now.Sub(b.At) > 2*every+lateBackup:
		return sign(false) + "Backup: none was taken when it was due. " + last
	case every > 0 && b.At.IsZero():
		return sign(true) + "Backup: the first copy is taken soon."
	case b.At.IsZero():
		return sign(false) + "Backup: none is known of. Set `backup.folder`, or take one with `stormbell backup`."
	case every == 0 && now.Sub(b.At) > oldBackup:
		return sign(false) + "Backup: the last one was taken " + at(b.At) + ", more than a week ago. With `backup.folder` the bot takes them by itself."
	default:
		return sign(true) + "Backup: the last one was taken " + at(b.At) + "."
	}
}

// archiveLines says how the archive is, if there is one.
func archiveLines(a desk.Archival, now time.Time) []string {
	var lines []string
	if u := a.Files.Unread; len(u) > 0 {
		lines = append(lines, sign(false)+fmt.Sprintf("Archive: %d of %s cannot be read. ", len(u), incident.Count(a.Files.Files, "file", "files"))+esc(u[0].Why))
	}
	switch {
	case a.After > 0 && a.Trouble != "":
		line := sign(false) + "Archive: since " + at(a.Failing.Since) + " not all is as it should be. " + esc(a.Trouble)
		if a.Waiting > 0 {
			line += " " + incident.Count(a.Waiting, "incident waits", "incidents wait") + " to be moved."
		}
		return append(lines, line)
	case a.Late(now) && a.Last.IsZero():
		return append(lines, sign(false)+"Archive: old incidents were never looked for, since "+at(a.From)+". The log has the reason.")
	case a.Late(now):
		return append(lines, sign(false)+"Archive: old incidents were looked for last "+at(a.Last)+", and that is due every day. The log has the reason.")
	case len(lines) > 0 || a.After == 0 && a.Files.Files == 0:
		return lines
	}
	line := sign(true) + "Archive: " + incident.Count(a.Files.Incidents, "incident", "incidents") + " in " + incident.Count(a.Files.Files, "file", "files")
	if a.Files.Files > 0 {
		line += ", " + bytesOf(int(a.Files.Bytes))
	}
	switch {
	case a.After == 0:
		line += ". No more are moved there, since `archive.after` is not set."
	case a.Last.IsZero():
		line += ". Old incidents are looked for soon."
	default:
		line += ". Old incidents were looked for last " + at(a.Last) + "."
	}
	return append(lines, line)
}
