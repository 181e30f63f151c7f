package options

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
)

// configKeys maps the keys of the configuration file to flags.
var configKeys = map[string]string{
	"annotations_allow_list": "metric-annotations-allowlist",
	"apiserver":              "apiserver",
	"auth_filter":            "auth-filter",
	"auth_filter_audiences":  "auth-filter-audiences",
	"auto-gomemlimit":        "auto-gomemlimit",
	"auto-gomemlimit-ratio":  "auto-gomemlimit-ratio",
	"cluster_down_fails":     "cluster-down-fails",
	"cluster_label":          "cluster-label",
	"clusters":               "clusters",
	"continue_without_custom_resource_state_config_file": "continue-without-custom-resource-state-config-file",
	"custom_resource_config":                             "custom-resource-state-config",
	"custom_resource_presets":                            "custom-resource-presets",
	"custom_resource_state_config_file":                  "custom-resource-state-config-file",
	"custom_resources_only":                              "custom-resource-state-only",
	"enable_gzip_encoding":                               "enable-gzip-encoding",
	"extra_labels":                                       "extra-labels",
	"finished_jobs_after":                                "finished-jobs-after",
	"finished_keep":                                      "finished-keep",
	"finished_pods_after":                                "finished-pods-after",
	"host":                                               "host",
	"kubeconfig":                                         "kubeconfig",
	"labels_allow_list":                                  "metric-labels-allowlist",
	"lease":                                              "lease",
	"lease_duration":                                     "lease-duration",
	"max_concurrent_scrapes":                             "max-concurrent-scrapes",
	"max_staleness":                                      "max-staleness",
	"metric_allowlist":                                   "metric-allowlist",
	"metric_denylist":                                    "metric-denylist",
	"metric_opt_in_list":                                 "metric-opt-in-list",
	"metric_sparse":                                      "metric-sparse",
	"namespace":                                          "pod-namespace",
	"namespace_selector":                                 "namespace-selector",
	"namespaces":                                         "namespaces",
	"namespaces_denylist":                                "namespaces-denylist",
	"node":                                               "node",
	"object_limit":                                       "object-limit",
	"pod":                                                "pod",
	"port":                                               "port",
	"profiling":                                          "profiling",
	"resources":                                          "resources",
	"scrape_shards":                                      "scrape-shards",
	"selectors":                                          "selector",
	"serve_incomplete":                                   "serve-incomplete",
	"series_budget":                                      "series-budget",
	"series_budget_per_namespace":                        "series-budget-per-namespace",
	"server_idle_timeout":                                "server-idle-timeout",
	"server_read_header_timeout":                         "server-read-header-timeout",
	"server_read_timeout":                                "server-read-timeout",
	"server_write_timeout":                               "server-write-timeout",
	"shard":                                              "shard",
	"shard_takeover_after":                               "shard-takeover-after",
	"shutdown_delay":                                     "shutdown-delay",
	"snapshot":                                           "snapshot",
	"snapshot_strict":                                    "snapshot-strict",
	"telemetry_host":                                     "telemetry-host",
	"telemetry_port":                                     "telemetry-port",
	"tls_config":                                         "tls-config",
	"total_shards":                                       "total-shards",
	"track_unscheduled_pods":                             "track-unscheduled-pods",
	"use_api_server_cache":                               "use-apiserver-cache",
	"workload_metrics":                                   "workload-metrics",
	"workload_startup_buckets":                           "workload-startup-buckets",
}

// deprecatedKeys are old names of keys. The new key wins if a file has both.
var deprecatedKeys = map[string]string{"custom_resource_config_file": "custom_resource_state_config_file"}

// renameDeprecated renames deprecated keys of a mapping, and removes those whose new key exists.
func renameDeprecated(root *yaml.Node) {
	has := func(name string) bool {
		for key := range entries(root) {
			if key.Value == name {
				return true
			}
		}
		return false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		newer, deprecated := deprecatedKeys[root.Content[i].Value]
		switch {
		case deprecated && has(newer):
			root.Content = slices.Delete(root.Content, i, i+2)
			i -= 2
		case deprecated:
			root.Content[i].Value = newer
		}
	}
}

// A yamlValue is a flag whose value is a list or a mapping in the configuration file.
type yamlValue interface {
	// setYAML replaces the value of the flag by that of the node, unless the node is empty.
	setYAML(node *yaml.Node) error
}

// readConfig sets the flags of the file's keys, and returns its MD5 sum and whether it is empty.
// An invalid file sets none.
func readConfig(path string, flags *pflag.FlagSet) (sum []byte, empty bool, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false, fmt.Errorf("--config: %w", err)
	}
	root, err := parseConfig(bytes.NewReader(text))
	if err == nil {
		err = setFlags(root, flags)
	}
	if err != nil {
		return nil, false, fmt.Errorf("--config: %s: %w", path, err)
	}
	md := md5.Sum(text)
	return md[:], root == nil, nil
}

// parseConfig returns the mapping of a configuration file, which has known keys only, or nil if the
// file has no content but comments or null.
func parseConfig(file io.Reader) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.NewDecoder(file).Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	root := resolve(document.Content[0])
	if isNull(root) {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want a mapping of keys to values", root.Line)
	}
	renameDeprecated(root)
	seen := map[string]bool{}
	for key := range entries(root) {
		switch _, known := configKeys[key.Value]; {
		case !known:
			near, _ := nearest.To(key.Value, slices.Sorted(maps.Keys(configKeys)))
			return nil, fmt.Errorf("line %d: there is no key %q; the nearest is %q", key.Line, key.Value, near)
		case seen[key.Value]:
			return nil, fmt.Errorf("line %d: duplicate key %q", key.Line, key.Value)
		}
		seen[key.Value] = true
	}
	return root, nil
}

// setFlags sets the flags of all keys in the mapping.
func setFlags(root *yaml.Node, flags *pflag.FlagSet) error {
	for key, node := range entries(root) {
		if isNull(node) {
			continue
		}
		if err := setFlag(flags.Lookup(configKeys[key.Value]).Value, node); err != nil {
			return fmt.Errorf("line %d: %s: %w", node.Line, key.Value, err)
		}
	}
	return nil
}

func setFlag(flag pflag.Value, node *yaml.Node) error {
	if flag, ok := flag.(yamlValue); ok {
		return flag.setYAML(node)
	}
	if node.Kind != yaml.ScalarNode {
		return errors.New("want a single value")
	}
	return flag.Set(node.Value)
}

// entries iterates over the keys and values of a mapping, which may be nil.
func entries(mapping *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; mapping != nil && i+1 < len(mapping.Content); i += 2 {
			if !yield(mapping.Content[i], resolve(mapping.Content[i+1])) {
				return
			}
		}
	}
}

// resolve returns the node that an alias refers to.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

// stringsOf returns the entries of a list, or the keys of a mapping.
func stringsOf(node *yaml.Node) ([]string, error) {
	var nodes []*yaml.Node
	switch node.Kind {
	case yaml.SequenceNode:
		nodes = node.Content
	case yaml.MappingNode:
		for key := range entries(node) {
			nodes = append(nodes, key)
		}
	default:
		return nil, errors.New("want a list, or a mapping whose keys are the entries")
	}
	var all []string
	for _, n := range nodes {
		if n = resolve(n); n.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: want a name", n.Line)
		}
		if s := strings.TrimSpace(n.Value); s != "" {
			all = append(all, s)
		}
	}
	return all, nil
}

func (l *list) setYAML(node *yaml.Node) error {
	parts, err := stringsOf(node)
	if err == nil && len(parts) > 0 {
		*l = parts
	}
	return err
}

func (e *extraLabels) setYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("want a mapping of names to values")
	}
	var parsed extraLabels
	for name, value := range entries(node) {
		if value.Kind != yaml.ScalarNode || isNull(value) {
			return fmt.Errorf("%s: want a single value", name.Value)
		}
		parsed = append(parsed, generators.ExtraLabel{Name: name.Value, Value: value.Value})
	}
	if len(parsed) > 0 {
		*e = parsed
	}
	return nil
}

func (a *allowlist) setYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("want a mapping of resources to lists of keys")
	}
	parsed := allowlist{}
	for resource, keys := range entries(node) {
		if isNull(keys) {
			continue
		}
		list, err := stringsOf(keys)
		if err != nil {
			return fmt.Errorf("%s: %w", resource.Value, err)
		}
		parsed[resource.Value] = list
	}
	if len(parsed) > 0 {
		*a = parsed
	}
	return nil
}
