package options_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/options"
)

func TestSeriesBudgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	f := func(file string, want map[string]int, wantErr string, args ...string) {
		t.Helper()
		if file != "" {
			if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--config", path)
		}
		o, err := options.Parse(registry, args)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != wantErr {
			t.Errorf("%q, %q: error %q, want %q", file, args, text, wantErr)
		}
		if d := cmp.Diff(want, o.SeriesBudget); err == nil && d != "" {
			t.Errorf("%q, %q (-want +got):\n%s", file, args, d)
		}
	}
	f("", nil, "")
	f("", map[string]int{"pods": 5, "deployments.apps": 7, "kube_pod_labels": 9}, "", "--series-budget=pods=5, deployments=7", "--series-budget=kube_pod_labels=9")
	f("series_budget: {nodes: 3, kube_pod_info: 4}", map[string]int{"nodes": 3, "kube_pod_info": 4}, "", "--series-budget=pods=5")
	f("", map[string]int{"certificates.v1.cert-manager.io": 5}, "", "--series-budget=certificates.v1.cert-manager.io=5", "--custom-resource-presets=cert-manager")

	f("", nil, `--series-budget: there is no resource or family "podz"; the nearest is "pods"`, "--series-budget=podz=5")
	f("", nil, `--series-budget: there is no resource or family "kube_pod_labelz"; the nearest is "kube_pod_labels"`, "--series-budget=kube_pod_labelz=5")
	f("", nil, `--series-budget: deployments.apps has two budgets`, "--series-budget=deployments=5,deployments.apps=6")
	f("", nil, `invalid argument "pods=5,pods=6" for "--series-budget" flag: pods has two budgets`, "--series-budget=pods=5,pods=6")
	f("", nil, `invalid argument "pods=0" for "--series-budget" flag: pods: want a positive number of series, not "0"`, "--series-budget=pods=0")
	f("", nil, `invalid argument "pods=1e3" for "--series-budget" flag: pods: want a positive number of series, not "1e3"`, "--series-budget=pods=1e3")
	f("", nil, `invalid argument "pods" for "--series-budget" flag: want resource=N or family=N at "pods"`, "--series-budget=pods")
	f("series_budget: {pods: -1}", nil, "--config: "+path+`: line 1: series_budget: pods: want a positive number of series, not "-1"`)
	f("series_budget: [pods]", nil, "--config: "+path+`: line 1: series_budget: want a mapping of resources or families to numbers of series`)
	f("series_budget: {pods: 1, pods: 2}", nil, "--config: "+path+`: line 1: series_budget: pods has two budgets`)
	f("", nil, `--series-budget-per-namespace is -1, want 1 or more, or 0 for unlimited`, "--series-budget-per-namespace=-1")

	o, err := options.Parse(registry, []string{"--series-budget=pods=5,jobs=5,kube_node_info=5", "--resources=pods"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"--series-budget: jobs.batch is not exported", "--series-budget: kube_node_info is not exported"}
	if d := cmp.Diff(want, o.Ineffective()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
