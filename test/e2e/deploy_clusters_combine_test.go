package e2e

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestClustersCombine adds the components for several clusters to modes, and beside other components in
// both orders: one workload has the argument and the volume, and keeps its other mounts.
func TestClustersCombine(t *testing.T) {
	t.Parallel()
	k := newKubectl(t, "")
	const of = "- github.com/kubestate/kubestate/deploy/kustomize/"
	f := func(mode string, components []string, want string) {
		t.Helper()
		text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n" + of + mode + "?ref=v0.1.0\ncomponents:\n"
		for _, c := range components {
			text += of + "components/" + c + "?ref=v0.1.0\n"
		}
		var got []string
		for _, w := range workloads(t, k.run(t, "kustomize", overlay(t, text))) {
			container := w.Spec.Template.Spec.Containers[0]
			line := fmt.Sprintf("%s %s", w.Kind, w.Metadata.Name)
			for _, arg := range container.Args {
				if strings.HasPrefix(arg, "--clusters") {
					line += " " + arg
				}
			}
			sources := map[string]string{}
			for _, v := range w.Spec.Template.Spec.Volumes {
				if v.Projected == nil {
					continue
				}
				for _, s := range v.Projected.Sources {
					if s.ConfigMap != nil {
						sources[v.Name] += " " + s.ConfigMap.Name
					} else {
						sources[v.Name] += " " + s.Secret.Name
					}
				}
			}
			for _, m := range container.VolumeMounts {
				line += " " + m.MountPath
				if m.Name == "clusters" {
					line += " of" + sources[m.Name]
				}
			}
			got = append(got, line)
		}
		if diff := gocmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", mode, components, diff)
		}
	}
	const directory, file, tls = "--clusters=/etc/clusters", "--clusters=/etc/clusters/clusters.yaml", "/etc/kubestate"
	const kubeconfigs, both = "/etc/clusters of kubestate-clusters", "/etc/clusters of kubestate-clusters kubestate-clusters"
	for _, mode := range []string{"base", "overlays/available", "overlays/namespaced", "overlays/prometheus-operator"} {
		f(mode, []string{"clusters"}, "Deployment kubestate "+directory+" "+kubeconfigs)
		f(mode, []string{"clusters-file"}, "Deployment kubestate "+file+" "+both)
	}
	f("overlays/clusters", []string{"prometheus-operator", "tls", "network-policy"}, "Deployment kubestate "+directory+" "+tls+" "+kubeconfigs)
	f("base", []string{"tls", "clusters-file"}, "Deployment kubestate "+file+" "+both+" "+tls)
	f("base", []string{"clusters-file", "tls"}, "Deployment kubestate "+file+" "+tls+" "+both)
	f("base", []string{"clusters", "custom-resources"}, "Deployment kubestate "+directory+" /etc/custom-resources "+kubeconfigs)
	f("overlays/secured", []string{"clusters"}, "Deployment kubestate "+directory+" "+kubeconfigs+" "+tls)
	f("overlays/hostnetwork", []string{"clusters"}, "DaemonSet kubestate "+directory+" "+kubeconfigs+" "+tls)
}
