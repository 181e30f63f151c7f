package store

import "slices"

// A table is what of a page is packed, as it was at one moment. Nothing in it ever
// changes. The packed bytes of many families lie in one run, since each piece of
// memory by itself is one that the collector has to visit, and rounded up.
type table struct {
	runs [maxRuns][]byte
	// columns gives, by family, one more than the index of its block, 0 where there is
	// no text: of a resource's families many are of rare things.
	columns []uint16
	blocks  []packed
	// counts are numbers of lines by slot, of the families in which they differ.
	counts []uint16
	// size is that of all text, packedSize that of what it is packed.
	size, packedSize int
}

// Families that change often come to lie in a run of their own, which is all that
// has to be replaced when they do.
const maxRuns = 4

// packed is a packed block. Without text there is none.
type packed struct {
	run, start, end uint32 // where it lies
	size, lines     uint32 // of the text
	crc, shift      uint32 // of the text
	// each is how many lines every object has that has some, or, above varied, where
	// their numbers begin in counts.
	each uint32
}

const varied = 1 << 31

// measure notes numbers of lines, given text and its lengths by slot. It appends to
// counts what has to be there.
func (p *packed) measure(text []byte, lengths []uint32, counts []uint16) []uint16 {
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

// move copies what p has in from to the end of counts.
func (p *packed) move(from, counts []uint16) []uint16 {
	if p.each&varied == 0 {
		return counts
	}
	begin := p.each &^ varied
	p.each = varied | uint32(len(counts))
	return append(counts, from[begin:begin+pageSlots]...)
}

// block is that of a family. It must not change.
func (t *table) block(family int) *packed {
	if c := t.columns[family]; c > 0 {
		return &t.blocks[c-1]
	}
	return &noText
}

var noText packed

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

// data is the packed bytes of a block.
func (t *table) data(p *packed) []byte { return t.runs[p.run][p.start:p.end] }

// held is how many bytes are held for packed text.
func (t *table) held() int {
	n := 0
	if t != nil {
		for _, run := range t.runs {
			n += len(run)
		}
	}
	return n
}

// What decides how runs are joined: a run of which more than an eighth is replaced
// is written anew, without that, and runs that are too small to matter are joined.
const (
	wornShare = 8
	smallRun  = 4 << 10
)

// fresh are families that have been packed anew.
type fresh struct {
	families []int
	blocks   []packed // of each; run is not set yet
	data     []byte   // in which they lie
	counts   []uint16
}

// without is f without families of which gone says true.
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

// with is the table with f in the place of what it has of those families.
func (t *table) with(f *fresh) *table {
	n := t.without(f)
	renamed, run, rest := n.keep(t)
	size := rest
	if rest < smallRun || len(f.data) < smallRun {
		size += len(f.data) // one run for both
	}
	n.runs[run] = make([]byte, 0, size)
	for i := range n.blocks {
		p := &n.blocks[i]
		n.counts = p.move(t.counts, n.counts)
		if kept := renamed[p.run]; kept >= 0 {
			p.run = uint32(kept)
		} else {
			n.put(p, run, t.data(p))
		}
	}
	if size == rest {
		run++
		n.runs[run] = make([]byte, 0, len(f.data))
	}
	for i, family := range f.families {
		if p := f.blocks[i]; p.size > 0 {
			n.counts = p.move(f.counts, n.counts)
			n.put(&p, run, f.data[p.start:p.end])
			n.add(family, p)
		}
	}
	for i := range n.blocks {
		n.size += int(n.blocks[i].size)
		n.packedSize += int(n.blocks[i].end - n.blocks[i].start)
	}
	return n
}

// without has the blocks of the table but for those of the families of f, for which
// there is room. Where they lie is what it is in the table.
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
	n := &table{columns: make([]uint16, len(t.columns)), blocks: make([]packed, 0, left)}
	for family, c := range t.columns {
		if c > 0 && !replaced[family] {
			n.add(family, t.blocks[c-1])
		}
	}
	return n
}

func (t *table) add(family int, p packed) {
	t.blocks = append(t.blocks, p)
	t.columns[family] = uint16(len(t.blocks))
}

// keep takes the runs of t that can stay as they are. It gives their new numbers, -1
// for others, the number of the next run, and how many bytes of others are needed.
func (t *table) keep(old *table) (renamed [maxRuns]int, next, rest int) {
	var live [maxRuns]int
	for i := range t.blocks {
		live[t.blocks[i].run] += int(t.blocks[i].end - t.blocks[i].start)
	}
	bySize := [maxRuns]int{0, 1, 2, 3}
	slices.SortFunc(bySize[:], func(a, b int) int { return live[b] - live[a] })
	for _, run := range bySize {
		worn := (len(old.runs[run])-live[run])*wornShare > len(old.runs[run])
		if next == maxRuns-2 || worn || live[run] < smallRun {
			renamed[run], rest = -1, rest+live[run]
			continue
		}
		t.runs[next] = old.runs[run]
		renamed[run], next = next, next+1
	}
	return renamed, next, rest
}

// put appends a family's bytes to a run.
func (t *table) put(p *packed, run int, bytes []byte) {
	p.run, p.start = uint32(run), uint32(len(t.runs[run]))
	t.runs[run] = append(t.runs[run], bytes...)
	p.end = uint32(len(t.runs[run]))
}
