package bolt

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Whoever tidies up a folder may remove the files of a journal while the bot writes into them,
// or put others in their place. What is written then is gone with the process, though it was
// confirmed. So it is looked for now and then.

// stands reports whether both files are where whoever opens the store looks for them, in full
// size.
func (j *journal) stands(path string) bool {
	for half, f := range j.files {
		if f == nil {
			return false
		}
		ours, err := f.Stat()
		if err != nil {
			return false
		}
		there, err := os.Lstat(journalPath(path, j.id, half))
		if err != nil || !os.SameFile(ours, there) || there.Size() != j.half {
			return false
		}
	}
	return true
}

// look has another journal take the place of one whose files are not there any more, and returns
// what people have to be told, once. The caller holds mu.
func (c *carrier) look() string {
	kind, text := c.lookFor()
	if kind == c.told {
		return ""
	}
	c.told = kind
	return text
}

// lookFor returns what there is to tell, and a word for that; nothing: all is well.
func (c *carrier) lookFor() (kind, text string) {
	if kind, text := c.lookForStore(); kind != "" {
		return kind, text
	}
	path := c.e.beside
	switch {
	case c.journal.stands(path) && c.told == "stuck": // the next commit has mended it
		return "again", fmt.Sprintf("The store %s has a journal again, with everything in it that was confirmed, and takes what comes.", path)
	case c.journal.stands(path) && slices.Contains([]string{"store", "apart", "led away"}, c.told):
		return "back", fmt.Sprintf("The file of the store is at %s again, as the bot has it open: nothing of it is lost.", c.e.path)
	case c.journal.stands(path):
		return "", ""
	}
	had := c.journal.half > 0
	if err := c.replace(); err != nil {
		return "stuck", fmt.Sprintf("The journal of the store %s was removed or exchanged while the bot has it open, and what was in it could not be written into the store: %v. "+
			"Nothing is confirmed until it can be.", path, err)
	}
	switch {
	case c.journal.half == 0:
		return "none", fmt.Sprintf("The journal of the store %s was removed or exchanged while the bot has it open. Everything confirmed is in the store itself. "+
			"There can be no new journal, so commits take longer: %v.", path, c.none)
	case !had:
		return "again", fmt.Sprintf("The store %s has a journal again.", path)
	}
	return "renewed", fmt.Sprintf("The journal of the store %s was removed or exchanged while the bot has it open. Everything confirmed is in the store itself, and there is a new journal. "+
		"Leave the files beside the store alone while the bot runs: had it been killed meanwhile, the commits of the last seconds would be lost.", path)
}

// lookForStore looks whether the name of the store leads to the file that the bot has open, and
// whether that is where the journal is: there the next start looks for it.
func (c *carrier) lookForStore() (kind, text string) {
	path, beside := c.e.path, c.e.beside
	named, nameless := os.Stat(path)
	there, apart := os.Lstat(beside)
	leads := nameless == nil && os.SameFile(c.e.info, named)
	stays := apart == nil && os.SameFile(c.e.info, there)
	switch err := cmp.Or(nameless, apart); {
	case leads && stays:
		return c.lookForCut(there.Size())
	case leads:
		return "apart", fmt.Sprintf("The file of the store, %s, was moved while the bot has it open, and its journal is where it was, in %s. "+
			"Restart the bot, which loses nothing; killed now, it would not find its journal.", path, filepath.Dir(beside))
	case stays:
		return "led away", fmt.Sprintf("%s does not lead to the store any more that the bot has open, which is %s. "+
			"Have it lead there again before the bot is restarted, or it begins with another store.", path, beside)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "store", fmt.Sprintf("The file of the store cannot be found by its name any more, while the bot has it open: %v. "+
			"Put that right before the bot stops, or it does not find what is confirmed. A copy is taken by `stormbell backup`.", err)
	}
	return "store", fmt.Sprintf("The file of the store, %s, was moved away, removed or exchanged while the bot has it open. What is confirmed from now on is gone when the bot stops. "+
		"Take a copy with `stormbell backup` before you stop it, and put that copy back.", path)
}

// lookForCut looks whether the file has become smaller, which it never does by itself.
func (c *carrier) lookForCut(size int64) (kind, text string) {
	was := c.size
	if c.size = size; size >= was {
		return "", ""
	}
	return "cut", fmt.Sprintf("The file of the store, %s, was cut from %d to %d bytes while the bot has it open. What stood there is gone. "+
		"If `stormbell fsck` does not find it sound, stop the bot, move the file away and put the last sound copy back with `stormbell restore`.", c.e.path, was, size)
}

// replace carries over everything, and begins a new journal. Where there can be none, commits go
// into the file. Until it returns nil nothing may be confirmed. The caller holds mu.
func (c *carrier) replace() (err error) {
	defer func() { c.gone = err != nil }()
	if err := cmp.Or(c.standAlone(), c.step("alone")); err != nil {
		return err
	}
	id := c.journal.id
	if c.journal.half > 0 {
		// As long as the file names them: whoever is killed leaves none that nobody finds.
		c.e.o.left(c.e.path, removeSpent(c.e.beside, c.mark(c.journal.last, false)))
		if err := c.step("removed"); err != nil {
			return err
		}
		id = newJournalID()
		if err := c.breaksIfUnknown(c.e.setMark(mark{id: id, size: c.half})); err != nil {
			return err
		}
		_ = c.journal.close() // nothing is needed of it
		if err := c.step("named"); err != nil {
			return err
		}
	}
	if c.journal, c.none = c.begin(c.e.beside, id, c.half); c.none != nil {
		c.journal = &journal{id: id} // in which nothing has room
	}
	c.upTo = 0
	return nil
}

// mended returns why nothing can be confirmed while the journal is gone. The caller holds mu.
func (c *carrier) mended() error {
	if !c.gone {
		return nil
	}
	if err := c.replace(); err != nil {
		return errors.Join(errors.New("commit: the journal was removed"), err)
	}
	return nil
}
