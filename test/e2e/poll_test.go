package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// poller scrapes, with pauses between, until it is stopped, or a response fails its check.
type poller struct {
	cancel    context.CancelFunc
	done      chan struct{}
	responses atomic.Int64
	err       error // of the first response that failed; read after done
}

func startPolling(t *testing.T, pause time.Duration, check func(context.Context) error) *poller {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &poller{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		for ctx.Err() == nil {
			if err := check(ctx); err != nil && ctx.Err() == nil {
				p.err = fmt.Errorf("response %d: %w", p.responses.Load()+1, err)
				return
			}
			p.responses.Add(1)
			_ = process.Sleep(ctx, pause)
		}
	}()
	t.Cleanup(func() { cancel(); <-p.done })
	return p
}

// stop ends the polling and fails the test if a response failed.
func (p *poller) stop(t *testing.T) {
	t.Helper()
	p.cancel()
	<-p.done
	if p.err != nil {
		t.Error(p.err)
	}
	t.Logf("%d complete responses", p.responses.Load())
}

// pollPods checks that each response has the pods.
func pollPods(t *testing.T, e *exporter.Exporter, pause time.Duration, names []types.NamespacedName) *poller {
	t.Helper()
	return startPolling(t, pause, func(ctx context.Context) error { return hasPods(ctx, e, names...) })
}

// pollLines checks that each response has the lines, and no series or header twice.
func pollLines(t *testing.T, e *exporter.Exporter, lines []string) *poller {
	t.Helper()
	return startPolling(t, 10*time.Millisecond, func(ctx context.Context) error {
		status, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
		if err != nil {
			return err
		}
		return checkResponse(status, string(body), lines)
	})
}

// checkResponse checks that a response has the lines, and no series or header twice.
func checkResponse(status int, body string, lines []string) error {
	if status != http.StatusOK {
		return fmt.Errorf("status %d: %s", status, body)
	}
	found := map[string]bool{}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		key := line
		if at := strings.LastIndexByte(line, ' '); !strings.HasPrefix(line, "#") {
			key = line[:at]
		}
		if found[key] {
			return fmt.Errorf("twice: %s", line)
		}
		found[key], found[line] = true, true
	}
	for _, line := range lines {
		if !found[line] {
			return fmt.Errorf("missing: %s", line)
		}
	}
	return nil
}
