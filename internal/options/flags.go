package options

import (
	"io"
	"slices"
	"strconv"
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
	apiserver, kubeconfig                 string
	snapshot                              snapshots
	clusters, clusterLabel                string
	clusterDownFails                      bool
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
	lease                                 string
	leaseDuration                         time.Duration
	namespaceSelector                     string
	selectors                             selectors
	node                                  string
	unscheduled                           bool
	allow, deny, optIn, sparse            list
	finishedPods, finishedJobs            time.Duration
	finishedKeep                          list
	workloadMetrics                       list
	startupBuckets                        buckets
	labelsAllowlist, annotationsAllowlist allowlist
	autoMemoryLimit                       bool
	memoryShare                           float64
	extraLabels                           extraLabels
	timeouts                              Timeouts
	maxScrapes                            uint16
	scrapeShards                          uint16
	serveIncomplete                       bool
	shutdownDelay                         time.Duration
	fromCache                             bool
	objectLimit                           int64
	budgets                               budgets
	namespaceBudget                       int
	maxStaleness                          time.Duration
	customInline, customFile              string
	customPresets                         list
	customOnly, continueWithoutCustom     bool
	verbosity                             int
	view                                  View
	report                                Report
	context                               string
	version                               bool
}

func newFlagSet() *pflag.FlagSet {
	f := pflag.NewFlagSet("kubestate", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.SetNormalizeFunc(dashed)
	return f
}

// viewFlags returns the flags of kubestate cardinality alone, which set v.
func (v *values) viewFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringVar(&v.view.By, "by", v.view.By, "rows of the table: family (the default), resource, namespace, label, option or cluster")
	f.StringVar(&v.view.Sort, "sort", v.view.Sort, "column to sort by, with a minus for descending order")
	f.StringVar(&v.view.Format, "format", v.view.Format, "text (the default) or json")
	return f
}

// reportFlags returns the flags of kubestate answers alone, which set v.
func (v *values) reportFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringVarP(&v.report.Output, "output", "o", "text", "text, json or yaml")
	f.VarP(&v.namespaces, "namespace", "n", "namespaces of the answers, comma-separated (default all, and cluster-scoped objects)")
	f.BoolVar(&v.report.Queries, "promql", false, "PromQL of each answer in the text")
	f.StringVar(&v.context, "context", "", "context of the kubeconfig (default the current one)")
	f.DurationVar(&v.report.Timeout, "timeout", time.Minute, "time to wait for the lists of an API server")
	return f
}

// allFlags returns the flags of all commands.
func (v *values) allFlags() *pflag.FlagSet {
	f := v.flags()
	f.AddFlagSet(v.viewFlags())
	f.AddFlagSet(v.reportFlags())
	return f
}

// flags returns the flag set that sets v. The help of a flag is a noun phrase; docs/configuration.md
// has the details.
func (v *values) flags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringVar(&v.kubeconfig, "kubeconfig", "", "file with the API server's address and credentials; not needed in a pod")
	f.StringVar(&v.apiserver, "apiserver", "", "URL of the API server, instead of the kubeconfig's")
	f.StringVar(&v.clusters, "clusters", "", "file that lists clusters, or directory of kubeconfigs, to serve together; watched for changes")
	f.StringVar(&v.clusterLabel, "cluster-label", defaultClusterLabel, "label with the name of the cluster, with --clusters")
	f.BoolVar(&v.clusterDownFails, "cluster-down-fails", false, "503 on /metrics/cluster/NAME while the cluster is down")
	f.Var(&v.snapshot, "snapshot", "file, folder or archive of objects; - for standard input; NAME=PATH for several clusters")
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
	f.StringVar(&v.namespaceSelector, "namespace-selector", "", "label selector of the namespaces whose objects are exported; excludes --namespaces")
	v.selectors.registry = v.registry
	f.Var(&v.selectors, "selector", "label selectors by resource: resource=selector,...")
	f.Int32Var(&v.shard, "shard", 0, "index of this shard, from 0 to --total-shards minus 1")
	f.Int32Var(&v.totalShards, "total-shards", 1, "number of shards that divide the objects")
	f.StringVar(&v.pod, "pod", "", "name of this pod, whose ordinal in its StatefulSet is the shard; with --pod-namespace")
	f.StringVar(&v.podNamespace, "pod-namespace", "", "namespace of this pod and of the Lease")
	f.StringVar(&v.lease, "lease", "", "Lease for electing the replica that serves; prefix of Leases with --pod")
	f.DurationVar(&v.leaseDuration, "lease-duration", 6*time.Second, "time without renewal after which another replica takes the Lease; whole seconds")
	f.DurationVar(&v.takeoverAfter, "shard-takeover-after", time.Minute, "time until other shards replace a pod that is not ready; 0 for never")
	f.StringVar(&v.node, "node", "", "name of the node whose pods are served; with --resources=pods")
	f.BoolVar(&v.unscheduled, "track-unscheduled-pods", false, "only pods without a node; with --resources=pods")
	f.Var(&v.allow, "metric-allowlist", "patterns of families to export, comma-separated, ECMAScript, unanchored (default all)")
	f.Var(&v.deny, "metric-denylist", "patterns of families to exclude, comma-separated, ECMAScript, unanchored")
	f.Var(&v.optIn, "metric-opt-in-list", "patterns of opt-in families to export, comma-separated, RE2, unanchored")
	f.Var(&v.sparse, "metric-sparse", "patterns of sparse families to export without zeros, comma-separated, ECMAScript, unanchored")
	f.DurationVar(&v.finishedPods, "finished-pods-after", 0, "time after which finished pods leave all families but those of --finished-keep; 0 for never")
	f.DurationVar(&v.finishedJobs, "finished-jobs-after", 0, "time after which finished jobs leave all families but those of --finished-keep; 0 for never")
	f.Var(&v.finishedKeep, "finished-keep", "patterns of families that finished objects keep, comma-separated, ECMAScript, unanchored (default owners, phases, ends)")
	f.Var(&v.workloadMetrics, "workload-metrics", "groups of workload metrics, comma-separated: "+joined(generators.Groups()))
	v.startupBuckets = buckets{1, 5, 10, 30, 60, 120, 300, 600}
	f.Var(&v.startupBuckets, "workload-startup-buckets", "upper bounds of the buckets of pod startup times, seconds, comma-separated")
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
	f.Var(&v.budgets, "series-budget", "maximum number of series: resource=N or family=N, comma-separated; further objects are withheld")
	f.IntVar(&v.namespaceBudget, "series-budget-per-namespace", 0, "maximum number of series of each resource in each namespace; 0 for unlimited")
	f.DurationVar(&v.maxStaleness, "max-staleness", 0, "time without contact to the API server after which scrapes get 503; 0 for unlimited")
	f.Bool("enable-gzip-encoding", true, "no effect: responses are compressed for every client that accepts gzip")
	f.BoolVar(&v.autoMemoryLimit, "auto-gomemlimit", true, "memory limit of the Go runtime from the control group's or the machine's memory")
	f.Float64Var(&v.memoryShare, "auto-gomemlimit-ratio", 0.9, "fraction of that memory, above 0 and at most 1")
	f.Uint16Var(&v.maxScrapes, "max-concurrent-scrapes", 40, "maximum number of concurrent scrapes; 0 for unlimited")
	f.Uint16Var(&v.scrapeShards, "scrape-shards", 1, "number n of the parts that scrapers fetch with ?shard=i/n; at most "+strconv.Itoa(MaxScrapeShards))
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
  kubestate answers [flags]
                           print problems of a cluster or snapshot
  kubestate rbac [flags]   print the RBAC roles for these flags
  kubestate presets [NAME] list the presets of custom resource metrics, or print one
  kubestate cardinality --snapshot PATH [flags]
                           print series and bytes of a snapshot
  kubestate version

Flags:
` + v.flags().FlagUsages() + `
Flags of kubestate answers:
` + v.reportFlags().FlagUsages() + `
Flags of kubestate cardinality:
` + v.viewFlags().FlagUsages()
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
	return describe(v.flags())
}

// ReportFlags returns the flags of kubestate answers alone.
func ReportFlags() []Flag { return describe(new(values).reportFlags()) }

// ViewFlags returns the flags of kubestate cardinality alone.
func ViewFlags() []Flag { return describe(new(values).viewFlags()) }

func describe(flags *pflag.FlagSet) []Flag {
	var all []Flag
	flags.VisitAll(func(f *pflag.Flag) {
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
