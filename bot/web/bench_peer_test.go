package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkAlertmanager sends what BenchmarkAlerts sends to a real Alertmanager,
// which keeps alerts in memory only. The variable ALERTMANAGER names the program;
// .ci/bench builds it from its source.
func BenchmarkAlertmanager(b *testing.B) {
	program := os.Getenv("ALERTMANAGER")
	if program == "" {
		b.Skip("set ALERTMANAGER to the path of the program alertmanager")
	}
	for _, load := range loads {
		b.Run(load.name, func(b *testing.B) {
			url, spent := startAlertmanager(b, program)
			send := poster(b, url+"/api/v2/alerts", http.StatusOK)
			flood(b, load.alert, func(n int64) bool {
				return send(fmt.Appendf(nil, `[{"labels":{"alertname":"DiskFull","instance":"host-%d","mount":"/var","severity":"sev2","service":"checkout"},"annotations":{"summary":"Disk of host-%d is 91%% full"}}]`, n, n))
			}, spent)
		})
	}
}

// startAlertmanager starts an Alertmanager that notifies nobody, and returns its
// address, and what tells its processor time so far.
func startAlertmanager(b *testing.B, program string) (string, func() time.Duration) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := b.TempDir()
	config := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(config, []byte("route: {receiver: nobody, group_by: [alertname]}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "--config.file="+config, "--storage.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--cluster.listen-address=", "--log.level=error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself, which the benchmark has noticed
		_ = cmd.Wait()
	})
	ctx, cancel := context.WithTimeout(b.Context(), 20*time.Second)
	defer cancel()
	for every := time.NewTicker(20 * time.Millisecond); ; {
		if resp, err := http.Get("http://" + address + "/-/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return "http://" + address, processorTime(cmd.Process.Pid)
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			b.Fatal("Alertmanager was not ready within 20 s")
		}
	}
}
