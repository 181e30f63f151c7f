package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/rbac"
	"github.com/kubestate/kubestate/internal/workloads"
)

// pods is the key of the resource that per-node mode watches separately.
const pods = "pods"

// manifests adds the generated parts of the kustomizations in deploy/: the roles of each mode, and
// the resources of per-node mode's Deployment.
func manifests(defaults []generators.Resource, files map[string][]byte) error {
	var onlyPods, rest []generators.Resource
	var names []string
	for _, r := range defaults {
		if d := r.Describe(); d.Key == pods {
			onlyPods = append(onlyPods, r)
		} else {
			rest, names = append(rest, r), append(names, d.Name)
		}
	}
	slices.Sort(names)
	// The ClusterRole of a narrower mode is a patch of base's. Owners of pods are followed, but not by
	// the pods of per-node.
	attribution := generators.Selection{Groups: []generators.Group{generators.Attribution}}
	followed := func(exported []generators.Resource) []generators.Resource {
		return slices.Concat(exported, workloads.Needed(attribution, exported))
	}
	all, apart := rbac.Objects(rbac.Config{Resources: followed(defaults)}), rbac.Objects(rbac.Config{Resources: followed(rest)})
	few := rbac.Objects(rbac.Config{Resources: followed(defaults), Namespaces: []string{"default"}})
	shards := rbac.Objects(rbac.Config{Shards: types.NamespacedName{Namespace: rbac.AccountNamespace, Name: rbac.Account}})
	lease := types.NamespacedName{Namespace: rbac.AccountNamespace, Name: rbac.Account}
	replicas := rbac.Objects(rbac.Config{Leases: []types.NamespacedName{lease}})
	pairs := rbac.Objects(rbac.Config{Leases: rbac.LeasesOfShards(lease, mostPairs)})
	for path, objects := range map[string][]any{
		"deploy/kustomize/base/plain/rbac.yaml":                    all,
		"deploy/kustomize/base/lease.yaml":                         replicas,
		"deploy/kustomize/remote/rbac.yaml":                        all,
		"deploy/kustomize/overlays/namespaced/clusterrole.yaml":    few[:1],
		"deploy/kustomize/overlays/namespaced/rbac.yaml":           few[2:],
		"deploy/kustomize/overlays/per-node/rest/clusterrole.yaml": apart[:1],
		"deploy/kustomize/overlays/per-node/pods/rbac.yaml":        rbac.Objects(rbac.Config{Resources: onlyPods}),
		"deploy/kustomize/overlays/sharded/rbac.yaml":              shards,
		"deploy/kustomize/overlays/sharded-available/leases.yaml":  pairs,
	} {
		b := bytes.NewBufferString("# " + notice + "\n" + howElse(path) + "\n")
		if err := rbac.Write(b, objects); err != nil {
			return err
		}
		files[path] = b.Bytes()
	}
	if err := collections(files); err != nil {
		return err
	}
	rules, err := readRules()
	if err != nil {
		return err
	}
	if files["deploy/chart/files/prometheusrule/prometheusrule.yaml"], err = prometheusRule(rules); err != nil {
		return err
	}
	files["deploy/kustomize/overlays/per-node/rest/resources.yaml"] = fmt.Appendf(nil,
		"# %s\n- op: add\n  path: /spec/template/spec/containers/0/args/-\n  value: --resources=%s\n", notice, strings.Join(names, ","))
	return nil
}

// mostPairs is the number of shards with standbys that the manifests have Leases for.
const mostPairs = 10

// howElse returns the command for other roles of a path.
func howElse(path string) string {
	switch path {
	case "deploy/kustomize/base/lease.yaml":
		return "# Rights of a replica to its Lease, and the Lease. For another one:\n" +
			"# kubestate rbac --lease NAME --pod-namespace ..."
	case "deploy/kustomize/overlays/sharded-available/leases.yaml":
		return "# Rights of a replica to the Leases of ten shards, and the Leases. For another number:\n" +
			"# kubestate rbac --pod NAME-0 --pod-namespace ... --lease NAME --total-shards N"
	case "deploy/kustomize/overlays/sharded/rbac.yaml":
		return "# Rights of a replica to see the others, and the Lease of their claims. For another StatefulSet:\n" +
			"# kubestate rbac --pod NAME-0 --pod-namespace ..."
	}
	return "# For other resources and namespaces: kubestate rbac --workload-metrics ... --resources ... --namespaces ..."
}

// rule is a rule of the Prometheus operator.
type rule struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       groups   `json:"spec"`
}

type metadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

// groups is the content of a rule file.
type groups struct {
	Groups []any `json:"groups"`
}

// configMaps are directories of files that are mounted as one ConfigMap, by name, and with the
// label by which Grafana's sidecar finds dashboards.
var configMaps = []struct{ directory, pattern, name, labels string }{
	{"deploy/monitoring/rules", "*.rules.yaml", "kubestate-rules", ""},
	{"deploy/monitoring/dashboards", "*.json", "kubestate-dashboards", "  options:\n    labels: {grafana_dashboard: \"1\"}\n"},
}

// collections returns the kustomizations that list the files of these directories.
func collections(files map[string][]byte) error {
	for _, c := range configMaps {
		paths, err := filepath.Glob(filepath.Join(c.directory, c.pattern))
		if err != nil {
			return err
		}
		var names []string
		for _, path := range paths {
			names = append(names, filepath.Base(path))
		}
		files[c.directory+"/kustomization.yaml"] = fmt.Appendf(nil, `# %s
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator:
- name: %s
%s  files: [%s]
`, notice, c.name, c.labels, strings.Join(names, ", "))
	}
	return nil
}

// prometheusRule returns all rules as one object, for the chart and the component prometheus-
// operator.
func prometheusRule(rules groups) ([]byte, error) {
	object := rule{
		APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule",
		Metadata: metadata{Name: rbac.Account, Namespace: rbac.AccountNamespace, Labels: map[string]string{
			"app.kubernetes.io/name": "kubestate", "app.kubernetes.io/component": "exporter",
		}},
		Spec: rules,
	}
	text, err := yaml.Marshal(object)
	return append([]byte("# "+notice+rulesNotice), text...), err
}

const rulesNotice = "\n# The rule files of deploy/monitoring/rules.\n"

// readRules returns the groups of the rule files of deploy/monitoring/rules.
func readRules() (groups, error) {
	all := groups{Groups: []any{}}
	paths, err := filepath.Glob("deploy/monitoring/rules/*.rules.yaml")
	if err != nil {
		return all, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return all, err
		}
		var file groups
		if err := yaml.UnmarshalStrict(text, &file); err != nil {
			return all, fmt.Errorf("%s: %w", path, err)
		}
		all.Groups = append(all.Groups, file.Groups...)
	}
	return all, nil
}

// single returns the single manifest for `kubectl apply -f`: the mode base, rendered by kubectl.
func single(kubectl string) ([]byte, error) {
	command := exec.Command(kubectl, "kustomize", "deploy/kustomize/base")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	rendered, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("render deploy/kustomize/base: %w: %s", err, stderr.Bytes())
	}
	head := fmt.Sprintf("# %s\n# The mode deploy/kustomize/base as one manifest: kubectl apply -f kubestate.yaml\n", notice)
	return append([]byte(head), rendered...), nil
}
