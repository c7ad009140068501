package storage

import (
	"encoding/json"
	"fmt"
)

// Load reads the JSON record at key. A missing key is an error that wraps
// ErrNotFound; fields that T does not have are ignored.
func Load[T any](t *Tx, key string) (T, error) {
	var v T
	b, err := t.Get(key)
	if err != nil {
		return v, fmt.Errorf("load %s: %w", key, err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("load %s: %v", key, err)
	}
	return v, nil
}

// Save writes v as the JSON record at key. Versions are the record's own: a
// field of T.
func Save(t *Tx, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s: %v", key, err)
	}
	return t.Put(key, b)
}
