package options

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/presets"
)

// values are the flags before validation.
type values struct {
	registry                              *generators.Registry
	config                                string
	continueWithoutConfig                 bool
	snapshotStrict                        bool
	apiserver, kubeconfig, snapshot       string
	host, telemetryHost                   string
	port, telemetryPort                   uint16
	webConfig                             string
	authFilter                            bool
	profiling                             Profiling
	audiences                             list
	resources, namespaces, denied         list
	shard                                 int32
	totalShards                           int32
	pod, podNamespace                     string
	takeoverAfter                         time.Duration
	node                                  string
	unscheduled                           bool
	allow, deny, optIn, sparse            list
	workloadMetrics                       list
	labelsAllowlist, annotationsAllowlist allowlist
	autoMemoryLimit                       bool
	memoryShare                           float64
	extraLabels                           extraLabels
	timeouts                              Timeouts
	maxScrapes                            uint16
	serveIncomplete                       bool
	shutdownDelay                         time.Duration
	fromCache                             bool
	objectLimit                           int64
	maxStaleness                          time.Duration
	customInline, customFile              string
	customPresets                         list
	customOnly, continueWithoutCustom     bool
	verbosity                             int
	version                               bool
}

// flags returns the flag set that sets v. The help of a flag is a noun phrase; docs/configuration.md
// has the details.
func (v *values) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("kubestate", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.SetNormalizeFunc(dashed)
	f.StringVar(&v.kubeconfig, "kubeconfig", "", "file with the API server's address and credentials; not needed in a pod")
	f.StringVar(&v.apiserver, "apiserver", "", "URL of the API server, instead of the kubeconfig's")
	f.StringVar(&v.snapshot, "snapshot", "", "file or folder with the objects to serve; - for standard input")
	f.BoolVar(&v.snapshotStrict, "snapshot-strict", false, "refusal to start with an unreadable part of the snapshot")
	f.StringVar(&v.config, "config", "", "YAML file of settings, which override flags; watched for changes")
	f.BoolVar(&v.continueWithoutConfig, "continue-without-config", false, "start without the --config file if it is missing or invalid")
	f.StringVar(&v.host, "host", "::", "address to serve metrics on")
	f.Uint16Var(&v.port, "port", 10241, "port to serve metrics on; 0 for a free one")
	f.StringVar(&v.telemetryHost, "telemetry-host", "::", "address to serve kubestate's own metrics on")
	f.Uint16Var(&v.telemetryPort, "telemetry-port", 10242, "port to serve kubestate's own metrics on; 0 for a free one")
	f.StringVar(&v.webConfig, "tls-config", "", "web configuration file of both ports (TLS, basic authentication), in the exporter toolkit's format")
	f.BoolVar(&v.authFilter, "auth-filter", false, "authentication and authorization of clients by the API server (TokenReview, SubjectAccessReview)")
	v.profiling = ProfilingAuto
	f.Var(&v.profiling, "profiling", "profiles on the telemetry port: on, off, or auto (loopback or --auth-filter)")
	f.Var(&v.audiences, "auth-filter-audiences", "accepted token audiences, comma-separated (default the API server's)")
	f.Var(&v.resources, "resources", "resources to export, comma-separated (default "+strings.Join(generators.Names(v.registry.Defaults()), ",")+")")
	f.Var(&v.namespaces, "namespaces", "namespaces to watch, comma-separated (default all)")
	f.Var(&v.denied, "namespaces-denylist", "namespaces to exclude, comma-separated")
	f.Int32Var(&v.shard, "shard", 0, "index of this shard, from 0 to --total-shards minus 1")
	f.Int32Var(&v.totalShards, "total-shards", 1, "number of shards that divide the objects")
	f.StringVar(&v.pod, "pod", "", "name of this pod, whose ordinal in its StatefulSet is the shard; with --pod-namespace")
	f.StringVar(&v.podNamespace, "pod-namespace", "", "namespace of this pod")
	f.DurationVar(&v.takeoverAfter, "shard-takeover-after", time.Minute, "time until other shards replace a pod that is not ready; 0 for never")
	f.StringVar(&v.node, "node", "", "name of the node whose pods are served; with --resources=pods")
	f.BoolVar(&v.unscheduled, "track-unscheduled-pods", false, "only pods without a node; with --resources=pods")
	f.Var(&v.allow, "metric-allowlist", "patterns of families to export, comma-separated, ECMAScript, unanchored (default all)")
	f.Var(&v.deny, "metric-denylist", "patterns of families to exclude, comma-separated, ECMAScript, unanchored")
	f.Var(&v.optIn, "metric-opt-in-list", "patterns of opt-in families to export, comma-separated, RE2, unanchored")
	f.Var(&v.sparse, "metric-sparse", "patterns of sparse families to export without zeros, comma-separated, ECMAScript, unanchored")
	f.Var(&v.workloadMetrics, "workload-metrics", "groups of workload metrics, comma-separated: "+joined(generators.Groups()))
	f.Var(&v.labelsAllowlist, "metric-labels-allowlist", "object labels to export: resource=[key,...],...; * as wildcard")
	f.Var(&v.annotationsAllowlist, "metric-annotations-allowlist", "object annotations to export: resource=[key,...],...; * as wildcard")
	f.Var(&v.extraLabels, "extra-labels", "constant labels of every series on the main port: name=value, comma-separated")
	f.StringVar(&v.customInline, "custom-resource-state-config", "", "configuration of custom resource metrics, as YAML; instead of the file")
	f.StringVar(&v.customFile, "custom-resource-state-config-file", "", "file with the configuration of custom resource metrics; watched for changes")
	f.Var(&v.customPresets, "custom-resource-presets", "built-in configurations of custom resource metrics, comma-separated: "+strings.Join(presets.Names(), ","))
	f.BoolVar(&v.customOnly, "custom-resource-state-only", false, "custom resources only, without built-in resources")
	f.BoolVar(&v.continueWithoutCustom, "continue-without-custom-resource-state-config-file", false, "start without the file of custom resource metrics if it is missing")
	f.BoolVar(&v.fromCache, "use-apiserver-cache", false, "lists from the API server's watch cache (resourceVersion=0), possibly stale")
	f.Int64Var(&v.objectLimit, "object-limit", 0, "maximum number of objects per resource and namespace; 0 for unlimited")
	f.DurationVar(&v.maxStaleness, "max-staleness", 0, "time without contact to the API server after which scrapes get 503; 0 for unlimited")
	f.Bool("enable-gzip-encoding", true, "no effect: responses are compressed for every client that accepts gzip")
	f.BoolVar(&v.autoMemoryLimit, "auto-gomemlimit", true, "memory limit of the Go runtime from the control group's or the machine's memory")
	f.Float64Var(&v.memoryShare, "auto-gomemlimit-ratio", 0.9, "fraction of that memory, above 0 and at most 1")
	f.Uint16Var(&v.maxScrapes, "max-concurrent-scrapes", 40, "maximum number of concurrent scrapes; 0 for unlimited")
	f.BoolVar(&v.serveIncomplete, "serve-incomplete", false, "responses to scrapes before the initial lists are complete, instead of 503")
	f.DurationVar(&v.timeouts.ReadHeader, "server-read-header-timeout", 5*time.Second, "time to read a request's header, main port; 0 for unlimited")
	f.DurationVar(&v.timeouts.Read, "server-read-timeout", time.Minute, "time to read a request, main port; 0 for unlimited")
	f.DurationVar(&v.timeouts.Write, "server-write-timeout", time.Minute, "time to write a response, main port; 0 for unlimited")
	f.DurationVar(&v.timeouts.Idle, "server-idle-timeout", 5*time.Minute, "time to keep an idle connection, main port; 0 for unlimited")
	f.DurationVar(&v.shutdownDelay, "shutdown-delay", 0, "time to keep serving after SIGTERM")
	f.IntVarP(&v.verbosity, "v", "v", 0, "log verbosity; 1 and above for details")
	f.BoolVar(&v.version, "version", false, "version of kubestate, then exit")
	addKlog(f)
	return f
}

// Usage returns the text of the help.
func Usage(registry *generators.Registry) string {
	v := values{registry: registry}
	return `kubestate serves the state of Kubernetes objects to Prometheus.

Usage:
  kubestate [flags]        serve metrics
  kubestate rbac [flags]   print the RBAC roles for these flags
  kubestate presets [NAME] list the presets of custom resource metrics, or print one
  kubestate version

Flags:
` + v.flags().FlagUsages()
}

// A Flag describes a flag, for the documentation.
type Flag struct {
	Name, Type, Default, Usage string
	// Key is the flag's key in the configuration file, empty if it has none.
	Key string
	// Reloadable tells whether a reload can change the key.
	Reloadable bool
}

// Flags returns the flags of the help, in the order of the help.
func Flags(registry *generators.Registry) []Flag {
	v := values{registry: registry}
	var all []Flag
	v.flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := Flag{Name: f.Name, Type: f.Value.Type(), Default: f.DefValue, Usage: f.Usage}
		for key, flag := range configKeys {
			if flag == f.Name {
				name.Key, name.Reloadable = key, slices.Contains(reloadable, key)
			}
		}
		all = append(all, name)
	})
	return all
}
