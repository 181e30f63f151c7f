package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestSameEverywhere builds the image from a copy of the sources in another directory.
func TestSameEverywhere(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "some", "where")
	copySources(t, elsewhere)
	must(t, runMake(elsewhere, "image", "BUILD="+filepath.Join(elsewhere, "out"), "PLATFORMS=linux/amd64"))
	other, err := open(filepath.Join(elsewhere, "out"))
	must(t, err)
	want, err := made(t).image(t, amd64).Digest()
	must(t, err)
	got, err := other.image(t, amd64).Digest()
	must(t, err)
	if got != want {
		t.Errorf("digest %s, and %s of the copy", want, got)
	}
	if diff := cmp.Diff(read(t, made(t).materials(amd64)), read(t, other.materials(amd64))); diff != "" {
		t.Errorf("bill of materials (-original +copy):\n%s", diff)
	}
}

// copySources copies the sources of images to a directory.
func copySources(t *testing.T, to string) {
	t.Helper()
	for _, path := range []string{"cmd", "internal", "hack/image", "go.mod", "go.sum", "Makefile"} {
		copyPath(t, filepath.Join("../..", path), filepath.Join(to, path))
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return content
}

// materials returns the path of a bill of materials.
func (b build) materials(p v1.Platform) string {
	return filepath.Join(b.dir, "image-sbom", "kubestate-"+fileName(p)+".cdx.json")
}

// TestMaterials compares the bill with the output of go version -m.
func TestMaterials(t *testing.T) {
	for _, p := range []v1.Platform{amd64, arm64} {
		list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./cmd/kubestate")
		list.Dir = "../.."
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.OS, "GOARCH="+p.Architecture)
		out, err := list.Output()
		must(t, err)
		var modules []string
		for line := range strings.Lines(string(out)) {
			if line = strings.TrimSpace(line); strings.Contains(line, " ") { // the main module has no version
				modules = append(modules, line)
			}
		}
		slices.Sort(modules) // the order of the command is that of packages
		want := append([]string{"std " + strings.TrimPrefix(runtime.Version(), "go")}, slices.Compact(modules)...)

		var bom cyclonedx.BOM
		must(t, cyclonedx.NewBOMDecoder(bytes.NewReader(read(t, made(t).materials(p))), cyclonedx.BOMFileFormatJSON).Decode(&bom))
		var got []string
		for _, c := range *bom.Components {
			got = append(got, c.Name+" "+c.Version)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: modules (-want +got):\n%s", p, diff)
		}
		root := t.TempDir()
		extract(t, made(t).image(t, p), root)
		itself := &cyclonedx.Component{
			BOMRef: "pkg:golang/github.com/kubestate/kubestate@v1.2.3", Type: cyclonedx.ComponentTypeApplication,
			Name: "kubestate", Version: version, PackageURL: "pkg:golang/github.com/kubestate/kubestate@v1.2.3",
			Hashes:   &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sha256.Sum256(read(t, filepath.Join(root, "kubestate"))))}},
			Licenses: &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		}
		if diff := cmp.Diff(&cyclonedx.Metadata{Timestamp: "2023-11-14T22:13:20Z", Component: itself}, bom.Metadata); diff != "" {
			t.Errorf("%s: metadata (-want +got):\n%s", p, diff)
		}
	}
}

// contained returns a command that runs the image's program as a container runtime does: with the
// image as its read-only file system, and an unknown user.
func contained(t *testing.T, args ...string) (cmd *exec.Cmd, root string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs to be root to change the root directory and the user")
	}
	root = t.TempDir()
	extract(t, made(t).image(t, v1.Platform{OS: "linux", Architecture: runtime.GOARCH}), root)
	cmd = exec.Command("/kubestate", args...)
	cmd.Env = []string{}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Credential: &syscall.Credential{Uid: 1000660000, Gid: 1000660000},
		Pdeathsig:  syscall.SIGKILL,
	}
	return cmd, root
}

func TestVersionOfTheProgram(t *testing.T) {
	cmd, _ := contained(t, "version")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	if want := "kubestate, version " + version + " (branch: unknown, revision: " + revision + ")"; first != want {
		t.Errorf("%s, want %s", first, want)
	}
}

// cronJob needs time zones for its next schedule time.
const cronJob = `apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop, uid: report, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {schedule: "30 4 1 1 *", timeZone: Asia/Kathmandu, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}
status: {lastScheduleTime: "2026-01-01T00:00:00Z"}
`

// TestServes runs the program in the image's file system.
func TestServes(t *testing.T) {
	cmd, root := contained(t, "--snapshot=/cluster.yaml", "--host=127.0.0.1", "--port=0", "--telemetry-host=127.0.0.1", "--telemetry-port=0")
	must(t, os.WriteFile(filepath.Join(root, "cluster.yaml"), []byte(cronJob), 0o644))
	log, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill() // may have ended
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(log)
	address := ""
	for address == "" && lines.Scan() {
		if match := regexp.MustCompile(`msg=started .*\bscrapes=(\S+)`).FindStringSubmatch(lines.Text()); match != nil {
			address = match[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, log) }() // ends with the program
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	series := scrape(ctx, t, "http://"+address+"/metrics")
	// 04:30 in Kathmandu is 22:45 UTC of the previous day.
	const want = `kube_cronjob_next_schedule_time{namespace="shop",cronjob="report"} 1798757100`
	if !strings.Contains(series, "\n"+want+"\n") {
		t.Errorf("no %s in\n%s", want, series)
	}
	entries, err := os.ReadDir(root)
	must(t, err)
	if len(entries) != 2 {
		t.Errorf("files that the program created: %v", entries)
	}
}

func scrape(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return string(body)
}
