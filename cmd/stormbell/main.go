// Command stormbell runs incidents in Slack: the bot itself, a demonstration of
// it without a Slack account, and what an operator needs around both.
//
// Every command is one file here with one function that builds it. A command
// reads its flags, calls the packages that do the work and prints the answer;
// nothing is decided here. Results go to standard output and talk to standard
// error. The exit code is 0 on success, 1 on a failure, 2 on wrong usage.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // a roster names zones, and a bare image has none
)

func main() {
	os.Exit(runMain())
}

// runMain is main with its exit code, so that the deferred call happens.
func runMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], process{Env: os.Environ(), In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// process is what a command may touch of the process that it runs in.
type process struct {
	Env []string // NAME=VALUE each
	In  io.Reader
	Out io.Writer // results
	Err io.Writer // talk
}
