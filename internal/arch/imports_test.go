// Package arch tests the repository as a whole: the direction of imports, and the flags, metrics
// and links that documents name.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kubestate/kubestate/"

// allowed gives, for each package, the packages of this module that it may
// import. A new edge is a decision: it goes here, in the same change, with the
// reason in the commit.
var allowed = map[string][]string{
	"internal/answers":           {"internal/exposition", "internal/store"},
	"internal/arch":              {},
	"internal/archive":           {},
	"internal/authfilter":        {"internal/codecs", "internal/peer"},
	"internal/cardinality":       {"internal/exposition", "internal/store"},
	"internal/celexpr":           {},
	"internal/counters":          {"internal/generators", "internal/sharding", "internal/sharding/journal", "internal/store"},
	"internal/clusters":          {"internal/apiclient", "internal/listwatch"},
	"internal/codecs":            {},
	"internal/exposition":        {},
	"internal/transcript":        {},
	"internal/version":           {},
	"internal/inflate":           {},
	"internal/filewatch":         {},
	"internal/memory":            {},
	"internal/nearest":           {},
	"internal/peer":              {},
	"internal/pipe":              {},
	"internal/presets":           {},
	"internal/store":             {"internal/inflate"},
	"internal/snapshot":          {"internal/archive", "internal/generators", "internal/jsonobject"},
	"internal/jsonobject":        {},
	"internal/customresource":    {"internal/celexpr", "internal/exposition", "internal/generators", "internal/jsonobject", "internal/nearest"},
	"internal/discovery":         {"internal/apiclient", "internal/customresource", "internal/generators", "internal/listwatch"},
	"internal/projection":        {},
	"internal/sharding":          {},
	"internal/standby":           {"internal/codecs"},
	"internal/sharding/handover": {"internal/sharding"},
	"internal/sharding/journal":  {"internal/sharding"},
	"internal/sharding/members":  {"internal/codecs", "internal/sharding", "internal/sharding/handover"},
	"internal/generators":        {"internal/exposition", "internal/jsonobject"},
	"internal/options":           {"internal/customresource", "internal/generators", "internal/nearest", "internal/presets"},
	"hack/dashboards":            {},
	"hack/krew":                  {},
	"hack/generate":              {"hack/dashboards", "internal/customresource", "internal/generators", "internal/options", "internal/presets", "internal/rbac", "internal/results", "internal/workloads"},
	"internal/rbac":              {"internal/generators"},
	"internal/apiclient":         {"internal/generators", "internal/jsonobject", "internal/projection"},
	"internal/listwatch":         {"internal/apiclient", "internal/sharding"},
	"internal/watcher":           {"internal/apiclient", "internal/counters", "internal/generators", "internal/jsonobject", "internal/listwatch", "internal/memory", "internal/results", "internal/sharding", "internal/store", "internal/workloads"},
	"internal/workloads":         {"internal/exposition", "internal/generators", "internal/jsonobject", "internal/store"},
	"internal/results":           {"internal/generators", "internal/store"},
	"internal/server":            {"internal/answers", "internal/cardinality", "internal/exposition", "internal/nearest", "internal/peer", "internal/store", "internal/version"},
	"cmd/kubestate":              {"internal/answers", "internal/apiclient", "internal/authfilter", "internal/cardinality", "internal/clusters", "internal/customresource", "internal/discovery", "internal/filewatch", "internal/generators", "internal/memory", "internal/options", "internal/presets", "internal/rbac", "internal/results", "internal/server", "internal/sharding", "internal/sharding/members", "internal/snapshot", "internal/standby", "internal/store", "internal/version", "internal/watcher", "internal/workloads"},
}

func TestImportsPointOneWay(t *testing.T) {
	packages := listPackages(t)
	for path, imports := range packages {
		permitted, ok := allowed[path]
		if !ok {
			t.Errorf("%s is not in the table of packages", path)
		}
		for _, imported := range imports {
			if own, ok := strings.CutPrefix(imported, module); ok && !slices.Contains(permitted, own) {
				t.Errorf("%s imports %s", path, own)
			}
		}
	}
	for path := range allowed {
		if _, ok := packages[path]; !ok {
			t.Errorf("%s is in the table of packages and does not exist", path)
		}
	}
}

// listPackages gives the imports of each package of this module.
func listPackages(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for list := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		err := list.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p.Imports
	}
}

// builtin is the call that lists the tables of this program.
const builtin = "generators.Builtin()"

// TestRegistryIsHandedDown holds that only programs and tests choose tables: every other
// package gets a registry, or what it needs of one.
func TestRegistryIsHandedDown(t *testing.T) {
	programs := []string{"cmd/kubestate/main.go", "hack/generate/main.go"}
	var found []string
	for _, dir := range []string{"cmd", "hack", "internal"} {
		err := fs.WalkDir(os.DirFS("../.."), dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(filepath.Join("../..", path))
			if strings.Contains(string(text), builtin) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(found, programs) {
		t.Errorf("%s is called by %q, want %q", builtin, found, programs)
	}
}
