package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// groupings matches the labels of an aggregation or a join in PromQL.
var groupings = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)

// processWide are groupings of rules without the label cluster, by rule: they match series of a process
// that serves several clusters, which have no such label.
var processWide = map[string][]string{
	"KubestateAbsent":                   {"", ""},
	"kubestate:target:group":            {"job, instance"},
	"kubestate:replicas:max":            {"job, instance", "job, instance"},
	"kubestate:response_text_bytes:sum": {"job, instance", "job"},
}

// TestRulesKeepClusters holds that rules aggregate and join with the label cluster.
func TestRulesKeepClusters(t *testing.T) {
	t.Parallel()
	all := readRules(t)
	for _, path := range match(t, mixinFiles) {
		var file struct{ Groups []struct{ Rules []rule } }
		readYAML(t, path, &file)
		for _, group := range file.Groups {
			all = append(all, group.Rules...)
		}
	}
	for _, r := range all {
		var without []string
		for _, labels := range groupings.FindAllStringSubmatch(r.Expr, -1) {
			if !slices.Contains(strings.Split(labels[1], ", "), "cluster") {
				without = append(without, labels[1])
			}
		}
		if want := processWide[r.Alert+r.Record]; !slices.Equal(without, want) {
			t.Errorf("%s%s groups by %q, want %q without cluster: %s", r.Alert, r.Record, without, want, r.Expr)
		}
	}
}
