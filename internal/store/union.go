package store

import "bytes"

// A union is all families of one name in the views of a response. It has the header of the first
// and stands in the place of the first. Only a name of several families, or of one that may
// repeat series, has a union.
type union struct {
	name      string
	number    int          // of the name
	members   []viewFamily // in order
	mayRepeat bool
	// replaced has the chunks without their repeated series, by index in the union; removed is
	// the number of those series, in all parts.
	replaced map[int]*chunk
	removed  int
}

// A viewFamily is a family of a view, by indexes.
type viewFamily struct{ view, family int }

// unionNames returns the names of the unions of views; nil, without an allocation, if there are
// none.
func unionNames(views []View) (unions nameSet) {
	var words [32]uint64 // 2,048 names
	seen := nameSet(words[:0])
	for i := range views {
		if views[i].objects == 0 && views[i].others == nil {
			continue
		}
		r := views[i].resource
		for n, names := range r.names {
			before := seen.word(n)
			if both := names & *before; both != 0 {
				*unions.word(n) |= both
			}
			*before |= names
		}
		for n, names := range r.unions {
			if names != 0 {
				*unions.word(n) |= names
			}
		}
	}
	return unions
}

// addUnions makes the unions of a response that has counted the chunks of all views.
func (r *Response) addUnions(names nameSet) {
	families := 0
	for i := range r.views {
		families += len(r.views[i].resource.families)
	}
	r.unions = make([][]*union, len(r.views))
	free := make([]*union, families)
	byNumber := make([]*union, 64*len(names)) // the numbers of all names
	var mayRepeat nameSet
	for n := range r.views {
		v := &r.views[n]
		r.unions[n], free = free[:len(v.resource.families)], free[len(v.resource.families):]
		if v.objects == 0 && v.others == nil {
			continue
		}
		for i, number := range v.resource.numbers {
			if !names.has(number) || r.headerOf(v.resource.headers[i]) == nil {
				continue
			}
			if v.resource.families[i].MayRepeat {
				mayRepeat.add(number)
			}
			if v.objects == 0 {
				continue
			}
			u := byNumber[number]
			if u == nil {
				u = &union{name: v.resource.families[i].Name, number: number}
				byNumber[number] = u
			} else {
				r.remove(r.headerOf(v.resource.headers[i]))
			}
			r.unions[n][i] = u
			u.members = append(u.members, viewFamily{n, i})
		}
	}
	for _, u := range byNumber {
		if u == nil {
			continue
		}
		if u.mayRepeat = mayRepeat.has(u.number); u.mayRepeat {
			u.deduplicate(r)
		}
	}
}

// chunks calls yield with the chunks of the union's lines until yield returns false.
func (u *union) chunks(views []View, yield func(*chunk) bool) bool {
	var reused chunk
	n := -1
	for _, m := range u.members {
		more := views[m.view].familyChunks(m.family, &reused, func(c *chunk) bool {
			n++
			if replaced, ok := u.replaced[n]; ok {
				c = replaced
			}
			return c.size == 0 || yield(c)
		})
		if !more {
			return false
		}
	}
	return true
}

// deduplicate replaces the chunks that repeat a series. Of equal series the first remains. Series
// are compared by 64 bits of a hash: of a million, two collide in one of 2^25 processes.
func (u *union) deduplicate(r *Response) {
	lines := 0
	u.chunks(r.views, func(c *chunk) bool {
		if c.fingerprints == nil { // else counting inflates them
			lines += c.lineCount()
		}
		return true
	})
	d := deduplication{seen: make(map[uint64]struct{}, lines), replaced: map[int]*chunk{}, response: r}
	for n := range r.views {
		for i, number := range r.views[n].resource.numbers {
			if number == u.number {
				d.family(&r.views[n], i)
			}
		}
	}
	u.replaced, u.removed = d.replaced, d.removed
}

// A deduplication is the state of union.deduplicate.
type deduplication struct {
	seen          map[uint64]struct{} // hashes of series
	replaced      map[int]*chunk      // as in union
	removed, next int                 // series, and the index of the next chunk in the union
	response      *Response
	text, scratch []byte
}

// family deduplicates the lines of a family.
func (d *deduplication) family(v *View, family int) {
	if v.others == nil {
		var reused chunk
		v.familyChunks(family, &reused, func(c *chunk) bool {
			d.text = c.appendText(d.text[:0], &d.scratch)
			kept, removed := deduplicateLines(d.text, d.seen)
			d.keep(c, kept, removed)
			return true
		})
		return
	}
	pages := v.pages
	for n := range v.others {
		o := &v.others[n]
		kept, removed, removedOthers := o.deduplicate(family, d.seen, &d.text, &d.scratch)
		d.removed += removedOthers
		if o.part == 0 {
			continue
		}
		if c := pages[0].chunk(family); c.size > 0 {
			d.keep(&c, kept, removed)
		}
		pages = pages[1:]
	}
}

// keep replaces a chunk by the lines kept of it if any were removed.
func (d *deduplication) keep(c *chunk, kept []byte, removed int) {
	if removed > 0 {
		kept = bytes.Clone(kept)
		replacement := &chunk{open: &openBlock{text: kept, size: len(kept), lineCount: countLines(kept)}, size: len(kept)}
		d.response.remove(c)
		d.response.add(replacement)
		d.replaced[d.next] = replacement
		d.removed += removed
	}
	d.next++
}

// deduplicateLines removes the lines whose series is in seen and adds the other series to seen.
// It overwrites text.
func deduplicateLines(text []byte, seen map[uint64]struct{}) (kept []byte, removed int) {
	kept = text[:0]
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line = text[:end+1]
		}
		text = text[len(line):]
		series := hash(seriesOf(line))
		if _, ok := seen[series]; ok {
			removed++
			continue
		}
		seen[series] = struct{}{}
		kept = append(kept, line...)
	}
	return kept, removed
}

// seriesOf returns the name and labels of a line: all before the last space.
func seriesOf(line []byte) []byte {
	if end := bytes.LastIndexByte(line, ' '); end >= 0 {
		return line[:end]
	}
	return line
}

// Repeated returns the numbers of repeated series that the response and the other parts leave out, by
// name of family, for all families of the response that may repeat series.
func (r *Response) Repeated() (series map[string]int) {
	for n := range r.unions {
		for i, u := range r.unions[n] {
			if u != nil && u.mayRepeat && u.members[0] == (viewFamily{n, i}) {
				if series == nil {
					series = map[string]int{}
				}
				series[u.name] = u.removed
			}
		}
	}
	return series
}
