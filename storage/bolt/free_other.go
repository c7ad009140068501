//go:build !(darwin || freebsd || linux)

package bolt

import (
	"errors"
	"fmt"
)

// Free returns an error: how much space is left cannot be asked here without a
// library for it.
func (e *Engine) Free() (int64, error) { return FreeIn(e.path) }

// FreeIn returns an error likewise.
func FreeIn(folder string) (int64, error) {
	return 0, fmt.Errorf("space in %s: %w", folder, errors.ErrUnsupported)
}
