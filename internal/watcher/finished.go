package watcher

import (
	"context"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// finishing is the part of a plan about finished objects. The zero value keeps all their lines.
type finishing struct {
	after   time.Duration
	kept    []string // families
	counted bool     // the counts are exported
}

// finishingOf returns what config says of the finished objects of a resource.
func (config *Config) finishingOf(d generators.Description, families []string) finishing {
	after := config.FinishedAfter[d.Key]
	if after == 0 {
		return finishing{}
	}
	f := finishing{after: after, counted: len(config.Selection.EffectOn(generators.FinishedCounts.Describe()).Families()) > 0}
	for _, name := range families {
		if slices.ContainsFunc(config.FinishedKeep, func(p generators.Pattern) bool { return p.MatchString(name) }) {
			f.kept = append(f.kept, name)
		}
	}
	return f
}

func (f finishing) equal(o finishing) bool {
	return f.after == o.after && f.counted == o.counted && slices.Equal(f.kept, o.kept)
}

// A finisher cuts the finished objects of a target when they are due: only their lines of kept
// families stay.
type finisher struct {
	after         time.Duration
	finished      func(metav1.Object) (at time.Time, reason string)
	kept, omitted []bool          // by family
	omitsDerived  bool            // the derived families are not kept
	counts        *store.Resource // nil if not exported
	wake          chan struct{}   // an object is due before all others
}

// newFinisher returns the finisher of t, whose families from derived on are the derived ones; nil if
// finished objects stay.
func (t *target) newFinisher(selection generators.Selection, families []store.Family, derived int) *finisher {
	recipe, d := t.resource.Recipe(), t.resource.Describe()
	if t.finishing.after == 0 || recipe.Finished == nil {
		return nil
	}
	f := &finisher{after: t.finishing.after, finished: recipe.Finished, wake: make(chan struct{}, 1)}
	for _, of := range families {
		kept := slices.Contains(t.finishing.kept, of.Name)
		f.kept, f.omitted = append(f.kept, kept), append(f.omitted, !kept)
	}
	f.omitsDerived = slices.Contains(f.omitted[derived:], true)
	counts := generators.FinishedCounts.Compile(selection)
	if t.finishing.counted {
		f.counts = store.NewResource("finished-"+d.Name, familiesOf(counts), len(t.sinks), append(slices.Clone(d.Aliases), d.Name)...)
	}
	for i, s := range t.sinks {
		s.cutter = &cutter{finisher: f, sink: s, present: newFinishedSet()}
		if f.counts != nil {
			s.cutter.counts = &countRows{partition: f.counts.Partitions()[i], renderer: counts.Clone(), resource: d.Name}
		}
	}
	return f
}

// signal has run look for due objects.
func (f *finisher) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run cuts the finished objects of sinks when they are due, until ctx ends.
func (f *finisher) run(ctx context.Context, sinks []*sink) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-timer.C:
		}
		timer.Stop()
		var next time.Time
		for _, s := range sinks {
			if due := s.cutter.cutDue(); !due.IsZero() && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// An ending is the end of an object. The zero value is that of an object that has not finished.
type ending struct {
	due    time.Time // when the object leaves
	reason string
	cut    bool // due is past
}

// A cutter has the finished objects of a sink. A nil cutter has none.
type cutter struct {
	*finisher
	sink   *sink
	counts *countRows // nil if not exported

	mu      sync.Mutex // serializes cuts with the writer of the partition
	present *finishedSet
}

// ending returns the end of an object at a time.
func (c *cutter) ending(o metav1.Object, now time.Time) (e ending) {
	if c == nil {
		return e
	}
	if at, reason := c.finished(o); !at.IsZero() {
		e.due, e.reason = at.Add(c.after), reason
		e.cut = !e.due.After(now)
	}
	return e
}

// set sets an object of the sink.
func (c *cutter) set(o metav1.Object, r *store.Rendered, e ending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.sink.put(o, r, e.cut) {
		return false
	}
	if c.present.put(r.UID, r.Namespace, e) {
		c.signal()
	}
	c.publish()
	return true
}

// delete removes an object from the sink.
func (c *cutter) delete(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sink.remove(key)
	c.present.remove(key)
	c.publish()
}

// commit makes a batch the content of the sink, or adds it, without the lines of objects that have
// become due meanwhile.
func (c *cutter) commit(b *batch, keep func(namespace, key string) bool) {
	for due := b.finished.takeDue(time.Now()); len(due) > 0; due = b.finished.takeDue(time.Now()) {
		if c.omitsDerived && b.derived != nil {
			b.derived.Leave(due)
		}
		b.Cut(due, c.kept)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	b.apply(keep)
	if b.adds {
		c.addAll(b.finished)
	} else {
		for g := range c.present.counts {
			b.finished.changed[g] = true
		}
		c.present = b.finished
	}
	c.publish()
	c.signal()
}

// retain forgets the objects for which keep returns false, which have left the partition.
func (c *cutter) retain(keep func(namespace, key string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.present.retain(keep)
	c.publish()
}

// add adds the objects of another cutter to c, whose sink must not be in use yet. The caller copies
// their lines afterwards: what is counted as cut by then has been cut.
func (c *cutter) add(from *cutter) {
	from.mu.Lock()
	defer from.mu.Unlock()
	c.addAll(from.present)
	c.publish()
}

// addAll adds the objects of a set to the present ones.
func (c *cutter) addAll(f *finishedSet) {
	for key, o := range f.objects {
		g := o.group.Value()
		c.present.put(key, g.namespace, ending{o.due, g.reason, o.isCut()})
	}
}

// cutDue cuts the objects that are due and returns when the next one is, zero if none is left. The
// writer waits for a few of them at most.
func (c *cutter) cutDue() (next time.Time) {
	for {
		c.mu.Lock()
		due := c.present.takeDue(time.Now())
		if c.omitsDerived && c.sink.derived != nil {
			c.sink.derived.Leave(due)
		}
		c.sink.partition.Cut(due, c.kept)
		c.publish()
		next = c.present.nextDue()
		c.mu.Unlock()
		if len(due) == 0 {
			return next
		}
		c.sink.partition.CompactExcess()
	}
}

// publish updates the rows of the counts that have changed. The caller holds mu.
func (c *cutter) publish() {
	if len(c.present.changed) == 0 {
		return
	}
	if c.counts != nil {
		c.counts.update(c.present)
	}
	clear(c.present.changed)
}
