package etcd

import (
	"strconv"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/stormbell/stormbell/storage"
)

// cache remembers answers. A request to a member costs a thousand times what looking
// into a file does, and the same few records are read again and again. As this process
// is the only writer, an answer stays right until a commit of its own changes a record
// that it is about.
//
// Its methods are called with the engine's lock.
type cache struct {
	records map[string]answer // of Get, by the whole key
	pages   map[string]answer // of small pages of scans
	bytes   int
}

// answer is what the store says at every revision from one on up to the newest.
type answer struct {
	since    int64
	kvs      []*mvccpb.KeyValue // never changed
	from, to string             // of a page: it is about the keys in between
	bytes    int
}

const (
	cacheBytes  = 8 << 20  // of keys and values
	cachePages  = 512      // each commit looks through them
	answerBytes = 64 << 10 // larger ones are not remembered: they are for those who read everything
)

func newCache() cache { return cache{records: map[string]answer{}, pages: map[string]answer{}} }

// pageKey names a page.
func pageKey(from, to string, limit int64, reverse bool) string {
	return strconv.FormatInt(limit, 10) + " " + strconv.FormatBool(reverse) + " " + strconv.Itoa(len(from)) + " " + from + to
}

// remember adds an answer, and forgets others where there is no room.
func (c *cache) remember(of map[string]answer, key string, a answer) {
	a.bytes = len(key) + 64
	for _, kv := range a.kvs {
		a.bytes += len(kv.Key) + len(kv.Value)
	}
	c.forget(of, key)
	if a.bytes > answerBytes {
		return
	}
	of[key] = a
	c.bytes += a.bytes
	for other := range c.pages {
		if len(c.pages) <= cachePages {
			break
		}
		c.forget(c.pages, other)
	}
	for other := range c.records {
		if c.bytes <= cacheBytes {
			break
		}
		c.forget(c.records, other)
	}
	for other := range c.pages {
		if c.bytes <= cacheBytes {
			break
		}
		c.forget(c.pages, other)
	}
}

func (c *cache) forget(of map[string]answer, key string) {
	if a, ok := of[key]; ok {
		c.bytes -= a.bytes
		delete(of, key)
	}
}

// clear forgets everything.
func (c *cache) clear() {
	clear(c.records)
	clear(c.pages)
	c.bytes = 0
}

// changed brings the cache to what holds after a commit.
func (c *cache) changed(base string, changes []storage.Change, revision int64) {
	for _, change := range changes {
		key := base + change.Key
		a := answer{since: revision}
		if !change.Delete {
			a.kvs = []*mvccpb.KeyValue{{Key: []byte(key), Value: append([]byte{}, change.Value...)}}
		}
		c.remember(c.records, key, a)
		for name, page := range c.pages {
			if key >= page.from && key < page.to {
				c.forget(c.pages, name)
			}
		}
	}
}
