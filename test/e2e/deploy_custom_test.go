package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

const exampleOfCustom = "../../examples/custom-resources"

// customOverlay writes the overlay for custom resources of deploy/README.md for another mode, with
// other components and the example's configuration.
func customOverlay(t *testing.T, base string, components ...string) (directory string) {
	t.Helper()
	const of = "- github.com/kubestate/kubestate/deploy/kustomize/"
	text := documentedBlock(t, "# custom-resources/kustomization.yaml")
	own, all := of+"components/custom-resources?ref=v0.1.0\n", ""
	for _, c := range components {
		all += of + "components/" + c + "?ref=v0.1.0\n"
	}
	if !strings.Contains(text, own) || !strings.Contains(text, of+"base?") {
		t.Fatalf("unexpected overlay in deploy/README.md:\n%s", text)
	}
	text = strings.Replace(strings.Replace(text, own, all, 1), of+"base?", of+base+"?", 1)
	directory = overlay(t, text)
	config, err := os.ReadFile(filepath.Join(exampleOfCustom, "config.yaml"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(directory, "custom-resources.yaml"), config, 0o600))
	return directory
}

// createExample creates the objects of the example, and returns a function that removes them.
func (d *deployments) createExample(t *testing.T) (remove func()) {
	t.Helper()
	objects := filepath.Join(exampleOfCustom, "objects")
	createNamespace(t, d.c, "shop")
	d.k.define(t, filepath.Join(objects, "definition.yaml"))
	d.k.run(t, "apply", "--server-side", "-f", filepath.Join(objects, "databases.yaml"))
	return func() { d.k.run(t, "delete", "-f", objects) }
}

// wantsPrintedRules compares the overlay's role with the one that the program prints.
func (d *deployments) wantsPrintedRules(t *testing.T, m mode) {
	t.Helper()
	role, err := d.c.Client.RbacV1().ClusterRoles().Get(t.Context(), "kubestate-custom-resources", metav1.GetOptions{})
	must(t, err)
	manifest, err := exec.CommandContext(t.Context(), kubestate, "rbac", "--custom-resource-state-only",
		"--custom-resource-state-config-file", filepath.Join(m.directory, "custom-resources.yaml")).Output()
	must(t, err)
	first, _, _ := strings.Cut(string(manifest), "---\n")
	var printed rbacv1.ClusterRole
	must(t, yaml.UnmarshalStrict([]byte(first), &printed))
	if diff := gocmp.Diff(printed.Rules, role.Rules); diff != "" {
		t.Errorf("rules (-printed +deployed):\n%s", diff)
	}
}

// TestCustomResourcesCombine adds the component to each mode, and beside the other components in
// both orders: one workload has its argument and its volume, and keeps its other mounts.
func TestCustomResourcesCombine(t *testing.T) {
	t.Parallel()
	const custom, operator, tls, compatible = "custom-resources", "prometheus-operator", "tls", "replace-kube-state-metrics"
	const ofCustom, ofTLS = "/etc/custom-resources", "/etc/kubestate"
	k := newKubectl(t, "")
	f := func(base string, components []string, want ...string) {
		t.Helper()
		var got []string
		for _, w := range workloads(t, k.run(t, "kustomize", customOverlay(t, base, components...))) {
			container := w.Spec.Template.Spec.Containers[0]
			line := fmt.Sprintf("%s %s", w.Kind, w.Metadata.Name)
			for _, arg := range container.Args {
				if _, value, _ := strings.Cut(arg, "="); strings.HasPrefix(value, "/etc/") {
					line += " " + value
				}
			}
			volumes, mounts := map[string]bool{}, map[string]bool{}
			for _, v := range w.Spec.Template.Spec.Volumes {
				volumes[v.Name] = true
			}
			for _, m := range container.VolumeMounts {
				mounts[m.Name] = true
				line += " " + m.MountPath
			}
			if diff := gocmp.Diff(volumes, mounts); diff != "" {
				t.Errorf("%s, %s (-volumes +mounts):\n%s", base, components, diff)
			}
			got = append(got, line)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", base, components, diff)
		}
	}
	const file, web = ofCustom + "/custom-resources.yaml", ofTLS + "/web.yaml"
	for _, mode := range []string{"base", "overlays/namespaced", "overlays/prometheus-operator"} {
		f(mode, []string{custom}, "Deployment kubestate "+file+" "+ofCustom)
	}
	f("base", []string{custom, tls}, "Deployment kubestate "+file+" "+web+" "+ofTLS+" "+ofCustom)
	f("base", []string{tls, custom}, "Deployment kubestate "+web+" "+file+" "+ofCustom+" "+ofTLS)
	f("base", []string{operator, custom, tls, compatible}, "Deployment kube-state-metrics "+file+" "+web+" "+ofTLS+" "+ofCustom)
	f("overlays/secured", []string{custom}, "Deployment kubestate "+web+" "+file+" "+ofCustom+" "+ofTLS)
	f("overlays/hostnetwork", []string{custom}, "DaemonSet kubestate "+web+" "+file+" "+ofCustom+" "+ofTLS)
	f("overlays/sharded", []string{custom}, "StatefulSet kubestate "+file+" "+ofCustom)
	f("overlays/sharded", []string{operator, tls, custom}, "StatefulSet kubestate "+web+" "+file+" "+ofCustom+" "+ofTLS)
	f("overlays/per-node", []string{custom}, "Deployment kubestate "+file+" "+ofCustom, "Deployment kubestate-unscheduled", "DaemonSet kubestate-pods")
}

// A workload is an object with a pod template.
type workload struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Template corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

// workloads returns the workloads of a manifest, in order.
func workloads(t *testing.T, manifest string) []workload {
	t.Helper()
	var all []workload
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifest))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		var w workload
		must(t, yaml.Unmarshal(document, &w))
		if slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, w.Kind) {
			all = append(all, w)
		}
	}
}
