package cardinality

import (
	"bytes"
	"context"
	"slices"
	"strconv"

	"github.com/kubestate/kubestate/internal/store"
)

// A finishing is an option that drops series of the finished objects of a resource.
type finishing struct {
	option, resource string
	// identity is the last label of those that tell objects apart, which begin each series.
	identity string
	// ends tell finished objects: they have a line of the family with the label and a value other than 0.
	ends []ending
}

type ending struct{ family, label, value string }

var finishings = []finishing{
	{
		option: "--finished-pods-after", resource: "pods", identity: "uid",
		ends: []ending{{"kube_pod_status_phase", "phase", "Succeeded"}, {"kube_pod_status_phase", "phase", "Failed"}},
	},
	{
		option: "--finished-jobs-after", resource: "jobs", identity: "job_name",
		ends: []ending{{"kube_job_complete", "condition", "true"}, {"kube_job_failed", "condition", "true"}},
	},
}

// shards is the number of pages for which the option of pages is shown.
const shards = 8

// size is the size of a response, or of a part of it.
type size struct{ series, bytes int }

func (s *size) add(line []byte) { s.series, s.bytes = s.series+1, s.bytes+len(line)+1 }

// countOptions adds a row per option, with the size of the response with it and what it saves.
func (t *Table) countOptions(ctx context.Context, c Content) {
	whole, headers, gzip := c.whole(ctx)
	row := func(option, note string, saved size) {
		t.add([]string{option, note}, whole.series-saved.series, whole.bytes-saved.bytes, saved.series, saved.bytes)
		r := &t.Rows[len(t.Rows)-1]
		r.Numbers = append(r.Numbers, percent(saved.series, whole.series), percent(saved.bytes, whole.bytes))
	}
	row("none", "whole response", size{})
	row("--metric-sparse=.", "series of value 0 of sparse families", c.zeros(ctx))
	for _, f := range finishings {
		saved, note := c.finished(ctx, f)
		row(f.option, note, saved)
	}
	page := size{(whole.series + shards - 1) / shards, headers + (whole.bytes-headers+shards-1)/shards}
	row("?shard=1/8", "a page of eight, about", size{whole.series - page.series, whole.bytes - page.bytes})
	row("gzip", "recent changes are not compressed yet", size{0, whole.bytes - gzip})
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// whole returns the size of the whole response, that of its headers, and its size with gzip.
func (c Content) whole(ctx context.Context) (whole size, headers, gzip int) {
	var views []store.View
	text := 0
	for _, r := range c.Resources {
		for _, f := range c.stats(ctx, r).Families {
			whole.series += f.Series
			text += f.Bytes
		}
		views = append(views, r.View(c.Namespaces...))
	}
	response := store.NewResponse(views, "")
	whole.bytes = int(response.Size())
	return whole, max(0, whole.bytes-text), int(response.GzipSize())
}

// zeros returns the size of the series that --metric-sparse drops.
func (c Content) zeros(ctx context.Context) (saved size) {
	for _, r := range c.Resources {
		var sparse []int
		for i, name := range r.Families() {
			if c.Sparse != nil && c.Sparse(name) {
				sparse = append(sparse, i)
			}
		}
		if len(sparse) == 0 {
			continue
		}
		eachText(ctx, r.View(c.Namespaces...), sparse, func(_ int, text []byte) {
			lines(text, func(line []byte) {
				if isZero(line) {
					saved.add(line)
				}
			})
		})
	}
	return saved
}

// isZero reports whether a line has the value 0.
func isZero(line []byte) bool { return bytes.HasSuffix(line, []byte("} 0")) }

// finished returns the size of the series that finished objects lose, and a note.
func (c Content) finished(ctx context.Context, f finishing) (saved size, note string) {
	note = "no " + f.resource
	for _, r := range c.Resources {
		if r.Name() != f.resource {
			continue
		}
		families := r.Families()
		ends, missing := f.indexes(families)
		if missing != "" {
			return size{}, "unknown without " + missing
		}
		objects := 0
		var text []byte
		for page := range r.View(c.Namespaces...).Pages() {
			if ctx.Err() != nil {
				break
			}
			done := f.finishedOn(page, ends)
			objects += len(done)
			for i := 0; i < len(families) && len(done) > 0; i++ {
				if c.Kept != nil && c.Kept(families[i]) {
					continue
				}
				text = page.AppendText(text[:0], i)
				lines(text, func(line []byte) {
					if done[string(f.identityOf(line))] {
						saved.add(line)
					}
				})
			}
		}
		note = strconv.Itoa(objects) + " finished " + f.resource
	}
	return saved, note
}

// indexes returns the endings by the index of their family, or the name of a missing family.
func (f finishing) indexes(families []string) (all map[int][]ending, missing string) {
	all = map[int][]ending{}
	for _, e := range f.ends {
		i := slices.Index(families, e.family)
		if i < 0 {
			return nil, e.family
		}
		all[i] = append(all[i], e)
	}
	return all, ""
}

// finishedOn returns the identities of the finished objects of a page.
func (f finishing) finishedOn(page store.Page, ends map[int][]ending) map[string]bool {
	var done map[string]bool
	var text []byte
	for i, all := range ends {
		text = page.AppendText(text[:0], i)
		lines(text, func(line []byte) {
			if isZero(line) || !slices.ContainsFunc(all, func(e ending) bool { return e.matches(line) }) {
				return
			}
			if done == nil {
				done = map[string]bool{}
			}
			done[string(f.identityOf(line))] = true
		})
	}
	delete(done, "") // of lines without the labels
	return done
}

func (e ending) matches(line []byte) bool {
	value, _, ok := find(labelsOf(line), e.label)
	return ok && string(value) == e.value
}

// identityOf returns the labels of a line that tell its object apart.
func (f finishing) identityOf(line []byte) []byte {
	_, labels, _ := find(labelsOf(line), f.identity)
	return bytes.TrimSuffix(labels, []byte(","))
}
