package backup

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// trouble is why there is no copy. Of each kind the operators are told once.
type trouble struct{ kind, words string }

func (t trouble) Error() string { return t.words }

// faulty and beside are the kinds of trouble in which there is a copy all the same: its
// records do not fit each other, or what lies beside the store could not be copied.
const (
	faulty = "faults"
	beside = "beside"
)

// Look says in words why no copy could be made in a folder on this machine; nothing: one could.
// For a process that makes none yet. Free says how many bytes are left on the folder's disk.
func Look(folder string, free func(folder string) (int64, error)) string {
	err := tryFolder(folder)
	if err == nil {
		err = roomToTakeOver(folder, free)
	}
	if err == nil {
		return ""
	}
	return explain(folder, err).words
}

// roomToTakeOver refuses a disk with less room than the newest copy there takes, of whichever
// store.
func roomToTakeOver(folder string, free func(folder string) (int64, error)) error {
	copies, err := listAll(folder)
	if err != nil {
		return err
	}
	return room(folder, sizeOf(folder, copies), free)
}

func tryFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return trouble{"gone", "the folder " + folder + " is not there (mount its disk, or make it)"}
	case err != nil:
		return err
	case !info.IsDir():
		return trouble{"folder", folder + " is no folder"}
	}
	f, err := os.CreateTemp(folder, ".stormbell-looks-*")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4<<10))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// explain says in words why a copy could not be made in a folder.
func explain(folder string, err error) trouble {
	var t trouble
	switch {
	case errors.As(err, &t):
		return t
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return trouble{"full", "there is no room left in " + folder}
	case errors.Is(err, syscall.EROFS):
		return trouble{"refused", folder + " is on a read-only disk"}
	case errors.Is(err, fs.ErrPermission):
		return trouble{"refused", "the bot may not write into " + folder}
	case errors.Is(err, syscall.ENOTDIR):
		return trouble{"folder", "a part of the path " + folder + " is no folder"}
	case errors.Is(err, fs.ErrNotExist):
		return trouble{"gone", "the folder " + folder + " is not there any more (mount its disk, or make it again)"}
	}
	return trouble{"other", err.Error()}
}
