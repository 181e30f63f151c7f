// Command pictures makes the pictures of the README: the page and the command of answers about the example cluster.
//
// A picture of the page says in its text what it was made from. That and the picture of the command, which is text,
// tell whether the pictures are stale, without a browser.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/kubestate/kubestate/test/browser"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// The command that is shown, run in the repository's directory.
var command = []string{"answers", "--snapshot", "examples/cluster", "--namespace", "payments"}

// commandPicture is the picture of the command.
const commandPicture = "answers-command.svg"

// pagePictures are the pictures of the page by name.
var pagePictures = map[string]browser.View{
	"answers-page.png":      {Width: 1280, Height: 695, Scale: 1.5},
	"answers-page-dark.png": {Width: 1280, Height: 695, Scale: 1.5, Dark: true},
}

func main() {
	process.Main("pictures", func(ctx context.Context) error {
		dir, err := os.MkdirTemp("", "pictures")
		if err != nil {
			return err
		}
		return errors.Join(makeAll(ctx, dir), os.RemoveAll(dir))
	})
}

// makeAll writes the pictures to docs. Processes have the directory dir.
func makeAll(ctx context.Context, dir string) error {
	root, err := process.Root()
	if err != nil {
		return err
	}
	drawn, err := drawCommand(ctx, root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "docs", commandPicture), drawn, 0o644); err != nil {
		return err
	}
	e, err := serve(ctx, root, dir)
	if err != nil {
		return err
	}
	defer e.Kill()
	source, err := pageSource(ctx, e)
	if err != nil {
		return err
	}
	b, err := browser.Start(dir)
	if err != nil {
		return err
	}
	defer b.Close()
	for name, view := range pagePictures {
		page, err := b.Open(ctx, e.Telemetry+"/answers", view)
		if err != nil {
			return err
		}
		picture, err := page.Picture(ctx)
		if err == nil {
			picture, err = small(picture)
		}
		if err == nil {
			picture, err = withSource(picture, source)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(root, "docs", name), picture, 0o644)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// serve runs the built kubestate with the example cluster.
func serve(ctx context.Context, root, dir string) (*exporter.Exporter, error) {
	program, err := process.Built("kubestate")
	if err != nil {
		return nil, err
	}
	return exporter.Start(ctx, filepath.Join(dir, "kubestate.log"), program, "--snapshot", filepath.Join(root, "examples", "cluster"))
}

// closed matches what the page shows only when asked.
var closed = regexp.MustCompile(`(?s)<details>.*?</details>`)

// pageSource is what pictures of the page are made from: the sum of its HTML without what is closed.
func pageSource(ctx context.Context, e *exporter.Exporter) (string, error) {
	status, page, err := exporter.Get(ctx, e.Telemetry+"/answers?format=html")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("answers: status %d: %s", status, page)
	}
	return fmt.Sprintf("HTML with the SHA-256 %x", sha256.Sum256(closed.ReplaceAll(page, nil))), err
}

// drawCommand runs the command on a terminal, and draws that.
func drawCommand(ctx context.Context, root string) ([]byte, error) {
	program, err := process.Built("kubestate")
	if err != nil {
		return nil, err
	}
	master, own, err := process.Terminal(120, 40)
	if err != nil {
		return nil, err
	}
	defer master.Close()
	line := "kubestate " + strings.Join(command, " ")
	c := exec.CommandContext(ctx, program, command...)
	c.Dir, c.Env, c.Stdout, c.Stderr = root, []string{"TERM=xterm-256color"}, own, os.Stderr
	if err := errors.Join(c.Start(), own.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", line, err)
	}
	text, err := io.ReadAll(master)
	if err != nil && !errors.Is(err, syscall.EIO) { // which ends a terminal
		return nil, fmt.Errorf("%s: %w", line, err)
	}
	const findings = 1
	if err := c.Wait(); c.ProcessState.ExitCode() != findings {
		return nil, fmt.Errorf("%s: %w: want status %d\n%s", line, err, findings, text)
	}
	return terminal(line, "\x1b[32m$\x1b[0m "+line+"\n"+string(text))
}
