package options

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubestate/kubestate/internal/generators"
)

// checkShard validates the flags that select a part of the objects.
func (o Options) checkShard() error {
	switch {
	case (o.Pod == "") != (o.PodNamespace == "") && (o.Pod != "" || o.Lease == ""):
		return fmt.Errorf("--pod %q and --pod-namespace %q: set both or neither", o.Pod, o.PodNamespace)
	case o.Pod != "" && o.files():
		return errors.New("--pod needs an API server and excludes --snapshot")
	case o.TotalShards < 1:
		return fmt.Errorf("--total-shards is %d, want at least 1", o.TotalShards)
	case o.Shard < 0 || o.Shard >= o.TotalShards:
		return fmt.Errorf("--shard is %d, want 0 to %d with --total-shards %d", o.Shard, o.TotalShards-1, o.TotalShards)
	case o.Node != "" && o.Unscheduled:
		return fmt.Errorf("--node %s and --track-unscheduled-pods exclude each other: run one kubestate for each", o.Node)
	case o.Node != "":
		if wrong := validation.IsDNS1123Subdomain(o.Node); wrong != nil {
			return fmt.Errorf("--node: %q cannot be the name of a node: %s", o.Node, strings.Join(wrong, "; "))
		}
		return o.checkPodsOnly("--node")
	case o.Unscheduled:
		return o.checkPodsOnly("--track-unscheduled-pods")
	}
	return nil
}

// minLease and maxLease bound the duration of a Lease. Its holder renews it three times in that.
const minLease, maxLease = 3 * time.Second, 24 * time.Hour

// checkLease validates the flags of the Lease of replicas.
func (o Options) checkLease() error {
	d := o.LeaseDuration
	switch {
	case d < minLease || d > maxLease || d%time.Second != 0:
		return fmt.Errorf("--lease-duration is %s, want %s to %s in whole seconds", d, minLease, maxLease)
	case o.Lease == "":
		return nil
	case o.files():
		return errors.New("--lease needs an API server and excludes --snapshot")
	}
	if wrong := validation.IsDNS1123Subdomain(o.Lease); wrong != nil {
		return fmt.Errorf("--lease: %q cannot be the name of a Lease: %s", o.Lease, strings.Join(wrong, "; "))
	}
	return nil
}

// checkPodsOnly rejects a flag that selects pods if other resources are enabled.
func (o Options) checkPodsOnly(flag string) error {
	others := generators.Names(slices.DeleteFunc(slices.Clone(o.Resources), func(r generators.Resource) bool { return r.Describe().Key == "pods" }))
	if len(others) == 0 {
		return nil
	}
	return fmt.Errorf("%s selects pods, not %s: set --resources=pods, and run another kubestate for the others", flag, strings.Join(others, ", "))
}
