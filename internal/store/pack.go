package store

import "slices"

// Times and amounts that decide when open blocks are packed. A page that is changed
// again soon is better left open: packing it costs more than the change. Edits
// take little memory and can wait longer than text. Memory bounds how much may be
// open: so much in any case, and as much as a share of what is packed.
const (
	quietTicks       = 5
	quietEditedTicks = 15
	muchText         = 64 << 10 // of a page
	maxOpenBytes     = 24 << 20
	maxOpenShare     = 4
)

// Pack packs the pages that have been quiet for some rounds, and others if too much
// is open. It is to be called about once a second, by one goroutine.
func (p *Part) Pack() {
	for _, pg := range p.duePages() {
		p.packPage(pg)
	}
}

// duePages are the pages to be packed in this round.
func (p *Part) duePages() []*page {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ticks++
	var due, others []*page
	open, packed := 0, 0
	for _, pg := range p.pages {
		if pg == nil {
			continue
		}
		packed += pg.table.held()
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
	p.budget = max(maxOpenBytes, packed/maxOpenShare)
	return append(due, p.excess(others, open-p.budget)...)
}

// overBudget gives pages to be packed once more is open than may be: so many that half
// of the budget is left.
func (p *Part) overBudget() []*page {
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
	return p.excess(open, p.openBytes-p.budget/2)
}

// maxEdits is how many edits a block may have now.
func (p *Part) maxEdits() int {
	if p.openBytes > p.budget {
		return maxEditsTight
	}
	return maxEdits
}

// excess are those of pages that give most memory back, up to the given amount:
// what is large and what has long been left alone.
func (p *Part) excess(pages []*page, amount int) []*page {
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

// isQuiet says whether the page has been left alone for long.
func (p *page) isQuiet(now uint64) bool {
	if p.table == nil || p.openBytes > muchText {
		return now-p.touched >= quietTicks
	}
	return now-p.touched >= quietEditedTicks
}

// packPage deletes the lines of removed objects and packs what is open of a page, without
// a lock while it compresses.
func (p *Part) packPage(pg *page) {
	w := packers.Get().(*packer)
	defer w.release()
	p.mu.Lock()
	p.purge(pg)
	some := w.take(pg)
	p.mu.Unlock()
	if !some {
		return
	}
	w.pack()
	p.mu.Lock()
	defer p.mu.Unlock()
	before := pg.openBytes
	p.spare.put(pg.close(w))
	p.openBytes += pg.openBytes - before
}

// spareBuffers are text buffers of packed pages, by family. A list fills one page after
// another, each like the one before, and growing their text anew takes a third of the
// time.
type spareBuffers struct {
	pages [][]*block
	most  int // pages
}

// put keeps the buffers of blocks that nobody else holds, up to some pages.
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

// take gives the blocks of a new page, nil if there are none.
func (s *spareBuffers) take() (blocks []*block) {
	if last := len(s.pages) - 1; last >= 0 {
		blocks, s.pages = s.pages[last], s.pages[:last]
	}
	return blocks
}
