package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
)

// TestClaimsStay holds that applying the manifests again keeps the claims of shards in their Lease,
// by client-side and server-side apply.
func TestClaimsStay(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	k := newKubectl(t, c.Kubeconfig)
	leases := c.Client.CoordinationV1().Leases("kubestate")
	claims := map[string]string{"kubestate.io/shard-0": "a", "kubestate.io/shard-1": "b"}
	claim := func() {
		t.Helper()
		patch := `{"metadata": {"annotations": {"kubestate.io/shard-0": "a", "kubestate.io/shard-1": "b"}}}`
		_, err := leases.Patch(t.Context(), "kubestate", types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubestate"})
		must(t, err)
	}
	wantClaims := func(after string) {
		t.Helper()
		lease, err := leases.Get(context.WithoutCancel(t.Context()), "kubestate", metav1.GetOptions{})
		must(t, err)
		got := maps.Clone(lease.Annotations)
		maps.DeleteFunc(got, func(key, _ string) bool { return !strings.HasPrefix(key, "kubestate.io/") })
		if diff := cmp.Diff(claims, got); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", after, diff)
		}
	}
	k.run(t, "create", "namespace", "kubestate")
	manifest := filepath.Join("..", "..", "deploy", "kustomize", "overlays", "sharded", "rbac.yaml")
	for _, how := range [][]string{{"apply"}, {"apply", "--server-side", "--force-conflicts"}} {
		k.run(t, append(how, "-f", manifest)...)
		claim()
		text, err := os.ReadFile(manifest)
		must(t, err)
		changed := filepath.Join(t.TempDir(), "changed.yaml") // a change to apply
		must(t, os.WriteFile(changed, []byte(strings.ReplaceAll(string(text), "component: exporter", "component: another")), 0o600))
		k.run(t, append(how, "-f", changed)...)
		wantClaims(strings.Join(how, " "))
		k.run(t, "delete", "-f", manifest)
	}

	helm := newHelm(t, c.Kubeconfig)
	release := []string{"kubestate", filepath.Join("..", "..", "deploy", "chart"), "--namespace", "kubestate", "--set", "autosharding.enabled=true"}
	for _, how := range []string{"--server-side=true", "--server-side=false"} {
		helm.run(t, append([]string{"install", how}, release...)...)
		claim()
		helm.run(t, append([]string{"upgrade", how, "--set", "customLabels.changed=yes"}, release...)...)
		wantClaims("helm upgrade " + how)
		helm.run(t, "uninstall", "kubestate", "--namespace", "kubestate")
	}
}
