package ledger

import (
	"errors"
	"sync"
)

// Share calls f for 0 to n-1, several at the same time and begun in that order,
// so that transactions which wait for the disk share its commits: ten thousand one
// after another would take half a minute. It returns what failed.
func Share(n int, f func(i int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, together)
	var all sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			errs[i] = f(i)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
