package storage

import (
	"encoding/json"
	"fmt"
)

// Load reads the JSON record at key. A missing key is an error that wraps
// ErrNotFound; fields that T does not have are ignored.
func Load[T any](t *Tx, key string) (T, error) {
	v, ok, err := Find[T](t, key)
	if err == nil && !ok {
		err = fmt.Errorf("load %s: %w", key, ErrNotFound)
	}
	return v, err
}

// Find is Load for a record that may be missing: then it returns false.
func Find[T any](t *Tx, key string) (v T, found bool, err error) {
	b, ok, err := t.Peek(key)
	switch {
	case err != nil:
		return v, false, fmt.Errorf("load %s: %w", key, err)
	case !ok:
		return v, false, nil
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, false, fmt.Errorf("load %s: %v", key, err)
	}
	return v, true, nil
}

// Save writes v as the JSON record at key. Versions are the record's own: a
// field of T.
func Save(t *Tx, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s: %v", key, err)
	}
	return t.PutOwn(key, b)
}
