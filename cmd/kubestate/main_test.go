package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubestate": main, pluginName: main})
}

func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			env.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"freeport": freePort,
			"get":      get,
			"await":    await,
			"occupy":   occupy,
			"hangup":   hangup,
			"says":     says,
			"targz":    targz,
			"exits":    exits,
		},
		RequireExplicitExec: true,
	})
}

// freePort sets each variable to a port of 127.0.0.1 that a program can listen on. A socket that is
// bound to the port until the script ends keeps the kernel from assigning it again.
func freePort(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		ts.Check(err)
		ts.Defer(func() { _ = syscall.Close(s) })
		ts.Check(syscall.SetsockoptInt(s, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)) // as Go listens
		ts.Check(syscall.Bind(s, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
		bound, err := syscall.Getsockname(s)
		ts.Check(err)
		ts.Setenv(name, strconv.Itoa(bound.(*syscall.SockaddrInet4).Port))
	}
}

// occupy sets the variable to a port of 127.0.0.1 that is in use until the script ends.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// get FILE URL [ACCEPT] writes the status, content type and body of the response to FILE. It waits
// until the server listens.
func get(ts *testscript.TestScript, _ bool, args []string) {
	request, err := http.NewRequest(http.MethodGet, args[1], nil)
	ts.Check(err)
	if len(args) > 2 {
		request.Header.Set("Accept", args[2])
	}
	poll(ts, func() bool {
		text, err := ask(request)
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false
		}
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
		return true
	})
}

// await URL TEXT waits until the response contains TEXT; with !, until it does not.
func await(ts *testscript.TestScript, lacks bool, args []string) {
	request, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	poll(ts, func() bool {
		text, err := ask(request)
		ts.Check(err)
		return strings.Contains(text, args[1]) != lacks
	})
}

// hangup sends SIGHUP to the last background program.
func hangup(ts *testscript.TestScript, _ bool, _ []string) {
	programs := ts.BackgroundCmds()
	ts.Check(programs[len(programs)-1].Process.Signal(syscall.SIGHUP))
}

// targz FILE FOLDER packs the files below a folder.
func targz(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(w.Close())
	ts.Check(z.Close())
}

// exits STATUS PROGRAM ... runs a program that exits with the status.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	if failure, ok := errors.AsType[*exec.ExitError](err); !ok || strconv.Itoa(failure.ExitCode()) != args[0] {
		ts.Fatalf("ended with %v, want exit status %s", err, args[0])
	}
}

// says FILE TEXT waits until the file contains TEXT.
func says(ts *testscript.TestScript, _ bool, args []string) {
	poll(ts, func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(text), args[1])
	})
}

// ask returns the status, content type and body of the response.
func ask(request *http.Request) (string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%s\n%s\n%s", response.Status, response.Header.Get("Content-Type"), body), err
}

func poll(ts *testscript.TestScript, condition func() bool) {
	if !eventually(condition) {
		ts.Fatalf("timeout")
	}
}

// eventually polls a condition of another process until it is true, or for two minutes.
func eventually(condition func() bool) bool {
	timeout := time.After(2 * time.Minute)
	for !condition() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-timeout:
			return false
		}
	}
	return true
}
