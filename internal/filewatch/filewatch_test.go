package filewatch_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/kubestate/kubestate/internal/filewatch"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestPoll changes files in many ways. Each step is polled until no change is pending.
func TestPoll(t *testing.T) {
	at := func(dir string, name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	put := func(t *testing.T, text, path string) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	link := func(t *testing.T, target, path string) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.Symlink(target, path+"~"))
		must(t, os.Rename(path+"~", path))
	}
	type step struct {
		name    string
		do      func(t *testing.T, dir string)
		changed bool
	}
	f := func(name string, steps ...step) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files := filewatch.New(at(dir, "deep", "settings"), at(dir, "other"))
			for i, s := range steps {
				s.do(t, dir)
				for n, want := range []bool{false, i == 0 || s.changed, false, false} {
					if got := files.Poll(func() {}); got != want {
						t.Errorf("%s: poll %d: changed %v, want %v", s.name, n+1, got, want)
					}
				}
			}
		})
	}
	missing := step{"missing", func(*testing.T, string) {}, true}
	file := func(text string, changed bool) step {
		return step{"file " + text, func(t *testing.T, dir string) { put(t, text, at(dir, "deep", "settings")) }, changed}
	}
	f("written in place", missing, file("a", true), file("b", true), file("b", false), file("", true), file("a", true))
	f("other file", file("a", true),
		step{"comes", func(t *testing.T, dir string) { put(t, "a", at(dir, "other")) }, true},
		step{"goes", func(t *testing.T, dir string) { must(t, os.Remove(at(dir, "other"))) }, true})
	f("content moves to the other file", file("a", true), step{"moves", func(t *testing.T, dir string) {
		must(t, os.Rename(at(dir, "deep", "settings"), at(dir, "other")))
	}, true})
	f("replaced directory", file("a", true),
		step{"removed", func(t *testing.T, dir string) { must(t, os.RemoveAll(at(dir, "deep"))) }, true},
		file("a", true),
		step{"renamed over", func(t *testing.T, dir string) {
			put(t, "b", at(dir, "next", "settings"))
			must(t, os.RemoveAll(at(dir, "deep")))
			must(t, os.Rename(at(dir, "next"), at(dir, "deep")))
		}, true})
	f("ConfigMap", step{"mounted", func(t *testing.T, dir string) {
		put(t, "a", at(dir, "deep", "..1", "settings"))
		link(t, "..1", at(dir, "deep", "..data"))
		link(t, "..data/settings", at(dir, "deep", "settings"))
	}, true}, step{"updated", func(t *testing.T, dir string) {
		put(t, "b", at(dir, "deep", "..2", "settings"))
		link(t, "..2", at(dir, "deep", "..data"))
		must(t, os.RemoveAll(at(dir, "deep", "..1")))
	}, true}, step{"updated to the same", func(t *testing.T, dir string) {
		put(t, "b", at(dir, "deep", "..3", "settings"))
		link(t, "..3", at(dir, "deep", "..data"))
	}, false})
	f("links", step{"links on the way", func(t *testing.T, dir string) {
		put(t, "a", at(dir, "one", "settings"))
		put(t, "b", at(dir, "two", "settings"))
		link(t, "one", at(dir, "deep"))
	}, true}, step{"another target", func(t *testing.T, dir string) { link(t, "two", at(dir, "deep")) }, true},
		step{"cycle", func(t *testing.T, dir string) { link(t, "deep", at(dir, "deep")) }, true},
		step{"back", func(t *testing.T, dir string) { link(t, "one", at(dir, "deep")) }, true})
	f("not a regular file", file("a", true), step{"pipe", func(t *testing.T, dir string) {
		must(t, os.Remove(at(dir, "deep", "settings")))
		must(t, syscall.Mkfifo(at(dir, "deep", "settings"), 0o600))
	}, true}, step{"directory", func(t *testing.T, dir string) {
		must(t, os.Remove(at(dir, "deep", "settings")))
		must(t, os.Mkdir(at(dir, "deep", "settings"), 0o755))
	}, false})
	f("larger than what is read", step{"17 MB", func(t *testing.T, dir string) {
		put(t, "", at(dir, "other"))
		must(t, os.Truncate(at(dir, "other"), 17<<20))
	}, true}, step{"18 MB", func(t *testing.T, dir string) { must(t, os.Truncate(at(dir, "other"), 18<<20)) }, true})
}

// TestUnstable changes a file at every poll, or while it is read: only content that stays is reported.
func TestUnstable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings")
	files := filewatch.New(path)
	poll := func(want bool, text string, read func()) {
		t.Helper()
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if got := files.Poll(read); got != want {
			t.Errorf("%q: changed %v, want %v", text, got, want)
		}
	}
	never := func() { t.Error("read without a stable change") }
	nothing := func() {}
	for _, text := range []string{"a", "b", "a", "", "a", "b"} {
		poll(false, text, never)
	}
	poll(true, "b", nothing)
	for _, text := range []string{"", "b", "c", "b", "b"} {
		poll(false, text, never)
	}
	poll(false, "c", never)
	poll(false, "c", func() { must(t, os.WriteFile(path, nil, 0o600)) })
	poll(false, "c", never)
	poll(true, "c", nothing)
	poll(false, "c", never)
}

// TestPollOfAnotherList has the list of files change while their content stays.
func TestPollOfAnotherList(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	files := filewatch.NewFunc(func() []string { return paths })
	f := func(want bool, names ...string) {
		t.Helper()
		paths = nil
		for _, name := range names {
			paths = append(paths, filepath.Join(dir, name))
			must(t, os.WriteFile(filepath.Join(dir, name), []byte("same"), 0o600))
		}
		nothing := func() {}
		if first, second := files.Poll(nothing), files.Poll(nothing); first || second != want {
			t.Errorf("%q: polls report %t and %t, want false and %t", names, first, second, want)
		}
	}
	f(true)
	f(true, "a")
	f(false, "a")
	f(true, "b")
	f(true, "b", "c")
	f(true)
}
