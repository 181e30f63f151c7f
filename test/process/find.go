package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Built returns the path of a program in the repository's .build directory. An error names the make
// target that builds it.
func Built(program string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".build", program)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s is not built; run `make e2e`, which builds what is missing, in %s", path, root)
	} else if err != nil {
		return "", fmt.Errorf("find %s: %w", program, err)
	}
	return path, nil
}

// Results runs a program of the .build directory on a file. It prints a line of a name, a space and a result
// for each object; Results returns them by name.
func Results(ctx context.Context, program, file string) (map[string]string, error) {
	path, err := Built(program)
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, path, file).Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", program, err)
	}
	results := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, result, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		results[name] = result
	}
	return results, nil
}

// Root returns the repository's directory, above the working directory.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "test", "controlplane")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find repository: %s is not in one", start)
		}
	}
}

// given are the ports that FreePorts has returned.
var given = struct {
	sync.Mutex
	ports map[int]bool
}{ports: map[int]bool{}}

// FreePorts returns n different free loopback ports that it has not returned before. They are below
// the kernel's range of ephemeral ports: a client that retries could otherwise connect to itself.
// Another process may take a port before its use: callers retry.
func FreePorts(n int) ([]int, error) {
	const lowest, highest, tries = 20000, 32000, 100
	given.Lock()
	defer given.Unlock()
	var ports []int
	for range tries {
		if len(ports) == n {
			return ports, nil
		}
		port := lowest + rand.IntN(highest-lowest)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		l.Close()
		ports, given.ports[port] = append(ports, port), true
	}
	return nil, fmt.Errorf("find %d free ports: %d tries failed", n, tries)
}
