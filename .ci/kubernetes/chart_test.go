package kubernetes

import (
	"bytes"
	"flag"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the files that the chart makes anew")

const (
	folder = "../../docs/kubernetes/"
	chart  = folder + "chart"
)

// plain are the values of which a file without Helm stands beside the chart.
var plain = map[string]string{
	"one-bot.yaml": "image: registry.example/stormbell:1.0.0",
	"two-bots.yaml": `{image: "registry.example/stormbell:1.0.0", etcd: {secret: stormbell-etcd},
		store: "etcd:etcd-0.etcd:2379,etcd-1.etcd:2379,etcd-2.etcd:2379/stormbell"}`,
}

var checksum = regexp.MustCompile(`\n +annotations:\n +#.*\n +checksum/config: .*`)

// render returns what Helm makes of the chart with these values, one text for each template
// that makes something.
func render(values string) (map[string]string, error) {
	c, err := loader.Load(chart)
	if err != nil {
		return nil, err
	}
	var given map[string]any
	if err := yaml.Unmarshal([]byte(values), &given); err != nil {
		return nil, err
	}
	all, err := util.ToRenderValues(c, given, common.ReleaseOptions{Name: "stormbell", Namespace: "pagers", IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	made, err := engine.Render(c, all)
	maps.DeleteFunc(made, func(name, text string) bool { return strings.TrimSpace(text) == "" })
	return made, err
}

// objects returns the objects of a text, each read as the cluster reads it: a field that it
// does not know is a mistake.
func objects(t *testing.T, text string) (all []any) {
	t.Helper()
	for part := range strings.SplitSeq(text, "\n---\n") {
		var is struct{ Kind string }
		if err := yaml.Unmarshal([]byte(part), &is); err != nil {
			t.Fatalf("%v in\n%s", err, part)
		}
		into := map[string]any{
			"ConfigMap": &core.ConfigMap{}, "Service": &core.Service{}, "StatefulSet": &apps.StatefulSet{}, "Deployment": &apps.Deployment{},
			"PodDisruptionBudget": &policy.PodDisruptionBudget{}, "NetworkPolicy": &network.NetworkPolicy{},
			"ServiceMonitor": &monitoring.ServiceMonitor{}, "PrometheusRule": &monitoring.PrometheusRule{},
		}[is.Kind]
		if into == nil {
			t.Fatalf("nobody looks at a %q:\n%s", is.Kind, part)
		}
		if err := yaml.UnmarshalStrict([]byte(part), into); err != nil {
			t.Errorf("%s: %v in\n%s", is.Kind, err, part)
		}
		all = append(all, into)
	}
	return all
}

// TestPlainFiles: what stands beside the chart for those without Helm is what the chart makes.
func TestPlainFiles(t *testing.T) {
	for name, values := range plain {
		made, err := render(values)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := "# What the chart beside this file makes, for those without Helm. Yours to change are the image, the\n" +
			"# configuration (then kubectl rollout restart), the names of the secrets, and the volume or where etcd is.\n# See ../high-availability.md.\n"
		for _, template := range slices.Sorted(maps.Keys(made)) {
			if strings.HasSuffix(template, ".yaml") {
				text += "---\n" + strings.TrimSpace(made[template]) + "\n"
			}
		}
		text = strings.ReplaceAll(text, "\n    app.kubernetes.io/managed-by: Helm", "")
		same(t, folder+name, checksum.ReplaceAllString(text, "")) // which nobody would renew by hand
	}
}

// TestRules: the alert rules that the chart carries are those of the documentation.
func TestRules(t *testing.T) {
	rules, err := os.ReadFile("../../docs/monitoring/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	same(t, chart+"/files/rules.yaml", string(rules))
}

func same(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%s is not what it is made from (%v): go test -update, and look at the difference", file, err)
	}
}

const onEtcd = "store: etcd:10.0.0.1:2379/stormbell"

// everything asks for each part of the chart.
const everything = `
image: registry.example/stormbell@sha256:` + "0000000000000000000000000000000000000000000000000000000000000000" + `
imagePullSecrets: [{name: registry}]
secret: tokens
config: {slack: {announce_channel: incidents}, notify: {twilio: {auth_token_file: /etc/stormbell/secrets/twilio}}}
roster: |
  people:
    - {id: ada, name: Ada, slack: U01ADA}
backup: {claim: copies}
env: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
nodeSelector: {zone: a}
tolerations: [{key: pagers, operator: Exists}]
priorityClassName: pagers
podDisruptionBudget: {enabled: true}
serviceMonitor: {enabled: true, labels: {release: prometheus}}
prometheusRule: {enabled: true, labels: {release: prometheus}}
networkPolicy: {enabled: true, from: [{namespaceSelector: {}}], egress: [{ports: [{port: 443}]}]}
`

// TestChart: the chart makes what its values ask for, and nothing that a cluster would not
// understand.
func TestChart(t *testing.T) {
	for name, row := range map[string]struct{ values, want string }{
		"one bot":            {"image: a", "configmap service statefulset"},
		"two bots":           {"image: a\n" + onEtcd, "configmap deployment service"},
		"one bot on etcd":    {"image: a\nreplicaCount: 1\n" + onEtcd, "configmap deployment service"},
		"their own config":   {"image: a\nconfigMap: ours", "service statefulset"},
		"one and everything": {everything + "volume: {size: 5Gi, storageClass: fast, accessMode: ReadWriteOnce}", "configmap networkpolicy poddisruptionbudget prometheusrule service servicemonitor statefulset"},
		"two and everything": {everything + onEtcd + "\netcd: {secret: tls}", "configmap deployment networkpolicy poddisruptionbudget prometheusrule service servicemonitor"},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := render(row.values)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, file := range slices.Sorted(maps.Keys(made)) {
				if short, ok := strings.CutSuffix(file[strings.LastIndex(file, "/")+1:], ".yaml"); ok {
					kinds = append(kinds, short)
					for _, is := range objects(t, made[file]) {
						if rule, ok := is.(*monitoring.PrometheusRule); ok && len(rule.Spec.Groups[0].Rules) < 10 {
							t.Errorf("only %d rules", len(rule.Spec.Groups[0].Rules))
						}
					}
				}
			}
			if got := strings.Join(kinds, " "); got != row.want {
				t.Errorf("it makes %s, want %s", got, row.want)
			}
			for n, severity := range linted(t, row.values) {
				if severity > support.InfoSev {
					t.Errorf("helm lint: %s", n)
				}
			}
		})
	}
}

// linted returns what `helm lint` says.
func linted(t *testing.T, values string) map[string]int {
	t.Helper()
	var given map[string]any
	if err := yaml.Unmarshal([]byte(values), &given); err != nil {
		t.Fatal(err)
	}
	said := map[string]int{}
	for _, m := range lint.RunAll(chart, given, "pagers").Messages {
		said[m.Error()] = m.Severity
	}
	return said
}

// TestRefused: values that would not do what they seem to are refused, in words.
func TestRefused(t *testing.T) {
	for values, want := range map[string]string{
		"":                                        "image must be given: the one that you have built",
		"image: a\nreplicaCount: 2":               "the store is a file, which takes one bot",
		"image: a\nreplicaCount: 0":               "'/replicaCount': minimum",
		"image: a\nreplicas: 2":                   "'replicas' not allowed",
		"image: a\nstore: /data/stormbell.db":     "'/store'",
		"image: a\nstore: bolt:/tmp/stormbell.db": "'/store'",
		"image: a\nconfig: {store: 'etcd:a:2379/stormbell'}": "set the value store in its place",
		"image: a\nvolume: {size: 10}":                       "'/volume/size'",
		"image: a\nvolume: {accessMode: ReadWriteMany}":      "'/volume/accessMode'",
		"image: a\netcd: {ca: x}":                            "'ca' not allowed",
		"image: a\nserviceMonitor: {enabled: 'yes'}":         "'/serviceMonitor/enabled'",
		"image: [a]": "'/image'",
	} {
		if _, err := render(values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("render(%q) = %v; want %q", values, err, want)
		}
	}
}

// TestNotes: whoever installs the chart is told which secrets it needs.
func TestNotes(t *testing.T) {
	for name, values := range plain {
		made, err := render(values)
		notes := made["stormbell/templates/NOTES.txt"]
		if err != nil || !strings.Contains(notes, "the Secret stormbell with app-token") || strings.Contains(notes, "stormbell-etcd") != (name == "two-bots.yaml") {
			t.Errorf("%s: %v, %s", name, err, notes)
		}
		if bytes.ContainsRune([]byte(notes), '{') {
			t.Errorf("%s: a template was left: %s", name, notes)
		}
	}
}
