package store

import "bytes"

// A join is a family in all views of a response that have it. It has one header, that of the
// first, and stands in its place. A join exists only for a name that is there more than once,
// or whose series may repeat.
type join struct {
	name      string
	places    []place // in order
	mayRepeat bool
	// replaced has the chunks from which repeated series were removed, by index in the chunks
	// of the join; removed is the number of those series.
	replaced map[int]*chunk
	removed  int
}

// A place is a family of a view, by index.
type place struct{ view, family int }

// joinedNames returns the names of families that views need a join for; nil if there are none.
// Without any it allocates nothing.
func joinedNames(views []View) (joined nameSet) {
	var words [32]uint64 // 2,048 names
	seen := nameSet(words[:0])
	for i := range views {
		if views[i].objects == 0 {
			continue
		}
		r := views[i].resource
		for n, names := range r.names {
			before := seen.word(n)
			if both := names & *before; both != 0 {
				*joined.word(n) |= both
			}
			*before |= names
		}
		for n, names := range r.joined {
			if names != 0 {
				*joined.word(n) |= names
			}
		}
	}
	return joined
}

// join makes the joins of a response, of which all chunks have been counted.
func (a *Response) join(names nameSet) {
	a.joins = map[place]*join{}
	byNumber := map[int]*join{}
	for n, v := range a.views {
		if v.objects == 0 {
			continue
		}
		for i, number := range v.resource.numbers {
			if !names.has(number) {
				continue
			}
			j := byNumber[number]
			if j == nil {
				j = &join{name: v.resource.families[i].Name}
				byNumber[number] = j
			} else {
				a.remove(a.pick(v.resource.headers[i]))
			}
			at := place{n, i}
			a.joins[at] = j
			j.places = append(j.places, at)
			j.mayRepeat = j.mayRepeat || v.resource.families[i].MayRepeat
		}
	}
	for _, j := range byNumber {
		if j.mayRepeat {
			j.removeRepeated(a)
		}
	}
}

// lines calls yield with the chunks of the join's lines until it returns false.
func (j *join) lines(views []View, yield func(*chunk) bool) bool {
	var p chunk // reused
	n := -1
	for _, at := range j.places {
		goesOn := views[at.view].lines(at.family, &p, func(p *chunk) bool {
			n++
			if replaced, ok := j.replaced[n]; ok {
				p = replaced
			}
			return p.size == 0 || yield(p)
		})
		if !goesOn {
			return false
		}
	}
	return true
}

// removeRepeated replaces the chunks that have a series again. Of equal series the first
// remains. Series are compared by 64 bits of a hash: of a million, two are mistaken for equal in
// one of 2^25 processes.
func (j *join) removeRepeated(a *Response) {
	lines := 0
	j.lines(a.views, func(p *chunk) bool {
		if p.fingerprints == nil { // else counting inflates them
			lines += p.lines()
		}
		return true
	})
	seen := make(map[uint64]struct{}, lines)
	replaced := map[int]*chunk{}
	var text, scratch []byte
	n := -1
	j.lines(a.views, func(p *chunk) bool {
		n++
		text = p.appendText(text[:0], &scratch)
		kept, removed := withoutSeen(text, seen)
		if removed > 0 {
			own := bytes.Clone(kept)
			r := &chunk{block: &block{text: own, size: len(own), lines: countLines(own)}, size: len(own)}
			a.remove(p)
			a.add(r)
			replaced[n] = r
			j.removed += removed
		}
		return true
	})
	j.replaced = replaced
}

// withoutSeen removes the lines whose series is in seen and adds the others to seen. It
// overwrites text.
func withoutSeen(text []byte, seen map[uint64]struct{}) (kept []byte, removed int) {
	kept = text[:0]
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line = text[:end+1]
		}
		text = text[len(line):]
		of := hash(seriesOf(line))
		if _, ok := seen[of]; ok {
			removed++
			continue
		}
		seen[of] = struct{}{}
		kept = append(kept, line...)
	}
	return kept, removed
}

// seriesOf returns the name and labels of a line: what is before the last space.
func seriesOf(line []byte) []byte {
	if end := bytes.LastIndexByte(line, ' '); end >= 0 {
		return line[:end]
	}
	return line
}

// Repeated returns the numbers of series that the response leaves out because an earlier one
// has the same name and labels, by name of the family: of all families in it that may repeat.
func (a *Response) Repeated() (series map[string]int) {
	for at, j := range a.joins {
		if j.mayRepeat && at == j.places[0] {
			if series == nil {
				series = map[string]int{}
			}
			series[j.name] = j.removed
		}
	}
	return series
}
