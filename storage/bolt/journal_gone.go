package bolt

import (
	"errors"
	"fmt"
	"os"
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
	path := c.e.beside
	if there, err := os.Stat(path); err != nil || !os.SameFile(c.e.info, there) {
		return "store", fmt.Sprintf("The file of the store, %s, was moved away, removed or exchanged while the bot has it open. What is confirmed from now on is gone when the bot stops. "+
			"Take a copy with `stormbell backup` before you stop it, and put that copy back.", path)
	}
	if c.journal.stands(path) {
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

// replace carries over everything, and begins a new journal. Where there can be none, commits go
// into the file. Until it returns nil nothing may be confirmed. The caller holds mu.
func (c *carrier) replace() (err error) {
	defer func() { c.gone = err != nil }()
	if err := c.settle(); err != nil {
		return err
	}
	id, was := c.journal.id, c.mark(c.journal.last, false)
	if c.journal.half > 0 {
		id = newJournalID()
		if err := c.breaksIfUnknown(c.e.setMark(mark{id: id, size: c.half})); err != nil {
			return err
		}
		c.needed = false
		_ = c.journal.close() // nothing is needed of it
		c.e.o.left(c.e.path, removeSpent(c.e.beside, was))
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
