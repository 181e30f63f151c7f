package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal returns a terminal and what is written to it.
func openTerminal(t *testing.T) (terminal, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { screen.Close() })
	control := func(request uintptr, n *uint32) {
		if _, _, err := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(n))); err != 0 {
			t.Fatal(err)
		}
	}
	var unlock, number uint32
	control(syscall.TIOCSPTLCK, &unlock)
	control(syscall.TIOCGPTN, &number)
	terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals: ", err)
	}
	t.Cleanup(func() { terminal.Close() })
	return terminal, screen
}

// onTerminal runs kubestate on a terminal, and returns what it writes there. seen gets each part as it
// arrives.
func onTerminal(t *testing.T, stdin io.Reader, seen func(text string), env []string, args ...string) string {
	t.Helper()
	terminal, screen := openTerminal(t)
	cmd := exec.Command("kubestate", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, terminal, terminal
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	var text strings.Builder
	part := make([]byte, 4096)
	for {
		n, err := screen.Read(part)
		text.Write(part[:n])
		seen(string(part[:n]))
		if err != nil { // EIO, once the program has ended
			break
		}
	}
	_ = cmd.Wait()
	return strings.ReplaceAll(text.String(), "\r\n", "\n")
}

// TestAnswersInColor has colours on a terminal, unless they are not wanted.
func TestAnswersInColor(t *testing.T) {
	path := filepath.Join("..", "..", "examples", "cluster")
	f := func(want bool, eraseLine *regexp.Regexp, env ...string) {
		t.Helper()
		env = append([]string{"NO_COLOR=", "TERM=xterm"}, env...)
		text := onTerminal(t, nil, func(string) {}, env, "answers", "--snapshot", path)
		if got := strings.Contains(text, "\x1b[1;31mcritical\x1b[0m  5 of 25 pods"); got != want {
			t.Errorf("%v: colours %v, want %v:\n%s", env, got, want, text)
		}
		text = eraseLine.ReplaceAllString(text, "")
		if got := strings.Contains(text, "\x1b["); got != want {
			t.Errorf("%v: escapes %v, want %v:\n%q", env, got, want, text)
		}
	}
	nothing, progress := regexp.MustCompile(`^$`), regexp.MustCompile(`\r\x1b\[K`) // of a slow machine
	f(true, progress)
	f(false, progress, "NO_COLOR=1")
	f(false, nothing, "TERM=dumb")
}

// TestAnswersProgress writes an object to standard input, and logs until the terminal shows that something is read.
func TestAnswersProgress(t *testing.T) {
	stdin, objects, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var shown atomic.Bool
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer objects.Close()
		text := "apiVersion: v1\nkind: Pod\nmetadata: {namespace: a, name: p, uid: u}\nstatus: {phase: Running}\n==== START logs for container c of pod a/p ====\n"
		for {
			if _, err := io.WriteString(objects, text); err != nil || shown.Load() {
				return
			}
			text = "a log\n"
		}
	}()
	text := onTerminal(t, stdin, func(text string) {
		if strings.Contains(text, "objects") {
			shown.Store(true)
		}
	}, []string{"NO_COLOR=1", "TERM=xterm"}, "answers", "--snapshot", "-")
	stdin.Close()
	<-written
	line := regexp.MustCompile(`\r\x1b\[Kread \d+ objects`)
	if !line.MatchString(text) {
		t.Errorf("no progress:\n%q", text)
	}
	if report := line.ReplaceAllString(text, ""); !strings.HasPrefix(report, "\r\x1b[KAs of ") {
		t.Errorf("the report does not begin on an empty line:\n%q", report)
	}
}

// TestOneLine holds that the text of an error is a line without escape sequences.
func TestOneLine(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := oneLine(errors.New(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	f("two\n\tlines", "two lines")
	f("Pod x\x1b[31m\u202ey", "Pod x\ufffd[31m\ufffdy")
	f("Größe, 大きさ", "Größe, 大きさ")
}
