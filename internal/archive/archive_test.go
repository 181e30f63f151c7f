package archive_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/ulikunitz/xz"

	"github.com/kubestate/kubestate/internal/archive"
)

const pod = "kind: Pod\n"

// TestFormats opens a text in each format: as a file, and as a stream.
func TestFormats(t *testing.T) {
	f := func(name string, data []byte, want ...string) {
		t.Helper()
		if !archive.Is(data) {
			t.Errorf("%s: is no archive", name)
		}
		for _, inPlace := range []bool{true, false} {
			if d := cmp.Diff(want, read(data, limits, inPlace)); d != "" {
				t.Errorf("%s, in place %v (-want +got):\n%s", name, inPlace, d)
			}
		}
	}
	gz := gzipOf(t, []byte(pod))
	f("gzip", gz, " = "+pod)
	f("gzip, two members", append(bytes.Clone(gz), gz...), " = "+pod+pod)
	f("gzip, nothing", gzipOf(t, nil), " = ")
	f("bzip2", bzip2Of(t), " = "+pod)
	zst := zstdOf(t, []byte(pod))
	f("zstd", zst, " = "+pod)
	f("zstd, two frames", append(bytes.Clone(zst), zst...), " = "+pod+pod)
	f("zstd, a frame to skip", append([]byte("\x50\x2a\x4d\x18\x02\x00\x00\x00ab"), zst...), " = "+pod)
	for name, config := range map[string]xz.WriterConfig{
		"none": {NoCheckSum: true}, "crc32": {CheckSum: xz.CRC32}, "crc64": {CheckSum: xz.CRC64}, "sha256": {CheckSum: xz.SHA256},
		"blocks": {BlockSize: 3}, "window": {DictCap: 4096},
	} {
		one := xzOf(t, config, []byte(pod))
		f("xz "+name, one, " = "+pod)
		f("xz "+name+", two streams", append(append(bytes.Clone(one), 0, 0, 0, 0), one...), " = "+pod+pod)
		f("xz "+name+", zeros behind", append(bytes.Clone(one), make([]byte, 8)...), " = "+pod)
	}
	f("xz, nothing", xzOf(t, xz.WriterConfig{}, nil), " = ")
	f("tar", tarOf(t, entry{"a", pod, 0}, entry{"b/", "", tar.TypeDir}, entry{"b/c", "", 0}), "a = "+pod, "b/c = ")
	f("tar before POSIX", oldTar(t), "a = "+pod)
	f("zip", zipOf(t, entry{"a", pod, 0}, entry{"b/", "", 0}, entry{"b/c", "", 0}), "a = "+pod, "b/c = ")
	f("zip, nothing", zipOf(t))
	f("7z", []byte("7z\xbc\xaf\x27\x1c0123"), " ! is a 7z archive: unpack it with 7z x")
	f("lz4", []byte("\x04\x22\x4d\x18012345678"), " ! is a lz4 archive: unpack it with unlz4")

	for _, text := range []string{"", "a", "PK", "BZh91 is the name of a format\n", strings.Repeat("a", 600), strings.Repeat("\x00", 1024), strings.Repeat(" ", 512), "\x1f\x8b"} {
		if archive.Is([]byte(text)) {
			t.Errorf("%q is an archive", text)
		}
	}
}

// oldTar is a tar file whose header has no magic number.
func oldTar(t *testing.T) []byte {
	data := tarOf(t, entry{"a", pod, 0})
	copy(data[257:265], make([]byte, 8))
	copy(data[148:156], "        ")
	sum := 0
	for _, b := range data[:512] {
		sum += int(b)
	}
	copy(data[148:156], []byte{'0', byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	return data
}

// TestNested opens archives within archives.
func TestNested(t *testing.T) {
	f := func(data []byte, want ...string) {
		t.Helper()
		for _, inPlace := range []bool{true, false} {
			if d := cmp.Diff(want, read(data, limits, inPlace)); d != "" {
				t.Errorf("in place %v (-want +got):\n%s", inPlace, d)
			}
		}
	}
	inner := tarOf(t, entry{"x", pod, 0}, entry{"unwanted", pod, 0}, entry{"y.gz", string(gzipOf(t, []byte(pod))), 0})
	f(gzipOf(t, inner), "x = "+pod, "y.gz = "+pod)
	f(zipOf(t, entry{"in.tgz", string(gzipOf(t, inner)), 0}, entry{"z", pod, 0}), "in.tgz: x = "+pod, "in.tgz: y.gz = "+pod, "z = "+pod)
	f(tarOf(t, entry{"in.zip", string(zipOf(t, entry{"x", pod, 0})), 0}, entry{"z", pod, 0}), "in.zip: x = "+pod, "z = "+pod)
	f(zipOf(t, entry{"unwanted", string(gzipOf(t, inner)), 0}))
}

// TestEntries reads entries that are no files, and names that are no paths of files.
func TestEntries(t *testing.T) {
	f := func(data []byte, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, read(data, limits, true)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(tarOf(t, entry{"a", "", tar.TypeSymlink}, entry{"b", "", tar.TypeLink}, entry{"c", "", tar.TypeChar}, entry{"d", "", tar.TypeBlock}, entry{"e", "", tar.TypeFifo}, entry{"f", pod, 0}),
		"links", "links", "devices", "devices", "devices", "f = "+pod)
	for _, of := range []func(testing.TB, ...entry) []byte{tarOf, zipOf} {
		f(of(t, entry{"../a", pod, 0}, entry{"b/../../c", pod, 0}, entry{"..", pod, 0}, entry{"..b", pod, 0}, entry{"/etc/c", pod, 0}, entry{"./d", pod, 0}),
			"../a ! its path leads out of the archive", "b/../../c ! its path leads out of the archive", ".. ! its path leads out of the archive",
			"..b = "+pod, "/etc/c = "+pod, "./d = "+pod)
		f(of(t, entry{"a\nb", pod, 0}, entry{"\xff", pod, 0}, entry{"c\x1b[2J", pod, 0}, entry{"ü", pod, 0}),
			`"a\nb" = `+pod, `"\xff" = `+pod, `"c\x1b[2J" = `+pod, "ü = "+pod)
		f(of(t, entry{"a", pod, 0}, entry{"a", "other", 0}), "a = "+pod, "a = other")
	}
	f(zipOf(t, entry{`..\a`, pod, 0}, entry{`b\c`, pod, 0}), `..\a ! its path leads out of the archive`, `b\c = `+pod)

	encrypted := zipOf(t, entry{"a", pod, 0})
	encrypted[bytes.Index(encrypted, []byte("PK\x01\x02"))+8] |= 1
	f(encrypted, "a ! is encrypted")
	method := zipOf(t, entry{"a", pod, 0}, entry{"b", pod, 0})
	method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 99
	f(method, "a ! zip: unsupported compression algorithm", "b = "+pod)
}

// TestLimits reads archives made to exhaust a machine.
func TestLimits(t *testing.T) {
	f := func(data []byte, limits archive.Limits, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, read(data, limits, true)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	with := func(change func(*archive.Limits)) archive.Limits {
		l := limits
		change(&l)
		return l
	}
	// Depth.
	data := []byte(pod)
	for range 4 {
		data = gzipOf(t, data)
	}
	f(data, limits, " = "+pod)
	f(gzipOf(t, data), limits, "limit: archives are nested deeper than 4 formats")
	f(zipOf(t, entry{"a", string(data), 0}, entry{"b", pod, 0}), limits, "limit: a: archives are nested deeper than 4 formats")
	f(zstdOf(t, xzOf(t, xz.WriterConfig{}, zstdOf(t, []byte(pod)))), limits, "limit: xz and zstd are nested deeper than 2")

	// Files, of all archives together.
	var files []entry
	for range 6 {
		files = append(files, entry{"unwanted", "", 0})
	}
	f(tarOf(t, files...), limits)
	f(zipOf(t, append(files, entry{"b.tar", string(tarOf(t, files...)), 0})...), limits, "limit: b.tar: more than 10 files")
	f(zipOf(t, append(files, files...)...), limits, "limit: more than 10 files")

	// Bytes and their ratio.
	zeros := make([]byte, 1<<20)
	f(gzipOf(t, zeros[:64<<10]), limits, " = "+string(zeros[:80]))
	f(gzipOf(t, zeros), limits, "limit: expands to more than 500 times its size")
	f(zstdOf(t, zeros), limits, "limit: expands to more than 500 times its size")
	f(xzOf(t, xz.WriterConfig{}, zeros), limits, "limit: expands to more than 500 times its size")
	f(zipOf(t, entry{"a", string(zeros), 0}), limits, "limit: expands to more than 500 times its size")
	f(zipOf(t, entry{"a", string(zeros[:32<<10]), 0}, entry{"b", string(zeros[:32<<10]), 0}), limits, "a = "+string(zeros[:80]), "b = "+string(zeros[:80]))
	f(tarOf(t, entry{"a.gz", string(gzipOf(t, zeros)), 0}), limits, "limit: a.gz: expands to more than 500 times its size")
	large := with(func(l *archive.Limits) { l.Ratio = 5000 })
	f(gzipOf(t, zeros), large, " = "+string(zeros[:80]))
	f(gzipOf(t, append(bytes.Clone(zeros), 0)), large, "limit: the archive expands to more than 1 MiB")
	small := with(func(l *archive.Limits) { l.Bytes = 15 })
	f(tarOf(t, entry{"a.gz", string(gzipOf(t, []byte(pod))), 0}, entry{"b.gz", string(gzipOf(t, []byte(pod))), 0}), small,
		"a.gz = "+pod, "limit: b.gz: the archive expands to more than 15 bytes")

	// Many archives, each of which is small.
	var many []entry
	for _, name := range []string{"a.gz", "b.gz", "c.gz", "d.gz"} {
		many = append(many, entry{name, string(gzipOf(t, gzipOf(t, zeros[:48<<10]))), 0})
	}
	f(zipOf(t, many...), with(func(l *archive.Limits) { l.Ratio = 200 }),
		"a.gz = "+string(zeros[:80]), "b.gz = "+string(zeros[:80]), "limit: c.gz: the archive expands to more than 200 times its size")
}

// TestLargeZips reads zip files that are too large to be copied, or whose directory is.
func TestLargeZips(t *testing.T) {
	f := func(data []byte, inPlace bool, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, read(data, archive.Limits{Depth: 4, Files: 1000, Bytes: 1 << 30, Ratio: 500, Slack: 64 << 20, Spool: 12 << 20}, inPlace)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	random := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 9<<20)
	_, err := random.Read(noise)
	check(t, err)
	z := zipOf(t, entry{"unwanted", string(noise), 0}, entry{"a", pod, 0})
	f(z, true, "a = "+pod)
	f(z, false, "a = "+pod)
	f(tarOf(t, entry{"z", string(z), 0}, entry{"b", pod, 0}), true, "z: a = "+pod, "b = "+pod)
	z = zipOf(t, entry{"unwanted", string(noise[:8<<20]), 0}, entry{"unwanted", string(noise[:8<<20]), 0})
	f(z, true)
	f(tarOf(t, entry{"z", string(z), 0}, entry{"b", pod, 0}), true, "z ! is a zip of more than 12 MiB in a stream: unpack the archive around it", "b = "+pod)

	var many []entry
	for range 300 {
		many = append(many, entry{name: strings.Repeat("a", 60000)})
	}
	f(zipOf(t, many...), true, "limit: its directory is larger than 16 MiB")

	t.Setenv("TMPDIR", "/missing")
	f(tarOf(t, entry{"z", string(zipOf(t, entry{"unwanted", string(noise), 0})), 0}, entry{"b", pod, 0}), true,
		"z ! is a zip of more than 8 MiB in a stream, which needs a temporary file in /missing: no such file or directory", "b = "+pod)
}

// TestTemporaryFiles checks that none is left.
func TestTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	noise := make([]byte, 9<<20)
	_, err := rand.NewChaCha8([32]byte{}).Read(noise)
	check(t, err)
	read(zipOf(t, entry{"unwanted", string(noise), 0}), limits, false)
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestSparse reads a tar file with a file of zeros that the tar does not hold.
func TestSparse(t *testing.T) {
	var h bytes.Buffer
	block := make([]byte, 512)
	copy(block, "a.yaml")
	copy(block[100:], "0000600\x000000000\x000000000\x0000000000000\x0000000000000\x00        S")
	copy(block[257:], "ustar  \x00")
	copy(block[386:], "77777777777\x0000000000000\x00") // one piece of nothing, at the end
	copy(block[483:], "77777777777\x00")
	sum := 0
	for _, b := range block {
		sum += int(b)
	}
	copy(block[148:], []byte{'0', byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	h.Write(block)
	h.Write(make([]byte, 1024))
	if d := cmp.Diff([]string{"limit: expands to more than 500 times its size"}, read(h.Bytes(), limits, true)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestWindow reads files that ask for windows of up to 4 GiB.
func TestWindow(t *testing.T) {
	f := func(properties byte, want string) {
		t.Helper()
		data := xzOf(t, xz.WriterConfig{}, []byte(pod))
		header := data[12 : 12+(int(data[12])+1)*4]
		at := bytes.IndexByte(header, 0x21) + 2
		header[at] = properties
		binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))
		if d := cmp.Diff([]string{want}, read(data, limits, true)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(40, " =  ! xz: needs a window of more than 128 MiB")
	f(31, " =  ! xz: needs a window of more than 128 MiB")
	f(30, " = "+pod)
	f(0, " = "+pod)
	f(41, " =  ! xz: corrupt data")

	// A frame of zstd with the exponent of its window, and one byte.
	for exponent, want := range map[byte]string{17: " = a", 18: " =  ! window size exceeded"} {
		frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 9, 0, 0, 'a'}
		if d := cmp.Diff([]string{want}, read(frame, limits, true)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}
