// Package etcdtest tests the engine on etcd against real members of etcd. It is a
// module of its own, so that the product neither contains the server nor needs it
// for its own tests.
//
// Its noun is the Cluster: members that are processes, so that they can be killed
// and paused like those of an operator.
package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"
)

// Member is one member of a cluster, as the program `member` is told it in JSON.
type Member struct {
	Name    string
	Dir     string
	Client  string // its address for clients, HOST:PORT
	Peer    string // for the other members
	Cluster string // NAME=http://PEER of every member, with commas between
	CA      string // with Cert and Key: paths of PEM files; empty: plain text
	Cert    string
	Key     string
	NoSync  bool  // what it keeps outlives the process, but not the machine
	Quota   int64 // bytes; 0: etcd's
}

// Run runs the member until it is told to end.
func (m Member) Run() error {
	c := embed.NewConfig()
	c.Name, c.Dir, c.InitialCluster = m.Name, m.Dir, m.Cluster
	c.LogLevel, c.LogOutputs = "error", []string{"stderr"}
	c.UnsafeNoFsync, c.QuotaBackendBytes = m.NoSync, m.Quota
	scheme := "http"
	if m.CA != "" {
		scheme = "https"
		c.ClientTLSInfo = transport.TLSInfo{CertFile: m.Cert, KeyFile: m.Key, TrustedCAFile: m.CA, ClientCertAuth: true}
	}
	client, peer := url.URL{Scheme: scheme, Host: m.Client}, url.URL{Scheme: "http", Host: m.Peer}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e, err := embed.StartEtcd(c)
	if err != nil {
		return fmt.Errorf("start etcd: %v", err)
	}
	defer e.Close()
	select {
	case <-e.Server.ReadyNotify():
		fmt.Println("ready")
	case <-time.After(time.Minute):
		return errors.New("etcd is not ready after a minute")
	case err := <-e.Err():
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-e.Err():
		return err
	}
}

// cluster is the Cluster of several members.
func cluster(members []Member) string {
	var list []string
	for _, m := range members {
		list = append(list, m.Name+"=http://"+m.Peer)
	}
	return strings.Join(list, ",")
}
