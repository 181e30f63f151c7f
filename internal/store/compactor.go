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
	z         *flate.Writer
	open      []*openBlock // of the page, by family
	exclusive []bool       // by family: the block had no other holder
	chunks    []chunk      // to compress
	lengths   []uint32     // of the chunks' lines, by slot
	output    output
	text      []byte
	scratch   []byte
}

var compactors = sync.Pool{New: func() any {
	c := &compactor{}
	z, err := flate.NewWriter(c, compressionLevel)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	c.z = z
	return c
}}

// Write appends compressed bytes to the output.
func (c *compactor) Write(p []byte) (int, error) {
	c.output.data = append(c.output.data, p...)
	return len(p), nil
}

// release returns c to the pool. c must not be used afterwards.
func (c *compactor) release() {
	clear(c.open)
	clear(c.chunks)
	c.exclusive, c.open, c.chunks, c.lengths = c.exclusive[:0], c.open[:0], c.chunks[:0], c.lengths[:0]
	o := &c.output
	o.families, o.blocks, o.data, o.counts = o.families[:0], o.blocks[:0], o.data[:0], o.counts[:0]
	compactors.Put(c)
}

// capture takes the open blocks of a page, under the partition's lock. It reports whether there
// are any.
func (c *compactor) capture(pg *page) bool {
	c.open = append(c.open, pg.open...)
	for family, b := range c.open {
		c.exclusive = append(c.exclusive, b.share())
		if b == nil {
			continue
		}
		c.output.families = append(c.output.families, family)
		c.chunks = append(c.chunks, pg.chunk(family))
		for slot := range pageSlots {
			c.lengths = append(c.lengths, uint32(pg.fingerprints.length(slot, family)))
		}
	}
	if len(c.chunks) == 0 {
		return false
	}
	pg.compacting++
	return true
}

// compact compresses the captured blocks.
func (c *compactor) compact() {
	for i := range c.chunks {
		text := c.chunks[i].open.text
		if c.chunks[i].open.hasDeltas {
			c.text = c.chunks[i].appendAll(c.text[:0], &c.scratch)
			text = c.text
		}
		b := c.deflate(text)
		c.output.counts = b.setLineCounts(text, c.lengths[i*pageSlots:(i+1)*pageSlots], c.output.counts)
		c.output.blocks = append(c.output.blocks, b)
	}
}

// deflate appends text to the output as deflate data without a final block, flushed to a byte
// boundary.
func (c *compactor) deflate(text []byte) compressedBlock {
	b := compressedBlock{start: uint32(len(c.output.data)), size: uint32(len(text))}
	if len(text) > 0 {
		c.z.Reset(c)
		_, err := c.z.Write(text)
		if err == nil {
			err = c.z.Flush()
		}
		if err != nil {
			panic("BUG: deflate into memory: " + err.Error())
		}
	}
	b.end = uint32(len(c.output.data))
	b.crc, b.shift = crc32.ChecksumIEEE(text), shift(len(text))
	return b
}

// constant compresses text that belongs to no page.
func constant(text []byte) *chunk {
	c := compactors.Get().(*compactor)
	defer c.release()
	b := c.deflate(text)
	return &chunk{compressed: b, data: append([]byte(nil), c.output.data...), size: len(text)}
}
