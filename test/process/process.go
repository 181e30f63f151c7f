// Package process runs the programs of a test and makes sure that none of them
// outlives it. A command line goes in; a child with a log file, an end that can
// be waited for and a death tied to ours comes out.
package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Process is a running or ended child. Its methods may be called concurrently.
type Process struct {
	// Name is what errors call the child: the name of its log without extension.
	Name string
	// Log is the file that receives its stdout and stderr.
	Log string

	cmd   *exec.Cmd
	ended chan struct{}
}

// Start runs the program at path with args and returns once it runs. Its stdout
// and stderr go to the end of the file log. The child is killed when this
// process dies, however it dies.
func Start(log, path string, args ...string) (*Process, error) {
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
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := onSpawner(p.cmd.Start); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	go p.wait()
	return p, nil
}

// wait reaps the child; it is the goroutine that Start leaves behind and ends with the child.
func (p *Process) wait() {
	_ = p.cmd.Wait() // ProcessState tells it all
	close(p.ended)
}

// Pid returns the child's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Ended returns a channel that is closed when the child has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err returns nil while the child runs, and afterwards an error that says how it
// ended and what it wrote last.
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

// Signal sends a signal to the child; that it has ended already is no error.
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

// Tail returns the last n bytes of the log, or why it cannot be read.
func (p *Process) Tail(n int64) string {
	f, err := os.Open(p.Log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > n {
		_, _ = f.Seek(-n, io.SeekEnd) // a log read from its start is as good
	}
	tail, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(tail)
}

// spawner hands out a thread that lives as long as the program. The death signal
// of a child follows the thread that forked it, not the process: forked from any
// goroutine, a child would be killed as soon as the runtime retires that thread.
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

// onSpawner runs f on the spawner's thread and returns what f returned.
func onSpawner(f func() error) error {
	result := make(chan error, 1)
	spawner() <- func() { result <- f() }
	return <-result
}
