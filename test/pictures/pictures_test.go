package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/process"
)

// TestPicturesAreCurrent holds that the pictures in docs show what kubestate shows now.
func TestPicturesAreCurrent(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := process.Root()
	must(err)
	want, err := drawCommand(t.Context(), root)
	must(err)
	got, err := os.ReadFile(filepath.Join(root, "docs", commandPicture))
	must(err)
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("docs/%s is stale, run make pictures (-want +got):\n%s", commandPicture, d)
	}
	e, err := serve(t.Context(), root, t.TempDir())
	must(err)
	defer e.Kill()
	source, err := pageSource(t.Context(), e)
	must(err)
	for name := range pagePictures {
		picture, err := os.ReadFile(filepath.Join(root, "docs", name))
		must(err)
		if made, err := sourceOf(picture); err != nil || made != source {
			t.Errorf("docs/%s is stale, run make pictures: it was made from %q, and now there is %q (%v)", name, made, source, err)
		}
	}
}
