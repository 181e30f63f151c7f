package cardinality

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// row is the row of a label of a counter.
func rowOf(c *labelCounter, name string) Row {
	t := Table{}
	t.addLabels(c)
	for _, r := range t.Rows {
		if r.Texts[0] == name {
			return r
		}
	}
	return Row{}
}

// TestLabelsModel compares the counter with maps of all values, on lines whose labels differ in number,
// order and distribution.
func TestLabelsModel(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		counter := newLabelCounter(maxValues)
		counts, pairBytes := map[string]map[string]int{}, map[string]int{}
		for range 1 + r.IntN(2000) {
			line := "family{"
			for _, n := range r.Perm(5)[:r.IntN(5)] {
				name, value := fmt.Sprint("l", n), strings.Repeat("v", r.IntN(30))+fmt.Sprint(r.IntN(1+n*n*n*20))
				line += name + `="` + value + `",`
				if counts[name] == nil {
					counts[name] = map[string]int{}
				}
				counts[name][value]++
				pairBytes[name] += len(name + `="` + value + `",`)
			}
			counter.line([]byte(strings.TrimSuffix(line, ",") + "} 1"))
		}
		if len(counter.order) != len(counts) {
			t.Fatalf("seed %d: %d labels, want %d", seed, len(counter.order), len(counts))
		}
		for name, values := range counts {
			compareWithModel(t, fmt.Sprintf("seed %d, %s", seed, name), rowOf(counter, name), values, pairBytes[name])
		}
	}
}

// compareWithModel compares a row with the counts of all values. Which of equal values are listed is open.
func compareWithModel(t *testing.T, what string, row Row, values map[string]int, bytes int) {
	t.Helper()
	series := 0
	var most, longest []int
	for value, n := range values {
		series += n
		most, longest = append(most, n), append(longest, len(value))
	}
	descending := func(a, b int) int { return cmp.Compare(b, a) }
	slices.SortFunc(most, descending)
	slices.SortFunc(longest, descending)
	want := []float64{float64(len(values)), float64(series), float64(bytes)}
	if d := gocmp.Diff(want, row.Numbers); d != "" || row.Estimated {
		t.Errorf("%s, estimated %t (-want +got):\n%s", what, row.Estimated, d)
	}
	check := func(list []Value, want []int, of func(value string) int) {
		t.Helper()
		var got []int
		listed := map[string]bool{}
		for _, v := range list {
			got, listed[v.Text] = append(got, v.Count), true
			if _, ok := values[v.Text]; !ok || of(v.Text) != v.Count {
				t.Errorf("%s: %q has %d, listed with %d", what, v.Text, of(v.Text), v.Count)
			}
		}
		if !slices.Equal(got, want[:min(maxListed, len(want))]) || len(listed) != len(list) {
			t.Errorf("%s: %v, want the first of %v", what, list, want)
		}
	}
	check(row.Most, most, func(value string) int { return values[value] })
	check(row.Longest, longest, func(value string) int { return len(value) })
}

// TestValuesAreBounded holds the bound of values, the error of the estimates, and that the count of a
// frequent value is exact.
func TestValuesAreBounded(t *testing.T) {
	const limit, many = 20_000, 200_000
	c := newLabelCounter(limit)
	for i := range many {
		frequent := "rare"
		if i%4 == 0 {
			frequent = "often"
		}
		c.line(fmt.Appendf(nil, `a{uid="%d",pod="p%d",few="%d",name="%s"} 1`, i, i, i%100, frequent))
		c.line(fmt.Appendf(nil, `b{uid="%d",name="n%d"} 1`, i, i))
		held := 0
		for _, l := range c.order {
			held += len(l.values.index)
		}
		if held != c.values || held > limit {
			t.Fatalf("%d values held, counted %d, limit %d", held, c.values, limit)
		}
	}
	within := func(name string, want float64) {
		t.Helper()
		if r := rowOf(c, name); !r.Estimated || r.Numbers[0] < 0.9*want || r.Numbers[0] > 1.1*want {
			t.Errorf("%s: %v values, estimated %t, want about %v", name, r.Numbers[0], r.Estimated, want)
		}
	}
	within("uid", many)
	within("pod", many)
	within("name", many+2)
	if r := rowOf(c, "few"); r.Numbers[0] != 100 || r.Estimated {
		t.Errorf("few: %v values, estimated %t", r.Numbers[0], r.Estimated)
	}
	want := []Value{{"rare", many * 3 / 4}, {"often", many / 4}}
	if d := gocmp.Diff(want, rowOf(c, "name").Most[:2]); d != "" {
		t.Errorf("most (-want +got):\n%s", d)
	}
}

// TestLabelsAreBounded holds the bounds of the number and the length of labels.
func TestLabelsAreBounded(t *testing.T) {
	c := newLabelCounter(maxValues)
	line := []byte("a{")
	for i := range maxLabels + 500 {
		line = fmt.Appendf(line, `label_%d="%d",`, i, i%7)
	}
	line = fmt.Appendf(line, `%s="x"} 1`, strings.Repeat("l", maxName+1))
	for range 3 {
		c.line(line)
	}
	if len(c.order) != maxLabels || len(c.row) != maxLabels {
		t.Errorf("%d labels, %d in the row", len(c.order), len(c.row))
	}
	if got := rowOf(c, others); got.Numbers[0] != 8 || got.Numbers[1] != 3*501 {
		t.Errorf("others: %v", got.Numbers)
	}
}

// TestCountingAllocatesNothing counts lines whose labels and values are known.
func TestCountingAllocatesNothing(t *testing.T) {
	var lines [][]byte
	for i := range 100 {
		lines = append(lines, fmt.Appendf(nil, `a{namespace="n%d",pod="\"p\"%d",uid="%s"} 1`, i%7, i, strings.Repeat("u", i)))
	}
	c := newLabelCounter(maxValues)
	all := func() {
		for _, line := range lines {
			c.line(line)
		}
	}
	all()
	if n := testing.AllocsPerRun(100, all); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
