package store_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// TestConcurrency writes, relists, merges, compacts and reads two resources at the same time.
func TestConcurrency(t *testing.T) {
	const objects = 80
	rounds := 2000
	if testing.Short() {
		rounds = 500
	}
	family := func(name string) store.Family {
		return store.Family{Name: name, Header: []byte("# " + name + "\n"), MayRepeat: name == "c"}
	}
	one := store.NewResource("one", []store.Family{family("a"), family("b"), family("c")}, 2)
	two := store.NewResource("two", []store.Family{family("c"), family("a")}, 1)
	object := func(uid string, version int) store.Rendered {
		r := store.Rendered{UID: uid}
		for _, series := range []string{"a" + labels(uid), "b" + labels(uid), fmt.Sprintf("c{x=\"%d\"}", version%99)} {
			r.Text = fmt.Appendf(r.Text, "%s %d\n", series, version)
			r.Ends = append(r.Ends, len(r.Text))
		}
		return r
	}
	writer, relister := one.Partitions()[0], one.Partitions()[1]
	relist := func(version int) {
		g := relister.Begin()
		for i := range objects {
			g.Set(object(uidOf("listed", i), version))
		}
		relister.Replace(g)
	}
	relist(0)
	for i := range objects {
		writer.Set(object(uidOf("lasting", i), 0))
	}

	done := make(chan struct{})
	var writers, others sync.WaitGroup
	writers.Go(func() {
		rnd := rand.New(rand.NewPCG(1, 1))
		for version := range rounds {
			writer.Set(object(uidOf("lasting", rnd.IntN(objects)), version))
			writer.Set(object(uidOf("passing", rnd.IntN(objects)), version))
			writer.Delete(uidOf("passing", rnd.IntN(objects)))
		}
	})
	writers.Go(func() {
		for version := range rounds / 20 {
			relist(version)
		}
	})
	writers.Go(func() {
		rnd := rand.New(rand.NewPCG(1, 2))
		for range rounds {
			r := store.Rendered{UID: uidOf("object", rnd.IntN(objects))}
			r.Text = fmt.Appendf(nil, "c{x=\"%d\"} 1\n", rnd.IntN(99))
			r.Ends = []int{len(r.Text), len(r.Text)}
			two.Partitions()[0].Set(r)
		}
	})
	until := func(work func() error) {
		others.Go(func() {
			for {
				if err := work(); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	check := func(views ...store.View) error {
		return checkText(store.CheckResponse(t, store.NewResponse(views, "")), objects)
	}
	until(func() error { return check(one.View(), two.View()) })
	until(func() error { return check(two.View(), one.View()) })
	until(func() error {
		one.Compact()
		two.Compact()
		return nil
	})
	until(func() error {
		uids := []string{uidOf("lasting", rand.IntN(objects)), uidOf("passing", rand.IntN(objects)), uidOf("listed", rand.IntN(objects))}
		for _, p := range one.Partitions() {
			p.Cut(uids, []bool{true, true, false})
			p.CompactExcess()
		}
		return nil
	})
	until(func() error {
		merged := store.NewResource("merged", []store.Family{family("a"), family("b"), family("c")}, 1)
		p := merged.Partitions()[0]
		p.Merge(one.Partitions()...)
		p.Set(object("merged", 1)) // independent of the other writers
		return check(merged.View())
	})
	writers.Wait()
	close(done)
	others.Wait()
	if err := one.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

// labels returns the labels of an object in families a and b, as long as those of a pod.
func labels(uid string) string { return fmt.Sprintf("{uid=%q,x=\"%0150d\"}", uid, 0) }

// checkText returns an error unless each family has one header and below it different series,
// families a and b have one version of each object, all lasting and listed objects are there, and
// all listed ones have one version.
func checkText(text string, objects int) error {
	name, families := "", map[string]map[string]string{} // value by labels by family
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(line, "# "); ok {
			if name = strings.TrimSpace(header); families[name] != nil {
				return fmt.Errorf("family %s has two headers", name)
			}
			families[name] = map[string]string{}
			continue
		}
		series, version, _ := strings.Cut(line, " ")
		of, ok := strings.CutPrefix(series, name)
		if _, repeated := families[name][of]; repeated || !ok {
			return fmt.Errorf("%q below the header of %s, repeated: %v", line, name, repeated)
		}
		families[name][of] = version
	}
	if d := cmp.Diff(families["a"], families["b"]); d != "" {
		return fmt.Errorf("families (-a +b):\n%s", d)
	}
	listed := families["a"][labels(uidOf("listed", 0))]
	for i := range objects {
		lasting, version := families["a"][labels(uidOf("lasting", i))], families["a"][labels(uidOf("listed", i))]
		if lasting == "" || version == "" || version != listed {
			return fmt.Errorf("object %d: version %q of the lasting one, %q of the listed one, %q of another", i, lasting, version, listed)
		}
	}
	return nil
}

// uidOf returns the uid of an object, a UUID or not.
func uidOf(prefix string, n int) string {
	if n%3 == 0 {
		return fmt.Sprint(prefix, n)
	}
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, prefix[:min(len(prefix), 6)])
}

// compactAll compacts all open blocks, which are idle by then.
func compactAll(r *store.Resource) {
	for range 16 {
		r.Compact()
	}
}

// TestConcurrentBudgets writes, relists, removes, balances and limits two partitions that share budgets
// at the same time: in the end no budget is exceeded and all counts are right.
func TestConcurrentBudgets(t *testing.T) {
	const objects, rounds, limit, namespaceLimit = 200, 400, 90, 40
	r := store.NewResourceInParts(2, "one", []store.Family{{Name: "a", Header: []byte("# a\n")}, {Name: "b", Header: []byte("# b\n")}}, 2)
	budgets := store.Budgets{Series: limit, Namespace: namespaceLimit, Families: map[string]int{"b": 50}}
	r.LimitSeries(budgets)
	object := func(partition, n, version int) store.Rendered {
		o := store.Rendered{UID: uidOf(fmt.Sprint("p", partition), n), Namespace: fmt.Sprint("n", n%4), Created: int64(n % 7)}
		o.Text = fmt.Appendf(nil, "a{n=\"%d\"} %d\n", n, version)
		o.Ends = []int{len(o.Text), len(o.Text)}
		if n%2 == 0 {
			o.Text = fmt.Appendf(o.Text, "b{n=\"%d\"} %d\n", n, version)
			o.Ends[1] = len(o.Text)
		}
		return o
	}
	done := make(chan struct{})
	var writers, others sync.WaitGroup
	until := func(work func(n int)) {
		others.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
					work(n)
				}
			}
		})
	}
	for i, p := range r.Partitions() {
		writers.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(i)))
			for version := range rounds {
				if version%20 == 0 {
					g := p.Begin()
					for _, n := range rnd.Perm(objects)[:objects/2] {
						g.Set(object(i, n, version))
					}
					p.Replace(g)
				}
				p.Set(object(i, rnd.IntN(objects), version))
				p.Delete(uidOf(fmt.Sprint("p", i), rnd.IntN(objects)))
			}
		})
		until(func(n int) {
			p.Retain(func(uid string) bool { return len(uid)+int(uid[len(uid)-1])+n%10 != 100 })
		})
	}
	until(func(n int) {
		b := budgets
		b.Series -= n % 2 * 30
		r.LimitSeries(b)
		r.Compact()
	})
	until(func(int) {
		r.Budgets()
		r.Crossings()
		if err := store.NewResponse(store.Views([]*store.Resource{r}, store.Selection{Part: store.Part{Index: 1, Of: 2}}), "").WriteText(io.Discard); err != nil {
			t.Error(err)
		}
	})
	writers.Wait()
	close(done)
	others.Wait()
	if err := r.CheckInvariants(); err != nil {
		t.Error(err)
	}
	r.LimitSeries(budgets)
	r.Compact()
	stats := r.Stats()
	report, _ := r.Budgets()
	if a, b := stats.Families[0].Series, stats.Families[1].Series; a+b != report.Uses[0].Used || b != report.Uses[1].Used || a == 0 {
		t.Errorf("%+v of %+v", stats.Families, report)
	}
	for _, u := range report.Uses {
		if u.Used > u.Limit {
			t.Errorf("%+v", u)
		}
	}
}
