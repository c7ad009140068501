package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// TLS is how the connection to the cluster is protected. Its zero value is not at
// all.
type TLS struct {
	CA   string // path of the certificates, as PEM, that a member's must be signed by; SystemCA: those of the machine
	Cert string // path of this process' own certificate, for a cluster that wants one; empty: none
	Key  string // path of its private key
}

// SystemCA in the place of a path means the certificate authorities of the machine.
const SystemCA = "system"

// config reads the files. The own certificate is read again for each connection,
// so that it can be renewed under way.
func (t TLS) config() (*tls.Config, error) {
	if t.CA == "" {
		if t.Cert != "" || t.Key != "" {
			return nil, errors.New("a certificate for etcd is of no use without its CA")
		}
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != SystemCA {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", t.CA, plain(err))
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("there is no certificate in %s", t.CA)
		}
	}
	if t.Cert == "" && t.Key == "" {
		return c, nil
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("cannot use the certificate %s with the key %s: %w", t.Cert, t.Key, plain(err))
		}
		return &pair, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return c, nil
}

// plain takes the operation and the path off an error of a file.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// dial makes a client. Without a user it connects later, by itself; with one it asks
// the cluster for a token.
func (o Options) dial() (*clientv3.Client, error) {
	protection, err := o.TLS.config()
	if err != nil {
		return nil, refusal{fmt.Errorf("open store: %w", err)}
	}
	var endpoints []string
	for _, e := range o.Endpoints {
		endpoints = append(endpoints, o.url(e))
	}
	return clientv3.New(clientv3.Config{
		Endpoints: endpoints, TLS: protection, Username: o.Username, Password: o.Password,
		DialTimeout: o.patience(),
		// A member that was paused or cut off is noticed and no longer asked.
		DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 3 * time.Second,
		Logger: zap.NewNop(), // it would log lines of its own to stderr
	})
}

// url returns the address of a member as the client wants it.
func (o Options) url(endpoint string) string {
	if o.TLS.CA != "" {
		return "https://" + endpoint
	}
	return "http://" + endpoint
}

// diagnose looks at the members one by one for why the cluster cannot be asked, since
// the client often has no better words than that its time is over.
func (o Options) diagnose(ctx context.Context, err error) error {
	protection, tlsErr := o.TLS.config()
	if tlsErr != nil {
		return tlsErr
	}
	var found []error
	for _, endpoint := range o.Endpoints {
		if bad := knock(ctx, endpoint, protection); bad != nil {
			found = append(found, fmt.Errorf("%s: %w", endpoint, bad))
		}
	}
	if len(found) > 0 {
		return errors.Join(found...)
	}
	return fmt.Errorf("its members can be reached, but do not agree on a leader, or speak otherwise (TLS or plain text): %w", err)
}

// knock says why a member cannot be reached.
func knock(ctx context.Context, endpoint string, protection *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var conn net.Conn
	var err error
	if protection == nil {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", endpoint)
	} else {
		conn, err = (&tls.Dialer{Config: protection}).DialContext(ctx, "tcp", endpoint)
	}
	var op *net.OpError
	var call *os.SyscallError
	switch {
	case err == nil:
		return conn.Close()
	case errors.As(err, &call):
		return call.Err
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// refused reports whether the cluster has said no to a request, so that repeating it
// brings nothing and nothing of it was done.
func refused(err error) bool {
	for _, no := range []error{
		rpctypes.ErrNoSpace, rpctypes.ErrTooManyOps, rpctypes.ErrRequestTooLarge, rpctypes.ErrTooManyRequests,
		rpctypes.ErrEmptyKey, rpctypes.ErrDuplicateKey,
		rpctypes.ErrPermissionDenied, rpctypes.ErrInvalidAuthToken, rpctypes.ErrAuthOldRevision,
		rpctypes.ErrUserEmpty, rpctypes.ErrAuthFailed, rpctypes.ErrAuthNotEnabled, rpctypes.ErrRoleNotGranted,
	} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

// barred reports whether the cluster does not let this process in, which waiting does
// not mend.
func barred(err error) bool {
	for _, no := range []error{
		rpctypes.ErrPermissionDenied, rpctypes.ErrUserEmpty, rpctypes.ErrAuthFailed, rpctypes.ErrAuthNotEnabled,
	} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
