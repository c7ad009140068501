package backup

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/pattern"
)

// Copy is a copy in the folder, as its name tells. Copies count up, so that their
// order does not depend on a clock.
type Copy struct {
	store  string // names the store that it is of
	number int
	at     time.Time
	faulty bool // the records of the store did not fit each other
}

const form = "20060102T150405Z"

var whole = pattern.New(`^stormbell-([0-9a-f]{8})-([0-9]{6,9})-([0-9]{8}T[0-9]{6}Z)(\.faulty)?\.db$`)

// Name is the name of the file.
func (c Copy) Name() string {
	end := ".db"
	if c.faulty {
		end = ".faulty.db"
	}
	return fmt.Sprintf("stormbell-%s-%06d-%s%s", c.store, c.number, c.at.UTC().Format(form), end)
}

// half is its name until it is proven.
func (c Copy) half() string { return fmt.Sprintf("%s%06d.partial", halves(c.store), c.number) }

// halves is how the names of a store's unfinished copies begin, and of what is beside
// them.
func halves(store string) string { return ".stormbell-" + store + "-" }

func parse(name string) (Copy, bool) {
	m := whole.FindStringSubmatch(name)
	if m == nil {
		return Copy{}, false
	}
	number, err := strconv.Atoi(m[2])
	at, bad := time.Parse(form, m[3])
	return Copy{m[1], number, at, m[4] != ""}, err == nil && bad == nil
}

// list returns the whole copies of a store, the newest first.
func list(folder, store string) ([]Copy, error) {
	copies, err := listAll(folder)
	return slices.DeleteFunc(copies, func(c Copy) bool { return c.store != store }), err
}

// listAll returns the whole copies of all stores, the newest first. What is no ordinary file
// was not written by a keeper.
func listAll(folder string) ([]Copy, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var copies []Copy
	for _, e := range entries {
		if c, ok := parse(e.Name()); ok && e.Type().IsRegular() {
			copies = append(copies, c)
		}
	}
	slices.SortFunc(copies, func(a, b Copy) int {
		return cmp.Or(cmp.Compare(b.number, a.number), b.at.Compare(a.at))
	})
	return copies, nil
}

// rotate removes the copies of a store beyond the newest ones, but for the last sound
// one.
func rotate(folder, store string, keep int) error {
	copies, err := list(folder, store)
	if err != nil {
		return err
	}
	sound := false
	for i, c := range copies {
		first := !sound && !c.faulty
		sound = sound || first
		if i < keep || first {
			continue
		}
		if err := os.Remove(filepath.Join(folder, c.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tidy removes what a process that was killed has left half written.
func tidy(folder, store string) error {
	if store == "" {
		return nil // there was none yet
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), halves(store)) || !e.Type().IsRegular() {
			continue
		}
		if err := os.Remove(filepath.Join(folder, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Newer returns the name of the newest sound copy in a folder that was made after the
// one at path, of the same store; empty where there is none, or where path is no copy
// of a keeper.
func Newer(folder, path string) string {
	c, ok := parse(filepath.Base(path))
	if !ok {
		return ""
	}
	copies, err := list(folder, c.store)
	if err != nil {
		return ""
	}
	for _, n := range copies {
		if !n.faulty && n.number > c.number {
			return n.Name()
		}
	}
	return ""
}
