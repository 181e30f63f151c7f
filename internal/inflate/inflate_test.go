package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	fast "github.com/klauspost/compress/flate"

	"github.com/kubestate/kubestate/internal/inflate"
)

// A compressor makes deflate data.
type compressor interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// compressors returns those of the standard library and of klauspost/compress at all levels, which
// make all kinds of blocks.
func compressors(t testing.TB) (all []compressor) {
	t.Helper()
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		standard, err := flate.NewWriter(io.Discard, level)
		if err != nil {
			t.Fatal(err)
		}
		klauspost, err := fast.NewWriter(io.Discard, level)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, standard, klauspost)
	}
	return all
}

// deflate compresses text, with or without a final block.
func deflate(t testing.TB, c compressor, text []byte, final bool) []byte {
	t.Helper()
	var out bytes.Buffer
	c.Reset(&out)
	_, err := c.Write(text)
	if err == nil && final {
		err = c.Close()
	} else if err == nil {
		err = c.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// FuzzText inflates text of all compressors.
func FuzzText(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a"))
	f.Add([]byte(strings.Repeat("a", 100_000)))
	f.Add([]byte(strings.Repeat("0123456789abcdef0123456789abcdef-", 30)))
	f.Add([]byte(lines(300)))
	f.Add(noise(70_000))
	f.Add(append(noise(300), lines(100)...))
	all := compressors(f)
	var d inflate.Decoder
	f.Fuzz(func(t *testing.T, text []byte) {
		before := []byte("prefix")
		for i, c := range all {
			for _, final := range []bool{false, true} {
				data := deflate(t, c, text, final)
				got, err := d.Append(before, data, len(text))
				if err != nil || !bytes.Equal(got[len(before):], text) || !bytes.HasPrefix(got, before) {
					t.Fatalf("compressor %d, final %v: %d bytes became %d: %v", i, final, len(text), len(got)-len(before), err)
				}
				for _, size := range []int{-1, len(text) - 1, len(text) + 1} {
					if got, err := d.Append(before, data, size); err == nil || !bytes.Equal(got, before) {
						t.Fatalf("compressor %d: no error for %d bytes in place of %d", i, size, len(text))
					}
				}
			}
		}
	})
}

// FuzzData inflates arbitrary data with the result of the standard library.
func FuzzData(f *testing.F) {
	for _, c := range compressors(f) {
		for _, text := range []string{"", "a", lines(3), strings.Repeat("ab", 200)} {
			f.Add(deflate(f, c, []byte(text), false))
			f.Add(deflate(f, c, []byte(text), true))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, complete := standard(data)
		if len(want) > 1<<20 {
			return
		}
		var d inflate.Decoder
		got, err := d.Append(nil, data, len(want))
		if complete && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("%x: %q, %v, want %q", data, got, err, want)
		}
		if !complete && err == nil {
			t.Fatalf("%x: no error for incomplete data", data)
		}
	})
}

// standard inflates with the standard library. It reports whether the data ends with a final block
// or on a byte boundary between blocks.
func standard(data []byte) (text []byte, complete bool) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err == nil {
		return text, true
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(data) == 0 {
		return text, len(data) == 0
	}
	// Only a final block may be missing.
	ended := append(bytes.Clone(data), 1, 0, 0, 0xff, 0xff)
	r := bytes.NewReader(ended)
	more, err := io.ReadAll(flate.NewReader(r))
	return text, err == nil && r.Len() == 0 && len(more) == len(text)
}

// TestTruncated expects an error for data truncated anywhere before its final block.
func TestTruncated(t *testing.T) {
	text := []byte(lines(20))
	for i, c := range compressors(t) {
		data := deflate(t, c, text, true)
		var d inflate.Decoder
		for n := range data {
			if _, err := d.Append(nil, data[:n], len(text)); err == nil && n < len(data)-5 {
				t.Errorf("compressor %d: no error for %d of %d bytes", i, n, len(data))
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	text := []byte(lines(200))
	data := deflate(t, fastest(t), text, false)
	var d inflate.Decoder
	into := make([]byte, 0, len(text))
	if n := testing.AllocsPerRun(10, func() {
		if _, err := d.Append(into, data, len(text)); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// lines returns lines of a pod's family.
func lines(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "kube_pod_container_status_ready{namespace=\"team-%d\",pod=\"web-%x\",uid=\"%08x-%04x-4%03x-%04x-%012x\",container=\"app\"} %d\n",
			i%7, r.Uint32()&0xfffff, r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xffff, r.Uint64()&0xffffffffffff, i%2)
	}
	return b.String()
}

// fastest returns the compressor of the store.
func fastest(t testing.TB) compressor {
	t.Helper()
	c, err := fast.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// BenchmarkAppend inflates a block of the store. The reference is the reader of klauspost/compress.
func BenchmarkAppend(b *testing.B) {
	text := []byte(lines(64))
	data := deflate(b, fastest(b), text, false)
	into := make([]byte, len(text))
	b.Run("own", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		var d inflate.Decoder
		for b.Loop() {
			if _, err := d.Append(into[:0], data, len(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reference", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		in := bytes.NewReader(data)
		r := fast.NewReader(in)
		for b.Loop() {
			in.Reset(data)
			err := r.(fast.Resetter).Reset(in, nil)
			if err == nil {
				_, err = io.ReadFull(r, into)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
