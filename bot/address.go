package bot

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// Address is where the bot answers HTTP. Run begins and ends it. A process that stands
// by says how it is before there is anything to run, so it begins earlier.
type Address struct {
	server   *http.Server
	listener net.Listener
	once     sync.Once
	answers  sync.WaitGroup
	broken   chan error // gets why it does not answer any more
}

// NewAddress returns an address that does not answer yet.
func NewAddress(server *http.Server, listener net.Listener) *Address {
	return &Address{server: server, listener: listener, broken: make(chan error, 1)}
}

// Answer begins to answer, if it has not begun. Whoever calls it calls Close.
func (a *Address) Answer() {
	a.once.Do(func() {
		a.answers.Go(func() { a.broken <- a.server.Serve(a.listener) })
	})
}

// finish takes no more and waits for what is under way.
func (a *Address) finish(ctx context.Context) error {
	err := a.server.Shutdown(ctx)
	a.answers.Wait()
	if err != nil {
		return fmt.Errorf("stop http: %v", err)
	}
	return nil
}

// Close breaks off what is under way and frees the address.
func (a *Address) Close() {
	_ = a.server.Close()
	_ = a.listener.Close() // which the server does not know before it answers
	a.answers.Wait()
}
