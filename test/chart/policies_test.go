package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/process"
)

// end is the peer of a connection: a pod, or an external address.
type end struct {
	namespace string
	pod       labels.Set
	address   string
}

// policy returns the one NetworkPolicy of a manifest.
func policy(t *testing.T, manifest string) networkingv1.NetworkPolicySpec {
	t.Helper()
	var found []networkingv1.NetworkPolicySpec
	for document := range strings.SplitSeq("\n"+manifest, "\n---\n") {
		var p networkingv1.NetworkPolicy
		var o object
		must(t, yaml.Unmarshal([]byte(document), &o))
		if o.Kind == "NetworkPolicy" {
			must(t, yaml.UnmarshalStrict([]byte(document), &p))
			found = append(found, p.Spec)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d network policies", len(found))
	}
	return found[0]
}

// open reports whether a rule of peers and ports admits a connection.
func open(t *testing.T, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, to end, protocol corev1.Protocol, port string) bool {
	t.Helper()
	matches := func(selector *metav1.LabelSelector, set labels.Set) bool {
		s, err := metav1.LabelSelectorAsSelector(selector)
		must(t, err)
		return selector == nil || s.Matches(set)
	}
	return slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		return *p.Protocol == protocol && p.Port.String() == port
	}) && (len(peers) == 0 || slices.ContainsFunc(peers, func(p networkingv1.NetworkPolicyPeer) bool {
		if p.IPBlock != nil {
			return p.IPBlock.CIDR == to.address+"/32"
		}
		// Without a selector of namespaces it is the policy's own.
		own := p.NamespaceSelector != nil || to.namespace == "kubestate"
		return own && to.pod != nil && matches(p.NamespaceSelector, labels.Set{corev1.LabelMetadataName: to.namespace}) && matches(p.PodSelector, to.pod)
	}))
}

// TestPolicies evaluates the NetworkPolicies for connections to and from kubestate.
func TestPolicies(t *testing.T) {
	rendered := func(args ...string) string {
		t.Helper()
		out, errs, ok := template(t, append(args, "--set", "networkPolicy.enabled=true")...)
		if !ok {
			t.Fatal(errs)
		}
		return out
	}
	pod := func(namespace, name string) end {
		return end{namespace: namespace, pod: labels.Set{"app.kubernetes.io/name": name}}
	}
	dns := end{namespace: "kube-system", pod: labels.Set{"k8s-app": "kube-dns"}}
	api := end{address: "10.0.0.5"}
	// f checks these connections, besides those that are the same in all cases.
	f := func(name, manifest, prometheus string, apiPorts ...string) {
		t.Helper()
		spec := policy(t, manifest)
		in := func(from end, port string) bool {
			return slices.ContainsFunc(spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool {
				return open(t, r.From, r.Ports, from, corev1.ProtocolTCP, port)
			})
		}
		out := func(to end, protocol corev1.Protocol, port string) bool {
			return slices.ContainsFunc(spec.Egress, func(r networkingv1.NetworkPolicyEgressRule) bool {
				return open(t, r.To, r.Ports, to, protocol, port)
			})
		}
		want := func(want, got bool, what string) {
			t.Helper()
			if got != want {
				t.Errorf("%s: %s: open is %v", name, what, got)
			}
		}
		for _, port := range []string{"http-metrics", "telemetry"} {
			want(true, in(pod(prometheus, "prometheus"), port), "Prometheus to "+port)
			want(false, in(pod("evil", "prometheus"), port), "a pod of another namespace that is called prometheus to "+port)
			want(false, in(pod(prometheus, "other"), port), "another pod in Prometheus' namespace to "+port)
			want(false, in(pod("kubestate", "prometheus"), port), "a pod beside kubestate that is called prometheus to "+port)
		}
		for _, port := range []string{"443", "6443", "8443", "16443"} {
			want(slices.Contains(apiPorts, port), out(api, corev1.ProtocolTCP, port), "the API server at "+port)
		}
		want(true, out(dns, corev1.ProtocolUDP, "53"), "DNS by UDP")
		want(true, out(dns, corev1.ProtocolTCP, "53"), "DNS by TCP")
		want(false, out(pod("evil", "any"), corev1.ProtocolUDP, "53"), "DNS of anybody")
		want(false, out(pod("evil", "any"), corev1.ProtocolTCP, "80"), "anybody")
	}
	f("chart", rendered(), "monitoring", "443", "6443")
	f("chart", rendered("--set", "networkPolicy.apiServerPorts={443,16443},networkPolicy.apiServerCIDRs={10.0.0.5/32}"), "monitoring", "443", "16443")
	f("secured", kustomized(t, "resources: [overlays/secured]"), "monitoring", "443", "6443")
	f("secured, patched as README says", kustomized(t, "resources: [overlays/secured]\n"+documentedPatch(t)), "observability", "443", "16443")

	none := policy(t, rendered("--set", "networkPolicy.dns=null,networkPolicy.apiServerCIDRs={10.0.0.5/32}"))
	for _, rule := range none.Egress {
		if open(t, rule.To, rule.Ports, end{address: "10.0.0.6"}, corev1.ProtocolTCP, "443") || len(none.Egress) != 1 {
			t.Errorf("egress to more than the API server: %v", none.Egress)
		}
	}
	quiet := policy(t, rendered("--set", "selfMonitor.enabled=false"))
	if ports := quiet.Ingress[0].Ports; len(ports) != 1 || ports[0].Port.StrVal != "http-metrics" {
		t.Errorf("ports without selfMonitor: %v", ports)
	}
}

// kustomized renders a kustomization with paths from deploy/kustomize.
func kustomized(t *testing.T, kustomization string) string {
	t.Helper()
	kubectl, err := process.Built("kubectl")
	must(t, err)
	deploy, err := filepath.Abs("../../deploy/kustomize")
	must(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	from, err := filepath.Rel(dir, deploy)
	must(t, err)
	text := strings.ReplaceAll(kustomization, "resources: [", "resources: ["+from+"/")
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), kubectl, "kustomize", dir).Output()
	must(t, err)
	return string(out)
}

// documentedPatch returns the patch of the NetworkPolicy in deploy/README.md.
func documentedPatch(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/README.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "### NetworkPolicy\n")
	var patch strings.Builder
	for line := range strings.Lines(section) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			patch.WriteString(code)
		}
	}
	if !strings.HasPrefix(patch.String(), "patches:") {
		t.Fatalf("no patch in the section of the NetworkPolicy: %q", patch.String())
	}
	return patch.String()
}
