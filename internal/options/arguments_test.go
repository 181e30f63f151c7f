package options_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/options"
)

// notYet are flags that manifests in the field give and that do not exist so
// far. A flag that arrives leaves this list.
var notYet = []string{"custom-resource-state-config-file", "custom-resource-state-only"}

// TestArgumentsOfTheField parses the argument vectors of charts, distributions
// and examples in wide use.
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
				name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
				if !slices.Contains(notYet, name) {
					args = append(args, arg)
					continue
				}
				if _, err := options.Parse(registry, []string{arg}); err == nil {
					t.Errorf("--%s exists: take it off the list", name)
				}
			}
			if _, err := options.Parse(registry, args); err != nil {
				t.Errorf("%q: %v", args, err)
			}
		})
	}
}
