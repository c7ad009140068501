package bolt

import (
	"hash/fnv"
	"io"
)

// bbolt needs to know which pages are free. Written with each commit the list makes
// commits slow, so it is not; and where bbolt finds none it goes through the whole
// file for it, page by page in memory that the system must map first, which takes
// longer than verify. But verify has just seen which pages are used. So the list is
// written once, before bbolt is let at the file, in the way in which bbolt commits:
// onto pages that are free, synced, and only then a header that names it, in the
// place of the older one. At whatever moment that is cut short, one of the headers is
// as good as before. The first commit makes the list obsolete, and bbolt frees it.

// listFrom is how many pages a file must have for that to be worth two syncs. Beneath
// it bbolt takes a few hundredths of a second.
const listFrom = 4096

const flagMeta = 0x04

// storeFile is what of a file it takes to write into it.
type storeFile interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// keepFree writes the list of free pages into a file that was gone through, if it has
// none. Where it is not listed in the end, bbolt goes through the file for it, and relies
// on what it finds.
func (c *checker) keepFree(f storeFile) (listed bool, err error) {
	if m := c.meta; m.freelist != noFreelist || !m.both {
		return m.freelist != noFreelist, nil
	}
	header := make([]byte, c.meta.pageSize)
	if _, err := f.ReadAt(header, int64(c.meta.tx%2)*int64(c.meta.pageSize)); err != nil {
		return false, err
	}
	if m, err := parseMeta(header[headerSize:]); err != nil || m.tx != c.meta.tx {
		return false, err // bbolt has never put it elsewhere
	}
	at, list := c.freePages()
	if _, err := f.WriteAt(list, int64(at)*int64(c.meta.pageSize)); err != nil {
		return false, err
	}
	if err := f.Sync(); err != nil {
		return false, err
	}
	next := c.meta.tx + 1
	nameList(header, next, at, max(c.meta.end, at+uint64(len(list)/c.meta.pageSize)))
	if _, err := f.WriteAt(header, int64(next%2)*int64(c.meta.pageSize)); err != nil {
		return false, err
	}
	err = f.Sync()
	return err == nil, err
}

// nameList makes of a header page the one of transaction tx, which differs in where
// the list of free pages is, and where the file ends.
func nameList(header []byte, tx, list, end uint64) {
	order.PutUint64(header, tx%2)
	order.PutUint16(header[8:], flagMeta)
	m := header[headerSize:]
	order.PutUint64(m[32:], list)
	order.PutUint64(m[40:], end)
	order.PutUint64(m[48:], tx)
	sum := fnv.New64a()
	sum.Write(m[:metaSize-8])
	order.PutUint64(m[metaSize-8:], sum.Sum64())
}

// freePages returns the list of the free pages as pages of the file, and the free
// page from which on it is to be written; where nowhere enough of them lie in a row, the
// one after the last. Those that it takes itself are not free any more.
func (c *checker) freePages() (at uint64, list []byte) {
	var free []uint64
	for id := uint64(2); id < c.meta.end; id++ {
		if !c.seen.has(id) {
			free = append(free, id)
		}
	}
	pages := (headerSize + 8*(len(free)+1) + c.meta.pageSize - 1) / c.meta.pageSize
	first := -1
	for i := 0; i+pages <= len(free) && first < 0; i++ {
		if free[i+pages-1] == free[i]+uint64(pages-1) {
			first = i
		}
	}
	at = c.meta.end
	if first >= 0 {
		at = free[first]
		free = append(free[:first:first], free[first+pages:]...)
	}
	list = make([]byte, pages*c.meta.pageSize)
	order.PutUint64(list, at)
	order.PutUint16(list[8:], flagFreelist)
	order.PutUint32(list[12:], uint32(pages-1))
	ids := list[headerSize:]
	if len(free) < manyFree {
		order.PutUint16(list[10:], uint16(len(free)))
	} else {
		order.PutUint16(list[10:], manyFree)
		order.PutUint64(ids, uint64(len(free)))
		ids = ids[8:]
	}
	for i, id := range free {
		order.PutUint64(ids[8*i:], id)
	}
	return at, list
}
