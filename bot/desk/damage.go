package desk

import (
	"errors"
	"fmt"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/incident"
	"github.com/stormbell/stormbell/storage"
)

// Damaged reports whether nothing can be done to incident n, or to the one that it is a
// part of, since a record of it is damaged, or it is archived in a file that cannot be read.
// Of records only those are known that somebody has run into.
func (d *Desk) Damaged(tx *storage.Tx, n int) bool {
	for range mergedMost {
		if d.ledger.SomeDamaged() && broken(tx, n) {
			return true
		}
		i, ok, err := d.recent.Load(tx, incidentKey(n))
		switch {
		case err != nil || !ok:
			return false // whoever reads it next is told why
		case !i.Status.Active() && tx.Reachable(eventPrefix(n)) != nil:
			return true
		case i.MergedInto == 0:
			return false
		}
		n = i.MergedInto
	}
	return false
}

// broken reports whether a record without which nothing can be done to an incident is
// known to be damaged.
func broken(tx *storage.Tx, n int) bool {
	for _, key := range []string{incidentKey(n), artifactsKey(n), escalationKey(n)} {
		if broken := (*storage.DamagedError)(nil); errors.As(tx.Reachable(key), &broken) {
			return true
		}
	}
	return false
}

// Plain returns an error for people in the place of one that says that a record is damaged;
// any other as it is.
func Plain(err error) error {
	broken := (*storage.DamagedError)(nil)
	if refused := (*incident.Refusal)(nil); errors.As(err, &refused) || !errors.As(err, &broken) {
		return err
	}
	return incident.Refuse(damagedNext, "%s in the store is damaged, so that cannot be done, and nothing was changed.", incident.Capital(damagedWhat(broken.Key)))
}

const damagedNext = "If somebody is needed now, declare a new incident, which pages people; `/oncall` says who is on call. " +
	"Whoever runs the bot puts a sound copy of the store back with `stormbell restore`."

// damagedWhat says which record is damaged.
func damagedWhat(key string) string {
	if n := ledger.IncidentOf(key); n > 0 {
		return fmt.Sprintf("a record of %s (%s)", incident.Name(n), key)
	}
	return fmt.Sprintf("a record (%s)", key)
}

// DamagedText is what the operators are told of a record that is damaged.
func DamagedText(key string) string {
	text := incident.Capital(damagedWhat(key)) + " in the store is damaged. Everything that does not need it goes on, and paging does. "
	if n := ledger.IncidentOf(key); n > 0 {
		text += "What is done to " + incident.Name(n) + " can fail: look after whoever works on it, and declare a new incident if people are to be paged. "
	}
	return text + "At a quiet moment stop the bot and put the last sound copy back with `stormbell restore`."
}
