package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubestate/kubestate/test/process"
)

// parentOf makes the test binary a program that starts a child, prints its process id and waits.
const parentOf = "TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if log := os.Getenv(parentOf); log != "" {
		p, err := process.Start(log, "sleep", "600")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(p.Pid())
		<-p.Ended()
		return
	}
	os.Exit(m.Run())
}

// TestChildrenEndWithParent kills a parent by SIGKILL.
func TestChildrenEndWithParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentOf+"="+filepath.Join(t.TempDir(), "sleep.log"))
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	err = process.Within(t.Context(), 30*time.Second, func(context.Context) error { return gone(child) })
	if err != nil {
		t.Error(err)
	}
}

// gone returns nil if no process of that id runs any more.
func gone(pid int) error {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// A process without a reaper stays as a zombie.
	if _, state, _ := strings.Cut(string(stat), ") "); strings.HasPrefix(state, "Z") {
		return nil
	}
	return fmt.Errorf("process %d runs", pid)
}

// TestEnd has a process that exits and one that is killed.
func TestEnd(t *testing.T) {
	p, err := process.Start(filepath.Join(t.TempDir(), "shell.log"), "sh", "-c", "echo so long >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	if code := p.ExitCode(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if got := p.Tail(8); got != "so long\n" {
		t.Errorf("log ends in %q", got)
	}
	if got := p.Tail(5); got != "long\n" {
		t.Errorf("log ends in %q", got)
	}
	if p.Err() == nil {
		t.Error("no error of an ended process")
	}

	p, err = process.Start(filepath.Join(t.TempDir(), "sleep.log"), "sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Err(); err != nil {
		t.Errorf("error of a running process: %v", err)
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	<-p.Ended()
	if err := p.Kill(); err != nil {
		t.Errorf("kill of an ended process: %v", err)
	}
}

// TestAwait ends by the condition, by the deadline and by the end of a process.
func TestAwait(t *testing.T) {
	polls := 0
	err := process.Within(t.Context(), time.Minute, func(context.Context) error {
		if polls++; polls < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || polls != 3 {
		t.Errorf("after %d polls: %v", polls, err)
	}

	never := errors.New("never")
	condition := func(context.Context) error { return never }
	if err := process.Within(t.Context(), time.Millisecond, condition); !errors.Is(err, never) {
		t.Errorf("after the deadline: %v", err)
	}

	p, err := process.Start(filepath.Join(t.TempDir(), "true.log"), "true")
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Within(t.Context(), time.Minute, condition, p); !errors.Is(err, never) {
		t.Errorf("after the end of a process: %v", err)
	}
}

// TestFreePorts holds that no port is returned twice.
func TestFreePorts(t *testing.T) {
	seen := map[int]bool{}
	for range 60 {
		ports, err := process.FreePorts(50)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range ports {
			if seen[port] {
				t.Errorf("port %d twice", port)
			}
			seen[port] = true
		}
	}
}
