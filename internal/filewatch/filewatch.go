// Package filewatch calls a function when a file may have changed, however it is replaced:
// written in place, renamed over, or behind a symbolic link that now points elsewhere, as the
// files of a mounted ConfigMap. Whether the content differs is for the function to find out.
package filewatch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A change is reported once no event has arrived for quiet, since a file is often truncated
// first and written in several steps. A directory that is never quiet delays it by longest.
const (
	quiet   = 100 * time.Millisecond
	longest = time.Second
)

// Run calls changed once, and then after each change of the file at path, until ctx ends. The
// file and the directories above it need not exist, and any of them may be a symbolic link. An
// error means that files cannot be watched here, or no longer.
func Run(ctx context.Context, path string, changed func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", path, err)
	}
	defer watcher.Close()
	for {
		// Watching begins before the file is read: a change in between causes an event.
		if err := watchAround(watcher, path); err != nil {
			return fmt.Errorf("watch %s: %w", path, err)
		}
		changed()
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
		case <-watcher.Errors: //nolint:errcheck // events were lost: the file is read again
		}
		if !debounce(ctx, watcher.Events, watcher.Errors) {
			return nil
		}
	}
}

// debounce consumes events until none has arrived for quiet, or longest has passed. It returns
// false if ctx ends first.
func debounce(ctx context.Context, events <-chan fsnotify.Event, errs <-chan error) bool {
	silence, limit := time.NewTimer(quiet), time.NewTimer(longest)
	defer silence.Stop()
	defer limit.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-silence.C:
			return true
		case <-limit.C:
			return true
		case <-events:
		case <-errs: //nolint:errcheck // events were lost: as good as one
		}
		silence.Reset(quiet)
	}
}

// watchAround watches the directories of the file and of the links that lead to it. A watch of
// the file itself would end when the file is replaced.
func watchAround(watcher *fsnotify.Watcher, path string) error {
	names := around(path)
	for {
		wanted, err := watchDirs(watcher, names)
		if err != nil {
			return err
		}
		// A link replaced before its directory was watched caused no event: the links are
		// read again until they stay the same.
		present := around(path)
		if slices.Equal(names, present) {
			dropOthers(watcher, wanted)
			return nil
		}
		names = present
	}
}

// watchDirs watches the directory of each name, or the nearest existing one above it, and
// returns the directories watched.
func watchDirs(watcher *fsnotify.Watcher, names []string) (dirs map[string]bool, err error) {
	dirs = map[string]bool{}
	for _, name := range names {
		dir, err := watchNearest(watcher, filepath.Dir(name))
		if err != nil {
			return nil, err
		}
		dirs[dir] = true
	}
	return dirs, nil
}

// dropOthers ends the watches of all directories but the wanted ones.
func dropOthers(watcher *fsnotify.Watcher, wanted map[string]bool) {
	for _, dir := range watcher.WatchList() {
		if !wanted[dir] {
			_ = watcher.Remove(dir) // it may be gone
		}
	}
}

// around returns the path of each symbolic link on the way to the file, and of the file that
// they resolve to.
func around(path string) (names []string) {
	for range maxLinks {
		link, resolved := firstLink(path)
		if link == "" {
			break
		}
		names, path = append(names, link), resolved
	}
	return append(names, path)
}

// maxLinks bounds how many links are followed, since they may form a cycle. Linux has the same.
const maxLinks = 40

// firstLink returns the first symbolic link on the way down to path, and path with that link
// resolved. Both are empty if there is none.
func firstLink(path string) (link, resolved string) {
	for rest := len(filepath.VolumeName(path)); rest < len(path); {
		end := strings.IndexByte(path[rest+1:], filepath.Separator)
		if end < 0 {
			rest = len(path)
		} else {
			rest += 1 + end
		}
		target, err := os.Readlink(path[:rest])
		if err != nil {
			continue
		}
		if !filepath.IsAbs(target) {
			target = path[:1+strings.LastIndexByte(path[:rest], filepath.Separator)] + target
		}
		return path[:rest], target + path[rest:] // not cleaned: what .. means depends on links
	}
	return "", ""
}

// watchNearest watches the directory, or the nearest existing one above it.
func watchNearest(watcher *fsnotify.Watcher, dir string) (string, error) {
	for at := dir; ; {
		err := watcher.Add(at)
		switch parent := filepath.Dir(at); {
		case err == nil && (at == dir || !existsBelow(at, dir)):
			return at, nil
		case err == nil: // dir was made meanwhile
			at = dir
		case errors.Is(err, fs.ErrNotExist) && parent != at:
			at = parent
		default:
			return "", err
		}
	}
}

// existsBelow reports whether the next directory on the way from above to dir exists.
func existsBelow(above, dir string) bool {
	for filepath.Dir(dir) != above {
		dir = filepath.Dir(dir)
	}
	_, err := os.Stat(dir)
	return err == nil
}
