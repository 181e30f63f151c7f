package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestSnapshots starts the program with each input of testdata/snapshots. An archive has the files
// below in/, commands in its comment that change them, and the expected series and log, or the
// error of the start.
func TestSnapshots(t *testing.T) {
	paths, err := filepath.Glob("testdata/snapshots/*.txtar")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d inputs, %v", len(paths), err)
	}
	for i, path := range paths {
		if testing.Short() && i%4 > 0 {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			input, want := parts(archive)
			got := try(t, archive, input)
			if *update {
				archive.Files = append(input, got...)
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(txtar.Format(&txtar.Archive{Files: want})), string(txtar.Format(&txtar.Archive{Files: got}))); d != "" {
				t.Errorf("%s(-want +got):\n%s", archive.Comment, d)
			}
		})
	}
}

// parts splits an archive into input and expected files.
func parts(a *txtar.Archive) (input, want []txtar.File) {
	for _, f := range a.Files {
		if strings.HasPrefix(f.Name, "in/") {
			input = append(input, f)
		} else {
			want = append(want, f)
		}
	}
	return input, want
}

// compared matches one family of each kind in the inputs.
const compared = "^kube_(pod_service_account|node_spec_unschedulable|deployment_spec_replicas|secret_type|cronjob_spec_suspend|" +
	"poddisruptionbudget_status_expected_pods|horizontalpodautoscaler_spec_max_replicas|statefulset_metadata_generation)$"

var logTime = regexp.MustCompile(`(?m)^time=\S+ level=`)

// try runs the program and returns its series and log.
func try(t *testing.T, a *txtar.Archive, input []txtar.File) []txtar.File {
	dir := t.TempDir()
	for _, f := range input {
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	args := []string{"--snapshot", "in", "--metric-allowlist", compared}
	stdin := ""
	for line := range strings.Lines(string(a.Comment)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		switch words[0] {
		case "args":
			args = append(args, words[1:]...)
		case "stdin":
			stdin = filepath.Join(dir, words[1])
		case "symlink":
			check(t, os.Symlink(words[2], filepath.Join(dir, words[1])))
		case "hardlink":
			check(t, os.Link(filepath.Join(dir, words[2]), filepath.Join(dir, words[1])))
		default:
			change(t, words[0], filepath.Join(dir, words[1]))
		}
	}
	args = append(args, "--host", "127.0.0.1", "--port", "0", "--telemetry-host", "127.0.0.1", "--telemetry-port", "0")
	cmd := exec.Command("kubestate", args...)
	cmd.Dir = dir
	if stdin != "" {
		f, err := os.Open(stdin)
		check(t, err)
		defer f.Close()
		cmd.Stdin = f
	}
	p, listens := launch(t, cmd)
	if !listens {
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 1 {
			t.Errorf("exit code %d", code)
		}
		return []txtar.File{{Name: "refused", Data: []byte(logTime.ReplaceAllString(p.log.String(), "level="))}}
	}
	series := scrapeLines(t, p.scrapes)
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	text := ""
	for line := range strings.Lines(p.log.String()) {
		if strings.Contains(line, "snapshot") {
			text += logTime.ReplaceAllString(line, "level=")
		}
	}
	return []txtar.File{{Name: "series", Data: []byte(series)}, {Name: "log", Data: []byte(text)}}
}

// scrapeLines returns the series that a program serves.
func scrapeLines(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	check(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	check(t, err)
	series := ""
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			series += line
		}
	}
	return series
}

// change applies a conversion to a file whose result a text archive cannot hold.
func change(t *testing.T, how, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	check(t, err)
	switch how {
	case "crlf":
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case "cr":
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r"))
	case "bom":
		text = append([]byte("\ufeff"), text...)
	case "utf16le":
		text = wide(binary.LittleEndian, "\ufeff"+string(text))
	case "utf16be":
		text = wide(binary.BigEndian, "\ufeff"+string(text))
	case "utf16":
		text = wide(binary.LittleEndian, string(text))
	case "unfinished":
		text = bytes.TrimSuffix(text, []byte("\n"))
	case "odd":
		text = text[:len(text)-1]
	case "bytes": // as Go writes them in strings
		s, err := strconv.Unquote("`" + string(text) + "`")
		check(t, err)
		text = escapes.ReplaceAllFunc([]byte(s), func(e []byte) []byte {
			b, err := strconv.ParseUint(string(e[2:]), 16, 8)
			check(t, err)
			return []byte{byte(b)}
		})
	case "gzip":
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err = w.Write(text)
		check(t, err)
		check(t, w.Close())
		text = packed.Bytes()
	case "tar":
		var packed bytes.Buffer
		w := tar.NewWriter(&packed)
		check(t, w.WriteHeader(&tar.Header{Name: "pods.yaml", Size: int64(len(text)), Mode: 0o600}))
		_, err = w.Write(text)
		check(t, err)
		check(t, w.Close())
		text = packed.Bytes()
	case "zip":
		var packed bytes.Buffer
		w := zip.NewWriter(&packed)
		file, err := w.Create("pods.yaml")
		check(t, err)
		_, err = file.Write(text)
		check(t, err)
		check(t, w.Close())
		text = packed.Bytes()
	default:
		t.Fatalf("unknown conversion %q", how)
	}
	write(t, path, text)
}

var escapes = regexp.MustCompile(`\\x[0-9a-f]{2}`)

func wide(order binary.ByteOrder, text string) []byte {
	var all []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		all = append(all, 0, 0)
		order.PutUint16(all[len(all)-2:], unit)
	}
	return all
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, data, 0o600))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
