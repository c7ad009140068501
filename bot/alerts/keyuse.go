package alerts

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stormbell/stormbell/bot/ledger"
	"github.com/stormbell/stormbell/storage"
)

// keyUseRecord says when a key was used last. It is apart from the key, so that
// counting a use never undoes a change of the key.
type keyUseRecord struct {
	V  int       `json:"v"`
	At time.Time `json:"at"`
}

const keyUsePrefix = "keyuse/"

// useEvery is how often uses are stored at most.
const useEvery = time.Minute

// loadUses reads when keys were used last, by their names.
func loadUses(tx *storage.Tx, uses map[string]time.Time) error {
	var names []string
	for key := range tx.Scan(keyUsePrefix) {
		names = append(names, strings.TrimPrefix(key, keyUsePrefix))
	}
	for _, name := range names {
		r, _, err := ledger.Load[keyUseRecord](tx, keyUsePrefix+name)
		if err != nil {
			return err
		}
		uses[name] = r.At
	}
	return nil
}

// begin takes over when keys were used last, and forgets it of keys that are no
// longer in the configuration.
func (k *Keys) begin(ctx context.Context, uses map[string]time.Time) error {
	var gone []string
	for name, at := range uses {
		had := k.keys[name]
		if had == nil {
			gone = append(gone, name)
			continue
		}
		had.used.Store(at.Unix())
		had.stored = at.Unix()
	}
	if len(gone) == 0 {
		return nil
	}
	return k.l.Update(ctx, ledger.Request{}, func(t *ledger.Tx) error {
		for _, name := range gone {
			if err := t.Delete(keyUsePrefix + name); err != nil {
				return err
			}
		}
		return nil
	})
}

// Run stores once a minute which keys were used, all in one transaction, until ctx
// ends, and once more then. What cannot be stored is told to complain and tried
// again with the next.
func (k *Keys) Run(ctx context.Context, complain func(error)) error {
	tick := time.NewTicker(useEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		if err := k.keepUse(context.WithoutCancel(ctx)); err != nil {
			complain(err)
		}
	}
	return nil
}

// keepUse stores the last uses that the store does not have, and removes secrets
// that no longer work.
func (k *Keys) keepUse(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := ledger.Instant()
	uses, ended := map[string]int64{}, map[string]*keyRecord{}
	for name, n := range k.keys {
		if at := n.used.Load(); at > n.stored {
			uses[name] = at
		}
		if n.rec != nil && len(valid(n.rec.Old, now)) < len(n.rec.Old) {
			rec := *n.rec
			rec.Old = valid(rec.Old, now)
			ended[name] = &rec
		}
	}
	if len(uses) == 0 && len(ended) == 0 {
		return nil
	}
	err := k.l.Update(ctx, ledger.Request{At: now}, func(t *ledger.Tx) error {
		for name, at := range uses {
			if err := t.Save(keyUsePrefix+name, keyUseRecord{V: 1, At: time.Unix(at, 0).UTC()}); err != nil {
				return err
			}
		}
		for name, rec := range ended {
			if err := t.Save(keyPrefix+name, rec); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store when integration keys were used: %w", err)
	}
	for name, at := range uses {
		k.keys[name].stored = at
	}
	for name, rec := range ended {
		k.replace(name, rec)
	}
	return nil
}
