package options_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/options"
)

// TestArgumentsOfTheField parses the arguments of widely used charts, distributions and examples,
// with a configuration of custom resources from testdata.
func TestArgumentsOfTheField(t *testing.T) {
	text, err := os.ReadFile("testdata/arguments.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Who  string
		Args []string
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(v.Who, func(t *testing.T) {
			var args []string
			for _, arg := range v.Args {
				if strings.HasPrefix(arg, "--custom-resource-state-config-file=") {
					arg = "--custom-resource-state-config-file=testdata/custom.yaml"
				}
				args = append(args, arg)
			}
			if _, err := options.Parse(registry, args); err != nil {
				t.Errorf("%q: %v", args, err)
			}
		})
	}
}

// TestSpellings parses each flag in its accepted forms.
func TestSpellings(t *testing.T) {
	all := options.Spellings(registry)
	for name, s := range all {
		_, err := options.Parse(registry, []string{"--" + name + "=no-value-of-any-flag"})
		if s.Removed != "" {
			if want := "--" + name + " was removed: " + s.Removed; err == nil || err.Error() != want || s.Type != "" {
				t.Errorf("--%s: error %v, want %s", name, err, want)
			}
			continue
		}
		if err != nil && strings.Contains(err.Error(), "unknown flag") {
			t.Errorf("--%s: %v", name, err)
		}
		if refused := err != nil && strings.Contains(err.Error(), "invalid argument"); s.Type == "bool" && !refused {
			t.Errorf("--%s is no switch: %v", name, err)
		}
	}
	for _, f := range options.Flags(registry) {
		if s := all[f.Name]; s.Type != f.Type || s.Hidden {
			t.Errorf("--%s: %+v, want type %s", f.Name, s, f.Type)
		}
	}
}
