package store

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/bits"
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
	return errors.Join(errs...)
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
		if nonFull := p.nonFull[n%p.classes()]; n < nonFull && !p.isFull(pg) {
			errs = append(errs, fmt.Errorf("page %d has a free slot before page %d", n, nonFull))
		}
		for slot := range pageSlots {
			k := pg.uids.key(slot)
			if class := k.class(p.classes()); pg.used&(1<<slot) != 0 && class != n%p.classes() {
				errs = append(errs, fmt.Errorf("page %d, slot %d: an object of class %d", n, slot, class))
			}
			if at := p.index.find(&k); pg.used&(1<<slot) != 0 && at != slotRefOf(n, slot) {
				errs = append(errs, fmt.Errorf("page %d, slot %d: in the index at %d", n, slot, at))
			}
		}
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
