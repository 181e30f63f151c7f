package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const source = "https://github.com/kubestate/kubestate"

// writeLayout writes an OCI image layout to dir: one index, with one image for each platform.
func (r release) writeLayout(dir string, platforms []v1.Platform) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range platforms {
		image, err := r.image(p)
		if err != nil {
			return fmt.Errorf("image for %s: %w", p, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &p}})
	}
	index = mutate.Annotations(index, r.labels()).(v1.ImageIndex)
	to, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return to.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": r.Version}))
}

// image returns the image of a platform: a layer with only the program.
func (r release) image(p v1.Platform) (v1.Image, error) {
	files, err := r.files(p)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.DefaultCompression),
		tarball.WithCompressedCaching,
	)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.ConfigFile(image, r.config(p)); err != nil {
		return nil, err
	}
	image, err = mutate.Append(image, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: r.Created}, CreatedBy: "hack/image"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Annotations(image, r.labels()).(v1.Image), nil
}

// config returns the configuration of the image, the same as the Dockerfile's. The user is a
// number, so that the kubelet can verify that it is not root.
func (r release) config(p v1.Platform) *v1.ConfigFile {
	return &v1.ConfigFile{
		OS:           p.OS,
		Architecture: p.Architecture,
		Created:      v1.Time{Time: r.Created},
		RootFS:       v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User:         "65534:65534",
			WorkingDir:   "/",
			Entrypoint:   []string{"/kubestate"},
			ExposedPorts: map[string]struct{}{"10241/tcp": {}, "10242/tcp": {}},
			Labels:       r.labels(),
		},
	}
}

// labels are the annotations of the OCI image specification.
func (r release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":         "kubestate",
		"org.opencontainers.image.description":   "State of Kubernetes objects for Prometheus",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.source":        source,
		"org.opencontainers.image.documentation": source + "/blob/main/README.md",
		"org.opencontainers.image.version":       r.Version,
		"org.opencontainers.image.revision":      r.Revision,
		"org.opencontainers.image.created":       r.Created.Format(time.RFC3339),
	}
}

// files returns the content of the layer.
func (r release) files(p v1.Platform) ([]byte, error) {
	program, err := os.ReadFile(r.program(p))
	if err != nil {
		return nil, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err = w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg,
		Name:     "kubestate",
		Mode:     0o755,
		Size:     int64(len(program)),
		ModTime:  r.Created,
		Format:   tar.FormatUSTAR,
	})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	return archive.Bytes(), w.Close()
}
