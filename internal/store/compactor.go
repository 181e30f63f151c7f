package store

import (
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/flate"
)

// compressionLevel is the fastest level; others save 1 % at most.
const compressionLevel = 1

// A compactor compresses the open blocks of a page.
type compactor struct {
	z       *flate.Writer
	open    []*block // the page's
	own     []bool   // by family: the block had no other holder
	chunks  []chunk  // to compress
	lengths []uint32 // of their lines, by slot
	fresh   fresh    // the result
	text    []byte
	scratch []byte
}

var compactors = sync.Pool{New: func() any {
	w := &compactor{}
	z, err := flate.NewWriter(w, compressionLevel)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	w.z = z
	return w
}}

// Write takes compressed bytes.
func (w *compactor) Write(p []byte) (int, error) {
	w.fresh.data = append(w.fresh.data, p...)
	return len(p), nil
}

// release returns w to the pool. w must not be used afterwards.
func (w *compactor) release() {
	clear(w.open)
	clear(w.chunks)
	w.own, w.open, w.chunks, w.lengths = w.own[:0], w.open[:0], w.chunks[:0], w.lengths[:0]
	f := &w.fresh
	f.families, f.blocks, f.data, f.counts = f.families[:0], f.blocks[:0], f.data[:0], f.counts[:0]
	compactors.Put(w)
}

// take captures the open blocks of a page, under the partition's lock. It reports whether there
// are any.
func (w *compactor) take(pg *page) bool {
	w.open = append(w.open, pg.open...)
	for family, b := range w.open {
		w.own = append(w.own, b.share())
		if b == nil {
			continue
		}
		w.fresh.families = append(w.fresh.families, family)
		w.chunks = append(w.chunks, pg.chunk(family))
		for slot := range pageSlots {
			w.lengths = append(w.lengths, uint32(pg.fingerprints.length(slot, family)))
		}
	}
	if len(w.chunks) == 0 {
		return false
	}
	pg.compacting++
	return true
}

// compact compresses the captured blocks.
func (w *compactor) compact() {
	for i := range w.chunks {
		text := w.chunks[i].block.text
		if w.chunks[i].block.hasDeltas {
			w.text = w.chunks[i].appendWhole(w.text[:0], &w.scratch)
			text = w.text
		}
		p := w.deflate(text)
		w.fresh.counts = p.measure(text, w.lengths[i*pageSlots:(i+1)*pageSlots], w.fresh.counts)
		w.fresh.blocks = append(w.fresh.blocks, p)
	}
}

// deflate appends text to the result as deflate data without a final block, flushed to a
// byte boundary.
func (w *compactor) deflate(text []byte) compressedBlock {
	p := compressedBlock{start: uint32(len(w.fresh.data)), size: uint32(len(text))}
	if len(text) > 0 {
		w.z.Reset(w)
		_, err := w.z.Write(text)
		if err == nil {
			err = w.z.Flush()
		}
		if err != nil {
			panic("BUG: deflate into memory: " + err.Error())
		}
	}
	p.end = uint32(len(w.fresh.data))
	p.crc, p.shift = crc32.ChecksumIEEE(text), shift(len(text))
	return p
}

// constant compresses text that belongs to no page.
func constant(text []byte) *chunk {
	w := compactors.Get().(*compactor)
	defer w.release()
	p := w.deflate(text)
	return &chunk{compressed: p, data: append([]byte(nil), w.fresh.data...), size: len(text)}
}
