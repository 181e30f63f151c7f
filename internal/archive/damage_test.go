package archive_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/kubestate/kubestate/internal/archive"
)

// bundles are archives of three files, in all formats.
func bundles(t testing.TB) map[string][]byte {
	noise := make([]byte, 300)
	_, err := rand.NewChaCha8([32]byte{}).Read(noise)
	check(t, err)
	files := []entry{{"a", pod, 0}, {"b", strings.Repeat(pod, 20) + string(noise), 0}, {"c.gz", string(gzipOf(t, []byte(pod))), 0}}
	in := tarOf(t, files...)
	return map[string][]byte{
		"tar":     in,
		"tar.gz":  gzipOf(t, in),
		"tar.zst": zstdOf(t, in),
		"tar.xz":  xzOf(t, xz.WriterConfig{BlockSize: 700, DictCap: 4096}, in),
		"zip":     zipOf(t, files...),
		"zip.gz":  gzipOf(t, zipOf(t, files...)),
		"bz2":     bzip2Of(t),
	}
}

// checkDamaged holds that a file that is reported without an error is one of the archive, and that an
// error tells of the others.
func checkDamaged(t *testing.T, name string, data []byte, whole []string) {
	t.Helper()
	isError := func(line string) bool { return strings.Contains(line, " ! ") || strings.HasPrefix(line, "limit: ") }
	for _, inPlace := range []bool{true, false} {
		told := read(data, limits, inPlace)
		good := slices.DeleteFunc(slices.Clone(told), isError)
		for _, line := range good {
			if !slices.Contains(whole, line) {
				t.Fatalf("%s: %d bytes: %q", name, len(data), line)
			}
		}
		if len(good) < len(whole) && len(told) == len(good) {
			t.Fatalf("%s: %d bytes: only %q without an error", name, len(data), told)
		}
		if len(told) > len(good)+1 {
			t.Fatalf("%s: %d bytes: %q is reported twice", name, len(data), told)
		}
	}
}

// TestTruncated cuts archives off everywhere.
func TestTruncated(t *testing.T) {
	for name, data := range bundles(t) {
		whole := read(data, limits, true)
		for n := range len(data) {
			if archive.Is(data[:n]) {
				checkDamaged(t, name, data[:n], whole)
			}
		}
	}
}

// FuzzOpen reads archives with some bytes replaced, and cut off. Each report is one line.
func FuzzOpen(f *testing.F) {
	for _, data := range bundles(f) {
		f.Add(data, uint16(0), []byte{}, uint16(0))
		f.Add(data, uint16(20), []byte("\xff\xff\xff\xff"), uint16(0))
		f.Add(data, uint16(len(data)-30), []byte("\xff\xff\xff\xff"), uint16(10))
	}
	f.Fuzz(func(t *testing.T, data []byte, at uint16, patch []byte, less uint16) {
		data = slices.Clone(data)
		if int(at) < len(data) {
			copy(data[at:], patch)
		}
		data = data[:max(0, len(data)-int(less))]
		for _, inPlace := range []bool{true, false} {
			for _, line := range read(data, limits, inPlace) {
				path, reason, isError := strings.Cut(line, " ! ")
				if strings.ContainsAny(reason, "\n\r") || isError && !strings.Contains(path, " = ") && strings.ContainsAny(path, "\n\r") {
					t.Errorf("reported: %q", line)
				}
			}
		}
	})
}
