// Package process runs child processes of tests, each with a log file. No child outlives the parent.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Process is a running or ended child. Its methods may be called concurrently.
type Process struct {
	// Name is the name of the log without extension, for errors.
	Name string
	// Log is the file of stdout and stderr.
	Log string

	cmd   *exec.Cmd
	ended chan struct{}
}

// Start starts the program at path. Its stdout and stderr are appended to the file log. The child is
// killed when this process ends in any way.
func Start(log, path string, args ...string) (*Process, error) {
	return start(log, nil, path, args...)
}

// StartPiped is Start for a child that reads from its file descriptor 3, to which to writes, and writes to its file
// descriptor 4, from which from reads.
func StartPiped(log, path string, args ...string) (p *Process, to, from *os.File, err error) {
	read, to, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, fmt.Errorf("pipe: %w", err)
	}
	defer read.Close()
	from, written, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, errors.Join(fmt.Errorf("pipe: %w", err), to.Close())
	}
	defer written.Close()
	if p, err = start(log, []*os.File{read, written}, path, args...); err != nil {
		return nil, nil, nil, errors.Join(err, to.Close(), from.Close())
	}
	return p, to, from, nil
}

// start is Start with files that become the child's descriptors from 3 on.
func start(log string, files []*os.File, path string, args ...string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer out.Close()

	base := filepath.Base(log)
	p := &Process{
		Name:  base[:len(base)-len(filepath.Ext(base))],
		Log:   log,
		cmd:   exec.Command(path, args...),
		ended: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = out, out, files
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := onSpawner(p.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	go p.wait()
	return p, nil
}

// wait reaps the child, in a goroutine of Start that ends with it.
func (p *Process) wait() {
	_ = p.cmd.Wait() // ProcessState has the result
	close(p.ended)
}

// Pid returns the child's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Ended returns a channel that is closed when the child has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err returns nil while the child runs, and then an error with its state and the end of its log.
func (p *Process) Err() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s ended (%s): %s", p.Name, p.cmd.ProcessState, p.Tail(2048))
	default:
		return nil
	}
}

// ExitCode waits for the child's end and returns its exit code, -1 after a signal.
func (p *Process) ExitCode() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

// Signal sends a signal to the child. A child that has ended is no error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.Name, err)
	}
	return nil
}

// Kill sends SIGKILL and waits for the end.
func (p *Process) Kill() error {
	if err := p.Signal(os.Kill); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// Tail returns the last n bytes of the log, or the error.
func (p *Process) Tail(n int64) string {
	f, err := os.Open(p.Log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > n {
		_, _ = f.Seek(-n, io.SeekEnd) // else all of the log is read
	}
	tail, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(tail)
}

// Main runs a command until it returns or an interrupt ends its context.
func Main(name string, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// spawner has a thread that lives as long as the program. Pdeathsig is sent at the end of the forking
// thread, not of the process: forked from any goroutine, a child would be killed when the runtime
// retires the thread.
var spawner = sync.OnceValue(func() chan<- func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread() // never unlocked, never returns
		for call := range calls {
			call()
		}
	}()
	return calls
})

// onSpawner runs f on the spawner's thread.
func onSpawner(f func() error) error {
	result := make(chan error, 1)
	spawner() <- func() { result <- f() }
	return <-result
}
