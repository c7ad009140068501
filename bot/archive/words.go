package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage/bolt"
)

// unprefixed takes the path off an error about a file, which the sentence has already.
func unprefixed(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// readable is why a file cannot be read, without its path and so that it goes on after "which".
func readable(err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) {
		return err
	}
	if errors.Is(err, fs.ErrPermission) {
		return errors.New(noRight)
	}
	return fmt.Errorf("cannot be read: %w", p.Err)
}

// noRight is as [bolt.ReadFile] says it.
const noRight = "may not be read by this user"

// wrong is what is in the place of the folder, after "which"; empty: a folder, or nothing.
func (f *Folder) wrong() string {
	info, err := os.Stat(f.path)
	if err == nil && !info.IsDir() {
		return "is no folder"
	}
	if _, there := os.Lstat(f.path); err != nil && there == nil && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP)) {
		return "is a link that leads nowhere"
	}
	return ""
}

// trouble is why nothing could be moved into a file: what people are told, and its cause.
type trouble struct {
	*incident.Refusal
	cause error
}

// Unwrap returns both.
func (t trouble) Unwrap() []error { return []error{t.Refusal, t.cause} }

func (f *Folder) trouble(file string, err error) error {
	words := "could not be written into " + f.path + ": " + unprefixed(err).Error()
	switch is := f.wrong(); {
	case is != "" && !errors.Is(err, bolt.ErrLocked):
		words = "could not be written into " + f.path + ", which " + is
	case errors.Is(err, bolt.ErrLocked):
		words = "could not be written: another process writes into " + f.path
	case errors.Is(err, fs.ErrNotExist):
		words = "is not in " + f.path + ", and the store has incidents in it; put it back from a copy"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		words = "could not be written: the disk of " + f.path + " is full"
	case errors.Is(err, syscall.EROFS):
		words = "could not be written: the disk of " + f.path + " is read-only"
	case errors.Is(err, fs.ErrPermission):
		words = "could not be written: this user may not write into " + f.path
	}
	return trouble{incident.Refuse("What is not in a file stays in the store.", "The archive file %s %s.", file, words), err}
}

// What helps whoever cannot read a file.
const (
	backFromCopy = "Put the file there from a copy, or set `archive.folder` to where it is."
	setFolder    = "Set `archive.folder` to where it is."
	giveRight    = "Let the user who runs the bot read the file and its folder."
	makePrivate  = "Run `chmod 600` on it."
)

// unreadable says to people why what an incident has cannot be shown, and what helps.
func (f *Folder) unreadable(n, file string, err error) error {
	switch {
	case f.path == "":
		return refuse(n, setFolder, "It lies in the archive file "+file+", and archive.folder does not say where that is.")
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return incident.Refuse("Try again.", "The timeline of %s cannot be read just now: too many files are open.", incident.Name(ledger.LastNumber(n)))
	}
	if is := f.wrong(); is != "" {
		return refuse(n, setFolder, "It lies in the archive file "+file+", and "+f.path+" "+is+".")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return refuse(n, backFromCopy, "It lies in the archive file "+file+", which is not in "+f.path+".")
	}
	why, cure := readable(err).Error(), backFromCopy
	switch {
	case why == noRight:
		cure = giveRight
	case strings.HasPrefix(why, "can be used by every user"):
		cure = makePrivate
	}
	return refuse(n, cure, "It lies in the archive file "+file+" in "+f.path+", which "+why+".")
}

func refuse(n, cure, why string) error {
	return incident.Refuse(cure, "The timeline of %s cannot be read. %s", incident.Name(ledger.LastNumber(n)), why)
}
