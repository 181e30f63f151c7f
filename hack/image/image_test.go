package main

import (
	"archive/tar"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// Stamps of the tests' images.
const (
	version  = "v1.2.3"
	revision = "0123456789abcdef0123456789abcdef01234567"
	epoch    = 1700000000
)

var created = time.Unix(epoch, 0).UTC()

var amd64, arm64 = v1.Platform{OS: "linux", Architecture: "amd64"}, v1.Platform{OS: "linux", Architecture: "arm64"}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// build is the result of make image.
type build struct {
	dir   string
	index v1.ImageIndex
}

// runMake makes a target with the stamps of the tests.
func runMake(sources, target string, more ...string) error {
	cmd := exec.Command("make", append([]string{target, "VERSION=" + version, "REVISION=" + revision}, more...)...)
	cmd.Dir = sources
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "MAKE") { // this test may have been started by make
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, fmt.Sprint("SOURCE_DATE_EPOCH=", epoch))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return nil
}

// images builds the images of both platforms once for all tests.
var images = sync.OnceValues(func() (build, error) {
	dir, err := os.MkdirTemp(tests, "images")
	if err != nil {
		return build{}, err
	}
	if err := runMake("../..", "image", "BUILD="+dir, "PLATFORMS=linux/amd64 linux/arm64"); err != nil {
		return build{}, err
	}
	return open(dir)
})

// open reads the one index of the layout.
func open(dir string) (build, error) {
	path, err := layout.FromPath(filepath.Join(dir, "image"))
	if err != nil {
		return build{}, err
	}
	top, err := path.ImageIndex()
	if err != nil {
		return build{}, err
	}
	list, err := top.IndexManifest()
	if err != nil {
		return build{}, err
	}
	index, err := top.ImageIndex(list.Manifests[0].Digest)
	return build{dir, index}, err
}

// made returns the images of both platforms.
func made(t *testing.T) build {
	t.Helper()
	b, err := images()
	must(t, err)
	return b
}

// image returns the image of a platform.
func (b build) image(t *testing.T, p v1.Platform) v1.Image {
	t.Helper()
	list, err := b.index.IndexManifest()
	must(t, err)
	for _, m := range list.Manifests {
		if m.Platform.Equals(p) {
			image, err := b.index.Image(m.Digest)
			must(t, err)
			return image
		}
	}
	t.Fatalf("no image for %s", p)
	return nil
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if tests, err = os.MkdirTemp("", "image"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(tests) }()
		return m.Run()
	}())
}

// tests is a directory of all tests.
var tests string

func TestLayoutIsWhole(t *testing.T) {
	b := made(t)
	must(t, validate.Index(b.index))
	list, err := b.index.IndexManifest()
	must(t, err)
	var platforms []string
	for _, m := range list.Manifests {
		platforms = append(platforms, m.Platform.String())
		if m.MediaType != types.OCIManifestSchema1 {
			t.Errorf("%s: media type %s", m.Platform, m.MediaType)
		}
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(annotations(), list.Annotations); diff != "" {
		t.Errorf("annotations of the index (-want +got):\n%s", diff)
	}
}

// annotations are the annotations of all images.
func annotations() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":         "kubestate",
		"org.opencontainers.image.description":   "State of Kubernetes objects for Prometheus",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.source":        "https://github.com/kubestate/kubestate",
		"org.opencontainers.image.documentation": "https://github.com/kubestate/kubestate/blob/main/README.md",
		"org.opencontainers.image.version":       version,
		"org.opencontainers.image.revision":      revision,
		"org.opencontainers.image.created":       "2023-11-14T22:13:20Z",
	}
}

func TestConfig(t *testing.T) {
	for _, p := range []v1.Platform{amd64, arm64} {
		image := made(t).image(t, p)
		got, err := image.ConfigFile()
		must(t, err)
		want := &v1.ConfigFile{
			OS: p.OS, Architecture: p.Architecture, Created: v1.Time{Time: created},
			History: []v1.History{{Created: v1.Time{Time: created}, CreatedBy: "hack/image"}},
			RootFS:  got.RootFS, // digests, compared by validate
			Config: v1.Config{
				User:         "65534:65534",
				WorkingDir:   "/",
				Entrypoint:   []string{"/kubestate"},
				ExposedPorts: map[string]struct{}{"10241/tcp": {}, "10242/tcp": {}},
				Labels:       annotations(),
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", p, diff)
		}
		manifest, err := image.Manifest()
		must(t, err)
		if diff := cmp.Diff(annotations(), manifest.Annotations); diff != "" {
			t.Errorf("annotations of %s (-want +got):\n%s", p, diff)
		}
	}
}

// TestContents checks that the one layer has one file: a static program for the platform.
func TestContents(t *testing.T) {
	f := func(p v1.Platform, machine elf.Machine) {
		t.Helper()
		root := t.TempDir()
		headers := extract(t, made(t).image(t, p), root)
		path := filepath.Join(root, "kubestate")
		info, err := os.Stat(path)
		must(t, err)
		want := []tar.Header{{
			Typeflag: tar.TypeReg, Name: "kubestate", Mode: 0o755, Size: info.Size(),
			ModTime: created.Local(), Format: tar.FormatUSTAR,
		}}
		if diff := cmp.Diff(want, headers); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", p, diff)
		}
		program, err := elf.Open(path)
		must(t, err)
		defer program.Close()
		if program.Machine != machine || program.Type != elf.ET_EXEC {
			t.Errorf("%s: program for %s, %s", p, program.Machine, program.Type)
		}
		for _, segment := range program.Progs {
			if segment.Type == elf.PT_INTERP || segment.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: not static: segment %s", p, segment.Type)
			}
		}
	}
	f(amd64, elf.EM_X86_64)
	f(arm64, elf.EM_AARCH64)
}

// extract unpacks the image below root and returns the names of its files.
func extract(t *testing.T, image v1.Image, root string) []tar.Header {
	t.Helper()
	layers, err := image.Layers()
	must(t, err)
	var headers []tar.Header
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		must(t, err)
		defer content.Close()
		for archive := tar.NewReader(content); ; {
			header, err := archive.Next()
			if err == io.EOF { //nolint:errorlint // as archive/tar documents
				break
			}
			must(t, err)
			headers = append(headers, *header)
			file, err := os.OpenFile(filepath.Join(root, header.Name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, header.FileInfo().Mode())
			must(t, err)
			_, err = io.Copy(file, archive)
			must(t, err)
			must(t, file.Close())
		}
	}
	return headers
}
