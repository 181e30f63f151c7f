// Package options turns command-line arguments, and the configuration file that
// they may name, into one checked value. What it accepts, the rest of the
// program can use without a second look.
package options

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubestate/kubestate/internal/generators"
)

// Options is what the user asked for.
type Options struct {
	Command Command

	// Kubeconfig and APIServer say where the API server is and who asks; both
	// are empty in a pod that watches its own cluster. Snapshot is the path of
	// objects to serve instead, of which all has to be readable if SnapshotStrict.
	Kubeconfig, APIServer, Snapshot string
	SnapshotStrict                  bool

	// Listen and ListenTelemetry are the addresses of the two ports.
	Listen, ListenTelemetry string
	// WebConfig is the path of the web configuration of both, empty for plain
	// HTTP. AuthFilter has the API server say who may read what they serve, by tokens
	// for one of the Audiences, or for the API server itself if there are none.
	WebConfig  string
	AuthFilter bool
	Audiences  []string
	// Profiling says when the telemetry port serves profiles.
	Profiling Profiling

	// Resources are the resources to export, in the order of serving.
	Resources []generators.Resource
	registry  *generators.Registry
	chosen    bool // by the user, who may have left some out
	// Namespaces are those to watch, none for all; Denied are those left out.
	Namespaces, Denied []string
	Selection          generators.Selection
	// Shard is which one of TotalShards to be, counted from 0. Node has only the
	// pods of that node served, Unscheduled only those of none.
	Shard, TotalShards int
	Node               string
	Unscheduled        bool
	// Pod and PodNamespace name the own pod, whose StatefulSet says which shard to
	// be; both are empty if Shard and TotalShards do.
	Pod, PodNamespace string
	// TakeoverAfter is how long another shard's pod may not be ready until its share
	// is taken over, 0 for ever.
	TakeoverAfter time.Duration

	// FromCache allows the API server to answer lists from its memory.
	// ObjectLimit is how many objects are kept at most of each resource and
	// namespace, MaxStaleness how old they may be; 0 sets no bound.
	FromCache    bool
	ObjectLimit  int64
	MaxStaleness time.Duration

	// Config is the path of the configuration file, empty if there is none, and
	// ConfigSum the MD5 sum of what was read there, nil if that could not be used.
	Config    string
	ConfigSum []byte
	// settled are the settings that count from a start on, by key.
	settled map[string]string

	// Awaited says why the configuration file could not be used, where the user
	// wants to go on without it until it can.
	Awaited error

	// MemoryShare is the share of the memory there is that may be used, 0 for no
	// limit.
	MemoryShare float64
	// Timeouts are those of the main port, MaxScrapes is how many scrapes are
	// answered at the same time, 0 for any number. ShutdownDelay is how long to go
	// on serving after the signal to stop.
	Timeouts      Timeouts
	MaxScrapes    int
	ShutdownDelay time.Duration
	// ServeIncomplete answers scrapes before everything has been complete once.
	ServeIncomplete bool

	LogLevel slog.Level
}

// Timeouts bound how long a client may take; 0 sets no bound.
type Timeouts struct {
	ReadHeader, Read, Write, Idle time.Duration
}

// Profiling says when the telemetry port serves profiles.
type Profiling string

// The modes of profiling. With ProfilingAuto there are profiles where only this machine
// reaches the port, or the API server says who may read them.
const (
	ProfilingAuto Profiling = "auto"
	ProfilingOn   Profiling = "on"
	ProfilingOff  Profiling = "off"
)

// String, Set and Type make Profiling a flag.
func (p *Profiling) String() string { return string(*p) }

// Set takes the name of a mode.
func (p *Profiling) Set(s string) error {
	switch mode := Profiling(s); mode {
	case ProfilingAuto, ProfilingOn, ProfilingOff:
		*p = mode
		return nil
	}
	return fmt.Errorf("want %s, %s or %s", ProfilingAuto, ProfilingOn, ProfilingOff)
}

// Type is the type that the help shows.
func (*Profiling) Type() string { return "mode" }

// A Command is what the program is to do.
type Command string

// The commands. The program is named without one to serve.
const (
	Serve   Command = ""
	Version Command = "version"
	RBAC    Command = "rbac"
	Help    Command = "help"
)

// Parse reads the arguments that follow the program's name, for a program that has the
// resources of a registry. An error names the argument, or the place in the
// configuration file, and what is wrong with it.
func Parse(registry *generators.Registry, args []string) (Options, error) {
	v := values{registry: registry}
	flags := v.flags()
	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		return Options{Command: Help}, nil
	} else if err != nil {
		return Options{}, err
	}
	command := Command(flags.Arg(0))
	switch {
	case flags.NArg() > 1:
		return Options{}, fmt.Errorf("unexpected argument %q", flags.Arg(1))
	case command == Version, command == Help:
		return Options{Command: command}, nil
	case command != Serve && command != RBAC:
		return Options{}, fmt.Errorf("unknown command %q (there are %s, %s and %s)", command, RBAC, Version, Help)
	}
	o, err := v.withConfig(flags)
	if err != nil && v.config != "" && v.continueWithoutConfig {
		return withoutConfig(registry, args, err)
	}
	o.Command, o.Config, o.settled = command, v.config, settled(flags)
	return o, err
}

// withConfig gives the options of flags and configuration file.
func (v *values) withConfig(flags *pflag.FlagSet) (Options, error) {
	if v.config == "" {
		return v.options()
	}
	sum, err := readConfig(v.config, flags)
	if err != nil {
		return Options{}, err
	}
	o, err := v.options()
	if err != nil {
		return Options{}, fmt.Errorf("with --config %s: %w", v.config, err)
	}
	o.ConfigSum = sum
	return o, nil
}

// withoutConfig gives the options of the flags alone. reason says why those of
// the configuration file are not to be had.
func withoutConfig(registry *generators.Registry, args []string, reason error) (Options, error) {
	v := values{registry: registry}
	flags := v.flags()
	if err := flags.Parse(args); err != nil {
		return Options{}, err
	}
	o, err := v.options()
	o.Command, o.Awaited, o.Config, o.settled = Command(flags.Arg(0)), reason, v.config, settled(flags)
	return o, err
}

// Usage is the text of the help.
func Usage(registry *generators.Registry) string {
	v := values{registry: registry}
	return `kubestate serves the state of Kubernetes objects to Prometheus.

Usage:
  kubestate [flags]        serve
  kubestate rbac [flags]   print the roles that serving with these flags needs
  kubestate version

Flags:
` + v.flags().FlagUsages()
}

// A Flag is what the documentation says of a flag.
type Flag struct {
	Name, Type, Default, Usage string
	// Key is the flag's key in the configuration file, empty if it has none.
	Key string
	// Changeable says whether the key can change while the program runs.
	Changeable bool
}

// Flags describes all flags, in order.
func Flags(registry *generators.Registry) []Flag {
	v := values{registry: registry}
	var all []Flag
	v.flags().VisitAll(func(f *pflag.Flag) {
		name := Flag{Name: f.Name, Type: f.Value.Type(), Default: f.DefValue, Usage: f.Usage}
		for key, flag := range configKeys {
			if flag == f.Name {
				name.Key, name.Changeable = key, slices.Contains(changeable, key)
			}
		}
		all = append(all, name)
	})
	return all
}

// values are the flags as given.
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
	allow, deny, optIn                    list
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
	verbosity                             int
}

// minStaleness is the least bound of use: what does not change is heard of every
// two minutes at the latest.
const minStaleness = 3 * time.Minute

func (v *values) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("kubestate", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.StringVar(&v.kubeconfig, "kubeconfig", "", "file with the API server's address and credentials; in a pod not needed")
	f.StringVar(&v.apiserver, "apiserver", "", "URL of the API server, in place of the one that the kubeconfig names")
	f.StringVar(&v.snapshot, "snapshot", "", "serve the objects in this file or directory, YAML or JSON, instead of watching an API server; - for standard input")
	f.BoolVar(&v.snapshotStrict, "snapshot-strict", false, "do not start if anything of the snapshot cannot be read")
	f.StringVar(&v.config, "config", "", "YAML file of settings, which count more than flags; changes are taken up without a restart, as far as they can be")
	f.BoolVar(&v.continueWithoutConfig, "continue-without-config", false, "start without the --config file if it is missing or wrong, and take it up once it is there and right")
	f.StringVar(&v.host, "host", "::", "address on which to serve metrics")
	f.Uint16Var(&v.port, "port", 10241, "port on which to serve metrics; 0 for a free one")
	f.StringVar(&v.telemetryHost, "telemetry-host", "::", "address on which to serve what kubestate measures of itself")
	f.Uint16Var(&v.telemetryPort, "telemetry-port", 10242, "port on which to serve what kubestate measures of itself; 0 for a free one")
	f.StringVar(&v.webConfig, "tls-config", "", "YAML file with the TLS and basic authentication of both ports, in the form of Prometheus' exporter toolkit; probes need TLS alone")
	f.BoolVar(&v.authFilter, "auth-filter", false, "serve metrics, profiles and debug pages only to clients whose bearer token the API server knows (TokenReview) and lets get the path (SubjectAccessReview); probes stay open")
	v.profiling = ProfilingAuto
	f.Var(&v.profiling, "profiling", "profiles on the telemetry port, one at a time: on, off, or auto, which is on if --telemetry-host is loopback or with --auth-filter")
	f.Var(&v.audiences, "auth-filter-audiences", "audiences, separated by commas, for one of which a token has to be with --auth-filter (default the API server's own)")
	f.Var(&v.resources, "resources", "resources to export, separated by commas (default "+strings.Join(generators.Names(v.registry.Defaults()), ",")+")")
	f.Var(&v.namespaces, "namespaces", "namespaces to watch, separated by commas (default all)")
	f.Var(&v.denied, "namespaces-denylist", "namespaces to leave out, separated by commas")
	f.Int32Var(&v.shard, "shard", 0, "which of --total-shards to be, counted from 0: serve the objects whose uids have hashes in that part of the range of all hashes")
	f.Int32Var(&v.totalShards, "total-shards", 1, "how many kubestates divide the objects among them")
	f.StringVar(&v.pod, "pod", "", "name of the own pod, with --pod-namespace: be the shard that its ordinal in its StatefulSet makes it, in place of --shard and --total-shards, and follow changes of replicas")
	f.StringVar(&v.podNamespace, "pod-namespace", "", "namespace of that pod")
	f.DurationVar(&v.takeoverAfter, "shard-takeover-after", time.Minute, "with --pod, time after which others take over the share of a pod that is not ready; 0 for never")
	f.StringVar(&v.node, "node", "", "name of the node whose pods to serve alone; with --resources=pods")
	f.BoolVar(&v.unscheduled, "track-unscheduled-pods", false, "serve only the pods that are on no node; with --resources=pods")
	f.Var(&v.allow, "metric-allowlist", "patterns of the families to export, separated by commas: ECMAScript, not anchored (default all)")
	f.Var(&v.deny, "metric-denylist", "patterns of families to leave out of those, separated by commas: ECMAScript, not anchored")
	f.Var(&v.optIn, "metric-opt-in-list", "patterns of opt-in families to export, separated by commas: RE2, not anchored")
	f.Var(&v.labelsAllowlist, "metric-labels-allowlist", "object labels to export as labels of the resource's labels family: resource=[key,...],...; a key may be * or contain one, and the resource may be *")
	f.Var(&v.annotationsAllowlist, "metric-annotations-allowlist", "object annotations to export, in the form of --metric-labels-allowlist")
	f.Var(&v.extraLabels, "extra-labels", "labels that every series of the main port has: name=value, separated by commas; no family that is exported may have them already")
	f.BoolVar(&v.fromCache, "use-apiserver-cache", false, "let the API server answer lists with what it has in memory (resourceVersion=0): cheaper for it, maybe behind, and not in pages; streamed lists are not concerned")
	f.Int64Var(&v.objectLimit, "object-limit", 0, "objects to keep at most of each resource and namespace; the rest is left out, and lists are not streamed; 0 for all")
	f.DurationVar(&v.maxStaleness, "max-staleness", 0, "answer 503 to scrapes of a resource of which the API server has given no sign of life for so long, at least "+minStaleness.String()+"; 0 to serve the last state however old it is")
	f.Bool("enable-gzip-encoding", true, "accepted, and without effect: answers are packed with gzip for every client that accepts that")
	f.BoolVar(&v.autoMemoryLimit, "auto-gomemlimit", true, "limit the memory to a share of what the control group allows, or of what the machine has")
	f.Float64Var(&v.memoryShare, "auto-gomemlimit-ratio", 0.9, "that share, above 0 and at most 1")
	f.Uint16Var(&v.maxScrapes, "max-concurrent-scrapes", 40, "scrapes to answer at the same time; as many more wait up to 5s, the rest gets status 503; 0 for any number")
	f.BoolVar(&v.serveIncomplete, "serve-incomplete", false, "answer scrapes before everything that may be read has been complete once, in place of status 503")
	f.DurationVar(&v.timeouts.ReadHeader, "server-read-header-timeout", 5*time.Second, "on the main port, how long a client may take to send a request's header; 0 for any time, as for the next three")
	f.DurationVar(&v.timeouts.Read, "server-read-timeout", time.Minute, "on the main port, how long a client may take to send a request")
	f.DurationVar(&v.timeouts.Write, "server-write-timeout", time.Minute, "on the main port, how long an answer may take, if the scraper does not say that it gives up before")
	f.DurationVar(&v.timeouts.Idle, "server-idle-timeout", 5*time.Minute, "on the main port, how long a connection may stay without a request")
	f.DurationVar(&v.shutdownDelay, "shutdown-delay", 0, "how long to go on serving after SIGTERM, not ready any more, until nobody is sent here; less than the pod's grace period by 25s, of which answers under way have 20s")
	f.IntVarP(&v.verbosity, "v", "v", 0, "log verbosity; 1 and more logs details")
	return f
}

func (v *values) options() (Options, error) {
	o := Options{
		Kubeconfig:      v.kubeconfig,
		APIServer:       v.apiserver,
		Snapshot:        v.snapshot,
		SnapshotStrict:  v.snapshotStrict,
		Listen:          net.JoinHostPort(v.host, strconv.Itoa(int(v.port))),
		ListenTelemetry: net.JoinHostPort(v.telemetryHost, strconv.Itoa(int(v.telemetryPort))),
		WebConfig:       v.webConfig,
		AuthFilter:      v.authFilter,
		Profiling:       v.profiling,
		Audiences:       v.audiences.unique(),
		Namespaces:      v.namespaces.unique(),
		Denied:          v.denied.unique(),
		Shard:           int(v.shard),
		TotalShards:     int(v.totalShards),
		Node:            v.node,
		Pod:             v.pod,
		PodNamespace:    v.podNamespace,
		TakeoverAfter:   v.takeoverAfter,
		Unscheduled:     v.unscheduled,
		Timeouts:        v.timeouts,
		MaxScrapes:      int(v.maxScrapes),
		ShutdownDelay:   v.shutdownDelay,
		ServeIncomplete: v.serveIncomplete,
		FromCache:       v.fromCache,
		ObjectLimit:     v.objectLimit,
		registry:        v.registry,
		MaxStaleness:    v.maxStaleness,
	}
	if v.verbosity > 0 {
		o.LogLevel = slog.LevelDebug
	}
	if o.Snapshot != "" && (o.Kubeconfig != "" || o.APIServer != "") {
		return Options{}, errors.New("--snapshot serves objects from files: give it without --kubeconfig and --apiserver")
	}
	if err := v.checkDurations(); err != nil {
		return Options{}, err
	}
	if o.Snapshot != "" && o.AuthFilter {
		return Options{}, errors.New("--auth-filter asks an API server: give it without --snapshot")
	}
	if len(o.Audiences) > 0 && !o.AuthFilter {
		return Options{}, errors.New("--auth-filter-audiences says whose tokens --auth-filter takes: give both")
	}
	if o.ObjectLimit < 0 {
		return Options{}, fmt.Errorf("--object-limit is %d: give a number of objects, or 0 for all", o.ObjectLimit)
	}
	if o.MaxStaleness != 0 && o.MaxStaleness < minStaleness {
		return Options{}, fmt.Errorf("--max-staleness is %s: give at least %s, since a healthy watch may be silent for two minutes, or 0 for no bound", o.MaxStaleness, minStaleness)
	}
	var err error
	if o.MemoryShare, err = v.share(); err != nil {
		return Options{}, err
	}
	if o.Resources, err = v.enabled(); err != nil {
		return Options{}, err
	}
	o.chosen = len(v.resources) > 0
	if err := o.checkShard(); err != nil {
		return Options{}, err
	}
	if o.Selection, err = v.selection(); err != nil {
		return Options{}, err
	}
	if err := o.Selection.CheckExtra(o.Resources); err != nil {
		return Options{}, fmt.Errorf("--extra-labels: %w", err)
	}
	return o, nil
}

// checkDurations refuses times that are less than none.
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
	} {
		if f.d < 0 {
			return fmt.Errorf("%s: %v is less than 0", f.name, f.d)
		}
	}
	return nil
}

func (v *values) selection() (generators.Selection, error) {
	s := generators.Selection{Extra: v.extraLabels}
	var errs [5]error
	s.Allow, errs[0] = compileECMAScript("--metric-allowlist", v.allow, v.registry)
	s.Deny, errs[1] = compileECMAScript("--metric-denylist", v.deny, v.registry)
	s.OptIn, errs[2] = compileRE2("--metric-opt-in-list", v.optIn)
	s.Labels, errs[3] = v.labelsAllowlist.resolve("--metric-labels-allowlist", v.registry)
	s.Annotations, errs[4] = v.annotationsAllowlist.resolve("--metric-annotations-allowlist", v.registry)
	return s, errors.Join(errs[:]...)
}

// share is the share of the memory that may be used.
func (v *values) share() (float64, error) {
	switch {
	case !(v.memoryShare > 0 && v.memoryShare <= 1): // nor is what is not a number
		return 0, fmt.Errorf("--auto-gomemlimit-ratio: %v is not above 0 and at most 1", v.memoryShare)
	case !v.autoMemoryLimit:
		return 0, nil
	}
	return v.memoryShare, nil
}
