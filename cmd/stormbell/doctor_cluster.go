package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stormbell/stormbell/configs"
	"github.com/stormbell/stormbell/storage/etcd"
)

// slowCommit is what a commit should not take: everything that is acknowledged waits
// for one.
const slowCommit = 100 * time.Millisecond

// cluster examines the store where it is on etcd.
func (c *checkup) cluster(ctx context.Context, config *configs.Config) {
	if config.Store.Engine != "etcd" {
		return
	}
	x, err := etcd.Examine(ctx, onCluster(config.Store, config.Etcd))
	if err != nil {
		c.grave("etcd", err.Error(), "correct the keys under etcd")
		return
	}
	leader := ""
	for _, m := range x.Members {
		c.member(m)
		if m.Leads {
			leader = m.Endpoint
		}
	}
	if x.Trouble != nil {
		c.grave("store", "nothing can be stored: "+x.Trouble.Error(), "start its members; more than half of them must run and reach each other")
		return
	}
	if leader != "" {
		c.good = append(c.good, "etcd: the member at "+leader+" leads")
	}
	if took := x.Took.Round(100 * time.Microsecond); took > slowCommit {
		c.odd("store", fmt.Sprintf("a transaction took %v, and every answer waits for one", took), "give etcd faster disks, or a network without detours")
	} else {
		c.good = append(c.good, fmt.Sprintf("etcd: a transaction took %v", took))
	}
	if len(x.Others) > 0 {
		c.odd("store", "it does not name all members of the cluster; "+strings.Join(x.Others, ", ")+" would not be asked when the others fall", "name them, too")
	}
	if n := len(x.Members) + len(x.Others); n < 3 {
		c.odd("store", fmt.Sprintf("the cluster has %d of the three members that it takes to go on when one falls", n), "add members to it")
	}
	if x.Holder == "" {
		c.odd("store", "no bot is the one that writes", "start it: stormbell run --config FILE")
	} else {
		c.good = append(c.good, "the bot at "+x.Holder+" is the one that writes")
	}
}

// member examines one member.
func (c *checkup) member(m etcd.Member) {
	where := "etcd member " + m.Endpoint
	if m.Trouble != nil {
		c.odd(where, "it cannot be asked: "+m.Trouble.Error(), "start it, and look at the network between")
		return
	}
	for _, alarm := range m.Alarms {
		switch alarm {
		case "NOSPACE":
			c.grave(where, "it is full, and nothing can be stored", "compact and defragment it, then: etcdctl alarm disarm")
		default:
			c.grave(where, "it has the alarm "+alarm, "see the documentation of etcd")
		}
	}
	if m.Quota > 0 && m.Size > m.Quota/10*8 && len(m.Alarms) == 0 {
		c.odd(where, fmt.Sprintf("%d of %d MiB are used", m.Size>>20, m.Quota>>20), "compact and defragment it, or raise --quota-backend-bytes")
	}
	if older(m.Version, 3, 6) {
		c.odd(where, "it is etcd "+m.Version, "update it to 3.6 or later, which has known faults mended")
	}
	c.good = append(c.good, fmt.Sprintf("%s answers: etcd %s, %d MiB", where, m.Version, m.Size>>20))
}

// older reports whether a version is below another one. One that cannot be read is not.
func older(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (a < major || a == major && b < minor)
}
