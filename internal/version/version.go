// Package version says which build of the program this is.
package version

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// The linker sets these: -X github.com/kubestate/kubestate/internal/version.version=v1.2.3 and so on.
var (
	version  string
	revision string
	branch   string
)

// Info describes a build. Fields that nobody stamped are "unknown".
type Info struct {
	Version, Revision, Branch string
	// GoVersion, OS and Arch are what the program was built with and for.
	GoVersion, OS, Arch string
	// ClientGo is the version of the Kubernetes client library.
	ClientGo string
	// Tags are the build tags.
	Tags string
}

// Get describes the running program.
func Get() Info {
	i := Info{
		Version:   cmp.Or(version, "unknown"),
		Revision:  cmp.Or(revision, "unknown"),
		Branch:    cmp.Or(branch, "unknown"),
		GoVersion: runtime.Version(),
		OS:        runtime.GOOS,
		Arch:      runtime.GOARCH,
		ClientGo:  "unknown",
		Tags:      "unknown",
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return i
	}
	for _, m := range build.Deps {
		if m.Path == "k8s.io/client-go" {
			i.ClientGo = m.Version
		}
	}
	for _, s := range build.Settings {
		if s.Key == "-tags" {
			i.Tags = s.Value
		}
	}
	return i
}

// String is the description in lines, as the version command prints it.
func (i Info) String() string {
	return fmt.Sprintf("kubestate, version %s (branch: %s, revision: %s)\n  go version: %s\n  platform:   %s/%s\n  client-go:  %s\n  tags:       %s\n",
		i.Version, i.Branch, i.Revision, i.GoVersion, i.OS, i.Arch, i.ClientGo, i.Tags)
}
