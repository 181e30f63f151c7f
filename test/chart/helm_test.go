package chart

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kubestate/kubestate/test/process"
)

// A server is a helm that serves, since it starts longer than it renders. It ends with the tests.
type server struct {
	mu       sync.Mutex
	requests *json.Encoder
	replies  *json.Decoder
}

var serving = sync.OnceValues(func() (*server, error) {
	program, err := process.Built("helm")
	if err != nil {
		return nil, err
	}
	const home = "/nonexistent"
	cmd := exec.Command(program, "serve")
	// Its heap is small: the collector would take a fifth of the time.
	cmd.Env = []string{"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home, "GOGC=400"}
	cmd.Stderr = os.Stderr
	var requests io.Writer
	var replies io.Reader
	if requests, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if replies, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return &server{requests: json.NewEncoder(requests), replies: json.NewDecoder(replies)}, cmd.Start()
})

// run is helm.
func (s *server) run(t *testing.T, args []string) (stdout, stderr string, ok bool) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := t.TempDir()
	out, errs := filepath.Join(dir, "stdout"), filepath.Join(dir, "stderr")
	must(t, s.requests.Encode(map[string]any{"args": args, "stdout": out, "stderr": errs}))
	var code int
	must(t, s.replies.Decode(&code))
	text, err := os.ReadFile(out)
	must(t, err)
	told, err := os.ReadFile(errs)
	must(t, err)
	return string(text), string(told), code == 0
}
