package generators_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// familyOf is the family x of a table for tests.
func familyOf(labels generators.Labels, row func(*corev1.Pod, *generators.Samples)) generators.Family[*corev1.Pod] {
	return generators.Family[*corev1.Pod]{Name: "x", Type: generators.Gauge, Stability: generators.Alpha, Labels: labels, Help: "Help.", Row: row}
}

// tableOf is a table of pods that have the identity label o.
func tableOf(families ...generators.Family[*corev1.Pod]) *generators.Table[*corev1.Pod] {
	return &generators.Table[*corev1.Pod]{
		Resource: corev1.SchemeGroupVersion.WithResource("pods"),
		Kind:     "Pod",
		Scope:    generators.Namespaced,
		Identity: generators.Identity{generators.Name("o")},
		Families: families,
	}
}

// sampled returns the lines of a row with the given labels for a pod named p.
func sampled(labels generators.Labels, row func(*generators.Samples)) string {
	r := tableOf(familyOf(labels, func(_ *corev1.Pod, s *generators.Samples) { row(s) })).Compile(generators.Selection{})
	text, _ := r.Render(nil, nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}})
	return string(text)
}

// samplesAre checks the lines of rows, given without name and identity.
func samplesAre(t *testing.T, labels generators.Labels) func(row func(*generators.Samples), want ...string) {
	return func(row func(*generators.Samples), want ...string) {
		t.Helper()
		var text strings.Builder
		for _, line := range want {
			text.WriteString(`x{o="p"` + line + "\n")
		}
		if d := cmp.Diff(text.String(), sampled(labels, row)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

func TestSamplesWithoutLabels(t *testing.T) {
	type s = *generators.Samples
	f := samplesAre(t, nil)
	f(func(s) {})
	f(func(s s) { s.Int(0) }, "} 0")
	f(func(s s) { s.Int(-5) }, "} -5")
	f(func(s s) { s.Int(1704164645) }, "} 1704164645")
	f(func(s s) { s.Float(0.5) }, "} 0.5")
	f(func(s s) { s.Float(1e6) }, "} 1000000")
	f(func(s s) { s.One() }, "} 1")
	f(func(s s) { s.Bool(true) }, "} 1")
	f(func(s s) { s.Bool(false) }, "} 0")
	f(func(s s) { s.Optional32(nil) })
	f(func(s s) { s.Optional32(new(int32)) }, "} 0")
	f(func(s s) { s.Optional32(new(int32(-7))) }, "} -7")
	f(func(s s) { s.Optional64(nil) })
	f(func(s s) { s.Optional64(new(int64(1) << 40)) }, "} 1099511627776")

	f(func(s s) { s.Time(nil) })
	f(func(s s) { s.Time(&metav1.Time{}) })
	f(func(s s) { s.Time(new(metav1.Unix(1704164645, 999999999))) }, "} 1704164645")
	f(func(s s) { s.Time(new(metav1.Unix(0, 0))) }, "} 0")
	f(func(s s) { s.Time(new(metav1.Unix(-5, 500))) }, "} -5")
	f(func(s s) { s.Time(new(metav1.Date(2026, 6, 1, 2, 0, 0, 0, time.FixedZone("", 7200)))) }, "} 1780272000")
}

func TestSamplesWithLabels(t *testing.T) {
	type s = *generators.Samples
	f := samplesAre(t, generators.Labels{"a", "b"})
	f(func(s s) { s.Int(5, "x", "y") }, `,a="x",b="y"} 5`)
	f(func(s s) { s.Float(0.5, "", "") }, `,a="",b=""} 0.5`)
	f(func(s s) { s.One("say \"x\"\n", `\`) }, `,a="say \"x\"\n",b="\\"} 1`)
	f(func(s s) { s.Bool(true, "x", "\xff") }, `,a="x",b="`+"\uFFFD"+`"} 1`)
	f(func(s s) { s.Optional32(nil, "x", "y") })
	f(func(s s) { s.Optional32(new(int32), "x", "y") }, `,a="x",b="y"} 0`)
	f(func(s s) { s.Time(new(metav1.Unix(9, 0)), "x", "y") }, `,a="x",b="y"} 9`)
	f(func(s s) { s.One("x", "y"); s.Int(7, "y", "x") }, `,a="x",b="y"} 1`, `,a="y",b="x"} 7`)

	f(func(s s) { s.OneOf("B", nil, "x") })
	f(func(s s) { s.OneOf("B", []string{"A", "B", "C"}, "x") }, `,a="x",b="A"} 0`, `,a="x",b="B"} 1`, `,a="x",b="C"} 0`)
	f(func(s s) { s.OneOf("b", []string{"A", "B"}, "x") }, `,a="x",b="A"} 0`, `,a="x",b="B"} 0`)
	f(func(s s) { s.OneOf("", []string{"A", ""}, "x") }, `,a="x",b="A"} 0`, `,a="x",b=""} 1`)
	f(func(s s) { s.OneOf("A", []string{"A", "A"}, "x") }, `,a="x",b="A"} 1`)

	f(func(s s) { s.Status("True", "x") }, `,a="x",b="true"} 1`, `,a="x",b="false"} 0`, `,a="x",b="unknown"} 0`)
	f(func(s s) { s.Status("False", "x") }, `,a="x",b="true"} 0`, `,a="x",b="false"} 1`, `,a="x",b="unknown"} 0`)
	f(func(s s) { s.Status("Unknown", "x") }, `,a="x",b="true"} 0`, `,a="x",b="false"} 0`, `,a="x",b="unknown"} 1`)
	f(func(s s) { s.Status("", "x") }, `,a="x",b="true"} 0`, `,a="x",b="false"} 0`, `,a="x",b="unknown"} 0`)
	f(func(s s) { s.Status("true", "x") }, `,a="x",b="true"} 0`, `,a="x",b="false"} 0`, `,a="x",b="unknown"} 0`)
}

// TestSamplesOfSets has a family with several label sets.
func TestSamplesOfSets(t *testing.T) {
	type s = *generators.Samples
	f := samplesAre(t, generators.Labels{"a", "b"}.Or("c").Or().Or("d", "e", "f"))
	f(func(s s) { s.One("x", "y") }, `,a="x",b="y"} 1`)
	f(func(s s) { s.One("x") }, `,c="x"} 1`)
	f(func(s s) { s.One() }, `} 1`)
	f(func(s s) { s.One("x", "y", "z") }, `,d="x",e="y",f="z"} 1`)
	f(func(s s) { s.One("x"); s.One(); s.One("x", "y") }, `,c="x"} 1`, `} 1`, `,a="x",b="y"} 1`)
}

// TestWrongNumberOfLabels holds that a row with a wrong number of labels panics.
func TestWrongNumberOfLabels(t *testing.T) {
	f := func(labels generators.Labels, values ...string) {
		t.Helper()
		r := tableOf(familyOf(labels, func(_ *corev1.Pod, s *generators.Samples) { s.One(values...) })).Compile(generators.Selection{})
		var reasons []string
		r.Recovered = func(family string, _ metav1.Object, reason any) {
			reasons = append(reasons, fmt.Sprintf("%s: %v", family, reason))
		}
		text, ends := r.Render(nil, nil, &corev1.Pod{})
		if len(text) > 0 || len(ends) != 1 || len(reasons) != 1 || !strings.HasPrefix(reasons[0], "x: BUG: x ") {
			t.Errorf("%d values for %q: %q, ends %v, reasons %q", len(values), labels, text, ends, reasons)
		}
	}
	f(nil, "x")
	f(generators.Labels{"a"})
	f(generators.Labels{"a"}, "x", "y")
	f(generators.Labels{"a", "b"}.Or("c"), "x", "y", "z")
}

// TestScratch holds that scratch strings do not change until the row returns.
func TestScratch(t *testing.T) {
	type s = *generators.Samples
	f := samplesAre(t, generators.Labels{"a", "b"})
	f(func(s s) { s.One(s.Itoa(0), s.Itoa(-17)) }, `,a="0",b="-17"} 1`)
	f(func(s s) { s.One(s.OptionalItoa(nil), s.OptionalItoa(new(int32(8)))) }, `,a="",b="8"} 1`)
	f(func(s s) { s.One(s.Join(nil, ","), s.Join([]string{"x"}, ",")) }, `,a="",b="x"} 1`)
	f(func(s s) { s.One(s.Join([]string{"x", "y", "z"}, ", "), s.Join([]string{"x", "y"}, "")) }, `,a="x, y, z",b="xy"} 1`)
	f(func(s s) { s.One(s.Join([]string{"x", "", "z"}, ","), s.Join([]string{"", "", "z"}, ",")) }, `,a="x,,z",b="z"} 1`)
	f(func(s s) { s.One(s.Join([]string{"x", ""}, ","), s.Join([]string{"", ""}, ",")) }, `,a="x,",b=""} 1`)
	f(func(s s) { s.One(s.Concat(), s.Concat("x", "", "y")) }, `,a="",b="xy"} 1`)
	long := strings.Repeat("long ", 1000)
	f(func(s s) {
		first, second := s.Itoa(1), s.Join([]string{"2", "3"}, "+")
		s.One(s.Concat(first, long), s.Concat(second, first))
		s.One(first, second)
	}, `,a="1`+long+`",b="2+31"} 1`, `,a="1",b="2+3"} 1`)
}

// TestSeriesOnce holds that duplicate series of a row are dropped, among few and many.
func TestSeriesOnce(t *testing.T) {
	type s = *generators.Samples
	f := samplesAre(t, generators.Labels{"a"}.Or("b", "c"))
	f(func(s s) { s.Int(1, "x"); s.Int(2, "x") }, `,a="x"} 1`)
	f(func(s s) { s.Int(1, "x"); s.Float(0.5, "x"); s.Bool(true, "x") }, `,a="x"} 1`)
	f(func(s s) { s.Int(1, "x"); s.Int(2, "y"); s.Int(3, "x"); s.Int(4, "z") }, `,a="x"} 1`, `,a="y"} 2`, `,a="z"} 4`)
	f(func(s s) { s.Int(1, "x"); s.Int(2, "x", ""); s.Int(3, "", "x"); s.Int(4, "", "x") },
		`,a="x"} 1`, `,b="x",c=""} 2`, `,b="",c="x"} 3`)
	f(func(s s) { s.Int(1, `x",c="y`); s.Int(2, "x", "y"); s.Int(3, "x", "y") }, `,a="x\",c=\"y"} 1`, `,b="x",c="y"} 2`)
	for _, n := range []int{1, 2, 15, 16, 17, 18, 31, 32, 33, 100, 1000} {
		var want []string
		for i := range n {
			want = append(want, fmt.Sprintf(`,a="%d"} %d`, i, i))
		}
		f(func(s s) {
			for i := range n {
				s.Int(int64(i), strconv.Itoa(i))
				s.Int(-1, strconv.Itoa(i)) // the last one again
				s.Int(-2, strconv.Itoa(i/2))
			}
			for i := range n {
				s.Int(-3, strconv.Itoa(n-1-i))
			}
		}, want...)
	}
}

// TestSeriesOnceForEachFamilyAndObject holds that duplicates count within a family and an object.
func TestSeriesOnceForEachFamilyAndObject(t *testing.T) {
	row := func(p *corev1.Pod, s *generators.Samples) {
		for i := range p.Generation {
			s.Int(i, strconv.FormatInt(i, 10))
			s.Int(-1, "0")
		}
	}
	r := tableOf(familyOf(generators.Labels{"a"}, row), familyOf(generators.Labels{"a"}, row)).Compile(generators.Selection{})
	for _, n := range []int64{1, 16, 1, 17, 40, 15, 16, 17, 18, 1, 500, 20} {
		var want strings.Builder
		for range 2 {
			for i := range n {
				fmt.Fprintf(&want, "x{o=\"p\",a=\"%d\"} %d\n", i, i)
			}
		}
		text, ends := r.Render(nil, nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Generation: n}})
		if d := cmp.Diff(want.String(), string(text)); d != "" {
			t.Errorf("%d series (-want +got):\n%s", n, d)
		}
		if d := cmp.Diff([]int{want.Len() / 2, want.Len()}, ends); d != "" {
			t.Errorf("%d series: ends (-want +got):\n%s", n, d)
		}
	}
}

// TestSeriesOnceAgainstModel renders objects with random series by one renderer.
func TestSeriesOnceAgainstModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var values []int
	r := tableOf(familyOf(generators.Labels{"a"}, func(_ *corev1.Pod, s *generators.Samples) {
		for i, v := range values {
			s.Int(int64(i), strconv.Itoa(v))
		}
	})).Compile(generators.Selection{})
	for range 2000 {
		values = values[:0]
		seen := map[int]bool{}
		var want strings.Builder
		different := 1 + rnd.IntN(50)
		for i := range rnd.IntN(80) {
			v := rnd.IntN(different)
			values = append(values, v)
			if !seen[v] {
				seen[v] = true
				fmt.Fprintf(&want, "x{o=\"p\",a=\"%d\"} %d\n", v, i)
			}
		}
		text, _ := r.Render(nil, nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}})
		if d := cmp.Diff(want.String(), string(text)); d != "" {
			t.Fatalf("%v (-want +got):\n%s", values, d)
		}
	}
}

// TestRenderAppends holds that Render appends, and is deterministic.
func TestRenderAppends(t *testing.T) {
	r := tableOf(
		familyOf(generators.Labels{"a"}, func(p *corev1.Pod, s *generators.Samples) {
			s.Ceil(resource.MustParse(p.Labels["q"]), p.Labels["q"])
		}),
		familyOf(nil, func(*corev1.Pod, *generators.Samples) {}),
		familyOf(nil, func(*corev1.Pod, *generators.Samples) { panic("on purpose") }),
		familyOf(nil, func(_ *corev1.Pod, s *generators.Samples) { s.One() }),
	).Compile(generators.Selection{})
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a\nb", Labels: map[string]string{"q": "1500m"}}}
	text, ends := []byte("before\n"), []int{3, 7}
	for range 2 {
		text, ends = r.Render(text, ends, p)
	}
	one, two := "x{o=\"a\\nb\",a=\"1500m\"} 2\n", "x{o=\"a\\nb\"} 1\n"
	if d := cmp.Diff("before\n"+one+two+one+two, string(text)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	end1 := len("before\n" + one)
	end2 := end1 + len(two)
	end3, end4 := end2+len(one), end2+len(one+two)
	if d := cmp.Diff([]int{3, 7, end1, end1, end1, end2, end3, end3, end3, end4}, ends); d != "" {
		t.Errorf("ends (-want +got):\n%s", d)
	}
}
