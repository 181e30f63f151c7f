package options

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
)

// klogSwitches and klogSettings are the flags of klog, which have no effect: logs go to stderr in
// one format. Switches need no value.
var (
	klogSwitches = []string{"add-dir-header", "alsologtostderr", "legacy-stderr-threshold-behavior", "logtostderr", "one-output", "skip-headers", "skip-log-headers"}
	klogSettings = []string{"alsologtostderrthreshold", "log-backtrace-at", "log-dir", "log-file", "log-file-max-size", "stderrthreshold", "vmodule"}
)

// addKlog adds the flags of klog, hidden from the help.
func addKlog(f *pflag.FlagSet) {
	for _, name := range klogSwitches {
		f.Bool(name, false, "")
	}
	for _, name := range klogSettings {
		f.String(name, "", "")
	}
	for _, name := range slices.Concat(klogSwitches, klogSettings) {
		f.Lookup(name).Hidden = true
	}
}

// givenKlog returns the given flags of klog, sorted by name.
func givenKlog(f *pflag.FlagSet) []string {
	var given []string
	f.Visit(func(flag *pflag.Flag) {
		if flag.Hidden { // only klog's are
			given = append(given, "--"+flag.Name)
		}
	})
	slices.Sort(given)
	return given
}

// dashed replaces underscores in flag names by dashes: klog has names of both kinds.
func dashed(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	return pflag.NormalizedName(strings.ReplaceAll(name, "_", "-"))
}

// removedFlags are flags of old versions of kube-state-metrics, with their replacements.
var removedFlags = map[string]string{
	"blacklist":        "use --metric-denylist",
	"collectors":       "use --resources",
	"gzip-encoding":    "responses are compressed for every client that accepts gzip; leave it out",
	"metric-blacklist": "use --metric-denylist",
	"metric-whitelist": "use --metric-allowlist",
	"namespace":        "use --namespaces",
	"whitelist":        "use --metric-allowlist",
	"disable-node-non-generic-resource-metrics": "these families no longer exist; leave it out",
	"disable-pod-non-generic-resource-metrics":  "these families no longer exist; leave it out",
}

// unknownFlag adds the replacement or the nearest flag to the error about an unknown one.
func unknownFlag(flags *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	name := string(dashed(nil, unknown.GetSpecifiedName()))
	if err := removed(name); err != nil {
		return err
	}
	var known []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	near, _ := nearest.To(name, known)
	return fmt.Errorf("%w; the nearest is --%s", err, near)
}

// removed returns the error of a removed flag, nil for others.
func removed(name string) error {
	if instead, ok := removedFlags[name]; ok {
		return fmt.Errorf("--%s was removed: %s", name, instead)
	}
	return nil
}

// movedResources are former resources of kube-state-metrics, with their replacements.
var movedResources = map[string]string{"verticalpodautoscalers": "they are custom resources: use " + customPresets + "=vpa"}

// A Spelling describes an accepted or removed flag.
type Spelling struct {
	Type   string `json:"type,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
	// Removed is the replacement of a removed flag.
	Removed string `json:"removed,omitempty"`
}

// Spellings returns all flags by name, with hidden and removed ones.
func Spellings(registry *generators.Registry) map[string]Spelling {
	v := values{registry: registry}
	all := map[string]Spelling{}
	v.flags().VisitAll(func(f *pflag.Flag) { all[f.Name] = Spelling{Type: f.Value.Type(), Hidden: f.Hidden} })
	for name, instead := range removedFlags {
		all[name] = Spelling{Removed: instead}
	}
	return all
}
