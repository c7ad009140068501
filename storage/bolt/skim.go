package bolt

import (
	"errors"
	"io"
	"iter"
)

// A large file is not read through before it is used: a second for each gigabyte is
// too long to page nobody. Of the records only the pages that lead to them are read,
// about one in eighty. That is enough to refuse a file whose pages do not hang
// together, and to know which pages are free. What it says nothing of, the records
// themselves, is read afterwards, while work goes on: see [Engine.Verify].

// skim is what is known of the pages that are not read.
type skim struct {
	depth int   // that of the pages with the records
	heads pages // at which they begin; what overflows from them follows

	// soon tells the system of a part of the file that is read next. A disk that is asked for
	// one page after the other takes ten times as long as for many at once.
	soon func(at int64, n int)
}

// skimFile is verify without the records. See [skim] for soon.
func skimFile(f io.ReaderAt, size int64, o Options, soon func(at int64, n int)) (*checker, error) {
	c, err := begin(f, size, o)
	if err != nil {
		return nil, err
	}
	c.skim = &skim{heads: make(pages, len(c.seen)), soon: soon}
	if err := c.walk(); err != nil {
		return nil, err
	}
	if err := c.ours(); err != nil {
		return nil, err
	}
	_, err = decodeTally(c.tally)
	return c, err
}

// leaves reports whether the pages of s at that depth are those with the records.
func (s *skim) leaves(at span, depth int) bool { return s != nil && at.records && depth == s.depth }

// skimmed checks the tree of the records at root. In a tree of bbolt all records lie
// equally deep.
func (c *checker) skimmed(root uint64, s span, depth int) error {
	for id, at := root, depth; ; at++ {
		if at > maxDepth {
			return damaged("page %d lies below itself", id)
		}
		p, err := c.peek(id)
		if err != nil {
			return err
		}
		if p.flags == flagLeaf {
			c.skim.depth = at
			break
		}
		if p.flags != flagBranch || p.count == 0 {
			return damaged("page %d is of no known kind (%#x)", p.id, p.flags)
		}
		if _, id, err = p.pointer(0); err != nil {
			return err
		}
	}
	if c.skim.depth == depth {
		return c.head(root)
	}
	return c.tree(root, s, depth)
}

// ahead tells the system of the pages that a branch leads to, if they are to be read.
func (c *checker) ahead(p page, s span, depth int) error {
	if c.skim == nil || c.skim.leaves(s, depth+1) {
		return nil
	}
	for i := range p.count {
		_, child, err := p.pointer(i)
		if err != nil {
			return err
		}
		c.soon(child)
	}
	return nil
}

// soon tells the system of a page.
func (c *checker) soon(id uint64) {
	if id < c.meta.end { // or it is refused when it is read
		c.skim.soon(int64(id)*int64(c.meta.pageSize), c.meta.pageSize)
	}
}

// peek reads a page without its overflow and without counting it as used.
func (c *checker) peek(id uint64) (page, error) {
	if id < 2 || id >= c.meta.end {
		return page{}, damaged("page %d is outside of the file", id)
	}
	return c.header(id, c.meta.pageSize)
}

// header reads the first n bytes of a page.
func (c *checker) header(id uint64, n int) (page, error) {
	b := make([]byte, n)
	if _, err := c.file.ReadAt(b, int64(id)*int64(c.meta.pageSize)); err != nil {
		return page{}, err
	}
	p, err := parsePage(b)
	if err == nil && p.id != id {
		err = damaged("page %d calls itself %d", id, p.id)
	}
	return p, err
}

// head notes that records begin at a page.
func (c *checker) head(id uint64) error {
	if err := c.mark(id); err != nil {
		return err
	}
	c.skim.heads.add(id)
	return nil
}

// overflows finds the pages into which long records overflow. They follow the page at
// which those begin, so only pages that are followed by one nobody is known to use have to be
// asked.
func (c *checker) overflows() error {
	if c.skim == nil {
		return nil
	}
	for ids := range c.doubtful() {
		for _, id := range ids {
			c.soon(id)
		}
		for _, id := range ids {
			if err := c.overflow(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// doubtful yields the pages of records that are followed by one nobody is known to use,
// some hundreds at a time.
func (c *checker) doubtful() iter.Seq[[]uint64] {
	return func(yield func([]uint64) bool) {
		const some = 512
		ids := make([]uint64, 0, some)
		for id := uint64(2); id+1 < c.meta.end; id++ {
			if !c.skim.heads.has(id) || c.seen.has(id+1) {
				continue
			}
			if ids = append(ids, id); len(ids) == some {
				if !yield(ids) {
					return
				}
				ids = ids[:0]
			}
		}
		yield(ids)
	}
}

// overflow notes the pages into which the records of one page overflow.
func (c *checker) overflow(id uint64) error {
	p, err := c.header(id, headerSize)
	if err != nil {
		return err
	}
	if p.flags != flagLeaf {
		return damaged("page %d is of no known kind (%#x)", id, p.flags)
	}
	if uint64(p.overflow) >= c.meta.end-id {
		return damaged("page %d reaches beyond the file", id)
	}
	for i := range uint64(p.overflow) {
		if err := c.mark(id + 1 + i); err != nil {
			return err
		}
	}
	return nil
}

// slice is the part of the records that is looked at while work goes on.
type slice struct {
	from string // keys before it were looked at
	next string // and those before it are when this slice is done
	room int    // bytes that it may still read
}

// errSliceFull ends a walk for now.
var errSliceFull = errors.New("enough for now")

// over reports whether all that lies in a subtree was looked at.
func (s *slice) over(at span) bool {
	return s != nil && at.records && at.high != nil && string(at.high) <= s.from
}

// did reports whether a record was looked at.
func (s *slice) did(key []byte) bool { return s != nil && string(key) < s.from }

// ended says whether to go on after a page of so many bytes, the last key of which is
// given. A page all of which was looked at before does not count: a slice always gets on.
func (s *slice) ended(last []byte, size int) error {
	if s == nil || last == nil || s.did(last) {
		return nil
	}
	s.next = string(last) + "\x00"
	if s.room -= size; s.room <= 0 {
		return errSliceFull
	}
	return nil
}
