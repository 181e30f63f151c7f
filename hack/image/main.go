// Command image writes an OCI image layout of programs for several platforms, and their bills of
// materials. The output is reproducible: it depends only on the programs and the arguments.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// release is the content of the images.
type release struct {
	// Version and Revision are the stamps of the programs; Revision is empty without a
	// repository.
	Version, Revision string
	// Created is the time of the commit.
	Created time.Time
	// Programs is a directory with <os>/<architecture>/kubestate.
	Programs string
	// Modules is the module cache, and Go the GOROOT of the build.
	Modules, Go string
}

// run writes the images and bills of materials of the arguments.
func run(args []string) error {
	var r release
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&r.Programs, "programs", "", "directory with <os>/<architecture>/kubestate")
	flags.StringVar(&r.Modules, "modules", "", "directory of the module cache, with what the programs were built of")
	flags.StringVar(&r.Go, "go", "", "root of the Go that built the programs")
	flags.StringVar(&r.Version, "version", "", "version of the programs, and tag of the image")
	flags.StringVar(&r.Revision, "revision", "", "commit of the programs")
	created := flags.Int64("created", 0, "Unix time of that commit")
	to := flags.String("to", "", "directory to write, which is replaced; the bills of materials go to <to>-sbom")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if r.Programs == "" || r.Modules == "" || r.Go == "" || r.Version == "" || *to == "" || flags.NArg() == 0 {
		return errors.New("want -programs, -modules, -go, -version, -to and the platforms, such as linux/amd64")
	}
	r.Created = time.Unix(*created, 0).UTC()
	var platforms []v1.Platform
	for _, name := range flags.Args() {
		platform, err := v1.ParsePlatform(name)
		if err != nil || platform.Architecture == "" {
			return fmt.Errorf("platform %q is not <os>/<architecture>", name)
		}
		platforms = append(platforms, *platform)
	}
	if err := replace(*to, func(dir string) error { return r.writeLayout(dir, platforms) }); err != nil {
		return err
	}
	return replace(*to+"-sbom", func(dir string) error { return r.writeMaterials(dir, platforms) })
}

// replace fills a directory and then replaces target by it.
func replace(target string, fill func(dir string) error) error {
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, "."+filepath.Base(target))
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // fails after the rename
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := fill(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(dir, target)
}

// program returns the path of a platform's program.
func (r release) program(p v1.Platform) string {
	return filepath.Join(r.Programs, p.OS, p.Architecture, "kubestate")
}

// fileName returns a platform as part of a file name.
func fileName(p v1.Platform) string { return strings.ReplaceAll(p.String(), "/", "-") }
