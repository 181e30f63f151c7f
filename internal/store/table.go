package store

import "slices"

// A table locates the compressed blocks of a page. It is immutable. Blocks of many families share
// an extent: the garbage collector would round up and scan separate allocations.
type table struct {
	extents [maxExtents][]byte
	// columns has the indexes of families' blocks plus 1, 0 for families without text: many
	// families are rare.
	columns []uint16
	blocks  []compressedBlock
	// counts has line counts by slot, of families in which they differ.
	counts []uint16
	// size and compressedSize are the totals of all blocks.
	size, compressedSize int
}

// maxExtents is the number of extents of a page. Blocks of one compaction get an extent, so that
// families that change often end up apart from the others.
const maxExtents = 4

// A compressedBlock locates and describes a compressed block.
type compressedBlock struct {
	extent, start, end uint32 // location
	size, lineCount    uint32 // of the text
	crc, shift         uint32 // of the text
	// perSlot is the line count of every slot that has lines; with varied set, the offset of the
	// block's line counts in counts.
	perSlot uint32
}

const varied = 1 << 31

// maxSlotLines is the largest line count of a slot in table.counts, which stands for all larger ones.
const maxSlotLines = 1<<16 - 1

// setLineCounts sets lineCount and perSlot from text and its lengths by slot. It appends to counts if
// the line counts differ.
func (b *compressedBlock) setLineCounts(text []byte, lengths []uint32, counts []uint16) []uint16 {
	begin, same := len(counts), true
	b.lineCount, b.perSlot = 0, 0
	for _, length := range lengths {
		n := uint32(countLines(text[:length]))
		text = text[length:]
		b.lineCount += n
		if length > 0 {
			same = same && (b.perSlot == n || b.perSlot == 0 && n > 0)
			b.perSlot = n
		}
		counts = append(counts, uint16(min(n, maxSlotLines)))
	}
	if same {
		return counts[:begin]
	}
	b.perSlot = varied | uint32(begin)
	return counts
}

// moveCounts moves the block's line counts from one slice to another.
func (b *compressedBlock) moveCounts(from, counts []uint16) []uint16 {
	if b.perSlot&varied == 0 {
		return counts
	}
	begin := b.perSlot &^ varied
	b.perSlot = varied | uint32(len(counts))
	return append(counts, from[begin:begin+pageSlots]...)
}

// block returns the block of a family, which is immutable.
func (t *table) block(family int) *compressedBlock {
	if c := t.columns[family]; c > 0 {
		return &t.blocks[c-1]
	}
	return &noText
}

var noText compressedBlock

// lineCount returns a slot's line count of a family, at most maxSlotLines if they differ, given the
// length of the lines.
func (t *table) lineCount(family, slot, length int) int {
	switch n := t.block(family).perSlot; {
	case length == 0:
		return 0
	case n&varied != 0:
		return int(t.counts[int(n&^varied)+slot])
	default:
		return int(n)
	}
}

// data returns the bytes of a block.
func (t *table) data(b *compressedBlock) []byte { return t.extents[b.extent][b.start:b.end] }

// memory returns the memory of compressed blocks.
func (t *table) memory() int {
	n := 0
	if t != nil {
		for _, extent := range t.extents {
			n += len(extent)
		}
	}
	return n
}

// output is the output of a compaction.
type output struct {
	families []int
	blocks   []compressedBlock // by index in families; extent is not set
	data     []byte            // of the blocks
	counts   []uint16
}

// without returns out without the families for which exclude returns true.
func (out *output) without(exclude func(family int) bool) *output {
	left := &output{data: out.data, counts: out.counts}
	for i, family := range out.families {
		if !exclude(family) {
			left.families = append(left.families, family)
			left.blocks = append(left.blocks, out.blocks[i])
		}
	}
	return left
}

// with returns a copy of t with the blocks of out in place of t's own.
func (t *table) with(out *output, o *options) *table {
	n := t.without(out)
	reused, extent, rewritten := n.reuseExtents(t, o)
	size := rewritten
	if rewritten < o.smallExtent || len(out.data) < o.smallExtent {
		size += len(out.data) // one extent for both
	}
	n.extents[extent] = make([]byte, 0, size)
	for i := range n.blocks {
		b := &n.blocks[i]
		n.counts = b.moveCounts(t.counts, n.counts)
		if e := reused[b.extent]; e >= 0 {
			b.extent = uint32(e)
		} else {
			n.put(b, extent, t.data(b))
		}
	}
	if size == rewritten {
		extent++
		n.extents[extent] = make([]byte, 0, len(out.data))
	}
	for i, family := range out.families {
		if b := out.blocks[i]; b.size > 0 {
			n.counts = b.moveCounts(out.counts, n.counts)
			n.put(&b, extent, out.data[b.start:b.end])
			n.add(family, b)
		}
	}
	for i := range n.blocks {
		n.size += int(n.blocks[i].size)
		n.compressedSize += int(n.blocks[i].end - n.blocks[i].start)
	}
	return n
}

// without returns a table with t's blocks of families that are not in out, at their locations in
// t, and with capacity for the blocks of out.
func (t *table) without(out *output) *table {
	replaced := make([]bool, len(t.columns))
	blocks := len(t.blocks)
	for i, family := range out.families {
		replaced[family] = true
		if t.columns[family] > 0 {
			blocks--
		}
		if out.blocks[i].size > 0 {
			blocks++
		}
	}
	n := &table{columns: make([]uint16, len(t.columns)), blocks: make([]compressedBlock, 0, blocks)}
	for family, c := range t.columns {
		if c > 0 && !replaced[family] {
			n.add(family, t.blocks[c-1])
		}
	}
	return n
}

func (t *table) add(family int, b compressedBlock) {
	t.blocks = append(t.blocks, b)
	t.columns[family] = uint16(len(t.blocks))
}

// reuseExtents takes over the extents of old that need no rewriting. It returns the new index of
// each extent of old, -1 for a rewritten one, the next free index, and the live bytes to rewrite.
func (t *table) reuseExtents(old *table, o *options) (reused [maxExtents]int, next, rewritten int) {
	var live [maxExtents]int
	for i := range t.blocks {
		live[t.blocks[i].extent] += int(t.blocks[i].end - t.blocks[i].start)
	}
	bySize := [maxExtents]int{0, 1, 2, 3}
	slices.SortFunc(bySize[:], func(a, b int) int { return live[b] - live[a] })
	for _, extent := range bySize {
		size := len(old.extents[extent])
		if next == maxExtents-2 || (size-live[extent])*o.deadShare > size || live[extent] < o.smallExtent {
			reused[extent], rewritten = -1, rewritten+live[extent]
			continue
		}
		t.extents[next] = old.extents[extent]
		reused[extent], next = next, next+1
	}
	return reused, next, rewritten
}

// put appends the bytes of a block to an extent.
func (t *table) put(b *compressedBlock, extent int, bytes []byte) {
	b.extent, b.start = uint32(extent), uint32(len(t.extents[extent]))
	t.extents[extent] = append(t.extents[extent], bytes...)
	b.end = uint32(len(t.extents[extent]))
}
