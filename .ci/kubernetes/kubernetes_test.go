// Package kubernetes makes what docs/kubernetes has for a cluster with Helm's engine and holds it
// to Kubernetes' own types. It is a module of its own, so that none of that is a dependency of
// the product.
package kubernetes

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	security "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// set is what one file asks for.
type set struct {
	config     core.ConfigMap
	deployment *apps.Deployment
	stateful   *apps.StatefulSet
	service    core.Service
}

// read reads one of the plain files.
func read(t *testing.T, name string) (s set) {
	t.Helper()
	text, err := os.ReadFile(folder + name)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("---\n"))
	for _, is := range objects(t, string(text)) {
		switch is := is.(type) {
		case *core.ConfigMap:
			s.config = *is
		case *apps.StatefulSet:
			s.stateful = is
		case *apps.Deployment:
			s.deployment = is
		case *core.Service:
			s.service = *is
		}
	}
	return s
}

// pods returns how many pods a file asks for, and which.
func (s set) pods() (int32, core.PodTemplateSpec) {
	if s.stateful != nil {
		return *s.stateful.Spec.Replicas, s.stateful.Spec.Template
	}
	return *s.deployment.Spec.Replicas, s.deployment.Spec.Template
}

// TestManifests: the bots run as an ordinary user on a disk that they cannot write, are
// asked at the right addresses, and never are two on one file.
func TestManifests(t *testing.T) {
	for name, bots := range map[string]int32{"one-bot.yaml": 1, "two-bots.yaml": 2} {
		t.Run(name, func(t *testing.T) {
			s := read(t, name)
			replicas, template := s.pods()
			pod := template.Spec
			if replicas != bots {
				t.Errorf("replicas: %d, want %d", replicas, bots)
			}
			onFile := strings.HasPrefix(variable(pod, "STORMBELL_STORE"), "bolt:/data/")
			if (s.stateful != nil) != onFile || onFile != (bots == 1) || onFile && len(s.stateful.Spec.VolumeClaimTemplates) != 1 {
				t.Errorf("%d bots, on a file: %v, with a volume: %v", bots, onFile, s.stateful != nil)
			}
			if own := pod.SecurityContext; own == nil || own.RunAsNonRoot == nil || !*own.RunAsNonRoot || own.RunAsUser == nil || *own.RunAsUser == 0 || own.FSGroup == nil {
				t.Errorf("the pod does not run as an ordinary user: %+v", own)
			}
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
				t.Error("the pod has a token for the cluster, and no use for one")
			}
			if pod.EnableServiceLinks == nil || *pod.EnableServiceLinks {
				t.Error("variables of other services come in, and one that begins with STORMBELL_ stops the bot")
			}
			if stop := pod.TerminationGracePeriodSeconds; stop == nil || *stop < 10 {
				t.Errorf("it is killed after %v seconds, and may take 10 to stop", stop)
			}
			if refused := restricted(t, template); !refused.Allowed {
				t.Errorf("Pod Security refuses it: %s", refused.ForbiddenDetail())
			}
			c := pod.Containers[0]
			if own := c.SecurityContext; own == nil || own.ReadOnlyRootFilesystem == nil || !*own.ReadOnlyRootFilesystem ||
				own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation || own.Capabilities == nil || len(own.Capabilities.Drop) != 1 {
				t.Errorf("the container may do more than it needs: %+v", own)
			}
			for _, probe := range []*core.Probe{c.StartupProbe, c.LivenessProbe} {
				if got := probe.HTTPGet; got.Path != "/healthz" || got.Port.StrVal != "http" {
					t.Errorf("whether it lives is asked at %+v", got)
				}
			}
			if got := c.ReadinessProbe.HTTPGet; got.Path != "/readyz?exclude=slack" || got.Port.StrVal != "http" {
				t.Errorf("whether it is ready is asked at %+v", got)
			}
			mounted(t, s, pod)
			for label, value := range s.service.Spec.Selector {
				if template.Labels[label] != value {
					t.Errorf("the service looks for %s=%s", label, value)
				}
			}
		})
	}
}

// restricted returns what the admission of Pod Security says at its strictest level.
func restricted(t *testing.T, pod core.PodTemplateSpec) policy.AggregateCheckResult {
	t.Helper()
	checks, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	strictest := security.LevelVersion{Level: security.LevelRestricted, Version: security.LatestVersion()}
	return policy.AggregateCheckResults(checks.EvaluatePod(strictest, &pod.ObjectMeta, &pod.Spec))
}

// variable returns what a pod sets a variable to.
func variable(pod core.PodSpec, name string) string {
	for _, e := range pod.Containers[0].Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// mounted holds that every volume is mounted, and what is mounted is there.
func mounted(t *testing.T, s set, pod core.PodSpec) {
	t.Helper()
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
	}
	if s.stateful != nil {
		volumes[s.stateful.Spec.VolumeClaimTemplates[0].Name] = true
	}
	for _, m := range pod.Containers[0].VolumeMounts {
		if !volumes[m.Name] {
			t.Errorf("%s is mounted and no volume, or twice", m.Name)
		}
		delete(volumes, m.Name)
	}
	if len(volumes) > 0 {
		t.Errorf("volumes that are not mounted: %v", volumes)
	}
}

// program builds what the image holds.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stormbell")
	build := exec.Command("go", "build", "-o", path, "./cmd/stormbell")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// TestPods: with the arguments, variables and files that the pods have, the program takes its
// configuration, and the one on a file lives and is ready where it is
// asked. The files stand in a folder of the test.
func TestPods(t *testing.T) {
	path := program(t)
	for _, name := range []string{"one-bot.yaml", "two-bots.yaml"} {
		dir, s := t.TempDir(), read(t, name)
		for file, text := range map[string]string{
			"etc/stormbell/secrets/app-token": "xapp-1-A0EXAMPLE-1-0d9f8e7c6b5a49382716", "etc/stormbell/secrets/bot-token": "xoxb-1-1-0d9f8e7c6b5a49382716",
			"etc/stormbell/secrets/admin-token": "f2c9a1b7e0d34586", "etc/stormbell/etcd/ca.crt": "", "etc/stormbell/etcd/tls.crt": "", "etc/stormbell/etcd/tls.key": "",
			"etc/stormbell/config/stormbell.yaml": s.config.Data["stormbell.yaml"], "data/none": "",
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, template := s.pods()
		c := template.Spec.Containers[0]
		here := strings.NewReplacer("/etc/stormbell", dir+"/etc/stormbell", "bolt:/data", "bolt:"+dir+"/data", "/data/copies", dir+"/data/copies")
		env := []string{"PATH=/nowhere"}
		for _, e := range c.Env {
			env = append(env, e.Name+"="+here.Replace(e.Value))
		}
		args := slices.Clone(c.Args)
		for i := range args {
			args[i] = here.Replace(args[i])
		}
		check := exec.Command(path, append([]string{"check"}, args[1:]...)...)
		check.Env = env
		if out, err := check.CombinedOutput(); err != nil || strings.Contains(string(out), "can read") {
			t.Errorf("%s: stormbell check: %v\n%s", name, err, out)
		}
		if s.stateful != nil {
			runs(t, exec.Command(path, args...), env, c)
		}
	}
}

// runs starts the program and asks it what the probes of the container ask, until both have
// been answered well. Slack is not there, as in an outage.
func runs(t *testing.T, bot *exec.Cmd, env []string, c core.Container) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	var log bytes.Buffer
	bot.Stderr = &log
	bot.Env = append(env, "STORMBELL_HTTP_LISTEN="+address, "STORMBELL_SLACK_API_URL=http://127.0.0.1:1/api/")
	if err := bot.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = bot.Process.Signal(os.Interrupt)
		if err := bot.Wait(); err != nil || t.Failed() {
			t.Errorf("it ends with %v\n%s", err, log.String())
		}
	}()
	for _, path := range []string{c.StartupProbe.HTTPGet.Path, c.LivenessProbe.HTTPGet.Path, c.ReadinessProbe.HTTPGet.Path} {
		for tries := 0; ; tries++ {
			answer, err := http.Get("http://" + address + path)
			if err == nil {
				answer.Body.Close()
				if answer.StatusCode == http.StatusOK {
					break
				}
			}
			if tries == 600 {
				t.Errorf("GET %s: %v", path, err)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
