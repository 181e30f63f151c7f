// Package chart tests the chart in deploy/chart by helm.
package chart

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/process"
)

var update = flag.Bool("update", false, "write the files below testdata that tests compare with")

const chart = "../../deploy/chart"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// helm runs helm and returns its output, and whether it succeeds. Templates are rendered by one process:
// their arguments have the namespace, which is not reset.
func helm(t *testing.T, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	if args[0] == "template" {
		s, err := serving()
		must(t, err)
		return s.run(t, args)
	}
	program, err := process.Built("helm")
	must(t, err)
	cmd := exec.CommandContext(t.Context(), program, args...)
	home := t.TempDir()
	cmd.Env = []string{"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), err == nil
}

// template renders the chart as the release kubestate in the namespace kubestate.
func template(t *testing.T, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	return helm(t, append([]string{"template", "kubestate", chart, "--namespace", "kubestate"}, args...)...)
}

// cases returns the values files in a directory of testdata, by name.
func cases(t *testing.T, directory string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", directory, "*.values.yaml"))
	must(t, err)
	found := map[string]string{}
	for _, path := range paths {
		found[strings.TrimSuffix(filepath.Base(path), ".values.yaml")] = path
	}
	if len(found) == 0 {
		t.Fatalf("no values in %s", directory)
	}
	return found
}

func wantGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestModes compares the rendered chart with golden files.
func TestModes(t *testing.T) {
	for name, values := range cases(t, "modes") {
		t.Run(name, func(t *testing.T) {
			out, errs, ok := template(t, "--values", values)
			if !ok || errs != "" {
				t.Fatal(errs)
			}
			wantGolden(t, filepath.Join("testdata", "modes", name+".yaml"), out)
			if out, errs, ok := helm(t, "lint", "--strict", chart, "--values", values); !ok {
				t.Errorf("lint: %s%s", out, errs)
			}
		})
	}
}

// TestBadValues compares the errors of invalid values with golden files.
func TestBadValues(t *testing.T) {
	for name, values := range cases(t, "bad") {
		t.Run(name, func(t *testing.T) {
			out, errs, ok := template(t, "--values", values)
			if ok || out != "" {
				t.Errorf("rendered: %s", out)
			}
			wantGolden(t, filepath.Join("testdata", "bad", name+".txt"), errs)
		})
	}
}
