package desk

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// archiveSome moves some of the incidents of one file, and returns those that are left.
func (d *Desk) archiveSome(ctx context.Context, file string, list []int, r *Archived) (left []int, moved int, err error) {
	parcels, standing, left, err := d.parcels(ctx, file, list, r.Before, r.stays)
	for range list { // a record that is found to be damaged leaves its incident out the next time
		if broken := (*storage.DamagedError)(nil); !errors.As(err, &broken) {
			break
		}
		parcels, standing, left, err = d.parcels(ctx, file, list, r.Before, r.stays)
	}
	if err != nil {
		return list, 0, err
	}
	var records []storage.Change
	for _, p := range parcels {
		if !p.stands {
			records = append(records, p.records...)
		}
	}
	if len(records) > 0 {
		slices.SortFunc(records, func(a, b storage.Change) int { return cmp.Compare(a.Key, b.Key) })
		if err := d.opt.Shelf.Put(ctx, file, standing, records); err != nil {
			return list, 0, err
		}
	}
	marked := make([]bool, len(parcels))
	err = ledger.Share(len(parcels), func(i int) (err error) {
		marked[i], err = d.markArchived(ctx, parcels[i], r.Before)
		return err
	})
	if err != nil {
		return list, 0, err
	}
	var gone []string
	for i, p := range parcels {
		if marked[i] {
			gone = append(gone, p.live...)
			moved++
			r.Incidents, r.Records, r.Bytes = r.Incidents+1, r.Records+len(p.live), r.Bytes+p.bytes
		}
	}
	// From here on they are read in the file. What is in both places is read once, and what
	// a kill leaves is removed the next time.
	return left, moved, d.discard(ctx, gone)
}

// parcels reads what some of the incidents have; what they are by now decides. Standing are
// the records of those that the file has already.
func (d *Desk) parcels(ctx context.Context, file string, list []int, before time.Time, stay func(why string)) (parcels []parcel, standing map[string][]byte, left []int, err error) {
	standing = map[string][]byte{}
	err = d.ledger.View(ctx, func(tx *storage.Tx) error {
		size := 0
		for k, n := range list {
			if k == archiveMost || size > archiveBytes {
				left = list[k:]
				break
			}
			i, err := loadIncident(tx, n)
			if err != nil {
				return err
			}
			is, why, err := archives(tx, i, before)
			if err != nil {
				return err
			}
			if is != file { // it has changed since it was found, or is damaged
				if why == staysDamaged {
					stay(why)
				}
				continue
			}
			p, err := packParcel(tx, i, file)
			if errors.Is(err, errNotWhole) {
				stay(staysDamaged)
				continue
			}
			if err != nil {
				return err
			}
			was, err := tx.Get(archivedKey(n))
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			if p.stands = bytes.Equal(was, p.mark); !p.stands && inFile(was, file) {
				continue // into one file it is put once: the store must never know another record than the file
			}
			size += p.bytes
			parcels = append(parcels, p)
		}
		for key, value := range tx.Scan("archived/") {
			if inFile(value, file) {
				standing[key] = value
			}
		}
		return tx.Err()
	})
	return parcels, standing, left, err
}

// inFile reports whether a record archived/N names the file.
func inFile(mark []byte, file string) bool { return bytes.Contains(mark, []byte(`"file":"`+file+`"`)) }

// errNotWhole is that the timeline of an incident lacks an event.
var errNotWhole = errors.New("its timeline is not whole")

// packParcel reads everything of one incident that goes into a file.
func packParcel(tx *storage.Tx, i incident.Incident, file string) (p parcel, err error) {
	p.inc = i
	for _, family := range ledger.Archived {
		prefix := family + ledger.Number(i.Number) + "/"
		for key, value := range tx.Scan(prefix) {
			p.records = append(p.records, storage.Change{Key: key, Value: value})
		}
		for key, value := range tx.ScanFrom(family, prefix) { // over more than one incident: the store alone
			if !strings.HasPrefix(key, prefix) {
				break
			}
			p.live, p.bytes = append(p.live, key), p.bytes+len(key)+len(value)
		}
	}
	// Events are removed last: an incident without any in the store is not looked for again.
	slices.SortStableFunc(p.live, func(a, b string) int {
		return cmp.Compare(len(a)-len(strings.TrimPrefix(a, "event/")), len(b)-len(strings.TrimPrefix(b, "event/")))
	})
	events := 0
	for _, r := range p.records {
		if strings.HasPrefix(r.Key, "event/") {
			events++
		}
	}
	if err := tx.Err(); err != nil {
		return p, err
	}
	if events != i.Events {
		return p, errNotWhole
	}
	p.mark, err = json.Marshal(archivedRecord{V: 1, File: file, Events: events, Records: len(p.records), Sum: sumOf(p.records)})
	if err != nil {
		return p, err
	}
	// The state is no part of the sum: another version may make another one of the timeline.
	state, err := tx.Get(incidentKey(i.Number))
	if err != nil {
		return p, err
	}
	p.records = append(p.records, storage.Change{Key: incidentKey(i.Number), Value: state}, storage.Change{Key: archivedKey(i.Number), Value: p.mark})
	return p, tx.Err()
}

// sumOf is the SHA-256 of records, of each its key and its value with their lengths.
func sumOf(records []storage.Change) string {
	sum := sha256.New()
	for _, r := range records {
		for _, part := range [][]byte{[]byte(r.Key), r.Value} {
			sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			sum.Write(part)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// markArchived has the store know that an incident is in its file. It reports false where the
// incident has changed since it was read: then it stays.
func (d *Desk) markArchived(ctx context.Context, p parcel, before time.Time) (done bool, err error) {
	err = d.ledger.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		done = false
		i, err := loadIncident(t.Tx, p.inc.Number)
		if err != nil || i.Events != p.inc.Events {
			return err
		}
		if file, _, err := archives(t.Tx, i, before); err != nil || file == "" {
			return err
		}
		done = true
		if p.stands {
			return nil
		}
		return t.Put(archivedKey(i.Number), p.mark)
	})
	return done, err
}
