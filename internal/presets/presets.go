// Package presets has configurations of custom resource metrics for common projects, by name, in the
// format of --custom-resource-state-config-file. Families have the names and labels that the
// dashboards and alerts of the project query, listed in the comment at the head of a preset.
package presets

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// extension ends the names of the files.
const extension = ".yaml"

// Names returns the names of all presets in alphabetical order.
func Names() []string {
	paths, err := fs.Glob(files, "*"+extension)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimSuffix(path, extension)
	}
	slices.Sort(names)
	return names
}

// Get returns the text of a preset, or false if there is none of that name. The caller may change
// the text.
func Get(name string) (text []byte, ok bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	text, err := files.ReadFile(name + extension)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return text, true
}
