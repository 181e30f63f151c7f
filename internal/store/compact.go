package store

import "slices"

// Compact compacts idle pages, and the heaviest others if the partition is over budget. One
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
		compressed += pg.table.memory()
		switch {
		case pg.removed != 0:
			due = append(due, pg)
		case pg.open == nil:
		case p.isIdle(pg):
			due = append(due, pg)
		default:
			others = append(others, pg)
			open += pg.openBytes
		}
	}
	p.budget = max(p.options.minBudget, compressed/p.options.budgetShare)
	return append(due, p.heaviest(others, open-p.budget)...)
}

// pagesOverBudget returns the heaviest pages if the partition is over budget: enough of them to
// free half of the budget.
func (p *Partition) pagesOverBudget() []*page {
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

// heaviest returns the pages with the largest products of open bytes and age, enough of them for
// the given sum of open bytes.
func (p *Partition) heaviest(pages []*page, bytes int) []*page {
	if bytes <= 0 {
		return nil
	}
	weight := func(pg *page) int { return pg.openBytes * int(1+p.ticks-pg.touched) }
	slices.SortFunc(pages, func(a, b *page) int { return weight(b) - weight(a) })
	for n, pg := range pages {
		if bytes -= pg.openBytes; bytes <= 0 {
			return pages[:n+1]
		}
	}
	return pages
}

// isIdle reports whether a page has not changed for long enough to be compacted.
func (p *Partition) isIdle(pg *page) bool {
	if pg.table == nil || pg.openBytes > p.options.largeText {
		return p.ticks-pg.touched >= p.options.idleTicks
	}
	return p.ticks-pg.touched >= p.options.idleDeltaTicks
}

// compactPage purges a page and compresses its open blocks. It holds no lock while it
// compresses.
func (p *Partition) compactPage(pg *page) {
	c := compactors.Get().(*compactor)
	defer c.release()
	p.mu.Lock()
	p.purge(pg)
	captured := c.capture(pg)
	p.mu.Unlock()
	if !captured {
		return
	}
	c.compact()
	p.mu.Lock()
	defer p.mu.Unlock()
	before := pg.openBytes
	p.free.put(pg.install(c, p.options))
	p.openBytes += pg.openBytes - before
}

// A freeList has text buffers of compacted pages, by page and family. A relist fills similar
// pages in sequence; growing new buffers for each takes 1.4 times the CPU.
type freeList struct {
	pages [][]*openBlock
	limit int // of len(pages)
}

// put adds the buffers of a page whose blocks have no other holder.
func (f *freeList) put(blocks []*openBlock) {
	if blocks == nil || len(f.pages) >= f.limit {
		return
	}
	for i, b := range blocks {
		if b != nil {
			blocks[i] = &openBlock{text: b.text[:0]}
		}
	}
	f.pages = append(f.pages, blocks)
}

// get removes and returns the blocks for a new page, nil if there are none.
func (f *freeList) get() (blocks []*openBlock) {
	if last := len(f.pages) - 1; last >= 0 {
		blocks, f.pages = f.pages[last], f.pages[:last]
	}
	return blocks
}
