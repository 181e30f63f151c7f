package store

import (
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/flate"
)

// packLevel is the quickest level: what is packed is one change old at the
// least, and may be packed again at the next.
const packLevel = 1

// A packer packs what is open of a page.
type packer struct {
	z       *flate.Writer
	open    []*block // the page's
	own     []bool   // by family: nobody else had it then
	pieces  []piece  // of the families that are packed
	lengths []uint32 // of those by slot
	fresh   fresh    // what they are packed
	text    []byte
	scratch []byte
}

var packers = sync.Pool{New: func() any {
	w := &packer{}
	z, err := flate.NewWriter(w, packLevel)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	w.z = z
	return w
}}

// Write takes packed bytes.
func (w *packer) Write(p []byte) (int, error) {
	w.fresh.data = append(w.fresh.data, p...)
	return len(p), nil
}

// release gives w back. It must not be used afterwards.
func (w *packer) release() {
	clear(w.open)
	clear(w.pieces)
	w.own, w.open, w.pieces, w.lengths = w.own[:0], w.open[:0], w.pieces[:0], w.lengths[:0]
	f := &w.fresh
	f.families, f.blocks, f.data, f.counts = f.families[:0], f.blocks[:0], f.data[:0], f.counts[:0]
	packers.Put(w)
}

// take notes what is open of a page, under the part's lock. It says whether there
// is something.
func (w *packer) take(pg *page) bool {
	w.open = append(w.open, pg.open...)
	for family, b := range w.open {
		w.own = append(w.own, b.share())
		if b == nil {
			continue
		}
		w.fresh.families = append(w.fresh.families, family)
		w.pieces = append(w.pieces, pg.piece(family))
		for slot := range pageSlots {
			w.lengths = append(w.lengths, uint32(pg.marks.length(slot, family)))
		}
	}
	if len(w.pieces) == 0 {
		return false
	}
	pg.packing++
	return true
}

// pack packs what was taken.
func (w *packer) pack() {
	for i := range w.pieces {
		text := w.pieces[i].block.text
		if w.pieces[i].block.edited {
			w.text = w.pieces[i].appendWhole(w.text[:0], &w.scratch)
			text = w.text
		}
		p := w.deflate(text)
		w.fresh.counts = p.measure(text, w.lengths[i*pageSlots:(i+1)*pageSlots], w.fresh.counts)
		w.fresh.blocks = append(w.fresh.blocks, p)
	}
}

// deflate appends text to what is packed, as deflate data that ends on a byte and
// is not final.
func (w *packer) deflate(text []byte) packed {
	p := packed{start: uint32(len(w.fresh.data)), size: uint32(len(text))}
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

// constant is a packed piece of text that belongs to no page.
func constant(text []byte) *piece {
	w := packers.Get().(*packer)
	defer w.release()
	p := w.deflate(text)
	return &piece{packed: p, data: append([]byte(nil), w.fresh.data...), size: len(text)}
}
