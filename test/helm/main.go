// Helm is the program helm, which also serves: a process renders a chart faster than it starts.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	helm "helm.sh/helm/v4/pkg/cmd"
	"helm.sh/helm/v4/pkg/kube"
)

// A request has the arguments of helm, and the files for its output.
type request struct {
	Args           []string
	Stdout, Stderr string
}

func main() {
	kube.ManagedFieldsManager = "helm"
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "Error:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(os.Args[1:]))
}

// run runs helm, and returns its exit code.
func run(args []string) int {
	cmd, err := helm.NewRootCmd(os.Stdout, args, helm.SetupLogging)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	cmd.SetArgs(args)
	if err := cmd.Execute(); err != nil {
		if failed, ok := errors.AsType[helm.CommandError](err); ok {
			return failed.ExitCode
		}
		return 1
	}
	return 0
}

// serve runs helm for each request, and replies with the exit code. Flags of all commands, such as the
// namespace, stay as the last request has set them.
func serve(requests io.Reader, replies io.Writer) error {
	from, to := json.NewDecoder(requests), json.NewEncoder(replies)
	for {
		var r request
		if err := from.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		code, err := r.run()
		if err != nil {
			return fmt.Errorf("run %q: %w", r.Args, err)
		}
		if err := to.Encode(code); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
}

func (r request) run() (code int, err error) {
	stdout, stderr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	for path, file := range map[string]**os.File{r.Stdout: &os.Stdout, r.Stderr: &os.Stderr} {
		f, err := os.Create(path)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		*file = f
	}
	return run(r.Args), nil
}
