package options_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/options"
)

// TestArgumentsOfTheField parses the argument vectors of charts, distributions and examples in wide
// use. The file of custom resources is one of the tests.
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
