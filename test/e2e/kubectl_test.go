package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/kubestate/kubestate/test/process"
)

// kubectl runs kubectl with a kubeconfig. Output on stderr, where warnings of the API server go, is
// an error.
type kubectl struct {
	program, kubeconfig string
	env                 []string // besides that of the test
}

func newKubectl(t *testing.T, kubeconfig string) kubectl {
	t.Helper()
	program, err := process.Built("kubectl")
	must(t, err)
	return kubectl{program: program, kubeconfig: kubeconfig}
}

// try runs kubectl and returns its output.
func (k kubectl) try(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, k.program, append(args, "--kubeconfig", k.kubeconfig)...)
	command.Env = append(os.Environ(), k.env...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	warnings := throttled.ReplaceAll(stderr.Bytes(), nil)
	if err == nil && len(warnings) > 0 {
		err = errors.New("warnings")
	}
	if err != nil {
		return "", fmt.Errorf("%s %q: %w: %s", filepath.Base(k.program), args, err, warnings)
	}
	return stdout.String(), nil
}

// throttled matches client-go's message about its rate limit, on a busy machine.
var throttled = regexp.MustCompile(`(?m)^.*"Waited before sending request".*\n`)

func (k kubectl) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := k.try(t.Context(), args...)
	must(t, err)
	return out
}

// define creates definitions of custom resources, and waits until the API server serves all of them.
func (k kubectl) define(t *testing.T, path string) {
	t.Helper()
	k.run(t, "apply", "--server-side", "-f", path)
	await(t, settling, func(ctx context.Context) error {
		// It fails for a definition that has no conditions yet.
		_, err := k.try(ctx, "wait", "--for=condition=Established", "crd", "--all", "--timeout=1m")
		return err
	})
}
