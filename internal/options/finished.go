package options

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kubestate/kubestate/internal/generators"
)

// finishedKeep are the default patterns of --finished-keep: what sums by phase or owner, and alerts on
// failed jobs and pods that are not deleted, need.
var finishedKeep = []string{
	"^kube_pod_owner$", "^kube_pod_status_phase$", "^kube_pod_status_reason$", "^kube_pod_deletion_timestamp$",
	"^kube_job_owner$", "^kube_job_complete$", "^kube_job_failed$",
	"^kube_job_status_active$", "^kube_job_status_failed$", "^kube_job_status_succeeded$", "^kubestate_job_failed_for_good$",
}

// finishedAfter returns the times after which finished objects leave, by key of the resource; nil for
// none.
func (v *values) finishedAfter() map[string]time.Duration {
	if v.finishedPods == 0 && v.finishedJobs == 0 {
		return nil
	}
	all := map[string]time.Duration{generators.Pods.Describe().Key: v.finishedPods, generators.Jobs.Describe().Key: v.finishedJobs}
	maps.DeleteFunc(all, func(_ string, after time.Duration) bool { return after == 0 })
	return all
}

// counted returns the tables of the exported families: those of the resources, of their counters and,
// if finished objects leave, that of their counts.
func (o Options) counted() []generators.Resource {
	all := slices.Clip(o.Resources)
	for _, r := range o.Resources {
		if memo := r.Recipe().Memo; memo != nil {
			all = append(all, memo.Counts)
		}
	}
	if len(o.FinishedAfter) > 0 {
		all = append(all, &generators.FinishedCounts)
	}
	return all
}

// finishedKeepPatterns compiles the patterns of the families that finished objects keep.
func (v *values) finishedKeepPatterns() ([]generators.Pattern, error) {
	sources := []string(v.finishedKeep)
	if len(sources) == 0 && v.finishedAfter() != nil {
		sources = finishedKeep
	}
	return compileECMAScript("--finished-keep", sources, v.registry)
}

// KeepsFinished reports whether finished objects that leave keep their series of a family.
func (o Options) KeepsFinished(family string) bool {
	if len(o.FinishedKeep) == 0 { // no flag has had them compiled
		return slices.Contains(finishedKeep, "^"+family+"$")
	}
	return slices.ContainsFunc(o.FinishedKeep, func(p generators.Pattern) bool { return p.MatchString(family) })
}

// ineffectiveKeep describes the given patterns of --finished-keep that keep nothing.
func (o Options) ineffectiveKeep() []string {
	switch {
	case !o.explicitKeep:
		return nil
	case len(o.FinishedAfter) == 0:
		return []string{"--finished-keep: finished objects keep all families without --finished-pods-after or --finished-jobs-after"}
	}
	families := o.customFamilies()
	for _, r := range o.Resources {
		if o.FinishedAfter[r.Describe().Key] > 0 {
			families = append(families, o.families(r)...)
		}
	}
	var all []string
	for _, p := range o.FinishedKeep {
		if !matchesFamily(p, families) {
			all = append(all, fmt.Sprintf("--finished-keep: %q matches no family of the resources whose finished objects leave", fmt.Sprint(p)))
		}
	}
	return all
}
