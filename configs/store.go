package configs

import (
	"fmt"
	"net"
	"strings"
)

// Store says which engine keeps the records, and where.
type Store struct {
	Engine    string   // bolt or etcd
	Path      string   // bolt: the file
	Endpoints []string // etcd: HOST:PORT each
	Prefix    string   // etcd: with its leading slash
}

// ParseStore reads bolt:PATH or etcd:HOST:PORT,HOST:PORT/PREFIX.
func ParseStore(s string) (Store, error) {
	engine, rest, _ := strings.Cut(s, ":")
	switch {
	case engine == "bolt" && rest != "":
		return Store{Engine: engine, Path: rest}, nil
	case engine == "etcd":
		return parseEtcd(rest)
	case engine == "bolt":
		return Store{}, &valueError{fmt.Sprintf("%q names no file", s), "write bolt:PATH, such as bolt:stormbell.db"}
	}
	return Store{}, &valueError{fmt.Sprintf("%q names no kind of store", s), "write bolt:PATH, such as bolt:stormbell.db"}
}

// maxPrefix is the longest prefix that the engine takes, with its slash.
const maxPrefix = 48

func parseEtcd(s string) (Store, error) {
	hosts, prefix, found := strings.Cut(s, "/")
	store := Store{Engine: "etcd", Endpoints: strings.Split(hosts, ","), Prefix: "/" + prefix}
	for _, endpoint := range store.Endpoints {
		host, port, err := net.SplitHostPort(endpoint)
		if err != nil || host == "" || !portNumber(port) {
			return Store{}, &valueError{fmt.Sprintf("%q is not HOST:PORT", endpoint), "write etcd:HOST:PORT,HOST:PORT/PREFIX"}
		}
	}
	for _, part := range strings.Split(prefix, "/") {
		// With the last two, one store could lie within the records of another.
		if prefix != "" && (part == "" || part == "records" || part == "election") {
			return Store{}, &valueError{fmt.Sprintf("the prefix %q cannot be used", store.Prefix), "none of its parts may be empty, records or election"}
		}
	}
	if len(store.Prefix) > maxPrefix {
		return Store{}, &valueError{fmt.Sprintf("the prefix is %d characters long", len(store.Prefix)), fmt.Sprintf("use at most %d", maxPrefix)}
	}
	if !found || prefix == "" {
		return Store{}, &valueError{"the etcd store has no prefix", "write etcd:HOST:PORT,HOST:PORT/PREFIX, such as etcd:10.0.0.1:2379/stormbell"}
	}
	return store, nil
}

// String returns the store as the configuration writes it.
func (s Store) String() string {
	if s.Engine == "etcd" {
		return "etcd:" + strings.Join(s.Endpoints, ",") + s.Prefix
	}
	return s.Engine + ":" + s.Path
}
