package alerts

import (
	"hash/maphash"
	"sync"
	"time"
)

// lately knows the alerts that were taken in within the last [seenEvery]: most others
// need not be looked up to learn that they are no repeats. Now and then it takes an alert
// for one that it knows, never the other way round; what it does not know is taken in as
// if it was new, and is no repeat then either. The zero value knows none.
type lately struct {
	mu     sync.Mutex
	began  time.Time           // when the first of news came
	news   map[uint64]struct{} // hashes
	before map[uint64]struct{} // of the time before
}

var latelySeed = maphash.MakeSeed()

func latelyHash(sender, id string) uint64 {
	return maphash.Comparable(latelySeed, [2]string{sender, id})
}

// add notes that an alert was taken in.
func (l *lately) add(sender, id string) {
	hash := latelyHash(sender, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	if l.news == nil {
		l.news, l.began = map[uint64]struct{}{}, time.Now()
	}
	l.news[hash] = struct{}{}
}

// has reports whether an alert may have been taken in within the last [seenEvery].
func (l *lately) has(sender, id string) bool {
	hash := latelyHash(sender, id)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	_, now := l.news[hash]
	_, before := l.before[hash]
	return now || before
}

// turn lets go of what is older than it need be.
func (l *lately) turn() {
	switch age := time.Since(l.began); {
	case age < seenEvery:
	case age < 2*seenEvery:
		l.before, l.news = l.news, nil
		l.began = l.began.Add(seenEvery)
	default:
		l.before, l.news = nil, nil
	}
}
