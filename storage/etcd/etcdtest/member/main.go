// Command member runs one member of etcd, for tests and for trying high
// availability on one machine. It prints "ready" when it is, and ends on SIGTERM.
// It is not for real use: that is what the program of etcd is for.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/stormbell/stormbell/storage/etcd/etcdtest"
)

func main() {
	var m etcdtest.Member
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, `usage: member '{"Name":"m1","Dir":"…","Client":"127.0.0.1:2379","Peer":"127.0.0.1:2380","Cluster":"m1=http://127.0.0.1:2380"}'`)
		os.Exit(2)
	}
	err := json.Unmarshal([]byte(os.Args[1]), &m)
	if err == nil {
		err = m.Run()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "member: %v\n", err)
		os.Exit(1)
	}
}
