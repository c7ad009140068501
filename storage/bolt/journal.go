package bolt

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/stormbell/stormbell/storage"
)

// A commit of bbolt's writes each page that it touches and syncs twice. With a journal it is
// written as it came, behind the one before, and synced once; what it means for the file is
// done later, for many at once. Until then it is in memory as well, see pending.
//
// The journal is two files beside the store, written in turns: while the commits of one are
// carried over into the store, those that come go into the other. Both have their size from
// the beginning, so that a sync has no more to write than what is new. What they hold is
// numbered. The store says which journal belongs to it and up to which number it has been
// carried over, in the same commit of bbolt's that did it; what is in the files with a
// higher number is carried over when the store is opened. On a clean stop nothing is left, and
// the files are removed. The store names them before they are made, too, so that those of a
// process that was killed in between are found by their name.
//
// An entry has blocks of its own: what is confirmed is not written again with what comes behind
// it, and a reader needs to look for entries only where blocks begin, whatever stands in them.

const (
	// journalHalf is the size of each of the two files in bytes, but in tests.
	journalHalf = 4 << 20
	// journalMagic begins each entry.
	journalMagic = 0x53424A31
	// entryHead is the size of what stands before the changes: magic 4, length of the changes 4,
	// checksum 4, number 8.
	entryHead = 20
	// blockSize is of what an entry takes whole multiples, in bytes. No disk has larger sectors.
	blockSize = 4096
	// keepBuffer is up to which size in bytes the memory of an entry is used again.
	keepBuffer = 256 << 10
)

// journalID says which journal belongs to a store. The checksums of its entries begin with it.
type journalID [8]byte

// journal is where commits are written first. It is used by one goroutine at a time.
type journal struct {
	id    journalID
	half  int64 // the size of each file in bytes
	files [2]journalFile
	now   int    // which of the two is written to
	at    int64  // where in it
	last  uint64 // the number of the latest entry
	buf   []byte // of the latest entry
}

// journalFile is what a journal needs of a file.
type journalFile interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Close() error
	Stat() (fs.FileInfo, error)
}

// journalPath is where a file of a journal is. It has the name of the journal, so that whoever
// puts another store in the place of one that was moved away does not meet its journal.
func journalPath(path string, id journalID, half int) string {
	return fmt.Sprintf("%s.journal-%x-%d", path, id[:], half+1)
}

func newJournalID() (id journalID) {
	_, _ = rand.Read(id[:])
	return id
}

// Journal returns the files of journals that stand beside the store at path: it is open, or
// whoever had it was killed.
func Journal(path string) (files []string) {
	list, _ := os.ReadDir(filepath.Dir(path)) // where that cannot be read nothing is known to be there
	for _, f := range list {
		if strings.HasPrefix(f.Name(), filepath.Base(path)+".journal-") {
			files = append(files, filepath.Join(filepath.Dir(path), f.Name()))
		}
	}
	return files
}

// newJournal makes the two files, in full size, and a journal that is empty.
// Whoever may use the store may use them.
func newJournal(path string, id journalID, half int64) (_ *journal, err error) {
	store, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	j := &journal{id: id, half: half}
	defer func() {
		if err != nil {
			_ = j.close()
			_ = removeJournal(path, j.id) // why it could not be made is said
		}
	}()
	for n := range j.files {
		f, err := os.OpenFile(journalPath(path, j.id, n), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		j.files[n] = f
		if err := f.Chmod(store.Mode().Perm()); err != nil {
			return nil, err
		}
		// Written and not only reserved: the first write to what is reserved changes what the file
		// system knows of the file, which the sync would have to write, too.
		zeros := make([]byte, min(half, 64<<10))
		for at := int64(0); at < half; at += int64(len(zeros)) {
			if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), half-at)], at); err != nil {
				return nil, err
			}
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
	}
	return j, syncDir(filepath.Dir(path))
}

func (j *journal) close() error {
	var all error
	for _, f := range j.files {
		if f != nil {
			all = errors.Join(all, f.Close())
		}
	}
	return all
}

// removeJournal removes the files of a journal, as far as they are there.
func removeJournal(path string, id journalID) error {
	return remove(journalPath(path, id, 0), journalPath(path, id, 1))
}

// remove removes files, as far as they are there.
func remove(files ...string) (all error) {
	for _, name := range files {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// left tells of files of a journal that nobody needs and that could not be removed.
func (o Options) left(path string, err error) {
	if err != nil {
		o.Warn(fmt.Sprintf("store %s: its journal is needed no more, and could not be removed: %s; remove it, or whoever puts a copy back is asked to move it away", path, strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
}

// adopt goes on with a journal that was left, behind what stands in it.
func adopt(path string, m mark, left [2]part) (_ *journal, err error) {
	j := &journal{id: m.id, half: m.size, last: max(m.carried, left[0].last(), left[1].last())}
	if left[1].last() > left[0].last() {
		j.now = 1
	}
	if len(left[j.now].list) > 0 { // otherwise all of it was carried over
		j.at = left[j.now].end
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.close())
		}
	}()
	for n := range j.files {
		f, err := os.OpenFile(journalPath(path, m.id, n), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		j.files[n] = f
	}
	// From now on the last entry counts, which whoever was killed may have written and not
	// synced. It is written again: after a sync that failed another one may find nothing to do.
	// On a file system that keeps the old bytes beside the new ones that can find no room.
	p := left[j.now]
	if _, err := j.files[j.now].WriteAt(p.tail, p.end-int64(len(p.tail))); err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EFBIG) {
		return nil, err
	}
	return j, j.files[j.now].Sync()
}

// room is how many bytes an entry of changes takes at most.
func room(changes []storage.Change) (n int64) {
	for _, c := range changes {
		n += int64(len(c.Key)+len(c.Value)) + 2*binary.MaxVarintLen32
	}
	return n + entryHead + blockSize
}

// encode makes an entry of changes, in j.buf.
func (j *journal) encode(changes []storage.Change) []byte {
	b := append(j.buf[:0], make([]byte, entryHead)...)
	for _, c := range changes {
		b = binary.AppendUvarint(b, uint64(len(c.Key)))
		b = append(b, c.Key...)
		if c.Delete {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(c.Value))+1)
		b = append(b, c.Value...)
	}
	binary.LittleEndian.PutUint32(b, journalMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-entryHead))
	binary.LittleEndian.PutUint64(b[12:], j.last+1)
	binary.LittleEndian.PutUint32(b[8:], j.id.sum(b))
	j.buf = append(b, make([]byte, blocks(len(b))-len(b))...)
	return j.buf
}

// blocks rounds a size up to whole blocks.
func blocks(n int) int { return (n + blockSize - 1) / blockSize * blockSize }

// sum is the checksum of an entry: of its length, its number and its changes, after the
// name of the journal.
func (id journalID) sum(entry []byte) uint32 {
	return checksum(append(id[:], entry[4:8]...), entry[12:])
}

// fits reports whether an entry has room in the file that is written to.
func (j *journal) fits(entry []byte) bool { return j.at+int64(len(entry)) <= j.half }

// turn goes on in the other file, from its beginning. What is in that must have been carried
// over.
func (j *journal) turn() { j.now, j.at = 1-j.now, 0 }

// write makes an entry durable. After an error that wraps storage.ErrUnknown it may stand there;
// after another one it does not, and the next one is written in its place.
func (j *journal) write(entry []byte) error {
	f := j.files[j.now]
	_, err := f.WriteAt(entry, j.at)
	if errors.Is(err, syscall.EROFS) {
		return err // nothing is written there, now or later
	}
	if err != nil {
		return errors.Join(err, j.erase(f)) // it may be there all the same
	}
	if err := syncData(f); err != nil {
		return fmt.Errorf("%w (%w)", err, storage.ErrUnknown)
	}
	j.at += int64(len(entry))
	j.last++
	if cap(j.buf) > keepBuffer {
		j.buf = nil
	}
	return nil
}

// erase makes what was written last no entry.
func (j *journal) erase(f journalFile) error {
	_, err := f.WriteAt(make([]byte, entryHead), j.at)
	if err == nil {
		err = syncData(f)
	}
	if err != nil {
		return fmt.Errorf("%w (%w)", err, storage.ErrUnknown)
	}
	return nil
}

// entry is one of a journal that was left.
type entry struct {
	number  uint64
	changes []storage.Change
}

// part is what stands in one file of a journal beyond the number up to which it was carried over.
type part struct {
	list []entry
	tail []byte // the latest entry as it stands there
	end  int64  // where the next one goes
}

// last returns the number of the latest entry; 0: there is none.
func (p part) last() uint64 {
	if len(p.list) == 0 {
		return 0
	}
	return p.list[len(p.list)-1].number
}

// both returns the entries of both files in order.
func both(left [2]part) []entry {
	if left[0].last() > left[1].last() {
		left[0], left[1] = left[1], left[0]
	}
	return slices.Concat(left[0].list, left[1].list)
}

// readJournal returns what a journal holds beyond the number up to which it was carried over.
// What does not make sense behind the last entry is one that was being written
// when the power went, and was confirmed to nobody; what does not make sense before it is damage.
func readJournal(path string, m mark) (left [2]part, err error) {
	for half := range left {
		name := journalPath(path, m.id, half)
		text, err := readFile(name, m.size)
		if errors.Is(err, fs.ErrNotExist) {
			return left, refuse("may have confirmed commits in "+filepath.Base(name)+", which is missing beside it",
				fmt.Sprintf("put the two files back whose names end in .journal-%x-1 and -2, under the name that the store has now; without them, move the store away and put it back as it was some seconds earlier: stormbell restore --without-journal MOVED", m.id[:]))
		}
		if errors.Is(err, errNotOurs) {
			return left, damaged("%s is no file, or longer than %d bytes, so confirmed commits are missing", filepath.Base(name), m.size)
		}
		if err != nil {
			return left, err
		}
		if int64(len(text)) != m.size {
			return left, damaged("%s has %d bytes and not %d, so confirmed commits are missing", filepath.Base(name), len(text), m.size)
		}
		if left[half], err = readPart(text, m); err != nil {
			return left, damaged("%s: %v", filepath.Base(name), err)
		}
	}
	for n, e := range both(left) {
		if want := m.carried + 1 + uint64(n); e.number != want {
			return left, damaged("its journal has no entry %d, though %d", want, e.number)
		}
	}
	return left, nil
}

// errNotOurs is that what stands in the place of a file of a journal was put there by others.
var errNotOurs = errors.New("it is not what the bot has made there")

// readFile reads a file of a journal, or what there is of one that was being made. A pipe would
// be waited for, and what is longer may have no end.
func readFile(name string, size int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > size {
		return nil, fmt.Errorf("%s: %w", name, errNotOurs)
	}
	return os.ReadFile(name)
}

// removeSpent removes the files of a journal that the store needs no more. They stay where
// something stands in them that the store does not have: then they belong to another copy of it,
// which goes on where this one ended. What others have put in the place of one stays as well, and
// is the error.
func removeSpent(path string, m mark) error {
	var spent []string
	var strange error
	for half := range 2 {
		name := journalPath(path, m.id, half)
		text, err := readFile(name, m.size)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			spent = append(spent, name) // or a link that leads nowhere
			continue
		case errors.Is(err, errNotOurs):
			strange = errors.Join(strange, err)
			continue
		case err != nil:
			return err
		}
		if p, err := readPart(text, m); err != nil || len(p.list) > 0 {
			return strange
		}
		spent = append(spent, name)
	}
	return errors.Join(strange, remove(spent...))
}

// readPart reads one file. What stands behind the last entry is of an earlier turn, and was
// carried over, or is torn: if another one follows it that is neither, this one is damaged.
func readPart(text []byte, m mark) (p part, err error) {
	last := uint64(0)
	for {
		number, size := m.id.at(text, last)
		if size == 0 {
			break
		}
		one := text[:blocks(size)]
		text, last = text[blocks(size):], number
		p.end += int64(blocks(size))
		if number <= m.carried {
			continue
		}
		changes, err := decodeChanges(one[entryHead:size])
		if err != nil {
			return p, fmt.Errorf("entry %d: %v", number, err)
		}
		p.list = append(p.list, entry{number, changes})
		p.tail = one
	}
	last = max(last, m.carried)
	for ; len(text) >= blockSize; text = text[blockSize:] {
		if number, size := m.id.at(text, last); size > 0 {
			return p, fmt.Errorf("what stands before entry %d: %v", number, errSum)
		}
	}
	return p, nil
}

// at returns the number and the size of the entry with which text begins, if it has a number
// beyond one; a size of 0: there is none that is whole.
func (id journalID) at(text []byte, beyond uint64) (number uint64, size int) {
	if len(text) < entryHead || binary.LittleEndian.Uint32(text) != journalMagic {
		return 0, 0
	}
	number = binary.LittleEndian.Uint64(text[12:])
	long := entryHead + int64(binary.LittleEndian.Uint32(text[4:]))
	if number <= beyond || long > int64(len(text)) || blocks(int(long)) > len(text) {
		return 0, 0
	}
	size = int(long)
	if binary.LittleEndian.Uint32(text[8:]) != id.sum(text[:size]) {
		return 0, 0
	}
	return number, size
}

// decodeChanges returns what encode has written.
func decodeChanges(b []byte) ([]storage.Change, error) {
	var list []storage.Change
	r := bytes.NewReader(b)
	text := func(n uint64) ([]byte, error) {
		if n > uint64(r.Len()) {
			return nil, io.ErrUnexpectedEOF
		}
		t := make([]byte, n)
		_, err := io.ReadFull(r, t)
		return t, err
	}
	for r.Len() > 0 {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return nil, err
		}
		key, err := text(n)
		if err != nil {
			return nil, err
		}
		c := storage.Change{Key: string(key)}
		if n, err = binary.ReadUvarint(r); err != nil {
			return nil, err
		}
		if c.Delete = n == 0; !c.Delete {
			if c.Value, err = text(n - 1); err != nil {
				return nil, err
			}
		}
		list = append(list, c)
	}
	return list, nil
}
