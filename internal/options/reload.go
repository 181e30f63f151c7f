package options

import (
	"slices"

	"github.com/spf13/pflag"
)

// changeable are the keys of settings that can change while the program runs. All
// others count from a start on.
var changeable = []string{
	"annotations_allow_list", "enable_gzip_encoding", "extra_labels", "labels_allow_list", "max_staleness",
	"metric_allowlist", "metric_denylist", "metric_opt_in_list", "namespaces", "namespaces_denylist",
	"node", "object_limit", "resources", "shard", "total_shards", "track_unscheduled_pods", "use_api_server_cache",
}

// settled gives the settings that count from a start on, by key.
func settled(flags *pflag.FlagSet) map[string]string {
	all := map[string]string{}
	for key, flag := range configKeys {
		if !slices.Contains(changeable, key) {
			all[key] = flags.Lookup(flag).Value.String()
		}
	}
	return all
}

// NeedRestart gives the keys, sorted, of the settings that are others in next and
// that cannot change while the program runs.
func (o Options) NeedRestart(next Options) []string {
	var keys []string
	for key, value := range o.settled {
		if next.settled[key] != value {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
