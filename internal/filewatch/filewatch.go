// Package filewatch turns what happens to a file, however it is replaced, into
// calls of a function. Whether the content is another is for the function to find
// out.
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

// settling is how long a change may take: a file is often written in several
// steps, and of some steps there are several events.
const settling = 50 * time.Millisecond

// Run calls changed once, and then after whatever may have changed the file at
// path, until ctx ends. The file need not exist, nor the directories above it. It
// may be a symbolic link, or be below one, as the files of a ConfigMap are. An
// error means that files cannot be watched here, or no longer.
func Run(ctx context.Context, path string, changed func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", path, err)
	}
	defer watcher.Close()
	for {
		// In this order, what happens in between is either seen or tells of itself.
		if err := watchAround(watcher, path); err != nil {
			return fmt.Errorf("watch %s: %w", path, err)
		}
		changed()
		select {
		case <-ctx.Done():
			return nil
		case <-watcher.Events:
		case <-watcher.Errors: //nolint:errcheck // events were lost: the file is looked at
		}
		if !settle(ctx, watcher) {
			return nil
		}
	}
}

// settle takes the events of some time. It says whether ctx lasts.
func settle(ctx context.Context, watcher *fsnotify.Watcher) bool {
	over := time.NewTimer(settling)
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-over.C:
			return true
		case <-watcher.Events:
		case <-watcher.Errors: //nolint:errcheck // likewise
		}
	}
}

// watchAround watches the directories of the names that lead to the file. Watching the
// file itself would end when it is replaced.
func watchAround(watcher *fsnotify.Watcher, path string) error {
	names := around(path)
	for {
		wanted, err := watchDirs(watcher, names)
		if err != nil {
			return err
		}
		// A link that was replaced before its directory was watched tells nobody: it
		// shows when the links are read once more.
		present := around(path)
		if slices.Equal(names, present) {
			dropOthers(watcher, wanted)
			return nil
		}
		names = present
	}
}

// watchDirs watches the directories of the names, and gives them, or those above them
// that there are.
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

// dropOthers watches nothing but what is wanted.
func dropOthers(watcher *fsnotify.Watcher, wanted map[string]bool) {
	for _, dir := range watcher.WatchList() {
		if !wanted[dir] {
			_ = watcher.Remove(dir) // it may be gone
		}
	}
}

// around gives the names that lead to the content of the file: those of the symbolic
// links on the way, and that of what they stand for in the end.
func around(path string) (names []string) {
	for range mostLinks {
		link, onward := firstLink(path)
		if link == "" {
			break
		}
		names, path = append(names, link), onward
	}
	return append(names, path)
}

// mostLinks is how many links are followed, as the system does it: they may lead
// round and round.
const mostLinks = 40

// firstLink gives the first symbolic link on the way down to path, and the path with
// what the link stands for in its place; nothing if there is none.
func firstLink(path string) (link, onward string) {
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
		return path[:rest], target + path[rest:] // as it is: what .. means depends on links
	}
	return "", ""
}

// watchNearest watches the directory, or the nearest above it that exists.
func watchNearest(watcher *fsnotify.Watcher, dir string) (string, error) {
	for at := dir; ; {
		err := watcher.Add(at)
		switch parent := filepath.Dir(at); {
		case err == nil && (at == dir || !existsBelow(at, dir)):
			return at, nil
		case err == nil: // made meanwhile
			at = dir
		case errors.Is(err, fs.ErrNotExist) && parent != at:
			at = parent
		default:
			return "", err
		}
	}
}

// existsBelow says whether the next directory on the way from above to dir is there.
func existsBelow(above, dir string) bool {
	for filepath.Dir(dir) != above {
		dir = filepath.Dir(dir)
	}
	_, err := os.Stat(dir)
	return err == nil
}
