// Package kubernetes holds what docs/kubernetes has for a cluster to Kubernetes' own types. It
// is a module of its own, so that none of that is a dependency of the product.
package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// set is what one file asks for.
type set struct {
	config     core.ConfigMap
	claim      *core.PersistentVolumeClaim
	deployment apps.Deployment
	service    core.Service
}

// read reads a file as the cluster does: a field that it does not know is a mistake.
func read(t *testing.T, name string) (s set) {
	t.Helper()
	text, err := os.ReadFile("../../docs/kubernetes/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for part := range strings.SplitSeq(string(text), "\n---\n") {
		var is struct{ Kind string }
		if err := yaml.Unmarshal([]byte(part), &is); err != nil {
			t.Fatal(err)
		}
		var into any
		switch is.Kind {
		case "ConfigMap":
			into = &s.config
		case "PersistentVolumeClaim":
			s.claim = &core.PersistentVolumeClaim{}
			into = s.claim
		case "Deployment":
			into = &s.deployment
		case "Service":
			into = &s.service
		default:
			t.Fatalf("%s has a %q, which nobody looks at", name, is.Kind)
		}
		if err := yaml.UnmarshalStrict([]byte(part), into); err != nil {
			t.Errorf("%s: %s: %v", name, is.Kind, err)
		}
	}
	return s
}

// TestManifests: the bots run as an ordinary user on a disk that they cannot write, are
// asked at the right addresses, and never are two on one file.
func TestManifests(t *testing.T) {
	for name, bots := range map[string]int32{"one-bot.yaml": 1, "two-bots.yaml": 2} {
		t.Run(name, func(t *testing.T) {
			s := read(t, name)
			spec, pod := s.deployment.Spec, s.deployment.Spec.Template.Spec
			if spec.Replicas == nil || *spec.Replicas != bots {
				t.Errorf("replicas: %v, want %d", spec.Replicas, bots)
			}
			onFile := strings.Contains(s.config.Data["stormbell.yaml"], "store: bolt:")
			if (spec.Strategy.Type == apps.RecreateDeploymentStrategyType) != onFile || (s.claim != nil) != onFile || onFile != (bots == 1) {
				t.Errorf("%d bots, on a file: %v, are replaced by %s", bots, onFile, spec.Strategy.Type)
			}
			if own := pod.SecurityContext; own == nil || own.RunAsNonRoot == nil || !*own.RunAsNonRoot || own.RunAsUser == nil || *own.RunAsUser == 0 || own.FSGroup == nil {
				t.Errorf("the pod does not run as an ordinary user: %+v", own)
			}
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
				t.Error("the pod has a token for the cluster, and no use for one")
			}
			if stop := pod.TerminationGracePeriodSeconds; stop == nil || *stop < 10 {
				t.Errorf("it is killed after %v seconds, and may take 10 to stop", stop)
			}
			c := pod.Containers[0]
			if own := c.SecurityContext; own == nil || own.ReadOnlyRootFilesystem == nil || !*own.ReadOnlyRootFilesystem ||
				own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation || own.Capabilities == nil || len(own.Capabilities.Drop) != 1 {
				t.Errorf("the container may do more than it needs: %+v", own)
			}
			if got := c.LivenessProbe.HTTPGet; got.Path != "/healthz" || got.Port.StrVal != "http" {
				t.Errorf("whether it lives is asked at %+v", got)
			}
			if got := c.ReadinessProbe.HTTPGet; got.Path != "/readyz?exclude=slack" || got.Port.StrVal != "http" {
				t.Errorf("whether it is ready is asked at %+v", got)
			}
			mounted(t, pod)
			for label, value := range s.service.Spec.Selector {
				if spec.Template.Labels[label] != value || spec.Selector.MatchLabels[label] != value {
					t.Errorf("the service looks for %s=%s", label, value)
				}
			}
		})
	}
}

// mounted holds that every volume is mounted, and what is mounted is there.
func mounted(t *testing.T, pod core.PodSpec) {
	t.Helper()
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
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

// TestConfigurations: what the files configure is what the program takes. The files of the
// secrets stand in a folder of the test.
func TestConfigurations(t *testing.T) {
	program := filepath.Join(t.TempDir(), "stormbell")
	build := exec.Command("go", "build", "-o", program, "./cmd/stormbell")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, name := range []string{"one-bot.yaml", "two-bots.yaml"} {
		dir := t.TempDir()
		for file, text := range map[string]string{
			"secrets/app-token": "xapp-1-A0EXAMPLE-1-0d9f8e7c6b5a49382716", "secrets/bot-token": "xoxb-1-1-0d9f8e7c6b5a49382716",
			"secrets/admin-token": "f2c9a1b7e0d34586", "etcd/ca.crt": "", "etcd/tls.crt": "", "etcd/tls.key": "",
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		config := filepath.Join(dir, "stormbell.yaml")
		text := strings.ReplaceAll(read(t, name).config.Data["stormbell.yaml"], "/etc/stormbell", dir)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program, "check", "--config", config).CombinedOutput(); err != nil {
			t.Errorf("%s: stormbell check: %v\n%s", name, err, out)
		}
	}
}
