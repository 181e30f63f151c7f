package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// TestScrapeInProgress holds that after SIGTERM a scrape in progress completes, new ones are refused,
// and the exit status is 0.
func TestScrapeInProgress(t *testing.T) {
	// The response exceeds socket buffers: it cannot be written before it is read.
	program := startProgram(t, "--snapshot", manyDeployments(t, 8000))
	connection, err := net.Dial("tcp", program.scrapes)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "GET /metrics HTTP/1.1\r\nHost: kubestate\r\n\r\n")
	slow := bufio.NewReader(connection)
	if _, err := slow.Peek(1); err != nil {
		t.Fatal(err)
	}

	if err := program.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	program.awaitRefusal(t)
	response, err := http.ReadResponse(slow, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(body), err)
	}
	if n := strings.Count(string(body), "\nkube_deployment_created{"); n != 0 {
		t.Errorf("%d creation timestamps, want none", n)
	}
	if n := strings.Count(string(body), "\nkube_deployment_spec_replicas{"); n != 8000 {
		t.Errorf("%d deployments, want 8000", n)
	}
	if err := program.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// TestShutdownDelay holds that after SIGTERM the program is unready and keeps serving, until a second
// SIGTERM kills it.
func TestShutdownDelay(t *testing.T) {
	program := startProgram(t, "--snapshot", manyDeployments(t, 1), "--shutdown-delay=1h")
	f := func(url string, want int) {
		t.Helper()
		if status, _ := answerOf(t, url); status != want {
			t.Errorf("%s: status %d, want %d", url, status, want)
		}
	}
	ready, scrape := "http://"+program.telemetry+"/readyz", "http://"+program.scrapes+"/metrics"
	f(ready, 200)
	if err := program.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	program.await(t, "readyz 503", func() bool {
		status, _ := answerOf(t, ready)
		return status == http.StatusServiceUnavailable
	})
	f("http://"+program.telemetry+"/livez", 200)
	f("http://"+program.telemetry+"/startupz", 200)
	f("http://"+program.scrapes+"/livez", 200)
	f(scrape, 200)
	if err := program.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = program.cmd.Wait()
	if status, _ := program.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %s", program.cmd.ProcessState)
	}
}

// TestUntil holds when an actor of until ends.
func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := func(signal, interruption, want time.Duration, wantStopping bool) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stopping := false
			execute, interrupt := until(ctx, func(interrupted <-chan struct{}) {
				stopping = true
				wait(time.Minute, nil, interrupted)
			})
			time.AfterFunc(signal, cancel)
			time.AfterFunc(interruption, func() { interrupt(nil) })
			began := time.Now()
			if err := execute(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took != want || stopping != wantStopping {
				t.Errorf("signal after %v, interruption after %v: ended after %v, stopping %v", signal, interruption, took, stopping)
			}
			interrupt(nil) // as run.Group does after the end
		}
		f(time.Second, time.Hour, 61*time.Second, true)
		f(time.Second, 10*time.Second, 10*time.Second, true)
		f(time.Hour, time.Second, time.Second, false)
	})
}

// TestBoth holds that two actors are interrupted concurrently.
func TestBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		actor := func(ends time.Duration) (func() error, func(error)) {
			interrupted := make(chan struct{})
			stop := sync.OnceFunc(func() { time.Sleep(ends); close(interrupted) })
			return func() error { <-interrupted; return nil }, func(error) { stop() }
		}
		executeA, interruptA := actor(20 * time.Second)
		executeB, interruptB := actor(19 * time.Second)
		execute, interrupt := both(executeA, interruptA, executeB, interruptB)
		began := time.Now()
		time.AfterFunc(time.Second, func() { interrupt(nil) })
		if err := execute(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 21*time.Second {
			t.Errorf("ended after %s, want 21s", took)
		}
		interrupt(nil) // as run.Group does after the end
	})
}

// manyDeployments writes n deployments to a file.
func manyDeployments(t *testing.T, n int) (path string) {
	t.Helper()
	list := appsv1.DeploymentList{Items: make([]appsv1.Deployment, n)}
	list.APIVersion, list.Kind = "apps/v1", "DeploymentList"
	for i := range list.Items {
		d := &list.Items[i]
		d.Namespace, d.Name = "default", fmt.Sprint("deployment-", i)
		d.Spec.Replicas = new(int32)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "deployments.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// program is a process of kubestate.
type program struct {
	cmd                *exec.Cmd
	scrapes, telemetry string // addresses
	log                *record
}

// record is the log of a program.
type record struct {
	mu      sync.Mutex
	text    strings.Builder
	written sync.Cond // with mu
	closed  bool
}

func newRecord() *record {
	r := &record{}
	r.written.L = &r.mu
	return r
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.written.Broadcast()
	return r.text.Write(p)
}

// copy writes all that from has left, and closes the record.
func (r *record) copy(from io.Reader) {
	_, _ = io.Copy(r, from)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.written.Broadcast()
}

// await waits until the record contains the text, or is closed.
func (r *record) await(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !strings.Contains(r.text.String(), text) {
		if r.closed {
			return false
		}
		r.written.Wait()
	}
	return true
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

var started = regexp.MustCompile(`msg=started .*scrapes=(\S+) telemetry=(\S+)`)

// startProgram starts kubestate on free ports of 127.0.0.1 and waits until it listens.
func startProgram(t testing.TB, args ...string) program {
	t.Helper()
	args = append(args, "--host", "127.0.0.1", "--port", "0", "--telemetry-host", "127.0.0.1", "--telemetry-port", "0")
	p, listens := launch(t, exec.Command("kubestate", args...))
	if !listens {
		t.Fatal("kubestate ended before it listened")
	}
	return p
}

// launch starts a program and waits until it listens, or ends.
func launch(t testing.TB, cmd *exec.Cmd) (p program, listens bool) {
	t.Helper()
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	log := newRecord()
	lines := bufio.NewScanner(io.TeeReader(logs, log))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := started.FindStringSubmatch(lines.Text()); m != nil {
			go log.copy(logs) // ends with the process
			return program{cmd, m[1], m[2], log}, true
		}
	}
	return program{cmd: cmd, log: log}, false
}

// awaitRefusal waits until the program refuses connections.
func (p program) awaitRefusal(t *testing.T) {
	t.Helper()
	p.await(t, "connection refused", func() bool {
		c, err := net.Dial("tcp", p.scrapes)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

func (p program) await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	if !eventually(condition) {
		t.Fatalf("timeout: %s", what)
	}
}
