package options_test

import (
	"testing"

	"github.com/kubestate/kubestate/internal/options"
)

func TestLimits(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		o, err := options.Parse(registry, args)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Limits(); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
	f("")
	f("", "--resources=pods", "--metric-denylist=kube_pod_labels", "--shard=1", "--total-shards=2", "--scrape-shards=4")
	f("Limited by --namespaces=shop,bank.", "--namespaces=shop,bank")
	f("Limited by --namespaces-denylist=kube-system.", "--namespaces-denylist=kube-system")
	f("Limited by --namespace-selector=team in (a,b).", "--namespace-selector=team in (a,b)")
	f("Limited by --selector=deployments.apps=tier=web, --selector=pods=app=web,!job.", "--selector=pods=app=web,!job,deployments=tier=web")
	f("Limited by --node=worker-1.", "--resources=pods", "--node=worker-1")
	f("Limited by --track-unscheduled-pods.", "--resources=pods", "--track-unscheduled-pods")
	f("Limited by --namespaces=shop, --object-limit=1000.", "--object-limit=1000", "--namespaces=shop")
}
