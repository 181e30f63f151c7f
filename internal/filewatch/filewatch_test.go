package filewatch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/kubestate/kubestate/internal/filewatch"
)

// follower follows a file's content.
type follower struct {
	path     string
	contents chan string // each other than the one before; "-" for none
	last     string
}

// follow runs filewatch until the test ends.
func follow(t *testing.T, path string) *follower {
	t.Helper()
	f := &follower{path: path, contents: make(chan string, 100)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- filewatch.Run(ctx, path, f.changed) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *follower) changed() {
	content := "-"
	if text, err := os.ReadFile(f.path); err == nil {
		content = string(text)
	}
	if content != f.last {
		f.last = content
		f.contents <- content
	}
}

// becomes waits for a content.
func (f *follower) becomes(t *testing.T, want string) {
	t.Helper()
	for {
		select {
		case got := <-f.contents:
			if got == want {
				return
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("it has not become %q", want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestDebounce has events arrive at some interval for some time, and holds when the change
// counts as done.
func TestDebounce(t *testing.T) {
	f := func(every, during, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			events := make(chan fsnotify.Event, 100)
			for at := every; at <= during; at += every {
				time.AfterFunc(at, func() { events <- fsnotify.Event{} })
			}
			if !filewatch.Debounce(t.Context(), events, nil) {
				t.Error("it was cut short")
			}
			if got := time.Since(start); got != want {
				t.Errorf("an event each %v for %v: done after %v, want %v", every, during, got, want)
			}
		})
	}
	f(filewatch.Quiet, 0, filewatch.Quiet)
	f(filewatch.Quiet/2, filewatch.Quiet, 2*filewatch.Quiet)
	f(filewatch.Quiet*4/5, filewatch.Quiet*4, filewatch.Quiet*5)
	f(filewatch.Quiet/2, 2*filewatch.Longest, filewatch.Longest)
}

// TestDebounceEnds holds that the end of the context ends the wait, and errors prolong it.
func TestDebounceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), filewatch.Quiet*5/4)
		defer cancel()
		errs := make(chan error)
		time.AfterFunc(filewatch.Quiet/2, func() { errs <- fsnotify.ErrEventOverflow })
		if filewatch.Debounce(ctx, nil, errs) || time.Since(start) != filewatch.Quiet*5/4 {
			t.Errorf("it ended after %v by itself", time.Since(start))
		}
	})
}

// TestFile writes, renames, removes and brings back.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "down", "settings")
	f := follow(t, path)
	f.becomes(t, "-")
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("a"), 0o600))
	f.becomes(t, "a")
	must(t, os.WriteFile(path, []byte("b"), 0o600))
	f.becomes(t, "b")
	must(t, os.WriteFile(path+"~", []byte("c"), 0o600))
	must(t, os.Rename(path+"~", path))
	f.becomes(t, "c")
	must(t, os.Remove(path))
	f.becomes(t, "-")
	must(t, os.WriteFile(path, []byte("d"), 0o600))
	f.becomes(t, "d")
	must(t, os.RemoveAll(filepath.Join(dir, "deep")))
	f.becomes(t, "-")
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("e"), 0o600))
	f.becomes(t, "e")
}

// TestConfigMap replaces the directory that a link stands for, as the kubelet does.
func TestConfigMap(t *testing.T) {
	dir := t.TempDir()
	update := func(version, content string) {
		t.Helper()
		must(t, os.Mkdir(filepath.Join(dir, version), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, version, "settings"), []byte(content), 0o600))
		must(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
		before, _ := os.Readlink(filepath.Join(dir, "..data"))
		must(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		if before != "" {
			must(t, os.RemoveAll(filepath.Join(dir, before)))
		}
	}
	update("..1", "a")
	must(t, os.Symlink("..data/settings", filepath.Join(dir, "settings")))
	f := follow(t, filepath.Join(dir, "settings"))
	f.becomes(t, "a")
	for i, content := range []string{"b", "c", "d"} {
		update("..2"+string(rune('a'+i)), content)
		f.becomes(t, content)
	}
}

// replace has the link stand for something else, in one step.
func replace(t *testing.T, target, link string) {
	t.Helper()
	must(t, os.Symlink(target, link+"~"))
	must(t, os.Rename(link+"~", link))
}

// TestLinks follows links on the way to a file, and links to a file elsewhere, when
// any of them is replaced, and what is at their end.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	for name, content := range map[string]string{"one": "one", "deep/one": "two", "three": "three", "four": "four"} {
		must(t, os.MkdirAll(at(name), 0o755))
		must(t, os.WriteFile(at(name, "settings"), []byte(content), 0o600))
	}
	for _, name := range []string{"links", "more", "start", "deep/two"} {
		must(t, os.Mkdir(at(name), 0o755))
	}
	must(t, os.Symlink(at("one"), at("more", "current")))
	must(t, os.Symlink("../more/current/../one/settings", at("links", "settings")))
	must(t, os.Symlink(at("links", "settings"), at("start", "settings")))
	f := follow(t, at("start", "settings"))
	f.becomes(t, "one")
	must(t, os.WriteFile(at("one", "settings"), []byte("one again"), 0o600))
	f.becomes(t, "one again")
	replace(t, at("deep", "two"), at("more", "current")) // a directory on the way
	f.becomes(t, "two")
	must(t, os.WriteFile(at("deep", "one", "settings"), []byte("two again"), 0o600))
	f.becomes(t, "two again")
	replace(t, "../three/settings", at("links", "settings")) // a link in the middle
	f.becomes(t, "three")
	must(t, os.WriteFile(at("three", "settings"), []byte("three again"), 0o600))
	f.becomes(t, "three again")
	replace(t, "../four/settings", at("start", "settings")) // the file itself
	f.becomes(t, "four")
	replace(t, "settings", at("start", "settings")) // round and round
	f.becomes(t, "-")
	replace(t, at("four", "settings"), at("start", "settings"))
	f.becomes(t, "four")
}

// TestLinkReplacedAtTheStart replaces the first of many links while all of them are
// looked at for the first time, sooner or later. What it stands for then is followed.
func TestLinkReplacedAtTheStart(t *testing.T) {
	for i := range 40 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			for _, name := range []string{"start", "links", "one", "two"} {
				must(t, os.Mkdir(at(name), 0o755))
			}
			must(t, os.WriteFile(filepath.Join(at("one"), "settings"), []byte("one"), 0o600))
			must(t, os.WriteFile(filepath.Join(at("two"), "settings"), []byte("two"), 0o600))
			target := "../one/settings"
			for n := range 35 {
				link := filepath.Join("..", "links", fmt.Sprint(n))
				must(t, os.Symlink(target, filepath.Join(at("start"), link)))
				target = link
			}
			path := filepath.Join(at("start"), "settings")
			must(t, os.Symlink(target, path))
			must(t, os.Symlink("../two/settings", path+"~"))
			f := follow(t, path)
			for range i * 100 {
				runtime.Gosched()
			}
			must(t, os.Rename(path+"~", path))
			f.becomes(t, "two")
			must(t, os.WriteFile(filepath.Join(at("two"), "settings"), []byte("two again"), 0o600))
			f.becomes(t, "two again")
		})
	}
}
