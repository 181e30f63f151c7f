package main

import (
	"bufio"
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
	"syscall"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// TestScrapeUnderWayFinishes holds that SIGTERM lets a scrape that has begun be
// read to its end, takes no new one meanwhile, and is no failure.
func TestScrapeUnderWayFinishes(t *testing.T) {
	// More text than the buffers between two sockets hold: the answer cannot be
	// written whole before it is read.
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
	answer, err := http.ReadResponse(slow, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(body), err)
	}
	if n := strings.Count(string(body), "\nkube_deployment_created{"); n != 0 {
		t.Errorf("%d deployments have a creation time, want none", n)
	}
	if n := strings.Count(string(body), "\nkube_deployment_spec_replicas{"); n != 8000 {
		t.Errorf("%d deployments in the answer, want 8000", n)
	}
	if err := program.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
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

// program is kubestate in a process of its own.
type program struct {
	cmd     *exec.Cmd
	scrapes string // the address of the main port
}

var started = regexp.MustCompile(`msg=started .*scrapes=(\S+)`)

// startProgram starts kubestate on free ports and waits until it listens.
func startProgram(t *testing.T, args ...string) program {
	t.Helper()
	args = append(args, "--host", "127.0.0.1", "--port", "0", "--telemetry-host", "127.0.0.1", "--telemetry-port", "0")
	cmd := exec.Command("kubestate", args...)
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	lines := bufio.NewScanner(logs)
	for lines.Scan() {
		if m := started.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, logs) }() // ends with the process
			return program{cmd, m[1]}
		}
	}
	t.Fatal("kubestate ended before it listened")
	panic("unreachable")
}

// awaitRefusal waits until the program takes no new connections.
func (p program) awaitRefusal(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		c, err := net.Dial("tcp", p.scrapes)
		if err != nil {
			return
		}
		c.Close()
	}
	t.Fatal("still takes connections")
}
