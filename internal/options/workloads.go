package options

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/generators"
)

// groups returns the groups of --workload-metrics.
func (v *values) groups() (groups []generators.Group, err error) {
	for _, name := range v.workloadMetrics.unique() {
		group := generators.Group(name)
		if !slices.Contains(generators.Groups(), group) {
			return nil, fmt.Errorf("--workload-metrics: unknown group %q; known are %s", name, joined(generators.Groups()))
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// checkGroups rejects flags that exclude groups.
func (o Options) checkGroups() error {
	if slices.Contains(o.Selection.Groups, generators.Verdicts) && o.NamespaceSelector != "" {
		return errors.New("--workload-metrics: verdicts exclude --namespace-selector: the jobs of a CronJob are followed in all namespaces or in those of --namespaces")
	}
	if slices.Contains(o.Selection.Groups, generators.Counters) && o.Lease != "" && o.Pod != "" {
		return errors.New("--workload-metrics: counters exclude --lease with --pod: a shard hands its counters to other shards, not to its standby")
	}
	return nil
}

// joined returns the names of groups.
func joined(groups []generators.Group) string {
	var names []string
	for _, g := range groups {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}

// maxBuckets is the largest number of bounds of buckets: each is a series of each workload.
const maxBuckets = 32

// buckets is a comma-separated flag of increasing bounds. A repeated flag replaces.
type buckets []float64

func (b *buckets) Set(s string) error {
	var texts list
	_ = texts.Set(s) // any text is a list
	var bounds buckets
	for _, text := range texts {
		bound, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(bound, 0) || math.IsNaN(bound) || bound < 0 {
			return fmt.Errorf("%q is not a number of seconds", text)
		}
		if len(bounds) > 0 && bound <= bounds[len(bounds)-1] {
			return fmt.Errorf("%s does not exceed the bound before it", text)
		}
		bounds = append(bounds, bound)
	}
	if len(bounds) == 0 || len(bounds) > maxBuckets {
		return fmt.Errorf("want 1 to %d bounds", maxBuckets)
	}
	*b = bounds
	return nil
}

func (b *buckets) String() string {
	var texts []string
	for _, bound := range *b {
		texts = append(texts, strconv.FormatFloat(bound, 'g', -1, 64))
	}
	return strings.Join(texts, ",")
}

func (b *buckets) Type() string { return "bounds" }

func (b *buckets) setYAML(node *yaml.Node) error {
	texts, err := stringsOf(node)
	if err != nil || len(texts) == 0 {
		return err
	}
	return b.Set(strings.Join(texts, ","))
}
