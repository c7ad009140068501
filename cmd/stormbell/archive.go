package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/stormbell/stormbell/bot/archive"
	"github.com/stormbell/stormbell/bot/desk"
	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/bot/oncall"
	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
	"github.com/stormbell/stormbell/storage/bolt"
)

func archiveCommand(p process) *cobra.Command {
	var flags operatorFlags
	dry := false
	cmd := &cobra.Command{
		Use:   "archive --config FILE [--dry-run] [--json]",
		Short: "Move old incidents to an archive file",
		Long: "Moves what incidents have that ended longer ago than archive.after into one file for\n" +
			"each month: their timelines, the versions of their post-mortems and their files. Lists,\n" +
			"reports and documents read it there. The bot does it by itself every day; this does it\n" +
			"now. If the bot is running, it is asked, over HTTP with the admin token; otherwise the\n" +
			"store is used directly.\n\n" +
			"An incident with an open follow-up or a post-mortem to come stays.\n",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.configuration(cmd, p.Env)
			if err != nil {
				return err
			}
			if c.Archive.After == 0 {
				return errors.New("archive.after is not set, so no incident is archived; set it to as long as incidents are to stay in the store, as in 365d")
			}
			m, err := archiveNow(cmd.Context(), c, &flags, dry)
			if err != nil {
				return err
			}
			if flags.json {
				return printJSON(p.Out, m)
			}
			return printArchived(p, m, c.ArchiveFolder())
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say which would be moved")
	return cmd
}

// archivedPage is what became of it, as the bot answers.
type archivedPage struct {
	Before    time.Time           `json:"before"`
	DryRun    bool                `json:"dry_run"`
	Incidents int                 `json:"incidents"`
	Records   int                 `json:"records,omitempty"`
	Bytes     int                 `json:"bytes,omitempty"`
	Files     []desk.ArchivedFile `json:"files"`
	Stay      []desk.Staying      `json:"stay"`
}

// archiveNow has the running bot do it, or else does it in the store.
func archiveNow(ctx context.Context, c *configs.Config, flags *operatorFlags, dry bool) (m archivedPage, err error) {
	noBot := errors.New("http.admin_token is not set, so a running bot cannot be asked")
	if c.HTTP.AdminToken.Reveal() != "" {
		o, err := flags.operatorOf(c)
		if err != nil {
			return m, err
		}
		o.client.Timeout, o.look = 0, "archive --dry-run" // years of incidents take their time; Ctrl-C ends it
		answer, err := o.post(ctx, "/v1/archive", map[string]bool{"dry_run": dry})
		absent := (*absentError)(nil)
		if !errors.As(err, &absent) {
			if err == nil {
				err = json.Unmarshal(answer, &m)
			}
			return m, err
		}
		noBot = fmt.Errorf("nothing answers at %s", absent.address)
	}
	if _, err := os.Stat(c.Store.Path); err != nil {
		return m, fmt.Errorf("%v, and there is no store at %s", noBot, c.Store.Path)
	}
	engine, err := bolt.Open(c.Store.Path, bolt.Options{})
	if err != nil {
		return m, fmt.Errorf("%v, and the store cannot be used: %v", noBot, err)
	}
	db := storage.New(engine)
	r, err := archiveIn(ctx, db, c, dry)
	if err = errors.Join(err, db.Close()); err != nil {
		return m, err
	}
	return archivedPage{Before: r.Before, DryRun: dry, Incidents: r.Incidents, Records: r.Records, Bytes: r.Bytes,
		Files: append([]desk.ArchivedFile{}, r.Files...), Stay: append([]desk.Staying{}, r.Stay...)}, nil
}

// archiveIn archives in a store that no bot uses.
func archiveIn(ctx context.Context, db *storage.DB, c *configs.Config, dry bool) (r desk.Archived, err error) {
	shelf := archive.At(c.ArchiveFolder())
	db.Through(shelf.Through)
	l, err := ledger.Open(ctx, db)
	if err != nil {
		return r, err
	}
	people, err := oncall.Open(ctx, l, oncall.Options{Zone: c.BusinessTimeZone})
	if err != nil {
		return r, err
	}
	d, err := desk.Open(ctx, l, people, desk.Options{Zone: c.BusinessTimeZone, Shelf: shelf, ArchiveAfter: c.Archive.After})
	if err != nil {
		return r, err
	}
	return d.Archive(ctx, time.Now(), dry, ctx.Err)
}

func printArchived(p process, m archivedPage, folder string) error {
	t := &lines{w: p.Out}
	would, day := "", m.Before.UTC().Format(time.DateOnly)
	if m.DryRun {
		would = "would be "
	}
	if m.Incidents == 0 {
		t.line("No incident that ended before %s is to be archived.", day)
	}
	for _, f := range m.Files {
		t.line("%s: %s %sadded", f.File, incident.Count(f.Incidents, "incident", "incidents"), would)
	}
	for _, s := range m.Stay {
		t.line("%s for now: %s", incident.Count(s.Incidents, "incident stays", "incidents stay"), s.Why)
	}
	if m.Incidents > 0 && !m.DryRun {
		t.line("%s and %d bytes were moved to %s. Keep copies of its files as well as of the store.", incident.Count(m.Records, "record", "records"), m.Bytes, folder)
	}
	return t.err
}

// archiving returns what archives incidents when it is time, and looks at the files.
func (p *program) archiving(log zerolog.Logger) func(context.Context) error {
	log = log.With().Str("part", "archive").Logger()
	return func(ctx context.Context) error {
		return p.desk.KeepArchiving(ctx, func() func() error { return gentle(ctx) }, tellUnread(log), func(m desk.Archived, err error) {
			if err == nil {
				if m.Incidents > 0 {
					log.Info().Int("incidents", m.Incidents).Int("records", m.Records).Int("bytes", m.Bytes).Int("files", len(m.Files)).Msg("incidents are archived")
				}
				return
			}
			log.Error().Err(err).Int("incidents", m.Incidents).Int("waiting", m.Waiting).Msg("incidents could not be archived; it is tried again tomorrow")
		})
	}
}

// tellUnread returns what says in the log, once, which archive files cannot be read, and when
// all can be again.
func tellUnread(log zerolog.Logger) func(desk.ArchiveFiles) {
	told := ""
	return func(files desk.ArchiveFiles) {
		var why []string
		for _, u := range files.Unread {
			why = append(why, u.Why)
		}
		is := strings.Join(why, " ")
		switch {
		case is == told:
		case is == "":
			log.Info().Int("files", files.Files).Msg("every archive file can be read again")
		default:
			log.Warn().Int("files", files.Files).Int("unread", len(why)).Str("problem", why[0]).Msg("archive files cannot be read; paging is as before, and `stormbell doctor` names all of them")
		}
		told = is
	}
}

// copyArchive copies the archive files into a folder beside the copies of the store, and
// looks whether all are there that the store needs.
func (p *program) copyArchive(ctx context.Context, folder string) error {
	if _, err := p.shelf.CopyTo(ctx, folder+string(os.PathSeparator)+"archive"); err != nil {
		return errors.New("the archive files could not be copied: " + strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return p.desk.ArchiveWhole(ctx)
}
