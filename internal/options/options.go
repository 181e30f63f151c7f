// Package options turns command-line arguments into one checked value. What it
// accepts, the rest of the program can use without a second look.
package options

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubestate/kubestate/internal/generators"
)

// Options is what the user asked for.
type Options struct {
	// Version is set if only the version is to be printed.
	Version bool

	// Kubeconfig and APIServer say where the API server is and who asks; both
	// are empty in a pod that watches its own cluster. Snapshot is the path of
	// objects to serve instead.
	Kubeconfig, APIServer, Snapshot string

	// Listen and ListenTelemetry are the addresses of the two ports.
	Listen, ListenTelemetry string

	// Resources are the resources to export, in the order of serving.
	Resources []generators.Resource
	// Namespaces are those to watch, none for all; Denied are those left out.
	Namespaces, Denied []string
	Selection          generators.Selection

	LogLevel slog.Level
}

// ErrHelp is returned when help was asked for and printed.
var ErrHelp = pflag.ErrHelp

// Parse reads the arguments that follow the program's name. Help goes to
// stdout. An error names the argument and what is wrong with it in one line.
func Parse(args []string, stdout io.Writer) (Options, error) {
	var v values
	flags := v.flags()
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			fmt.Fprintf(stdout, usage, flags.FlagUsages())
		}
		return Options{}, err
	}
	switch command := flags.Arg(0); {
	case flags.NArg() == 1 && command == "version":
		return Options{Version: true}, nil
	case flags.NArg() == 1 && command == "help":
		fmt.Fprintf(stdout, usage, flags.FlagUsages())
		return Options{}, ErrHelp
	case flags.NArg() > 0:
		return Options{}, fmt.Errorf("unknown command %q (there are version and help)", command)
	}
	return v.options()
}

const usage = `kubestate serves the state of Kubernetes objects to Prometheus.

Usage:
  kubestate [flags]
  kubestate version

Flags:
%s`

// values are the flags as given.
type values struct {
	apiserver, kubeconfig, snapshot       string
	host, telemetryHost                   string
	port, telemetryPort                   uint16
	resources, namespaces, denied         list
	optIn                                 list
	labelsAllowlist, annotationsAllowlist allowlist
	verbosity                             int
}

func (v *values) flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("kubestate", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringVar(&v.kubeconfig, "kubeconfig", "", "file with the API server's address and credentials; in a pod not needed")
	f.StringVar(&v.apiserver, "apiserver", "", "URL of the API server, in place of the one that the kubeconfig names")
	f.StringVar(&v.snapshot, "snapshot", "", "serve the objects in this file or directory, YAML or JSON, instead of watching an API server")
	f.StringVar(&v.host, "host", "::", "address on which to serve metrics")
	f.Uint16Var(&v.port, "port", 10241, "port on which to serve metrics; 0 for a free one")
	f.StringVar(&v.telemetryHost, "telemetry-host", "::", "address on which to serve what kubestate measures of itself")
	f.Uint16Var(&v.telemetryPort, "telemetry-port", 10242, "port on which to serve what kubestate measures of itself; 0 for a free one")
	f.Var(&v.resources, "resources", "resources to export, separated by commas (default "+strings.Join(keys(defaults()), ",")+")")
	f.Var(&v.namespaces, "namespaces", "namespaces to watch, separated by commas (default all)")
	f.Var(&v.denied, "namespaces-denylist", "namespaces to leave out, separated by commas")
	f.Var(&v.labelsAllowlist, "metric-labels-allowlist", "object labels to export as labels of the resource's labels family: resource=[key,...],...; a key may be * or contain one, so may the resource be *")
	f.Var(&v.annotationsAllowlist, "metric-annotations-allowlist", "object annotations to export, in the form of --metric-labels-allowlist")
	f.Var(&v.optIn, "metric-opt-in-list", "patterns of opt-in families to export, separated by commas: RE2, not anchored")
	f.IntVarP(&v.verbosity, "v", "v", 0, "log verbosity; 1 and more logs details")
	return f
}

func (v *values) options() (Options, error) {
	o := Options{
		Kubeconfig:      v.kubeconfig,
		APIServer:       v.apiserver,
		Snapshot:        v.snapshot,
		Listen:          net.JoinHostPort(v.host, strconv.Itoa(int(v.port))),
		ListenTelemetry: net.JoinHostPort(v.telemetryHost, strconv.Itoa(int(v.telemetryPort))),
		Namespaces:      v.namespaces.unique(),
		Denied:          v.denied.unique(),
		Selection: generators.Selection{
			Labels:      generators.Allowlist(v.labelsAllowlist),
			Annotations: generators.Allowlist(v.annotationsAllowlist),
		},
	}
	if v.verbosity > 0 {
		o.LogLevel = slog.LevelDebug
	}
	if o.Snapshot != "" && (o.Kubeconfig != "" || o.APIServer != "") {
		return Options{}, errors.New("--snapshot serves objects from files: give it without --kubeconfig and --apiserver")
	}
	var err error
	if o.Resources, err = v.enabled(); err != nil {
		return Options{}, err
	}
	for _, pattern := range v.optIn {
		p, err := regexp.Compile(pattern)
		if err != nil {
			return Options{}, fmt.Errorf("--metric-opt-in-list: %w", err)
		}
		o.Selection.OptIn = append(o.Selection.OptIn, p)
	}
	if err := v.labelsAllowlist.check("--metric-labels-allowlist"); err != nil {
		return Options{}, err
	}
	if err := v.annotationsAllowlist.check("--metric-annotations-allowlist"); err != nil {
		return Options{}, err
	}
	return o, nil
}

// enabled are the resources that --resources asks for.
func (v *values) enabled() ([]generators.Resource, error) {
	if len(v.resources) == 0 {
		return defaults(), nil
	}
	for _, key := range v.resources {
		if !isResource(key) {
			return nil, fmt.Errorf("--resources: there is no resource %q (there are %s)", key, strings.Join(keys(generators.All()), ", "))
		}
	}
	return slices.DeleteFunc(generators.All(), func(r generators.Resource) bool {
		return !slices.Contains(v.resources, r.Describe().Key)
	}), nil
}

func defaults() []generators.Resource {
	return slices.DeleteFunc(generators.All(), func(r generators.Resource) bool { return !r.Describe().Default })
}

func isResource(key string) bool { return slices.Contains(keys(generators.All()), key) }

func keys(resources []generators.Resource) []string {
	var ks []string
	for _, r := range resources {
		ks = append(ks, r.Describe().Key)
	}
	return ks
}
