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

// A packer makes deflate data.
type packer interface {
	io.WriteCloser
	Flush() error
	Reset(io.Writer)
}

// packers make all kinds of blocks: those of the standard library at all levels,
// and those of klauspost/compress.
func packers(t testing.TB) (all []packer) {
	t.Helper()
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		standard, err := flate.NewWriter(io.Discard, level)
		if err != nil {
			t.Fatal(err)
		}
		quick, err := fast.NewWriter(io.Discard, level)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, standard, quick)
	}
	return all
}

// pack packs text, and ends the data with a final block if that is wanted.
func pack(t testing.TB, p packer, text []byte, final bool) []byte {
	t.Helper()
	var out bytes.Buffer
	p.Reset(&out)
	_, err := p.Write(text)
	if err == nil && final {
		err = p.Close()
	} else if err == nil {
		err = p.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// FuzzUnpack packs text in every way and unpacks it again.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("a"))
	f.Add([]byte(strings.Repeat("a", 100_000)))
	f.Add([]byte(strings.Repeat("0123456789abcdef0123456789abcdef-", 30)))
	f.Add([]byte(lines(300)))
	f.Add(noise(70_000))
	f.Add(append(noise(300), lines(100)...))
	all := packers(f)
	var d inflate.Decoder
	f.Fuzz(func(t *testing.T, text []byte) {
		before := []byte("what was there")
		for i, packer := range all {
			for _, final := range []bool{false, true} {
				data := pack(t, packer, text, final)
				got, err := d.Append(before, data, len(text))
				if err != nil || !bytes.Equal(got[len(before):], text) || !bytes.HasPrefix(got, before) {
					t.Fatalf("packer %d, final %v: %d bytes became %d: %v", i, final, len(text), len(got)-len(before), err)
				}
				for _, size := range []int{-1, len(text) - 1, len(text) + 1} {
					if got, err := d.Append(before, data, size); err == nil || !bytes.Equal(got, before) {
						t.Fatalf("packer %d: unpacked to %d bytes instead of %d", i, size, len(text))
					}
				}
			}
		}
	})
}

// FuzzData unpacks anything at all, and agrees with the standard library on what
// is deflate data and what it holds.
func FuzzData(f *testing.F) {
	for _, packer := range packers(f) {
		for _, text := range []string{"", "a", lines(3), strings.Repeat("ab", 200)} {
			f.Add(pack(f, packer, []byte(text), false))
			f.Add(pack(f, packer, []byte(text), true))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, whole := standard(data)
		if len(want) > 1<<20 {
			return
		}
		var d inflate.Decoder
		got, err := d.Append(nil, data, len(want))
		if whole && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("%x holds %q, not %q: %v", data, want, got, err)
		}
		if !whole && err == nil {
			t.Fatalf("%x is not whole", data)
		}
	})
}

// standard unpacks with the standard library. It reports whether the data is
// whole: ends with a final block, or on a byte between two.
func standard(data []byte) (text []byte, whole bool) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err == nil {
		return text, true
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(data) == 0 {
		return text, len(data) == 0
	}
	// A final block is what is missing, if that makes it whole.
	ended := append(bytes.Clone(data), 1, 0, 0, 0xff, 0xff)
	r := bytes.NewReader(ended)
	more, err := io.ReadAll(flate.NewReader(r))
	return text, err == nil && r.Len() == 0 && len(more) == len(text)
}

// TestEveryCut cuts data off everywhere: what is missing is missed.
func TestEveryCut(t *testing.T) {
	text := []byte(lines(20))
	for i, packer := range packers(t) {
		data := pack(t, packer, text, true)
		var d inflate.Decoder
		for n := range data {
			if _, err := d.Append(nil, data[:n], len(text)); err == nil && n < len(data)-5 {
				t.Errorf("packer %d: %d of %d bytes are enough", i, n, len(data))
			}
		}
	}
}

// TestNoAllocation holds that unpacking into memory that is large enough
// allocates none.
func TestNoAllocation(t *testing.T) {
	text := []byte(lines(200))
	data := pack(t, quickest(t), text, false)
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

// lines are lines as they are served.
func lines(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "kube_pod_container_status_ready{namespace=\"team-%d\",pod=\"web-%x\",uid=\"%08x-%04x-4%03x-%04x-%012x\",container=\"app\"} %d\n",
			i%7, r.Uint32()&0xfffff, r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xffff, r.Uint64()&0xffffffffffff, i%2)
	}
	return b.String()
}

// quickest is the packer of the store.
func quickest(t testing.TB) packer {
	t.Helper()
	p, err := fast.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func noise(n int) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// BenchmarkUnpack unpacks blocks as the store has them. The reference is the
// reader of klauspost/compress, used as well as it can be.
func BenchmarkUnpack(b *testing.B) {
	text := []byte(lines(64))
	data := pack(b, quickest(b), text, false)
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
