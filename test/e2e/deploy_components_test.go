package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestComponentsOfFlags adds the components that are flags alone to modes: every program has them last and
// accepts its arguments, and nothing else differs.
func TestComponentsOfFlags(t *testing.T) {
	t.Parallel()
	k := newKubectl(t, "")
	const of = "- github.com/kubestate/kubestate/deploy/kustomize/"
	render := func(mode string, components ...string) string {
		t.Helper()
		text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n" + of + mode + "?ref=v0.1.0\n"
		if len(components) > 0 {
			text += "components:\n"
		}
		for _, c := range components {
			text += of + "components/" + c + "?ref=v0.1.0\n"
		}
		return k.run(t, "kustomize", overlay(t, text))
	}
	f := func(mode string, programs int, components []string, flags ...string) {
		t.Helper()
		with := render(mode, components...)
		all := workloads(t, with)
		if len(all) != programs {
			t.Errorf("%s: %d workloads, want %d", mode, len(all), programs)
		}
		for _, w := range all {
			args := w.Spec.Template.Spec.Containers[0].Args
			if d := cmp.Diff(flags, args[max(0, len(args)-len(flags)):]); d != "" {
				t.Errorf("%s, %s: last arguments (-want +got):\n%s", mode, w.Metadata.Name, d)
			}
			for i := range args { // as the kubelet replaces them
				args[i] = strings.NewReplacer("$(POD_NAME)", "kubestate-0", "$(POD_NAMESPACE)", "kubestate", "$(NODE_NAME)", "node-1").Replace(args[i])
			}
			if out, err := exec.Command(kubestate, slices.Concat([]string{"rbac"}, args)...).CombinedOutput(); err != nil {
				t.Errorf("%s, %s: %v: %s", mode, w.Metadata.Name, err, out)
			}
		}
		for _, flag := range flags {
			with = strings.ReplaceAll(with, "        - "+flag+"\n", "")
		}
		if d := cmp.Diff(render(mode), with); d != "" {
			t.Errorf("%s: without the flags (-mode +mode with components):\n%s", mode, d)
		}
	}
	all := []string{"metric-sparse", "finished-objects", "series-budgets"}
	flags := []string{"--metric-sparse=.", "--finished-pods-after=10m", "--finished-jobs-after=1h", "--series-budget-per-namespace=100000"}
	selecting := append(slices.Clone(all), "namespace-selector")
	selected := append(slices.Clone(flags), "--namespace-selector=monitoring=on")
	f("base", 1, selecting, selected...)
	f("overlays/prometheus-operator", 1, selecting, selected...)
	f("overlays/sharded", 1, selecting, selected...)
	f("overlays/hostnetwork", 1, all, flags...)
	f("overlays/namespaced", 1, all, flags...)
	f("overlays/per-node", 3, all, flags...)
}
