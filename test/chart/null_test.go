package chart

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNull sets each value to null, which removes its default: the chart renders, or names the
// missing value, and no template fails.
func TestNull(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(chart, "files", "values.json"))
	must(t, err)
	var known map[string]any
	must(t, json.Unmarshal(text, &known))
	var paths []string
	var walk func(prefix string, keys map[string]any)
	walk = func(prefix string, keys map[string]any) {
		for key, below := range keys {
			paths = append(paths, prefix+key)
			if below, ok := below.(map[string]any); ok {
				walk(prefix+key+".", below)
			}
		}
	}
	walk("", known)
	if len(paths) < 200 {
		t.Fatalf("%d values", len(paths))
	}
	for _, path := range paths {
		out, errs, ok := template(t, "--set", path+"=null")
		if _, err := objects(out); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		told := strings.HasPrefix(errs, "Error: execution error at (") || strings.HasPrefix(errs, "Error: values don't meet")
		if !ok && !told || ok && errs != "" {
			t.Errorf("%s: %s", path, errs)
		}
	}
}
