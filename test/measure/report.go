package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// figure is a cell of the table. Values of 0 have no ratio.
type figure struct {
	text  string
	value float64
}

func (f figure) over(of figure) string {
	if f.value == 0 || of.value == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", f.value/of.value)
}

func seconds(d time.Duration) figure {
	return figure{fmt.Sprintf("%.2f s", d.Seconds()), d.Seconds()}
}

func milliseconds(d time.Duration) figure {
	ms := float64(d) / float64(time.Millisecond)
	return figure{fmt.Sprintf("%.1f ms", ms), ms}
}

func microseconds(d time.Duration) figure {
	us := float64(d) / float64(time.Microsecond)
	return figure{fmt.Sprintf("%.0f µs", us), us}
}

func mebibytes(n float64) figure { return figure{fmt.Sprintf("%.1f MiB", n), n} }

func (m memory) figure() figure {
	return figure{fmt.Sprintf("%.1f MiB, peak %.1f MiB", m.resident, m.peak), m.resident}
}

func (t timing) figure() figure {
	f := milliseconds(t.median())
	f.text += fmt.Sprintf(" (%.1f to %.1f)", milliseconds(t[0]).value, milliseconds(t[len(t)-1]).value)
	return f
}

func (a response) figure() figure {
	f := figure{fmt.Sprintf("%.2f MB", float64(a.size)/1e6), float64(a.size)}
	if a.encoding != "" && a.encoding != gzipped {
		f.text += ", " + a.encoding
	}
	return f
}

func text(s string) figure { return figure{text: s} }

// none is the empty cell.
var none figure

// table is written row by row.
type table struct {
	strings.Builder
	results
}

func (t *table) line(cells ...string) { fmt.Fprintf(t, "| %s |\n", strings.Join(cells, " | ")) }

// head writes the head of the table.
func (t *table) head() {
	head, rule := []string{"", "kubestate", "nginx", "informers", "ratio"}, []string{"---", "---:", "---:", "---:", "---:"}
	if t.peer != nil {
		head, rule = append(head, "peer", "ratio"), append(rule, "---:", "---:")
	}
	t.line(head...)
	t.line(rule...)
}

// row writes a figure of each exporter, and that of nginx or of the informers as the reference.
func (t *table) row(what string, of func(*program) figure, nginx, informers figure) {
	own, reference := of(t.kubestate), nginx
	if reference == none {
		reference = informers
	}
	cells := []string{what, own.text, nginx.text, informers.text, own.over(reference)}
	if t.peer != nil {
		peer := of(t.peer)
		cells = append(cells, peer.text, own.over(peer))
	}
	t.line(cells...)
}

// scrapes writes the rows of scrapes under one load.
func (t *table) scrapes(when string, of func(*program) scrapes) {
	own := of(t.kubestate)
	for _, by := range []struct {
		name  string
		times func(*pair) *comparison
	}{{"", func(p *pair) *comparison { return &p.curl }}, {", bare client", func(p *pair) *comparison { return &p.own }}} {
		for _, in := range []struct {
			name string
			pair func(*scrapes) *pair
		}{{"", func(s *scrapes) *pair { return &s.plain }}, {", gzip", func(s *scrapes) *pair { return &s.compressed }}} {
			times := func(s scrapes) *comparison { return by.times(in.pair(&s)) }
			t.row("scrape "+when+in.name+by.name, func(p *program) figure { return times(of(p)).program.figure() }, times(own).nginx.figure(), none)
		}
	}
	t.row("response "+when, func(p *program) figure { return of(p).plain.response.figure() }, none, none)
	t.row("response "+when+", gzip", func(p *program) figure { return of(p).compressed.response.figure() }, none, none)
}

// report returns the table with a description.
func (b *bench) report(r results) string {
	t := table{results: r}
	fmt.Fprintf(&t, "%d pods and what belongs to them; %d cores, %s, %s/%s. Scrapes: median of %d (fastest to slowest), by curl and by a client that does nothing else.\n",
		b.pods, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, b.scrapes)
	fmt.Fprint(&t, "Ratio: to nginx, which serves the same bytes, or to bare informers of the same objects.\n\n")
	t.head()
	b.reportStart(&t)
	b.reportScrapes(&t)
	b.reportSlow(&t)
	b.reportLoad(&t)
	t.row("peak memory through a relist", func(p *program) figure { return p.relist.peakFigure() }, none, none)
	t.row("relist, from when the API server is back", func(p *program) figure { return p.relist.tookFigure() }, none, none)
	t.row("memory at the end", func(p *program) figure { return p.end.figure() }, none, none)
	return t.String()
}

func (b *bench) reportStart(t *table) {
	bare := t.informers
	t.row("start until ready", func(p *program) figure { return seconds(p.ready) }, none, seconds(bare.ready))
	t.row("CPU until ready", func(p *program) figure { return seconds(p.cpu) }, none, seconds(bare.cpu))
	t.row("peak memory until ready", func(p *program) figure { return mebibytes(p.peak) }, none, mebibytes(bare.peak))
	t.row(fmt.Sprintf("memory after %s idle", b.idle), func(p *program) figure { return mebibytes(p.steady.resident) }, none, mebibytes(bare.steady.resident))
	t.row("series", func(p *program) figure { return text(fmt.Sprint(p.series)) }, none, none)
	t.row("first scrape", func(p *program) figure { return milliseconds(p.first) }, none, none)
}

func (b *bench) reportScrapes(t *table) {
	t.scrapes("at rest", func(p *program) scrapes { return p.quiet })
	t.scrapes(fmt.Sprintf("under %d updates/s", b.updates), func(p *program) scrapes { return p.busy })
	t.row(fmt.Sprintf("response %s after updates, gzip", b.window), func(p *program) figure { return p.rested.figure() }, none, none)
	t.row("memory under updates", func(p *program) figure { return p.after.figure() }, none, none)
	b.reportUpdates(t)
}

func (b *bench) reportUpdates(t *table) {
	t.row("CPU of an update", func(p *program) figure { return microseconds(p.cost.each) }, none, microseconds(t.informers.cost.each))
	t.row("updates/s, as written", func(p *program) figure { return text(fmt.Sprintf("%.0f", p.cost.rate)) }, none, text(fmt.Sprintf("%.0f", t.informers.cost.rate)))
	t.row(fmt.Sprintf("CPU in the %s after updates", b.window), func(p *program) figure { return milliseconds(p.cost.after) }, none, milliseconds(t.informers.cost.after))
	t.row(fmt.Sprintf("CPU in %s idle, not counted in these", b.window), func(p *program) figure { return milliseconds(p.idle) }, none, milliseconds(t.informers.idle))
}

func (b *bench) reportSlow(t *table) {
	if b.slow == 0 {
		return
	}
	t.scrapes(fmt.Sprintf("under updates, among %d slow clients", b.slow+1), func(p *program) scrapes { return p.slow.scrapes })
	t.row("memory among slow clients", func(p *program) figure { return p.slow.memory.figure() }, none, none)
	t.row("CPU of an update, among slow clients", func(p *program) figure { return microseconds(p.slow.cost.each) }, none, none)
	t.row("slow clients cut off", func(p *program) figure { return text(p.slow.closed) }, none, none)
}

func (b *bench) reportLoad(t *table) {
	if b.churn > 0 {
		t.row(fmt.Sprintf("memory before %d pods come and go", b.churn), func(p *program) figure { return p.churn.before.figure() }, none, none)
		t.row(fmt.Sprintf("memory after %d pods came and went", b.churn), func(p *program) figure { return p.churn.after.figure() }, none, none)
	}
	if b.soak > 0 {
		t.row(fmt.Sprintf("scrape, gzip, in %s of %d updates/s", b.soak, soakUpdates), func(p *program) figure { return p.soak.times.figure() }, none, none)
		t.row("memory after the soak", func(p *program) figure { return p.soak.after.figure() }, none, none)
	}
}
