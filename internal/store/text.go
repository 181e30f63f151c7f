package store

import "iter"

// Families returns the names of the families in the order of responses, without those of TypedFormat.
func (r *Resource) Families() []string {
	var names []string
	for _, f := range r.families {
		if f.Format != TypedFormat {
			names = append(names, f.Name)
		}
	}
	return names
}

// A Page is the lines of some dozens of a View's objects.
type Page struct {
	view    *pageView
	scratch *[]byte
}

// Pages returns the pages of v in the order of responses. Nothing is locked while the caller works. One
// goroutine uses the pages of a call.
func (v View) Pages() iter.Seq[Page] {
	return func(yield func(Page) bool) {
		var scratch []byte
		for n := range v.pages {
			if !yield(Page{&v.pages[n], &scratch}) {
				return
			}
		}
	}
}

// AppendText appends the lines of a family, given by its index in Families. Repeated series, which
// responses leave out, are among them.
func (p Page) AppendText(dst []byte, family int) []byte {
	c := p.view.chunk(family)
	if c.size == 0 {
		return dst
	}
	return c.appendText(dst, p.scratch)
}

// Objects returns the number of objects in v.
func (v View) Objects() int { return v.objects }
