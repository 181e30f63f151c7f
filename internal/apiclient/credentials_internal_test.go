package apiclient

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"k8s.io/client-go/rest"
)

// TestTokenFileBecomesPipe replaces the token file of a client by a pipe: requests fail, instead of blocking, until
// it is a file again.
func TestTokenFileBecomesPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	requests := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests++ }))
	defer s.Close()
	config := &rest.Config{Host: s.URL, BearerTokenFile: path}
	check(os.WriteFile(path, []byte("secret"), 0o600))
	c, err := New(config, Scheme())
	check(err)
	f := func(want string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
		check(err)
		before := requests
		response, err := c.http.Transport.RoundTrip(r)
		switch {
		case err == nil:
			check(response.Body.Close())
			if want != "" || requests != before+1 {
				t.Errorf("%d requests and no error, want %q", requests-before, want)
			}
		case err.Error() != want || requests != before:
			t.Errorf("%d requests and error %v, want %q", requests-before, err, want)
		}
	}
	f("")
	check(os.Remove(path))
	check(syscall.Mkfifo(path, 0o600))
	f("token file " + path + ": not a regular file")
	if _, err := New(config, Scheme()); err == nil || err.Error() != "token file "+path+": not a regular file" {
		t.Errorf("a client with a pipe: error %v", err)
	}
	check(os.Remove(path))
	check(os.WriteFile(path, []byte("secret"), 0o600))
	f("")
}
