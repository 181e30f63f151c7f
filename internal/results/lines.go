package results

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// lines render derived families. They serve one goroutine at a time.
type lines struct {
	renderer  *generators.Renderer
	result    generators.CronJobResult
	verdict   generators.JobVerdict
	text      []byte
	ends      []int
	unchanged []bool // the other families
}

func newLines(r *generators.Renderer, others int) *lines {
	unchanged := append(slices.Repeat([]bool{true}, others), make([]bool, len(r.Names()))...)
	return &lines{renderer: r.Clone(), unchanged: unchanged}
}

// add adds the lines of an object to r, and returns its record.
func (l *lines) add(r *store.Rendered, o metav1.Object, x *Index) record {
	added := recordOf(r.UID, o)
	added.shown = added.judge(x.endsIn(added.of))
	r.Text, r.Ends = l.render(r.Text, r.Ends, o.GetNamespace(), o.GetName(), &added)
	return added
}

// addNone is add for an object without lines.
func (l *lines) addNone(r *store.Rendered) {
	for range l.renderer.Names() {
		r.Ends = append(r.Ends, len(r.Text))
	}
}

func (l *lines) render(text []byte, ends []int, namespace, name string, r *record) ([]byte, []int) {
	if r.isJob {
		l.verdict.Namespace, l.verdict.Name, l.verdict.FailedForGood = namespace, name, r.shown.failedForGood
		return l.renderer.Render(text, ends, &l.verdict)
	}
	l.result.Namespace, l.result.Name, l.result.Result = namespace, name, r.shown.last
	return l.renderer.Render(text, ends, &l.result)
}

// refresh passes the lines of a CronJob's objects to set whose verdict has changed.
func (l *lines) refresh(set func(store.Rendered), c *content, x *Index, of cronJob) {
	for r := c.first[of]; r != nil; r = r.next {
		v := r.judge(x.endsIn(of))
		if v == r.shown {
			continue
		}
		r.shown = v
		namespace, name := of.Value().namespace, of.Value().name
		if r.isJob {
			name = r.name
		}
		l.ends = append(l.ends[:0], make([]int, len(l.unchanged)-len(l.renderer.Names()))...)
		l.text, l.ends = l.render(l.text[:0], l.ends, namespace, name, r)
		set(store.Rendered{UID: r.key, Text: l.text, Ends: l.ends, Unchanged: l.unchanged})
		if r.settled() {
			c.drop(r.key)
		}
	}
}

// refreshAll is refresh for all CronJobs.
func (l *lines) refreshAll(set func(store.Rendered), c *content, x *Index) {
	for of := range c.first {
		l.refresh(set, c, x, of)
	}
}
