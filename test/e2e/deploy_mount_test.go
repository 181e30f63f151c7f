package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// A mount is the directory of a volume as a kubelet writes it: each file is a link into a directory of
// one moment, to which the link ..data leads.
type mount struct {
	directory string
	version   int
}

func newMount(t *testing.T) *mount { return &mount{directory: t.TempDir()} }

// write replaces the files, all in one moment.
func (m *mount) write(t *testing.T, files map[string][]byte) {
	t.Helper()
	at := func(name string) string { return filepath.Join(m.directory, name) }
	previous := ".." + strconv.Itoa(m.version)
	m.version++
	moment := ".." + strconv.Itoa(m.version)
	must(t, os.Mkdir(at(moment), 0o700))
	for name, content := range files {
		must(t, os.WriteFile(filepath.Join(at(moment), name), content, 0o600))
	}
	must(t, os.Symlink(moment, at("..data_tmp")))
	must(t, os.Rename(at("..data_tmp"), at("..data")))
	for name := range files {
		if _, err := os.Lstat(at(name)); os.IsNotExist(err) {
			must(t, os.Symlink(filepath.Join("..data", name), at(name)))
		}
	}
	entries, err := os.ReadDir(m.directory)
	must(t, err)
	for _, e := range entries {
		if _, kept := files[e.Name()]; !kept && e.Type() == os.ModeSymlink && e.Name() != "..data" {
			must(t, os.Remove(at(e.Name())))
		}
	}
	must(t, os.RemoveAll(at(previous)))
}
