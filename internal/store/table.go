package store

import "slices"

// A table locates the compressed blocks of a page. It is immutable. Blocks of many families
// share an extent: separate allocations would be rounded up, and scanned by the collector.
type table struct {
	extents [maxExtents][]byte
	// columns has, by family, the index of its block plus 1, 0 for families without text:
	// many families are rare.
	columns []uint16
	blocks  []compressedBlock
	// counts has numbers of lines by slot, of families in which they differ.
	counts []uint16
	// size and compressedSize are the totals of all blocks.
	size, compressedSize int
}

// maxExtents is the number of extents of a page. What is compressed together gets an extent,
// so that families that change often end up apart from the others.
const maxExtents = 4

// A compressedBlock locates and describes a compressed block.
type compressedBlock struct {
	extent, start, end uint32 // location
	size, lines        uint32 // of the text
	crc, shift         uint32 // of the text
	// each is the number of lines of every object that has any; with varied set, the offset
	// of the numbers in counts.
	each uint32
}

const varied = 1 << 31

// measure sets the numbers of lines from text and its lengths by slot. It appends to counts
// if they differ.
func (p *compressedBlock) measure(text []byte, lengths []uint32, counts []uint16) []uint16 {
	begin, same := len(counts), true
	p.lines, p.each = 0, 0
	for _, length := range lengths {
		n := uint32(countLines(text[:length]))
		text = text[length:]
		p.lines += n
		if length > 0 {
			same = same && (p.each == n || p.each == 0 && n > 0)
			p.each = n
		}
		counts = append(counts, uint16(min(n, 1<<16-1)))
	}
	if same {
		return counts[:begin]
	}
	p.each = varied | uint32(begin)
	return counts
}

// move appends the numbers that p has in from to counts.
func (p *compressedBlock) move(from, counts []uint16) []uint16 {
	if p.each&varied == 0 {
		return counts
	}
	begin := p.each &^ varied
	p.each = varied | uint32(len(counts))
	return append(counts, from[begin:begin+pageSlots]...)
}

// block is that of a family. It must not change.
func (t *table) block(family int) *compressedBlock {
	if c := t.columns[family]; c > 0 {
		return &t.blocks[c-1]
	}
	return &noText
}

var noText compressedBlock

// lines is how many a slot has in a family, given their length. Of more than 65,535
// it knows no more than that.
func (t *table) lines(family, slot, length int) int {
	switch each := t.block(family).each; {
	case length == 0:
		return 0
	case each&varied != 0:
		return int(t.counts[int(each&^varied)+slot])
	default:
		return int(each)
	}
}

// data returns the bytes of a block.
func (t *table) data(p *compressedBlock) []byte { return t.extents[p.extent][p.start:p.end] }

// held returns the memory of compressed blocks.
func (t *table) held() int {
	n := 0
	if t != nil {
		for _, extent := range t.extents {
			n += len(extent)
		}
	}
	return n
}

// Thresholds of rewriting: an extent is rewritten if more than an eighth of it is dead or
// it is small.
const (
	wornShare   = 8
	smallExtent = 4 << 10
)

// fresh has newly compressed blocks.
type fresh struct {
	families []int
	blocks   []compressedBlock // by index in families; extent is not set
	data     []byte            // their bytes
	counts   []uint16
}

// without returns f without the families for which gone returns true.
func (f *fresh) without(gone func(family int) bool) *fresh {
	left := &fresh{data: f.data, counts: f.counts}
	for i, family := range f.families {
		if !gone(family) {
			left.families = append(left.families, family)
			left.blocks = append(left.blocks, f.blocks[i])
		}
	}
	return left
}

// with returns the table with the blocks of f in place of its own.
func (t *table) with(f *fresh) *table {
	n := t.without(f)
	renamed, extent, rest := n.keep(t)
	size := rest
	if rest < smallExtent || len(f.data) < smallExtent {
		size += len(f.data) // one extent for both
	}
	n.extents[extent] = make([]byte, 0, size)
	for i := range n.blocks {
		p := &n.blocks[i]
		n.counts = p.move(t.counts, n.counts)
		if kept := renamed[p.extent]; kept >= 0 {
			p.extent = uint32(kept)
		} else {
			n.put(p, extent, t.data(p))
		}
	}
	if size == rest {
		extent++
		n.extents[extent] = make([]byte, 0, len(f.data))
	}
	for i, family := range f.families {
		if p := f.blocks[i]; p.size > 0 {
			n.counts = p.move(f.counts, n.counts)
			n.put(&p, extent, f.data[p.start:p.end])
			n.add(family, p)
		}
	}
	for i := range n.blocks {
		n.size += int(n.blocks[i].size)
		n.compressedSize += int(n.blocks[i].end - n.blocks[i].start)
	}
	return n
}

// without returns a table with the other blocks than those of f, at their locations in t, and
// with capacity for those of f.
func (t *table) without(f *fresh) *table {
	replaced := make([]bool, len(t.columns))
	left := len(t.blocks)
	for i, family := range f.families {
		replaced[family] = true
		if t.columns[family] > 0 {
			left--
		}
		if f.blocks[i].size > 0 {
			left++
		}
	}
	n := &table{columns: make([]uint16, len(t.columns)), blocks: make([]compressedBlock, 0, left)}
	for family, c := range t.columns {
		if c > 0 && !replaced[family] {
			n.add(family, t.blocks[c-1])
		}
	}
	return n
}

func (t *table) add(family int, p compressedBlock) {
	t.blocks = append(t.blocks, p)
	t.columns[family] = uint16(len(t.blocks))
}

// keep adopts the extents of old that need no rewriting. It returns the new number of each
// extent, -1 for others, the next free number, and the live bytes of the others.
func (t *table) keep(old *table) (renamed [maxExtents]int, next, rest int) {
	var live [maxExtents]int
	for i := range t.blocks {
		live[t.blocks[i].extent] += int(t.blocks[i].end - t.blocks[i].start)
	}
	bySize := [maxExtents]int{0, 1, 2, 3}
	slices.SortFunc(bySize[:], func(a, b int) int { return live[b] - live[a] })
	for _, extent := range bySize {
		worn := (len(old.extents[extent])-live[extent])*wornShare > len(old.extents[extent])
		if next == maxExtents-2 || worn || live[extent] < smallExtent {
			renamed[extent], rest = -1, rest+live[extent]
			continue
		}
		t.extents[next] = old.extents[extent]
		renamed[extent], next = next, next+1
	}
	return renamed, next, rest
}

// put appends the bytes of a block to an extent.
func (t *table) put(p *compressedBlock, extent int, bytes []byte) {
	p.extent, p.start = uint32(extent), uint32(len(t.extents[extent]))
	t.extents[extent] = append(t.extents[extent], bytes...)
	p.end = uint32(len(t.extents[extent]))
}
