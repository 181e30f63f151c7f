package store

import "slices"

// Thresholds of compaction. A page that changes again soon is better left open. Deltas take
// little memory and wait longer than text. The budget of open bytes is maxOpenBytes, or a
// share of the compressed bytes if that is more.
const (
	quietTicks      = 5
	quietDeltaTicks = 15
	muchText        = 64 << 10 // of a page
	maxOpenBytes    = 24 << 20
	maxOpenShare    = 4
)

// Compact compacts quiet pages, and the heaviest others if the partition is over budget. One
// goroutine calls it about once a second.
func (p *Partition) Compact() {
	for _, pg := range p.duePages() {
		p.compactPage(pg)
	}
}

// duePages starts a tick and returns the pages to compact in it.
func (p *Partition) duePages() []*page {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticks++
	var due, others []*page
	open, compressed := 0, 0
	for _, pg := range p.pages {
		if pg == nil {
			continue
		}
		compressed += pg.table.held()
		switch {
		case pg.removed != 0:
			due = append(due, pg)
		case pg.open == nil:
		case pg.isQuiet(p.ticks):
			due = append(due, pg)
		default:
			others = append(others, pg)
			open += pg.openBytes
		}
	}
	p.budget = max(maxOpenBytes, compressed/maxOpenShare)
	return append(due, p.heaviest(others, open-p.budget)...)
}

// overBudget returns the heaviest pages if the partition is over budget: enough of them to free
// half of it.
func (p *Partition) overBudget() []*page {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.openBytes <= p.budget {
		return nil
	}
	var open []*page
	for _, pg := range p.pages {
		if pg != nil && pg.open != nil {
			open = append(open, pg)
		}
	}
	return p.heaviest(open, p.openBytes-p.budget/2)
}

// maxDeltas returns the present limit of deltas in a block.
func (p *Partition) maxDeltas() int {
	if p.openBytes > p.budget {
		return maxDeltasOverBudget
	}
	return maxDeltas
}

// heaviest returns the pages with the largest product of open bytes and age, until the given
// amount is reached.
func (p *Partition) heaviest(pages []*page, amount int) []*page {
	if amount <= 0 {
		return nil
	}
	weight := func(pg *page) int { return pg.openBytes * int(1+p.ticks-pg.touched) }
	slices.SortFunc(pages, func(a, b *page) int { return weight(b) - weight(a) })
	for n, pg := range pages {
		if amount -= pg.openBytes; amount <= 0 {
			return pages[:n+1]
		}
	}
	return pages
}

// isQuiet reports whether the page has not changed for long enough.
func (p *page) isQuiet(now uint64) bool {
	if p.table == nil || p.openBytes > muchText {
		return now-p.touched >= quietTicks
	}
	return now-p.touched >= quietDeltaTicks
}

// compactPage purges a page and compresses its open blocks. It holds no lock while it
// compresses.
func (p *Partition) compactPage(pg *page) {
	w := compactors.Get().(*compactor)
	defer w.release()
	p.mu.Lock()
	p.purge(pg)
	some := w.take(pg)
	p.mu.Unlock()
	if !some {
		return
	}
	w.compact()
	p.mu.Lock()
	defer p.mu.Unlock()
	before := pg.openBytes
	p.spare.put(pg.close(w))
	p.openBytes += pg.openBytes - before
}

// spareBuffers is a free list of text buffers by page and family. A list fills similar pages
// in sequence; growing new buffers for each takes 1.4 times the CPU.
type spareBuffers struct {
	pages [][]*block
	most  int // len(pages) at most
}

// put adds the buffers of a page whose blocks have no other holder.
func (s *spareBuffers) put(blocks []*block) {
	if blocks == nil || len(s.pages) >= s.most {
		return
	}
	for i, b := range blocks {
		if b != nil {
			blocks[i] = &block{text: b.text[:0]}
		}
	}
	s.pages = append(s.pages, blocks)
}

// take removes and returns the blocks for a new page, nil if there are none.
func (s *spareBuffers) take() (blocks []*block) {
	if last := len(s.pages) - 1; last >= 0 {
		blocks, s.pages = s.pages[last], s.pages[:last]
	}
	return blocks
}
