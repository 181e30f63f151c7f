package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// TestFormatsAreAccepted serves the golden clusters, with unusual objects, labels and annotations
// of every resource, and has the responses read by promtool, and by Prometheus in OpenMetrics and
// text.
func TestFormatsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, golden := range []string{"fuzz-1", "plain-60"} {
		t.Run(golden, func(t *testing.T) {
			e := serve(t, append(everything(t), "--snapshot", unpack(t, golden))...)
			status, text, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
			must(t, err)
			if status != 200 {
				t.Fatalf("status %d", status)
			}
			checkMetadata(t, text)
			checkMetrics(t, text)
			checkCompressed(t, e, text)
			scrapeBothWays(t, e)
		})
	}
}

// everything returns arguments that select all families.
func everything(t *testing.T) []string {
	t.Helper()
	var resources []string
	for _, f := range catalogue(t) {
		if !slices.Contains(resources, f.Resource) {
			resources = append(resources, f.Resource)
		}
	}
	return []string{
		"--resources", strings.Join(resources, ","), "--metric-opt-in-list=.", "--workload-metrics=attribution",
		"--metric-labels-allowlist=*=[*]", "--metric-annotations-allowlist=*=[*]",
	}
}

// catalogued is a family of docs/metrics/metrics.json.
type catalogued struct {
	Name, Resource string
	Sparse         bool
}

// catalogue returns the families of the documentation.
func catalogue(t *testing.T) (families []catalogued) {
	t.Helper()
	content, err := os.ReadFile("../../docs/metrics/metrics.json")
	must(t, err)
	must(t, json.Unmarshal(content, &families))
	return families
}

// unpack returns a directory with the objects of a golden cluster.
func unpack(t *testing.T, golden string) string {
	t.Helper()
	root, err := process.Root()
	must(t, err)
	files, err := filepath.Glob(filepath.Join(root, "internal", "generators", "testdata", "golden", golden, "*.json.gz"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no files of objects")
	}
	dir := t.TempDir()
	for _, file := range files {
		packed, err := os.Open(file)
		must(t, err)
		z, err := gzip.NewReader(packed)
		must(t, err)
		text, err := io.ReadAll(z)
		must(t, err)
		must(t, packed.Close())
		must(t, os.WriteFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(file), ".gz")), text, 0o600))
	}
	return dir
}

// checkMetadata checks that each family has one HELP and one TYPE line before its series.
func checkMetadata(t *testing.T, text []byte) {
	t.Helper()
	seen := map[string]bool{}
	family := ""
	for line := range strings.Lines(string(text)) {
		words := strings.SplitN(line, " ", 4)
		if words[0] == "#" {
			if once := words[1] + " " + words[2]; seen[once] {
				t.Errorf("%s twice", once)
			} else {
				seen[once] = true
			}
			family = words[2]
			continue
		}
		if name, _, _ := strings.Cut(words[0], "{"); name != family {
			t.Errorf("%s is below %s", name, family)
		}
	}
}

// checkMetrics has promtool read the text. Exit code 3 is a naming lint, 1 a parse error.
func checkMetrics(t *testing.T, text []byte) {
	t.Helper()
	promtool, err := process.Built("promtool")
	must(t, err)
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = bytes.NewReader(text)
	out, err := check.CombinedOutput()
	if code := check.ProcessState.ExitCode(); code != 0 && code != 3 {
		t.Errorf("promtool check metrics: %v, exit code %d:\n%s", err, code, out)
	}
}

// checkCompressed decompresses the gzip response by gzip and, in curl, by zlib.
func checkCompressed(t *testing.T, e *exporter.Exporter, want []byte) {
	t.Helper()
	url := e.Scrapes + "/metrics"
	for _, reader := range []string{
		"curl --silent --fail --compressed " + url,
		"curl --silent --fail --header 'Accept-Encoding: gzip' " + url + " | gzip --decompress --stdout",
	} {
		got, err := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-c", reader).Output()
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes differ from the %d of the plain response", reader, len(got), len(want))
		}
	}
}

// scrapeBothWays has Prometheus scrape e in each format, and checks that it ingests every series
// without a warning.
func scrapeBothWays(t *testing.T, e *exporter.Exporter) {
	t.Helper()
	var config strings.Builder
	config.WriteString("global: {scrape_interval: 1s}\nscrape_configs:\n")
	protocols := []string{"OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"}
	for _, protocol := range protocols {
		fmt.Fprintf(&config, "- {job_name: %s, scrape_protocols: [%s], static_configs: [{targets: [%q]}]}\n", protocol, protocol, address(e))
	}
	p := runPrometheus(t, config.String())
	series, err := e.Scrape(t.Context())
	must(t, err)
	for _, protocol := range protocols {
		await(t, settling, func(ctx context.Context) error {
			got, err := p.query(ctx, fmt.Sprintf(`sum(scrape_samples_scraped{job=%q}) == sum(scrape_samples_post_metric_relabeling{job=%q})`, protocol, protocol))
			if err != nil {
				return err
			}
			if want := float64(len(series)); got[""] != want {
				return fmt.Errorf("%s: %v series ingested, want %v", protocol, got[""], want)
			}
			return nil
		}, p.Process, e.Process)
	}
	log, err := os.ReadFile(p.Log)
	must(t, err)
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "scrape_pool=") && !strings.Contains(line, "level=INFO") && !strings.Contains(line, "level=DEBUG") {
			t.Errorf("Prometheus says: %s", line)
		}
	}
}
