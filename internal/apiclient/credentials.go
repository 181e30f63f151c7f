package apiclient

import (
	"fmt"
	"net/http"
	"os"
	"slices"

	"k8s.io/client-go/rest"
)

// CheckFiles returns an error if a file of credentials that the configuration names is not regular: opening a pipe
// would block. The error of a missing file is that of its reader.
func CheckFiles(config *rest.Config) error {
	for _, f := range filesOf(config) {
		if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s %s: not a regular file", f.content, f.path)
		}
	}
	return nil
}

// A credentialFile is a file of credentials, and what it has.
type credentialFile struct{ content, path string }

// filesOf returns the files of credentials that the configuration names.
func filesOf(config *rest.Config) []credentialFile {
	all := []credentialFile{
		{"token file", config.BearerTokenFile},
		{"certificate authority", config.CAFile},
		{"client certificate", config.CertFile},
		{"client key", config.KeyFile},
	}
	return slices.DeleteFunc(all, func(f credentialFile) bool { return f.path == "" })
}

// A checker refuses requests while a file of credentials, which client-go reads again from time to time, is not
// regular.
type checker struct {
	http.RoundTripper
	config *rest.Config
}

// RoundTrip sends a request.
func (c checker) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := CheckFiles(c.config); err != nil {
		return nil, err
	}
	return c.RoundTripper.RoundTrip(r)
}
