package options

import (
	"slices"

	"github.com/spf13/pflag"
)

// reloadable are the keys that a reload can change. All others, including new ones, need a restart.
var reloadable = []string{
	"annotations_allow_list", "custom_resource_config", "custom_resource_presets", "custom_resources_only", "enable_gzip_encoding", "extra_labels",
	"finished_jobs_after", "finished_keep", "finished_pods_after", "labels_allow_list", "max_staleness",
	"metric_allowlist", "metric_denylist", "metric_opt_in_list", "metric_sparse", "namespace_selector", "namespaces", "namespaces_denylist",
	"node", "object_limit", "resources", "selectors", "series_budget", "series_budget_per_namespace", "shard", "total_shards", "track_unscheduled_pods", "use_api_server_cache",
	"workload_metrics", "workload_startup_buckets",
}

// restartOnly returns the values of the keys that a reload cannot change.
func restartOnly(flags *pflag.FlagSet) map[string]string {
	all := map[string]string{}
	for key, flag := range configKeys {
		if !slices.Contains(reloadable, key) {
			all[key] = flags.Lookup(flag).Value.String()
		}
	}
	return all
}

// NeedRestart returns the sorted keys whose values differ in next and need a restart.
func (o Options) NeedRestart(next Options) []string {
	var keys []string
	for key, value := range o.restartOnly {
		if next.restartOnly[key] != value {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
