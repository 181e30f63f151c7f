package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// deployed is kubestate with a pod's configuration; the test is the kubelet.
type deployed struct {
	*exporter.Exporter
	d          *deployments
	pod        corev1.Pod
	instance   string
	m          mode
	kubeconfig string      // of the pod's account
	scraper    credentials // of who scrapes
	mounts     map[string]*mount
}

func (d *deployments) newDeployed(t *testing.T, m mode, pod corev1.Pod) *deployed {
	t.Helper()
	p := &deployed{d: d, pod: pod, instance: pod.Labels["app.kubernetes.io/instance"], m: m}
	p.kubeconfig = d.kubeconfig(t, pod.Namespace, pod.Spec.ServiceAccountName, &pod)
	if m.secured {
		p.scraper.token = d.token(t, monitoring, "prometheus", nil)
	}
	if m.passwords {
		p.scraper.password = password
	}
	if m.certificates {
		own, err := tls.LoadX509KeyPair(filepath.Join(d.tls.dir, "server.crt"), filepath.Join(d.tls.dir, "server.key"))
		must(t, err)
		p.scraper.certificates = []tls.Certificate{own}
	}
	return p
}

// token returns a token of an account, bound to a pod if it is not nil.
func (d *deployments) token(t *testing.T, namespace, account string, pod *corev1.Pod) string {
	t.Helper()
	var request authenticationv1.TokenRequest
	if pod != nil {
		request.Spec.BoundObjectRef = &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID}
	}
	response, err := d.c.Client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &request, metav1.CreateOptions{})
	must(t, err)
	return response.Status.Token
}

func (d *deployments) kubeconfig(t *testing.T, namespace, account string, pod *corev1.Pod) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(path, d.c.URL, d.c.CA, d.token(t, namespace, account, pod)))
	return path
}

// start runs the program with the arguments of the pod's container, on free ports and with a
// kubeconfig in place of the in-cluster configuration.
func (p *deployed) start(t *testing.T) {
	t.Helper()
	p.Exporter = start(t, p.kubeconfig, p.arguments(t)...)
	if p.m.byTLS() {
		p.Scrapes, p.Telemetry = secure(p.Scrapes), secure(p.Telemetry)
	}
}

// arguments returns the arguments of the pod's container, expanded as by a kubelet, with other
// paths of mounts.
func (p *deployed) arguments(t *testing.T) []string {
	t.Helper()
	container := p.pod.Spec.Containers[0]
	var replacements []string
	for _, v := range container.Env {
		replacements = append(replacements, "$("+v.Name+")", p.field(t, v))
	}
	token := false
	for _, mount := range container.VolumeMounts {
		if mount.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount" {
			token = true
			continue
		}
		replacements = append(replacements, mount.MountPath, p.files(t, mount.Name))
	}
	if !token {
		t.Error("the pod has no token")
	}
	replacer := strings.NewReplacer(replacements...)
	var args []string
	for _, arg := range container.Args {
		args = append(args, replacer.Replace(arg))
	}
	return args
}

// probed waits until the program passes the pod's probes. Only readiness depends on complete lists.
func (p *deployed) probed(t *testing.T) {
	t.Helper()
	container := p.pod.Spec.Containers[0]
	asks := func(probe *corev1.Probe) string { return probe.HTTPGet.Port.StrVal + probe.HTTPGet.Path }
	got := []string{asks(container.StartupProbe), asks(container.LivenessProbe), asks(container.ReadinessProbe)}
	if d := cmp.Diff([]string{"http-metrics/livez", "http-metrics/livez", "http-metrics/readyz"}, got); d != "" {
		t.Errorf("probes of %s (-want +got):\n%s", p.pod.Name, d)
	}
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		await(t, settling, p.passes(probe.HTTPGet), p.Process)
	}
}

// field returns the value of a downward API variable.
func (p *deployed) field(t *testing.T, v corev1.EnvVar) string {
	t.Helper()
	switch v.ValueFrom.FieldRef.FieldPath {
	case "metadata.name":
		return p.pod.Name
	case "metadata.namespace":
		return p.pod.Namespace
	case "spec.nodeName":
		return p.pod.Spec.NodeName
	}
	t.Fatalf("variable %s is of %s", v.Name, v.ValueFrom)
	return ""
}

// files returns a directory with the files of a volume, as a kubelet mounts it.
func (p *deployed) files(t *testing.T, volume string) string {
	t.Helper()
	m := newMount(t)
	m.write(t, p.content(t, volume))
	if p.mounts == nil {
		p.mounts = map[string]*mount{}
	}
	p.mounts[volume] = m
	return m.directory
}

// content returns the files of a volume of ConfigMaps and Secrets, by name.
func (p *deployed) content(t *testing.T, volume string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	configMap := func(name string) {
		c, err := p.d.c.Client.CoreV1().ConfigMaps(p.pod.Namespace).Get(t.Context(), name, metav1.GetOptions{})
		must(t, err)
		for name, content := range c.Data {
			files[name] = []byte(content)
		}
	}
	for _, v := range p.pod.Spec.Volumes {
		if v.Name != volume {
			continue
		}
		if v.ConfigMap != nil {
			configMap(v.ConfigMap.Name)
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.ConfigMap != nil {
				configMap(source.ConfigMap.Name)
			} else {
				s, err := p.d.c.Client.CoreV1().Secrets(p.pod.Namespace).Get(t.Context(), source.Secret.Name, metav1.GetOptions{})
				must(t, err)
				maps.Copy(files, s.Data)
			}
		}
	}
	return files
}

// passes returns a condition: a probe succeeds as by a kubelet, by the port's name and without
// credentials.
func (p *deployed) passes(probe *corev1.HTTPGetAction) func(context.Context) error {
	return func(ctx context.Context) error {
		url := map[string]string{"http-metrics": p.Scrapes, "telemetry": p.Telemetry}[probe.Port.StrVal]
		if scheme, _, _ := strings.Cut(url, ":"); scheme != strings.ToLower(string(probe.Scheme)) {
			return fmt.Errorf("probe %+v of %q", probe, url)
		}
		if status, body := p.d.tls.get(ctx, url+probe.Path, ""); status != http.StatusOK {
			return fmt.Errorf("%s%s: status %d: %s", url, probe.Path, status, body)
		}
		return nil
	}
}

// state matches the state of a resource.
var state = regexp.MustCompile(`(?m)^kubestate_resource_state\{(?:cluster="\w+",)?resource="(\w+)",state="(\w+)"\} 1$`)

// wants waits until every watched resource is synced, and checks that only authorized clients get
// the series.
func (p *deployed) wants(t *testing.T, series []string) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		status, body := p.d.tls.getAs(ctx, p.Telemetry+"/metrics", p.scraper)
		states := state.FindAllStringSubmatch(body, -1)
		if status != http.StatusOK || len(states) == 0 {
			return fmt.Errorf("status %d: %s", status, body)
		}
		for _, s := range states {
			if s[2] != "synced" {
				return fmt.Errorf("%s is %s", s[1], s[2])
			}
		}
		return nil
	}, p.Process)
	await(t, settling, func(ctx context.Context) error {
		status, body := p.d.tls.getAs(ctx, p.Scrapes+"/metrics", p.scraper)
		if status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, body)
		}
		for _, line := range series {
			pattern := "(?m)^" + strings.ReplaceAll(regexp.QuoteMeta(line), `\*`, "[^\"]+") + "$"
			if !regexp.MustCompile(pattern).MatchString(body) {
				return fmt.Errorf("not served: %s", line)
			}
		}
		return nil
	}, p.Process)
	if !p.m.byTLS() {
		return
	}
	refusal := http.StatusUnauthorized
	if p.m.certificates {
		refusal = http.StatusForbidden
	}
	for _, url := range []string{p.Scrapes, p.Telemetry} {
		if status, body := p.d.tls.get(t.Context(), url+"/metrics", ""); status != refusal {
			t.Errorf("%s: status %d without credentials: %.200s", url, status, body)
		}
	}
}

// wantsPoliciesFor checks that each NetworkPolicy of the mode selects all of its pods, and admits
// scrapers to both ports. Nothing here enforces it.
func (d *deployments) wantsPoliciesFor(t *testing.T, m mode, programs []*deployed) {
	t.Helper()
	list, err := d.c.Client.NetworkingV1().NetworkPolicies(m.namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	if (len(list.Items) == 1) != m.guarded {
		t.Fatalf("%d network policies", len(list.Items))
	}
	for _, policy := range list.Items {
		selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
		must(t, err)
		var open []string
		for _, port := range policy.Spec.Ingress[0].Ports {
			open = append(open, port.Port.StrVal)
		}
		for _, p := range programs {
			var ports []string
			for _, port := range p.pod.Spec.Containers[0].Ports {
				ports = append(ports, port.Name)
			}
			if diff := cmp.Diff(ports, open); diff != "" || !selector.Matches(labels.Set(p.pod.Labels)) {
				t.Errorf("pod %s, selector %s, ports (-pod +policy):\n%s", p.pod.Name, selector, diff)
			}
		}
	}
}
