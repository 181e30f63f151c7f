package e2e

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/faults"
	"github.com/kubestate/kubestate/test/process"
)

// TestCustomRoles runs under the roles that the program prints.
func TestCustomRoles(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	file := customFile(t, sizes)
	args := []string{"--resources=namespaces,configmaps", "--custom-resource-state-config-file", file}
	createNamespace(t, c.Cluster, "kubestate")
	for account, namespaces := range map[string][]string{"everywhere": nil, "somewhere": {"--namespaces=default"}} {
		t.Run(account, func(t *testing.T) {
			args := slices.Concat(args, namespaces)
			roles, err := exec.CommandContext(t.Context(), kubestate, append([]string{"rbac"}, args...)...).Output()
			must(t, err)
			createAccount(t, c.Cluster, "kubestate", account)
			e := start(t, applyAs(t, c, account, roles), args...)
			await(t, settling, e.Ready, e.Process)
			wantLines(t, e, append(lines, defaultNamespace)...)
			self, err := e.Self(t.Context())
			must(t, err)
			for _, series := range self.Containing("kubestate_resource_state{", `state="forbidden"`) {
				if self[series] != 0 {
					t.Errorf("%s %v", series, self[series])
				}
			}
		})
	}
}

// applyAs applies the manifest of roles with another name of the roles and the account, and returns
// a kubeconfig of the account.
func applyAs(t *testing.T, c *customCluster, account string, manifest []byte) (kubeconfig string) {
	t.Helper()
	kubectl, err := process.Built("kubectl")
	must(t, err)
	apply := exec.CommandContext(t.Context(), kubectl, "--kubeconfig", c.Kubeconfig, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(strings.ReplaceAll(string(manifest), "name: kubestate\n", "name: "+account+"\n"))
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(kubeconfig, c.URL, c.CA, newToken(t, c.Cluster, "kubestate", account)))
	return kubeconfig
}

// TestCustomLatePermission starts without the right to read definitions: built-in resources are
// served and the state is exported. Scrapes succeed while the first lists run after the right is
// granted.
func TestCustomLatePermission(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	createNamespace(t, c.Cluster, "kubestate")
	createAccount(t, c.Cluster, "kubestate", "kubestate")
	args := []string{"--resources=namespaces", "--custom-resource-state-config-file", customFile(t, sizes)}
	builtin, err := exec.CommandContext(t.Context(), kubestate, "rbac", args[0]).Output()
	must(t, err)
	account := accountOf(t, applyAs(t, c, "kubestate", builtin))
	proxy, err := faults.New(account)
	must(t, err)
	t.Cleanup(func() { must(t, proxy.Close()) })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(kubeconfig, proxy.URL, "", ""))

	e := start(t, kubeconfig, args...)
	await(t, settling, e.Ready, e.Process)
	wantLines(t, e, defaultNamespace)
	awaitSelf(t, e, `kubestate_resource_state{resource="customresourcedefinitions",state="forbidden"}`, 1)
	awaitState(t, e, "a.example.com", "*", "*", "absent")

	p := pollLines(t, e, []string{defaultNamespace})
	release := hold(t, proxy, "widgets")
	all, err := exec.CommandContext(t.Context(), kubestate, append([]string{"rbac"}, args...)...).Output()
	must(t, err)
	applyAs(t, c, "kubestate", all)
	await(t, 2*settling, func(ctx context.Context) error {
		self, err := e.Self(ctx)
		if err == nil && self[stateOf("a.example.com", "*", "*", "syncing")] != 1 {
			err = errors.New("definitions are not listed yet")
		}
		return errors.Join(err, e.Ready(ctx))
	}, e.Process)
	wantLines(t, e, size("b.example.com", "v1", "Gadget", "g7")+" 7")
	must(t, e.Ready(t.Context()))
	release("widgets")
	wantLines(t, e, lines...)
	must(t, e.Ready(t.Context()))
	p.stop(t)
}

// accountOf returns the client configuration of a kubeconfig.
func accountOf(t *testing.T, kubeconfig string) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	must(t, err)
	return config
}
