package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt trusts its file: a wrong byte in a page header makes it panic in a
// goroutine of its own, a file cut short kills the process when the missing
// part is touched, and a wrong byte in a value is handed out. So the file is
// read through beforehand with plain reads, here. The layout is bbolt's,
// version 2 (its package internal/common), in the machine's byte order.

const (
	headerSize  = 16 // of a page: id 8, flags 2, count 2, overflow 4
	elementSize = 16 // of an entry's head, in leaf and branch pages
	bucketSize  = 16 // of a bucket's head: root page 8, sequence 8
	metaSize    = 64

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10

	magic         = 0xED0CDAED
	layout        = 2
	noFreelist    = ^uint64(0)
	bucketElement = 0x01

	manyFree = 0xFFFF // in the place of a count that does not fit: it is the first entry of the list

	maxDepth = 64 // levels of a tree; a real one has fewer than ten
)

var order = binary.NativeEndian

// meta is a header page. The newer of the two valid ones is the file's state.
type meta struct {
	pageSize            int
	root, freelist, end uint64 // page numbers; end is the first one unused
	tx                  uint64
	both                bool // the other header is as good
}

// parseMeta reads what follows the page header in a header page.
func parseMeta(b []byte) (meta, error) {
	if order.Uint32(b) != magic {
		return meta{}, errForeign
	}
	if v := order.Uint32(b[4:]); v != layout {
		return meta{}, refuse(fmt.Sprintf("has file layout %d, and this program knows %d", v, layout), "install the version that wrote it")
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	if order.Uint64(b[metaSize-8:]) != sum.Sum64() {
		return meta{}, damaged("a header page does not match its checksum")
	}
	return meta{
		pageSize: int(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		end:      order.Uint64(b[40:]),
		tx:       order.Uint64(b[48:]),
	}, nil
}

// verify reads the whole file and returns what it has seen, or what is wrong with it.
// In the end it is known to be Stormbell's, of a version that this program knows, and
// to have the records that it should have.
func verify(f io.ReaderAt, size int64, o Options) (*checker, error) {
	c, err := begin(f, size, o)
	if err != nil {
		return nil, err
	}
	if err := c.walk(); err != nil {
		return nil, err
	}
	return c, c.whole()
}

// begin reads the headers of a file.
func begin(f io.ReaderAt, size int64, o Options) (*checker, error) {
	if size == 0 {
		return nil, refuse("is empty, which Stormbell never leaves behind", "restore a backup, or remove the file to begin with nothing")
	}
	m, err := readMeta(f, size, o)
	if err != nil {
		return nil, err
	}
	if m.pageSize < 1024 || m.end > uint64(size)/uint64(m.pageSize) {
		return nil, damaged("it ends too early, at %d bytes of %d pages", size, m.end)
	}
	return &checker{file: f, meta: m, seen: make(pages, m.end/8+1)}, nil
}

// walk goes over all pages that are in use, and over the list of those that are not.
func (c *checker) walk() error {
	if err := c.tree(c.meta.root, span{}, 0); err != nil {
		return err
	}
	if err := c.overflows(); err != nil {
		return err
	}
	if c.meta.freelist == noFreelist {
		return nil
	}
	return c.freelist(c.meta.freelist)
}

// ours refuses a file that is not Stormbell's, or is of a later version.
func (c *checker) ours() error {
	if c.schema == nil || !c.records {
		return errForeign
	}
	return checkSchema(string(c.schema))
}

// whole refuses a file that is not Stormbell's, is of a later version, or has other
// records than it should.
func (c *checker) whole() error {
	if err := c.ours(); err != nil {
		return err
	}
	want, err := decodeTally(c.tally)
	if err == nil && c.found != want {
		err = damaged("records are missing or out of date (%d there, %d expected)", c.found.n, want.n)
	}
	return err
}

// readMeta returns the newer header. A header damaged while the other is good
// means that the last commit may be missing, which is the operator's to accept.
func readMeta(f io.ReaderAt, size int64, o Options) (meta, error) {
	first, err := metaAt(f, 0)
	if err == nil {
		second, err2 := metaAt(f, int64(first.pageSize))
		first.both, second.both = err2 == nil, err2 == nil
		if err2 == nil && second.tx > first.tx {
			return second, nil
		}
		return first, acceptOlder(err2, o)
	}
	// Without the first header the page size is not known: try all of them.
	for at := int64(1024); at <= 1<<16 && at < size; at *= 2 {
		second, err2 := metaAt(f, at)
		if err2 == nil && int64(second.pageSize) == at {
			return second, acceptOlder(err, o)
		}
	}
	return meta{}, err
}

func metaAt(f io.ReaderAt, at int64) (meta, error) {
	b := make([]byte, headerSize+metaSize)
	if _, err := f.ReadAt(b, at); errors.Is(err, io.EOF) {
		return meta{}, errForeign
	} else if err != nil {
		return meta{}, err
	}
	return parseMeta(b[headerSize:])
}

// acceptOlder decides about a file one of whose headers is bad.
func acceptOlder(bad error, o Options) error {
	if bad == nil {
		return nil
	}
	if !o.UseOlderHeader {
		return refuse("is damaged: one of its two header pages is unreadable, so the last change may be missing",
			"restore a backup, or accept that loss by opening it with the older header")
	}
	o.Warn("store: one of the two header pages is damaged; continuing with the other, the last change may be missing")
	return nil
}

// checker walks all pages that are in use.
type checker struct {
	file  io.ReaderAt
	meta  meta
	seen  pages // nil: what is used twice is not looked for
	free  [][]byte
	found tally

	records       bool   // there is the bucket of the records
	schema, tally []byte // what the bucket about the file says; nil: nothing

	skim  *skim  // nil: every page is read
	slice *slice // nil: every record is looked at
}

// span is where the keys of a subtree must lie: from low, below high unless
// that is nil. records is set in the bucket whose values carry checksums, about in
// the one that says what the file is.
type span struct {
	low, high      []byte
	records, about bool
}

// tree checks the page at id and all below it.
func (c *checker) tree(id uint64, s span, depth int) error {
	if depth > maxDepth {
		return damaged("page %d lies below itself", id)
	}
	p, err := c.page(id)
	if err != nil {
		return err
	}
	err = c.content(p, s, depth)
	c.free = append(c.free, p.b[:0])
	return err
}

func (c *checker) content(p page, s span, depth int) error {
	if c.skim != nil && s.records && p.flags == flagLeaf {
		return damaged("page %d has records, and should lead to them", p.id)
	}
	switch p.flags {
	case flagLeaf:
		return c.leaf(p, s, depth)
	case flagBranch:
		return c.branch(p, s, depth)
	}
	return damaged("page %d is of no known kind (%#x)", p.id, p.flags)
}

// branch checks a page of pointers to other pages.
func (c *checker) branch(p page, s span, depth int) error {
	if p.count == 0 {
		return damaged("page %d points nowhere", p.id)
	}
	if err := c.ahead(p, s, depth); err != nil {
		return err
	}
	for i := range p.count {
		key, child, err := p.pointer(i)
		if err != nil {
			return err
		}
		below := s
		below.low = key
		if i+1 < p.count {
			if below.high, _, err = p.pointer(i + 1); err != nil {
				return err
			}
		}
		if !s.holds(key) || below.high != nil && bytes.Compare(key, below.high) >= 0 {
			return damaged("page %d has keys out of order", p.id)
		}
		if c.slice.over(below) {
			continue
		}
		if c.skim.leaves(below, depth+1) {
			err = c.head(child)
		} else {
			err = c.tree(child, below, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf checks a page of records or buckets.
func (c *checker) leaf(p page, s span, depth int) error {
	var before []byte
	for i := range p.count {
		flags, key, value, err := p.entry(i)
		if err != nil {
			return err
		}
		if !s.holds(key) || i > 0 && bytes.Compare(before, key) >= 0 {
			return damaged("page %d has keys out of order", p.id)
		}
		before = key
		if s.records && c.slice.did(key) {
			continue
		}
		if err := c.item(flags, key, value, s, depth); err != nil {
			return err
		}
	}
	if s.records {
		return c.slice.ended(before, len(p.b))
	}
	return nil
}

// item checks one entry of a leaf page: a bucket, or a record.
func (c *checker) item(flags uint32, key, value []byte, s span, depth int) error {
	switch flags {
	case bucketElement:
		return c.bucket(key, value, depth)
	case 0:
		if s.about {
			c.note(key, value)
		}
		if !s.records {
			return nil
		}
		if _, err := unseal(key, value); err != nil {
			return damaged("%v", err)
		}
		c.found.add(value)
		return nil
	}
	return damaged("the entry %.40q is of no known kind (%#x)", key, flags)
}

// note keeps what the file says about itself.
func (c *checker) note(key, value []byte) {
	switch string(key) {
	case schemaKey:
		c.schema = append([]byte{}, value...)
	case tallyKey:
		c.tally = append([]byte{}, value...)
	}
}

// bucket checks the tree of a bucket, which lies in its entry when small.
func (c *checker) bucket(name, value []byte, depth int) error {
	if len(value) < bucketSize {
		return damaged("the bucket %.40q is cut short", name)
	}
	s := span{records: string(name) == recordsBucket, about: string(name) == metaBucket}
	c.records = c.records || s.records
	if root := order.Uint64(value); root != 0 {
		if c.skim != nil && s.records {
			return c.skimmed(root, s, depth+1)
		}
		return c.tree(root, s, depth+1)
	}
	p, err := parsePage(value[bucketSize:])
	if err != nil {
		return err
	}
	if p.flags != flagLeaf {
		return damaged("the bucket %.40q has no content", name)
	}
	return c.leaf(p, s, depth+1)
}

// freelist checks the list of free pages that other tools leave behind.
func (c *checker) freelist(id uint64) error {
	p, err := c.page(id)
	if err != nil {
		return err
	}
	if p.flags != flagFreelist {
		return damaged("page %d is not the list of free pages it should be", id)
	}
	list, n := p.b[headerSize:], uint64(p.count)
	if n == manyFree {
		n, list = order.Uint64(list), list[8:]
	}
	if n > uint64(len(list)/8) {
		return damaged("the list of free pages is cut short")
	}
	for i := range n {
		if err := c.mark(order.Uint64(list[8*i:])); err != nil {
			return err
		}
	}
	return nil
}

// mark notes that a page is used, and refuses one that is used already or
// outside of the file.
func (c *checker) mark(id uint64) error {
	if id < 2 || id >= c.meta.end {
		return damaged("page %d is outside of the file", id)
	}
	if c.seen == nil {
		return nil // who looks at a part only cannot know
	}
	if c.seen.has(id) {
		return damaged("page %d is used twice", id)
	}
	c.seen.add(id)
	return nil
}

// pages is a set of pages, one bit for each.
type pages []byte

func (p pages) has(id uint64) bool { return p[id/8]&(1<<(id%8)) != 0 }

func (p pages) add(id uint64) { p[id/8] |= 1 << (id % 8) }

// page reads the page at id with its overflow, into a buffer that is free.
func (c *checker) page(id uint64) (page, error) {
	if err := c.mark(id); err != nil {
		return page{}, err
	}
	var buf []byte
	if n := len(c.free); n > 0 {
		buf, c.free = c.free[n-1][:c.meta.pageSize], c.free[:n-1]
	} else {
		buf = make([]byte, c.meta.pageSize)
	}
	at := int64(id) * int64(c.meta.pageSize)
	if _, err := c.file.ReadAt(buf, at); err != nil {
		return page{}, err
	}
	p, err := parsePage(buf)
	if err != nil {
		return page{}, err
	}
	if p.id != id {
		return page{}, damaged("page %d calls itself %d", id, p.id)
	}
	if p.overflow == 0 {
		return p, nil
	}
	if uint64(p.overflow) >= c.meta.end-id {
		return page{}, damaged("page %d reaches beyond the file", id)
	}
	for i := range uint64(p.overflow) {
		if err := c.mark(id + 1 + i); err != nil {
			return page{}, err
		}
	}
	p.b = make([]byte, (int(p.overflow)+1)*c.meta.pageSize)
	_, err = c.file.ReadAt(p.b, at)
	return p, err
}

// holds reports whether key may lie in the span.
func (s span) holds(key []byte) bool {
	return bytes.Compare(key, s.low) >= 0 && (s.high == nil || bytes.Compare(key, s.high) < 0)
}

// page is a page's header and bytes.
type page struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint32
	b        []byte
}

func parsePage(b []byte) (page, error) {
	if len(b) < headerSize {
		return page{}, damaged("a page is cut short")
	}
	return page{
		id:       order.Uint64(b),
		flags:    order.Uint16(b[8:]),
		count:    int(order.Uint16(b[10:])),
		overflow: order.Uint32(b[12:]),
		b:        b,
	}, nil
}

// entry returns the i-th entry of a leaf page.
func (p page) entry(i int) (flags uint32, key, value []byte, err error) {
	head, at, err := p.element(i)
	if err != nil {
		return 0, nil, nil, err
	}
	pos, ksize, vsize := order.Uint32(head[4:]), order.Uint32(head[8:]), order.Uint32(head[12:])
	from := at + uint64(pos)
	if from+uint64(ksize)+uint64(vsize) > uint64(len(p.b)) {
		return 0, nil, nil, damaged("page %d has an entry beyond its end", p.id)
	}
	key = p.b[from : from+uint64(ksize)]
	return order.Uint32(head), key, p.b[from+uint64(ksize) : from+uint64(ksize)+uint64(vsize)], nil
}

// pointer returns the i-th entry of a branch page.
func (p page) pointer(i int) (key []byte, child uint64, err error) {
	head, at, err := p.element(i)
	if err != nil {
		return nil, 0, err
	}
	from := at + uint64(order.Uint32(head))
	end := from + uint64(order.Uint32(head[4:]))
	if end > uint64(len(p.b)) {
		return nil, 0, damaged("page %d has an entry beyond its end", p.id)
	}
	return p.b[from:end], order.Uint64(head[8:]), nil
}

// element returns the head of the i-th entry and where it lies in the page.
func (p page) element(i int) (head []byte, at uint64, err error) {
	at = headerSize + uint64(i)*elementSize
	if at+elementSize > uint64(len(p.b)) {
		return nil, 0, damaged("page %d has more entries than room", p.id)
	}
	return p.b[at : at+elementSize], at, nil
}
