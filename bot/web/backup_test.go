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
	query := ""
	get := func(token string) (int, string, error) {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/backup"+query, nil)
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
	for _, c := range []struct {
		query string
		kept  bool
	}{{"?kept=false", false}, {"", true}} { // in this order: the first must not be known afterwards
		query = c.query
		if status, body, err := get(adminToken); status != http.StatusOK || body != "the whole store" || err != nil {
			t.Errorf("GET /v1/backup%s = %d %q, %v; want the copy", query, status, body, err)
		}
		if is, err := w.desk.Backup(t.Context()); err != nil || is.At.IsZero() == c.kept {
			t.Errorf("after GET /v1/backup%s the last copy was taken %v, %v; want that it counts: %t", query, is.At, err, c.kept)
		}
	}
	query = "?kept=perhaps"
	if status, _, err := get(adminToken); status != http.StatusBadRequest || err != nil {
		t.Errorf("GET /v1/backup%s = %d, %v; want 400", query, status, err)
	}
	query = ""
	if status, _, err := get("another"); status != http.StatusUnauthorized || err != nil {
		t.Errorf("GET /v1/backup with another token = %d, %v; want 401", status, err)
	}
	fail = errors.New("the disk is gone")
	if status, body, err := get(adminToken); err == nil {
		t.Errorf("GET /v1/backup that fails = %d %q without an error, want the connection to break off", status, body)
	}
}
