package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/kubestate/kubestate/test/process"
)

// kubectl is kubectl as somebody in a cluster. What it does is wrong if it writes
// to stderr: that is where the API server's warnings come.
type kubectl struct{ program, kubeconfig string }

func newKubectl(t *testing.T, kubeconfig string) kubectl {
	t.Helper()
	program, err := process.Built("kubectl")
	must(t, err)
	return kubectl{program, kubeconfig}
}

// try runs kubectl and returns what it writes.
func (k kubectl) try(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, k.program, append(args, "--kubeconfig", k.kubeconfig)...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if err == nil && stderr.Len() > 0 {
		err = errors.New("it warns")
	}
	if err != nil {
		return "", fmt.Errorf("%s %q: %w: %s", filepath.Base(k.program), args, err, stderr.Bytes())
	}
	return stdout.String(), nil
}

func (k kubectl) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := k.try(t.Context(), args...)
	must(t, err)
	return out
}
