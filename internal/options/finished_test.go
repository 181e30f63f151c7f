package options_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
)

// TestFinished holds the times and the kept families of pods and jobs.
func TestFinished(t *testing.T) {
	type after = map[string]time.Duration
	f := func(want after, kept []string, args ...string) {
		t.Helper()
		o, err := options.Parse(registry, args)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range []generators.Resource{&generators.Pods, &generators.Jobs} {
			for _, family := range r.Describe().Families {
				if o.KeepsFinished(family.Name) {
					got = append(got, family.Name)
				}
			}
		}
		if d := cmp.Diff(want, o.FinishedAfter) + cmp.Diff(kept, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
	}
	kept := []string{
		"kube_pod_deletion_timestamp", "kube_pod_owner", "kube_pod_status_phase", "kube_pod_status_reason",
		"kube_job_status_succeeded", "kube_job_status_failed", "kube_job_status_active", "kube_job_complete", "kube_job_failed", "kube_job_owner",
		"kubestate_job_failed_for_good",
	}
	f(nil, kept)
	f(nil, []string{"kube_pod_info"}, "--finished-keep=kube_pod_info")
	f(after{"pods": 10 * time.Minute}, kept, "--finished-pods-after=10m")
	f(after{"jobs.batch": time.Hour}, kept, "--finished-jobs-after=1h", "--finished-pods-after=0")
	f(after{"jobs.batch": time.Hour, "pods": time.Nanosecond}, kept, "--finished-jobs-after=1h", "--finished-pods-after=1ns", "--finished-keep=")
	f(after{"pods": time.Minute}, []string{"kube_pod_info", "kube_job_owner"}, "--finished-pods-after=1m", "--finished-keep=pod_info,^kube_(?!pod_)[a-z]+_owner")
	f(after{"pods": time.Minute}, nil, "--finished-pods-after=1m", "--finished-keep=^$")
}
