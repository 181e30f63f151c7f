package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// presets are the presets of custom resources, with objects of each and queries of dashboards
// and alerts.
const presets = "../../internal/presets/testdata"

// TestPresetQueries has a Prometheus scrape the example objects of a preset, and evaluates queries
// of the project's dashboards and alerts: each has a result.
func TestPresetQueries(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(presets, "queries", "*.promql"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no queries")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".promql")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			must(t, err)
			objects := t.TempDir()
			for _, part := range []string{"crds.json", "objects.json"} {
				content, err := os.ReadFile(filepath.Join(presets, name, part))
				must(t, err)
				must(t, os.WriteFile(filepath.Join(objects, part), content, 0o600))
			}
			e := serve(t, "--snapshot", objects, "--custom-resource-presets", name, "--custom-resource-state-only")
			p := runPrometheus(t, fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs: [{job_name: kubestate, honor_labels: true, static_configs: [{targets: [%q]}]}]\n", address(e)))
			await(t, settling, p.scrapes(e), e.Process, p.Process)
			for query := range strings.Lines(string(text)) {
				if query = strings.TrimSpace(query); query == "" || strings.HasPrefix(query, "#") {
					continue
				}
				await(t, settling, func(ctx context.Context) error {
					result, err := p.query(ctx, query)
					if err == nil && len(result) == 0 {
						err = fmt.Errorf("no result of %s", query)
					}
					return err
				}, e.Process, p.Process)
			}
		})
	}
}
