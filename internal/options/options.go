// Package options parses the command line and the configuration file into one validated value,
// Options. The rest of the program uses it without further checks.
package options

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// Options are the validated settings.
type Options struct {
	Command Command
	// Preset is the name of the preset to print, empty for a list of all.
	Preset string
	// View is the table to print of a snapshot.
	View View
	// Report is how to print answers.
	Report Report

	// Kubeconfig and APIServer are the credentials and address of the API server, both empty
	// for those of the pod.
	Kubeconfig, APIServer string
	// Context is the context of the kubeconfig, empty for the current one.
	Context string
	// Snapshot is the path of objects to serve instead. SnapshotStrict refuses to start if one
	// is not readable.
	Snapshot       string
	SnapshotStrict bool
	// Clusters are those of a process that serves several.
	Clusters Clusters

	// Listen and ListenTelemetry are the addresses of the two ports.
	Listen, ListenTelemetry string
	// WebConfig is the path of the web configuration of both ports, empty for plain HTTP.
	WebConfig string
	// AuthFilter enables authentication and authorization of clients by the API server.
	// Audiences are the accepted audiences of tokens, none for that of the API server.
	AuthFilter bool
	Audiences  []string
	// Profiling tells when the telemetry port serves profiles.
	Profiling Profiling

	// Resources are the resources to export, in the order of serving.
	Resources []generators.Resource
	registry  *generators.Registry
	explicit  bool // the user set the resources
	// Namespaces are the namespaces to watch, none for all; Denied are excluded.
	Namespaces, Denied []string
	// NamespaceSelector selects the namespaces by their labels, empty for all.
	NamespaceSelector string
	// Selectors are label selectors by resource.
	Selectors map[schema.GroupResource]string
	Selection generators.Selection
	// FinishedAfter are the times after which finished objects leave all families but those that
	// FinishedKeep matches, by key of the resource.
	FinishedAfter map[string]time.Duration
	FinishedKeep  []generators.Pattern
	// StartupBuckets are the sorted upper bounds of the buckets of startup times, in seconds.
	StartupBuckets []float64
	explicitKeep   bool // the user set FinishedKeep
	// Shard is the index of the shard, from 0. Node restricts pods to those of a node,
	// Unscheduled to those of none.
	Shard, TotalShards int
	Node               string
	Unscheduled        bool
	// Pod and PodNamespace name the own pod, whose StatefulSet determines the shard. Pod is empty
	// if Shard and TotalShards do.
	Pod, PodNamespace string
	// Lease is the Lease by which replicas elect the one that serves, or with Pod the prefix of the name of
	// the Lease of each shard; empty for a single replica. It is in PodNamespace, or in that of the service
	// account. LeaseDuration is how long a lost replica holds it.
	Lease         string
	LeaseDuration time.Duration
	// TakeoverAfter is the time until the objects of an unready shard are taken over, 0 for
	// never.
	TakeoverAfter time.Duration

	// Custom is the configuration of custom resources.
	Custom Custom

	// FromCache lists from the API server's cache.
	FromCache bool
	// ObjectLimit bounds the objects of each resource and namespace, MaxStaleness the time
	// without contact to the API server; 0 is unlimited.
	ObjectLimit  int64
	MaxStaleness time.Duration
	// SeriesBudget bounds the series of resources, by key or custom name, and of families.
	// NamespaceBudget bounds the series of each resource in each namespace; 0 is unlimited.
	SeriesBudget    map[string]int
	NamespaceBudget int

	// Config is the path of the configuration file, empty if there is none. ConfigSum is the
	// MD5 sum of its content, nil if the file is invalid; ConfigEmpty is set if it is empty.
	Config      string
	ConfigSum   []byte
	ConfigEmpty bool
	// ConfigErr is the error of the configuration file, with --continue-without-config.
	ConfigErr error
	// restartOnly are the values of the settings that a reload cannot change, by key.
	restartOnly map[string]string
	// Klog are the flags of klog that were given, which have no effect.
	Klog []string

	// MemoryShare is the fraction of the available memory to use, 0 for no limit.
	MemoryShare float64
	// Timeouts are those of the main port. MaxScrapes bounds concurrent scrapes, 0 is unlimited.
	Timeouts   Timeouts
	MaxScrapes int
	// ScrapeShards is the number of parts for which responses are prepared.
	ScrapeShards int
	// ShutdownDelay is the time to keep serving after SIGTERM.
	ShutdownDelay time.Duration
	// ServeIncomplete serves scrapes before the initial lists are complete.
	ServeIncomplete bool

	LogLevel slog.Level
}

// Timeouts bound the time of clients; 0 is unlimited.
type Timeouts struct {
	ReadHeader, Read, Write, Idle time.Duration
}

// Parse parses the arguments of the program and the configuration file that they name. An error
// names the argument, or the line of the file, and the fault; the options have the command then.
func Parse(registry *generators.Registry, args []string) (Options, error) {
	v := values{registry: registry}
	flags := v.allFlags()
	o, err := v.parse(args, flags)
	if err != nil {
		o = Options{Command: Command(flags.Arg(0))}
	}
	return o, err
}

func (v *values) parse(args []string, flags *pflag.FlagSet) (Options, error) {
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return Options{Command: Help}, nil
	} else if err != nil {
		return Options{}, unknownFlag(flags, err)
	}
	command := Command(flags.Arg(0))
	if v.version {
		command = Version
	}
	switch {
	case command == Presets && flags.NArg() <= 2:
		return Options{Command: command, Preset: flags.Arg(1)}, nil
	case flags.NArg() > 1:
		return Options{}, fmt.Errorf("unexpected argument %q", flags.Arg(1))
	case command == Version, command == Help:
		return Options{Command: command}, nil
	case command != Serve && command != RBAC && command != Cardinality && command != Answers:
		return Options{}, fmt.Errorf("unknown command %q (commands are %s, %s, %s, %s, %s and %s)", command, Answers, RBAC, Cardinality, Presets, Version, Help)
	}
	if err := v.checkCommand(command, flags); err != nil {
		return Options{}, err
	}
	o, err := v.withConfig(flags)
	if err != nil && v.config != "" && v.continueWithoutConfig {
		return withoutConfig(v.registry, args, err)
	}
	v.addCommand(&o, flags)
	return o, err
}

// withConfig returns the options of the flags and the configuration file.
func (v *values) withConfig(flags *pflag.FlagSet) (Options, error) {
	if v.config == "" {
		return v.options()
	}
	sum, empty, err := readConfig(v.config, flags)
	if err != nil {
		return Options{}, err
	}
	o, err := v.options()
	if err != nil {
		return Options{}, fmt.Errorf("with --config %s: %w", v.config, err)
	}
	o.ConfigSum, o.ConfigEmpty = sum, empty
	return o, nil
}

// withoutConfig returns the options of the flags alone. reason is the error of the configuration
// file.
func withoutConfig(registry *generators.Registry, args []string, reason error) (Options, error) {
	v := values{registry: registry}
	flags := v.allFlags()
	if err := flags.Parse(args); err != nil {
		return Options{}, err
	}
	o, err := v.options()
	v.addCommand(&o, flags)
	o.ConfigErr = reason
	return o, err
}

// MaxScrapeShards bounds Options.ScrapeShards.
const MaxScrapeShards = 64

// minStaleness is the least bound: a healthy watch can be idle for two minutes.
const minStaleness = 3 * time.Minute

// options validates the flags and returns them as Options.
func (v *values) options() (Options, error) {
	o := Options{
		Kubeconfig:      v.kubeconfig,
		Context:         v.context,
		APIServer:       v.apiserver,
		Clusters:        Clusters{Path: v.clusters, Label: v.clusterLabel, DownFails: v.clusterDownFails},
		SnapshotStrict:  v.snapshotStrict,
		Listen:          net.JoinHostPort(v.host, strconv.Itoa(int(v.port))),
		ListenTelemetry: net.JoinHostPort(v.telemetryHost, strconv.Itoa(int(v.telemetryPort))),
		WebConfig:       v.webConfig,
		AuthFilter:      v.authFilter,
		Profiling:       v.profiling,
		Audiences:       v.audiences.unique(),
		Namespaces:      v.namespaces.unique(),
		Denied:          v.denied.unique(),
		Selectors:       v.selectors.text,
		Shard:           int(v.shard),
		TotalShards:     int(v.totalShards),
		Node:            v.node,
		Pod:             v.pod,
		PodNamespace:    v.podNamespace,
		FinishedAfter:   v.finishedAfter(),
		explicitKeep:    len(v.finishedKeep) > 0,
		StartupBuckets:  v.startupBuckets,
		TakeoverAfter:   v.takeoverAfter,
		Lease:           v.lease,
		LeaseDuration:   v.leaseDuration,
		Unscheduled:     v.unscheduled,
		Timeouts:        v.timeouts,
		MaxScrapes:      int(v.maxScrapes),
		ScrapeShards:    int(v.scrapeShards),
		ShutdownDelay:   v.shutdownDelay,
		ServeIncomplete: v.serveIncomplete,
		FromCache:       v.fromCache,
		ObjectLimit:     v.objectLimit,
		NamespaceBudget: v.namespaceBudget,
		registry:        v.registry,
		MaxStaleness:    v.maxStaleness,
		View:            v.view,
	}
	o.Snapshot, o.Clusters.Snapshots = v.snapshot.split()
	if v.verbosity > 0 {
		o.LogLevel = slog.LevelDebug
	}
	err := cmp.Or(v.checkDurations(), o.checkSource(), o.checkClusters(), o.checkLimits())
	if err != nil {
		return Options{}, err
	}
	if o.MemoryShare, err = v.share(); err != nil {
		return Options{}, err
	}
	if o.Custom, err = v.custom(); err != nil {
		return Options{}, err
	}
	if err := o.checkCustomOnly(v.customOnly); err != nil {
		return Options{}, err
	}
	if o.Resources, err = v.enabled(); err != nil {
		return Options{}, err
	}
	o.explicit = len(v.resources) > 0
	if err := cmp.Or(o.checkShard(), o.checkLease()); err != nil {
		return Options{}, err
	}
	if o.NamespaceSelector, err = o.checkNamespaceSelector(v.namespaceSelector); err != nil {
		return Options{}, err
	}
	if o.SeriesBudget, err = v.seriesBudgets(o); err != nil {
		return Options{}, err
	}
	if o.Selection, err = v.selection(); err != nil {
		return Options{}, err
	}
	if err := o.checkGroups(); err != nil {
		return Options{}, err
	}
	if o.FinishedKeep, err = v.finishedKeepPatterns(); err != nil {
		return Options{}, err
	}
	if err := o.Selection.CheckExtra(o.counted()); err != nil {
		return Options{}, fmt.Errorf("--extra-labels: %w", err)
	}
	return o, o.checkClusterLabel()
}

// checkSource rejects flags that need an API server with a snapshot.
func (o Options) checkSource() error {
	switch {
	case o.files() && (o.Kubeconfig != "" || o.APIServer != ""):
		return errors.New("--snapshot excludes --kubeconfig and --apiserver")
	case o.files() && o.AuthFilter:
		return errors.New("--auth-filter needs an API server and excludes --snapshot")
	case len(o.Audiences) > 0 && !o.AuthFilter:
		return errors.New("--auth-filter-audiences needs --auth-filter")
	}
	return nil
}

// checkLimits rejects limits out of range.
func (o Options) checkLimits() error {
	switch {
	case o.ScrapeShards < 1 || o.ScrapeShards > MaxScrapeShards:
		return fmt.Errorf("--scrape-shards is %d, want 1 to %d", o.ScrapeShards, MaxScrapeShards)
	case o.ObjectLimit < 0:
		return fmt.Errorf("--object-limit is %d, want 1 or more, or 0 for unlimited", o.ObjectLimit)
	case o.NamespaceBudget < 0:
		return fmt.Errorf("--series-budget-per-namespace is %d, want 1 or more, or 0 for unlimited", o.NamespaceBudget)
	case o.MaxStaleness != 0 && o.MaxStaleness < minStaleness:
		return fmt.Errorf("--max-staleness is %s, want at least %s, as a healthy watch can be idle for two minutes, or 0 for unlimited", o.MaxStaleness, minStaleness)
	}
	return nil
}

// checkDurations rejects negative durations.
func (v *values) checkDurations() error {
	for _, f := range []struct {
		name string
		d    time.Duration
	}{
		{"--server-read-header-timeout", v.timeouts.ReadHeader},
		{"--server-read-timeout", v.timeouts.Read},
		{"--server-write-timeout", v.timeouts.Write},
		{"--server-idle-timeout", v.timeouts.Idle},
		{"--shutdown-delay", v.shutdownDelay},
		{"--shard-takeover-after", v.takeoverAfter},
		{"--finished-pods-after", v.finishedPods},
		{"--finished-jobs-after", v.finishedJobs},
	} {
		if f.d < 0 {
			return fmt.Errorf("%s is %v, want 0 or more", f.name, f.d)
		}
	}
	return nil
}

// share returns the fraction of the available memory to use.
func (v *values) share() (float64, error) {
	switch {
	case !(v.memoryShare > 0 && v.memoryShare <= 1): // false for NaN
		return 0, fmt.Errorf("--auto-gomemlimit-ratio is %v, want more than 0 and at most 1", v.memoryShare)
	case !v.autoMemoryLimit:
		return 0, nil
	}
	return v.memoryShare, nil
}
