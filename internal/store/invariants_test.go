package store

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// CheckInvariants compares the counters and indexes of all partitions with the pages.
func (r *Resource) CheckInvariants() error {
	var errs []error
	for n, p := range r.partitions {
		if err := p.checkInvariants(); err != nil {
			errs = append(errs, fmt.Errorf("partition %d: %w", n, err))
		}
	}
	if r.account != nil {
		errs = append(errs, r.checkAccount())
	}
	return errors.Join(errs...)
}

// checkAccount compares the sums of an account with those of the partitions.
func (r *Resource) checkAccount() error {
	r.account.mu.Lock()
	defer r.account.mu.Unlock()
	all := r.account.newSums()
	for _, p := range r.partitions {
		all.addAll(p.sums, 1)
	}
	return all.check(&r.account.sums)
}

// check compares sums, but not which namespaces are near their budget, nor the changes.
func (s *sums) check(counted *sums) error {
	text := func(s *sums) string {
		c := s.clone()
		c.changes = 0
		for namespace, n := range c.namespaces {
			n.near = false
			c.namespaces[namespace] = n
		}
		return fmt.Sprintf("%+v", *c)
	}
	if want, got := text(s), text(counted); want != got {
		return fmt.Errorf("sums are %s, counted as %s", want, got)
	}
	return nil
}

// checkLoads compares the counts of pages with their lines, and the sums with the counts.
func (p *Partition) checkLoads() error {
	var errs []error
	all := p.account.newSums()
	for n, pg := range p.pages {
		if pg == nil {
			continue
		}
		lines := pg.rendered(^uint64(0))
		for slot := range pageSlots {
			if want, got := p.account.columns.appendLoad(nil, &lines[slot]), pg.loads.of(slot); !slices.Equal(want, got) {
				errs = append(errs, fmt.Errorf("page %d, slot %d: %v series, counted as %v", n, slot, want, got))
			}
			if pg.used&(1<<slot) != 0 {
				e := p.entry(slotRefOf(n, slot))
				all.add(&e, 1)
			}
		}
	}
	return errors.Join(append(errs, all.check(p.sums))...)
}

func (p *Partition) checkInvariants() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	objects, open := 0, 0
	for n, pg := range p.pages {
		if pg == nil {
			continue
		}
		open += pg.openBytes
		objects += bits.OnesCount64(pg.used)
		if err := pg.checkInvariants(); err != nil {
			errs = append(errs, fmt.Errorf("page %d: %w", n, err))
		}
		if nonFull := p.nonFull[n%p.groups()]; n < nonFull && !p.isFull(pg) {
			errs = append(errs, fmt.Errorf("page %d has a free slot before page %d", n, nonFull))
		}
		for slot := range pageSlots {
			k := pg.uids.key(slot)
			if class := k.class(p.classes()); pg.used&(1<<slot) != 0 && !p.isWithheld(n) && class != n%p.groups() {
				errs = append(errs, fmt.Errorf("page %d, slot %d: an object of class %d", n, slot, class))
			}
			if at := p.index.find(&k); pg.used&(1<<slot) != 0 && at != slotRefOf(n, slot) {
				errs = append(errs, fmt.Errorf("page %d, slot %d: in the index at %d", n, slot, at))
			}
		}
	}
	if p.account != nil {
		errs = append(errs, p.checkLoads())
	}
	if objects != p.index.len() {
		errs = append(errs, fmt.Errorf("%d objects in pages, %d in the index", objects, p.index.len()))
	}
	if open != p.openBytes {
		errs = append(errs, fmt.Errorf("%d open bytes in pages, counted as %d", open, p.openBytes))
	}
	return errors.Join(errs...)
}

func (p *page) checkInvariants() error {
	var errs []error
	open, blocks := 0, 0
	for family, b := range p.open {
		if b != nil {
			blocks++
			open += b.memory()
		}
		size := 0
		for slot := range pageSlots {
			size += p.fingerprints.length(slot, family)
		}
		if c := p.chunk(family); c.size != size {
			errs = append(errs, fmt.Errorf("family %d: %d bytes of text, %d by slot", family, c.size, size))
		}
	}
	if open != p.openBytes {
		errs = append(errs, fmt.Errorf("%d open bytes, counted as %d", open, p.openBytes))
	}
	if p.used&p.removed != 0 {
		errs = append(errs, fmt.Errorf("slots %b are both used and removed", p.used&p.removed))
	}
	for slot := range pageSlots {
		if (p.used|p.removed)&(1<<slot) == 0 && p.fingerprints.hasLines(slot) {
			errs = append(errs, fmt.Errorf("slot %d has lines and no object", slot))
		}
	}
	if p.open != nil && blocks == 0 {
		errs = append(errs, errors.New("open without an open block"))
	}
	return errors.Join(errs...)
}

// hasLines reports whether a slot has lines of any family.
func (f *fingerprints) hasLines(slot int) bool {
	for family := range f.columns {
		if f.fingerprint(slot, family) != (fingerprint{}) {
			return true
		}
	}
	return false
}

// CheckResponse writes r in both encodings, which must have one text and the sizes of r, and
// returns the text.
func CheckResponse(t *testing.T, r *Response) string {
	t.Helper()
	var text, compressed bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteGzip(&compressed)); err != nil {
		t.Fatal(err)
	}
	if int64(text.Len()) != r.Size() || int64(compressed.Len()) != r.GzipSize() {
		t.Fatalf("%d and %d bytes written, want %d and %d", text.Len(), compressed.Len(), r.Size(), r.GzipSize())
	}
	z, err := gzip.NewReader(&compressed)
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	unpacked, err := io.ReadAll(z)
	if err != nil || compressed.Len() > 0 || string(unpacked) != text.String() {
		t.Fatalf("%v, %d bytes behind the gzip member (-text +gzip):\n%s", err, compressed.Len(), cmp.Diff(text.String(), string(unpacked)))
	}
	return text.String()
}
