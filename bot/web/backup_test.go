package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestBackup streams a copy, and never lets half of one pass for a whole.
func TestBackup(t *testing.T) {
	var fail error
	w := newWorld(t, func(o *Options) {
		o.Backup = func(out io.Writer) (int64, error) {
			n, err := io.WriteString(out, "the whole store")
			return int64(n), errors.Join(err, fail)
		}
	})
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	get := func(token string) (int, string, error) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/backup", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		resp, err := server.Client().Do(q)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
	if status, body, err := get(adminToken); status != http.StatusOK || body != "the whole store" || err != nil {
		t.Errorf("GET /v1/backup = %d %q, %v; want the copy", status, body, err)
	}
	if status, _, err := get("another"); status != http.StatusUnauthorized || err != nil {
		t.Errorf("GET /v1/backup with another token = %d, %v; want 401", status, err)
	}
	fail = errors.New("the disk is gone")
	if status, body, err := get(adminToken); err == nil {
		t.Errorf("GET /v1/backup that fails = %d %q without an error, want the connection to break off", status, body)
	}
}
