package etcdtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/stormbell/stormbell/storage/etcd"
)

// authority signs certificates for one test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority writes its certificate to ca.pem.
func newAuthority(t *testing.T) *authority {
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.sign(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign writes NAME.pem and NAME.key.
func (a *authority) sign(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for suffix, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(a.path(name+suffix), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// troubled returns what a standby is told that cannot ask the cluster.
func troubled(t *testing.T, o etcd.Options) string {
	t.Helper()
	s := standBy(t, o)
	defer func() { s.stop(); <-s.opened }()
	select {
	case w := <-s.told:
		if w.Trouble == nil {
			t.Fatalf("the standby is told %+v, want trouble", w)
		}
		return w.Trouble.Error()
	case e := <-s.opened:
		s.opened <- e
		t.Fatalf("Open() = %v, want that it waits", s.err)
	case <-time.After(20 * time.Second):
		t.Fatal("the standby is told nothing")
	}
	return ""
}

// TestSecure: over TLS with a certificate on both sides, with a user whose role has
// the store and nothing else.
func TestSecure(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	a.sign(t, "member", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: both})
	a.sign(t, "bot", &x509.Certificate{ExtKeyUsage: both})
	c := start(t, 1, func(m *Member) { m.CA, m.Cert, m.Key = a.path("ca.pem"), a.path("member.pem"), a.path("member.key") })
	o := options(c)
	o.TLS = etcd.TLS{CA: a.path("ca.pem"), Cert: a.path("bot.pem"), Key: a.path("bot.key")}
	addUser(t, c, a, o.Prefix)
	o.Username, o.Password = "stormbell", "right"
	e := open(t, o)
	if err := e.Commit(ctx, put("k", "v")); err != nil {
		t.Errorf("Commit() = %v", err)
	}
	if got := get(t, e, "k"); got != "v" {
		t.Errorf("Get(k) = %q, want v", got)
	}
	if err := e.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	for name, spoil := range map[string]func(*etcd.Options){
		"another password": func(o *etcd.Options) { o.Password = "wrong" },
		"another prefix":   func(o *etcd.Options) { o.Prefix = "/not/mine" },
		"another user":     func(o *etcd.Options) { o.Username = "nobody" },
	} {
		bad := o
		spoil(&bad)
		if _, err := etcd.Open(ctx, bad); err == nil || !strings.Contains(err.Error(), "does not let this process in") {
			t.Errorf("Open() with %s = %v, want a refusal", name, err)
		}
	}
	for _, tt := range []struct {
		name, want string
		spoil      func(*etcd.Options)
	}{
		{"plain text", "TLS or plain text", func(o *etcd.Options) { o.TLS = etcd.TLS{} }},
		{"another CA", "certificate signed by unknown authority", func(o *etcd.Options) { o.TLS.CA = newAuthority(t).path("ca.pem") }},
		{"the machine's CA", "certificate signed by unknown authority", func(o *etcd.Options) { o.TLS.CA = etcd.SystemCA }},
		{"a closed port", "connection refused", func(o *etcd.Options) { o.Endpoints = freePorts(t, 1) }},
	} {
		bad := o
		tt.spoil(&bad)
		if got := troubled(t, bad); !strings.Contains(got, tt.want) {
			t.Errorf("with %s the standby is told %q, want %q", tt.name, got, tt.want)
		}
	}
	for name, files := range map[string]etcd.TLS{
		"no CA":        {CA: a.path("none.pem")},
		"a key for it": {CA: a.path("bot.key")},
		"no key":       {CA: a.path("ca.pem"), Cert: a.path("bot.pem"), Key: a.path("none.key")},
		"no CA at all": {Cert: a.path("bot.pem"), Key: a.path("bot.key")},
	} {
		bad := o
		bad.TLS = files
		if _, err := etcd.Open(ctx, bad); err == nil {
			t.Errorf("Open() with %s = nil, want an error", name)
		}
	}
}

// addUser makes a user who may use the prefix, and has the cluster ask for users.
func addUser(t *testing.T, c *Cluster, a *authority, prefix string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(a.path("bot.pem"), a.path("bot.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"https://" + c.Endpoints[0]}, DialTimeout: 5 * time.Second,
		TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	do := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	do(client.RoleAdd(ctx, "root"))
	do(client.UserAdd(ctx, "root", "rooted"))
	do(client.UserGrantRole(ctx, "root", "root"))
	do(client.RoleAdd(ctx, "stormbell"))
	do(client.RoleGrantPermission(ctx, "stormbell", prefix+"/", clientv3.GetPrefixRangeEnd(prefix+"/"), clientv3.PermissionType(clientv3.PermReadWrite)))
	do(client.UserAdd(ctx, "stormbell", "right"))
	do(client.UserGrantRole(ctx, "stormbell", "stormbell"))
	do(client.AuthEnable(ctx))
}
