package clusters_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/clusters"
)

// writeKubeconfig writes a kubeconfig and two files of tokens beside it, and returns its path.
func writeKubeconfig(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"kubeconfig": text, "token": "of-b", "other": "of-b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "kubeconfig")
}

// connect writes a kubeconfig and connects by it. DIR in the error stands for the directory.
func connect(t *testing.T, text, context string) (clusters.Connection, string) {
	t.Helper()
	path := writeKubeconfig(t, text)
	c, err := clusters.Connect(path, context)
	if err == nil {
		return c, ""
	}
	return c, strings.ReplaceAll(err.Error(), filepath.Dir(path), "DIR")
}

const twoContexts = `apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}, {name: b, context: {cluster: b, user: b}}]
clusters: [{name: a, cluster: {server: "https://a.example"}}, {name: b, cluster: {server: "https://b.example"}}]
users: [{name: a, user: {token: of-a}}, {name: b, user: {tokenFile: token}}]
`

// TestConnect holds the address and the credentials of contexts.
func TestConnect(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1") // as in a pod, whose credentials are never used
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	t.Setenv("KUBERNETES_MASTER", "https://elsewhere.example")
	f := func(context, host, token, tokenFile string) {
		t.Helper()
		c, err := connect(t, twoContexts, context)
		if err != "" {
			t.Errorf("%s: %s", context, err)
			return
		}
		if d := cmp.Diff([]string{host, token}, []string{c.Config.Host, c.Config.BearerToken}); d != "" {
			t.Errorf("%s (-want +got):\n%s", context, d)
		}
		if filepath.Base(c.Config.BearerTokenFile) != tokenFile || tokenFile != "." && !filepath.IsAbs(c.Config.BearerTokenFile) {
			t.Errorf("%s: token file %q, want %s beside the kubeconfig", context, c.Config.BearerTokenFile, tokenFile)
		}
	}
	f("", "https://a.example", "of-a", ".")
	f("a", "https://a.example", "of-a", ".")
	f("b", "https://b.example", "of-b", "token")

	g := func(text, context, want string) {
		t.Helper()
		if _, got := connect(t, text, context); got != want {
			t.Errorf("%q, context %q: error %s, want %s", text, context, got, want)
		}
	}
	const in = "kubeconfig DIR/kubeconfig: "
	g("", "", in+"it has no current context")
	g(twoContexts, "c", in+"cannot locate context c")
	g("current-context: a\ncontexts: [{name: a, context: {user: a}}]\nusers: [{name: a, user: {token: t}}]", "", in+"context a names no cluster")
	g("current-context: a\ncontexts: [{name: a, context: {cluster: a}}]\nclusters: [{name: a, cluster: {}}]", "", in+"context a names no API server")
	if _, err := clusters.Connect(".", ""); err == nil || err.Error() != "kubeconfig .: not a regular file" {
		t.Errorf("a directory: %v", err)
	}
	if _, err := clusters.Connect("missing", ""); err == nil || err.Error() != "kubeconfig missing: open missing: no such file or directory" {
		t.Errorf("a missing file: %v", err)
	}
}

// TestConnectByPipes holds that pipes in the place of files are refused instead of read.
func TestConnectByPipes(t *testing.T) {
	f := func(what, cluster, user string) {
		t.Helper()
		const form = "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\nclusters: [{name: a, cluster: {server: \"https://a.example\"%s}}]\nusers: [{name: a, user: {%s}}]"
		path := writeKubeconfig(t, fmt.Sprintf(form, cluster, user))
		pipe := filepath.Join(filepath.Dir(path), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := clusters.Connect(path, "")
		if want := fmt.Sprintf("kubeconfig %s: %s %s: not a regular file", path, what, pipe); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	f("token file", "", "tokenFile: pipe")
	f("token file", "", "token: t, tokenFile: pipe")
	f("certificate authority", ", certificate-authority: pipe", "token: t")
	f("client certificate", "", "client-certificate: pipe, client-key: token")
	f("client key", "", "client-certificate: token, client-key: pipe")
}

// TestConnectionDigest holds that the digest changes with the context in use, and with nothing else.
func TestConnectionDigest(t *testing.T) {
	path := writeKubeconfig(t, twoContexts)
	digest := func(text, context string) string {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := clusters.Connect(path, context)
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest
	}
	f := func(old, replacement string, changesA, changesB bool) {
		t.Helper()
		changed := strings.ReplaceAll(twoContexts, old, replacement)
		if changed == twoContexts {
			t.Fatalf("no %s", old)
		}
		for context, want := range map[string]bool{"a": changesA, "b": changesB} {
			if got := digest(twoContexts, context) != digest(changed, context); got != want {
				t.Errorf("%s for %s changes the connection of %s: %t", replacement, old, context, got)
			}
		}
	}
	f("of-a", "next", true, false)
	f("https://b.example", "https://c.example", false, true)
	f("tokenFile: token", "tokenFile: other", false, true)
	f("current-context: a", "current-context: b", false, false)
}
