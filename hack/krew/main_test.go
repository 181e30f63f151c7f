package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// platforms are those of the manifest.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}

// pretend writes a program for each platform and returns their directory.
func pretend(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, p := range platforms {
		path := filepath.Join(dir, p, "kubestate")
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(p), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestManifest holds that each platform of the manifest has the sum of its archive, that the archive has the program by
// the name of the entry, and that the next archives are the same.
func TestManifest(t *testing.T) {
	programs, to, again := pretend(t), t.TempDir(), t.TempDir()
	for _, dir := range []string{to, again} {
		arguments := []string{"-manifest", "../../deploy/krew/kubestate.yaml", "-licence", "../../LICENSE", "-version", "v1.2.3", "-programs", programs, "-to", dir}
		if err := run(append(arguments, platforms...)); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(to, "kubestate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
		Spec             struct {
			Version, Homepage, ShortDescription, Description, Caveats string

			Platforms []struct {
				Selector         struct{ MatchLabels struct{ OS, Arch string } }
				URI, Sha256, Bin string
			}
		}
	}
	if err := yaml.UnmarshalStrict(text, &manifest); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	spec := manifest.Spec
	if got, want := []string{manifest.APIVersion, manifest.Kind, manifest.Metadata.Name, spec.Version}, []string{"krew.googlecontainertools.github.com/v1alpha2", "Plugin", "kubestate", "v1.2.3"}; !cmp.Equal(want, got) {
		t.Errorf("manifest %q, want %q", got, want)
	}
	if len(spec.ShortDescription) > 50 {
		t.Errorf("krew lists 50 characters of the description, it has %d", len(spec.ShortDescription))
	}
	var found []string
	for _, p := range spec.Platforms {
		platform := p.Selector.MatchLabels.OS + "/" + p.Selector.MatchLabels.Arch
		found = append(found, platform)
		name := path.Base(p.URI)
		if want := "https://github.com/kubestate/kubestate/releases/download/v1.2.3/" + name; p.URI != want {
			t.Errorf("%s: %s, want %s", platform, p.URI, want)
		}
		archive, err := os.ReadFile(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(archive)); sum != p.Sha256 {
			t.Errorf("%s: sum %s, want %s", name, p.Sha256, sum)
		}
		if next, err := os.ReadFile(filepath.Join(again, name)); err != nil || !bytes.Equal(archive, next) {
			t.Errorf("%s: another run writes other bytes: %v", name, err)
		}
		content := unpack(t, archive)
		if d := cmp.Diff("-rwxr-xr-x "+platform, content[p.Bin]); d != "" || len(content) != 2 || !strings.Contains(content["LICENSE"], "Apache License") {
			t.Errorf("%s: %q in %d files (-want +got):\n%s", name, p.Bin, len(content), d)
		}
	}
	if d := cmp.Diff(platforms, found); d != "" {
		t.Errorf("platforms (-want +got):\n%s", d)
	}
}

// unpack returns the mode and content of each file of an archive.
func unpack(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	text, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for files := tar.NewReader(text); ; {
		f, err := files.Next()
		if errors.Is(err, io.EOF) {
			return content
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		content[f.Name] = f.FileInfo().Mode().String() + " " + string(b)
	}
}

// TestRefused holds what is wrong about arguments and platforms.
func TestRefused(t *testing.T) {
	programs := pretend(t)
	f := func(want string, arguments ...string) {
		t.Helper()
		all := append([]string{"-manifest", "../../deploy/krew/kubestate.yaml", "-licence", "../../LICENSE", "-programs", programs, "-to", t.TempDir()}, arguments...)
		if err := run(all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", arguments, err, want)
		}
	}
	f("want -programs, -to and the platforms", "-version", "v1.2.3")
	f(`-version "33d03de-dirty": want one like v1.2.3`, "-version", "33d03de-dirty", "linux/amd64")
	f("plan9/386: open", "-version", "v1.2.3", "plan9/386")
	f("there is no archive kubectl-kubestate-linux-arm64.tar.gz", "-version", "v1.2.3", "linux/amd64")
	if err := os.MkdirAll(filepath.Join(programs, "linux/riscv64"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(programs, "linux/riscv64/kubestate"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f("has no entry for kubectl-kubestate-linux-riscv64.tar.gz", append([]string{"-version", "v1.2.3", "linux/riscv64"}, platforms...)...)
}
