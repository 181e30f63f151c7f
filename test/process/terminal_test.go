package process_test

import (
	"errors"
	"io"
	"os/exec"
	"syscall"
	"testing"

	"github.com/kubestate/kubestate/test/process"
)

// TestTerminal has a child whose standard output is a terminal of a size.
func TestTerminal(t *testing.T) {
	master, own, err := process.Terminal(120, 40)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	c := exec.CommandContext(t.Context(), "sh", "-c", "stty size <&1 && echo end")
	c.Stdout = own
	if err := errors.Join(c.Start(), own.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(master)
	if err != nil && !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	if err := c.Wait(); err != nil || string(text) != "40 120\r\nend\r\n" {
		t.Errorf("a child writes %q, %v", text, err)
	}
}
