// Package e2e tests the program kubestate against a real control plane, through the Kubernetes API
// and HTTP alone.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// Time limits. Changes of the API take milliseconds until they are on /metrics; tests log the time.
// The limits are far above that of a busy machine.
const (
	atOnce   = 30 * time.Second
	settling = 60 * time.Second // for controllers, and reconnects to the API server
)

// kubestate is the program under test.
var kubestate string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

// run runs the tests with a temporary directory, and returns the exit code.
func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "kubestate")
	if err != nil {
		return explain(err)
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			code = explain(err)
		}
	}()
	if err := needed(); err != nil {
		return explain(err)
	}
	if kubestate, err = program(dir); err != nil {
		return explain(err)
	}
	return m.Run()
}

// explain prints why the tests cannot run, and returns the exit code.
func explain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// program returns the path of kubestate: $KUBESTATE, the program in .build, or one built into dir.
func program(dir string) (string, error) {
	if path := os.Getenv("KUBESTATE"); path != "" {
		return filepath.Abs(path)
	}
	if path, err := process.Built("kubestate"); err == nil {
		return path, nil
	}
	root, err := process.Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "kubestate")
	build := exec.Command("go", "build", "-o", path, "./cmd/kubestate")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build kubestate: %w\n%s", err, out)
	}
	return path, nil
}

// needed returns an error that names the programs to build first.
func needed() error {
	var errs []error
	for _, program := range []string{"controlplane", "kwok", "helm", "kubectl", "operator-crds", "prometheus", "promtool", "chromium", axe, "prometheus-2", "victoria-metrics", "vmagent", "otelcol"} {
		_, err := process.Built(program)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// start runs kubestate against a cluster until the test ends.
func start(t *testing.T, kubeconfig string, args ...string) *exporter.Exporter {
	t.Helper()
	return serve(t, append(args, "--kubeconfig", kubeconfig)...)
}

// serve runs kubestate until the test ends.
func serve(t *testing.T, args ...string) *exporter.Exporter {
	t.Helper()
	log := filepath.Join(t.TempDir(), "kubestate.log")
	e, err := exporter.Start(t.Context(), log, kubestate, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Err(); err != nil {
			t.Errorf("kubestate ended during the test: %v", err)
		} else if t.Failed() {
			t.Logf("kubestate wrote last:\n%s", e.Tail(4096))
		}
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// await fails the test unless condition returns nil within the limit.
func await(t *testing.T, limit time.Duration, condition func(context.Context) error, needs ...*process.Process) {
	t.Helper()
	if err := process.Within(t.Context(), limit, condition, needs...); err != nil {
		t.Fatal(err)
	}
}

// awaitAPI is await for a condition of the cluster's API.
func awaitAPI(t *testing.T, c *cluster.Cluster, condition func(context.Context) error) {
	t.Helper()
	if err := c.Await(t.Context(), settling, condition); err != nil {
		t.Fatalf("cluster: %v", err)
	}
}

// wantLines fails the test unless one response comes to have all lines.
func wantLines(t *testing.T, e *exporter.Exporter, lines ...string) {
	t.Helper()
	wantSeries(t, e, func(series exporter.Series) error {
		if missing := series.Missing(lines...); missing != nil {
			return fmt.Errorf("missing:\n%s", strings.Join(missing, "\n"))
		}
		return nil
	})
}

// wantNone fails the test unless the series that contain all parts disappear.
func wantNone(t *testing.T, e *exporter.Exporter, parts ...string) {
	t.Helper()
	wantSeries(t, e, func(series exporter.Series) error {
		if found := series.Containing(parts...); found != nil {
			slices.Sort(found)
			return fmt.Errorf("still there:\n%s", strings.Join(found, "\n"))
		}
		return nil
	})
}

// wantSeries fails the test unless a scrape comes to satisfy condition, and logs the time.
func wantSeries(t *testing.T, e *exporter.Exporter, condition func(exporter.Series) error) {
	t.Helper()
	begin, scrapes := time.Now(), 0
	await(t, atOnce, func(ctx context.Context) error {
		series, err := e.Scrape(ctx)
		if err != nil {
			return err
		}
		scrapes++
		return condition(series)
	}, e.Process)
	t.Logf("in scrape %d, after %s", scrapes, time.Since(begin).Round(time.Millisecond))
}

// set returns the set of elements.
func set[T comparable](elements iter.Seq[T]) map[T]bool {
	all := map[T]bool{}
	for e := range elements {
		all[e] = true
	}
	return all
}
