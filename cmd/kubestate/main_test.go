package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kubestate": main})
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
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"freeport": freePort,
			"get":      get,
			"await":    await,
			"occupy":   occupy,
			"hangup":   hangup,
			"says":     says,
		},
		RequireExplicitExec: true,
	})
}

// freePort sets each variable named to a port of 127.0.0.1 that nobody has.
func freePort(ts *testscript.TestScript, _ bool, names []string) {
	for _, name := range names {
		l := listen(ts)
		ts.Setenv(name, portOf(l))
		ts.Check(l.Close())
	}
}

// occupy sets the variable named to a port of 127.0.0.1 that is taken until
// the script ends.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	l := listen(ts)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], portOf(l))
}

func listen(ts *testscript.TestScript) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	return l
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// get FILE URL [ACCEPT] writes the answer to FILE: its status, content type and
// body. It waits for a server that has not started yet.
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

// await URL TEXT waits until the answer contains TEXT.
func await(ts *testscript.TestScript, _ bool, args []string) {
	request, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	poll(ts, func() bool {
		text, err := ask(request)
		ts.Check(err)
		return strings.Contains(text, args[1])
	})
}

// hangup sends SIGHUP to the program that was started last.
func hangup(ts *testscript.TestScript, _ bool, _ []string) {
	programs := ts.BackgroundCmds()
	ts.Check(programs[len(programs)-1].Process.Signal(syscall.SIGHUP))
}

// says FILE TEXT waits until the file contains TEXT.
func says(ts *testscript.TestScript, _ bool, args []string) {
	poll(ts, func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(text), args[1])
	})
}

// ask gives the status, content type and body of an answer.
func ask(request *http.Request) (string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return fmt.Sprintf("%s\n%s\n%s", answer.Status, answer.Header.Get("Content-Type"), body), err
}

// poll waits until done, but not for ever.
func poll(ts *testscript.TestScript, done func() bool) {
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("gave up waiting")
		}
	}
}
