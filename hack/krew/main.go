// Command krew writes the archives of the kubectl plugin and its manifest for krew: programs of some platforms and a
// template → archives and their sums. The output depends on these alone.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

// plugin is the name of the program in the archives: kubectl finds plugins by it.
const plugin = "kubectl-kubestate"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "krew:", err)
		os.Exit(1)
	}
}

// semantic matches the versions that krew takes.
var semantic = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

// run writes an archive for each platform of the arguments, and the manifest.
func run(args []string) error {
	flags := flag.NewFlagSet("krew", flag.ContinueOnError)
	programs := flags.String("programs", "", "directory with <os>/<architecture>/kubestate")
	manifest := flags.String("manifest", "deploy/krew/kubestate.yaml", "template of the manifest")
	licence := flags.String("licence", "LICENSE", "file that goes into each archive")
	version := flags.String("version", "", "version of the programs, such as v1.2.3")
	to := flags.String("to", "", "directory to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *programs == "" || *to == "" || flags.NArg() == 0:
		return errors.New("want -programs, -to and the platforms, such as linux/amd64")
	case !semantic.MatchString(*version):
		return fmt.Errorf("-version %q: want one like v1.2.3", *version)
	}
	if err := os.MkdirAll(*to, 0o755); err != nil {
		return err
	}
	sums := map[string]string{}
	for _, platform := range flags.Args() {
		archive, err := pack(filepath.Join(*programs, filepath.FromSlash(platform), "kubestate"), *licence)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		name := plugin + "-" + strings.ReplaceAll(platform, "/", "-") + ".tar.gz"
		if err := os.WriteFile(filepath.Join(*to, name), archive, 0o644); err != nil {
			return err
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(archive))
	}
	rendered, err := render(*manifest, *version, sums)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(*to, "kubestate.yaml"), rendered, 0o644)
}

// pack returns an archive of the program, by the plugin's name, and the licence.
func pack(program, licence string) ([]byte, error) {
	var b bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	files := tar.NewWriter(compressed)
	for _, f := range []struct {
		name, path string
		mode       int64
	}{{plugin, program, 0o755}, {"LICENSE", licence, 0o644}} {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return nil, err
		}
		if err := files.WriteHeader(&tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := files.Write(content); err != nil {
			return nil, err
		}
	}
	err = errors.Join(files.Close(), compressed.Close())
	return b.Bytes(), err
}

// render renders the manifest as krew-release-bot does, with the sums of archives by name.
func render(manifest, version string, sums map[string]string) ([]byte, error) {
	text, err := os.ReadFile(manifest)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	parsed, err := template.New(path.Base(manifest)).Funcs(template.FuncMap{
		"addURIAndSha": func(uri, tag string) (string, error) {
			uri = strings.ReplaceAll(uri, "{{ .TagName }}", tag)
			name := path.Base(uri)
			if sums[name] == "" {
				return "", fmt.Errorf("there is no archive %s", name)
			}
			used[name] = true
			return fmt.Sprintf("uri: %s\n    sha256: %s", uri, sums[name]), nil
		},
	}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, map[string]string{"TagName": version}); err != nil {
		return nil, err
	}
	for name := range sums {
		if !used[name] {
			return nil, fmt.Errorf("%s has no entry for %s", manifest, name)
		}
	}
	return b.Bytes(), nil
}
