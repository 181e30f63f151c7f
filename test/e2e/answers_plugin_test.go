package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/process"
)

// TestAnswersAreAPluginOfKubectl has kubectl find kubestate in the PATH, and pass on its output and exit status.
func TestAnswersAreAPluginOfKubectl(t *testing.T) {
	t.Parallel()
	program, err := process.Built("kubectl")
	must(t, err)
	dir := t.TempDir()
	must(t, os.Symlink(kubestate, filepath.Join(dir, "kubectl-kubestate")))
	type answered struct {
		Status         int
		Stdout, Stderr string
	}
	run := func(program string, args ...string) answered {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, append(args, "--snapshot", "../../examples/cluster", "--namespace", "payments")...)
		c.Env = []string{"PATH=" + dir}
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		err := c.Run()
		if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return answered{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
	want := run(kubestate, "answers")
	if want.Status != 1 || want.Stdout == "" || want.Stderr != "" {
		t.Errorf("kubestate answers: %+v", want)
	}
	if d := cmp.Diff(want, run(program, "kubestate")); d != "" {
		t.Errorf("kubectl kubestate (-kubestate answers +got):\n%s", d)
	}
}
