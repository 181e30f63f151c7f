package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDockerfileBuilds runs the first stage of the Dockerfile on the files of Docker's build
// context: the program equals that of make image.
func TestDockerfileBuilds(t *testing.T) {
	sources := t.TempDir()
	for line := range strings.Lines(string(read(t, "../../.dockerignore"))) {
		if path, sent := strings.CutPrefix(strings.TrimSpace(line), "!"); sent {
			copyPath(t, filepath.Join("../..", path), filepath.Join(sources, path))
		}
	}
	build, _ := dockerfile(t)
	for _, command := range build["RUN"] {
		cmd := exec.Command("sh", "-c", command)
		cmd.Dir = sources
		cmd.Env = append(os.Environ(), "VERSION="+version, "REVISION="+revision, "TARGETOS=linux", "TARGETARCH=amd64", "MAKEFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
	}
	root := t.TempDir()
	extract(t, made(t).image(t, amd64), root)
	if !bytes.Equal(read(t, filepath.Join(root, "kubestate")), read(t, filepath.Join(sources, ".build", "kubestate"))) {
		t.Error("the Dockerfile's program differs from that of make image")
	}
}

func copyPath(t *testing.T, from, to string) {
	t.Helper()
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		must(t, os.CopyFS(to, os.DirFS(from)))
		return
	}
	must(t, os.WriteFile(to, read(t, from), 0o644))
}

// TestDockerfileSettings compares the configuration of the Dockerfile's image with the layout's.
func TestDockerfileSettings(t *testing.T) {
	build, final := dockerfile(t)
	config, err := made(t).image(t, amd64).ConfigFile()
	must(t, err)
	entrypoint, err := json.Marshal(config.Config.Entrypoint)
	must(t, err)
	want := map[string][]string{
		"FROM":       {"scratch"},
		"ARG":        {"VERSION=unknown REVISION="},
		"COPY":       {"--from=build /src/.build/kubestate /kubestate"},
		"USER":       {config.Config.User},
		"WORKDIR":    {config.Config.WorkingDir},
		"EXPOSE":     {"10241/tcp 10242/tcp"},
		"ENTRYPOINT": {string(entrypoint)},
	}
	labels := map[string]string{"org.opencontainers.image.created": config.Config.Labels["org.opencontainers.image.created"]}
	stamps := map[string]string{"VERSION": version, "REVISION": revision}
	for _, pair := range regexp.MustCompile(`(\S+)="([^"]*)"`).FindAllStringSubmatch(strings.Join(final["LABEL"], " "), -1) {
		labels[pair[1]] = os.Expand(pair[2], func(name string) string { return stamps[name] })
	}
	if diff := cmp.Diff(config.Config.Labels, labels); diff != "" {
		t.Errorf("labels (-layout +Dockerfile):\n%s", diff)
	}
	delete(final, "LABEL")
	if diff := cmp.Diff(want, final); diff != "" {
		t.Errorf("image (-layout +Dockerfile):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/src"}, build["WORKDIR"]); diff != "" {
		t.Errorf("where it is built (-want +got):\n%s", diff)
	}
}

// dockerfile returns the arguments of the first and of the last stage's instructions.
func dockerfile(t *testing.T) (build, final map[string][]string) {
	t.Helper()
	text := strings.ReplaceAll(string(read(t, "../../Dockerfile")), "\\\n", "")
	stages := []map[string][]string{}
	for line := range strings.Lines(text) {
		instruction, arguments, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if instruction == "FROM" {
			stages = append(stages, map[string][]string{})
		}
		stage := stages[len(stages)-1]
		stage[instruction] = append(stage[instruction], arguments)
	}
	if len(stages) != 2 {
		t.Fatalf("%d stages", len(stages))
	}
	return stages[0], stages[1]
}
